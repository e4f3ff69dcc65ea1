"""SQLite keeps the contract of stores."""

from tests.store import contract
from tests.store.contract import (  # noqa: F401 - pytest collects them here
    TestABatchOfDifferentFates,
    TestADoubt,
    TestAFailedAccept,
    TestALostLease,
    TestAMissingPart,
    TestAPartWithAUsedNumber,
    TestAPushThatOvertakesTheAnswer,
    TestARepeatedPart,
    TestARequeuedMessage,
    TestBacklog,
    TestBilledParts,
    TestDiversion,
    TestFairness,
    TestNumbersAndSecrets,
    TestOutgoing,
    TestParts,
    TestPurge,
    TestPuttingBack,
    TestReceipts,
    TestRoutingOfCompletedTexts,
    TestTexts,
    TestTheWayOfOneMessage,
    TestTime,
)


def test_no_part_of_the_contract_is_left_out() -> None:
    assert {name for name in vars(contract) if name.startswith("Test")} <= set(globals())
