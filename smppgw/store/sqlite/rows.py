"""Values to rows and back. Texts pass here, so encryption at rest will have one place (``key_id`` 0 = plain)."""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from smppgw.core.codes import ErrorCode
from smppgw.core.doubt import DoubtProgress
from smppgw.core.model import (
    Address,
    Attempt,
    BatchId,
    Belief,
    CarrierRef,
    Decision,
    DropKind,
    Dropped,
    Message,
    MessageId,
    Outcome,
    Outgoing,
    OutgoingId,
    OutgoingKind,
    Part,
    Segment,
    Sent,
    Submission,
    TrafficClass,
)
from smppgw.core.verdict import Evidence

Row = tuple[Any, ...]

_RECEIPT_TEXT_LENGTH = 20
"""Characters of the text that a receipt may show (SMPP v3.4, Appendix B)."""

_PLAIN = "failover"
"""The strategy of a decision that is written in short."""

OUTBOX_KINDS = 4
"""An outbox row has the number of its segment, or its own where it has none, times this, plus its kind."""

ASKS_NOTIFICATION = 1
"""The bit of ``messages.asks`` for an intermediate notification. It stands with the message, which every step reads
anyway, so that what nobody asks for costs no look-up."""
ASKS_ALERT = 2
"""The bit of ``messages.asks`` for an alert."""

_INTERMEDIATE_BIT = 4
"""Of registered_delivery (SMPP v3.4, 5.2.17)."""

ITS_SEGMENTS = "(s.id = m.id OR s.message = m.id AND s.message <> s.id)"
"""A condition: segment ``s`` is one of message ``m``; in the words of the index over segments of several."""


def asks(submission: Submission) -> int:
    """Return what a submission adds to ``messages.asks``."""
    return asks_notification(submission.registered_delivery) | submission.wants_alert * ASKS_ALERT


def asks_notification(registered_delivery: int) -> int:
    """Return ``ASKS_NOTIFICATION`` where it is asked for, else 0."""
    return registered_delivery >> _INTERMEDIATE_BIT & ASKS_NOTIFICATION


def ms(at: float) -> int:
    """Turn Unix seconds into the store's milliseconds."""
    return int(at * 1000 + 0.5)


def ms_or_none(at: float | None) -> int | None:
    """Turn Unix seconds, if any, into milliseconds."""
    return None if at is None else ms(at)


def seconds(at_ms: int) -> float:
    """Turn the store's milliseconds into Unix seconds."""
    return at_ms / 1000


@lru_cache(maxsize=4096)
def decision_text(decision: Decision) -> str:
    """Write a decision; equal ones are written once."""
    parts: list[object] = [decision.rule, decision.carriers, decision.dropped]
    if (
        decision.strategy != _PLAIN
        or decision.beliefs
        or decision.sender is not None
        or decision.hold_until is not None
    ):
        parts += [decision.strategy, decision.beliefs]
        parts += [decision.sender, decision.hold_until]
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=4096)
def decision(text: str) -> Decision:
    """Read a decision; equal ones share one value."""
    rule, carriers, dropped, *more = json.loads(text)
    strategy, beliefs, sender, hold_until = more or (_PLAIN, (), None, None)
    return Decision(
        rule,
        tuple(carriers),
        tuple(Dropped(carrier, reason, DropKind(kind)) for carrier, reason, kind in dropped),
        strategy,
        tuple(Belief(*belief) for belief in beliefs),
        sender,
        hold_until,
    )


INSERT_SUBMISSION = f"INSERT INTO submissions VALUES ({','.join('?' * 24)})"  # noqa: S608 - only question marks


def submission_row(submission: Submission) -> Row:
    """Return the row of a submission."""
    return (
        submission.id, submission.account, submission.message_id, submission.operation, ms(submission.accepted_at),
        submission.source.ton, submission.source.npi, submission.source.addr,
        submission.sender, submission.sender_is_number,
        submission.service_type, submission.esm_class, submission.protocol_id, submission.priority_flag,
        submission.data_coding, submission.registered_delivery,
        ms_or_none(submission.schedule_at), ms(submission.expires_at),
        submission.replaceable, submission.user_message_reference, submission.wants_alert,
        submission.vendor_tlvs or None,
        submission.flash, submission.traffic_class,
    )  # fmt: skip


INSERT_SEGMENT = """INSERT INTO segments (id, submission, message, assembly, number, repeated,
    destination_ton, destination_npi, destination_addr, recipient, country, text, replaced)
    VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"""


def segment_row(
    submission: Submission,
    segment: Segment,
    message: int | None,
    assembly: int | None = None,
    *,
    repeated: bool = False,
) -> Row:
    """Return the row of a segment."""
    destination = segment.destination
    return (
        segment.id, submission.id, message, assembly, segment.part.number if segment.part else None, repeated,
        destination.ton, destination.npi, destination.addr, segment.recipient, segment.country, segment.text,
        segment.replaced,
    )  # fmt: skip


INSERT_MESSAGE = """INSERT INTO messages (id, account, submission, segments, recipient, country, text, parts,
    sender, traffic_class, fair, stage, carrier, decision, accepted_ms, expires_ms, due_ms, asks, charges)
    VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"""

