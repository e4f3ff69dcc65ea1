"""What time alone changes: expiry, lost parts, ended leases, retention."""

import sqlite3
from typing import Final

from smppgw.core.codes import ErrorCode
from smppgw.core.model import WAITING, MessageId, Outcome, Stage
from smppgw.store.base import Finish, Swept
from smppgw.store.sqlite import alerts, budgets, orphans
from smppgw.store.sqlite.accepting import give_up, join_incomplete
from smppgw.store.sqlite.calls import AttemptState
from smppgw.store.sqlite.finishing import End, finish
from smppgw.store.sqlite.outbox import OutboxState
from smppgw.store.sqlite.queues import Queues
from smppgw.store.sqlite.rows import OUTBOX_KINDS, json_ids, ms

_AT_ONCE: Final = 1000
"""Rows that one sweep ends at most, so that it never holds up a submit for long."""


def recover(db: sqlite3.Connection, now: float) -> None:
    """Void all leases of the process that had the store before: it is gone, the lock file proves it."""
    now_ms = ms(now)
    # One transaction: an attempt must not be doubtful while its messages are still sending.
    with db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE attempts SET due_ms = ? WHERE state = 0 AND state < 3", (now_ms,))
        db.execute(
            "UPDATE attempts SET due_ms = ?, token = NULL WHERE state < 3 AND state > 0 AND token IS NOT NULL",
            (now_ms,),
        )
        db.execute("UPDATE messages SET due_ms = NULL, token = NULL WHERE due_ms IS NOT NULL AND token IS NOT NULL")
        db.execute("UPDATE outbox SET due_ms = ?, token = NULL WHERE state = 0 AND token IS NOT NULL", (now_ms,))
        db.execute("UPDATE pushes SET due_ms = ?, token = NULL WHERE token IS NOT NULL", (now_ms,))
        _doubt_abandoned_calls(db, now_ms)


def sweep(db: sqlite3.Connection, queues: Queues, outgoing_kept_s: float, now: float) -> Swept:
    """Do all that is due."""
    now_ms = ms(now)
    alerts.forget(db, now_ms)
    incomplete, failed = _end_assemblies(db, now_ms)
    unparked = _end_parked(db, now_ms)
    return Swept(
        doubted=_doubt_abandoned_calls(db, now_ms),
        incomplete=incomplete,
        finished=(*failed, *_expire(db, now_ms), *unparked),
        parked_too_long=len(unparked),
        unmatched=orphans.give_up(db, now_ms),
        queued=_queue_due(db, queues, now_ms),
        kept_too_long=_stop_old_outgoing(db, now_ms, ms(now - outgoing_kept_s)),
    )


def _doubt_abandoned_calls(db: sqlite3.Connection, now_ms: int) -> int:
    """Doubt calls whose lease ended: their worker is gone, and nobody knows what the carrier did."""
    db.execute(
        """UPDATE attempts SET state = 3, token = NULL, due_ms = NULL, body = NULL, target = NULL
           WHERE state = 0 AND state < 3 AND due_ms <= ? AND open = 0""",  # pushes have ended all of its messages
        (now_ms,),
    )
    found = db.execute(
        """UPDATE attempts SET state = 1, token = NULL WHERE state = 0 AND state < 3 AND due_ms <= ?
           RETURNING id, messages""",
        (now_ms,),
    ).fetchall()
    db.executemany(
        "UPDATE messages SET stage = ? WHERE id IN (SELECT value FROM json_each(?)) AND attempt = ? AND stage = ?",
        ((Stage.DOUBTFUL, messages, attempt, Stage.SENDING) for attempt, messages in found),
    )
    return len(found)


def _end_assemblies(db: sqlite3.Connection, now_ms: int) -> tuple[int, list[Finish]]:
    """End the wait of texts whose missing parts did not come in time, each by its rule.

    Returns:
        How many were joined without them, and those that failed: each part that did come gets its receipt.
    """
    overdue = db.execute(
        "SELECT id, send_incomplete FROM assemblies WHERE state = 0 AND deadline_ms <= ? LIMIT ?", (now_ms, _AT_ONCE)
    ).fetchall()
    incomplete = [number for number, send in overdue if send]
    for number in incomplete:
        join_incomplete(db, number)
    ends = [
        End(give_up(db, number), Outcome.UNDELIVERABLE, ErrorCode.PARTS_MISSING, "", now_ms)
        for number, send in overdue
        if not send
    ]
    db.execute(
        "DELETE FROM assemblies WHERE id IN (SELECT id FROM assemblies WHERE forget_ms <= ? AND state <> 0 LIMIT ?)",
        (now_ms, _AT_ONCE),
    )
    return len(incomplete), finish(db, ends, frozenset({Stage.ASSEMBLING}), now_ms)


def _expire(db: sqlite3.Connection, now_ms: int) -> list[Finish]:
    found = db.execute(
        """SELECT id, possible_duplicate FROM messages INDEXED BY messages_expiry
           WHERE stage <= 3 AND expires_ms <= ? LIMIT ?""",
        (now_ms, _AT_ONCE),
    ).fetchall()
    # What waits to be sent a second time may have arrived the first time: nobody knows.
    unknown, expired = (Outcome.UNKNOWN, ErrorCode.OUTCOME_UNKNOWN), (Outcome.EXPIRED, ErrorCode.EXPIRED_IN_GATEWAY)
    ends = [End(MessageId(number), *(unknown if again else expired), "", now_ms) for number, again in found]
    return finish(db, ends, WAITING, now_ms)


