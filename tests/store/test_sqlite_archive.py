"""SQLite keeps the contract of archives, and only a telephone number makes it read more than it shows."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from smppgw.core.tracing import Clue
from smppgw.store.base import StoreError
from smppgw.store.sqlite import searching, tracing
from smppgw.store.sqlite.archive import SqliteArchive
from tests.store import archive_contract
from tests.store.archive_contract import (  # noqa: F401 - pytest collects them here
    TestASearch,
    TestATrace,
    TestOptouts,
    key,
    numbers,
    search,
    traced,
)
from tests.store.room import RECEIVER, Room
from tests.store.test_sqlite_plans import Recording, everything


def test_no_part_of_the_contract_is_left_out() -> None:
    assert {name for name in vars(archive_contract) if name.startswith("Test")} <= set(globals())


async def test_a_number_is_not_looked_for_without_end(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "SEARCHED", 4)
    monkeypatch.setattr(searching, "_STEP", 2)
    for number in range(6):
        room.clock.now += 1
        await room.submit(recipients=(RECEIVER if number in (0, 3) else "491710000002",))

    found = search(room, phone=RECEIVER)

    assert numbers(found) == [4]
    assert (found.searched, found.searched_to) == (4, room.now - 3)


async def test_earlier_calls_are_not_looked_for_without_end(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "CALLS_SEARCHED", 2)
    message = await room.submit(carriers=("beta",))
    for _ in range(3):
        room.clock.now += 1
        await room.submit()
        await room.send()
    await room.send("beta")

    assert traced(room, message).calls_searched_to == room.now - 1


def statements(room: Room) -> Iterator[tuple[str, str]]:
    """Ask all exact questions; return each statement with each step of its plan."""
    path: Path = room.backend.path  # type: ignore[attr-defined] # only SQLite comes here
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        recording = Recording(connection)
        archive = SqliteArchive(path, cast("sqlite3.Connection", recording))
        archive.search(Clue(keys=(key(1),), ref="J.1", number=1), 10)
        for number in range(1, room.last_id + 1):
            archive.trace(number)
        for statement, parameters in recording.statements.items():
            if statement.lstrip().startswith("SELECT"):
                for step in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters):
                    yield statement, step[3]


async def test_no_exact_question_reads_a_whole_table(room: Room) -> None:
    await everything(room)

    found = list(statements(room))

    scans = [step for _, step in found if step.startswith("SCAN") and "VIRTUAL TABLE" not in step]
    assert [step for step in scans if not step.endswith("outbox_inbound")] == []
    assert len({statement for statement, _ in found}) > 12


def test_without_a_store_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no daemon has run"):
        SqliteArchive.open(tmp_path / "none.db")


async def test_a_file_that_is_none_is_told_in_our_terms(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    file.write_bytes(b"nothing of the kind" * 100)

    with closing(SqliteArchive.open(file)) as archive, pytest.raises(StoreError, match="is damaged"):
        archive.trace(1)
