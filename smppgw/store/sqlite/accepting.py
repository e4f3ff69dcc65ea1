"""Store submissions, join parts into texts, queue texts for their carrier."""

import sqlite3
from collections.abc import Mapping, Sequence

from smppgw.core import assembly
from smppgw.core.assembly import REMEMBERED_S, AssemblyRule, AssemblyState, Known, Placement
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Decision, Message, MessageId, Outcome, Segment, SegmentId, Stage, Submission
from smppgw.store.base import Accepted, Finish, Routed
from smppgw.store.sqlite import budgets, notifying, rows
from smppgw.store.sqlite.finishing import End, finish, owe_to_segment
from smppgw.store.sqlite.queues import Queues
from smppgw.store.sqlite.rows import Row, ms


def accept(
    db: sqlite3.Connection,
    queues: Queues,
    submissions: Sequence[Submission],
    rules: Mapping[str, AssemblyRule],
    now: float,
) -> Accepted:
    """Store submissions; texts wait for their parts by the rules of their accounts."""
    segments: list[Row] = []
    messages: list[Row] = []
    parts: list[tuple[Submission, Segment]] = []
    for submission in submissions:
        for segment in submission.segments:
            if segment.decision is None:
                parts.append((submission, segment))
            else:
                segments.append(rows.segment_row(submission, segment, segment.id))
                messages.append(_message_row(queues, submission, segment, segment.decision, now))
    budgets.reserve(db, (charge for one in submissions for segment in one.segments for charge in segment.charges))
    db.executemany(rows.INSERT_SUBMISSION, map(rows.submission_row, submissions))
    db.executemany(rows.INSERT_SEGMENT, segments)
    db.executemany(rows.INSERT_MESSAGE, messages)
    placed = [_place(db, submission, segment, rules[submission.account], now) for submission, segment in parts]
    return Accepted(
        completed=tuple(each for each in placed if isinstance(each, Message)),
        finished=tuple(each for each in placed if isinstance(each, Finish)),
    )


def _message_row(queues: Queues, submission: Submission, segment: Segment, decision: Decision, now: float) -> Row:
    carrier = decision.carriers[0]
    stage, due_ms = start(submission.schedule_at, decision, now)
    # A scheduled message gets its place when its time comes: it must not push back what its account sends now.
    fair = queues.number(carrier, submission.traffic_class, submission.account) if stage is Stage.QUEUED else 0
    return (
        segment.id, submission.account, submission.id, 1, segment.recipient, segment.country, None, segment.parts,
        decision.sender, submission.traffic_class, fair, stage, carrier,
        rows.decision_text(decision), ms(submission.accepted_at), ms(submission.expires_at), due_ms,
        rows.asks(submission), budgets.text(segment.charges),
    )  # fmt: skip


def start(schedule_at: float | None, decision: Decision, now: float) -> tuple[Stage, int | None]:
    """Return the first stage of a routed text, and when it is due: when it was asked for, and its route lets it go."""
    due_at = max(schedule_at or now, decision.hold_until or now)
    return (Stage.SCHEDULED, ms(due_at)) if due_at > now else (Stage.QUEUED, None)


# --- parts ------------------------------------------------------------------------------------------------------------


def _place(
    db: sqlite3.Connection, submission: Submission, segment: Segment, rule: AssemblyRule, now: float
) -> Message | Finish | None:
    """Store one part where it belongs; return the text when it is complete, the end of a part that came too late."""
    assert segment.part is not None  # noqa: S101 - a segment without decision is a part
    number, message, known = _known(db, submission, segment, now)
    placement = assembly.place(segment.part.number, segment.text, known)
    if placement is Placement.STARTS:
        number = _start_assembly(db, submission, segment, rule, now)
        texts = {}
    elif placement is Placement.JOINS and known is not None:
        texts = dict(known.texts)
    elif placement is Placement.COMES_LATE and known is not None and known.state is AssemblyState.PARTIAL:
        return _fail_alone(db, submission, segment, number, now)
    else:
        _share_outcome(db, submission, segment, number, message, now, repeated=placement is Placement.REPEATS)
        return None
    db.execute(rows.INSERT_SEGMENT, rows.segment_row(submission, segment, None, number))
    texts[segment.part.number] = segment.text
    if not assembly.is_complete(texts, segment.part.total):
        return None
    text = assembly.join(texts, segment.part.total)
    _close(db, number, segment.id, text, Stage.UNROUTED, AssemblyState.COMPLETE)
    return rows.message(db.execute(rows.SELECT_MESSAGE + "WHERE m.id = ?", (segment.id,)).fetchone())


