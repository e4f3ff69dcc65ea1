"""SQLite keeps the contract of stores about money."""

from tests.store import ledger_contract
from tests.store.ledger_contract import (  # noqa: F401 - pytest collects them here
    TestABooking,
    TestACorrection,
    TestWhatNeverLeft,
)


def test_no_part_of_the_contract_is_left_out() -> None:
    assert {name for name in vars(ledger_contract) if name.startswith("Test")} <= set(globals())
