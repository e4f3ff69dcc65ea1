"""What a store promises. ``tests/store/contract.py`` holds every backend to it.

Each method is one transaction: when it returns, a power cut changes nothing; when it raises, nothing was written.
Leases end by themselves. A lease carries a token that the store checks in the very statement that writes, so a worker
that lost its lease changes nothing. The verbs are written so that several nodes on one database can call them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from smppgw.core.assembly import AssemblyRule
from smppgw.core.budgets import Charge, Pot
from smppgw.core.codes import ErrorCode
from smppgw.core.disposition import Disposition, Finished, Requeued
from smppgw.core.doubt import DoubtProgress
from smppgw.core.model import (
    Address,
    Attempt,
    BatchId,
    Cost,
    Decision,
    Message,
    MessageId,
    Outcome,
    Outgoing,
    OutgoingId,
    PushId,
    Sent,
    Stage,
    Submission,
    TrafficClass,
)
from smppgw.core.operations import Addressed, Found, Named, Replacement
from smppgw.core.optout import Optout, Wish
from smppgw.core.pumping import Block
from smppgw.core.tracing import Clue, Sightings, Trace
from smppgw.core.verdict import PushedReport, StatusReport


class StoreError(Exception):
    """The store could not do what was asked; nothing was written."""


class StoreFullError(StoreError):
    """No room (disk full, quota). Submits are refused until there is; the rest goes on."""


class StoreFailedError(StoreError):
    """The storage itself failed (EIO, corruption): what was written last is not known. The process must end."""


class LeaseLostError(StoreError):
    """Some of the rows are no longer covered by the lease."""


class BudgetSpentError(StoreError):
    """A budget that looked as if it had room has none any more: somebody else was faster. The next try knows."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A time-limited right to work on rows."""

    token: int
    until: float
    """Unix seconds."""