def _known(
    db: sqlite3.Connection, submission: Submission, segment: Segment, now: float
) -> tuple[int, MessageId | None, Known | None]:
    """Return the newest assembly under the part's key: its number, message and parts."""
    assert segment.part is not None  # noqa: S101 - as above
    found = db.execute(
        """SELECT id, state, message FROM assemblies WHERE recipient = ? AND reference = ? AND total = ?
           AND account = ? AND sender = ? AND forget_ms > ? ORDER BY id DESC LIMIT 1""",
        (segment.recipient, segment.part.reference, segment.part.total, submission.account, submission.sender, ms(now)),
    ).fetchone()
    if found is None:
        return 0, None, None
    number, state, message = found
    texts = db.execute("SELECT number, text FROM segments WHERE assembly = ? AND repeated = 0", (number,)).fetchall()
    return number, message, Known(AssemblyState(state), dict(texts))


def _start_assembly(
    db: sqlite3.Connection, submission: Submission, segment: Segment, rule: AssemblyRule, now: float
) -> int:
    assert segment.part is not None  # noqa: S101 - as above
    deadline = now + rule.wait_s
    cursor = db.execute(
        """INSERT INTO assemblies (account, sender, recipient, reference, total, state, send_incomplete, started_ms,
           deadline_ms, forget_ms) VALUES (?,?,?,?,?,?,?,?,?,?)""",
        (
            submission.account, submission.sender, segment.recipient, segment.part.reference, segment.part.total,
            AssemblyState.OPEN, rule.send_incomplete, ms(submission.accepted_at), ms(deadline),
            ms(deadline + REMEMBERED_S),
        ),
    )  # fmt: skip
    return cursor.lastrowid or 0


def _share_outcome(
    db: sqlite3.Connection,
    submission: Submission,
    segment: Segment,
    number: int,
    message: MessageId | None,
    now: float,
    *,
    repeated: bool,
) -> None:
    """Store a part that adds nothing to its text; its receipt is that of the text, at once when the text has ended."""
    db.execute(rows.INSERT_SEGMENT, rows.segment_row(submission, segment, message, number, repeated=repeated))
    if message is not None:
        asks = rows.asks(submission)
        db.execute("UPDATE messages SET segments = segments + 1, asks = asks | ? WHERE id = ?", (asks, message))
        if asks & rows.ASKS_NOTIFICATION:
            notifying.owe_to_segment(db, segment.id, message, ms(now))
        owe_to_segment(db, segment.id, message, now)


def _fail_alone(db: sqlite3.Connection, submission: Submission, segment: Segment, number: int, now: float) -> Finish:
    """Fail a part that comes after its text was sent without it: what becomes of the text is not its outcome.

    Its text does not count, so that the same part again fails too.
    """
    db.execute(rows.INSERT_SEGMENT, rows.segment_row(submission, segment, segment.id, number, repeated=True))
    db.execute(
        rows.INSERT_MESSAGE,
        (
            segment.id, submission.account, submission.id, 1, segment.recipient, segment.country, None, segment.parts,
            None, submission.traffic_class, 0, Stage.ASSEMBLING, "", None, ms(submission.accepted_at),
            ms(submission.expires_at), None, rows.asks(submission), None,
        ),
    )  # fmt: skip
    late = End(MessageId(segment.id), Outcome.UNDELIVERABLE, ErrorCode.PARTS_MISSING, "", ms(now))
    return finish(db, [late], frozenset({Stage.ASSEMBLING}), ms(now))[0]


def give_up(db: sqlite3.Connection, number: int) -> MessageId:
    """Fail an open assembly; the segments that came share one message, whose end its caller writes."""
    return _close(db, number, _first(db, number), "", Stage.ASSEMBLING, AssemblyState.FAILED)


