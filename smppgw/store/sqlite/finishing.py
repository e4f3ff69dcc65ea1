"""End messages: the final state and the receipts it causes, always in the same transaction."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from smppgw.core.codes import ErrorCode
from smppgw.core.model import MessageId, Outcome, OutgoingKind, SegmentId, Stage, TrafficClass
from smppgw.core.unreached import UNREACHED
from smppgw.store.base import Finish
from smppgw.store.sqlite import alerts, budgets, notifying
from smppgw.store.sqlite.rows import ASKS_ALERT, ASKS_NOTIFICATION, OUTBOX_KINDS, Row, json_ids

_DETAIL_LENGTH: Final = 200

# registered_delivery, bits 0 and 1 (SMPP v3.4, 5.2.17; 3 is a 5.0 value): always, on failure, on success.
_ASKED: Final = f"""CASE u.registered_delivery & 3
    WHEN 1 THEN 1
    WHEN 2 THEN m.outcome NOT IN ({Outcome.DELIVERED:d}, {Outcome.ACCEPTED:d})
    WHEN 3 THEN m.outcome IN ({Outcome.DELIVERED:d}, {Outcome.ACCEPTED:d})
    ELSE 0 END"""

_OWE: Final = f"""INSERT OR IGNORE INTO outbox
    (id, account, kind, segment, outcome, error, done_ms, created_ms, due_ms)
    SELECT s.id * {OUTBOX_KINDS} + {OutgoingKind.RECEIPT:d}, m.account, {OutgoingKind.RECEIPT:d}, s.id,
        m.outcome, m.error, m.done_ms, :now, :now
    FROM messages m, segments s JOIN submissions u ON u.id = s.submission
    WHERE m.id = :message AND m.stage = {Stage.FINAL:d} AND {_ASKED} AND """  # noqa: S608 - constants of this module

ENDING: Final = """m.id, m.account, m.carrier, m.accepted_ms, m.segments, m.attempt, m.stage, m.recipient, m.country,
    m.traffic_class, a.prepared_ms, m.asks, m.charges"""
"""What is read of a message ``m`` that ends, and of its attempt ``a``."""

_OWE_TO_ONE: Final = _OWE + "s.id = :segment"
_OWE_TO_OTHERS: Final = _OWE + "s.message = :message AND s.message <> s.id"


class End(NamedTuple):
    """How a message ends. A tuple, because each message needs one, and a frozen dataclass takes four times as long."""

    message: MessageId
    outcome: Outcome
    error: ErrorCode
    detail: str
    done_ms: int
    attempt: int | None = None
    """Of which this is told: nothing happens to a message that is with another one by now. None: whichever it is."""
    parts: int | None = None
    """As how many it is billed; None: as many as were booked."""
    nothing_left: bool = False
    """Whether the carrier provably sent it nowhere."""


def finish(db: sqlite3.Connection, ends: Sequence[End], stages: frozenset[Stage], now_ms: int) -> list[Finish]:
    """End those of the messages that stand in one of ``stages``, and owe their receipts in place of notifications.

    The number of open messages of their attempts goes down with them; parked ones were counted out before. The first
    final state of a message wins: what has ended already is left alone.
    """
    by_id: dict[int, End] = {}
    for end in ends:
        by_id.setdefault(end.message, end)
    if not by_id:
        return []
    # Only integers of enumerations stand in the text of the statement.
    standing = db.execute(
        f"""SELECT {ENDING} FROM messages m LEFT JOIN attempts a ON a.id = m.attempt
            WHERE m.id IN (SELECT value FROM json_each(?))
            AND m.stage IN ({",".join(f"{stage:d}" for stage in stages)})""",  # noqa: S608
        (json_ids(list(by_id)),),
    )
    found = [row for row in standing if by_id[row[0]].attempt in (None, row[5])]
    db.executemany(
        f"""UPDATE messages SET stage = {Stage.FINAL:d}, outcome = ?, error = ?, detail = ?, done_ms = ?,
            due_ms = NULL, token = NULL WHERE id = ?""",  # noqa: S608
        (_final(by_id[row[0]]) for row in found),
    )
    db.executemany(_OWE_TO_ONE, ({"message": row[0], "segment": row[0], "now": now_ms} for row in found))
    db.executemany(_OWE_TO_OTHERS, ({"message": row[0], "now": now_ms} for row in found if row[4] != 1))
    asking = [row for row in found if row[11]]
    notifying.supersede(db, (row[0] for row in asking if row[11] & ASKS_NOTIFICATION), now_ms)
    alerts.flag(db, (row[0] for row in asking if row[11] & ASKS_ALERT and by_id[row[0]].error in UNREACHED), now_ms)
    alerts.owe(db, [row[0] for row in found if by_id[row[0]].outcome is Outcome.DELIVERED], now_ms)
    if charged := [row for row in found if row[12] is not None]:
        had = Stage.AWAITING_STATUS in stages  # a carrier says so
        budgets.end(db, ((row[0], row[12], row[2] if _may_cost(by_id[row[0]], had=had) else None) for row in charged))
    close_in_attempts(db, (row[5] for row in found if row[5] is not None and row[6] != Stage.PARKED))
    return [as_finish(row, by_id[row[0]]) for row in found]


def _may_cost(end: End, *, had: bool) -> bool:
    """Whether what ends may still be billed: a carrier had it, or may have."""
    return not end.nothing_left and (had or end.error in budgets.MAY_HAVE_COST)


def as_finish(row: Row, end: End) -> Finish:
    """Return what a row of ``ENDING`` and its end come to."""
    return Finish(
        message=row[0],
        account=row[1],
        carrier=row[2] if row[5] is not None else "",
        outcome=end.outcome,
        error=end.error,
        accepted_at=row[3] / 1000,
        sent_at=None if row[10] is None else row[10] / 1000,
        done_at=end.done_ms / 1000,
        recipient=row[7],
        country=row[8],
        traffic_class=TrafficClass(row[9]),
    )


def owe_to_segment(db: sqlite3.Connection, segment: SegmentId, message: MessageId, now: float) -> None:
    """Owe a segment the receipt of a message that has ended; nothing while it has not."""
    db.execute(_OWE_TO_ONE, {"message": message, "segment": segment, "now": int(now * 1000 + 0.5)})


def _final(end: End) -> tuple[int, int, str, int, int]:
    return end.outcome, end.error, end.detail[:_DETAIL_LENGTH], end.done_ms, end.message


def close_in_attempts(db: sqlite3.Connection, attempts: Iterable[int]) -> None:
    """Count out a message each time its attempt is named; an attempt without open messages is done.

    Not so one that is calling: its worker still brings the answer, and with it the costs.
    """
    counts: dict[int, int] = {}
    for attempt in attempts:
        counts[attempt] = counts.get(attempt, 0) + 1
    db.executemany(
        """UPDATE attempts SET open = open - :n,
               state = CASE WHEN open <= :n AND state > 0 THEN 3 ELSE state END,
               due_ms = CASE WHEN open <= :n AND state > 0 THEN NULL ELSE due_ms END,
               body = CASE WHEN open <= :n AND state > 0 THEN NULL ELSE body END,
               target = CASE WHEN open <= :n AND state > 0 THEN NULL ELSE target END
           WHERE id = :id""",
        ({"id": attempt, "n": count} for attempt, count in counts.items()),
    )
