"""A store with a clock that stands still, and short words for what workers do with it.

The tests of the contract speak to ``Room`` only. A backend brings the few things that the ``Store`` protocol rightly
does not have: opening, dying like a killed process, and a look at what is stored.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

from smppgw.core.assembly import AssemblyRule
from smppgw.core.budgets import Charge, Pot
from smppgw.core.codes import ErrorCode
from smppgw.core.disposition import Disposition, Requeued, Taken
from smppgw.core.model import (
    Address,
    Attempt,
    BatchId,
    CarrierRef,
    Cost,
    Decision,
    Message,
    MessageId,
    Operation,
    Outcome,
    Outgoing,
    Part,
    Segment,
    SegmentId,
    Stage,
    Submission,
    SubmissionId,
)
from smppgw.core.verdict import StatusReport
from smppgw.store.base import Accepted, Acknowledged, Archive, DueBatch, DueDoubt, Finish, Lease, Routed, Store, Swept

START = 1_700_000_000.0
ASSEMBLY_S = 120.0
RECEIVER = "491710000001"
ACCOUNTS = ("acme", "bolt")
COST = Cost(75_000, "EUR", 75_000)


class FakeClock:
    """Stands still until it is told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Entry(NamedTuple):
    """A row of the ledger."""

    attempt: int
    message: int
    carrier: str
    parts: int
    micros: int | None
    reporting_micros: int | None
    at_ms: int
    final: bool


class Backend(Protocol):
    """One kind of storage, empty when it is made."""

    async def open(self, clock: FakeClock) -> Store:
        """Open the storage, or open it again."""

    async def kill(self, store: Store) -> None:
        """Leave everything as the sudden death of the process that holds ``store`` would."""

    async def stages(self) -> Mapping[int, Stage]:
        """Return the stage of each message; segments that wait for other parts stand as ASSEMBLING."""

    async def open_counts(self) -> Mapping[str, int]:
        """Return how many messages each attempt that is not done still has to ask about."""

    async def taken_out(self) -> Mapping[Pot, int]:
        """Return what the messages have taken out of each pot, added up one by one; no zeros."""

    async def costs(self) -> Sequence[tuple[int, int | None]]:
        """Return message and micro-units of each booking."""

    async def ledger(self) -> Sequence[Entry]:
        """Return what each hand-off costs, as far as is known."""

    async def flagged(self) -> Sequence[int]:
        """Return the messages that are marked as possible duplicates."""

    async def replaced(self) -> Mapping[int, int]:
        """Return how many octets of each segment were replaced, where there were some."""

    async def stuck(self) -> Sequence[int]:
        """Return the messages that left, are not final, and that nobody will ever ask about again."""

    def archive(self) -> Archive:
        """Open what only reads, beside the store."""

    async def clean(self) -> None:
        """Close what is left open."""