def join_incomplete(db: sqlite3.Connection, number: int) -> None:
    """Turn the segments of an open assembly into one message that wants a route, without those that did not come."""
    texts = db.execute("SELECT number, text FROM segments WHERE assembly = ? AND repeated = 0", (number,)).fetchall()
    total: int = db.execute("SELECT total FROM assemblies WHERE id = ?", (number,)).fetchone()[0]
    text = assembly.join(dict(texts), total)
    _close(db, number, _first(db, number), text, Stage.UNROUTED, AssemblyState.PARTIAL)


def _first(db: sqlite3.Connection, number: int) -> SegmentId:
    first: SegmentId = db.execute("SELECT min(id) FROM segments WHERE assembly = ?", (number,)).fetchone()[0]
    return first


def _close(
    db: sqlite3.Connection, number: int, segment: SegmentId, text: str, stage: Stage, state: AssemblyState
) -> MessageId:
    """Turn the segments of an assembly into one message, numbered as one of them, with the options of the first."""
    db.execute("UPDATE assemblies SET state = ?, message = ? WHERE id = ?", (state, segment, number))
    db.execute("UPDATE segments SET message = ? WHERE assembly = ?", (segment, number))
    db.execute(
        """INSERT INTO messages (id, account, submission, segments, recipient, country, text, parts,
               traffic_class, fair, stage, carrier, accepted_ms, expires_ms, asks)
           SELECT :message, u.account, u.id, (SELECT count(*) FROM segments WHERE assembly = :number),
               s.recipient, s.country, :text, (SELECT total FROM assemblies WHERE id = :number),
               u.traffic_class, 0, :stage, '', (SELECT started_ms FROM assemblies WHERE id = :number), u.expires_ms,
               (SELECT max(v.registered_delivery >> 4 & 1) + 2 * max(v.wants_alert)
                FROM segments p JOIN submissions v ON v.id = p.submission WHERE p.assembly = :number)
           FROM segments s JOIN submissions u ON u.id = s.submission
           WHERE s.assembly = :number AND s.repeated = 0 ORDER BY s.number LIMIT 1""",
        {"message": segment, "number": number, "text": text, "stage": stage},
    )
    return MessageId(segment)


# --- routing of completed texts ---------------------------------------------------------------------------------------


def route(db: sqlite3.Connection, queues: Queues, routed: Mapping[MessageId, Routed], now: float) -> list[Finish]:
    """Queue completed texts; end those that no carrier can take."""
    hopeless: list[End] = []
    for number, choice in routed.items():
        row = db.execute(
            """SELECT m.account, m.traffic_class, u.schedule_ms FROM messages m
               JOIN submissions u ON u.id = m.submission WHERE m.id = ? AND m.stage = ?""",
            (number, Stage.UNROUTED),
        ).fetchone()
        if row is None:
            continue  # another node routed it, or it has expired
        account, traffic_class, schedule_ms = row
        decision = choice.decision
        budgets.reserve(db, choice.charges)
        db.execute(
            """UPDATE messages SET decision = ?, parts = ?, sender = ?, text = coalesce(?, text), charges = ?
               WHERE id = ?""",
            (
                rows.decision_text(decision), choice.parts, decision.sender, choice.text, budgets.text(choice.charges),
                number,
            ),
        )  # fmt: skip
        if not decision.carriers:
            reason = "; ".join(
                f"{one.carrier}: {one.reason}" if one.carrier else one.reason for one in decision.dropped
            )
            hopeless.append(End(number, Outcome.REJECTED, choice.error, reason, ms(now)))
            continue
        carrier = decision.carriers[0]
        stage, due_ms = start(None if schedule_ms is None else schedule_ms / 1000, decision, now)
        fair = queues.number(carrier, traffic_class, account) if stage is Stage.QUEUED else 0
        db.execute(
            "UPDATE messages SET stage = ?, carrier = ?, due_ms = ?, fair = ? WHERE id = ?",
            (stage, carrier, due_ms, fair, number),
        )
    return finish(db, hopeless, frozenset({Stage.UNROUTED}), ms(now))


def unrouted(db: sqlite3.Connection, limit: int) -> list[Message]:
    """Return completed texts that still want a route."""
    found = db.execute(rows.SELECT_MESSAGE + "WHERE m.stage = 1 AND m.stage IN (1, 2, 6) LIMIT ?", (limit,))
    return [rows.message(row) for row in found]