SELECT_MESSAGE = """SELECT m.id, m.account, m.recipient, m.country, u.sender, u.sender_is_number,
    CASE WHEN m.text IS NULL THEN s.text ELSE m.text END, m.parts, u.flash, m.traffic_class, u.priority_flag,
    u.service_type, u.vendor_tlvs, m.accepted_ms, m.expires_ms, u.schedule_ms, m.decision, m.carrier, m.tries,
    m.batch_cap, m.sender, u.data_coding
    FROM messages m JOIN submissions u ON u.id = m.submission LEFT JOIN segments s ON s.id = m.id """


def message(row: Row) -> Message:
    """Return the message of a row of ``SELECT_MESSAGE``."""
    return Message(
        id=row[0],
        account=row[1],
        recipient=row[2],
        country=row[3],
        sender=row[4] if row[20] is None else row[20],
        sender_is_number=row[5] == 1 if row[20] is None else row[20].isdecimal(),
        text=row[6],
        parts=row[7],
        flash=row[8] == 1,
        traffic_class=TrafficClass(row[9]),
        priority_flag=row[10],
        service_type=row[11],
        vendor_tlvs=row[12] or b"",
        accepted_at=row[13] / 1000,
        expires_at=row[14] / 1000,
        schedule_at=None if row[15] is None else row[15] / 1000,
        decision=None if row[16] is None else decision(row[16]),
        carrier=row[17],
        tries=row[18],
        batch_cap=row[19],
        data_coding=row[21],
    )


INSERT_ATTEMPT = """INSERT INTO attempts (batch, carrier, host, method, target, content_type, body, nonce, date,
    prepared_ms, messages, state, open, oldest_ms, due_ms, token) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"""

SELECT_ATTEMPT = """SELECT batch, host, method, target, content_type, body, nonce, date, prepared_ms, messages,
    evidence, repeats, lookups, clean_lookups, first_absent_ms, id, open FROM attempts """


def attempt(row: Row) -> Attempt:
    """Return the attempt of a row of ``SELECT_ATTEMPT``."""
    return Attempt(
        batch=BatchId(row[0]),
        host=row[1],
        method=row[2],
        target=row[3],
        content_type=row[4],
        body=row[5],
        nonce=row[6],
        date=row[7],
        prepared_at=seconds(row[8]),
        messages=tuple(MessageId(number) for number in json.loads(row[9])),
    )


def progress(row: Row) -> DoubtProgress:
    """Return how far the doubt of a row of ``SELECT_ATTEMPT`` has come."""
    return DoubtProgress(
        prepared_at=seconds(row[8]),
        evidence=Evidence(row[10]),
        repeats=row[11],
        lookups=row[12],
        clean_lookups=row[13],
        first_absent_at=None if row[14] is None else seconds(row[14]),
    )


SELECT_SENT = """SELECT m.id, a.batch, m.account, m.recipient, a.prepared_ms, m.accepted_ms, m.ref, a.host, a.id
    FROM attempts a JOIN json_each(a.messages) j JOIN messages m ON m.id = j.value AND m.attempt = a.id """


def sent(row: Row) -> Sent:
    """Return the sent message of a row of ``SELECT_SENT``."""
    return Sent(
        message=row[0],
        batch=row[1],
        account=row[2],
        recipient=row[3],
        sent_at=row[4] / 1000,
        accepted_at=row[5] / 1000,
        ref=None if row[6] is None else CarrierRef(row[6]),
        host=row[7],
    )


SELECT_OUTGOING = """SELECT o.id, o.account, o.kind, u.message_id,
    u.source_ton, u.source_npi, u.source_addr, s.destination_ton, s.destination_npi, s.destination_addr,
    o.outcome, o.error, u.accepted_ms, o.done_ms, s.text, o.tries, u.user_message_reference,
    o.source_ton, o.source_npi, o.source_addr, o.destination_ton, o.destination_npi, o.destination_addr,
    o.data_coding, o.reference, o.total, o.number, o.text
    FROM outbox o LEFT JOIN segments s ON s.id = o.segment LEFT JOIN submissions u ON u.id = s.submission """


def outgoing(row: Row) -> Outgoing:
    """Return the receipt, or the inbound text, of a row of ``SELECT_OUTGOING``."""
    if row[2] == OutgoingKind.INBOUND:
        return _inbound(row)
    return Outgoing(
        id=OutgoingId(row[0]),
        account=row[1],
        kind=OutgoingKind(row[2]),
        message_id=row[3],
        source=Address(row[4], row[5], row[6]),
        destination=Address(row[7], row[8], row[9]),
        outcome=Outcome(row[10]),
        error=ErrorCode(row[11]),
        submitted_at=row[12] / 1000,
        done_at=row[13] / 1000,
        text=row[14][:_RECEIPT_TEXT_LENGTH],  # not by substr(): that ends at a NUL
        tries=row[15],
        user_message_reference=row[16],
    )


def _inbound(row: Row) -> Outgoing:
    reference, total, number = row[24:27]
    return Outgoing(
        id=OutgoingId(row[0]),
        account=row[1],
        kind=OutgoingKind.INBOUND,
        message_id="",
        source=Address(row[17], row[18], row[19]),
        destination=Address(row[20], row[21], row[22]),
        outcome=Outcome(row[10]),
        error=ErrorCode(row[11]),
        submitted_at=row[13] / 1000,
        done_at=row[13] / 1000,
        text=row[27],
        tries=row[15],
        data_coding=row[23],
        part=Part(reference, total, number) if total > 1 else None,
    )


def json_ids(numbers: Sequence[int]) -> str:
    """Write numbers as a JSON array, for ``json_each``."""
    return f"[{','.join(map(str, numbers))}]"
