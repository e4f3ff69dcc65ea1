"""Sums of the ledger equal those of its rows, whatever is asked, and read one index only."""

import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import pytest

from smppgw.core.model import TrafficClass
from smppgw.core.spending import Dimension, add_up
from smppgw.store.sqlite import opening, spending
from smppgw.store.sqlite.spending import spent

DAY_MS: Final = 86_400_000
START_MS: Final = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
PRICES: Final = ((75_000, "EUR", 75_000), (10_000, "USD", 9_000), (None, None, None))


class Booked:
    """One row of the ledger."""

    def __init__(self, number: int, chance: random.Random) -> None:
        self.number = number
        self.carrier = chance.choice(["alpha", "beta"])
        self.account = chance.choice(["legacy", "other"])
        self.country = chance.choice(["DE", "CN", ""])
        self.traffic_class = chance.choice(list(TrafficClass))
        self.parts = chance.randrange(4)
        self.price = chance.choice(PRICES)
        at = chance.choice([0, 1, 6 * 3_600_000, 2 * DAY_MS - 1, 2 * DAY_MS, 9 * DAY_MS, chance.randrange(9 * DAY_MS)])
        self.at_ms = START_MS + at

    def row(self, kind: int, *, stands: bool) -> tuple[Any, ...]:
        return (
            self.number // 3, self.number, kind, self.account, self.carrier, self.country, self.traffic_class,
            self.parts, *self.price, self.at_ms, stands,
        )  # fmt: skip

    def value(self, dimension: Dimension) -> str:
        match dimension:
            case Dimension.DAY:
                return datetime.fromtimestamp(self.at_ms / 1000, UTC).date().isoformat()
            case Dimension.CLASS:
                return self.traffic_class.name.lower()
            case _:
                return str(getattr(self, dimension))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = opening.connect(tmp_path / "store.db")
    yield connection
    connection.close()


def book(db: sqlite3.Connection, count: int) -> list[Booked]:
    """Book some, and correct every fifth by another one."""
    chance = random.Random(3)
    found = []
    db.execute("BEGIN")
    for number in range(count):
        booked = Booked(number, chance)
        is_corrected = number % 5 == 0
        rows = [booked.row(0, stands=not is_corrected)]
        if is_corrected:
            booked.parts, booked.price = 0, (0, "EUR", 0)
            rows.append(booked.row(1, stands=True))
        db.executemany(
            """INSERT INTO costs (attempt, message, kind, account, carrier, country, traffic_class, parts, micros,
                   currency, reporting_micros, at_ms, stands) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            rows,
        )
        found.append(booked)
    db.execute("COMMIT")
    return found


@pytest.mark.parametrize("span", [(0, 10 * DAY_MS), (1, 2 * DAY_MS), (2 * DAY_MS, 3 * DAY_MS), (30 * DAY_MS,) * 2])
def test_all_sums_are_those_of_the_rows(db: sqlite3.Connection, span: tuple[int, int]) -> None:
    since_ms, until_ms = START_MS + span[0], START_MS + span[1]
    booked = [each for each in book(db, 400) if since_ms <= each.at_ms < until_ms]

    for count in range(len(Dimension) + 1):
        for by in combinations(Dimension, count):
            sums: Counter[tuple[Any, ...]] = Counter()
            for each in booked:
                place = (tuple(map(each.value, by)), each.price[1])
                sums[place, "messages"] += 1
                sums[place, "parts"] += each.parts
                sums[place, "micros"] += each.price[0] or 0
                sums[place, "reporting_micros"] += each.price[2] or 0
            found = add_up(spent(db, by, since_ms, until_ms))
            told = Counter(
                {
                    ((row.key, row.currency), name): getattr(row, name)
                    for row in found
                    for name in ("messages", "parts", "micros", "reporting_micros")
                }
            )
            assert told == sums


def test_dimensions_come_in_the_order_in_which_they_are_asked(db: sqlite3.Connection) -> None:
    book(db, 10)

    (day, carrier), *_ = [row.key for row in spent(db, (Dimension.DAY, Dimension.CARRIER), 0, START_MS + DAY_MS)]

    assert (day, carrier) == ("2026-03-01", "alpha")


def test_only_one_index_is_read(db: sqlite3.Connection) -> None:
    statement = spending._sum_of("account, country, traffic_class")

    plan = db.execute(f"EXPLAIN QUERY PLAN {statement}", ("alpha", 0, 1)).fetchall()

    assert plan[0][3].startswith("SEARCH costs USING COVERING INDEX costs_standing (carrier=? AND at_ms>? AND at_ms<?)")


def test_no_snapshot_is_kept_between_pieces(db: sqlite3.Connection, tmp_path: Path) -> None:
    book(db, 100)
    reader = opening.connect_reader(tmp_path / "store.db")

    for _ in spent(reader, (), 0, START_MS + 10 * DAY_MS):
        # A checkpoint that waits for no reader: what is left of the log is what somebody still reads.
        db.execute("INSERT OR REPLACE INTO meta VALUES ('x', 1)")
        busy, in_log, checkpointed = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert (busy, in_log) == (0, checkpointed)

    reader.close()
