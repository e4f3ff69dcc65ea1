"""Status polls and reports: what is due to be asked, and what the carriers said."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

from smppgw.core.model import BatchId, MessageId, Stage
from smppgw.core.verdict import PushedReport, StatusReport
from smppgw.store.base import DueBatch, Lease, Reported
from smppgw.store.sqlite import rows
from smppgw.store.sqlite.calls import AttemptState
from smppgw.store.sqlite.concluding import conclude
from smppgw.store.sqlite.finishing import End
from smppgw.store.sqlite.queues import Queues
from smppgw.store.sqlite.rows import json_ids, ms, seconds

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
    queues: Queues,
    reports: Sequence[StatusReport],
    polled: Mapping[BatchId, float],
    lease: Lease | None,
    now: float,
) -> Reported:
    """Store final reports, and when the polled attempts are asked again."""
    final = [report for report in reports if report.final]
    attempts = _attempts(db, [report.message for report in final], polled) if final else {}
    ends = [
        end_of(report, report.message, attempt, now)
        for report in final
        if (attempt := attempts.get(report.message)) is not None
    ]
    reported = conclude(db, queues, ends, REPORTABLE, ms(now))
    if lease is not None:
        db.executemany(
            """UPDATE attempts SET polls = polls + 1, token = NULL, due_ms = ?
               WHERE batch = ? AND token = ? AND state = ?""",
            ((ms(next_at), batch, lease.token, AttemptState.AWAITING) for batch, next_at in polled.items()),
        )
    return reported


def _attempts(
    db: sqlite3.Connection, messages: Sequence[MessageId], polled: Mapping[BatchId, float]
) -> Mapping[int, int]:
    """Say which attempt each message was asked about: by now it may be with a later one.

    Where nothing was polled, that is the one it is with.
    """
    if polled:
        found = db.execute(
            """SELECT j.value, a.id FROM attempts a JOIN json_each(a.messages) j
               WHERE a.batch IN (SELECT value FROM json_each(?))""",
            (json.dumps(list(polled)),),
        )
    else:
        found = db.execute(
            "SELECT id, attempt FROM messages WHERE id IN (SELECT value FROM json_each(?)) AND attempt IS NOT NULL",
            (json_ids(messages),),
        )
    return dict(found.fetchall())


def end_of(report: StatusReport | PushedReport, message: MessageId, attempt: int, now: float) -> End:
    """Return the end that a final report brings to a message of an attempt."""
    return End(
        message,
        report.outcome,
        report.error,
        report.detail,
        ms(now if report.at is None else report.at),
        attempt,
        report.parts,
        report.nothing_left,
    )
