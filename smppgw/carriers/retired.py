"""Stands in for a carrier that the configuration no longer has, while the store still holds messages of it.

Without it nobody would work for them: what is queued would wait for its expiry, what was sent would never end. It makes
no calls. What is queued was certainly not taken, so it goes to the next candidate of its route, or ends REJECTD; what
was sent ends UNKNOWN at the deadline, what is in doubt at once.
"""

from collections.abc import Hashable, Mapping, Sequence

from smppgw.carriers.base import CarrierLimits
from smppgw.core.billing import BilledOn
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Attempt, Batch, DoubtRule, Message, MessageId, Sent
from smppgw.core.retry import PollSchedule
from smppgw.core.verdict import Doubtful, Evidence, Rejected, StatusReport, Verdict

_GONE = Rejected(ErrorCode.NO_CARRIER, "the carrier is no longer configured")


class Retired:
    """A carrier that is gone."""

    lookup_resolves = False
    polls = PollSchedule()
    on_doubt = DoubtRule.UNKNOWN
    billed_on = BilledOn.SUBMIT
    problem: str | None = "it is no longer configured; what it has is brought to an end"

    def __init__(self, name: str) -> None:
        self.name = name
        self.limits = CarrierLimits(max_messages=500)

    def check(self, message: Message) -> Rejected | None:
        """Refuse everything new."""
        return _GONE

    def group_key(self, message: Message) -> Hashable:
        """All alike."""
        return None

    def prepare(self, batch: Batch, now: float) -> Attempt:
        """Write an attempt that goes nowhere."""
        return Attempt(
            batch=batch.id,
            host="",
            method="",
            target="",
            content_type=None,
            body=b"",
            nonce=None,
            date=None,
            prepared_at=now,
            messages=tuple(message.id for message in batch.messages),
        )

    async def send(self, attempt: Attempt) -> Mapping[MessageId, Verdict]:
        """Say that nothing was sent, which is certain."""
        return dict.fromkeys(attempt.messages, _GONE)

    async def resolve(self, attempt: Attempt, sent: Sequence[Sent]) -> Mapping[MessageId, Verdict]:
        """Find nothing: there is nobody to ask."""
        return {each.message: Doubtful("nobody to ask", Evidence.ABSENT) for each in sent}

    async def statuses(self, sent: Sequence[Sent]) -> Sequence[StatusReport]:
        """Learn nothing."""
        return ()

    async def ready(self) -> None:
        """Nothing to fetch."""

    async def aclose(self) -> None:
        """Nothing to close."""
