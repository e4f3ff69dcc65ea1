"""What the gateway holds: submissions, segments, messages, attempts, receipts, and the legal steps of a message.

A *submission* is what an ESME sent in one request; its *segments* are what a receipt is owed for; a *message* is one
text for one recipient, 1..n segments joined, and the only thing a carrier sees (DESIGN.md section 2). All values are
frozen; times are Unix seconds; money is integers.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple, NewType

from smppgw.core.budgets import Charge
from smppgw.core.codes import ErrorCode

SubmissionId = NewType("SubmissionId", int)
SegmentId = NewType("SegmentId", int)
MessageId = NewType("MessageId", int)
"""Number of a message: that of the segment that completed it, so that a text of one part needs one number only."""
BatchId = NewType("BatchId", str)
"""Our reference for one carrier call (Retarus job ``customerRef``, Alibaba ``OutId`` and ``TaskId``): unique
world-wide, because several gateways may share one carrier account. ASCII letters and digits, at most 32 characters."""
CarrierRef = NewType("CarrierRef", str)
"""The carrier's own id of a message or of its call (Retarus ``jobId``, Alibaba ``BizId`` or ``MessageId``)."""
OutgoingId = NewType("OutgoingId", int)
PushId = NewType("PushId", int)


class Stage(IntEnum):
    """Where a message stands (reliability.md 1.1; the names are those of the metric label ``stage``)."""

    ASSEMBLING = 0
    UNROUTED = 1
    """Complete, but not yet routed: only between the commit of the last part and the commit of its decision."""
    SCHEDULED = 2
    QUEUED = 3
    SENDING = 4
    DOUBTFUL = 5
    PARKED = 6
    AWAITING_STATUS = 7
    FINAL = 8


STEPS: dict[Stage, frozenset[Stage]] = {
    Stage.ASSEMBLING: frozenset({Stage.UNROUTED, Stage.FINAL}),
    Stage.UNROUTED: frozenset({Stage.SCHEDULED, Stage.QUEUED, Stage.FINAL}),
    Stage.SCHEDULED: frozenset({Stage.QUEUED, Stage.FINAL}),
    Stage.QUEUED: frozenset({Stage.SCHEDULED, Stage.SENDING, Stage.FINAL}),
    Stage.SENDING: frozenset({Stage.QUEUED, Stage.DOUBTFUL, Stage.AWAITING_STATUS, Stage.FINAL}),
    Stage.DOUBTFUL: frozenset({Stage.QUEUED, Stage.PARKED, Stage.AWAITING_STATUS, Stage.FINAL}),
    Stage.PARKED: frozenset({Stage.QUEUED, Stage.AWAITING_STATUS, Stage.FINAL}),
    Stage.AWAITING_STATUS: frozenset({Stage.QUEUED, Stage.FINAL}),
    Stage.FINAL: frozenset(),
}
"""The legal steps. AWAITING_STATUS goes back to QUEUED only where a report proves that nothing left the carrier, QUEUED
to SCHEDULED only where a replace_sm names a later time."""

WAITING = frozenset({Stage.ASSEMBLING, Stage.UNROUTED, Stage.SCHEDULED, Stage.QUEUED})
"""Only what waits can expire: what may have left never gets an invented EXPIRED (DESIGN.md section 7)."""


class Outcome(IntEnum):
    """How a message ended, or where it is: the ``message_state`` of SMPP v3.4, 5.2.28."""

    ENROUTE = 1
    DELIVERED = 2
    EXPIRED = 3
    DELETED = 4
    UNDELIVERABLE = 5
    ACCEPTED = 6
    UNKNOWN = 7
    REJECTED = 8


class TrafficClass(IntEnum):
    """What a message is for; the queue of a carrier is drawn in this order."""

    OTP = 0
    TRANSACTIONAL = 1
    MARKETING = 2


class Operation(IntEnum):
    """The request a submission came in."""

    SUBMIT_SM = 0
    DATA_SM = 1
    SUBMIT_MULTI = 2


@dataclass(frozen=True, slots=True)
class Address:
    """An address exactly as the ESME gave it (SMPP v3.4, 5.2.5 to 5.2.9)."""

    ton: int
    npi: int
    addr: str


@dataclass(frozen=True, slots=True)
class Part:
    """The place of a segment in a long text, from UDH or sar_* (SMPP v3.4, 5.2.22 to 5.2.24)."""

    reference: int
    total: int
    number: int
    """1..total."""


class Belief(NamedTuple):
    """What routing knew of one candidate when it decided; None: nothing."""

    carrier: str
    price: int | None = None
    """Per part, in millionths of the reporting currency."""
    delivery_pct: int | None = None
    latency_s: int | None = None
    is_down: bool = False
    """Whether it took nothing at that moment."""


class DropKind(StrEnum):
    """Why a carrier that a rule names is not among the candidates, for those who count."""

    CANNOT_TAKE = "cannot_take"
    """The carrier itself says that it can never take such a message."""
    TOO_DEAR = "too_dear"
    NO_PRICE = "no_price"
    DELIVERS_TOO_LITTLE = "delivers_too_little"
    TOO_SLOW = "too_slow"
    OVER_BUDGET = "over_budget"


class Dropped(NamedTuple):
    """A carrier that a rule names, and that is not among the candidates."""

    carrier: str
    """Empty where the reason is that of the whole message."""
    reason: str
    """For people."""
    kind: DropKind = DropKind.CANNOT_TAKE


