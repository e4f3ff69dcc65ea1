"""What can be told of one message afterwards: who asks brings a clue, and gets a trace. Values only.

A trace is put together from the rows that a message has anyway. What is no longer there is None, and never guessed.
"""

from dataclasses import dataclass
from enum import StrEnum

from smppgw.core.codes import ErrorCode
from smppgw.core.model import (
    Address,
    BatchId,
    CarrierRef,
    Cost,
    Decision,
    Operation,
    Outcome,
    OutgoingKind,
    SegmentId,
    Stage,
    TrafficClass,
)
from smppgw.core.operations import IdKey

# --- who is asked for -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Clue:
    """What somebody knows of a message, in all its readings; each of them may be empty."""

    keys: tuple[IdKey, ...] = ()
    """As a message_id that an ESME was told."""
    ref: str
    """As a carrier's reference of a message or of an inbound text, or as our reference of a call."""
    number: int | None = None
    """As the number of a message (`core.model.MessageId`)."""
    phone: str | None = None
    """As a telephone number, E.164 digits without plus."""


class FoundBy(StrEnum):
    """Which reading of a clue led to a message."""

    MESSAGE_ID = "message_id"
    CARRIER_REFERENCE = "carrier reference"
    CALL = "our reference of a call"
    NUMBER = "our number of the message"
    RECIPIENT = "recipient"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One message that a clue led to."""

    number: int
    """That of the message; that of its part, where its text is not complete."""
    found_by: FoundBy
    account: str
    message_id: str
    """Of the submission whose options apply."""
    recipient: str
    """E.164 digits without plus."""
    accepted_at: float
    carrier: str
    """"" where none has been chosen."""
    stage: Stage
    outcome: Outcome | None
    """None while it is not final."""
    error: ErrorCode


class OwedState(StrEnum):
    """What became of a ``deliver_sm``."""

    PENDING = "pending"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    KEPT_TOO_LONG = "kept too long"
    SUPERSEDED = "superseded"
    """A notification that the end of its message has overtaken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """One ``deliver_sm`` for an account; times are Unix seconds."""

    kind: OutgoingKind
    outcome: Outcome
    error: ErrorCode
    created_at: float
    state: OwedState
    tries: int
    status: int | None
    """The last command_status of its ESME that was not ESME_ROK."""
    due_at: float
    """Of its next try, or the end of the one that is under way."""
    settled_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundTrace:
    """A text that somebody sent to a number of ours."""

    account: str
    carrier: str
    key: str
    """The carrier's own id of it."""
    source: Address
    destination: Address
    text: str
    at: float
    """When it was sent or came in."""
    owed: tuple[Owed, ...]
    """The ``deliver_sm`` of each of its parts, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sightings:
    """What a clue led to."""

    messages: tuple[Sighting, ...] = ()
    """Newest first."""
    inbound: tuple[InboundTrace, ...] = ()
    """Newest first."""
    more: bool = False
    """Whether there may be others beyond the limit."""
    gone: tuple[str, ...] = ()
    """Readings of the clue as an id that was given out, but that nothing in the store has any more."""
    searched: int = 0
    """Messages that were looked at for a telephone number."""
    searched_to: float | None = None
    """Acceptance of the oldest of them, where older ones were not looked at."""


# --- what is told -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedPart:
    """One segment, with what its ESME submitted it as; times are Unix seconds."""

    segment: SegmentId
    message_id: str
    operation: Operation
    accepted_at: float
    source: Address
    destination: Address
    data_coding: int
    registered_delivery: int
    number: int | None
    """Its place in a long text; None: it is the whole text."""
    repeated: bool
    """Whether it brought nothing new, or came too late; its text does not count."""
    replaced: int
    """Octets, or code units, that meant nothing in their alphabet."""
    owed: tuple[Owed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedAssembly:
    """The wait of a long text for its parts; known until some minutes after its end."""

    reference: int
    """As in the user data header or sar_msg_ref_num."""
    total: int
    started_at: float
    deadline_at: float
    send_incomplete: bool
    """Whether what came is sent when the time ends; else the text fails."""


class CallState(StrEnum):
    """Where an attempt stands."""

    CALLING = "calling"
    DOUBTFUL = "doubtful"
    AWAITING = "awaiting status"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedCall:
    """One attempt that the message was part of; times are Unix seconds."""

    batch: BatchId
    carrier: str
    host: str
    method: str
    messages: int
    """How many it had."""
    prepared_at: float
    settled_at: float | None
    """The last time that an answer, a repeat or a look-up told something."""
    state: CallState
    is_current: bool
    """Whether the message is still with it, or ended with it; else it was queued again afterwards."""
    due_at: float | None
    """Next poll, next step of the doubt, or the end of the one that is under way."""
    polls: int
    copy_arrived: bool
    """Whether the carrier said that an earlier copy had come."""
    repeats: int
    lookups: int
    clean_lookups: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """What the ledger has about one hand-off."""

    batch: BatchId | None
    """Of the call; None where that is no longer in the store."""
    carrier: str
    is_booking: bool
    """Made at the hand-off; else a correction that stands in its place."""
    is_final: bool
    """Whether it is what the carrier said last."""
    parts: int
    cost: Cost | None
    """None: the price is unknown."""
    at: float
    """Of the booking, also in its correction; Unix seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """All that is known of one message; times are Unix seconds."""

    number: int
    """As of ``Sighting``."""
    account: str
    sender: str
    """As carriers take it; "" for the carrier's default."""
    recipient: str
    """E.164 digits without plus."""
    country: str
    text: str
    """As it is sent; of an incomplete text, what has come."""
    billed_parts: int | None
    """None while nobody has counted."""
    traffic_class: TrafficClass
    flash: bool
    accepted_at: float
    schedule_at: float | None
    expires_at: float
    parts: tuple[TracedPart, ...]
    """In the order in which they came."""
    assembly: TracedAssembly | None
    decision: Decision | None
    stage: Stage
    carrier: str
    due_at: float | None
    """Scheduled, delayed, leased or parked until; None: now."""
    is_leased: bool
    tries: int
    """Calls that provably did not take it, as far as they count."""
    may_be_twice: bool
    """Whether it was sent once more although the first call may have taken it."""
    calls: tuple[TracedCall, ...]
    """Oldest first."""
    lost_call: bool
    """Whether the call it was with is no longer in the store."""
    calls_searched_to: float | None
    """Calls before this time were not looked at; None: all that can have had it were."""
    ref: CarrierRef | None
    ledger: tuple[LedgerEntry, ...]
    outcome: Outcome | None
    """None while it is not final."""
    error: ErrorCode
    detail: str
    """The carrier's own words for its end."""
    done_at: float | None
    """By the carrier's clock, where that told."""
