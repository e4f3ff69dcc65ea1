"""One room per backend: PostgreSQL joins by one more entry in ``BACKENDS``."""

import os
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from smppgw.core.budgets import Period, Pot, Scope
from smppgw.core.model import Stage
from smppgw.store.base import Store
from smppgw.store.sqlite import SqliteStore
from smppgw.store.sqlite.archive import SqliteArchive
from tests.store.room import Backend, Entry, FakeClock, Room


class SqliteBackend:
    """A database file in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "store.db"
        self._left: list[sqlite3.Connection] = []
        self._open: list[SqliteStore] = []

    async def open(self, clock: FakeClock) -> SqliteStore:
        store = await SqliteStore.open(self.path, wall=clock, monotonic=clock)
        self._open.append(store)
        return store

    async def kill(self, store: Store) -> None:
        """Drop the lock and the thread, and close nothing: no checkpoint, no farewell."""
        assert isinstance(store, SqliteStore)
        self._open.remove(store)
        os.close(store._lock)
        store._writer._jobs.put(None)
        store._writer._thread.join()
        self._left += [store._writer._connection, store._reader]

    async def stages(self) -> Mapping[int, Stage]:
        found = self.rows("SELECT id, stage FROM messages UNION SELECT id, 0 FROM segments WHERE message IS NULL")
        return {number: Stage(stage) for number, stage in found}

    async def open_counts(self) -> Mapping[str, int]:
        return dict(self.rows("SELECT batch, open FROM attempts WHERE state < 3"))

    async def taken_out(self) -> Mapping[Pot, int]:
        shares = self.rows(
            """SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, (j.value ->> 5) + (j.value ->> 6)
               FROM messages m, json_each(m.charges) j"""
        )
        found: Counter[Pot] = Counter()
        for scope, name, period, start_ms, micros in shares:
            found[Pot(Scope(scope), name, Period(period), start_ms)] += micros
        return {pot: micros for pot, micros in found.items() if micros}

    async def costs(self) -> Sequence[tuple[int, int | None]]:
        return [(message, micros) for message, micros in self.rows("SELECT message, micros FROM costs ORDER BY 1")]

    async def ledger(self) -> Sequence[Entry]:
        rows = self.rows(
            """SELECT attempt, message, carrier, parts, micros, reporting_micros, at_ms, final FROM ledger
               ORDER BY attempt, message"""
        )
        return [Entry._make((*row[:-1], row[-1] == 1)) for row in rows]

    async def flagged(self) -> Sequence[int]:
        return [row[0] for row in self.rows("SELECT id FROM messages WHERE possible_duplicate ORDER BY id")]

    async def replaced(self) -> Mapping[int, int]:
        return dict(self.rows("SELECT id, replaced FROM segments WHERE replaced > 0"))

    async def stuck(self) -> Sequence[int]:
        return [
            row[0]
            for row in self.rows(
                """SELECT m.id FROM messages m LEFT JOIN attempts a ON a.id = m.attempt WHERE m.stage IN (4, 5, 7)
                   AND (a.id IS NULL OR a.due_ms IS NULL OR a.body IS NULL AND m.stage <> 7
                        OR m.stage = 4 AND a.state <> 0 OR m.stage = 5 AND a.state <> 1
                        OR m.stage = 7 AND a.state NOT IN (1, 2))
                   UNION SELECT id FROM messages WHERE stage = 2 AND due_ms IS NULL
                   UNION SELECT id FROM messages WHERE stage = 3 AND carrier = ''"""
            )
        ]

    def archive(self) -> SqliteArchive:
        return SqliteArchive.open(self.path)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Read what is committed, on a connection of its own."""
        connection = sqlite3.connect(self.path)
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()

    async def clean(self) -> None:
        for store in self._open:
            await store.aclose()
        for connection in self._left:
            connection.close()


BACKENDS: Final[Mapping[str, Callable[[Path], Backend]]] = {"sqlite": SqliteBackend}


@pytest.fixture(params=BACKENDS)
async def room(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Room]:
    backend, clock = BACKENDS[request.param](tmp_path), FakeClock()
    yield Room(backend, clock, await backend.open(clock))
    await backend.clean()
