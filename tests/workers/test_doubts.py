"""A doubtful call is repeated byte for byte inside the fence, looked up, ended by rule; never sent a second time."""

import itertools
from typing import Any

import pytest
from structlog.testing import capture_logs

from smppgw.carriers.base import CarrierLimits
from smppgw.core.codes import ErrorCode
from smppgw.core.doubt import LOOKUP_DEADLINE_S, LOOKUP_SPAN_S, LOOKUPS
from smppgw.core.model import CarrierRef, DoubtRule, MessageId, Outcome
from smppgw.core.verdict import Accepted, Deferred, Doubtful, Evidence, Rejected, StatusReport, Verdict
from smppgw.store.base import StoreError, StoreFailedError
from smppgw.workers.doubts import LEASE_S, Doubts
from tests.workers.crewing import Crewing
from tests.workers.fakes import Depot, FakeCarrier, FakeClock, all_get, value_of

FENCE_S = 540.0
LOST = all_get(Doubtful("timeout"))
ARRIVED = all_get(Doubtful("http 409", Evidence.ARRIVED))
ABSENT = all_get(Doubtful("not found", Evidence.ABSENT))
TAKEN = all_get(Accepted(CarrierRef("J.7")))


class Room:
    """One doubtful call and who resolves it."""

    def __init__(self, depot: Depot, time: FakeClock, **changes: Any) -> None:
        self.depot, self.time = depot, time
        names = ("fence_s", "push_wait_s", "batches_per_s")
        limits = CarrierLimits(
            max_messages=100, calls_per_s=1000.0, **{name: changes.pop(name, None) for name in names}
        )
        self.carrier = FakeCarrier(limits=limits, **changes)
        self.crew = Crewing(depot, time, {"alpha": self.carrier})
        self.doubts: Doubts = self.crew.doubts()
        self.batches = 0

    async def doubt(self, count: int = 1) -> list[MessageId]:
        """Let a call end without an answer."""
        self.carrier.scripts.append(LOST)
        numbers = await self.depot.submit(count)
        self.batches += 1
        crew = Crewing(self.depot, self.time, {"alpha": self.carrier}, metrics=self.crew.metrics, batches=self.batches)
        await crew.send_all()
        return numbers

    async def step(self) -> bool:
        """Wait until the next step is due, and take it; False when there is none."""
        due_at = self.depot.next_doubt_at()
        if due_at is None:
            return False
        self.time.advance(max(due_at - self.time.now, 0.0))
        return await self.doubts.turn()

    async def to_the_end(self) -> None:
        while await self.depot.stages() == {"doubtful": 1}:
            assert await self.step()

    @property
    def repeats(self) -> int:
        return len(self.carrier.sent) - 1


@pytest.fixture
def fenced(depot: Depot, time: FakeClock) -> Room:
    return Room(depot, time, fence_s=FENCE_S)


@pytest.fixture
def unfenced(depot: Depot, time: FakeClock) -> Room:
    return Room(depot, time)


# --- inside the fence -------------------------------------------------------------------------------------------------


async def test_inside_the_fence_the_identical_request_is_repeated(fenced: Room) -> None:
    await fenced.doubt(3)
    fenced.carrier.scripts.append(TAKEN)

    await fenced.step()

    first, again = fenced.carrier.sent
    assert again == first
    assert await fenced.depot.stages() == {"awaiting_status": 3}
    assert value_of(fenced.crew.metrics, "messages_total", account="acme", carrier="alpha") == 3


async def test_what_is_never_heard_of_is_repeated_with_growing_waits_and_only_inside_the_fence(fenced: Room) -> None:
    await fenced.doubt()
    begun = fenced.carrier.sent[0].prepared_at
    fenced.carrier.default = LOST
    at: list[float] = []

    while not fenced.carrier.looked_up:
        before = fenced.repeats
        assert await fenced.step()
        at += [fenced.time.now - begun] * (fenced.repeats - before)

    gaps = [later - earlier for earlier, later in itertools.pairwise(at)]
    assert 5 < len(at) < 20
    assert all(later >= earlier for earlier, later in itertools.pairwise(gaps))
    assert at[-1] < FENCE_S


