"""The one thread that writes: it takes whatever waits, runs it in one transaction, and completes all waiters together.

A commit costs one fsync however many jobs share it, so the batch grows with the load by itself and nothing ever waits
for company. A job is a function of the connection; it may run twice (once in company, once alone), so it must keep its
effects inside the database until it returns.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from smppgw.store.base import StoreError, StoreFailedError, StoreFullError

T = TypeVar("T")

_MOST_JOBS: Final = 512
"""Jobs in one transaction, so that the first of them does not wait for a long tail."""

_STORAGE_FAULTS: Final = frozenset(
    {
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_CANTOPEN,
    }
)

CommitObserver = Callable[[float, int], None]
"""Told the seconds and the changed rows of each commit; called in the event loop."""


@dataclass(slots=True)
class _Job:
    work: Callable[[sqlite3.Connection], Any]
    future: "asyncio.Future[Any]"
    result: Any = None
    fault: Exception | None = None


class Writer:
    """Runs jobs on a connection in a thread of its own, many to a transaction."""

    def __init__(
        self, connection: sqlite3.Connection, on_commit: CommitObserver, monotonic: Callable[[], float]
    ) -> None:
        self._connection = connection
        self._monotonic = monotonic
        self._on_commit = on_commit
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._failed: StoreFailedError | None = None
        self._full = False
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def problem(self) -> str | None:
        """Say why nothing can be written, or None."""
        if self._failed:
            return str(self._failed)
        if not self._thread.is_alive():
            return "the writer thread has ended"
        return "no space left for the store" if self._full else None

    def failed(self) -> bool:
        """Whether the storage itself failed, so that the process must end."""
        return self._failed is not None

    def run(self, work: Callable[[sqlite3.Connection], T]) -> "asyncio.Future[T]":
        """Queue a job; the future has its result when the commit that holds it is on disk."""
        future: asyncio.Future[T] = self._loop.create_future()
        if self._closed or self._failed:
            future.set_exception(self._failed or StoreError("the store is closed"))
        else:
            self._jobs.put(_Job(work, future))
        return future

    async def aclose(self) -> None:
        """Finish the jobs that wait, end the thread and close the connection."""
        self._closed = True
        self._jobs.put(None)
        await asyncio.to_thread(self._end)

    def _end(self) -> None:
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            jobs = [job]
            goes_on = self._gather(jobs)
            self._commit(jobs)
            if not goes_on:
                return

    def _gather(self, jobs: list[_Job]) -> bool:
        """Take what else waits; False when the end was among it."""
        try:
            while len(jobs) < _MOST_JOBS:
                job = self._jobs.get_nowait()
                if job is None:
                    return False
                jobs.append(job)
        except queue.Empty:
            pass
        return True

    def _commit(self, jobs: list[_Job]) -> None:
        started, changes = self._monotonic(), self._connection.total_changes
        if self._begin(jobs) and not self._transact(jobs) and len(jobs) > 1:
            # One bad job must not cost the others: each alone.
            for job in jobs:
                if self._begin([job]):
                    self._transact([job])
        elapsed, rows = self._monotonic() - started, self._connection.total_changes - changes
        try:
            self._loop.call_soon_threadsafe(self._complete, jobs, elapsed, rows)
        except RuntimeError:
            return  # the loop has ended, and nobody waits any more

    def _begin(self, jobs: list[_Job]) -> bool:
        """Open a transaction; where that fails it is the fault of no job, and all of them share it."""
        shared: Exception | None = self._failed
        if shared is None:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            except sqlite3.Error as fault:
                self._note(fault)
                shared = self._in_our_terms(fault)
        for job in jobs:
            job.fault = shared
        return shared is None

    def _transact(self, jobs: list[_Job]) -> bool:
        """Run jobs in the open transaction and commit; False, and nothing written, when one of them failed."""
        changes = self._connection.total_changes
        try:
            for job in jobs:
                job.result = job.work(self._connection)
            self._connection.execute("COMMIT")
        except Exception as fault:  # noqa: BLE001 - whatever a job raises belongs to its waiter
            self._roll_back()
            self._note(fault)
            if len(jobs) == 1:
                jobs[0].fault = self._in_our_terms(fault)
            return False
        if self._connection.total_changes != changes:
            self._full = False  # only what was written proves that there is room again
        return True

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error as fault:
                self._failed = StoreFailedError(f"rollback failed: {fault}")

    def _note(self, fault: Exception) -> None:
        code = getattr(fault, "sqlite_errorcode", None)
        if code is not None and code & 0xFF in _STORAGE_FAULTS:
            self._failed = StoreFailedError(f"the storage failed: {fault}")
        elif code is not None and code & 0xFF == sqlite3.SQLITE_FULL:
            self._full = True

    def _in_our_terms(self, fault: Exception) -> Exception:
        if self._failed:
            return self._failed
        if not isinstance(fault, sqlite3.Error):
            return fault
        if getattr(fault, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
            return StoreFullError(str(fault))
        return StoreError(f"{type(fault).__name__}: {fault}")

    def _complete(self, jobs: list[_Job], elapsed: float, rows: int) -> None:
        for job in jobs:
            if job.future.done():
                continue  # its waiter was cancelled; the work is done all the same
            if job.fault is not None:
                job.future.set_exception(job.fault)
            else:
                job.future.set_result(job.result)
        self._on_commit(elapsed, rows)
