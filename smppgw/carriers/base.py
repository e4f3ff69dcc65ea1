"""What every carrier promises. ``tests/carriers/contract.py`` holds each adapter to it; ``ADDING.md`` shows the way.

An adapter turns messages into one HTTP request, reads the answer into verdicts, and finds messages again. It decides
nothing: retries, failover, pacing, doubt and money belong to the workers. It raises nothing for what a carrier or the
network does; an exception from an adapter is a bug.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Protocol, runtime_checkable

from smppgw.core.billing import BilledOn
from smppgw.core.model import Attempt, Batch, DoubtRule, Message, MessageId, Sent
from smppgw.core.retry import PollSchedule
from smppgw.core.verdict import Deferred, PushContents, Rejected, StatusReport, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierLimits:
    """What one call, and all calls together, may be."""

    max_messages: int = 1
    """Messages per call."""
    batch_from: int = 2
    """Fewest messages that are worth a call of several, where ``batches_per_s`` makes it scarce."""
    batches_per_s: float | None = None
    """Calls of several messages a second; None: as often as any call. A carrier whose calls of several are scarce takes
    single messages between them."""
    distinct_recipients: bool = False
    """True where a number may stand in a call only once (Alibaba finds rows by batch and number)."""
    calls_per_s: float = 50.0
    max_in_flight: int = 8
    """Calls at once."""
    linger_s: float = 0.0
    """How long a batch waits for company."""
    fence_s: float | None = None
    """How long an identical repeat cannot send twice, the margin already taken off; None: no such window."""
    push_wait_s: float | None = None
    """How long after an attempt a push may still resolve its doubt; None: no pushes come."""


class Carrier(Protocol):
    """One configured account at an HTTP provider."""

    name: str
    limits: CarrierLimits
    polls: PollSchedule
    on_doubt: DoubtRule
    billed_on: BilledOn
    lookup_resolves: bool
    """Whether ``resolve`` can ever find a message; False: a doubt waits for nothing."""

    @property
    def problem(self) -> str | None:
        """What keeps it from working since ``ready``, for the log; None: nothing known."""

    def check(self, message: Message) -> Rejected | None:
        """Say whether this carrier can ever take this message: text, parts, template, sender, country. Pure, no I/O."""

    def group_key(self, message: Message) -> Hashable:
        """What must be equal for messages to travel in one call. Pure."""

    def prepare(self, batch: Batch, now: float) -> Attempt:
        """Write the exact request for a batch whose messages all passed ``check``. Pure but for randomness."""

    async def send(self, attempt: Attempt) -> Mapping[MessageId, Verdict]:
        """Make the call. Exactly one verdict per message; may be called again with the same attempt."""

    async def resolve(self, attempt: Attempt, sent: Sequence[Sent]) -> Mapping[MessageId, Verdict]:
        """Look up: did you take it? One verdict per message.

        ``Accepted`` when found, ``Doubtful`` with ABSENT when a clean look-up found nothing, ``Doubtful`` with NONE
        when the look-up itself failed.
        """

    async def statuses(self, sent: Sequence[Sent]) -> Sequence[StatusReport]:
        """Ask for the outcome. What cannot be learned now is simply not in the answer."""

    async def ready(self) -> None:
        """Fetch what must be known before the first message (templates, keys), and keep it fresh from then on.

        Once at start. Never raises; bounded.
        """

    async def aclose(self) -> None:
        """End what ``ready`` began and close connections."""


@runtime_checkable
class Admits(Protocol):
    """Optional: a carrier that knows of some calls beforehand that they would be refused."""

    def admit(self, message: Message, now: float) -> Rejected | Deferred | None:
        """Say whether a call for this message now would be refused for certain; None: nothing is known against it.

        Asked when a call could begin, so it must be quick and may not do I/O; what it says counts as the carrier's
        own word. A carrier may take note that a message it admits is on its way.
        """


@runtime_checkable
class Reconciles(Protocol):
    """Optional: a carrier that can be asked how many parts it counts."""

    billing_zone: tzinfo
    """Whose midnight divides its days."""

    async def billed_parts(self, day: date) -> int | None:
        """Return the parts it bills for a day; None when that cannot be learned now. Never raises."""


@dataclass(frozen=True, slots=True)
class PushAnswer:
    """What a pusher wants to hear, with HTTP 200, so that it does not push the same again."""

    content_type: str
    body: bytes


@runtime_checkable
class Pushes(Protocol):
    """What a carrier that calls us has beside the rest."""

    push_answer: PushAnswer
    billed_on: BilledOn

    def read_push(self, body: bytes, content_type: str) -> PushContents:
        """Read the body of one push, whatever it is. Pure; raises nothing: what makes no sense is only counted."""
