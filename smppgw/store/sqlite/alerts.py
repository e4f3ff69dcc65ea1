"""Delivery pending flags, and the alerts they lead to (`core.unreached`): set and cleared where messages end."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final

from smppgw.core.codes import ErrorCode
from smppgw.core.model import Outcome, OutgoingKind
from smppgw.core.unreached import REMEMBERED_S
from smppgw.store.sqlite.rows import ITS_SEGMENTS, OUTBOX_KINDS, json_ids, ms

_REMEMBERED_MS: Final = ms(REMEMBERED_S)

# A carrier's clock may be ahead of ours; a flag from the future would outlast every delivery until then.
_FLAG: Final = f"""INSERT INTO unreached (account, recipient, segment, since_ms)
    SELECT m.account, m.recipient, s.id, min(m.done_ms, :now) FROM messages m, segments s, submissions u
    WHERE m.id = :message AND {ITS_SEGMENTS} AND u.id = s.submission AND u.wants_alert ORDER BY s.id LIMIT 1
    ON CONFLICT (account, recipient) DO UPDATE SET segment = excluded.segment, since_ms = excluded.since_ms
    WHERE excluded.since_ms >= since_ms"""  # noqa: S608 - a constant

_BACK: Final = """SELECT x.account, x.recipient, x.segment, m.done_ms
    FROM json_each(:messages) j CROSS JOIN messages m CROSS JOIN unreached x
    WHERE m.id = j.value AND x.account = m.account AND x.recipient = m.recipient
    AND x.since_ms < m.done_ms AND x.since_ms > :forgotten"""

# Nothing where the message that asked is gone by now: nobody knows the addresses any more.
_OWE: Final = f"""INSERT OR IGNORE INTO outbox
    (id, account, kind, segment, outcome, error, done_ms, created_ms, due_ms)
    SELECT id * {OUTBOX_KINDS} + {OutgoingKind.ALERT:d}, :account, {OutgoingKind.ALERT:d}, id,
        {Outcome.DELIVERED:d}, {ErrorCode.NONE:d}, :done, :now, :now FROM segments WHERE id = :segment"""  # noqa: S608


def flag(db: sqlite3.Connection, messages: Iterable[int], now_ms: int) -> None:
    """Set the flags for the recipients of messages that could not be reached; the latest who asked is told."""
    db.executemany(_FLAG, ({"message": message, "now": now_ms} for message in messages))


def owe(db: sqlite3.Connection, delivered: Sequence[int], now_ms: int) -> None:
    """Owe an alert for each flag of a recipient who has got one of these messages since, and clear it."""
    if not delivered or db.execute("SELECT max(since_ms) FROM unreached").fetchone()[0] is None:
        return
    back = db.execute(_BACK, {"messages": json_ids(delivered), "forgotten": now_ms - _REMEMBERED_MS}).fetchall()
    for account, recipient, segment, done_ms in back:
        db.execute(_OWE, {"account": account, "segment": segment, "done": done_ms, "now": now_ms})
        db.execute("DELETE FROM unreached WHERE account = ? AND recipient = ?", (account, recipient))


def forget(db: sqlite3.Connection, now_ms: int) -> None:
    """Clear the flags that have stood too long."""
    db.execute("DELETE FROM unreached WHERE since_ms <= ?", (now_ms - _REMEMBERED_MS,))
