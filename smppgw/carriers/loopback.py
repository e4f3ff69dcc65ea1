"""A carrier without a network: takes every message at once and answers by the last four digits of the recipient.

For demonstrations, first steps and tests. The digits are those of the carriers' simulators, so that a receipt looks
the same whoever made it. State lives in the messages themselves: after a restart it answers as before.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Annotated, Final, Literal

from pydantic import Field

from smppgw.carriers.base import CarrierLimits
from smppgw.carriers.config import CarrierConfig
from smppgw.carriers.probing import Probe
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Attempt, Batch, CarrierRef, Message, MessageId, Outcome, Sent
from smppgw.core.values import Seconds
from smppgw.core.verdict import Accepted, Rejected, StatusReport, Verdict

DEADLINE_S: Final = 3600.0

Ending = tuple[Outcome, ErrorCode]

DELIVERED: Final[Ending] = (Outcome.DELIVERED, ErrorCode.NONE)

ENDINGS: Final[Mapping[str, Ending | None]] = {
    "0001": (Outcome.UNDELIVERABLE, ErrorCode.INVALID_NUMBER),
    "0002": (Outcome.REJECTED, ErrorCode.BLOCKED),
    "0003": (Outcome.EXPIRED, ErrorCode.VALIDITY_EXCEEDED),
    "0004": (Outcome.UNDELIVERABLE, ErrorCode.NO_ROUTE),
    "0005": (Outcome.UNDELIVERABLE, ErrorCode.UNDELIVERABLE),
    "0008": (Outcome.REJECTED, ErrorCode.NOT_ACCEPTED),
    "0010": (Outcome.UNKNOWN, ErrorCode.CARRIER_FAULT),
    "0012": (Outcome.DELETED, ErrorCode.CANCELLED),
    "0014": (Outcome.UNKNOWN, ErrorCode.KILLED),
    "0015": None,
    "0016": (Outcome.UNKNOWN, ErrorCode.UNKNOWN_STATUS),
    "0017": (Outcome.UNDELIVERABLE, ErrorCode.UNDELIVERABLE),
}
"""How a message ends by the last four digits of its recipient; None: never."""

AT_ONCE: Final = frozenset({"0001", "0002"})


class LoopbackConfig(CarrierConfig):
    """A carrier that only pretends."""

    type: Literal["loopback"] = "loopback"
    final_delay: Annotated[Seconds, Field(ge=0)] = 1.0
    """From acceptance to the final status."""
    max_batch: Annotated[int, Field(ge=1, le=3000)] = 500


class Loopback:
    """Takes every message."""

    lookup_resolves = True
    problem: str | None = None

    def __init__(self, name: str, config: LoopbackConfig, *, clock: Callable[[], float]) -> None:
        self.name = name
        self.limits = CarrierLimits(
            max_messages=config.max_batch,
            calls_per_s=config.calls_per_s,
            max_in_flight=config.max_in_flight,
            linger_s=config.linger,
        )
        self.polls = config.polls(DEADLINE_S)
        self.on_doubt = config.on_doubt
        self.billed_on = config.billed_on
        self._final_delay_s = config.final_delay
        self._clock = clock

    def check(self, message: Message) -> Rejected | None:
        """Refuse nothing."""
        return None

    def group_key(self, message: Message) -> Hashable:
        """Let all messages travel together."""
        return None

    def prepare(self, batch: Batch, now: float) -> Attempt:
        """Write an attempt that goes nowhere."""
        return Attempt(
            batch=batch.id,
            host="loopback:",
            method="POST",
            target="/",
            content_type=None,
            body=b"",
            nonce=None,
            date=None,
            prepared_at=now,
            messages=tuple(message.id for message in batch.messages),
        )

    async def send(self, attempt: Attempt) -> Mapping[MessageId, Verdict]:
        """Accept all."""
        return dict.fromkeys(attempt.messages, _accepted(attempt))

    async def resolve(self, attempt: Attempt, sent: Sequence[Sent]) -> Mapping[MessageId, Verdict]:
        """Find everything: what was sent was accepted."""
        return {one.message: _accepted(attempt) for one in sent}

    async def statuses(self, sent: Sequence[Sent]) -> Sequence[StatusReport]:
        """Answer by the recipient's digits and the time since the attempt."""
        now = self._clock()
        return [self._report(one, now) for one in sent]

    async def ready(self) -> None:
        """Nothing to fetch."""

    async def probe(self) -> Sequence[Probe]:
        """Say that it is always there."""
        return (Probe(place="loopback", reachable=True, authenticated=None, seconds=0.0, words="no network needed"),)

    async def aclose(self) -> None:
        """Nothing to close."""

    def _report(self, one: Sent, now: float) -> StatusReport:
        digits = one.recipient[-4:]
        final_at = one.sent_at if digits in AT_ONCE else one.sent_at + self._final_delay_s
        ending = ENDINGS.get(digits, DELIVERED)
        if ending is None or now < final_at:
            return StatusReport(message=one.message, outcome=Outcome.ENROUTE, final=False)
        outcome, error = ending
        return StatusReport(
            message=one.message,
            outcome=outcome,
            final=True,
            error=error,
            detail=f"loopback {digits}" if digits in ENDINGS else "loopback",
            at=final_at,
            nothing_left=error is ErrorCode.NO_ROUTE,
        )


def _accepted(attempt: Attempt) -> Accepted:
    return Accepted(CarrierRef(f"L.{attempt.batch}"))
