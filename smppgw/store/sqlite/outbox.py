"""The outbox: what is owed to accounts, until they acknowledge it."""

import sqlite3
import threading
from collections.abc import Collection, Mapping
from enum import IntEnum

from smppgw.core.model import Outgoing, OutgoingId
from smppgw.store.base import Acknowledged, Lease, OutgoingResult, Postponed, Refused
from smppgw.store.sqlite import rows
from smppgw.store.sqlite.rows import ms


class OutboxState(IntEnum):
    """Where an outgoing message stands."""

    PENDING = 0
    ACKNOWLEDGED = 1
    REFUSED = 2
    KEPT_TOO_LONG = 3
    SUPERSEDED = 4
    """A notification that the end of its message has overtaken."""


def lease_outgoing(
    db: sqlite3.Connection, accounts: Mapping[str, int], lease: Lease, now: float
) -> tuple[Lease, list[Outgoing]]:
    """Lease what is due for accounts, at most so many each, longest due first."""
    leased: list[Outgoing] = []
    for account, limit in accounts.items():
        found = db.execute(
            rows.SELECT_OUTGOING
            + "WHERE o.account = ? AND o.state = 0 AND o.due_ms <= ? ORDER BY o.due_ms, o.id LIMIT ?",
            (account, ms(now), limit),
        )
        leased.extend(map(rows.outgoing, found))
    # A lease is a later due time with a token: it ends by itself, and what is leased stands behind what is due.
    db.executemany(
        "UPDATE outbox SET token = ?, due_ms = ? WHERE id = ?",
        ((lease.token, ms(lease.until), outgoing.id) for outgoing in leased),
    )
    return lease, leased


def settle_outgoing(
    db: sqlite3.Connection, results: Mapping[OutgoingId, OutgoingResult], lease: Lease, now: float
) -> None:
    """Store what became of leased outgoing messages."""
    db.executemany(
        """UPDATE outbox SET state = ?, status = ?, due_ms = ?, settled_ms = ?, tries = tries + ?, token = NULL
           WHERE id = ? AND token = ? AND state = 0""",
        (_settled(number, result, lease, now) for number, result in results.items()),
    )


def owed_accounts(db: sqlite3.Connection, turn: threading.Lock, among: Collection[str], now: float) -> list[str]:
    """Find those of the accounts for which something is due; ``db`` only reads, and whoever uses it waits for his turn.

    What is leased is not due: its lease is its due time.
    """
    with turn:
        return [
            account
            for account in among
            if db.execute(
                "SELECT 1 FROM outbox WHERE account = ? AND state = 0 AND due_ms <= ? LIMIT 1", (account, ms(now))
            ).fetchone()
        ]


def _settled(number: OutgoingId, result: OutgoingResult, lease: Lease, now: float) -> rows.Row:
    at_ms = ms(now)
    match result:
        case Acknowledged():
            return OutboxState.ACKNOWLEDGED, None, at_ms, at_ms, 1, number, lease.token
        case Refused():
            return OutboxState.REFUSED, result.status, at_ms, at_ms, 1, number, lease.token
        case Postponed():
            # Without a status it never reached the ESME: that was no try.
            return (
                OutboxState.PENDING, result.status or None, ms(result.due_at), None, result.status != 0, number,
                lease.token,
            )  # fmt: skip
    raise TypeError(f"no result of an outgoing message: {result!r}")
