"""Statuses are asked for until they are final, or until the deadline ends them as UNKNOWN."""

import itertools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from smppgw.carriers.base import CarrierLimits
from smppgw.core.billing import BilledOn
from smppgw.core.codes import ErrorCode
from smppgw.core.model import MessageId, Outcome
from smppgw.core.retry import Backoff, PollSchedule
from smppgw.core.verdict import StatusReport
from smppgw.store.base import StoreError
from smppgw.workers import poll
from smppgw.workers.pace import STORE_AGAIN_S
from smppgw.workers.poll import LEASE_S
from tests.workers.crewing import Crewing
from tests.workers.fakes import START, Depot, FakeCarrier, FakeClock, value_of

POLLS = PollSchedule(backoff=Backoff(first_s=5.0, factor=2.0, longest_s=40.0), deadline_s=1000.0)

Sends = Callable[..., Awaitable[list[MessageId]]]


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll, "IDLE_S", 0.001)


@pytest.fixture
def crew(depot: Depot, time: FakeClock) -> Crewing:
    limits = CarrierLimits(max_messages=100, calls_per_s=1000.0, max_in_flight=2)
    return Crewing(depot, time, {"alpha": FakeCarrier(polls=POLLS, limits=limits)})


@pytest.fixture
def send(crew: Crewing, depot: Depot, time: FakeClock) -> Sends:
    """Let messages be taken by the carrier, each call of this one by one call."""
    calls = 0

    async def send(count: int = 1, carriers: tuple[str, ...] = ("alpha",)) -> list[MessageId]:
        nonlocal calls
        calls += 1
        numbers = await depot.submit(count, carriers=carriers)
        await Crewing(depot, time, crew.carriers, metrics=crew.metrics, batches=1000 * calls).send_all()
        return numbers

    return send


def final(message: MessageId, outcome: Outcome = Outcome.DELIVERED, **changes: Any) -> StatusReport:
    return StatusReport(message=message, outcome=outcome, final=True, **changes)


def enroute(message: MessageId) -> StatusReport:
    return StatusReport(message=message, outcome=Outcome.ENROUTE, final=False)


async def poll_once(crew: Crewing) -> None:
    """Let the poller ask once, and store what it heard."""
    log = crew.depot.scripted.log
    before = log.count("report done")
    async with crew.working(crew.poller()):
        await crew.depot.scripted.until("report done", before + 1)


async def test_a_final_status_ends_the_message_with_its_receipt(
    crew: Crewing, send: Sends, depot: Depot, time: FakeClock
) -> None:
    (number,) = await send()
    crew.carrier.reports.append([final(number, Outcome.UNDELIVERABLE, error=ErrorCode.NOT_ON_SERVICE)])
    time.advance(5.1)

    await poll_once(crew)

    assert await depot.stages() == {}
    assert [finish.message for finish in crew.finished] == [number]
    assert await depot.owed() == [(f"id{number}", "undeliverable", ErrorCode.NOT_ON_SERVICE)]


async def test_a_failure_at_a_carrier_that_bills_on_delivery_is_taken_off_the_bill(
    crew: Crewing, send: Sends, time: FakeClock
) -> None:
    failed, unknown = await send(2)
    crew.carrier.billed_on = BilledOn.DELIVERY
    crew.carrier.reports.append([final(failed, Outcome.UNDELIVERABLE), final(unknown, Outcome.UNKNOWN)])
    time.advance(5.1)

    await poll_once(crew)

    corrections = [(each.message, each.parts) for reported in crew.reported for each in reported.corrected]
    assert corrections == [(failed, -1)]


async def test_what_never_left_goes_on_to_the_next_candidate(
    crew: Crewing, send: Sends, depot: Depot, time: FakeClock
) -> None:
    (number,) = await send(carriers=("alpha", "beta"))
    crew.carrier.reports.append([final(number, Outcome.UNDELIVERABLE, nothing_left=True, parts=1)])
    time.advance(5.1)

    await poll_once(crew)

    (reported,) = crew.reported
    assert [(each.ended.message, each.carrier) for each in reported.passed_on] == [(number, "beta")]
    assert [each.parts for each in reported.corrected] == [-1]
    assert (await depot.owed(), crew.finished) == ([], [])


async def test_nothing_is_asked_before_its_time(crew: Crewing, send: Sends, depot: Depot, time: FakeClock) -> None:
    await send()
    time.advance(4.9)

    async with crew.working(crew.poller()):
        await depot.scripted.until("lease_polls done", 3)

    assert crew.carrier.polled == []


async def test_a_status_that_is_not_final_changes_nothing(
    crew: Crewing, send: Sends, depot: Depot, time: FakeClock
) -> None:
    (number,) = await send()
    crew.carrier.reports.append([enroute(number)])
    time.advance(5.1)

    await poll_once(crew)

    assert await depot.stages() == {"awaiting_status": 1}
    assert await depot.owed() == []