@pytest.mark.parametrize(
    "refusal",
    [
        Rejected(ErrorCode.PARAMETER_REFUSED, "http 400"),
        Rejected(ErrorCode.BLOCKED, "blocked", may_fail_over=False),
        Deferred("http 429", whole_carrier=True),
        Deferred("not sent", whole_carrier=True),
    ],
)
async def test_the_refusal_of_a_repeat_says_nothing_about_the_first_copy(fenced: Room, refusal: Verdict) -> None:
    await fenced.doubt()
    fenced.carrier.scripts.append(all_get(refusal))

    await fenced.step()

    assert await fenced.depot.stages() == {"doubtful": 1}
    assert await fenced.depot.owed() == []


async def test_what_has_arrived_is_looked_up_and_not_repeated_any_more(fenced: Room) -> None:
    await fenced.doubt()
    fenced.carrier.scripts.append(ARRIVED)
    fenced.carrier.lookups.append(TAKEN)

    await fenced.step()
    await fenced.step()

    assert fenced.repeats == 1
    assert len(fenced.carrier.looked_up) == 1
    assert await fenced.depot.stages() == {"awaiting_status": 1}


async def test_a_look_up_knows_the_attempt_and_its_messages(unfenced: Room) -> None:
    (number,) = await unfenced.doubt()

    await unfenced.step()

    ((attempt, sent),) = unfenced.carrier.looked_up
    assert attempt == unfenced.carrier.sent[0]
    assert [(one.message, one.batch, one.ref) for one in sent] == [(number, attempt.batch, None)]


async def test_a_clock_that_steps_back_does_not_open_the_fence_again(fenced: Room) -> None:
    await fenced.doubt()
    fenced.time.now -= 3600

    await fenced.doubts._step(*await due(fenced))

    assert fenced.repeats == 0
    assert len(fenced.carrier.looked_up) == 1


async def due(room: Room) -> tuple[Any, Any]:
    """Lease the only doubt, whatever its time."""
    lease, (doubt,) = await room.depot.real.lease_doubts("alpha", 1, until=1e11, now=1e10)
    return doubt, lease


# --- without a fence --------------------------------------------------------------------------------------------------


async def test_without_a_fence_nothing_is_ever_repeated(unfenced: Room) -> None:
    await unfenced.doubt()

    await unfenced.to_the_end()

    assert unfenced.repeats == 0


async def test_what_is_never_found_ends_after_enough_clean_look_ups_over_enough_time(unfenced: Room) -> None:
    (number,) = await unfenced.doubt()
    at: list[float] = []

    while await unfenced.depot.stages():
        assert await unfenced.step()
        at.append(unfenced.time.now)

    *looks, _ = at
    assert len(unfenced.carrier.looked_up) == len(looks) >= LOOKUPS
    assert at[-1] - looks[0] >= LOOKUP_SPAN_S
    assert await unfenced.depot.owed() == [(f"id{number}", "unknown", ErrorCode.OUTCOME_UNKNOWN)]


async def test_a_look_up_that_failed_does_not_count(unfenced: Room) -> None:
    await unfenced.doubt()
    unfenced.carrier.lookups += [LOST] * 10

    for _ in range(10):
        assert await unfenced.step()

    assert await unfenced.depot.stages() == {"doubtful": 1}


async def test_look_ups_that_always_fail_end_too(unfenced: Room) -> None:
    await unfenced.doubt()
    unfenced.carrier.default_lookup = LOST
    begun = unfenced.time.now

    await unfenced.to_the_end()

    assert unfenced.time.now - begun >= LOOKUP_DEADLINE_S
    assert len(await unfenced.depot.owed()) == 1


async def test_what_is_found_late_is_taken(unfenced: Room) -> None:
    await unfenced.doubt()
    unfenced.carrier.lookups += [ABSENT, LOST, TAKEN]

    for _ in range(3):
        assert await unfenced.step()

    assert await unfenced.depot.stages() == {"awaiting_status": 1}


async def test_each_message_of_a_call_is_resolved_by_itself(unfenced: Room) -> None:
    found, lost = await unfenced.doubt(2)
    unfenced.carrier.lookups.append(
        lambda attempt: {found: Accepted(CarrierRef("J.7")), lost: Doubtful("not found", Evidence.ABSENT)}
    )

    while not await unfenced.depot.owed():
        assert await unfenced.step()

    assert await unfenced.depot.stages() == {"awaiting_status": 1}
    assert [[one.message for one in sent] for _, sent in unfenced.carrier.looked_up][:2] == [[found, lost], [lost]]
    assert len(unfenced.carrier.sent) == 1


