"""The writer thread: shared commits, order, and faults that stay with whom they belong to."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any, cast

import pytest

from smppgw.store.base import StoreError, StoreFailedError, StoreFullError
from smppgw.store.sqlite.writer import Writer


class Scripted:
    """A connection that notes each statement, waits before a COMMIT when told to, and fails as told."""

    def __init__(self, path: Path) -> None:
        self._real = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.statements: list[str] = []
        self.faults: dict[str, int] = {}
        """SQLite error code by the statement that is to fail."""
        self.may_commit = threading.Event()
        self.may_commit.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def execute(self, statement: str, parameters: Iterable[Any] = ()) -> sqlite3.Cursor:
        self.statements.append(statement)
        if statement == "COMMIT":
            assert self.may_commit.wait(10)
        if statement in self.faults:
            fault = sqlite3.OperationalError(f"scripted {statement}")
            fault.sqlite_errorcode = self.faults[statement]
            raise fault
        return self._real.execute(statement, tuple(parameters))

    def count(self, statement: str) -> int:
        return self.statements.count(statement)


Commits = list[tuple[float, int]]


@pytest.fixture
def connection(tmp_path: Path) -> Scripted:
    scripted = Scripted(tmp_path / "writer.db")
    scripted.execute("CREATE TABLE rows (value INTEGER PRIMARY KEY)")
    scripted.statements.clear()
    return scripted


@pytest.fixture
def commits() -> Commits:
    return []


@pytest.fixture
async def writer(connection: Scripted, commits: Commits) -> AsyncIterator[Writer]:
    writer = Writer(
        cast("sqlite3.Connection", connection),
        lambda seconds, rows: commits.append((seconds, rows)),
        monotonic=lambda: 0.0,
    )
    yield writer
    connection.may_commit.set()
    await writer.aclose()


def insert(value: int) -> Callable[[sqlite3.Connection], int]:
    def work(db: sqlite3.Connection) -> int:
        db.execute("INSERT INTO rows VALUES (?)", (value,))
        return value

    return work


def stored(connection: Scripted) -> list[int]:
    other = sqlite3.connect(connection._real.execute("PRAGMA database_list").fetchone()[2])
    try:
        return [row[0] for row in other.execute("SELECT value FROM rows ORDER BY rowid")]
    finally:
        other.close()


async def stall(writer: Writer) -> threading.Event:
    """Keep the writer busy, so that what comes next gathers; set the event to let it go on."""
    entered, leave = threading.Event(), threading.Event()

    def work(_: sqlite3.Connection) -> None:
        entered.set()
        assert leave.wait(10)

    writer.run(work).add_done_callback(lambda job: job.exception())  # a scripted fault may be meant for it too
    assert await asyncio.to_thread(entered.wait, 10)
    return leave


async def test_what_waits_shares_one_commit(writer: Writer, connection: Scripted, commits: Commits) -> None:
    leave = await stall(writer)
    jobs = [writer.run(insert(value)) for value in range(100)]
    leave.set()

    results = await asyncio.gather(*jobs)

    assert results == list(range(100))
    assert connection.count("COMMIT") == 2  # that of the stall, and one for all
    assert [rows for _, rows in commits] == [0, 100]


async def test_no_transaction_grows_without_end(writer: Writer, connection: Scripted) -> None:
    leave = await stall(writer)
    jobs = [writer.run(insert(value)) for value in range(1000)]
    leave.set()

    await asyncio.gather(*jobs)

    assert connection.count("COMMIT") == 3  # 512 and 488


async def test_jobs_run_in_the_order_in_which_they_came(writer: Writer) -> None:
    ran: list[int] = []
    leave = await stall(writer)
    jobs = [writer.run(lambda _, n=n: ran.append(n)) for n in range(700)]  # type: ignore[misc] # a default argument
    leave.set()

    await asyncio.gather(*jobs)

    assert ran == list(range(700))


async def test_one_bad_job_costs_the_others_nothing(writer: Writer, connection: Scripted) -> None:
    leave = await stall(writer)
    jobs = [writer.run(insert(value)) for value in (1, 2, 2, 3)]
    leave.set()

    results = await asyncio.gather(*jobs, return_exceptions=True)

    assert [isinstance(result, StoreError) for result in results] == [False, False, True, False]
    assert stored(connection) == [1, 2, 3]


async def test_a_fault_of_a_job_reaches_its_waiter_as_it_is(writer: Writer) -> None:
    def work(_: sqlite3.Connection) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await writer.run(work)


async def test_a_bad_job_alone_runs_once(writer: Writer) -> None:
    runs: list[int] = []

    def work(_: sqlite3.Connection) -> None:
        runs.append(1)
        raise KeyError

    with pytest.raises(KeyError):
        await writer.run(work)

    assert runs == [1]


async def test_a_bad_job_leaves_nothing_behind(writer: Writer, connection: Scripted) -> None:
    def work(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO rows VALUES (1)")
        raise KeyError

    with pytest.raises(KeyError):
        await writer.run(work)

    assert stored(connection) == []


async def test_nobody_hears_of_success_before_the_commit(writer: Writer, connection: Scripted) -> None:
    connection.may_commit.clear()
    leave = await stall(writer)
    job = writer.run(insert(1))
    leave.set()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(job), 0)
    assert stored(connection) == []

    connection.may_commit.set()

    assert await job == 1
    assert stored(connection) == [1]


async def test_a_commit_that_fails_is_nobodys_success(writer: Writer, connection: Scripted) -> None:
    connection.faults["COMMIT"] = sqlite3.SQLITE_IOERR_FSYNC

    results = await asyncio.gather(writer.run(insert(1)), writer.run(insert(2)), return_exceptions=True)

    assert [type(result) for result in results] == [StoreFailedError, StoreFailedError]
    assert stored(connection) == []


@pytest.mark.parametrize(
    "code",
    [sqlite3.SQLITE_IOERR, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB],
)
async def test_a_storage_that_failed_is_not_asked_again(writer: Writer, connection: Scripted, code: int) -> None:
    connection.faults["COMMIT"] = code
    with pytest.raises(StoreFailedError):
        await writer.run(insert(1))
    connection.faults.clear()
    asked = len(connection.statements)

    with pytest.raises(StoreFailedError):
        await writer.run(insert(2))

    assert writer.failed()
    assert "the storage failed" in (writer.problem() or "")
    assert len(connection.statements) == asked


async def test_what_waited_behind_a_failure_fails_too(writer: Writer, connection: Scripted) -> None:
    leave = await stall(writer)
    connection.faults["COMMIT"] = sqlite3.SQLITE_IOERR
    jobs = [writer.run(insert(value)) for value in range(600)]
    leave.set()

    results = await asyncio.gather(*jobs, return_exceptions=True)

    assert {type(result) for result in results} == {StoreFailedError}


async def test_a_full_disk_is_no_failure(writer: Writer, connection: Scripted) -> None:
    connection.faults["COMMIT"] = sqlite3.SQLITE_FULL

    with pytest.raises(StoreFullError):
        await writer.run(insert(1))

    assert not writer.failed()
    assert "no space" in (writer.problem() or "")


async def test_room_again_ends_the_problem(writer: Writer, connection: Scripted) -> None:
    connection.faults["COMMIT"] = sqlite3.SQLITE_FULL
    with pytest.raises(StoreFullError):
        await writer.run(insert(1))
    connection.faults.clear()

    await writer.run(insert(2))

    assert writer.problem() is None
    assert stored(connection) == [2]


async def test_a_job_that_wrote_nothing_does_not_prove_that_there_is_room(writer: Writer, connection: Scripted) -> None:
    connection.faults["COMMIT"] = sqlite3.SQLITE_FULL
    with pytest.raises(StoreFullError):
        await writer.run(insert(1))
    connection.faults.clear()

    await writer.run(lambda db: db.execute("SELECT 1").fetchone())

    assert writer.problem() is not None


async def test_a_locked_store_is_waited_for_once_not_once_per_job(writer: Writer, connection: Scripted) -> None:
    leave = await stall(writer)
    connection.faults["BEGIN IMMEDIATE"] = sqlite3.SQLITE_BUSY
    before = connection.count("BEGIN IMMEDIATE")
    jobs = [writer.run(insert(value)) for value in range(50)]
    leave.set()

    results = await asyncio.gather(*jobs, return_exceptions=True)

    assert {type(result) for result in results} == {StoreError}
    assert connection.count("BEGIN IMMEDIATE") == before + 1
    assert writer.problem() is None


async def test_a_waiter_that_left_does_not_undo_the_work(writer: Writer, connection: Scripted) -> None:
    leave = await stall(writer)
    left, kept = writer.run(insert(1)), writer.run(insert(2))
    left.cancel()
    leave.set()

    await kept

    assert stored(connection) == [1, 2]


async def test_closing_finishes_what_waits_and_closes_the_connection(writer: Writer, connection: Scripted) -> None:
    leave = await stall(writer)
    jobs = [writer.run(insert(value)) for value in range(600)]
    leave.set()

    await writer.aclose()

    assert await asyncio.gather(*jobs) == list(range(600))
    with pytest.raises(sqlite3.ProgrammingError):
        connection._real.execute("SELECT 1")


async def test_a_closed_writer_takes_nothing(writer: Writer) -> None:
    await writer.aclose()

    with pytest.raises(StoreError, match="closed"):
        await writer.run(insert(1))

    assert writer.problem() is not None
