"""Intermediate notifications: who asked hears that a carrier has the message, once, and never after its end.

They are owed in the transaction that stores the hand-over, whatever receipt the segment asked for. What is still
pending of them when the message ends is superseded in the transaction that stores the end: a worker that holds one
under a lease, or puts one off, finds that it is pending no more.
"""

import sqlite3
from collections.abc import Iterable
from typing import Final

from smppgw.core.codes import ErrorCode
from smppgw.core.model import MessageId, Outcome, OutgoingKind, SegmentId, Stage
from smppgw.store.sqlite.outbox import OutboxState
from smppgw.store.sqlite.rows import ASKS_NOTIFICATION, ITS_SEGMENTS, OUTBOX_KINDS

_OWE: Final = f"""INSERT OR IGNORE INTO outbox
    (id, account, kind, segment, outcome, error, done_ms, created_ms, due_ms)
    SELECT s.id * {OUTBOX_KINDS} + {OutgoingKind.INTERMEDIATE:d}, m.account, {OutgoingKind.INTERMEDIATE:d}, s.id,
        {Outcome.ENROUTE:d}, {ErrorCode.NONE:d}, :now, :now, :now """

_WITH_ITS_CARRIER: Final = f"m.stage = {Stage.AWAITING_STATUS:d} AND m.asks & {ASKS_NOTIFICATION}"

# In this order, because the few rows of one attempt lead to all others.
_OWE_TO_ATTEMPT: Final = f"""{_OWE} FROM attempts a CROSS JOIN json_each(a.messages) j CROSS JOIN messages m
    CROSS JOIN segments s CROSS JOIN submissions u
    WHERE a.id = :attempt AND m.id = j.value AND m.attempt = a.id AND {_WITH_ITS_CARRIER}
    AND {ITS_SEGMENTS} AND u.id = s.submission AND u.registered_delivery & 16 RETURNING account"""

_OWE_TO_SEGMENT: Final = f"""{_OWE} FROM messages m, segments s
    WHERE m.id = :message AND s.id = :segment AND {_WITH_ITS_CARRIER}"""

_SUPERSEDE: Final = f"""UPDATE outbox SET state = {OutboxState.SUPERSEDED:d}, settled_ms = :now, token = NULL
    WHERE state = 0 AND id IN (SELECT s.id * {OUTBOX_KINDS} + {OutgoingKind.INTERMEDIATE:d} FROM messages m, segments s
        WHERE m.id = :message AND {ITS_SEGMENTS})"""  # noqa: S608 - constants of this module


def owe_for_attempt(db: sqlite3.Connection, attempt: int, now_ms: int) -> frozenset[str]:
    """Owe a notification to each segment of the attempt that asked and whose message its carrier now has.

    Returns:
        The accounts that are owed something new.
    """
    return frozenset(row[0] for row in db.execute(_OWE_TO_ATTEMPT, {"attempt": attempt, "now": now_ms}).fetchall())


def owe_to_segment(db: sqlite3.Connection, segment: SegmentId, message: MessageId, now_ms: int) -> None:
    """Owe one to a segment that asked and joins its message late; nothing while no carrier has the message."""
    db.execute(_OWE_TO_SEGMENT, {"message": message, "segment": segment, "now": now_ms})


def supersede(db: sqlite3.Connection, messages: Iterable[int], now_ms: int) -> None:
    """Owe no notification of messages any more: they have ended, and their receipts say more."""
    db.executemany(_SUPERSEDE, ({"message": message, "now": now_ms} for message in messages))