async def test_a_carrier_whose_look_ups_cannot_find_anything_is_not_asked(depot: Depot, time: FakeClock) -> None:
    room = Room(depot, time, lookup_resolves=False)
    await room.doubt()

    assert await room.step()

    assert room.carrier.looked_up == []
    assert room.repeats == 0
    assert await depot.stages() == {}
    assert len(await depot.owed()) == 1


# --- waiting for a push -----------------------------------------------------------------------------------------------

PUSH_WAIT_S = 6 * 3600.0


@pytest.fixture
def pushed(depot: Depot, time: FakeClock) -> Room:
    """A carrier that cannot be asked, and pushes."""
    return Room(depot, time, fence_s=FENCE_S, lookup_resolves=False, push_wait_s=PUSH_WAIT_S)


async def test_a_push_is_waited_for_without_a_call(pushed: Room) -> None:
    (number,) = await pushed.doubt()
    begun = pushed.time.now
    pushed.carrier.scripts.append(ARRIVED)

    await pushed.step()  # the repeat
    await pushed.step()  # the beginning of the wait
    due_at = pushed.depot.next_doubt_at()
    await pushed.step()  # its end

    assert due_at == begun + PUSH_WAIT_S
    assert (pushed.repeats, pushed.carrier.looked_up) == (1, [])
    assert await pushed.depot.owed() == [(f"id{number}", "unknown", ErrorCode.OUTCOME_UNKNOWN)]


async def test_a_push_that_comes_meanwhile_ends_the_doubt_with_the_truth(pushed: Room) -> None:
    (number,) = await pushed.doubt()
    pushed.carrier.scripts.append(ARRIVED)
    await pushed.step()
    await pushed.step()
    pushed.time.advance(PUSH_WAIT_S / 2)

    await pushed.depot.real.report(
        [StatusReport(message=number, outcome=Outcome.DELIVERED, final=True)], now=pushed.time.now
    )

    assert await pushed.depot.stages() == {}
    assert pushed.depot.next_doubt_at() is None
    assert await pushed.depot.owed() == [(f"id{number}", "delivered", ErrorCode.NONE)]


async def test_a_doubt_that_holds_up_polls_of_others_does_not_wait(depot: Depot, time: FakeClock) -> None:
    room = Room(depot, time, push_wait_s=PUSH_WAIT_S)
    found, lost = await room.doubt(2)
    begun = time.now
    room.carrier.lookups.append(
        lambda attempt: {found: Accepted(CarrierRef("J.7")), lost: Doubtful("not found", Evidence.ABSENT)}
    )

    while not await depot.owed():
        assert await room.step()

    assert time.now - begun < PUSH_WAIT_S
    assert await depot.stages() == {"awaiting_status": 1}


async def test_look_ups_come_before_the_wait(depot: Depot, time: FakeClock) -> None:
    room = Room(depot, time, push_wait_s=PUSH_WAIT_S)
    await room.doubt()
    begun = time.now

    await room.to_the_end()

    assert len(room.carrier.looked_up) >= LOOKUPS
    assert time.now - begun >= PUSH_WAIT_S


@pytest.mark.parametrize(("evidence", "resent"), [(LOST, 1), (ARRIVED, 0)])
async def test_only_after_the_wait_is_sent_anew_what_nobody_has_heard_of(
    depot: Depot, time: FakeClock, evidence: Any, resent: int
) -> None:
    room = Room(depot, time, fence_s=FENCE_S, lookup_resolves=False, push_wait_s=PUSH_WAIT_S, on_doubt=DoubtRule.RESEND)
    await room.doubt()
    begun = time.now
    room.carrier.default = evidence

    await room.to_the_end()

    assert time.now - begun >= PUSH_WAIT_S
    assert (await depot.stages()).get("queued", 0) == resent


# --- the end by rule --------------------------------------------------------------------------------------------------


async def test_a_doubt_that_is_parked_waits_without_a_receipt(depot: Depot, time: FakeClock) -> None:
    room = Room(depot, time, on_doubt=DoubtRule.PARK)
    await room.doubt()

    await room.to_the_end()

    assert await depot.stages() == {"parked": 1}
    assert await depot.owed() == []
    assert len(room.carrier.sent) == 1


