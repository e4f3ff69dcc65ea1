"""Sums of the ledger, read beside the running daemon.

A month has millions of rows, and whoever reads in one go keeps the write-ahead log from being emptied (a checkpoint
stops at the oldest snapshot that is in use). So the ledger is read in pieces of one carrier and six hours, each a
transaction of its own. Nothing is counted twice: a correction keeps the time of its booking, and with it the piece.
The index ``costs_standing`` has all that is read.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from smppgw.core.model import TrafficClass
from smppgw.core.spending import Dimension, Spending

_PIECE_MS: Final = 6 * 3_600_000
"""Divides a day."""
_COLUMNS: Final = {Dimension.ACCOUNT: "account", Dimension.COUNTRY: "country", Dimension.CLASS: "traffic_class"}
"""Of the dimensions that one piece has several of."""


def spent(db: sqlite3.Connection, by: Sequence[Dimension], since_ms: int, until_ms: int) -> Iterator[Spending]:
    """Yield sums of what was booked from ``since_ms`` on and before ``until_ms``, piece by piece."""
    columns = ", ".join(_COLUMNS[each] for each in by if each in _COLUMNS)
    for carrier in _carriers(db):
        for begin_ms, end_ms in _pieces(db, carrier, since_ms, until_ms):
            for row in db.execute(_sum_of(columns), (carrier, begin_ms, end_ms)).fetchall():
                yield _spending(row, by, carrier, begin_ms)


def _carriers(db: sqlite3.Connection) -> Iterator[str]:
    """Yield the carriers of the ledger, also those that the configuration no longer has: one step each in the index."""
    carrier = ""
    while found := db.execute(
        "SELECT carrier FROM costs WHERE stands = 1 AND carrier > ? ORDER BY carrier LIMIT 1", (carrier,)
    ).fetchone():
        carrier = found[0]
        yield carrier


def _pieces(db: sqlite3.Connection, carrier: str, since_ms: int, until_ms: int) -> Iterator[tuple[int, int]]:
    """Yield spans in which something was booked."""
    begin_ms = since_ms
    while True:
        first_ms = db.execute(
            "SELECT min(at_ms) FROM costs WHERE stands = 1 AND carrier = ? AND at_ms >= ? AND at_ms < ?",
            (carrier, begin_ms, until_ms),
        ).fetchone()[0]
        if first_ms is None:
            return
        end_ms = min(first_ms - first_ms % _PIECE_MS + _PIECE_MS, until_ms)
        yield first_ms, end_ms
        begin_ms = end_ms


def _sum_of(columns: str) -> str:
    names = f"{columns}, currency" if columns else "currency"
    return f"""SELECT {names}, count(*), sum(parts), coalesce(sum(micros), 0), coalesce(sum(reporting_micros), 0)
               FROM ledger WHERE carrier = ? AND at_ms >= ? AND at_ms < ? GROUP BY {names}"""  # noqa: S608 - constants


def _spending(row: tuple[Any, ...], by: Sequence[Dimension], carrier: str, at_ms: int) -> Spending:
    *found, currency, messages, parts, micros, reporting_micros = row
    values = iter(found)
    key = []
    for dimension in by:
        match dimension:
            case Dimension.CARRIER:
                key.append(carrier)
            case Dimension.DAY:
                key.append(f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%d}")
            case Dimension.CLASS:
                key.append(TrafficClass(next(values)).name.lower())
            case _:
                key.append(next(values))
    return Spending(
        key=tuple(key),
        currency=currency,
        messages=messages,
        parts=parts,
        micros=micros,
        reporting_micros=reporting_micros,
    )
