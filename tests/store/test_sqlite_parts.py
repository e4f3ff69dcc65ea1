"""SQLite keeps the contract of long texts that do not come whole, or come twice."""

from tests.store import parts_contract
from tests.store.parts_contract import (  # noqa: F401 - pytest collects them here
    TestAPartThatComesTooLate,
    TestATextWithoutItsMissingParts,
    TestCancellingATextThatWaitsForParts,
    TestPartsInEveryOrder,
    sending,
)


def test_no_part_of_the_contract_is_left_out() -> None:
    assert {name for name in vars(parts_contract) if name.startswith("Test")} <= set(globals())
