"""Workers, crashes and clocks in any order: no message is lost, sent twice, or ended twice.

A hypothesis state machine plays all workers at once, some of them with leases that they lost long ago. What the issue
calls I1 (every accepted segment ends once), I4 (receipts), I5 (conservation) and I6 (money) is checked after each step;
at the end everything is brought to rest, and every segment must have had its one receipt.
"""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from smppgw.core.codes import ErrorCode
from smppgw.core.disposition import Disposition, Doubted, Finished, Parked, Requeued
from smppgw.core.doubt import PARKED_S
from smppgw.core.model import (
    STEPS,
    Attempt,
    BatchId,
    CarrierRef,
    Cost,
    Decision,
    MessageId,
    Outcome,
    Outgoing,
    OutgoingId,
    OutgoingKind,
    Part,
    Stage,
    TrafficClass,
)
from smppgw.core.operations import IdKey, Named, Replacement
from smppgw.core.verdict import Evidence, PushedReport, StatusReport
from smppgw.store.base import (
    Acknowledged,
    DueDoubt,
    Finish,
    Lease,
    LeaseLostError,
    OutgoingResult,
    Postponed,
    Refused,
    Reported,
    Settled,
)
from tests.store.conftest import BACKENDS
from tests.store.room import COST, RECEIVER, FakeClock, Room, final, taken

T = TypeVar("T")

CARRIERS = ("alpha", "beta")
LEAVING = (Stage.SENDING, Stage.DOUBTFUL, Stage.AWAITING_STATUS)
FIRST_STAGES = {Stage.ASSEMBLING, Stage.UNROUTED, Stage.SCHEDULED, Stage.QUEUED}

first_fates = st.sampled_from(["taken", "next carrier", "later", "doubt", "arrived", "reject"])
waiting_fates = st.sampled_from(["as it was", "next carrier", "later", "reject"])
doubt_fates = st.sampled_from(["taken", "resend", "doubt", "park", "unknown"])
outcomes = st.sampled_from([Outcome.DELIVERED, Outcome.UNDELIVERABLE, Outcome.EXPIRED])
asked = st.sampled_from([0x01, 0x11])
"""A receipt, and a notification before it."""


def ended(message: MessageId, outcome: Outcome) -> StatusReport:
    """Make a final report; who expired was not to be reached."""
    error = ErrorCode.VALIDITY_EXCEEDED if outcome is Outcome.EXPIRED else ErrorCode.NONE
    return final(message, outcome, error=error)


PRICE = COST.micros
"""Of one part."""
billed = st.sampled_from([None, 0, 1, 3])


def never_left(message: MessageId) -> StatusReport:
    return final(message, Outcome.UNDELIVERABLE, nothing_left=True, parts=0)


last_words: Sequence[Callable[[MessageId], StatusReport]] = (
    lambda message: ended(message, Outcome.DELIVERED),
    lambda message: ended(message, Outcome.EXPIRED),
    lambda message: ended(message, Outcome.UNKNOWN),
    lambda message: final(message, parts=3),
    never_left,
)
_MEMORY = Path("/dev/shm")
"""Thousands of commits: what is tested here is their order, not the disk."""

_NO_BATCH = BatchId("")


@dataclass(frozen=True, slots=True)
class Held:
    """What some worker holds, or thinks it holds."""

    lease: Lease
    life: int
    """Which start of the daemon gave it out."""
    messages: tuple[MessageId, ...] = ()
    carrier: str = ""
    batch: BatchId = _NO_BATCH
    outgoing: tuple[OutgoingId, ...] = ()


