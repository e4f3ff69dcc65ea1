"""Opening a database file: it is refused rather than guessed at, with a sentence that says what to do."""
# ruff: noqa: ASYNC240 - files of a few kilobytes, in tests

import asyncio
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Self

import pytest

from smppgw.core.model import Stage
from smppgw.store.base import StoreError
from smppgw.store.sqlite import SqliteStore, opening, sweeping
from tests.store.conftest import SqliteBackend
from tests.store.room import FakeClock, Room


async def open_store(path: Path) -> SqliteStore:
    clock = FakeClock()
    return await SqliteStore.open(path, wall=clock, monotonic=clock)


async def made(path: Path) -> Path:
    """Make a store with something in it, closed."""
    store = await open_store(path)
    await store.reserve_ids(7)
    await store.aclose()
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def version(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        found: int = connection.execute("PRAGMA user_version").fetchone()[0]
        return found
    finally:
        connection.close()


async def test_a_new_store_has_the_newest_schema_and_hides_from_others(path: Path) -> None:
    await made(path)

    assert version(path) == len(opening.schemas()) >= 1
    assert path.stat().st_mode & 0o077 == 0


async def test_a_missing_folder_is_made_for_the_owner_only(tmp_path: Path) -> None:
    path = await made(tmp_path / "deep" / "er" / "store.db")

    assert path.parent.stat().st_mode & 0o077 == 0


async def test_its_side_files_hide_from_others_too(path: Path) -> None:
    store = await open_store(path)
    await store.reserve_ids(1)

    modes = {file.name: file.stat().st_mode & 0o077 for file in path.parent.iterdir()}

    await store.aclose()
    assert modes == dict.fromkeys(["store.db", "store.db-wal", "store.db-shm", "store.db.lock"], 0)


async def test_a_closed_store_leaves_no_log_behind(path: Path) -> None:
    await made(path)

    assert sorted(file.name for file in path.parent.iterdir()) == ["store.db", "store.db.lock"]


async def test_a_second_daemon_is_refused(path: Path) -> None:
    store = await open_store(path)

    with pytest.raises(StoreError, match="another smppgw uses"):
        await open_store(path)

    await store.aclose()
    await (await open_store(path)).aclose()


async def test_a_refused_start_gives_the_lock_back(path: Path) -> None:
    await made(path)
    path.chmod(0o644)
    with pytest.raises(StoreError):
        await open_store(path)
    path.chmod(0o600)

    await (await open_store(path)).aclose()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o604, 0o601])
async def test_a_file_that_others_may_read_is_refused(path: Path, mode: int) -> None:
    await made(path)
    path.chmod(mode)

    with pytest.raises(StoreError, match="chmod 600"):
        await open_store(path)


