"""Everything that the rows of one message tell, put together for people; nothing is written for it beforehand."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Final, NamedTuple

from smppgw.core import assembly
from smppgw.core.codes import ErrorCode
from smppgw.core.model import (
    Address,
    BatchId,
    CarrierRef,
    Cost,
    Operation,
    Outcome,
    OutgoingKind,
    SegmentId,
    Stage,
    TrafficClass,
)
from smppgw.core.tracing import (
    CallState,
    InboundTrace,
    LedgerEntry,
    Owed,
    OwedState,
    Trace,
    TracedAssembly,
    TracedCall,
    TracedPart,
)
from smppgw.core.verdict import Evidence
from smppgw.store.sqlite import rows
from smppgw.store.sqlite.calls import AttemptState
from smppgw.store.sqlite.outbox import OutboxState
from smppgw.store.sqlite.rows import OUTBOX_KINDS, Row, ms, seconds

CALLS_SEARCHED: Final = 50_000
"""Calls that are looked at for earlier ones of a message, at most."""
_CLOCK_BACK_MS: Final = 60_000
"""How far the clock may have been put back between two calls."""

_MESSAGE: Final = (
    rows.SELECT_MESSAGE.replace(
        " FROM messages m",
        """, m.stage, m.due_ms, m.token IS NOT NULL, m.possible_duplicate, m.attempt, m.ref, m.outcome, m.error,
        m.detail, m.done_ms FROM messages m""",
    )
    + "WHERE m.id = ?"
)

_PARTS: Final = """SELECT s.id, u.message_id, u.operation, u.accepted_ms, u.source_ton, u.source_npi, u.source_addr,
    s.destination_ton, s.destination_npi, s.destination_addr, u.data_coding, u.registered_delivery, s.number,
    s.repeated, s.replaced, s.assembly FROM segments s JOIN submissions u ON u.id = s.submission """
_OF_MESSAGE: Final = f"{_PARTS} WHERE s.id = ? UNION ALL {_PARTS} WHERE s.message = ? AND s.message <> s.id ORDER BY 1"
_OF_ASSEMBLY: Final = f"{_PARTS} WHERE s.assembly = ? ORDER BY s.id"

_OWED: Final = """SELECT kind, outcome, error, created_ms, state, tries, status, due_ms, settled_ms FROM outbox """

_CALL: Final = """SELECT id, batch, carrier, host, method, json_array_length(messages), prepared_ms, settled_ms, state,
    due_ms, polls, evidence, repeats, lookups, clean_lookups FROM attempts WHERE id = ?"""


def trace(db: sqlite3.Connection, number: int) -> Trace | None:
    """Tell of the message with this number, or of the part whose text is not complete yet; None: there is neither."""
    db.execute("BEGIN")  # one snapshot, so that the rows fit each other
    try:
        row = db.execute(_MESSAGE, (number,)).fetchone()
        return _waiting(db, number) if row is None else _trace(db, row)
    finally:
        db.execute("COMMIT")


def _trace(db: sqlite3.Connection, row: Row) -> Trace:
    message = rows.message(row)
    stage, due_ms, is_leased, possible_duplicate, attempt, ref, outcome, error, detail, done_ms = row[22:]
    parts = db.execute(_OF_MESSAGE, (message.id, message.id)).fetchall()
    decision = message.decision
    earliest = max(message.accepted_at, message.schedule_at or 0.0, (decision and decision.hold_until) or 0.0)
    heard = _calls(db, message.id, attempt, ms(earliest), done_ms)
    return Trace(
        number=message.id,
        account=message.account,
        sender=message.sender,
        recipient=message.recipient,
        country=message.country,
        text=message.text,
        billed_parts=message.parts,
        traffic_class=message.traffic_class,
        flash=message.flash,
        accepted_at=message.accepted_at,
        schedule_at=message.schedule_at,
        expires_at=message.expires_at,
        parts=tuple(_part(db, part) for part in parts),
        assembly=_assembly(db, parts),
        decision=decision,
        stage=Stage(stage),
        carrier=message.carrier,
        due_at=None if due_ms is None else seconds(due_ms),
        is_leased=bool(is_leased),
        tries=message.tries,
        may_be_twice=bool(possible_duplicate),
        calls=tuple(_call(db, number, attempt) for number in heard.numbers),
        lost_call=heard.lost is not None,
        calls_searched_to=None if heard.searched_to_ms is None else seconds(heard.searched_to_ms),
        ref=None if ref is None else CarrierRef(ref),
        ledger=tuple(_ledger(db, message.id, heard)),
        outcome=None if outcome is None else Outcome(outcome),
        error=ErrorCode(error or 0),
        detail=detail or "",
        done_at=None if done_ms is None else seconds(done_ms),
    )


def _waiting(db: sqlite3.Connection, number: int) -> Trace | None:
    """Tell of a text that waits for other parts, whichever of those that came is asked for."""
    row = db.execute(
        """SELECT s.assembly, u.account, u.sender, s.recipient, s.country, u.traffic_class, u.flash, a.started_ms,
               u.schedule_ms, u.expires_ms, a.total
           FROM segments s JOIN submissions u ON u.id = s.submission JOIN assemblies a ON a.id = s.assembly
           WHERE s.id = ? AND s.message IS NULL""",
        (number,),
    ).fetchone()
    if row is None:
        return None
    parts = db.execute(_OF_ASSEMBLY, (row[0],)).fetchall()
    texts = db.execute("SELECT number, text FROM segments WHERE assembly = ? AND repeated = 0", (row[0],)).fetchall()
    return Trace(
        number=number,
        account=row[1],
        sender=row[2],
        recipient=row[3],
        country=row[4],
        text=assembly.join(dict(texts), row[10]),
        billed_parts=None,
        traffic_class=TrafficClass(row[5]),
        flash=bool(row[6]),
        accepted_at=seconds(row[7]),
        schedule_at=None if row[8] is None else seconds(row[8]),
        expires_at=seconds(row[9]),
        parts=tuple(_part(db, part) for part in parts),
        assembly=_assembly(db, parts),
        decision=None,
        stage=Stage.ASSEMBLING,
        carrier="",
        due_at=None,
        is_leased=False,
        tries=0,
        may_be_twice=False,
        calls=(),
        lost_call=False,
        calls_searched_to=None,
        ref=None,
        ledger=(),
        outcome=None,
        error=ErrorCode.NONE,
        detail="",
        done_at=None,
    )


# --- parts and what is owed for them ----------------------------------------------------------------------------------


def _part(db: sqlite3.Connection, row: Row) -> TracedPart:
    first = row[0] * OUTBOX_KINDS
    owed = db.execute(
        f"{_OWED} WHERE id BETWEEN ? AND ? AND segment = ? ORDER BY created_ms, id",
        (first, first + OUTBOX_KINDS - 1, row[0]),
    )
    return TracedPart(
        segment=SegmentId(row[0]),
        message_id=row[1],
        operation=Operation(row[2]),
        accepted_at=seconds(row[3]),
        source=Address(*row[4:7]),
        destination=Address(*row[7:10]),
        data_coding=row[10],
        registered_delivery=row[11],
        number=row[12],
        repeated=bool(row[13]),
        replaced=row[14],
        owed=tuple(map(_owed, owed.fetchall())),
    )


def _owed(row: Row) -> Owed:
    return Owed(
        kind=OutgoingKind(row[0]),
        outcome=Outcome(row[1]),
        error=ErrorCode(row[2]),
        created_at=seconds(row[3]),
        state=OwedState[OutboxState(row[4]).name],
        tries=row[5],
        status=row[6],
        due_at=seconds(row[7]),
        settled_at=None if row[8] is None else seconds(row[8]),
    )


def _assembly(db: sqlite3.Connection, parts: Sequence[Row]) -> TracedAssembly | None:
    number = next((part[15] for part in parts if part[15] is not None), None)
    row = db.execute(
        "SELECT reference, total, started_ms, deadline_ms, send_incomplete FROM assemblies WHERE id = ?", (number,)
    ).fetchone()
    if row is None:
        return None
    return TracedAssembly(
        reference=row[0],
        total=row[1],
        started_at=seconds(row[2]),
        deadline_at=seconds(row[3]),
        send_incomplete=bool(row[4]),
    )


# --- calls ------------------------------------------------------------------------------------------------------------


class _Heard(NamedTuple):
    """The calls of a message."""

    numbers: list[int]
    """Oldest first."""
    lost: int | None
    """The one it is with, where that is no longer there."""
    searched_to_ms: int | None
    """As in ``Trace``."""


def _calls(db: sqlite3.Connection, message: int, current: int | None, earliest_ms: int, done_ms: int | None) -> _Heard:
    """Find the calls of a message: the one it is with, and, back to when it came, those that did not take it.

    Only the call lists its messages, so earlier ones are found by reading back from where the message left them.
    """
    start = current if current is not None else _last_before(db, done_ms) + 1
    earlier: list[int] = []
    searched_to_ms: int | None = None
    found = db.execute(
        "SELECT id, prepared_ms, messages FROM attempts WHERE id < ? ORDER BY id DESC LIMIT ?", (start, CALLS_SEARCHED)
    )
    for place, (number, prepared_ms, messages) in enumerate(found, start=1):
        if prepared_ms < earliest_ms - _CLOCK_BACK_MS:
            break
        if message in json.loads(messages):
            earlier.append(number)
        if place == CALLS_SEARCHED:
            searched_to_ms = prepared_ms
    earlier.reverse()
    if current is None:
        return _Heard(earlier, None, searched_to_ms)
    if db.execute("SELECT 1 FROM attempts WHERE id = ?", (current,)).fetchone():
        return _Heard([*earlier, current], None, searched_to_ms)
    return _Heard(earlier, current, searched_to_ms)


def _last_before(db: sqlite3.Connection, at_ms: int | None) -> int:
    """Return the number of the last call that was prepared by a time; None: of the last one at all. 0: there is none.

    Numbers grow with time, so halving finds it.
    """
    low, high = 0, (db.execute("SELECT max(id) FROM attempts").fetchone()[0] or 0) + 1
    while at_ms is not None and high - low > 1:
        middle = (low + high) // 2
        row = db.execute(
            "SELECT id, prepared_ms FROM attempts WHERE id <= ? ORDER BY id DESC LIMIT 1", (middle,)
        ).fetchone()
        if row is None or row[1] <= at_ms:
            low = middle
        else:
            high = row[0]
    return high - 1


def _call(db: sqlite3.Connection, number: int, current: int | None) -> TracedCall:
    row = db.execute(_CALL, (number,)).fetchone()
    return TracedCall(
        batch=BatchId(row[1]),
        carrier=row[2],
        host=row[3],
        method=row[4],
        messages=row[5],
        prepared_at=seconds(row[6]),
        settled_at=None if row[7] is None else seconds(row[7]),
        state=CallState[AttemptState(row[8]).name],
        is_current=number == current,
        due_at=None if row[9] is None else seconds(row[9]),
        polls=row[10],
        copy_arrived=row[11] == Evidence.ARRIVED,
        repeats=row[12],
        lookups=row[13],
        clean_lookups=row[14],
    )


def _ledger(db: sqlite3.Connection, message: int, heard: _Heard) -> list[LedgerEntry]:
    numbers = heard.numbers if heard.lost is None else [*heard.numbers, heard.lost]
    return [
        LedgerEntry(
            batch=row[7],
            carrier=row[0],
            is_booking=row[1] == 0,
            is_final=row[8] == 1,
            parts=row[2],
            cost=None if row[3] is None else Cost(*row[3:6]),
            at=seconds(row[6]),
        )
        for number in numbers
        for row in db.execute(
            """SELECT c.carrier, c.kind, c.parts, c.micros, c.currency, c.reporting_micros, c.at_ms, a.batch, c.final
               FROM costs c LEFT JOIN attempts a ON a.id = c.attempt
               WHERE c.attempt = ? AND c.message = ? ORDER BY c.kind""",
            (number, message),
        )
    ]


# --- texts that came in -----------------------------------------------------------------------------------------------


def inbound_of_key(db: sqlite3.Connection, key: str, limit: int) -> list[InboundTrace]:
    """Tell of the texts with this id of their carriers."""
    return _inbound(db, "key = ?", key, limit)


def inbound_from(db: sqlite3.Connection, phone: str, limit: int) -> list[InboundTrace]:
    """Tell of the texts from this number, newest first; reads all texts that are kept."""
    return _inbound(db, "source_addr = ?", phone, limit)


def _inbound(db: sqlite3.Connection, condition: str, value: str, limit: int) -> list[InboundTrace]:
    found = db.execute(
        f"""SELECT carrier, key FROM outbox INDEXED BY outbox_inbound WHERE kind = 2 AND {condition}
            GROUP BY carrier, key ORDER BY max(created_ms) DESC LIMIT ?""",  # noqa: S608 - written above
        (value, limit),
    ).fetchall()
    return [_inbound_trace(db, *place) for place in found]


def _inbound_trace(db: sqlite3.Connection, carrier: str, key: str) -> InboundTrace:
    found = db.execute(
        _OWED.replace(
            " FROM outbox",
            """, account, source_ton, source_npi, source_addr, destination_ton, destination_npi, destination_addr,
            text, done_ms FROM outbox""",
        )
        + "WHERE kind = 2 AND carrier = ? AND key = ? ORDER BY number",
        (carrier, key),
    ).fetchall()
    first = found[0]
    return InboundTrace(
        account=first[9],
        carrier=carrier,
        key=key,
        source=Address(*first[10:13]),
        destination=Address(*first[13:16]),
        text="".join(part[16] for part in found),
        at=seconds(first[17]),
        owed=tuple(map(_owed, found)),
    )
