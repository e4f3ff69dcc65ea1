"""What a store promises. ``tests/store/contract.py`` holds every backend to it.

Each method is one transaction: when it returns, a power cut changes nothing; when it raises, nothing was written.
Leases end by themselves. A lease carries a token that the store checks in the very statement that writes, so a worker
that lost its lease changes nothing. The verbs are written so that several nodes on one database can call them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from smppgw.core.disposition import Disposition
from smppgw.core.doubt import DoubtProgress
from smppgw.core.model import (
    Attempt,
    BatchId,
    Decision,
    Message,
    MessageId,
    Outcome,
    Outgoing,
    OutgoingId,
    Sent,
    Stage,
    Submission,
)
from smppgw.core.operations import Addressed, Found, Named, Replacement
from smppgw.core.verdict import StatusReport


class StoreError(Exception):
    """The store could not do what was asked; nothing was written."""


class StoreFullError(StoreError):
    """No room (disk full, quota). Submits are refused until there is; the rest goes on."""


class StoreFailedError(StoreError):
    """The storage itself failed (EIO, corruption): what was written last is not known. The process must end."""


class LeaseLostError(StoreError):
    """Some of the rows are no longer covered by the lease."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """A message that has just ended."""

    message: MessageId
    account: str
    carrier: str
    """Who had it last; "" where none had."""
    outcome: Outcome
    accepted_at: float


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
    doubted: int
    """Attempts whose lease ended without an outcome."""
    parked_too_long: int
    """Parked messages that ended as UNKNOWN, among ``finished``."""
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
        self, submissions: Sequence[Submission], assembly_s: Mapping[str, float], now: float
    ) -> Sequence[Message]:
        """Store submissions; return the texts that these parts completed, which now want ``route``.

        Args:
            submissions: Segments that are whole texts bring their decision; parts bring none.
            assembly_s: Per account, how long a text may wait for its parts, in seconds.
            now: Unix seconds.
        """

    async def route(self, routed: Mapping[MessageId, Routed], now: float) -> Sequence[Finish]:
        """Queue completed texts; one whose decision names no carrier ends REJECTED. Return what ended."""

    async def unrouted(self, limit: int) -> Sequence[Message]:
        """Return completed texts that lost their router (a crash between two commits)."""

    async def lease(self, carrier: str, limit: int, *, until: float, now: float) -> tuple[Lease, Sequence[Message]]:
        """Lease queued messages by traffic class, then fairly between accounts, then by age."""

    async def release(self, messages: Sequence[MessageId], lease: Lease) -> None:
        """Give leased messages back that were not begun."""

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
    ) -> tuple[Sequence[Finish], Sequence[MessageId]]:
        """Store what became of each message of an attempt, with the receipts and costs it causes.

        Args:
            batch: The attempt.
            dispositions: One per message that is still open.
            lease: Of the attempt.
            now: Unix seconds.
            due_at: First poll, or next step of the doubt.

        Returns:
            What ended, and the messages that the lease no longer covers (nothing of them was changed).
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
    ) -> Sequence[Finish]:
        """Store final reports with the receipts they cause; the first final one of a message wins.

        Args:
            reports: Those that are not final change nothing.
            now: Unix seconds.
            polled: Attempts that ``lease`` covers, each with the time of its next poll.
            lease: Of the polls.
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
        """

    async def backlog(self) -> Backlog:
        """Count what waits."""

    def problem(self) -> str | None:
        """Say why the store takes no writes, or None."""

    async def aclose(self) -> None:
        """Finish what waits and close."""