@dataclass(slots=True)
class Room:
    """The store of the moment, and what a worker's life is made of."""

    backend: Backend
    clock: FakeClock
    store: Store
    last_id: int = 0
    batches: int = 0
    send_incomplete: bool = False
    """The rule for texts whose first part comes now."""

    @property
    def now(self) -> float:
        """Unix seconds."""
        return self.clock.now

    async def crash(self) -> None:
        """Die in the middle of everything, and start again."""
        await self.backend.kill(self.store)
        self.store = await self.backend.open(self.clock)

    def new_id(self) -> int:
        """Return a number that was not used yet."""
        self.last_id += 1
        return self.last_id

    # --- submissions --------------------------------------------------------------------------------------------------

    def submission(
        self,
        text: str = "hello",
        *,
        part: Part | None = None,
        carriers: tuple[str, ...] = ("alpha", "beta"),
        recipients: Sequence[str] = (RECEIVER,),
        replaced: int = 0,
        charges: tuple[Charge, ...] = (),
        **changes: Any,
    ) -> Submission:
        """Make a submission with a segment for each recipient; a part when ``part`` is given."""
        segments = tuple(
            Segment(
                id=SegmentId(self.new_id()),
                destination=Address(1, 1, recipient),
                recipient=recipient,
                country="DE",
                text=text,
                part=part,
                decision=None if part else Decision("default", carriers),
                replaced=replaced,
                charges=charges,
            )
            for recipient in recipients
        )
        made = Submission(
            id=SubmissionId(segments[0].id),
            message_id=f"id{segments[0].id}",
            account="acme",
            operation=Operation.SUBMIT_SM,
            accepted_at=self.now,
            source=Address(5, 0, "ACME"),
            sender="ACME",
            registered_delivery=1,
            expires_at=self.now + 3600,
            segments=segments,
        )
        return replace(made, **changes)

    async def accept(self, *submissions: Submission) -> Sequence[Message]:
        """Accept submissions; return the texts they completed."""
        return list((await self.take_in(*submissions)).completed)

    async def take_in(self, *submissions: Submission) -> Accepted:
        """Accept submissions; return all that came of it."""
        rule = AssemblyRule(ASSEMBLY_S, self.send_incomplete)
        return await self.store.accept(submissions, dict.fromkeys(ACCOUNTS, rule), self.now)

    async def submit(self, text: str = "hello", **changes: Any) -> MessageId:
        """Accept one whole text; return its number."""
        submission = self.submission(text, **changes)
        await self.accept(submission)
        return MessageId(submission.segments[0].id)

    async def submit_part(self, number: int, total: int, text: str, **changes: Any) -> tuple[int, Sequence[Message]]:
        """Accept one part of a text; return its number and the texts it completed."""
        submission = self.submission(text, part=Part(changes.pop("reference", 7), total, number), **changes)
        return submission.segments[0].id, await self.accept(submission)

    async def route(self, *messages: Message, carriers: tuple[str, ...] = ("alpha", "beta")) -> Sequence[Finish]:
        """Give completed texts their way."""
        routed = {message.id: Routed(Decision("default", carriers), 2) for message in messages}
        return await self.store.route(routed, self.now)

    # --- calls --------------------------------------------------------------------------------------------------------

    async def lease(self, carrier: str = "alpha", limit: int = 100, for_s: float = 60) -> tuple[Lease, list[Message]]:
        """Lease queued messages."""
        lease, messages = await self.store.lease(carrier, limit, until=self.now + for_s, now=self.now)
        return lease, list(messages)

    async def give_back(self, lease: Lease, *messages: MessageId, carrier: str = "alpha") -> None:
        """Put messages back as they were."""
        now = dict.fromkeys(messages, Requeued(carrier, None, 0))
        await self.store.put_back(now, lease=lease, now=self.now)

    def attempt(self, *messages: MessageId, **changes: Any) -> Attempt:
        """Make an attempt for messages, under a batch id of its own."""
        self.batches += 1
        made = Attempt(
            batch=BatchId(f"batch{self.batches}"),
            host="https://alpha.example",
            method="POST",
            target="/jobs?x=1",
            content_type="application/json",
            body=b'{"n":%d}' % self.batches,
            nonce=f"nonce{self.batches}",
            date="2023-11-14T22:13:20Z",
            prepared_at=self.now,
            messages=messages,
        )
        return replace(made, **changes)

    async def call(self, carrier: str = "alpha", limit: int = 100) -> tuple[Lease, BatchId, list[MessageId]]:
        """Lease what is queued and begin an attempt with it."""
        lease, messages = await self.lease(carrier, limit)
        numbers = [message.id for message in messages]
        attempt = self.attempt(*numbers)
        await self.store.begin(attempt, carrier, lease, self.now)
        return lease, attempt.batch, numbers

    async def settle(
        self, batch: BatchId, lease: Lease, dispositions: Mapping[MessageId, Disposition], due_in_s: float | None = 5
    ) -> tuple[Sequence[Finish], Sequence[MessageId]]:
        """Settle an attempt; return what ended, and what the lease no longer covers."""
        due_at = None if due_in_s is None else self.now + due_in_s
        settled = await self.store.settle(batch, dispositions, lease=lease, now=self.now, due_at=due_at)
        return settled.finished, settled.lost

    async def send(self, carrier: str = "alpha", limit: int = 100) -> tuple[BatchId, list[MessageId]]:
        """Send what is queued; the carrier takes all of it."""
        lease, batch, numbers = await self.call(carrier, limit)
        await self.settle(batch, lease, dict.fromkeys(numbers, taken()))
        return batch, numbers

    async def polls(self, carrier: str = "alpha", for_s: float = 60) -> tuple[Lease, list[DueBatch]]:
        """Lease due polls."""
        lease, due = await self.store.lease_polls(carrier, 100, until=self.now + for_s, now=self.now)
        return lease, list(due)

    async def doubts(self, carrier: str = "alpha", for_s: float = 60) -> tuple[Lease, list[DueDoubt]]:
        """Lease due doubts."""
        lease, due = await self.store.lease_doubts(carrier, 100, until=self.now + for_s, now=self.now)
        return lease, list(due)

    async def report(self, message: MessageId, outcome: Outcome = Outcome.DELIVERED) -> Sequence[Finish]:
        """Store a final report, as a push brings it."""
        return list((await self.store.report([final(message, outcome)], now=self.now)).finished)

    # --- outgoing -----------------------------------------------------------------------------------------------------

    async def outgoing(
        self, account: str = "acme", limit: int = 10_000, for_s: float = 60
    ) -> tuple[Lease, list[Outgoing]]:
        """Lease what is owed to an account."""
        lease, leased = await self.store.lease_outgoing({account: limit}, until=self.now + for_s, now=self.now)
        return lease, list(leased)

    async def receipts(self, account: str = "acme") -> dict[int, tuple[Outcome, int]]:
        """Take and acknowledge all receipts that are due; return outcome and error by submission number."""
        lease, leased = await self.outgoing(account)
        await self.store.settle_outgoing({one.id: Acknowledged() for one in leased}, lease=lease, now=self.now)
        found = {int(one.message_id.removeprefix("id")): (one.outcome, int(one.error)) for one in leased}
        assert len(found) == len(leased), "two receipts for one segment"
        return found

    async def sweep(self, kept_s: float = 7 * 86400) -> Swept:
        """Do what time alone changes."""
        return await self.store.sweep(outgoing_kept_s=kept_s, now=self.now)

    # --- looks --------------------------------------------------------------------------------------------------------

    async def waiting(self) -> dict[Stage, int]:
        """Return the stages in which something waits, with how much; proved against what is really stored."""
        backlog = await self.store.backlog()
        stored = Counter(stage for stage in (await self.backend.stages()).values() if stage is not Stage.FINAL)
        waiting = {stage: count for stage, count in backlog.messages.items() if count}
        assert waiting == dict(stored)
        return waiting

    async def stage(self, message: int) -> Stage:
        """Return where a message stands."""
        return (await self.backend.stages())[message]


def taken(ref: str | None = "J.1", cost: Cost | None = COST) -> Taken:
    """Return the disposition of a message that the carrier took."""
    return Taken(None if ref is None else CarrierRef(ref), 1, cost)


def final(message: MessageId, outcome: Outcome = Outcome.DELIVERED, **changes: Any) -> StatusReport:
    """Make a final report."""
    error = ErrorCode.NONE if outcome is Outcome.DELIVERED else ErrorCode.UNDELIVERABLE
    return replace(StatusReport(message=message, outcome=outcome, final=True, error=error), **changes)
