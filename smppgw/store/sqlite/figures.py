"""What waits, counted on a connection of its own that can only read: figures never hold up the writer."""

import sqlite3
import threading
from pathlib import Path

from smppgw.core.codes import ErrorCode
from smppgw.core.model import Outcome, Stage, TrafficClass
from smppgw.store.base import Backlog, Finish
from smppgw.store.sqlite.rows import Row, seconds


def backlog(db: sqlite3.Connection, path: Path, turn: threading.Lock) -> Backlog:
    """Count what waits; each count reads an index of what is open, never the whole table.

    Callers take turns: two scrapes at once share the one connection.
    """
    with turn:
        db.execute("BEGIN")  # one snapshot, so that the figures fit each other
        try:
            messages, oldest = _messages(db)
            outgoing = db.execute(
                "SELECT account, count(*), min(created_ms) FROM outbox WHERE state = 0 GROUP BY account"
            )
            waiting = {account: (count, first) for account, count, first in outgoing}
        finally:
            db.execute("COMMIT")
    return Backlog(
        messages={stage: messages.get(stage, 0) for stage in Stage if stage is not Stage.FINAL},
        oldest_at={stage: at / 1000 for stage, at in oldest.items()},
        outgoing={account: count for account, (count, _) in waiting.items()},
        outgoing_oldest_at={account: first / 1000 for account, (_, first) in waiting.items()},
        octets=sum(file.stat().st_size for file in (path, path.with_name(path.name + "-wal")) if file.exists()),
    )


def recent(db: sqlite3.Connection, turn: threading.Lock, limit: int) -> list[Finish]:
    """Return what ended last, as far as a carrier had it, oldest first; walks the table from its end."""
    with turn:
        found = db.execute(
            """SELECT m.id, m.account, m.carrier, m.outcome, m.error, m.accepted_ms, a.prepared_ms, m.done_ms,
                   m.recipient, m.country, m.traffic_class
               FROM messages m JOIN attempts a ON a.id = m.attempt WHERE m.stage = ? ORDER BY m.id DESC LIMIT ?""",
            (Stage.FINAL, limit),
        ).fetchall()
    return [_finish(row) for row in reversed(found)]


def _finish(row: Row) -> Finish:
    return Finish(
        message=row[0],
        account=row[1],
        carrier=row[2],
        outcome=Outcome(row[3]),
        error=ErrorCode(row[4]),
        accepted_at=seconds(row[5]),
        sent_at=seconds(row[6]),
        done_at=seconds(row[7]),
        recipient=row[8],
        country=row[9],
        traffic_class=TrafficClass(row[10]),
    )


def billed_parts(db: sqlite3.Connection, turn: threading.Lock, carrier: str, span_ms: tuple[int, int]) -> int:
    """Add up the parts that were booked within a span, each as it was confirmed or corrected last."""
    with turn:
        found: int = db.execute(
            "SELECT coalesce(sum(parts), 0) FROM ledger WHERE carrier = ? AND at_ms >= ? AND at_ms < ?",
            (carrier, *span_ms),
        ).fetchone()[0]
    return found


def _messages(db: sqlite3.Connection) -> tuple[dict[Stage, int], dict[Stage, int]]:
    counts: dict[Stage, int] = {}
    oldest: dict[Stage, int] = {}

    def add(stage: Stage, count: int, first_ms: int | None) -> None:
        counts[stage] = counts.get(stage, 0) + count
        if first_ms is not None:
            oldest[stage] = min(first_ms, oldest.get(stage, first_ms))

    add(
        Stage.ASSEMBLING,
        *db.execute(
            """SELECT count(*), min(a.started_ms) FROM assemblies a JOIN segments s ON s.assembly = a.id
           WHERE a.state = 0"""
        ).fetchone(),
    )
    for stage, count, first_ms in db.execute(
        "SELECT stage, count(*), min(accepted_ms) FROM messages WHERE stage IN (1, 2, 6) GROUP BY stage"
    ):
        add(Stage(stage), count, first_ms)
    # The oldest number stands for the oldest acceptance: numbers grow with time.
    count, first = db.execute(
        "SELECT count(*), min(id) FROM messages INDEXED BY messages_queue WHERE stage = 3 AND due_ms IS NULL"
    ).fetchone()
    add(Stage.QUEUED, count, _accepted_ms(db, first))
    add(
        Stage.QUEUED,
        *db.execute(
            """SELECT count(*), min(accepted_ms) FROM messages INDEXED BY messages_due
               WHERE due_ms IS NOT NULL AND stage = 3"""
        ).fetchone(),
    )
    stages = (Stage.SENDING, Stage.DOUBTFUL, Stage.AWAITING_STATUS)
    for state, open_messages, first_ms in db.execute(
        "SELECT state, sum(open), min(oldest_ms) FROM attempts WHERE state < 3 GROUP BY state"
    ):
        add(stages[state], open_messages, first_ms)
    return counts, oldest


def _accepted_ms(db: sqlite3.Connection, message: int | None) -> int | None:
    if message is None:
        return None
    found: int = db.execute("SELECT accepted_ms FROM messages WHERE id = ?", (message,)).fetchone()[0]
    return found