async def test_waits_grow_by_the_carriers_schedule(crew: Crewing, send: Sends, time: FakeClock) -> None:
    await send()
    poller = crew.poller()
    at = [START]

    while len(at) < 6:
        lease, due = await poller._lease()
        for batch in due:
            at.append(time.now)
            await poller._poll(batch, lease)
        time.advance(0.5)

    assert [later - earlier for earlier, later in itertools.pairwise(at)] == [5.0, 10.0, 20.0, 40.0, 40.0]


async def test_one_poll_asks_for_all_open_messages_of_a_call(crew: Crewing, send: Sends, time: FakeClock) -> None:
    first, second, third = await send(3)
    crew.carrier.reports.append([final(second)])
    time.advance(5.1)
    await poll_once(crew)
    time.advance(11.0)

    await poll_once(crew)

    asked = [[one.message for one in sent] for sent in crew.carrier.polled]
    assert asked == [[first, second, third], [first, third]]


async def test_silence_ends_as_unknown_at_the_deadline_and_not_before(
    crew: Crewing, send: Sends, depot: Depot, time: FakeClock
) -> None:
    heard, silent = await send(2)
    time.advance(999.0)
    await poll_once(crew)
    before = await depot.stages()
    crew.carrier.reports.append([final(heard), enroute(silent)])
    time.advance(41.0)

    await poll_once(crew)

    assert before == {"awaiting_status": 2}
    assert await depot.owed() == [
        (f"id{heard}", "delivered", ErrorCode.NONE),
        (f"id{silent}", "unknown", ErrorCode.NO_STATUS_IN_TIME),
    ]


async def test_a_poll_whose_answer_could_not_be_stored_is_made_again(
    crew: Crewing, send: Sends, depot: Depot, time: FakeClock
) -> None:
    (number,) = await send()
    for _ in range(int(LEASE_S / STORE_AGAIN_S)):
        depot.scripted.fail("report", StoreError("busy"))
    crew.carrier.reports += [[final(number)], [final(number)]]
    time.advance(5.1)
    async with crew.working(crew.poller()):
        await depot.scripted.until("report", int(LEASE_S / STORE_AGAIN_S))
    time.advance(LEASE_S + 1)

    await poll_once(crew)

    assert len(crew.carrier.polled) == 2
    assert await depot.stages() == {}


async def test_a_bug_that_one_answer_meets_costs_that_poll_only(
    crew: Crewing, send: Sends, depot: Depot, time: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    (evil,), (good,) = await send(), await send()
    time.advance(5.1)

    async def statuses(sent: Sequence[Any]) -> Sequence[StatusReport]:
        if sent[0].message == evil:
            raise ZeroDivisionError
        return [final(good)]

    monkeypatch.setattr(crew.carrier, "statuses", statuses)

    await poll_once(crew)

    assert await depot.stages() == {"awaiting_status": 1}


async def test_polls_that_cannot_be_leased_are_leased_again(
    crew: Crewing, send: Sends, depot: Depot, time: FakeClock
) -> None:
    (number,) = await send()
    depot.scripted.fail("lease_polls", StoreError("busy"))
    crew.carrier.reports.append([final(number)])
    time.advance(5.1)

    await poll_once(crew)

    assert await depot.stages() == {}


async def test_no_more_polls_are_out_than_the_carrier_takes(
    crew: Crewing, send: Sends, depot: Depot, time: FakeClock
) -> None:
    for _ in range(5):
        await send()
    time.advance(5.1)
    crew.carrier.gate.clear()

    async with crew.working(crew.poller()):
        await crew.carrier.until(lambda: len(crew.carrier.polled) == 2)
        held = len(crew.carrier.polled)
        crew.carrier.gate.set()
        await depot.scripted.until("report done", 5)

    assert held == 2
    assert len(crew.carrier.polled) == 5


async def test_stop_finishes_the_polls_in_flight(crew: Crewing, send: Sends, depot: Depot, time: FakeClock) -> None:
    (number,) = await send()
    crew.carrier.reports.append([final(number)])
    crew.carrier.gate.clear()
    time.advance(5.1)
    poller = crew.poller()

    async with crew.working(poller):
        await crew.carrier.until(lambda: bool(crew.carrier.polled))
        poller.stop()
        crew.carrier.gate.set()

    assert await depot.stages() == {}


async def test_the_lag_of_the_oldest_poll_is_shown(crew: Crewing, send: Sends, time: FakeClock) -> None:
    def shown() -> float:
        return value_of(crew.metrics, "status_poll_lag_seconds", carrier="alpha")

    await send()
    time.advance(25.0)  # it was due after 5

    await crew.poller()._lease()
    late = shown()
    await crew.poller()._lease()

    assert late == pytest.approx(20.0)
    assert shown() == 0
