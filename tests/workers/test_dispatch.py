"""Queued messages are sent, each at most once, in batches that grow with the load."""

import asyncio
import contextlib
import sqlite3
from typing import Any

import pytest
from structlog.testing import capture_logs

from smppgw.carriers.base import CarrierLimits
from smppgw.core.codes import ErrorCode
from smppgw.core.health import CircuitState
from smppgw.core.model import CarrierRef, Message, MessageId, Outcome
from smppgw.core.rates import Exchange, RateCard
from smppgw.core.verdict import Accepted, Deferred, Doubtful, Evidence, PauseCause, Rejected, Verdict
from smppgw.store.base import StoreError
from smppgw.workers import dispatch
from smppgw.workers.dispatch import CALL_S, LEASE_S
from smppgw.workers.pace import STORE_AGAIN_S
from smppgw.workers.pricing import Prices
from tests.workers.crewing import Crewing
from tests.workers.fakes import START, Depot, FakeCarrier, FakeClock, all_get, value_of

REFUSED_WHILE_LEASED = int(LEASE_S / STORE_AGAIN_S)
"""Tries of one write before its lease ends."""
REFUSED_BEFORE_A_CALL = int((LEASE_S - CALL_S) / STORE_AGAIN_S)
"""Tries of a begin while there is still time for the call."""
DOWN = Deferred("not sent: ConnectError", whole_carrier=True)


@pytest.fixture
def crew(depot: Depot, time: FakeClock) -> Crewing:
    return Crewing(depot, time)


def crew_with(depot: Depot, time: FakeClock, **limits: Any) -> Crewing:
    chosen = CarrierLimits(**({"max_messages": 100, "calls_per_s": 1000.0} | limits))
    return Crewing(depot, time, {"alpha": FakeCarrier(limits=chosen)})


# --- the order of things ----------------------------------------------------------------------------------------------


async def test_the_attempt_is_on_disk_before_its_first_byte_leaves(crew: Crewing, depot: Depot) -> None:
    crew.carrier.log = depot.scripted.log
    await depot.submit()

    await crew.send_all()

    log = depot.scripted.log
    assert log.index("begin done") < log.index("send") < log.index("settle")


async def test_nothing_is_sent_while_the_attempt_is_not_stored(crew: Crewing, depot: Depot) -> None:
    held = depot.scripted.hold("begin")
    await depot.submit()

    async with crew.working():
        await depot.scripted.until("begin")
        before = list(crew.carrier.sent)
        held.set()
        await crew.carrier.calls(1)

    assert before == []


async def test_an_attempt_that_cannot_be_stored_is_not_sent_and_the_message_waits(
    crew: Crewing, depot: Depot, time: FakeClock
) -> None:
    for _ in range(REFUSED_BEFORE_A_CALL):
        depot.scripted.fail("begin", StoreError("disk full"))
    await depot.submit()

    async with crew.working():
        await depot.scripted.until("begin", REFUSED_BEFORE_A_CALL)
    time.advance(LEASE_S + 1)
    await depot.real.sweep(outgoing_kept_s=1e6, now=time.now)
    before = list(crew.carrier.sent)
    crew.dispatchers["alpha"] = crew._dispatcher("alpha")
    await crew.send_all()

    assert before == []
    assert crew.carrier.sizes == [1]