class Decision(NamedTuple):
    """What routing decided for one message, and why."""

    rule: str
    """Name of the route that matched."""
    carriers: tuple[str, ...]
    """Candidates in the order in which they are tried."""
    dropped: tuple[Dropped, ...] = ()
    """Carriers of the route that are no candidates for this message."""
    strategy: str = "failover"
    """What put the candidates in order."""
    beliefs: tuple[Belief, ...] = ()
    """What was known of the candidates, where the order depended on it."""
    sender: str | None = None
    """What the sender becomes; None: it stays."""
    hold_until: float | None = None
    """Unix seconds; None: it may go at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One submission for one destination: what a receipt is owed for."""

    id: SegmentId
    destination: Address
    recipient: str
    """E.164 digits without plus."""
    country: str
    """ISO 3166-1 alpha-2, or "" where the number belongs to no country."""
    text: str
    part: Part | None = None
    decision: Decision | None = None
    """Present when this segment is a whole text, which is routed before it is stored; None for one of several parts."""
    parts: int = 1
    """How many SMS this text is billed as."""
    replaced: int = 0
    """Octets, or code units, of what was submitted that meant nothing in their alphabet and stand as ``?``."""
    charges: tuple[Charge, ...] = ()
    """What it reserves of budgets; none where neither its account nor a carrier of its decision has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One accepted ``submit_sm``, ``data_sm`` or ``submit_multi``."""

    id: SubmissionId
    message_id: str
    """The id told to the ESME: text, unique per account."""
    account: str
    operation: Operation
    accepted_at: float
    source: Address
    sender: str
    """The source as carriers take it: E.164 digits without plus, alphanumeric text, or "" for the carrier's default."""
    sender_is_number: bool = False
    service_type: str = ""
    esm_class: int = 0
    protocol_id: int = 0
    priority_flag: int = 0
    data_coding: int = 0
    registered_delivery: int = 0
    schedule_at: float | None = None
    expires_at: float
    """End of validity, fixed at acceptance: a later jump of the clock does not move it."""
    replaceable: bool = False
    user_message_reference: int | None = None
    wants_alert: bool = False
    """Whether its ESME wants to hear when a recipient who could not be reached is back (set_dpf; `core.unreached`)."""
    vendor_tlvs: bytes = b""
    """Optional parameters smppgw does not know, as they stood on the wire."""
    flash: bool = False
    traffic_class: TrafficClass = TrafficClass.TRANSACTIONAL
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One text for one recipient, as workers and carriers see it."""

    id: MessageId
    account: str
    recipient: str
    """E.164 digits without plus."""
    country: str
    sender: str
    sender_is_number: bool
    text: str
    parts: int
    flash: bool
    traffic_class: TrafficClass
    priority_flag: int
    service_type: str
    vendor_tlvs: bytes
    accepted_at: float
    expires_at: float
    data_coding: int = 0
    """Of its first part."""
    schedule_at: float | None = None
    decision: Decision | None = None
    carrier: str = ""
    """The candidate it is queued for now."""
    tries: int = 0
    """Calls that provably did not take it."""
    batch_cap: int | None = None
    """Largest batch it may travel in, after a refusal of a whole batch that may have been another message's fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The messages of one carrier call, all with the same ``Carrier.group_key``."""

    id: BatchId
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One HTTP request, complete but for credentials: stored before its first byte leaves, repeated byte for byte."""

    batch: BatchId
    host: str
    """Scheme and authority, e.g. ``https://sms4a.de2.retarus.com``; no path."""
    method: str
    target: str
    """Path and query, exactly as on the wire."""
    content_type: str | None
    body: bytes
    nonce: str | None
    date: str | None
    prepared_at: float
    messages: tuple[MessageId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a carrier may need to find a message again."""

    message: MessageId
    batch: BatchId
    account: str
    recipient: str
    sent_at: float
    """Start of the attempt."""
    accepted_at: float
    ref: CarrierRef | None
    """None: the call was doubtful, or accepted without an id."""
    host: str
    """Where the attempt went: the datacentre to ask first."""


class Cost(NamedTuple):
    """What a message costs, in millionths of one unit of ``currency`` and of the reporting currency."""

    micros: int
    currency: str
    reporting_micros: int


class OutgoingKind(IntEnum):
    """What waits in the outbox."""

    RECEIPT = 0
    INTERMEDIATE = 1
    INBOUND = 2
    ALERT = 3
    """That a recipient can be reached again."""


class DoubtRule(StrEnum):
    """How a doubt ends that nothing resolved (``on_doubt``)."""

    UNKNOWN = "unknown"
    PARK = "park"
    RESEND = "resend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One ``deliver_sm`` owed to an account, with all that is needed to write it."""

    id: OutgoingId
    account: str
    kind: OutgoingKind
    message_id: str
    source: Address
    """Of the submission; the receipt swaps it with ``destination``."""
    destination: Address
    outcome: Outcome
    error: ErrorCode | int
    submitted_at: float
    done_at: float
    text: str
    """The start of the segment's text (receipts), or what one ``deliver_sm`` holds of the text (inbound)."""
    tries: int
    user_message_reference: int | None = None
    """What the ESME called the message itself; given back in its receipts."""
    data_coding: int = 0
    """Of an inbound text."""
    part: Part | None = None
    """Which part of a long inbound text this is."""
