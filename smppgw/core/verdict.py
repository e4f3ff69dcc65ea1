"""What carriers say: a verdict about a submit call, a report about a status, a text that somebody sent to us.

These are values, not exceptions: a carrier's refusal is an everyday fact, and exactly one of four things must happen to
each message of a call (reliability.md 1.2).
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from smppgw.core.codes import ErrorCode
from smppgw.core.model import BatchId, CarrierRef, MessageId, Outcome


class Evidence(IntEnum):
    """What is known of a doubtful call."""

    NONE = 0
    """The call ended without an answer that proves anything."""
    ARRIVED = 1
    """The carrier says that an earlier copy came (Retarus 409, Alibaba ``SignatureNonceUsed``): never resend."""
    ABSENT = 2
    """A complete, clean look-up did not find it."""


class PauseCause(StrEnum):
    """Why a carrier as a whole takes nothing although it answers (metric label ``cause``)."""

    LOGIN = "login"
    """Key, password, permission or contract refused: somebody has to act."""
    MONEY = "money"
    """The carrier account has no credit: somebody has to act."""
    QUOTA = "quota"
    """A daily or monthly limit of the carrier account is used up."""
    THROTTLE = "throttle"
    """Too many calls."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The carrier has it. Certain: a complete, valid success answer."""

    ref: CarrierRef | None = None
    parts: int | None = None
    """Billed parts, where the answer tells."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The carrier does not have it and will not take it. Certain."""

    error: ErrorCode
    reason: str
    """The carrier's own word, short, never a text or a number."""
    outcome: Outcome = Outcome.REJECTED
    """How the message ends when no other carrier takes it."""
    may_fail_over: bool = True
    """False where the fault is the recipient's: another carrier must not be used to get round a block list."""
    whole_batch: bool = False
    """True where one bad message may have spoilt the call: the batch is halved and tried again."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """The carrier does not have it, but may take it later. Certain."""

    reason: str
    not_before: float | None = None
    """Unix seconds, where the carrier named a time."""
    whole_carrier: bool = False
    """True where the cause is not this message: wrong credentials, no money, throttling, no connection."""
    pause: PauseCause | None = None
    """What the carrier said it was, with ``whole_carrier``; None: it said nothing of the kind."""

    @property
    def holds_carrier(self) -> bool:
        """Whether the carrier as a whole is left alone until ``not_before``, when one message may find out more."""
        return self.whole_carrier and self.not_before is not None


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Nobody knows whether the carrier has it."""

    reason: str
    evidence: Evidence = Evidence.NONE


Verdict = Accepted | Rejected | Deferred | Doubtful


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """What a status look-up said about one message."""

    message: MessageId
    outcome: Outcome
    """ENROUTE while not final."""
    final: bool
    error: ErrorCode = ErrorCode.NONE
    detail: str = ""
    """The carrier's own words for it, at most 120 characters, never a text or a number."""
    at: float | None = None
    """When it ended, by the carrier's clock, Unix seconds."""
    parts: int | None = None
    """Billed parts, where the carrier tells; 0: it bills nothing."""
    nothing_left: bool = False
    """True where the report proves that the carrier sent nothing, so that another may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedReport:
    """What a push said about one message, before anybody knows which one that is.

    It is found by ``batch``, else by ``ref``; ``recipient`` says which of several with the same one.
    """

    batch: BatchId | None = None
    """Our reference, where the push gives it back."""
    ref: CarrierRef | None = None
    recipient: str = ""
    """E.164 digits without plus; "" where the push names none, which is enough where a call had one message."""
    outcome: Outcome
    """ENROUTE while not final."""
    final: bool
    error: ErrorCode = ErrorCode.NONE
    detail: str = ""
    """As in ``StatusReport``."""
    at: float | None = None
    """When it ended, by the carrier's clock, Unix seconds."""
    parts: int | None = None
    """Billed parts, where the carrier tells; 0: it bills nothing."""
    nothing_left: bool = False
    """As in ``StatusReport``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A text that somebody sent to a number of ours."""

    key: str
    """The carrier's own id of it: the same one again is the same text again."""
    sender: str
    """``+`` and E.164 digits, or as the carrier wrote it."""
    destination: str
    """The number or extension code it was sent to, in the same form."""
    text: str
    """Well-formed: never a lone surrogate."""
    at: float | None = None
    """When it was sent or came in, Unix seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushContents:
    """What the body of one push holds."""

    reports: tuple[PushedReport, ...] = ()
    inbound: tuple[Inbound, ...] = ()
    unreadable: int = 0
    """Rows that make no sense; 1 for a body that makes none."""