class Workers(RuleBasedStateMachine):
    """All workers of a gateway at once."""

    backend: str = "sqlite"

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=_MEMORY if _MEMORY.is_dir() else None))
        self.runner = asyncio.Runner()
        self.life = 0
        self.accepted: set[int] = set()
        self.late: set[int] = set()
        """Parts that came after their text was sent: they end where they begin."""
        self.may_begin: Counter[int] = Counter()
        self.submissions: list[tuple[int, str]] = []
        self.recipients: dict[int, str] = {}
        """By segment; RECEIVER where it is not named."""
        self.taken_away: set[tuple[int, int]] = set()
        """Lease token and message: what was replaced in somebody's hands."""
        self.queued: list[Held] = []
        self.calls: list[Held] = []
        self.doubts: list[Held] = []
        self.polls: list[Held] = []
        self.receipts: list[Held] = []
        self.called: list[Held] = []
        """Every call so far: carriers push about them for ever."""
        self.done: dict[int, Outcome] = {}
        self.acknowledged: set[int] = set()
        self.told: dict[int, Outcome] = {}
        """The state in each segment's receipt."""
        self.stages: Mapping[int, Stage] = {}
        self.billed: Counter[str] = Counter()
        """What workers were told, in micro-units by carrier."""
        self.settled: set[tuple[int, int]] = set()
        """Attempt and message of what the ledger has for good."""

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for the store."""
        return self.runner.run(work)

    @initialize()
    def start(self) -> None:
        backend, clock = BACKENDS[self.backend](self.folder), FakeClock()
        self.room = Room(backend, clock, self.run(backend.open(clock)))
        for count in (1, 2, 3):
            self.submit("acme", TrafficClass.TRANSACTIONAL, None, 86400, count, 1)

    def teardown(self) -> None:
        try:
            if hasattr(self, "room"):
                self.come_to_rest()
        finally:
            if hasattr(self, "room"):
                self.run(self.room.backend.clean())
            self.runner.close()
            shutil.rmtree(self.folder)

    def holds(self, held: Held) -> bool:
        """Whether the lease still holds, as far as time and deaths go."""
        return held.life == self.life and held.lease.until > self.room.now

    def hear(self, reported: Reported) -> None:
        """What was passed on may begin once more; what was corrected is heard of once."""
        self.note(reported.finished)
        for passed in reported.passed_on:
            self.may_begin[passed.ended.message] += 1
        for correction in reported.corrected:
            self.billed[correction.carrier] += correction.parts * PRICE

    def note(self, finishes: Sequence[Finish]) -> None:
        """No message ends twice."""
        for finish in finishes:
            assert finish.message not in self.done
            self.done[finish.message] = finish.outcome

    # --- intake -------------------------------------------------------------------------------------------------------

    @rule(
        account=st.sampled_from(["acme", "bolt"]),
        traffic_class=st.sampled_from(TrafficClass),
        wait_s=st.sampled_from([None, None, 20]),
        validity_s=st.sampled_from([45, 86400, 86400]),
        count=st.integers(1, 3),
        asked=asked,
    )
    def submit(
        self,
        account: str,
        traffic_class: TrafficClass,
        wait_s: float | None,
        validity_s: float,
        count: int,
        asked: int,
    ) -> None:
        now = self.room.now
        submission = self.room.submission(
            recipients=[f"4917100000{n}" for n in range(10, 10 + count)],
            account=account,
            traffic_class=traffic_class,
            schedule_at=None if wait_s is None else now + wait_s,
            expires_at=now + validity_s,
            registered_delivery=asked,
            wants_alert=True,
        )
        self.run(self.room.accept(submission))
        self.recipients |= {segment.id: segment.recipient for segment in submission.segments}
        self.submissions.append((submission.id, account))
        self.accept(segment.id for segment in submission.segments)

    @rule(
        number=st.integers(1, 2),
        text=st.sampled_from(["a", "b"]),
        reference=st.integers(1, 2),
        asked=asked,
        send_incomplete=st.booleans(),
    )
    def submit_part(self, number: int, text: str, reference: int, asked: int, send_incomplete: bool) -> None:
        self.room.send_incomplete = send_incomplete
        part = self.room.submission(text, part=Part(reference, 2, number), registered_delivery=asked)
        accepted = self.run(self.room.take_in(part))
        self.note(accepted.finished)
        self.late |= {finish.message for finish in accepted.finished}
        self.submissions.append((part.id, "acme"))
        self.accept([part.id])

    def accept(self, segments: Any) -> None:
        for segment in segments:
            self.accepted.add(segment)
            self.may_begin[segment] = 1

    @precondition(lambda self: Stage.UNROUTED in self.stages.values())
    @rule(hopeless=st.booleans())
    def route(self, hopeless: bool) -> None:
        found = self.run(self.room.store.unrouted(10))
        self.note(self.run(self.room.route(*found, carriers=() if hopeless else CARRIERS)))

    # --- what ESMEs do ------------------------------------------------------------------------------------------------

    @rule(data=st.data(), account=st.sampled_from(["acme", "acme", "bolt"]))
    def cancel(self, data: st.DataObject, account: str) -> None:
        number, owner = data.draw(st.sampled_from(self.submissions))
        finishes = self.run(self.room.store.cancel(self.named(number, account), self.room.now))
        assert (finishes is None) is (account != owner)
        self.note(finishes or ())

    @precondition(lambda self: not {Stage.QUEUED, Stage.SCHEDULED}.isdisjoint(self.stages.values()))
    @rule(data=st.data(), wait_s=st.sampled_from([None, 20]), carrier=st.sampled_from(CARRIERS))
    def replace(self, data: st.DataObject, wait_s: float | None, carrier: str) -> None:
        number, account = data.draw(st.sampled_from(self.submissions))
        found = self.run(self.room.store.find(self.named(number, account)))
        assert found is not None
        now = self.room.now
        replacement = Replacement(
            message=MessageId(number),
            account=account,
            text="new",
            parts=1,
            decision=Decision("new", (carrier,)),
            schedule_at=None if wait_s is None else now + wait_s,
            expires_at=now + 86400,
            registered_delivery=1,
        )
        replaced = self.run(self.room.store.replace(replacement, now))
        assert replaced is (found.original is not None)
        if replaced:
            self.taken_away |= {(held.lease.token, number) for held in self.queued if number in held.messages}

    def named(self, number: int, account: str) -> Named:
        return Named(account=account, keys=(IdKey(f"id{number}", number, 1 << 40),), source_addr="ACME")

    # --- dispatch -----------------------------------------------------------------------------------------------------

    @precondition(lambda self: Stage.QUEUED in self.stages.values())
    @rule(carrier=st.sampled_from(CARRIERS), limit=st.integers(1, 4))
    def lease(self, carrier: str, limit: int) -> None:
        lease, messages = self.run(self.room.lease(carrier, limit))
        assert all(message.carrier == carrier for message in messages)
        if messages:
            self.queued.append(Held(lease, self.life, tuple(message.id for message in messages), carrier))

    @precondition(lambda self: self.queued)
    @rule(data=st.data())
    def put_back(self, data: st.DataObject) -> None:
        held = self.queued.pop(data.draw(st.integers(0, len(self.queued) - 1)))
        fates = {number: self.step_back(data.draw(waiting_fates), held.carrier) for number in held.messages}
        self.note(self.run(self.room.store.put_back(fates, lease=held.lease, now=self.room.now)))

    def step_back(self, word: str, carrier: str) -> Requeued | Finished:
        fates: dict[str, Requeued | Finished] = {
            "as it was": Requeued(carrier, None, 0),
            "next carrier": Requeued("beta", None, 1),
            "later": Requeued(carrier, self.room.now + 10, 1),
            "reject": Finished(Outcome.REJECTED, ErrorCode.BLOCKED),
        }
        return fates[word]

    @precondition(lambda self: self.queued)
    @rule(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        self.begin_with(self.queued.pop(data.draw(st.integers(0, len(self.queued) - 1))))

    @precondition(lambda self: Stage.QUEUED in self.stages.values())
    @rule(carrier=st.sampled_from(CARRIERS), limit=st.integers(1, 4))
    def call(self, carrier: str, limit: int) -> None:
        before = len(self.queued)
        self.lease(carrier, limit)
        for held in self.queued[before:]:
            self.begin_with(held)
        del self.queued[before:]

    def begin_with(self, held: Held) -> None:
        attempt = self.room.attempt(*held.messages)
        may = self.holds(held) and all(
            self.stages[number] is Stage.QUEUED and (held.lease.token, number) not in self.taken_away
            for number in held.messages
        )
        try:
            self.run(self.room.store.begin(attempt, held.carrier, held.lease, self.room.now))
        except LeaseLostError:
            assert not may
            return
        assert may
        self.begun(attempt, held)

    def begun(self, attempt: Attempt, held: Held) -> None:
        for number in held.messages:
            self.may_begin[number] -= 1
            assert self.may_begin[number] >= 0, "begun once more, although nothing proves that the carrier lacks it"
        self.calls.append(Held(held.lease, held.life, held.messages, held.carrier, attempt.batch))
        self.called.append(self.calls[-1])

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        held = self.calls.pop(data.draw(st.integers(0, len(self.calls) - 1)))
        fates = {number: self.fate(data.draw(first_fates)) for number in held.messages}
        assert self.store_fates(held, fates) is self.holds(held)

    def fate(self, word: str) -> Disposition:
        later = self.room.now + 10
        fates: dict[str, Disposition] = {
            "taken": taken(),
            "next carrier": Requeued("beta", None, 1),
            "later": Requeued("alpha", later, 1),
            "doubt": Doubted(),
            "arrived": Doubted(Evidence.ARRIVED),
            "reject": Finished(Outcome.REJECTED, ErrorCode.BLOCKED),
            "resend": Requeued("alpha", None, 1, possible_duplicate=True),
            "park": Parked(),
            "unknown": Finished(Outcome.UNKNOWN, ErrorCode.OUTCOME_UNKNOWN),
        }
        return fates[word]

    def store_fates(self, held: Held, fates: dict[MessageId, Disposition]) -> bool:
        """Settle; whether the lease covered it."""
        now = self.room.now
        settled = self.run(self.room.store.settle(held.batch, fates, lease=held.lease, now=now, due_at=now + 5))
        if settled.lost:
            assert settled == Settled(lost=tuple(fates))
            return False
        self.hear(settled)
        self.billed[held.carrier] += len(settled.booked) * PRICE
        for number, fate in fates.items():
            if isinstance(fate, Requeued):
                self.may_begin[number] += 1
        return True

    # --- doubts -------------------------------------------------------------------------------------------------------

    @precondition(lambda self: Stage.DOUBTFUL in self.stages.values())
    @rule(carrier=st.sampled_from(CARRIERS), wait_s=st.sampled_from([0, 5]))
    def lease_doubts(self, carrier: str, wait_s: float) -> None:
        self.room.clock.now += wait_s
        lease, due = self.run(self.room.doubts(carrier))
        for doubt in due:
            self.check_doubt(doubt)
            messages = tuple(message.id for message in doubt.messages)
            self.doubts.append(Held(lease, self.life, messages, carrier, doubt.attempt.batch))

    def check_doubt(self, doubt: DueDoubt) -> None:
        assert doubt.messages
        assert doubt.attempt.body.startswith(b'{"n":')
        assert {sent.message for sent in doubt.sent} == {message.id for message in doubt.messages}

    @precondition(lambda self: self.doubts)
    @rule(data=st.data())
    def settle_doubt(self, data: st.DataObject) -> None:
        held = self.doubts.pop(data.draw(st.integers(0, len(self.doubts) - 1)))
        settled = self.store_fates(held, {number: self.fate(data.draw(doubt_fates)) for number in held.messages})
        assert self.holds(held) or not settled

    # --- statuses -----------------------------------------------------------------------------------------------------

    @precondition(lambda self: Stage.AWAITING_STATUS in self.stages.values())
    @rule(carrier=st.sampled_from(CARRIERS), wait_s=st.sampled_from([0, 5]))
    def lease_polls(self, carrier: str, wait_s: float) -> None:
        self.room.clock.now += wait_s
        lease, due = self.run(self.room.polls(carrier))
        for poll in due:
            assert poll.sent
            self.polls.append(Held(lease, self.life, tuple(sent.message for sent in poll.sent), carrier, poll.batch))

    @precondition(lambda self: self.polls)
    @rule(data=st.data())
    def report(self, data: st.DataObject) -> None:
        held = self.polls.pop(data.draw(st.integers(0, len(self.polls) - 1)))
        known = data.draw(st.lists(st.sampled_from(held.messages), unique=True))
        reports = [data.draw(st.sampled_from(last_words))(number) for number in known]
        polled = {held.batch: self.room.now + 5}
        self.hear(self.run(self.room.store.report(reports, now=self.room.now, polled=polled, lease=held.lease)))

    @precondition(lambda self: self.stages)
    @rule(data=st.data(), word=st.sampled_from(last_words), left=st.booleans())
    def push(self, data: st.DataObject, word: Callable[[MessageId], StatusReport], left: bool) -> None:
        mostly = [number for number, stage in self.stages.items() if stage in LEAVING] if left else []
        number = data.draw(st.sampled_from(sorted(mostly or self.stages)))
        self.hear(self.run(self.room.store.report([word(MessageId(number))], now=self.room.now)))

    @precondition(lambda self: self.called)
    @rule(data=st.data(), outcome=outcomes, is_final=st.booleans(), by_ref=st.booleans(), lost=st.booleans())
    def push_about_a_call(
        self, data: st.DataObject, outcome: Outcome, is_final: bool, by_ref: bool, lost: bool
    ) -> None:
        held = data.draw(st.sampled_from(self.called))
        report = PushedReport(
            batch=None if by_ref else held.batch,
            ref=CarrierRef("J.1") if by_ref else None,
            recipient=self.recipients.get(data.draw(st.sampled_from(held.messages)), RECEIVER),
            outcome=outcome if is_final else Outcome.ENROUTE,
            final=is_final,
            parts=data.draw(billed) if is_final else None,
            nothing_left=is_final and outcome is Outcome.UNDELIVERABLE,
        )
        self.run(self.room.store.keep_push(held.carrier, "", b"", self.room.now))
        lease, pushes = self.run(self.room.store.lease_pushes(9, until=self.room.now + 60, now=self.room.now))
        if lost:
            self.room.clock.now += 60
        for push in pushes:
            costs = self.priced(held.carrier, report)
            effects = self.run(
                self.room.store.settle_push(push, [report], costs, (), again_at=None, lease=lease, now=self.room.now)
            )
            assert (effects is None) is lost
            if effects is not None:
                self.hear(effects)
                self.billed[held.carrier] += sum(costs[number].micros for number in effects.booked)

    def priced(self, carrier: str, report: PushedReport) -> dict[MessageId, Cost]:
        """Price what a push proves taken, as its worker does."""
        (message,) = self.run(self.room.store.unbooked(carrier, [report]))
        if message is None:
            return {}
        micros = (report.parts or message.parts) * PRICE
        return {message.id: Cost(micros, COST.currency, micros)}

    # --- outgoing -----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.stages)
    @rule(account=st.sampled_from(["acme", "bolt"]), limit=st.integers(1, 3))
    def lease_outgoing(self, account: str, limit: int) -> None:
        lease, leased = self.run(self.room.outgoing(account, limit))
        for outgoing in leased:
            self.check_outgoing(outgoing)
        self.receipts.append(Held(lease, self.life, outgoing=tuple(outgoing.id for outgoing in leased)))

    def check_outgoing(self, outgoing: Outgoing) -> None:
        """Never again once acknowledged, never another state; no notice after the end, no alert before a return."""
        number, outcome = outgoing.id, outgoing.outcome
        assert number not in self.acknowledged
        if outgoing.kind is OutgoingKind.ALERT:
            assert self.done[number // 4] is Outcome.EXPIRED
            assert Outcome.DELIVERED in self.done.values()
        elif outgoing.kind is OutgoingKind.INTERMEDIATE:
            assert outcome is Outcome.ENROUTE
            assert number // 4 not in self.told.keys() | self.done.keys(), "notified after the end"
        else:
            assert self.told.setdefault(number // 4, outcome) is outcome

    @precondition(lambda self: self.receipts)
    @rule(data=st.data(), result=st.sampled_from(["taken", "refused", "later"]))
    def settle_outgoing(self, data: st.DataObject, result: str) -> None:
        held = self.receipts.pop(data.draw(st.integers(0, len(self.receipts) - 1)))
        results: Mapping[str, OutgoingResult] = {
            "taken": Acknowledged(),
            "refused": Refused(8),
            "later": Postponed(self.room.now + 5, 20),
        }
        done = dict.fromkeys(held.outgoing, results[result])
        self.run(self.room.store.settle_outgoing(done, lease=held.lease, now=self.room.now))
        if self.holds(held) and result != "later":
            self.acknowledged.update(held.outgoing)

    # --- time and death -----------------------------------------------------------------------------------------------

    def sweep(self) -> None:
        self.note(self.run(self.room.sweep()).finished)

    @rule(seconds=st.sampled_from([1, 5, 10, 10, 60, 130, 800]), sweep=st.booleans())
    def advance(self, seconds: float, sweep: bool) -> None:
        self.room.clock.now += seconds
        if sweep:
            self.sweep()

    @rule(really=st.integers(0, 2))
    def crash_now_and_then(self, really: int) -> None:
        if really == 0:
            self.crash()

    def crash(self) -> None:
        self.run(self.room.crash())
        self.life += 1

    # --- what always holds --------------------------------------------------------------------------------------------

    @invariant()
    def every_step_is_legal_and_nothing_is_lost(self) -> None:
        if not hasattr(self, "room"):
            return
        now = self.run(self.room.backend.stages())
        for number, stage in now.items():
            before = self.stages.get(number)
            first = {Stage.FINAL} if number in self.late else FIRST_STAGES
            legal = first if before is None else STEPS[before] | {before}
            assert stage in legal, f"{before} -> {stage}"
        assert {number for number, stage in now.items() if stage is Stage.FINAL} == set(self.done)
        vanished = {number for number in self.stages if number not in now}
        assert all(self.stages[number] is Stage.ASSEMBLING for number in vanished)
        self.stages = now

    @invariant()
    def what_waits_is_what_is_stored(self) -> None:
        if not hasattr(self, "room"):
            return
        backlog = self.run(self.room.store.backlog()).messages
        stored = Counter(self.stages.values())
        # One attempt may hold doubtful messages and others; it counts as doubtful.
        assert sum(backlog[stage] for stage in LEAVING) == sum(stored[stage] for stage in LEAVING)
        for stage in set(backlog) - set(LEAVING):
            assert backlog[stage] == stored[stage]

    @invariant()
    def somebody_will_come_back_for_everything(self) -> None:
        if hasattr(self, "room"):
            assert self.run(self.room.backend.stuck()) == []

    @invariant()
    def the_ledger_is_what_workers_were_told(self) -> None:
        """Nothing is booked or corrected twice, or unheard; and what is settled is never touched again."""
        if not hasattr(self, "room"):
            return
        entries = self.run(self.room.backend.ledger())
        assert len({(entry.attempt, entry.message) for entry in entries}) == len(entries)
        sums: Counter[str] = Counter()
        for entry in entries:
            assert entry.micros == entry.parts * PRICE
            sums[entry.carrier] += entry.micros
        assert sums == self.billed
        settled = {(entry.attempt, entry.message) for entry in entries if entry.final}
        assert self.settled <= settled
        self.settled = settled

    # --- the end ------------------------------------------------------------------------------------------------------

    def come_to_rest(self) -> None:
        """Let healthy workers finish everything; every segment has then had its one receipt."""
        for _ in range(8):
            self.room.clock.now += 130
            self.crash()
            self.sweep()
            self.route(hopeless=False)
            self.send_everything()
            if Stage.PARKED in self.run(self.room.backend.stages()).values():
                self.take_all_receipts()  # before they have been kept too long
                self.room.clock.now += PARKED_S  # nobody comes for it
                self.sweep()
            self.stages = self.run(self.room.backend.stages())
            if set(self.stages.values()) <= {Stage.FINAL}:
                break
        self.take_all_receipts()

        assert set(self.stages.values()) <= {Stage.FINAL}
        assert set(self.told) == self.accepted

    def send_everything(self) -> None:
        for carrier in CARRIERS:
            lease, messages = self.run(self.room.lease(carrier))
            if messages:
                held = Held(lease, self.life, tuple(message.id for message in messages), carrier)
                attempt = self.room.attempt(*held.messages)
                self.run(self.room.store.begin(attempt, carrier, lease, self.room.now))
                self.begun(attempt, held)
                assert self.store_fates(self.calls.pop(), dict.fromkeys(held.messages, taken()))
            self.resolve(carrier)
            self.room.clock.now += 5
            lease, due = self.run(self.room.polls(carrier))
            reports = [final(sent.message) for poll in due for sent in poll.sent]
            self.hear(self.run(self.room.store.report(reports, now=self.room.now)))

    def resolve(self, carrier: str) -> None:
        lease, due = self.run(self.room.doubts(carrier))
        for doubt in due:
            messages = tuple(message.id for message in doubt.messages)
            held = Held(lease, self.life, messages, carrier, doubt.attempt.batch)
            assert self.store_fates(held, dict.fromkeys(messages, self.fate("unknown")))

    def take_all_receipts(self) -> None:
        for account in ("acme", "bolt"):
            lease, leased = self.run(self.room.outgoing(account))
            for receipt in leased:
                self.check_outgoing(receipt)
            done = {receipt.id: Acknowledged() for receipt in leased}
            self.run(self.room.store.settle_outgoing(done, lease=lease, now=self.room.now))


@pytest.mark.parametrize("backend", BACKENDS)
def test_workers_and_crashes_in_any_order_lose_nothing_and_repeat_nothing(backend: str) -> None:
    class Machine(Workers):
        pass

    Machine.backend = backend
    Machine.TestCase.settings = settings(
        max_examples=60,
        stateful_step_count=50,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # shrinking takes minutes; add Phase.shrink where a failure is hard to read
    )
    run: Callable[[], None] = Machine.TestCase().runTest
    run()
