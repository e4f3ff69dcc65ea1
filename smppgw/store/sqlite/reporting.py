"""Status polls and reports: what is due to be asked, and what the carriers said."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

from smppgw.core.model import BatchId, Stage
from smppgw.core.verdict import StatusReport
from smppgw.store.base import DueBatch, Finish, Lease
from smppgw.store.sqlite import rows
from smppgw.store.sqlite.calls import AttemptState
from smppgw.store.sqlite.finishing import End, finish
from smppgw.store.sqlite.rows import ms, seconds

REPORTABLE: Final = frozenset({Stage.SENDING, Stage.DOUBTFUL, Stage.PARKED, Stage.AWAITING_STATUS})
"""A push may overtake the answer of the call, and a report resolves any doubt."""


def lease_polls(
    db: sqlite3.Connection, carrier: str, limit: int, lease: Lease, now: float
) -> tuple[Lease, list[DueBatch]]:
    """Lease attempts whose poll is due, longest due first."""
    found = db.execute(
        """SELECT id, batch, polls, prepared_ms, due_ms FROM attempts
           WHERE carrier = ? AND state = 2 AND state < 3 AND due_ms <= ? ORDER BY due_ms LIMIT ?""",
        (carrier, ms(now), limit),
    ).fetchall()
    db.executemany(
        "UPDATE attempts SET token = ?, due_ms = ? WHERE id = ?",
        ((lease.token, ms(lease.until), row[0]) for row in found),
    )
    return lease, [_due_batch(db, row) for row in found]


def _due_batch(db: sqlite3.Connection, row: rows.Row) -> DueBatch:
    number, batch, polls, prepared_ms, due_ms = row
    awaited = db.execute(
        rows.SELECT_SENT + "WHERE a.id = ? AND m.stage = ?", (number, Stage.AWAITING_STATUS)
    ).fetchall()
    return DueBatch(
        batch=BatchId(batch),
        polls=polls,
        prepared_at=seconds(prepared_ms),
        due_at=seconds(due_ms),
        sent=tuple(map(rows.sent, awaited)),
    )


def report(
    db: sqlite3.Connection,
    reports: Sequence[StatusReport],
    polled: Mapping[BatchId, float],
    lease: Lease | None,
    now: float,
) -> list[Finish]:
    """Store final reports, and when the polled attempts are asked again."""
    ends = [
        End(found.message, found.outcome, found.error, found.detail, ms(now if found.at is None else found.at))
        for found in reports
        if found.final
    ]
    finishes = finish(db, ends, REPORTABLE, ms(now))
    if lease is not None:
        db.executemany(
            """UPDATE attempts SET polls = polls + 1, token = NULL, due_ms = ?
               WHERE batch = ? AND token = ? AND state = ?""",
            ((ms(next_at), batch, lease.token, AttemptState.AWAITING) for batch, next_at in polled.items()),
        )
    return finishes