def _end_parked(db: sqlite3.Connection, now_ms: int) -> list[Finish]:
    """End what was parked for a person who did not come: still nobody knows."""
    found = db.execute(
        "SELECT id FROM messages INDEXED BY messages_due WHERE due_ms <= ? AND stage = ? LIMIT ?",
        (now_ms, Stage.PARKED, _AT_ONCE),
    ).fetchall()
    ends = [End(MessageId(number), Outcome.UNKNOWN, ErrorCode.OUTCOME_UNKNOWN, "", now_ms) for (number,) in found]
    return finish(db, ends, frozenset({Stage.PARKED}), now_ms)


def _queue_due(db: sqlite3.Connection, queues: Queues, now_ms: int) -> bool:
    """Queue scheduled and delayed messages whose time has come, and those whose lease ended before a call began."""
    found = db.execute(
        """SELECT id, carrier, traffic_class, account, fair, stage FROM messages INDEXED BY messages_due
           WHERE due_ms <= ? AND stage IN (?, ?) ORDER BY due_ms, id LIMIT ?""",
        (now_ms, Stage.SCHEDULED, Stage.QUEUED, _AT_ONCE),
    ).fetchall()
    db.executemany(
        "UPDATE messages SET stage = ?, due_ms = NULL, token = NULL, fair = ? WHERE id = ?",
        (
            (
                Stage.QUEUED,
                queues.number(carrier, traffic_class, account)
                if stage == Stage.SCHEDULED
                else queues.resume(carrier, traffic_class, fair),
                number,
            )
            for number, carrier, traffic_class, account, fair, stage in found
        ),
    )
    return bool(found)


def _stop_old_outgoing(db: sqlite3.Connection, now_ms: int, before_ms: int) -> int:
    """Stop trying what nobody acknowledged within the retention; it stays in the store, and is counted."""
    return db.execute(
        """UPDATE outbox SET state = ?, settled_ms = ?, token = NULL
           WHERE id IN (SELECT id FROM outbox WHERE state = 0 AND created_ms <= ? LIMIT ?)""",
        (OutboxState.KEPT_TOO_LONG, now_ms, before_ms, _AT_ONCE),
    ).rowcount


def purge(db: sqlite3.Connection, *, after: int, before_ms: int, seen: int, limit: int) -> tuple[int, int]:
    """Delete what ended before, oldest first; costs stay, they are the ledger.

    Numbers grow with time, so what may go stands in front. What is old and open must not keep the rest, so each call
    looks at the ``seen`` rows behind ``after``, and says where the next one goes on: 0 where all that is old was seen.
    """
    found = db.execute(
        "SELECT id, accepted_ms FROM messages WHERE id > ? ORDER BY id LIMIT ?", (after, seen)
    ).fetchall()
    last = found[-1][0] if found else after
    next_after = last if len(found) == seen and found[-1][1] < before_ms else 0
    gone = [
        row[0]
        for row in db.execute(
            """SELECT id FROM messages AS oldest WHERE id > ? AND id <= ?
               AND stage = ? AND done_ms < ? AND NOT EXISTS (SELECT 1 FROM segments s, outbox o
                   WHERE (s.id = oldest.id OR s.message = oldest.id AND s.message <> s.id)
                   AND o.id BETWEEN s.id * ? AND s.id * ? + 3 AND o.segment = s.id AND o.state = 0)
               ORDER BY id LIMIT ?""",
            (after, last, Stage.FINAL, before_ms, OUTBOX_KINDS, OUTBOX_KINDS, limit),
        )
    ]
    if len(gone) == limit:
        next_after = gone[-1]
    ids = json_ids(gone)
    segments = [
        row[0]
        for row in db.execute(
            """SELECT id FROM segments WHERE id IN (SELECT value FROM json_each(:ids)) UNION
               SELECT id FROM segments WHERE message <> id AND message IN (SELECT value FROM json_each(:ids))""",
            {"ids": ids},
        )
    ]
    submissions = db.execute(
        "SELECT DISTINCT submission FROM segments WHERE id IN (SELECT value FROM json_each(?))", (json_ids(segments),)
    ).fetchall()
    db.execute("DELETE FROM messages WHERE id IN (SELECT value FROM json_each(?))", (ids,))
    db.executemany("DELETE FROM segments WHERE id = ?", ((number,) for number in segments))
    db.executemany(
        "DELETE FROM outbox WHERE id BETWEEN ? AND ? AND segment = ?",
        ((number * OUTBOX_KINDS, number * OUTBOX_KINDS + 3, number) for number in segments),
    )
    db.executemany(
        """DELETE FROM submissions WHERE id = :id AND NOT EXISTS (SELECT 1 FROM segments WHERE id = :id)
           AND NOT EXISTS (SELECT 1 FROM segments WHERE submission = :id AND submission <> id)""",
        ({"id": row[0]} for row in submissions),
    )
    db.execute(
        """DELETE FROM attempts WHERE id IN (SELECT id FROM (SELECT id, state, prepared_ms FROM attempts ORDER BY id
           LIMIT ?) WHERE state = ? AND prepared_ms < ?)""",
        (limit, AttemptState.DONE, before_ms),
    )
    db.execute(
        """DELETE FROM outbox WHERE id IN
           (SELECT id FROM outbox WHERE kind = 2 AND state > 0 AND settled_ms < ? LIMIT ?)""",
        (before_ms, limit),
    )
    budgets.forget(db, before_ms)
    return len(gone), next_after