async def test_only_the_written_rule_sends_again_and_says_so(depot: Depot, time: FakeClock) -> None:
    room = Room(depot, time, on_doubt=DoubtRule.RESEND)
    (number,) = await room.doubt()

    await room.to_the_end()
    sent_before = len(room.carrier.sent)
    _, messages = await depot.real.lease("alpha", 10, until=time.now + 60, now=time.now)

    assert sent_before == 1
    assert [message.id for message in messages] == [number]


@pytest.mark.parametrize(
    ("rule", "ending"), [(DoubtRule.UNKNOWN, "unknown"), (DoubtRule.PARK, "parked"), (DoubtRule.RESEND, "resent")]
)
async def test_what_ends_by_rule_is_counted_and_told(
    depot: Depot, time: FakeClock, rule: DoubtRule, ending: str
) -> None:
    room = Room(depot, time, on_doubt=rule, lookup_resolves=False)
    await room.doubt(3)

    with capture_logs() as logs:
        await room.step()

    assert value_of(room.crew.metrics, "doubts_ended_total", carrier="alpha", ending=ending) == 3
    [line] = [line for line in logs if line["event"] == "doubt ended unresolved"]
    assert (line["log_level"], line["rule"], line["messages"]) == ("warning", rule.value, 3)
    assert line["possible_duplicates"] == (3 if ending == "resent" else 0)


async def test_what_is_known_to_have_arrived_is_never_sent_again(depot: Depot, time: FakeClock) -> None:
    room = Room(depot, time, on_doubt=DoubtRule.RESEND, fence_s=FENCE_S)
    (number,) = await room.doubt()
    room.carrier.scripts.append(ARRIVED)

    await room.to_the_end()

    assert len(room.carrier.sent) == 2
    assert await depot.owed() == [(f"id{number}", "unknown", ErrorCode.OUTCOME_UNKNOWN)]


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "fault"),
    [("note_doubt", StoreError("busy")), ("settle", StoreFailedError("gone")), ("settle", ZeroDivisionError())],
)
async def test_a_step_that_cannot_be_stored_is_taken_again_and_keeps_no_other_back(
    fenced: Room, verb: str, fault: Exception
) -> None:
    await fenced.doubt()
    await fenced.doubt()
    fenced.depot.scripted.fail(verb, fault)
    fenced.carrier.default = TAKEN if verb == "settle" else LOST
    fenced.time.advance(2.0)

    await fenced.doubts.turn()
    fenced.depot.scripted.faults.clear()
    fenced.carrier.default = TAKEN
    fenced.time.advance(LEASE_S + 1)
    await fenced.doubts.turn()

    assert await fenced.depot.stages() == {"awaiting_status": 2}
    assert len(set(fenced.carrier.sent)) == 2


async def test_run_goes_on_after_a_fault_and_ends_when_stopped(fenced: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smppgw.workers.doubts.IDLE_S", 0.01)
    await fenced.doubt()
    fenced.time.advance(2.0)
    fenced.depot.scripted.fail("lease_doubts", StoreError("busy"))

    async with fenced.crew.working(fenced.doubts):
        await fenced.depot.scripted.until("settle done", 2)  # the first was that of the call

    assert await fenced.depot.stages() == {"awaiting_status": 1}


async def test_steps_keep_the_pace_of_the_carrier(depot: Depot, time: FakeClock, pauses: list[float]) -> None:
    room = Room(depot, time, fence_s=FENCE_S)
    for _ in range(5):
        await room.doubt()
    room.carrier.limits = CarrierLimits(max_messages=100, calls_per_s=2, max_in_flight=3, fence_s=FENCE_S)
    time.advance(2.0)
    pauses.clear()

    await room.crew.doubts().turn()

    assert room.repeats == 4 + 5
    assert pauses[:1] == [pytest.approx(0.5)]


async def test_repeats_of_calls_of_several_wait_for_their_occasions(
    depot: Depot, time: FakeClock, pauses: list[float]
) -> None:
    room = Room(depot, time, fence_s=FENCE_S, batches_per_s=1.0)
    for _ in range(3):
        await room.doubt(2)
    room.carrier.default = TAKEN
    time.advance(60.0)
    pauses.clear()

    await room.doubts.turn()

    assert await depot.stages() == {"awaiting_status": 6}
    assert sum(pauses) == pytest.approx(2.0)  # three calls, the first at once
