"""Carrier calls: lease messages, store the attempt, store what came of it, resolve doubts."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any

from smppgw.core.codes import ErrorCode
from smppgw.core.disposition import Disposition, Doubted, Finished, Parked, Requeued, Taken
from smppgw.core.doubt import PARKED_S, DoubtProgress
from smppgw.core.model import Attempt, BatchId, Message, MessageId, Outcome, Stage
from smppgw.core.verdict import Evidence
from smppgw.store.base import DueDoubt, Finish, Lease, LeaseLostError, Reported, Settled
from smppgw.store.sqlite import ledger, notifying, orphans, rows
from smppgw.store.sqlite.concluding import conclude
from smppgw.store.sqlite.finishing import End, finish
from smppgw.store.sqlite.queues import Queues
from smppgw.store.sqlite.rows import json_ids, ms, ms_or_none


class AttemptState(IntEnum):
    """Where an attempt stands.

    Where a statement wants a partial index, the number stands in its text: SQLite does not look into parameters.
    """

    CALLING = 0
    DOUBTFUL = 1
    AWAITING = 2
    DONE = 3


IN_DOUBT = frozenset({Stage.SENDING, Stage.DOUBTFUL})


def lease(
    db: sqlite3.Connection, queues: Queues, carrier: str, limit: int, lease: Lease, now: float
) -> tuple[Lease, list[Message]]:
    """Lease queued messages in their fair order."""
    found = db.execute(
        rows.SELECT_MESSAGE.replace(" FROM messages m", ", m.fair FROM messages m INDEXED BY messages_queue")
        + """WHERE m.carrier = ? AND m.stage = 3 AND m.due_ms IS NULL AND m.expires_ms > ?
             ORDER BY m.traffic_class, m.fair LIMIT ?""",
        (carrier, ms(now), limit),
    ).fetchall()
    db.executemany(
        "UPDATE messages SET token = ?, due_ms = ? WHERE id = ?",
        ((lease.token, ms(lease.until), row[0]) for row in found),
    )
    for row in found:
        queues.draw(carrier, row[9], row[22])
    return lease, [rows.message(row) for row in found]


def carriers_with_work(db: sqlite3.Connection) -> list[str]:
    """Return the carriers with open messages; reads indexes only."""
    found = db.execute(
        """SELECT carrier FROM messages INDEXED BY messages_queue WHERE stage = 3 AND due_ms IS NULL UNION
           SELECT carrier FROM messages INDEXED BY messages_due WHERE due_ms IS NOT NULL UNION
           SELECT carrier FROM attempts INDEXED BY attempts_due WHERE state < 3"""
    )
    return [row[0] for row in found]


def put_back(
    db: sqlite3.Connection,
    queues: Queues,
    dispositions: Mapping[MessageId, Requeued | Finished],
    lease: Lease,
    now: float,
) -> list[Finish]:
    """Store what becomes of messages that were leased and not begun, if the lease still covers them."""
    covered = db.execute(
        """SELECT id, possible_duplicate, carrier, traffic_class, account, fair FROM messages
           WHERE id IN (SELECT value FROM json_each(?)) AND token = ? AND stage = ? AND due_ms > ?""",
        (json_ids(list(dispositions)), lease.token, Stage.QUEUED, ms(now)),
    ).fetchall()
    ends: list[End] = []
    for number, again, *place in covered:
        match dispositions[number]:
            case Requeued() as step:
                _queue_again(db, queues, number, place, step)
            case Finished() as end:
                ends.append(_end(number, end, None, again=again, now=now))
    return finish(db, ends, frozenset({Stage.QUEUED}), ms(now))


def _end(number: MessageId, end: Finished, attempt: int | None, *, again: bool, now: float) -> End:
    """Say how a message ended; of one that was sent twice, a refusal tells nothing about the first copy."""
    if again:
        return End(number, Outcome.UNKNOWN, ErrorCode.OUTCOME_UNKNOWN, "", ms(now), attempt)
    return End(number, end.outcome, end.error, end.detail, ms(now), attempt)


def divert(db: sqlite3.Connection, queues: Queues, carrier: str, reachable: Collection[str], limit: int) -> list[str]:
    """Move queued messages to their next reachable candidate, those first that would go first."""
    found = db.execute(
        """SELECT id, account, traffic_class, decision FROM messages INDEXED BY messages_queue
           WHERE carrier = :carrier AND stage = 3 AND due_ms IS NULL AND EXISTS (
               SELECT 1 FROM json_each(decision, '$[1]') mine, json_each(decision, '$[1]') later
               WHERE mine.value = :carrier AND later.key > mine.key
               AND later.value IN (SELECT value FROM json_each(:reachable)))
           ORDER BY traffic_class, fair LIMIT :limit""",
        {"carrier": carrier, "reachable": json.dumps(sorted(reachable)), "limit": limit},
    ).fetchall()
    moves: list[tuple[str, int, int]] = []
    for number, account, traffic_class, text in found:
        candidates = rows.decision(text).carriers
        following = next(each for each in candidates[candidates.index(carrier) + 1 :] if each in reachable)
        moves.append((following, queues.number(following, traffic_class, account), number))
    db.executemany("UPDATE messages SET carrier = ?, fair = ? WHERE id = ?", moves)
    return sorted({move[0] for move in moves})


def begin(db: sqlite3.Connection, attempt: Attempt, carrier: str, lease: Lease, now: float) -> None:
    """Store the attempt and hand its messages over to it; all of them or nothing."""
    oldest_ms = db.execute(
        "SELECT min(accepted_ms) FROM messages WHERE id IN (SELECT value FROM json_each(?))",
        (json_ids(attempt.messages),),
    ).fetchone()[0]
    cursor = db.execute(
        rows.INSERT_ATTEMPT,
        (
            attempt.batch, carrier, attempt.host, attempt.method, attempt.target, attempt.content_type, attempt.body,
            attempt.nonce, attempt.date, ms(attempt.prepared_at), json_ids(attempt.messages), AttemptState.CALLING,
            len(attempt.messages), oldest_ms or 0, ms(lease.until), lease.token,
        ),
    )  # fmt: skip
    handed_over = db.executemany(
        """UPDATE messages SET stage = ?, attempt = ?, due_ms = NULL, token = NULL
           WHERE id = ? AND stage = ? AND token = ? AND due_ms > ?""",
        ((Stage.SENDING, cursor.lastrowid, number, Stage.QUEUED, lease.token, ms(now)) for number in attempt.messages),
    ).rowcount
    if handed_over != len(attempt.messages):
        raise LeaseLostError(f"batch {attempt.batch}: {len(attempt.messages) - handed_over} messages no longer leased")


def settle(
    db: sqlite3.Connection,
    queues: Queues,
    batch: BatchId,
    dispositions: Mapping[MessageId, Disposition],
    lease: Lease,
    now: float,
    due_at: float | None,
) -> Settled:
    """Store what became of the messages of an attempt, if the lease still covers it."""
    claimed = db.execute(
        """UPDATE attempts SET token = NULL, settled_ms = ?
           WHERE batch = ? AND token = ? AND due_ms > ? AND state IN (?, ?) RETURNING id, carrier""",
        (ms(now), batch, lease.token, ms(now), AttemptState.CALLING, AttemptState.DOUBTFUL),
    ).fetchall()
    if not claimed:
        return Settled(lost=tuple(dispositions))
    attempt, carrier = claimed[0]
    finishes, known_before, booked = _settle_messages(db, queues, attempt, carrier, dispositions, now)
    arrived = Doubted(Evidence.ARRIVED) in dispositions.values()
    asking = _set_state(db, attempt, ms(now if due_at is None else due_at), arrived=arrived)
    notified = notifying.owe_for_attempt(db, attempt, ms(now)) if asking else frozenset[str]()
    return Settled(
        finished=(*finishes, *known_before.finished),
        corrected=known_before.corrected,
        passed_on=known_before.passed_on,
        notified=notified,
        booked=frozenset(booked),
    )


def _settle_messages(
    db: sqlite3.Connection,
    queues: Queues,
    attempt: int,
    carrier: str,
    dispositions: Mapping[MessageId, Disposition],
    now: float,
) -> tuple[list[Finish], Reported, set[MessageId]]:
    """Return what ended, what followed from reports that were there before, and what was booked."""
    taken: list[tuple[MessageId, Taken]] = []
    ended: dict[MessageId, Finished] = {}
    for number, disposition in dispositions.items():
        match disposition:
            case Taken():
                taken.append((number, disposition))
            case Requeued():
                _requeue(db, queues, attempt, number, disposition)
            case Doubted():
                _move(db, attempt, number, Stage.DOUBTFUL)
            case Parked():
                _move(db, attempt, number, Stage.PARKED, ms(now + PARKED_S))
            case Finished():
                ended[number] = disposition
    booked = _take(db, attempt, carrier, taken, now)
    twice = _sent_twice(db, ended) if ended else frozenset()
    ends = [_end(number, end, attempt, again=number in twice, now=now) for number, end in ended.items()]
    finishes = finish(db, ends, IN_DOUBT, ms(now))
    known_before = orphans.adopt(db, attempt, carrier, taken)
    reported = conclude(db, queues, known_before, frozenset({Stage.AWAITING_STATUS}), ms(now))
    return finishes, reported, booked


def _sent_twice(db: sqlite3.Connection, numbers: Iterable[MessageId]) -> frozenset[MessageId]:
    """Return those that may have been taken before this attempt, because ``on_doubt`` had them sent once more."""
    found = db.execute(
        "SELECT id FROM messages WHERE id IN (SELECT value FROM json_each(?)) AND possible_duplicate",
        (json_ids(list(numbers)),),
    )
    return frozenset(MessageId(row[0]) for row in found)


_OPEN = "id = ? AND attempt = ? AND stage IN (4, 5)"  # sending, doubtful


def _take(
    db: sqlite3.Connection, attempt: int, carrier: str, taken: Sequence[tuple[MessageId, Taken]], now: float
) -> set[MessageId]:
    db.executemany(
        f"UPDATE messages SET stage = ?, ref = ?, parts = ? WHERE {_OPEN}",  # noqa: S608 - a constant
        ((Stage.AWAITING_STATUS, taking.ref, taking.parts, number, attempt) for number, taking in taken),
    )
    return ledger.book(db, attempt, carrier, taken, ms(now))


def _requeue(db: sqlite3.Connection, queues: Queues, attempt: int, number: MessageId, step: Requeued) -> None:
    found = db.execute(f"SELECT carrier, traffic_class, account, fair FROM messages WHERE {_OPEN}", (number, attempt))  # noqa: S608
    if (place := found.fetchone()) is not None:
        _queue_again(db, queues, number, place, step)


def _queue_again(
    db: sqlite3.Connection, queues: Queues, number: MessageId, place: Sequence[Any], step: Requeued
) -> None:
    """Queue a message that was drawn before, at this carrier or another one."""
    carrier, traffic_class, account, fair = place
    if carrier == step.carrier:
        fair = queues.resume(carrier, traffic_class, fair)
    else:
        fair = queues.number(step.carrier, traffic_class, account)
    db.execute(
        """UPDATE messages SET stage = ?, carrier = ?, due_ms = ?, fair = ?, tries = ?, batch_cap = ?,
           possible_duplicate = possible_duplicate OR ?, attempt = NULL, token = NULL WHERE id = ?""",
        (
            Stage.QUEUED, step.carrier, ms_or_none(step.due_at), fair, step.tries, step.batch_cap,
            step.possible_duplicate, number,
        ),
    )  # fmt: skip


def _move(db: sqlite3.Connection, attempt: int, number: MessageId, stage: Stage, due_ms: int | None = None) -> None:
    db.execute(f"UPDATE messages SET stage = ?, due_ms = ? WHERE {_OPEN}", (stage, due_ms, number, attempt))  # noqa: S608


def _set_state(db: sqlite3.Connection, attempt: int, due_ms: int, *, arrived: bool) -> bool:
    """Say where the attempt stands by where its messages stand: some may have been settled before, or ended by a push.

    The request is forgotten when nothing is in doubt any more, because it holds texts and numbers.

    Returns:
        Whether intermediate notifications were asked for of messages that the carrier has.
    """
    doubtful, awaiting, asking = db.execute(
        f"""SELECT count(*) FILTER (WHERE m.stage IN (4, 5)), count(*) FILTER (WHERE m.stage = 7),
               count(*) FILTER (WHERE m.stage = 7 AND m.asks & {rows.ASKS_NOTIFICATION})
           FROM attempts a JOIN json_each(a.messages) j JOIN messages m ON m.id = j.value AND m.attempt = a.id
           WHERE a.id = ?""",  # noqa: S608 - a constant
        (attempt,),
    ).fetchone()
    state = AttemptState.DOUBTFUL if doubtful else AttemptState.AWAITING if awaiting else AttemptState.DONE
    db.execute(
        """UPDATE attempts SET state = :state, open = :open, due_ms = :due_ms, evidence = max(evidence, :arrived),
           body = CASE WHEN :state > 1 THEN NULL ELSE body END, target = CASE WHEN :state > 1 THEN NULL ELSE target END
           WHERE id = :id""",
        {
            "id": attempt,
            "state": state,
            "open": doubtful + awaiting,
            "due_ms": None if state is AttemptState.DONE else due_ms,
            "arrived": arrived,
        },
    )
    return bool(asking)


# --- doubts -----------------------------------------------------------------------------------------------------------


def lease_doubts(
    db: sqlite3.Connection, carrier: str, limit: int, lease: Lease, now: float
) -> tuple[Lease, list[DueDoubt]]:
    """Lease doubtful attempts whose next step is due.

    Where pushes have ended all that was doubtful, only statuses of the others are awaited any more.
    """
    found = db.execute(
        rows.SELECT_ATTEMPT + "WHERE carrier = ? AND state = 1 AND state < 3 AND due_ms <= ? ORDER BY due_ms LIMIT ?",
        (carrier, ms(now), limit),
    ).fetchall()
    db.executemany(
        "UPDATE attempts SET token = ?, due_ms = ? WHERE id = ?",
        ((lease.token, ms(lease.until), row[15]) for row in found),
    )
    doubts = {row[15]: _due_doubt(db, row) for row in found}
    for attempt, doubt in doubts.items():
        if not doubt.messages:
            end_doubt(db, attempt, now)
    return lease, [doubt for doubt in doubts.values() if doubt.messages]


def end_doubt(db: sqlite3.Connection, attempt: int, now: float) -> None:
    """Let an attempt await statuses at once where nothing of it is in doubt any more; else leave it alone."""
    in_doubt = db.execute(
        """SELECT 1 FROM attempts a JOIN json_each(a.messages) j JOIN messages m ON m.id = j.value AND m.attempt = a.id
           WHERE a.id = ? AND m.stage IN (4, 5)""",
        (attempt,),
    ).fetchone()
    if not in_doubt:
        db.execute("UPDATE attempts SET token = NULL WHERE id = ?", (attempt,))
        _set_state(db, attempt, ms(now), arrived=False)


def _due_doubt(db: sqlite3.Connection, row: rows.Row) -> DueDoubt:
    sent = db.execute(rows.SELECT_SENT + "WHERE a.id = ? AND m.stage = ?", (row[15], Stage.DOUBTFUL)).fetchall()
    messages = db.execute(
        rows.SELECT_MESSAGE + "WHERE m.id IN (SELECT value FROM json_each(?))",  # noqa: S608 - constants
        (json_ids([found[0] for found in sent]),),
    ).fetchall()
    return DueDoubt(
        attempt=rows.attempt(row),
        progress=rows.progress(row),
        messages=tuple(map(rows.message, messages)),
        sent=tuple(map(rows.sent, sent)),
        holds_up_polls=row[16] > len(sent),
    )


def note_doubt(db: sqlite3.Connection, batch: BatchId, progress: DoubtProgress, lease: Lease, due_at: float) -> None:
    """Store how far a doubt has come."""
    db.execute(
        """UPDATE attempts SET evidence = max(evidence, ?), repeats = ?, lookups = ?, clean_lookups = ?,
           first_absent_ms = ?, due_ms = ?, token = NULL WHERE batch = ? AND token = ? AND state = ?""",
        (
            progress.evidence is Evidence.ARRIVED, progress.repeats, progress.lookups, progress.clean_lookups,
            ms_or_none(progress.first_absent_at), ms(due_at), batch, lease.token, AttemptState.DOUBTFUL,
        ),
    )  # fmt: skip