@dataclass(frozen=True, slots=True)
class Routed:
    """The way of a completed text."""

    decision: Decision
    """Without carriers: none can take it, and it ends REJECTED."""
    parts: int
    """How many SMS the whole text is billed as."""
    charges: tuple[Charge, ...] = ()
    """As of a segment."""
    text: str | None = None
    """What the text becomes; None: it stays as its parts say."""
    error: ErrorCode = ErrorCode.NO_CARRIER
    """Of its end, where the decision is without carriers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueBatch:
    """An attempt whose messages are due for a status poll."""

    batch: BatchId
    polls: int
    """Polls made so far."""
    prepared_at: float
    due_at: float
    sent: tuple[Sent, ...]
    """Those of its messages that are not final yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDoubt:
    """A doubtful attempt that is due for its next step."""

    attempt: Attempt
    progress: DoubtProgress
    messages: tuple[Message, ...]
    """Those of its messages that are still doubtful."""
    sent: tuple[Sent, ...]
    holds_up_polls: bool = False
    """Whether others of its messages await their status: they are polled when nothing is in doubt any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One message of the past, with what became of it."""

    message: Message
    """As it was submitted, before its route rewrote anything; with its decision and its last carrier."""
    was_taken: bool
    """Whether a carrier has taken it, as far as is known."""
    cost_micros: int | None
    """What it cost, in millionths of the reporting currency; None: nothing, or nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """A message that has just ended."""

    message: MessageId
    account: str
    carrier: str
    """Who had it last; "" where none had."""
    outcome: Outcome
    error: ErrorCode
    accepted_at: float
    sent_at: float | None
    """Start of its last attempt; None where no carrier had it."""
    done_at: float
    recipient: str
    """E.164 digits without plus."""
    country: str
    traffic_class: TrafficClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What accepting submissions led to."""

    completed: tuple[Message, ...] = ()
    """The texts that these parts completed, which now want ``route``."""
    finished: tuple[Finish, ...] = ()
    """Parts that came too late for a text that was sent without them; their receipts are owed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A booking that its carrier's last word has changed."""

    message: MessageId
    account: str
    carrier: str
    parts: int
    """By how many it is more, or less, than was booked."""
    reporting_micros: int | None
    """By how much, in millionths of the reporting currency; None where the price is not known."""
    booked_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOn:
    """A message that its carrier took and provably sent nowhere; the next candidate has it in its queue."""

    carrier: str
    """That next candidate."""
    ended: Finish
    """How it ended with the one that had it; the message itself has not ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What the last words of carriers changed."""

    finished: tuple[Finish, ...] = ()
    """What ended."""
    corrected: tuple[Correction, ...] = ()
    passed_on: tuple[PassedOn, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled(Reported):
    """What settling an attempt changed, with what pushes had said about its messages before."""

    lost: tuple[MessageId, ...] = ()
    """The messages that the lease no longer covers: all or none, and then nothing of them was changed."""
    notified: frozenset[str] = frozenset()
    """The accounts that are owed intermediate notifications now."""
    booked: frozenset[MessageId] = frozenset()
    """The messages taken whose cost the ledger lacked: a push may have brought it before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """A push as it came."""

    id: PushId
    carrier: str
    content_type: str
    body: bytes
    received_at: float
    tries: int
    """How often it was put off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundText:
    """A text for an account, cut into what one ``deliver_sm`` each can hold."""

    account: str
    key: str
    """The carrier's own id of it: one carrier's same key again changes nothing."""
    source: Address
    destination: Address
    data_coding: int
    parts: tuple[str, ...]
    at: float
    wish: Wish | None = None
    """Whether it opts somebody out, or in again; None: neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """A final report about a message that had ended otherwise before; the first end stands."""

    message: MessageId
    stands: Outcome
    reported: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class PushEffects(Reported):
    """What a push changed."""

    booked: frozenset[MessageId] = frozenset()
    """Messages whose cost the ledger lacked, and has now."""
    orphans: int = 0
    """Final reports that no message is known for yet; they wait."""
    contradictions: tuple[Contradiction, ...] = ()
    delivered: frozenset[str] = frozenset()
    """Keys of the inbound texts that are new."""


class OutgoingResult:
    """What became of one ``deliver_sm``."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Acknowledged(OutgoingResult):
    """The ESME has it."""


@dataclass(frozen=True, slots=True)
class Refused(OutgoingResult):
    """The ESME refused it for good: it is closed, its code kept."""

    status: int


@dataclass(frozen=True, slots=True)
class Postponed(OutgoingResult):
    """It is to be tried again at ``due_at``; ``status`` is the ESME's code, 0 where it gave none."""

    due_at: float
    status: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep changed."""

    finished: tuple[Finish, ...]
    """Messages and texts whose validity or assembly time ended."""
    queued: bool
    """Whether something became due."""
    incomplete: int
    """Texts that were joined without their missing parts, and now want ``route`` (they are among ``unrouted``)."""
    doubted: int
    """Attempts whose lease ended without an outcome."""
    parked_too_long: int
    """Parked messages that ended as UNKNOWN, among ``finished``."""
    unmatched: Mapping[str, int]
    """Per carrier, reports of pushes that found no message in their time; they are gone."""
    kept_too_long: int
    """Outgoing messages that were not acknowledged within the retention; they stay, but are no longer tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits, for metrics."""

    messages: Mapping[Stage, int]
    oldest_at: Mapping[Stage, float]
    """Acceptance of the oldest message per stage; stages without messages are missing."""
    outgoing: Mapping[str, int]
    outgoing_oldest_at: Mapping[str, float]
    octets: int
    """Size of the store on disk."""


class Store(Protocol):
    """Durable storage of everything the gateway has promised."""

    async def reserve_ids(self, count: int) -> int:
        """Reserve ``count`` numbers that were never given out before; return the first."""

    async def secret(self, name: str) -> bytes:
        """Return 32 random octets that belong to this store, made at first use and never changed."""

    async def accept(
        self, submissions: Sequence[Submission], rules: Mapping[str, AssemblyRule], now: float
    ) -> Accepted:
        """Store submissions.

        Args:
            submissions: Segments that are whole texts bring their decision; parts bring none.
            rules: Per account, what holds for the texts that these parts start; it is stored with them.
            now: Unix seconds.

        Raises:
            BudgetSpentError: Their charges no longer fit; nothing was written.
        """

    async def route(self, routed: Mapping[MessageId, Routed], now: float) -> Sequence[Finish]:
        """Queue completed texts; one whose decision names no carrier ends REJECTED. Return what ended.

        Raises:
            BudgetSpentError: The charges of one of them no longer fit; all of them still want a route.
        """

    async def unrouted(self, limit: int) -> Sequence[Message]:
        """Return completed texts that lost their router (a crash between two commits), and those of a sweep."""

    async def lease(self, carrier: str, limit: int, *, until: float, now: float) -> tuple[Lease, Sequence[Message]]:
        """Lease queued messages by traffic class, then fairly between accounts, then by age."""

    async def put_back(
        self, dispositions: Mapping[MessageId, Requeued | Finished], *, lease: Lease, now: float
    ) -> Sequence[Finish]:
        """Store what becomes of leased messages that were not begun; return what ended.

        They are queued again, at once or at a time, for this carrier or another one, or they end with their receipts;
        one that may have been sent before ends UNKNOWN. What the lease no longer covers is left alone.
        """

    async def divert(self, carrier: str, reachable: Collection[str], limit: int) -> Sequence[str]:
        """Move queued messages on to a later candidate of their decision; return the carriers that got some.

        For a carrier that cannot be reached: what is queued was certainly not taken. Those without a later candidate
        among the reachable ones stay, so that they go out by whichever carrier comes back first.
        """

    async def begin(self, attempt: Attempt, carrier: str, lease: Lease, now: float) -> None:
        """Store an attempt; its messages are ``sending`` from now on.

        Raises:
            LeaseLostError: One of the messages is not covered any more; nothing was written.
        """

    async def settle(
        self,
        batch: BatchId,
        dispositions: Mapping[MessageId, Disposition],
        *,
        lease: Lease,
        now: float,
        due_at: float | None,
    ) -> Settled:
        """Store what became of each message of an attempt, with the receipts, notifications and costs it causes.

        A segment is owed one intermediate notification at most, and none after the end of its message: what is pending
        of it then is superseded, leased or not.

        A message that is taken ends at once where a push about it has been waiting.

        Args:
            batch: The attempt.
            dispositions: One per message that is still open.
            lease: Of the attempt.
            now: Unix seconds.
            due_at: First poll, or next step of the doubt.
        """

    async def lease_polls(
        self, carrier: str, limit: int, *, until: float, now: float
    ) -> tuple[Lease, Sequence[DueBatch]]:
        """Lease attempts whose statuses are due, at most ``limit`` of them."""

    async def report(
        self,
        reports: Sequence[StatusReport],
        *,
        now: float,
        polled: Mapping[BatchId, float] | None = None,
        lease: Lease | None = None,
    ) -> Reported:
        """Store final reports with the receipts, alerts and corrections they cause; the first one of a message wins.

        What a carrier provably sent nowhere does not end while its decision has a later candidate and it is valid: it
        is queued for that one, without a receipt. Not so where it may have been sent twice, or its call is in doubt.
        What was asked of an attempt changes nothing of a later one.

        The ledger is settled by the first final report that is sure: ``parts`` other than were booked correct it, at
        the price per part of the booking; an outcome that is not UNKNOWN confirms it.

        A recipient is flagged where a message that wants an alert ends as one of ``core.unreached``; the next message
        of the account that ends later and is delivered to him owes the alert, once, and clears the flag.

        Args:
            reports: Those that are not final change nothing; ``parts`` 0 says that nothing is billed.
            now: Unix seconds.
            polled: Attempts that ``lease`` covers, each with the time of its next poll.
            lease: Of the polls.
        """

    async def keep_push(self, carrier: str, content_type: str, body: bytes, now: float) -> None:
        """Keep a push until its effects are stored.

        Raises:
            StoreError: It was not kept; so too where thousands wait already.
        """

    async def lease_pushes(self, limit: int, *, until: float, now: float) -> tuple[Lease, Sequence[Push]]:
        """Lease pushes whose time has come, in the order in which they came."""

    async def optouts(self) -> Mapping[str, Sequence[int]]:
        """Return per account who has opted out: the integers of E.164 digits, in ascending order."""

    async def unbooked(self, carrier: str, reports: Sequence[PushedReport]) -> Sequence[Message | None]:
        """Return the message of each report that proves it taken while the ledger lacks its cost; None for the rest."""

    async def settle_push(
        self,
        push: Push,
        reports: Sequence[PushedReport],
        costs: Mapping[MessageId, Cost],
        inbound: Sequence[InboundText],
        *,
        again_at: float | None,
        lease: Lease,
        now: float,
    ) -> PushEffects | None:
        """Store what a push says, and let go of the push; all of it may be done again and changes nothing then.

        A final report ends its message wherever the carrier may have it; the first final one wins. One that is not
        final settles a doubt: the message awaits its status. A final report of an unknown message waits a day for it.
        What ``report`` says of the ledger, and of what was sent nowhere, holds here too.

        Args:
            push: As leased.
            reports: What it says about messages.
            costs: Of the messages that ``unbooked`` named; those that are missing have no known price.
            inbound: Texts for accounts; the wish of one that is new is stored with it.
            again_at: When the push is to be tried again; None: it is done.
            lease: Of the push.
            now: Unix seconds.

        Returns:
            None where the lease no longer covers it; nothing was changed.
        """

    async def lease_doubts(
        self, carrier: str, limit: int, *, until: float, now: float
    ) -> tuple[Lease, Sequence[DueDoubt]]:
        """Lease doubtful attempts whose next step is due."""

    async def note_doubt(self, batch: BatchId, progress: DoubtProgress, *, lease: Lease, due_at: float) -> None:
        """Store how far a doubt has come, and when its next step is due."""

    async def lease_outgoing(
        self, accounts: Mapping[str, int], *, until: float, now: float
    ) -> tuple[Lease, Sequence[Outgoing]]:
        """Lease due outgoing messages: at most so many per account, oldest first."""

    async def settle_outgoing(self, results: Mapping[OutgoingId, OutgoingResult], *, lease: Lease, now: float) -> None:
        """Store what became of leased outgoing messages; what the lease no longer covers is left alone."""

    async def owed_accounts(self, among: Collection[str], now: float) -> Collection[str]:
        """Return those of the accounts for which something is due that nobody has leased."""

    async def sweep(self, *, outgoing_kept_s: float, now: float) -> Swept:
        """End what waited too long, queue what became due, doubt what lost its worker."""

    async def purge(self, *, before: float, limit: int) -> int:
        """Delete at most ``limit`` messages that ended before, with all that belongs to them; return how many went."""

    async def carriers_with_work(self) -> Sequence[str]:
        """Return the carriers that messages are queued for, or that have not told the outcome of some."""

    async def find(self, named: Named) -> Found | None:
        """Return where a submission stands; None where the account has no such one with that source."""

    async def cancel(self, what: Named | Addressed, now: float) -> Sequence[Finish] | None:
        """End what waits as DELETED, with its receipts; return what ended: nothing where all is out of reach.

        None where the account has no submission of that name. Leased messages that were not begun are ended too.
        """

    async def replace(self, replacement: Replacement, now: float) -> bool:
        """Give a waiting text another content; False, and nothing written, where it waits no more.

        Who has leased the old content loses the message.

        Raises:
            BudgetSpentError: The charges of the new content no longer fit; nothing was written.
        """

    async def keep_blocks(self, blocks: Sequence[Block], now: float) -> None:
        """Keep what accounts do not write to for a while; what has ended is forgotten."""

    async def blocks(self, now: float) -> Sequence[Block]:
        """Return the blocks that have not ended; those that end first come first."""

    async def recent(self, limit: int) -> Sequence[Finish]:
        """Return the newest messages that have ended and that a carrier had, the oldest of them first."""

    async def backlog(self) -> Backlog:
        """Count what waits."""

    async def spent(self, since: Collection[Pot]) -> Mapping[Pot, int]:
        """Return what is used of these pots, and of later ones of the same budgets; nothing is missing but zeros.

        Used is what is booked, and what is reserved by messages that are open; what ended without anybody knowing
        whether it was sent stays reserved. Everything asked of this store before is contained.
        """

    async def billed_parts(self, carrier: str, *, since: float, until: float) -> int:
        """Add up the parts of what a carrier took from ``since`` to before ``until``, as the ledger has them now."""

    def problem(self) -> str | None:
        """Say why the store takes no writes, or None."""

    async def aclose(self) -> None:
        """Finish what waits and close."""


class Archive(Protocol):
    """What is kept, for people who ask. It only reads, and may be open beside a daemon.

    Each method raises ``StoreError`` where the storage cannot be read.
    """

    def secret(self, name: str) -> bytes | None:
        """Return the octets of ``Store.secret``; None where that was never asked for."""

    def optouts(self, account: str | None) -> Sequence[Optout]:
        """Return who has opted out, of one account or of any, by account and number."""

    def search(self, clue: Clue, limit: int) -> Sightings:
        """Find at most ``limit`` messages, and as many inbound texts, that a clue leads to.

        A telephone number is looked for where no other reading leads anywhere, and not without end: what was looked at
        is told.
        """

    def trace(self, number: int) -> Trace | None:
        """Tell all that is known of a message, or of a text that waits for parts; None where there is none."""

    def close(self) -> None:
        """Let go of the storage."""
