"""Blocks: what accounts do not write to for a while (`core.pumping`)."""

import sqlite3
import threading
from collections.abc import Iterable

from smppgw.core.pumping import Block, Kind
from smppgw.store.sqlite.rows import ms, seconds


def keep(db: sqlite3.Connection, blocks: Iterable[Block], now: float) -> None:
    """Keep blocks; a later one of the same numbers takes the place of an earlier one."""
    db.execute("DELETE FROM blocks WHERE until_ms <= ?", (ms(now),))
    db.executemany(
        "INSERT OR REPLACE INTO blocks (account, prefix, country, kind, until_ms, rules) VALUES (?, ?, ?, ?, ?, ?)",
        [(each.account, each.prefix, each.country, each.kind.value, ms(each.until), each.rules) for each in blocks],
    )


def standing(db: sqlite3.Connection, turn: threading.Lock, now: float) -> list[Block]:
    """Return the blocks that have not ended, by their end."""
    with turn:
        found = db.execute(
            """SELECT account, prefix, country, kind, until_ms, rules FROM blocks
               WHERE until_ms > ? ORDER BY until_ms""",
            (ms(now),),
        ).fetchall()
    return [
        Block(account=account, prefix=prefix, country=country, kind=Kind(kind), until=seconds(until_ms), rules=rules)
        for account, prefix, country, kind, until_ms, rules in found
    ]
