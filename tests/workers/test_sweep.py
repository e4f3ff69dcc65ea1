"""What time alone changes, and the figures of what waits."""

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from smppgw.core.assembly import AssemblyRule
from smppgw.core.codes import ErrorCode
from smppgw.core.doubt import PARKED_S
from smppgw.core.model import CarrierRef, DoubtRule, Outcome, Part
from smppgw.core.verdict import Doubtful, PushedReport
from smppgw.ops.metrics import Metrics
from smppgw.store.base import Finish, StoreError
from smppgw.workers import sweep
from smppgw.workers.sweep import FIGURES_EVERY, PURGE_EVERY, Sweeper
from tests.workers.crewing import Crewing
from tests.workers.fakes import WAIT_S, Depot, FakeCarrier, FakeClock, all_get, metrics_for, value_of

LOST = Doubtful("timeout")


class Broom:
    """A sweeper and whom it tells."""

    def __init__(self, depot: Depot, time: FakeClock) -> None:
        self.finished: list[Finish] = []
        self.due = 0
        self.left_over = 0
        self.metrics: Metrics = metrics_for()
        self.sweeper = Sweeper(
            store=depot.store,
            accounts=("acme", "bolt"),
            outgoing_kept_s=1000.0,
            messages_kept_s=5000.0,
            clock=time.clock,
            metrics=self.metrics,
            route_left_over=self._route_left_over,
            on_finished=self.finished.extend,
            on_due=self._on_due,
        )

    async def _route_left_over(self) -> None:
        self.left_over += 1

    def _on_due(self) -> None:
        self.due += 1


@pytest.fixture
def broom(depot: Depot, time: FakeClock) -> Broom:
    return Broom(depot, time)


async def test_what_waited_too_long_expires_with_its_receipt(broom: Broom, depot: Depot, time: FakeClock) -> None:
    (number,) = await depot.submit()
    time.advance(3601)

    await broom.sweeper.turn()

    assert [(finish.message, finish.outcome) for finish in broom.finished] == [(number, Outcome.EXPIRED)]
    assert await depot.owed() == [(f"id{number}", "expired", ErrorCode.EXPIRED_IN_GATEWAY)]


async def test_what_was_parked_too_long_ends_with_an_alert(broom: Broom, depot: Depot, time: FakeClock) -> None:
    crew = Crewing(
        depot, time, {"alpha": FakeCarrier(on_doubt=DoubtRule.PARK, lookup_resolves=False, default=all_get(LOST))}
    )
    (number,) = await depot.submit()
    await crew.send_all()
    time.advance(2.0)
    await crew.doubts().turn()
    time.advance(PARKED_S)

    with capture_logs() as logs:
        await broom.sweeper.turn()

    assert [(finish.message, finish.outcome) for finish in broom.finished] == [(number, Outcome.UNKNOWN)]
    assert [(line["log_level"], line["messages"]) for line in logs if "parked" in line["event"]] == [("error", 1)]
    assert await depot.owed() == [(f"id{number}", "unknown", ErrorCode.OUTCOME_UNKNOWN)]


async def test_messages_do_not_expire_without_a_word(broom: Broom, depot: Depot, time: FakeClock) -> None:
    await depot.submit(3)
    time.advance(3601)

    with capture_logs() as log:
        await broom.sweeper.turn()
        await broom.sweeper.turn()

    assert [(line["event"], line["messages"]) for line in log] == [("messages expired while they waited", 3)]


async def test_dispatchers_are_told_of_what_became_due(broom: Broom, depot: Depot, time: FakeClock) -> None:
    await depot.accept(replace(depot.submission(), schedule_at=time.now + 60))

    await broom.sweeper.turn()
    early = broom.due
    time.advance(61)
    await broom.sweeper.turn()

    assert (early, broom.due) == (0, 1)


async def test_texts_that_were_joined_without_their_missing_parts_are_routed_at_once(
    broom: Broom, depot: Depot, time: FakeClock
) -> None:
    await broom.sweeper.turn()
    before = broom.left_over
    first = depot.submission()
    segment = replace(first.segments[0], part=Part(7, 2, 1), decision=None)
    rules = {"acme": AssemblyRule(120.0, send_incomplete=True)}
    await depot.real.accept([replace(first, segments=(segment,))], rules, time.now)
    await broom.sweeper.turn()
    while_it_waits = broom.left_over
    time.advance(120)

    await broom.sweeper.turn()

    assert (before, while_it_waits, broom.left_over) == (1, 1, 2)


async def test_figures_are_looked_at_now_and_then(broom: Broom, depot: Depot, time: FakeClock) -> None:
    await depot.submit(3)
    await depot.end(2)
    time.advance(30)

    for _ in range(2 * FIGURES_EVERY):
        await broom.sweeper.turn()

    assert broom.left_over == 2
    assert value_of(broom.metrics, "queue_messages", stage="queued") == 3
    assert value_of(broom.metrics, "queue_oldest_age_seconds", stage="queued") == 30
    assert value_of(broom.metrics, "receipts_pending", account="acme") == 2
    assert value_of(broom.metrics, "receipts_oldest_age_seconds", account="acme") == 30
    assert value_of(broom.metrics, "receipts_pending", account="bolt") == 0
    assert value_of(broom.metrics, "store_bytes") > 0


async def test_a_stage_that_has_emptied_is_shown_as_empty(broom: Broom, depot: Depot, time: FakeClock) -> None:
    await depot.submit()
    await broom.sweeper.turn()
    time.advance(3601)

    for _ in range(FIGURES_EVERY):
        await broom.sweeper.turn()

    assert value_of(broom.metrics, "queue_messages", stage="queued") == 0
    assert value_of(broom.metrics, "queue_oldest_age_seconds", stage="queued") == 0


async def test_old_messages_are_removed_in_pieces(
    broom: Broom, depot: Depot, time: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "_PURGED_AT_ONCE", 10)
    await depot.end(25, registered_delivery=0)
    time.advance(5001)

    for _ in range(PURGE_EVERY + 1):
        await broom.sweeper.turn()

    assert depot.scripted.log.count("purge done") >= 4
    assert await depot.real.purge(before=time.now, limit=100) == 0


async def test_a_sweep_that_failed_is_made_again(broom: Broom, depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "SWEEP_S", 0.001)
    depot.scripted.fail("sweep", StoreError("busy"))
    depot.scripted.fail("backlog", StoreError("busy"))

    async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as tasks:
        tasks.create_task(broom.sweeper.run())
        await depot.scripted.until("sweep done", 3)
        broom.sweeper.stop()

    assert broom.left_over >= 1


async def test_reports_that_found_no_message_within_a_day_are_counted(
    broom: Broom, depot: Depot, time: FakeClock
) -> None:
    strange = PushedReport(ref=CarrierRef("M.7"), outcome=Outcome.DELIVERED, final=True)
    await depot.real.keep_push("alpha", "", b"x", time.now)
    lease, (push,) = await depot.real.lease_pushes(1, until=time.now + 9, now=time.now)
    await depot.real.settle_push(push, [strange], {}, (), again_at=None, lease=lease, now=time.now)
    time.advance(86400)

    await broom.sweeper.turn()

    assert value_of(broom.metrics, "receipts_unmatched_total", carrier="alpha") == 1
