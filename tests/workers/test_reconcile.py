"""Once a day the carrier's count and ours stand side by side."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

import pytest
from structlog.testing import capture_logs

from smppgw.carriers.base import Reconciles
from smppgw.core.disposition import Taken
from smppgw.ops.metrics import Metrics
from smppgw.store.base import StoreError
from smppgw.workers.reconcile import Reconciler, Reconciliation
from tests.workers.fakes import WAIT_S, Depot, FakeClock, attempt_for, metrics_for, value_of

BEIJING = timezone(timedelta(hours=8))
TODAY = date(2026, 1, 3)
YESTERDAY = date(2026, 1, 2)


def beijing(day: date, hour: int, minute: int = 0, second: int = 0) -> float:
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=BEIJING).timestamp()


@dataclass
class Billing:
    """A carrier that tells its count, or nothing."""

    parts: int | None = 0
    billing_zone: tzinfo = BEIJING
    asked: list[date] = field(default_factory=list)

    async def billed_parts(self, day: date) -> int | None:
        self.asked.append(day)
        return self.parts


@pytest.fixture
def metrics() -> Metrics:
    return metrics_for()


@pytest.fixture
def billing() -> Billing:
    return Billing()


@pytest.fixture
def reconciler(depot: Depot, time: FakeClock, metrics: Metrics, billing: Billing) -> Reconciler:
    return Reconciler(name="alpha", carrier=billing, store=depot.store, clock=time.clock, metrics=metrics)


async def take(depot: Depot, time: FakeClock, at: float, parts: int) -> None:
    """Let the carrier take a message of so many parts."""
    time.now = at
    numbers = await depot.submit()
    lease, _ = await depot.real.lease("alpha", 10, until=at + 60, now=at)
    attempt = attempt_for(*numbers, batch=f"b{numbers[0]}", prepared_at=at)
    await depot.real.begin(attempt, "alpha", lease, at)
    await depot.real.settle(
        attempt.batch, dict.fromkeys(numbers, Taken(None, parts)), lease=lease, now=at, due_at=at + 1e6
    )


def test_a_carrier_that_tells_its_count_is_known_by_it(billing: Billing) -> None:
    assert isinstance(billing, Reconciles)
    assert not isinstance(object(), Reconciles)


@pytest.mark.parametrize(("theirs", "level", "difference"), [(5, "info", 0), (7, "warning", -2), (0, "warning", 5)])
async def test_both_counts_of_the_day_before_are_told(
    reconciler: Reconciler,
    billing: Billing,
    depot: Depot,
    time: FakeClock,
    metrics: Metrics,
    theirs: int,
    level: str,
    difference: int,
) -> None:
    # The first and the last second of the day count, their neighbours do not.
    await take(depot, time, beijing(YESTERDAY, 0) - 1, 10)
    await take(depot, time, beijing(YESTERDAY, 0), 2)
    await take(depot, time, beijing(TODAY, 0) - 1, 3)
    await take(depot, time, beijing(TODAY, 0), 20)
    billing.parts = theirs
    time.now = beijing(TODAY, 6)

    with capture_logs() as logs:
        await reconciler.turn()

    assert logs == [
        {
            "event": "day compared",
            "log_level": level,
            "carrier": "alpha",
            "day": "2026-01-02",
            "ours": 5,
            "theirs": theirs,
            "difference": difference,
        }
    ]
    assert value_of(metrics, "reconciliation_parts", carrier="alpha", side="ours") == 5
    assert value_of(metrics, "reconciliation_parts", carrier="alpha", side="theirs") == theirs


async def test_it_is_not_asked_before_the_day_has_been_counted(
    reconciler: Reconciler, billing: Billing, time: FakeClock
) -> None:
    time.now = beijing(TODAY, 5, 59, 59)
    await reconciler.turn()
    before = list(billing.asked)

    time.now = beijing(TODAY, 6)
    await reconciler.turn()

    assert (before, billing.asked) == ([], [YESTERDAY])


async def test_each_day_is_compared_once(reconciler: Reconciler, billing: Billing, time: FakeClock) -> None:
    for hours in range(0, 49, 3):
        time.now = beijing(YESTERDAY, 0) + hours * 3600
        await reconciler.turn()

    assert billing.asked == [date(2026, 1, 1), YESTERDAY]


async def test_a_carrier_that_does_not_answer_is_asked_again(
    reconciler: Reconciler, billing: Billing, time: FakeClock
) -> None:
    time.now = beijing(TODAY, 7)
    billing.parts = None
    await reconciler.turn()
    billing.parts = 0

    await reconciler.turn()
    await reconciler.turn()

    assert billing.asked == [YESTERDAY, YESTERDAY]


@pytest.mark.parametrize("fault", [StoreError("busy"), ZeroDivisionError()])
async def test_a_ledger_that_cannot_be_read_is_read_again(
    reconciler: Reconciler, billing: Billing, depot: Depot, time: FakeClock, fault: Exception
) -> None:
    time.now = beijing(TODAY, 7)
    depot.scripted.fail("billed_parts", fault)

    await reconciler.turn()
    await reconciler.turn()

    assert billing.asked == [YESTERDAY, YESTERDAY]


async def test_any_day_can_be_compared_on_demand(reconciler: Reconciler, billing: Billing) -> None:
    billing.parts = 3

    found = await reconciler.reconcile(date(2025, 12, 24))

    assert found == Reconciliation(day=date(2025, 12, 24), ours=0, theirs=3)


async def test_the_days_are_those_of_the_carrier(
    reconciler: Reconciler, billing: Billing, depot: Depot, time: FakeClock
) -> None:
    billing.billing_zone = UTC
    await take(depot, time, beijing(YESTERDAY, 7, 59), 2)
    await take(depot, time, beijing(YESTERDAY, 8), 3)

    found = await reconciler.reconcile(YESTERDAY)

    assert found is not None
    assert found.ours == 3


async def test_it_works_until_it_is_stopped(reconciler: Reconciler, billing: Billing, time: FakeClock) -> None:
    time.now = beijing(TODAY, 12)
    async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as tasks:
        tasks.create_task(reconciler.run())
        while not billing.asked:  # noqa: ASYNC110 - the fake tells nobody
            await asyncio.sleep(0)
        reconciler.stop()

    assert billing.asked == [YESTERDAY]