async def test_a_newer_schema_is_refused_and_left_alone(path: Path) -> None:
    await made(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(StoreError, match=r"schema 99.*newer version"):
        await open_store(path)

    assert version(path) == 99


@pytest.mark.parametrize(
    ("offset", "octets"),
    [(0, b"not a database, but a letter to you" * 3), (4096, bytes(range(255, -1, -1)) * 16), (100, b"\xff" * 60)],
    ids=["no database", "a random page", "a broken first page"],
)
async def test_a_damaged_file_is_refused_with_a_recipe_and_left_alone(path: Path, offset: int, octets: bytes) -> None:
    await made(path)
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(octets)
    damaged = path.read_bytes()

    with pytest.raises(StoreError, match=r"damaged.*left as it is.*\.recover"):
        await open_store(path)

    assert path.read_bytes() == damaged


async def test_a_folder_in_place_of_the_file_is_refused(path: Path) -> None:
    path.mkdir()

    with pytest.raises(StoreError, match="cannot be used"):
        await open_store(path)


async def test_a_file_in_place_of_the_folder_is_refused(path: Path) -> None:
    path.write_text("in the way")

    with pytest.raises(StoreError, match="cannot be used"):
        await open_store(path / "store.db")


async def test_each_commit_reaches_the_disk(path: Path) -> None:
    store = await open_store(path)

    found = await store._writer.run(
        lambda db: (db.execute("PRAGMA synchronous").fetchone()[0], db.execute("PRAGMA journal_mode").fetchone()[0])
    )

    await store.aclose()
    assert found == (2, "wal")


async def test_a_database_that_syncs_less_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_PRAGMAS", ("PRAGMA synchronous = NORMAL",))

    with pytest.raises(StoreError, match="synchronous=FULL"):
        await open_store(path)


async def test_the_reader_cannot_write(path: Path) -> None:
    store = await open_store(path)

    with pytest.raises(sqlite3.OperationalError):
        store._reader.execute("DELETE FROM messages")

    await store.aclose()


async def test_a_faulty_migration_leaves_the_version_before(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await made(path)
    known = opening.schemas()
    monkeypatch.setattr(opening, "schemas", lambda: (*known, "CREATE TABLE more (x); INSERT INTO nowhere VALUES (1);"))
    with pytest.raises(StoreError, match="nowhere"):
        await open_store(path)
    monkeypatch.undo()

    store = await open_store(path)

    assert version(path) == len(known)
    assert await store.reserve_ids(1) == 8
    await store.aclose()


MIGRATION = """
import asyncio, os, signal, sqlite3, sys
from pathlib import Path
from smppgw.store.sqlite import opening

known, connect = opening.schemas(), sqlite3.connect

def dying(*args, **options):
    connection = connect(*args, **options)
    connection.create_function("die", 0, lambda: os.kill(os.getpid(), signal.SIGKILL))
    return connection

opening.sqlite3.connect = dying
opening.schemas = lambda: (*known, "CREATE TABLE more (x); DROP TABLE costs; SELECT die(); CREATE TABLE most (x);")
opening.connect(Path(sys.argv[1]))
"""


async def test_a_killed_migration_leaves_the_version_before(path: Path) -> None:
    await made(path)

    child = await asyncio.create_subprocess_exec(sys.executable, "-c", MIGRATION, str(path))
    code = await asyncio.wait_for(child.wait(), 30)

    assert code == -signal.SIGKILL
    store = await open_store(path)
    assert version(path) == len(opening.schemas())
    assert await store.reserve_ids(1) == 8
    await store.aclose()


class DiesBefore:
    """A connection whose process dies before its n-th statement."""

    def __init__(self, connection: sqlite3.Connection, statements: int) -> None:
        self._connection = connection
        self._left = statements

    def _count(self) -> None:
        if self._left == 0:
            raise KeyboardInterrupt
        self._left -= 1

    def execute(self, *args: object) -> sqlite3.Cursor:
        self._count()
        return self._connection.execute(*args)  # type: ignore[arg-type] # passed on

    def executemany(self, *args: object) -> sqlite3.Cursor:
        self._count()
        return self._connection.executemany(*args)  # type: ignore[arg-type] # passed on

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        """A dead process neither commits nor rolls back, unless it lived to the end."""
        if fault[0] is None:
            self._connection.commit()


@pytest.mark.parametrize("statements", range(8))
async def test_a_start_that_dies_at_any_statement_loses_no_doubt(room: Room, statements: int) -> None:
    await room.submit()
    await room.call()
    backend = room.backend
    assert isinstance(backend, SqliteBackend)
    assert isinstance(room.store, SqliteStore)
    await backend.kill(room.store)
    connection = opening.connect(backend.path)
    dying = DiesBefore(connection, statements)
    try:
        sweeping.recover(dying, room.now)  # type: ignore[arg-type] # stands for a connection
    except KeyboardInterrupt:
        connection.rollback()
    connection.close()

    room.store = await backend.open(room.clock)

    assert await room.waiting() == {Stage.DOUBTFUL: 1}
    assert len((await room.doubts())[1]) == 1
