"""SQLite keeps the contract of what accounts hear beside receipts."""

from tests.store import outbox_contract
from tests.store.outbox_contract import (  # noqa: F401 - pytest collects them here
    TestAlerts,
    TestANotificationThatIsTooLate,
    TestANotificationThatWasTaken,
    TestIntermediateNotifications,
    TestNoticesAndPushes,
)


def test_no_part_of_the_contract_is_left_out() -> None:
    assert {name for name in vars(outbox_contract) if name.startswith("Test")} <= set(globals())
