"""What was sent: messages with where they went and what they cost, newest first, for those who ask what if."""

import sqlite3
from collections.abc import Iterator
from typing import Final

from smppgw.store.base import Recorded
from smppgw.store.sqlite import rows
from smppgw.store.sqlite.rows import ms

_PAGE: Final = 1000
"""Messages of one look: a long one would keep the daemon's log from being written back."""


def recorded(db: sqlite3.Connection, since: float) -> Iterator[Recorded]:
    """Yield the messages that were accepted since a time (Unix seconds) and were routed, newest first.

    Reads the table from its end. It ends at the first page that is older as a whole: a text may be numbered later than
    it began, by the time that its last part took.
    """
    since_ms, below = ms(since), 1 << 62
    while page := db.execute(
        rows.SELECT_MESSAGE + "WHERE m.id < ? ORDER BY m.id DESC LIMIT ?", (below, _PAGE)
    ).fetchall():
        if max(row[13] for row in page) < since_ms:
            return
        costs = _costs(db, page[-1][0], below)
        below = page[-1][0]
        for row in page:
            if row[13] >= since_ms and row[16] is not None:
                yield _recorded(row, costs)


def _costs(db: sqlite3.Connection, first: int, below: int) -> dict[int, int | None]:
    """Return what messages cost, None where no card said; those that no carrier took are missing."""
    return dict(
        db.execute(
            """SELECT m.id, l.reporting_micros FROM messages m CROSS JOIN ledger l
               WHERE m.id >= ? AND m.id < ? AND l.attempt = m.attempt AND l.message = m.id""",
            (first, below),
        ).fetchall()
    )


def _recorded(row: rows.Row, costs: dict[int, int | None]) -> Recorded:
    was_rewritten_to = 20
    return Recorded(
        # The sender as it was submitted: what a route made of it is no longer what routes match.
        message=rows.message((*row[:was_rewritten_to], None, *row[was_rewritten_to + 1 :])),
        was_taken=row[0] in costs,
        cost_micros=costs.get(row[0]),
    )
