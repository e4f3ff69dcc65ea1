"""SQLite keeps the contract of stores."""

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
    TestFairness,
    TestNumbersAndSecrets,
    TestOutgoing,
    TestParts,
    TestPurge,
    TestReceipts,
    TestRoutingOfCompletedTexts,
    TestTexts,
    TestTheWayOfOneMessage,
    TestTime,
)