async def test_a_lease_that_ended_before_the_attempt_drops_the_batch_unsent(
    crew: Crewing, depot: Depot, time: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare = crew.carrier.prepare

    def slowly(*args: Any) -> Any:
        time.advance(LEASE_S + 1)
        return prepare(*args)

    monkeypatch.setattr(crew.carrier, "prepare", slowly)
    await depot.submit()

    async with crew.working():
        await depot.scripted.until("begin")

    assert crew.carrier.sent == []
    assert await depot.stages() == {"queued": 1}


async def test_a_lease_that_ends_during_the_call_leaves_a_doubt(crew: Crewing, depot: Depot, time: FakeClock) -> None:
    crew.carrier.gate.clear()
    await depot.submit()

    async with crew.working():
        await crew.carrier.calls(1)
        time.advance(LEASE_S + 1)
        await depot.real.sweep(outgoing_kept_s=1e6, now=time.now)
        crew.carrier.gate.set()
        await depot.scripted.until("settle done")

    assert await depot.stages() == {"doubtful": 1}
    assert len(crew.carrier.sent) == 1
    assert value_of(crew.metrics, "messages_total", account="acme", carrier="alpha") == 0


@pytest.mark.parametrize("verb", ["begin", "settle"])
async def test_a_store_that_refuses_for_a_moment_costs_nothing(crew: Crewing, depot: Depot, verb: str) -> None:
    depot.scripted.fail(verb, StoreError("disk full"))
    depot.scripted.fail(verb, StoreError("disk full"))
    await depot.submit()

    async with crew.working():
        await depot.scripted.until("settle done")

    assert await depot.stages() == {"awaiting_status": 1}
    assert len(crew.carrier.sent) == 1


async def test_a_call_whose_outcome_cannot_be_stored_becomes_a_doubt(
    crew: Crewing, depot: Depot, time: FakeClock
) -> None:
    for _ in range(REFUSED_WHILE_LEASED):
        depot.scripted.fail("settle", StoreError("disk full"))
    await depot.submit()

    async with crew.working():
        await depot.scripted.until("settle", REFUSED_WHILE_LEASED)
    time.advance(LEASE_S + 1)
    swept = await depot.real.sweep(outgoing_kept_s=1e6, now=time.now)

    assert swept.doubted == 1
    assert await depot.stages() == {"doubtful": 1}


@pytest.mark.parametrize("broken", ["group_key", "prepare", "send"])
async def test_a_bug_in_an_adapter_costs_that_call_only(
    crew: Crewing, depot: Depot, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    whole = getattr(crew.carrier, broken)
    asked: list[int] = []

    def once(*args: Any) -> Any:
        asked.append(1)
        if len(asked) == 1:
            raise ZeroDivisionError
        return whole(*args)

    monkeypatch.setattr(crew.carrier, broken, once)
    await depot.submit()

    async with crew.working():
        await depot.scripted.until("lease done", 2)
        await depot.submit()
        crew.ring()
        await depot.scripted.until("settle done")

    assert len(asked) == 2


# --- batches ----------------------------------------------------------------------------------------------------------


async def test_what_is_queued_goes_at_once_and_together(crew: Crewing, depot: Depot) -> None:
    await depot.submit(7)

    await crew.send_all()

    assert crew.carrier.sizes == [7]
    assert await depot.stages() == {"awaiting_status": 7}


async def test_no_call_is_bigger_than_the_carrier_takes(depot: Depot, time: FakeClock) -> None:
    crew = crew_with(depot, time, max_messages=10)
    await depot.submit(25)

    await crew.send_all(3)

    assert sorted(crew.carrier.sizes) == [5, 10, 10]


async def test_what_arrives_while_all_slots_are_busy_shares_the_next_call(depot: Depot, time: FakeClock) -> None:
    crew = crew_with(depot, time, max_in_flight=2)
    crew.carrier.gate.clear()

    async with crew.working():
        for calls in (1, 2):
            await depot.submit()
            crew.ring()
            await crew.carrier.calls(calls)
        for _ in range(5):
            await depot.submit()
            crew.ring()
        crew.carrier.gate.set()
        await crew.carrier.calls(3)
        await depot.scripted.until("settle done", 3)

    assert crew.carrier.sizes == [1, 1, 5]


async def test_a_number_stands_only_once_in_a_call_where_the_carrier_wants_it_so(depot: Depot, time: FakeClock) -> None:
    crew = crew_with(depot, time, distinct_recipients=True)
    await depot.submit(3, recipient="491710000007")

    await crew.send_all(3)

    assert crew.carrier.sizes == [1, 1, 1]


async def test_what_must_not_travel_together_does_not(
    crew: Crewing, depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew.carrier, "group_key", lambda message: int(message.recipient) % 2)
    await depot.submit(6)

    await crew.send_all(2)

    assert crew.carrier.sizes == [3, 3]


async def test_keys_that_take_turns_are_leased_together_until_their_batches_fill(
    depot: Depot, time: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    crew = crew_with(depot, time, max_messages=10, max_in_flight=1)
    monkeypatch.setattr(crew.carrier, "group_key", lambda message: int(message.recipient) % 5)
    await depot.submit(200)

    async with crew.working():
        await crew.carrier.until(lambda: sum(crew.carrier.sizes) >= 200)
        await depot.scripted.until("settle done", len(crew.carrier.sent))

    # Leases of 10, 20, and 40 from then on: batches of 2, 4 and 8, the last ten by twos.
    assert crew.carrier.sizes == [2] * 5 + [4] * 5 + [8] * 20 + [2] * 5


async def test_equal_messages_are_leased_by_full_batches(depot: Depot, time: FakeClock) -> None:
    crew = crew_with(depot, time, max_messages=10, max_in_flight=1)
    await depot.submit(200)

    await crew.send_all(20)

    assert crew.carrier.sizes == [10] * 20
    assert crew.dispatcher._width == 10


# --- refused beforehand -----------------------------------------------------------------------------------------------


class Knowing(FakeCarrier):
    """A carrier that knows beforehand what it would refuse, by recipient."""

    def __init__(self, name: str = "alpha", **changes: Any) -> None:
        super().__init__(name, **changes)
        self.beforehand: dict[str, Rejected | Deferred] = {}
        self.asked: list[tuple[str, float]] = []

    def admit(self, message: Message, now: float) -> Rejected | Deferred | None:
        self.asked.append((message.recipient, now))
        return self.beforehand.get(message.recipient)


def crew_that_knows(depot: Depot, time: FakeClock, verdict: Rejected | Deferred, *recipients: str) -> Crewing:
    carrier = Knowing()
    carrier.beforehand = dict.fromkeys(recipients, verdict)
    return Crewing(depot, time, {"alpha": carrier, "beta": FakeCarrier("beta")})


async def test_no_call_is_made_for_what_would_be_refused(depot: Depot, time: FakeClock) -> None:
    bad = "491710000001"
    crew = crew_that_knows(depot, time, Rejected(ErrorCode.FREQUENCY_LIMIT, "50 a day"), bad)
    numbers = await depot.submit(3)

    await crew.send_all()

    assert [attempt.messages for attempt in crew.carrier.sent] == [(numbers[0], numbers[2])]
    assert await depot.owed() == [(f"id{numbers[1]}", "rejected", ErrorCode.FREQUENCY_LIMIT)]
    assert [finish.message for finish in crew.finished] == [numbers[1]]


async def test_it_goes_to_its_next_candidate(depot: Depot, time: FakeClock) -> None:
    crew = crew_that_knows(depot, time, Rejected(ErrorCode.FREQUENCY_LIMIT, "50 a day"), "491710000000")
    numbers = await depot.submit(carriers=("alpha", "beta"))

    await crew.send_all()

    assert crew.carrier.sent == []
    assert [attempt.messages for attempt in crew.carriers["beta"].sent] == [tuple(numbers)]


async def test_what_may_come_later_waits_until_then(depot: Depot, time: FakeClock) -> None:
    crew = crew_that_knows(depot, time, Deferred("1 a minute", not_before=START + 40), "491710000000")
    await depot.submit(2)
    await crew.send_all()

    early = await depot.real.sweep(outgoing_kept_s=1e6, now=START + 39)
    due = await depot.real.sweep(outgoing_kept_s=1e6, now=START + 40)

    assert crew.carrier.sizes == [1]
    assert (early.queued, due.queued) == (False, True)


async def test_a_carrier_that_is_not_ready_as_a_whole_is_left_alone(depot: Depot, time: FakeClock) -> None:
    verdict = Deferred("templates not loaded", not_before=START + 30, whole_carrier=True)
    carrier = Knowing()
    carrier.beforehand = {"491710000000": verdict}
    crew = Crewing(depot, time, {"alpha": carrier, "beta": FakeCarrier("beta")})
    await depot.submit()

    assert await crew.dispatcher._next_batches() is None
    await depot.submit(recipient="491710000009")
    assert await crew.dispatcher._next_batches() is None
    time.advance(30.1)
    carrier.beforehand.clear()
    due = await crew.dispatcher._next_batches()

    assert due is not None
    assert depot.scripted.log.count("lease") == 2


async def test_a_whole_lease_of_refusals_is_not_the_end_of_the_queue(depot: Depot, time: FakeClock) -> None:
    crew = crew_that_knows(
        depot, time, Rejected(ErrorCode.FREQUENCY_LIMIT, "no"), *(f"4917100{n:05}" for n in range(4))
    )
    crew.carrier.limits = CarrierLimits(max_messages=2, calls_per_s=1000.0)
    crew.dispatchers["alpha"] = crew._dispatcher("alpha")
    numbers = await depot.submit(5)

    await crew.send_all()

    assert [attempt.messages for attempt in crew.carrier.sent] == [(numbers[4],)]


async def test_each_leased_message_is_asked_about_once(depot: Depot, time: FakeClock) -> None:
    crew = crew_that_knows(depot, time, Rejected(ErrorCode.FREQUENCY_LIMIT, "no"))
    await depot.submit(3)

    await crew.send_all()

    assert crew.carrier.asked == [(f"4917100{n:05}", START) for n in range(3)]  # type: ignore[attr-defined]


async def test_a_refusal_that_cannot_be_stored_is_asked_for_again(
    depot: Depot, time: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "IDLE_S", 0.01)
    crew = crew_that_knows(depot, time, Rejected(ErrorCode.FREQUENCY_LIMIT, "no"), "491710000000")
    depot.scripted.fail("put_back", StoreError("disk full"))
    numbers = await depot.submit()

    async with crew.working():
        await depot.scripted.until("put_back done")

    assert await depot.owed() == [(f"id{numbers[0]}", "rejected", ErrorCode.FREQUENCY_LIMIT)]


# --- verdicts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "stage", "receipt"),
    [
        (Accepted(CarrierRef("J.9")), "awaiting_status", None),
        (Accepted(), "awaiting_status", None),
        (Rejected(ErrorCode.INVALID_NUMBER, "no"), None, ("rejected", ErrorCode.INVALID_NUMBER)),
        (
            Rejected(ErrorCode.BLOCKED, "no", outcome=Outcome.UNDELIVERABLE, may_fail_over=False),
            None,
            ("undeliverable", ErrorCode.BLOCKED),
        ),
        (
            Rejected(ErrorCode.PARAMETER_REFUSED, "no", whole_batch=True),
            None,
            ("rejected", ErrorCode.PARAMETER_REFUSED),
        ),
        (Deferred("later"), "queued", None),
        (DOWN, "queued", None),
        (Doubtful("timeout"), "doubtful", None),
        (Doubtful("409", Evidence.ARRIVED), "doubtful", None),
    ],
)
async def test_what_becomes_of_a_message_is_what_the_carrier_said(
    crew: Crewing, depot: Depot, verdict: Verdict, stage: str | None, receipt: tuple[str, int] | None
) -> None:
    crew.carrier.scripts.append(all_get(verdict))
    (number,) = await depot.submit()

    await crew.send_all()

    assert await depot.stages() == ({stage: 1} if stage else {})
    assert await depot.owed() == ([(f"id{number}", *receipt)] if receipt else [])
    assert len(crew.carrier.sent) == 1


async def test_each_message_of_a_call_has_its_own_verdict(crew: Crewing, depot: Depot) -> None:
    verdicts: list[Verdict] = [Accepted(), Rejected(ErrorCode.BLOCKED, "no"), Deferred("later"), Doubtful("what")]
    crew.carrier.scripts.append(lambda attempt: dict(zip(attempt.messages, verdicts, strict=True)))
    numbers = await depot.submit(4)

    await crew.send_all()
    taken = value_of(crew.metrics, "messages_total", account="acme", carrier="alpha")
    queued = (await depot.stages())["queued"]

    _, (doubt,) = await depot.real.lease_doubts("alpha", 10, until=START + 60, now=START + 10)
    assert (taken, queued) == (1, 1)
    assert [finish.message for finish in crew.finished] == [numbers[1]]
    assert [message.id for message in doubt.messages] == [numbers[3]]


async def test_a_refused_batch_is_halved_until_the_bad_message_stands_alone(crew: Crewing, depot: Depot) -> None:
    numbers = await depot.submit(8)
    bad = numbers[5]
    spoilt = Rejected(ErrorCode.PARAMETER_REFUSED, "http 400", whole_batch=True)
    crew.carrier.default = lambda attempt: dict.fromkeys(
        attempt.messages, spoilt if bad in attempt.messages else Accepted()
    )

    async with crew.working():
        # 8, then 4 + 4, then 2 + 2, then 1 + 1
        await depot.scripted.until("settle done", 7)

    assert sorted(crew.carrier.sizes, reverse=True) == [8, 4, 4, 2, 2, 1, 1]
    assert await depot.stages() == {"awaiting_status": 7}
    assert await depot.owed() == [(f"id{bad}", "rejected", ErrorCode.PARAMETER_REFUSED)]


async def test_what_one_carrier_refuses_goes_to_the_next_candidate(depot: Depot, time: FakeClock) -> None:
    crew = Crewing(depot, time, {name: FakeCarrier(name) for name in ("alpha", "beta")})
    crew.carrier.scripts.append(all_get(Rejected(ErrorCode.SENDER_REFUSED, "no")))
    await depot.submit(carriers=("alpha", "beta"))

    await crew.send_all(2)

    assert (crew.carrier.sizes, crew.carriers["beta"].sizes) == ([1], [1])
    assert await depot.stages() == {"awaiting_status": 1}


async def test_a_block_list_is_not_got_round_by_another_carrier(depot: Depot, time: FakeClock) -> None:
    crew = Crewing(depot, time, {name: FakeCarrier(name) for name in ("alpha", "beta")})
    crew.carrier.scripts.append(all_get(Rejected(ErrorCode.BLOCKED, "no", may_fail_over=False)))
    await depot.submit(carriers=("alpha", "beta"))

    await crew.send_all()

    assert crew.carriers["beta"].sent == []
    assert [finish.outcome for finish in crew.finished] == [Outcome.REJECTED]


async def test_a_doubt_does_not_go_to_the_next_candidate(depot: Depot, time: FakeClock) -> None:
    crew = Crewing(depot, time, {name: FakeCarrier(name) for name in ("alpha", "beta")})
    crew.carrier.scripts.append(all_get(Doubtful("timeout")))
    await depot.submit(carriers=("alpha", "beta"))

    await crew.send_all()

    assert crew.carriers["beta"].sent == []
    assert await depot.stages() == {"doubtful": 1}


async def test_the_last_candidate_sends_it_back_to_the_first_after_a_wait(depot: Depot, time: FakeClock) -> None:
    crew = Crewing(depot, time, {name: FakeCarrier(name) for name in ("alpha", "beta")})
    for carrier in crew.carriers.values():
        carrier.scripts.append(all_get(Deferred("busy")))
    await depot.submit(carriers=("alpha", "beta"))
    await crew.send_all(2)

    early = await depot.real.sweep(outgoing_kept_s=1e6, now=time.now + 0.9)
    due = await depot.real.sweep(outgoing_kept_s=1e6, now=time.now + 1.1)

    assert (early.queued, due.queued) == (False, True)


# --- holding back -----------------------------------------------------------------------------------------------------


async def test_a_carrier_that_names_a_time_is_left_alone_until_then(
    crew: Crewing, depot: Depot, time: FakeClock
) -> None:
    crew.dispatcher._learn({MessageId(1): Deferred("http 429", not_before=START + 30, whole_carrier=True)})
    await depot.submit()

    paused = await crew.dispatcher._next_batches()
    time.advance(30.1)
    due = await crew.dispatcher._next_batches()

    assert paused is None
    assert due is not None


@pytest.mark.parametrize("verdict", [DOWN, Doubtful("http 503")])
async def test_calls_that_fail_as_a_whole_open_the_circuit(depot: Depot, time: FakeClock, verdict: Verdict) -> None:
    crew = crew_with(depot, time, max_messages=1)
    crew.carrier.default = all_get(verdict)
    await depot.submit(20)

    async with crew.working():
        await depot.scripted.until("settle done", 5)

    assert crew.circuits["alpha"].state(time.ticked) is CircuitState.OPEN
    assert len(crew.carrier.sent) < 20
    assert value_of(crew.metrics, "carrier_state", carrier="alpha", state="open") == 1


@pytest.mark.parametrize(
    "verdict", [Rejected(ErrorCode.BLOCKED, "no"), Deferred("this one"), Doubtful("409", Evidence.ARRIVED), Accepted()]
)
async def test_what_a_carrier_says_of_single_messages_does_not(
    crew: Crewing, time: FakeClock, verdict: Verdict
) -> None:
    for _ in range(20):
        crew.dispatcher._learn({MessageId(1): verdict, MessageId(2): verdict})

    assert crew.circuits["alpha"].state(time.ticked) is CircuitState.CLOSED


async def test_an_open_circuit_lets_one_probe_through_and_its_success_closes_it(depot: Depot, time: FakeClock) -> None:
    crew = crew_with(depot, time, max_messages=1)
    for _ in range(5):
        crew.circuits["alpha"].record(False, time.ticked)
    await depot.submit(3)

    held = await crew.dispatcher._next_batches()
    time.advance(1.1)
    crew.carrier.gate.clear()
    async with crew.working():
        await crew.carrier.calls(1)
        await depot.scripted.until("lease", 1)
        probes = len(crew.carrier.sent)
        crew.carrier.gate.set()
        await depot.scripted.until("settle done", 3)

    assert held is None
    assert probes == 1
    assert len(crew.carrier.sent) == 3
    assert crew.circuits["alpha"].state(time.ticked) is CircuitState.CLOSED


async def test_what_is_queued_behind_an_open_circuit_takes_its_next_candidate(depot: Depot, time: FakeClock) -> None:
    crew = Crewing(depot, time, {"alpha": FakeCarrier(), "beta": FakeCarrier("beta")})
    for _ in range(5):
        crew.circuits["alpha"].record(False, time.ticked)
    await depot.submit(3, carriers=("alpha", "beta"))

    async with crew.working():
        await depot.scripted.until("settle done")

    assert sum(len(attempt.messages) for attempt in crew.carriers["beta"].sent) == 3
    assert crew.carriers["alpha"].sent == []


async def test_nothing_moves_while_no_candidate_can_be_reached(depot: Depot, time: FakeClock) -> None:
    crew = Crewing(depot, time, {"alpha": FakeCarrier(), "beta": FakeCarrier("beta")})
    for circuit in crew.circuits.values():
        for _ in range(5):
            circuit.record(False, time.ticked)
    await depot.submit(3, carriers=("alpha", "beta"))

    await crew.dispatcher._next_batches()

    _, still_there = await depot.real.lease("alpha", 10, until=time.now + 60, now=time.now)
    assert len(still_there) == 3


async def test_no_call_begins_when_its_lease_could_end_meanwhile(crew: Crewing, depot: Depot, time: FakeClock) -> None:
    await depot.submit()
    late = await crew.dispatcher._next_batches()
    assert late is not None
    lease, (messages,) = late
    time.advance(LEASE_S - CALL_S + 1)

    await crew.dispatcher._slots.acquire()
    await crew.dispatcher._call(messages, lease)

    assert crew.carrier.sent == []
    assert len((await depot.real.lease("alpha", 10, until=time.now + 60, now=time.now))[1]) == 1


async def test_what_has_no_other_candidate_waits_and_is_not_looked_for_all_the_time(
    crew: Crewing, depot: Depot, time: FakeClock
) -> None:
    crew.circuits["alpha"] = crew.dispatcher._circuit
    for _ in range(8):
        crew.dispatcher._circuit.record(False, time.ticked)
    await depot.submit(2)

    for _ in range(3):
        assert await crew.dispatcher._next_batches() is None

    assert depot.scripted.log.count("divert") == 1
    assert await depot.stages() == {"queued": 2}


async def test_a_probe_risks_one_message(depot: Depot, time: FakeClock) -> None:
    crew = crew_with(depot, time)
    for _ in range(5):
        crew.circuits["alpha"].record(False, time.ticked)
    time.advance(1.1)
    crew.carrier.scripts.append(all_get(Doubtful("http 503")))
    await depot.submit(3)

    await crew.send_all()

    assert crew.carrier.sizes == [1]
    assert await depot.stages() == {"doubtful": 1, "queued": 2}


async def test_what_is_leased_when_the_circuit_opens_is_given_back(
    crew: Crewing, depot: Depot, time: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew.carrier, "group_key", lambda message: message.recipient)
    await depot.submit(3)
    leased = await crew.dispatcher._next_batches()
    assert leased is not None
    for _ in range(5):
        crew.circuits["alpha"].record(False, time.ticked)

    await crew.dispatcher._slots.acquire()
    async with asyncio.TaskGroup() as calls:
        await crew.dispatcher._start(calls, *leased)

    assert crew.carrier.sent == []
    _, messages = await depot.real.lease("alpha", 10, until=time.now + 1, now=time.now)
    assert len(messages) == 3


# --- pauses -----------------------------------------------------------------------------------------------------------


def paused(time: FakeClock, cause: PauseCause = PauseCause.LOGIN, for_s: float = 60.0) -> Deferred:
    """What a carrier says that takes nothing for a while."""
    return Deferred("http 401: login refused", not_before=time.now + for_s, whole_carrier=True, pause=cause)


async def pause(crew: Crewing, cause: PauseCause = PauseCause.LOGIN, for_s: float = 60.0) -> None:
    crew.dispatcher._learn({MessageId(1): paused(crew.time, cause, for_s)})


async def test_a_paused_carrier_is_tried_with_one_message_at_a_time_and_the_others_stay_untried(
    crew: Crewing, depot: Depot, time: FakeClock
) -> None:
    await pause(crew)
    await depot.submit(3)
    crew.carrier.default = lambda attempt: all_get(paused(time))(attempt)

    for probes in (1, 2, 3):
        assert await crew.dispatcher._next_batches() is None
        time.advance(60.1)
        leased = await crew.dispatcher._next_batches()
        assert leased is not None
        async with asyncio.TaskGroup() as calls:
            await crew.dispatcher._slots.acquire()
            await crew.dispatcher._start(calls, *leased)
        assert crew.carrier.sizes == [1] * probes

    _, waiting = await depot.real.lease("alpha", 10, until=time.now + 1, now=time.now)
    assert [message.tries for message in waiting] == [1, 0]  # the first one was refused twice and comes after them


async def test_a_message_whose_own_fault_it_is_does_not_hold_the_carrier_for_ever(
    crew: Crewing, depot: Depot, time: FakeClock
) -> None:
    bad, *_ = await depot.submit(4)
    crew.carrier.default = lambda attempt: all_get(paused(time) if bad in attempt.messages else Accepted())(attempt)

    async with crew.working():
        for settled in (1, 2, 3):  # all four, the bad one alone, another one alone
            await depot.scripted.until("settle done", settled)
            time.advance(60.1)
            crew.ring()
        await depot.scripted.until("settle done", 4)

    assert crew.carrier.sizes == [4, 1, 1, 2]
    assert await depot.stages() == {"awaiting_status": 3, "queued": 1}


async def test_a_pause_is_told_once_when_it_begins_and_once_when_it_is_over(crew: Crewing, time: FakeClock) -> None:
    with capture_logs() as log:
        for _ in range(5):
            await pause(crew)
            time.advance(61)
            assert crew.circuits["alpha"].allow(time.ticked)
        during = {cause: value_of(crew.metrics, "carrier_paused", carrier="alpha", cause=cause) for cause in PauseCause}
        crew.dispatcher._learn({MessageId(1): Accepted()})

    told = [(line["log_level"], line["event"], line["cause"]) for line in log]
    assert told == [("error", "carrier paused", "login"), ("info", "carrier resumed", "login")]
    assert during == {PauseCause.LOGIN: 1, PauseCause.MONEY: 0, PauseCause.QUOTA: 0, PauseCause.THROTTLE: 0}
    assert value_of(crew.metrics, "carrier_paused", carrier="alpha", cause="login") == 0


@pytest.mark.parametrize(
    ("cause", "level"),
    [
        (PauseCause.LOGIN, "error"),
        (PauseCause.MONEY, "error"),
        (PauseCause.QUOTA, "error"),
        (PauseCause.THROTTLE, "warning"),  # passes by itself
    ],
)
async def test_what_waits_for_a_person_is_an_error(crew: Crewing, cause: PauseCause, level: str) -> None:
    with capture_logs() as log:
        await pause(crew, cause)

    assert [(line["log_level"], line["cause"]) for line in log] == [(level, cause.value)]


async def test_another_cause_is_told_too(crew: Crewing) -> None:
    with capture_logs() as log:
        await pause(crew, PauseCause.LOGIN)
        await pause(crew, PauseCause.MONEY)

    assert [line["cause"] for line in log] == ["login", "money"]
    assert value_of(crew.metrics, "carrier_paused", carrier="alpha", cause="login") == 0


async def test_the_success_of_a_call_that_began_before_does_not_end_a_pause(crew: Crewing, time: FakeClock) -> None:
    await pause(crew)

    crew.dispatcher._learn({MessageId(2): Accepted()})

    assert crew.circuits["alpha"].state(time.ticked) is CircuitState.OPEN
    assert value_of(crew.metrics, "carrier_paused", carrier="alpha", cause="login") == 1


async def test_a_probe_that_meets_silence_leaves_the_pause(crew: Crewing, time: FakeClock) -> None:
    await pause(crew)
    time.advance(61)
    crew.circuits["alpha"].allow(time.ticked)

    crew.dispatcher._learn({MessageId(2): Doubtful("http 503")})

    assert crew.circuits["alpha"].state(time.ticked) is CircuitState.OPEN
    assert value_of(crew.metrics, "carrier_paused", carrier="alpha", cause="login") == 1


async def test_throttling_without_a_time_is_no_pause(crew: Crewing, time: FakeClock) -> None:
    with capture_logs() as log:
        crew.dispatcher._learn({MessageId(1): Deferred("http 429", whole_carrier=True, pause=PauseCause.THROTTLE)})

    assert log == []
    assert crew.circuits["alpha"].state(time.ticked) is CircuitState.CLOSED


@pytest.mark.parametrize(
    ("cause", "for_s", "moved"),
    [
        (PauseCause.LOGIN, 60.0, 3),
        (PauseCause.MONEY, 3.0, 3),
        (PauseCause.THROTTLE, 30.0, 3),
        (PauseCause.THROTTLE, 3.0, 0),  # the next candidate may be the dearer one
    ],
)
async def test_what_is_queued_for_a_paused_carrier_takes_its_next_candidate(
    depot: Depot, time: FakeClock, cause: PauseCause, for_s: float, moved: int
) -> None:
    crew = Crewing(depot, time, {"alpha": FakeCarrier(), "beta": FakeCarrier("beta")})
    await pause(crew, cause, for_s)
    await depot.submit(3, carriers=("alpha", "beta"))

    assert await crew.dispatcher._next_batches() is None

    _, at_beta = await depot.real.lease("beta", 10, until=time.now + 1, now=time.now)
    assert len(at_beta) == moved


async def test_nothing_is_diverted_to_a_carrier_that_is_paused_too(depot: Depot, time: FakeClock) -> None:
    crew = Crewing(depot, time, {"alpha": FakeCarrier(), "beta": FakeCarrier("beta")})
    for dispatcher in crew.dispatchers.values():
        dispatcher._learn({MessageId(1): paused(time)})
    await depot.submit(3, carriers=("alpha", "beta"))

    assert await crew.dispatcher._next_batches() is None

    _, still_there = await depot.real.lease("alpha", 10, until=time.now + 1, now=time.now)
    assert len(still_there) == 3


async def test_a_diversion_is_told_once_per_outage(depot: Depot, time: FakeClock) -> None:
    crew = Crewing(depot, time, {"alpha": FakeCarrier(), "beta": FakeCarrier("beta")})
    await pause(crew)

    with capture_logs() as log:
        for _ in range(3):
            await depot.submit(carriers=("alpha", "beta"))
            await crew.dispatcher._next_batches()

    assert [line["event"] for line in log] == ["queue diverted from an open circuit"]


async def test_a_pause_can_be_looked_through_at_once(crew: Crewing, depot: Depot, time: FakeClock) -> None:
    await pause(crew)
    await depot.submit(3)

    crew.dispatcher.probe_now()
    await crew.send_all(2)

    assert crew.carrier.sizes == [1, 2]
    assert value_of(crew.metrics, "carrier_paused", carrier="alpha", cause="login") == 0


async def test_throttling_slows_calls_down_and_success_brings_them_back(
    depot: Depot, time: FakeClock, pauses: list[float]
) -> None:
    crew = crew_with(depot, time, max_messages=1, calls_per_s=10, max_in_flight=1)
    await pause(crew, PauseCause.THROTTLE, 0.0)
    time.advance(1.1)
    await depot.submit(60)

    await crew.send_all(60)

    # Half the pace at first; each call that is taken wins back a fiftieth of the full one.
    assert pauses[0] == pytest.approx(1 / 5.2)
    assert pauses[-1] == pytest.approx(1 / 10)


async def test_what_a_pause_finds_in_hand_is_given_back(
    depot: Depot, time: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    crew = crew_with(depot, time, max_in_flight=1)
    monkeypatch.setattr(crew.carrier, "group_key", lambda message: message.recipient)
    crew.carrier.scripts.append(all_get(Deferred("http 429", not_before=START + 30, whole_carrier=True)))
    await depot.submit(4)

    async with crew.working():
        await depot.scripted.until("put_back done", 3)

    assert crew.carrier.sizes == [1]
    assert len((await depot.real.lease("alpha", 10, until=time.now + 60, now=time.now))[1]) == 4  # untried, all of them


async def test_calls_keep_the_pace_of_the_carrier(depot: Depot, time: FakeClock, pauses: list[float]) -> None:
    crew = crew_with(depot, time, max_messages=1, calls_per_s=2, max_in_flight=3)
    await depot.submit(5)

    await crew.send_all(5)

    assert pauses[:2] == [pytest.approx(0.5), pytest.approx(0.5)]  # three at once, then one each half second


async def test_an_empty_queue_uses_up_no_pace(depot: Depot, time: FakeClock, pauses: list[float]) -> None:
    crew = crew_with(depot, time, calls_per_s=0.1, max_in_flight=1)

    looks = [await crew.dispatcher._next_batches() for _ in range(5)]
    await depot.submit()
    due = await crew.dispatcher._next_batches()

    assert looks == [None] * 5
    assert due is not None
    assert pauses == []


# --- stopping, leftovers ----------------------------------------------------------------------------------------------


async def test_stop_finishes_the_calls_in_flight_and_begins_none(depot: Depot, time: FakeClock) -> None:
    crew = crew_with(depot, time, max_messages=1, max_in_flight=2)
    crew.carrier.gate.clear()
    await depot.submit(5)

    async with crew.working():
        await crew.carrier.calls(2)
        crew.dispatcher.stop()
        crew.carrier.gate.set()

    assert len(crew.carrier.sent) == 2
    assert await depot.stages() == {"awaiting_status": 2, "queued": 3}


async def test_a_queue_that_cannot_be_read_is_read_again(
    crew: Crewing, depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "IDLE_S", 0.01)
    depot.scripted.fail("lease", StoreError("busy"))
    await depot.submit()

    await crew.send_all()

    assert len(crew.carrier.sent) == 1


async def test_messages_that_cannot_be_given_back_come_back_when_their_lease_ends(
    crew: Crewing, depot: Depot, time: FakeClock
) -> None:
    depot.scripted.fail("put_back", StoreError("busy"))
    await depot.submit()
    lease, messages = await depot.real.lease("alpha", 10, until=time.now + LEASE_S, now=time.now)

    await crew.dispatcher._give_back(messages, lease)
    time.advance(LEASE_S + 1)
    swept = await depot.real.sweep(outgoing_kept_s=1e6, now=time.now)

    assert swept.queued


async def test_many_messages_are_each_sent_exactly_once(depot: Depot, time: FakeClock) -> None:
    crew = crew_with(depot, time, max_messages=7, max_in_flight=3)
    numbers = await depot.submit(200)

    async with crew.working():
        await crew.carrier.until(lambda: sum(crew.carrier.sizes) >= 200)
        await depot.scripted.until("settle done", len(crew.carrier.sent))

    sent = [number for attempt in crew.carrier.sent for number in attempt.messages]
    assert sorted(sent) == sorted(numbers)


# --- the books --------------------------------------------------------------------------------------------------------

CARD = ["prefix,price,currency", "49,0.075,EUR"]


async def test_what_was_taken_is_counted_and_priced_by_its_parts(depot: Depot, time: FakeClock) -> None:
    crew = Crewing(depot, time, prices=Prices({"alpha": RateCard.parse(CARD, "card")}, Exchange(), "EUR"))
    crew.carrier.scripts.append(all_get(Accepted(CarrierRef("J"), parts=2)))
    await depot.submit(3)

    await crew.send_all()

    labels = {"account": "acme", "carrier": "alpha"}
    assert value_of(crew.metrics, "messages_total", **labels) == 3
    assert value_of(crew.metrics, "parts_total", **labels) == 6
    assert value_of(crew.metrics, "cost_total", **labels, currency="EUR") == pytest.approx(6 * 0.075)


async def test_what_was_not_taken_costs_nothing(depot: Depot, time: FakeClock) -> None:
    crew = Crewing(depot, time, prices=Prices({"alpha": RateCard.parse(CARD, "card")}, Exchange(), "EUR"))
    crew.carrier.scripts.append(all_get(Doubtful("timeout")))
    await depot.submit()

    await crew.send_all()

    assert value_of(crew.metrics, "cost_total", account="acme", carrier="alpha", currency="EUR") == 0


async def test_the_ledger_books_the_parts_that_the_answer_tells(depot: Depot, time: FakeClock) -> None:
    crew = Crewing(depot, time, prices=Prices({"alpha": RateCard.parse(CARD, "card")}, Exchange(), "EUR"))
    crew.carrier.scripts.append(all_get(Accepted(CarrierRef("J"), parts=2)))
    (number,) = await depot.submit()

    await crew.send_all()

    with contextlib.closing(sqlite3.connect(depot.real._path)) as connection:
        booked = connection.execute("SELECT message, parts, micros FROM costs").fetchall()
    assert booked == [(number, 2, 2 * 75_000)]


# --- calls of several that are scarce ---------------------------------------------------------------------------------


def scarce(depot: Depot, time: FakeClock) -> Crewing:
    """A carrier that takes 50 calls a second, and one of several."""
    return crew_with(depot, time, calls_per_s=50.0, max_in_flight=4, batch_from=5, batches_per_s=1.0)


async def test_few_messages_are_not_worth_a_scarce_call(depot: Depot, time: FakeClock) -> None:
    crew = scarce(depot, time)
    await depot.submit(4)

    await crew.send_all(4)

    assert crew.carrier.sizes == [1, 1, 1, 1]


async def test_many_messages_share_a_scarce_call(depot: Depot, time: FakeClock) -> None:
    crew = scarce(depot, time)
    await depot.submit(20)

    await crew.send_all()

    assert crew.carrier.sizes == [20]


async def test_until_the_next_scarce_call_messages_go_one_by_one(depot: Depot, time: FakeClock) -> None:
    crew = scarce(depot, time)
    begun = time.ticked
    await depot.submit(120)

    await crew.send_all(21)
    first, *others = crew.carrier.sizes

    assert first == 100
    assert others == [1] * 20
    assert time.ticked - begun < 1.0  # 50 calls a second, four of them at once


async def test_the_next_scarce_call_goes_when_its_time_has_come(depot: Depot, time: FakeClock) -> None:
    crew = scarce(depot, time)
    await depot.submit(20)

    async with crew.working():
        await depot.scripted.until("settle done")
        time.advance(1.0)
        await depot.submit(20)
        crew.ring()
        await depot.scripted.until("settle done", 2)

    assert crew.carrier.sizes == [20, 20]


async def test_what_does_not_go_with_the_largest_batch_is_not_held_up_by_it(
    depot: Depot, time: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    crew = scarce(depot, time)
    monkeypatch.setattr(crew.carrier, "group_key", lambda message: message.text)
    others = await depot.submit(3)
    many = await depot.accept(*(depot.submission("promotion", recipient=f"49171000077{n}") for n in range(7)))

    await crew.send_all(4)

    batches = [attempt.messages for attempt in crew.carrier.sent]
    assert batches[0] == tuple(many)
    assert sorted(batches[1:]) == [(number,) for number in others]
    assert await depot.stages() == {"awaiting_status": 10}


async def test_groups_that_are_not_worth_it_go_in_their_order_and_nothing_is_forgotten(
    depot: Depot, time: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    crew = scarce(depot, time)
    monkeypatch.setattr(crew.carrier, "group_key", lambda message: message.id)
    numbers = await depot.submit(30)

    await crew.send_all(30)

    assert [attempt.messages for attempt in crew.carrier.sent] == [(number,) for number in numbers]


# --- opt-outs ---------------------------------------------------------------------------------------------------------


async def test_who_opts_out_while_a_message_waits_does_not_get_it_and_others_do(crew: Crewing, depot: Depot) -> None:
    numbers = await depot.submit(3)
    crew.opted_out.add("491710000001")

    await crew.send_all()

    assert [attempt.messages for attempt in crew.carrier.sent] == [(numbers[0], numbers[2])]
    assert [(finish.message, finish.outcome, finish.error) for finish in crew.finished] == [
        (numbers[1], Outcome.REJECTED, ErrorCode.BLOCKED)
    ]
    assert await depot.owed() == [(f"id{numbers[1]}", "rejected", ErrorCode.BLOCKED)]
    assert value_of(crew.metrics, "filtered_total", account="acme", kind="opted_out") == 1


async def test_what_nobody_wants_makes_no_call(crew: Crewing, depot: Depot) -> None:
    await depot.submit(2)
    crew.opted_out |= {"491710000000", "491710000001"}

    async with crew.working():
        await depot.scripted.until("put_back done")

    assert crew.carrier.sent == []
    assert await depot.stages() == {}


async def test_what_nobody_wants_ends_later_where_the_store_fails(crew: Crewing, depot: Depot, time: FakeClock) -> None:
    await depot.submit(1)
    crew.opted_out.add("491710000000")
    depot.scripted.fail("put_back", StoreError("busy"))

    async with crew.working():
        await depot.scripted.until("put_back done")

    assert crew.carrier.sent == []
    assert [finish.error for finish in crew.finished] == [ErrorCode.BLOCKED]
