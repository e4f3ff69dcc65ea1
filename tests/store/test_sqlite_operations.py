"""SQLite keeps the contract of stores about questions of ESMEs."""

from tests.store import operations_contract
from tests.store.operations_contract import (  # noqa: F401 - pytest collects them here
    TestCancellingByAddress,
    TestCancellingByName,
    TestFinding,
    TestReplacing,
)


def test_no_part_of_the_contract_is_left_out() -> None:
    assert {name for name in vars(operations_contract) if name.startswith("Test")} <= set(globals())
