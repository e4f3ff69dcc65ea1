"""SQLite keeps the contract of stores about routing."""

from tests.store import routing_contract
from tests.store.routing_contract import (  # noqa: F401 - pytest collects them here
    TestBlocks,
    TestDecisions,
    TestRecent,
)


def test_no_part_of_the_contract_is_left_out() -> None:
    assert {name for name in vars(routing_contract) if name.startswith("Test")} <= set(globals())
