"""Final reports of pushes that no message is known for yet: the commit that tells a carrier's id may be behind."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from smppgw.core.codes import ErrorCode
from smppgw.core.disposition import Taken
from smppgw.core.model import CarrierRef, MessageId, Outcome
from smppgw.core.verdict import PushedReport
from smppgw.store.sqlite.finishing import End
from smppgw.store.sqlite.rows import Row, json_ids, ms

KEPT_S: Final = 86400.0
"""How long a report waits for its message."""
_AT_ONCE: Final = 1000


def only(rows: Sequence[Row], recipient: str) -> Row | None:
    """Return the one row of this recipient, which stands in the second column; any, where the report names none.

    None where there is none, or more than one: nobody can say which is meant.
    """
    found = [row for row in rows if recipient in ("", row[1])]
    return found[0] if len(found) == 1 else None


def wait(db: sqlite3.Connection, carrier: str, reports: Iterable[PushedReport], now_ms: int) -> int:
    """Keep final reports; return how many are new."""
    return db.executemany(
        """INSERT OR IGNORE INTO orphans (carrier, batch, ref, recipient, outcome, error, detail, done_ms, received_ms,
               parts, nothing_left)
           VALUES (?,?,?,?,?,?,?,?,?,?,?)""",
        (
            (
                carrier, one.batch or "", one.ref or "", one.recipient, one.outcome, one.error, one.detail,
                now_ms if one.at is None else ms(one.at), now_ms, one.parts, one.nothing_left,
            )
            for one in reports
        ),
    ).rowcount  # fmt: skip


def adopt(db: sqlite3.Connection, attempt: int, carrier: str, taken: Sequence[tuple[MessageId, Taken]]) -> list[End]:
    """Take out what was said about messages before the carrier's id of them was known."""
    by_ref: dict[CarrierRef, list[MessageId]] = {}
    for message, taking in taken:
        if taking.ref is not None:
            by_ref.setdefault(taking.ref, []).append(message)
    ends: list[End] = []
    for ref, messages in by_ref.items():
        found = db.execute(
            """SELECT id, recipient, outcome, error, detail, done_ms, parts, nothing_left FROM orphans
               WHERE carrier = ? AND ref = ?""",
            (carrier, ref),
        ).fetchall()
        if found:
            ends += _adopted(db, attempt, found, messages)
    return ends


def _adopted(db: sqlite3.Connection, attempt: int, orphans: Sequence[Row], messages: Sequence[MessageId]) -> list[End]:
    members = db.execute(
        "SELECT id, recipient FROM messages WHERE id IN (SELECT value FROM json_each(?))", (json_ids(messages),)
    ).fetchall()
    ends: list[End] = []
    for number, recipient, outcome, error, detail, done_ms, parts, nothing_left in orphans:
        member = only(members, recipient)
        if member is not None:
            db.execute("DELETE FROM orphans WHERE id = ?", (number,))
            said = (Outcome(outcome), ErrorCode(error), detail, done_ms)
            ends.append(End(member[0], *said, attempt=attempt, parts=parts, nothing_left=nothing_left == 1))
    return ends


def give_up(db: sqlite3.Connection, now_ms: int) -> Mapping[str, int]:
    """Drop what has waited for a day; return how many, per carrier."""
    counts: dict[str, int] = {}
    for (carrier,) in db.execute(
        """DELETE FROM orphans WHERE id IN (SELECT id FROM orphans WHERE received_ms <= ? LIMIT ?)
           RETURNING carrier""",
        (now_ms - ms(KEPT_S), _AT_ONCE),
    ).fetchall():
        counts[carrier] = counts.get(carrier, 0) + 1
    return counts
