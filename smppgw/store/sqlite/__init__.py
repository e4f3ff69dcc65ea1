"""The store in one SQLite file: one writer thread, shared commits, ``synchronous=FULL``.

This class only names the verbs; each is a function of a connection in the module of its duty, run by the writer.
"""

import asyncio
import os
import secrets
import sqlite3
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

from smppgw.core.assembly import AssemblyRule
from smppgw.core.budgets import Pot
from smppgw.core.disposition import Disposition, Finished, Requeued
from smppgw.core.doubt import DoubtProgress
from smppgw.core.model import Attempt, BatchId, Cost, Message, MessageId, Outgoing, OutgoingId, Submission
from smppgw.core.operations import Addressed, Found, Named, Replacement
from smppgw.core.pumping import Block
from smppgw.core.verdict import PushedReport, StatusReport
from smppgw.store.base import (
    Accepted,
    Backlog,
    DueBatch,
    DueDoubt,
    Finish,
    InboundText,
    Lease,
    OutgoingResult,
    Push,
    PushEffects,
    Reported,
    Routed,
    Settled,
    Swept,
)
from smppgw.store.sqlite import (
    accepting,
    blocking,
    budgets,
    calls,
    figures,
    meta,
    opening,
    operations,
    optouts,
    outbox,
    pushing,
    reporting,
    sweeping,
)
from smppgw.store.sqlite.queues import Queues
from smppgw.store.sqlite.rows import ms
from smppgw.store.sqlite.writer import CommitObserver, Writer

__all__ = ["SqliteStore"]

_TOKEN_BITS = 62
"""Random lease tokens: no counter that two processes could share by accident."""


def _ignore(seconds: float, rows: int) -> None:
    """Observe nothing."""


class SqliteStore:
    """Implements ``smppgw.store.base.Store``."""

    def __init__(self, path: Path, writer: Writer, reader: sqlite3.Connection, queues: Queues, lock: int) -> None:
        self._path = path
        self._writer = writer
        self._reader = reader
        self._queues = queues
        self._lock = lock
        self._reading = threading.Lock()
        self._searching = asyncio.Lock()
        """Searches of what waits go one by one: they take the longer the more there is."""
        self._purged_to = 0
        """The last message that was looked at; 0 at the end of each round."""

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        wall: Callable[[], float],
        monotonic: Callable[[], float],
        on_commit: CommitObserver = _ignore,
    ) -> "SqliteStore":
        """Open the store, upgrade its schema, and void the leases of the process before.

        Raises:
            StoreError: It cannot be used; the text says why.
        """
        lock = await asyncio.to_thread(opening.lock, path)
        queues = Queues()

        def prepare() -> tuple[sqlite3.Connection, sqlite3.Connection]:
            connection = opening.connect(path)
            try:
                with opening.in_our_terms(path):
                    sweeping.recover(connection, wall())
                    queues.restore(connection)
                    return connection, opening.connect_reader(path)
            except BaseException:
                connection.close()
                raise

        try:
            connection, reader = await asyncio.to_thread(prepare)
        except BaseException:
            os.close(lock)
            raise
        return cls(path, Writer(connection, on_commit, monotonic), reader, queues, lock)

    async def reserve_ids(self, count: int) -> int:
        """See ``Store``."""
        return await self._writer.run(lambda db: meta.reserve_ids(db, count))

    async def secret(self, name: str) -> bytes:
        """See ``Store``."""
        return await self._writer.run(lambda db: meta.secret(db, name))

    async def accept(
        self, submissions: Sequence[Submission], rules: Mapping[str, AssemblyRule], now: float
    ) -> Accepted:
        """See ``Store``."""
        return await self._writer.run(lambda db: accepting.accept(db, self._queues, submissions, rules, now))

    async def route(self, routed: Mapping[MessageId, Routed], now: float) -> Sequence[Finish]:
        """See ``Store``."""
        return await self._writer.run(lambda db: accepting.route(db, self._queues, routed, now))

    async def unrouted(self, limit: int) -> Sequence[Message]:
        """See ``Store``."""
        return await self._writer.run(lambda db: accepting.unrouted(db, limit))

    async def lease(self, carrier: str, limit: int, *, until: float, now: float) -> tuple[Lease, Sequence[Message]]:
        """See ``Store``."""
        lease = _new_lease(until)
        return await self._writer.run(lambda db: calls.lease(db, self._queues, carrier, limit, lease, now))

    async def put_back(
        self, dispositions: Mapping[MessageId, Requeued | Finished], *, lease: Lease, now: float
    ) -> Sequence[Finish]:
        """See ``Store``."""
        return await self._writer.run(lambda db: calls.put_back(db, self._queues, dispositions, lease, now))

    async def divert(self, carrier: str, reachable: Collection[str], limit: int) -> Sequence[str]:
        """See ``Store``."""
        return await self._writer.run(lambda db: calls.divert(db, self._queues, carrier, reachable, limit))

    async def begin(self, attempt: Attempt, carrier: str, lease: Lease, now: float) -> None:
        """See ``Store``."""
        await self._writer.run(lambda db: calls.begin(db, attempt, carrier, lease, now))

    async def settle(
        self,
        batch: BatchId,
        dispositions: Mapping[MessageId, Disposition],
        *,
        lease: Lease,
        now: float,
        due_at: float | None,
    ) -> Settled:
        """See ``Store``."""
        return await self._writer.run(
            lambda db: calls.settle(db, self._queues, batch, dispositions, lease, now, due_at)
        )

    async def lease_polls(
        self, carrier: str, limit: int, *, until: float, now: float
    ) -> tuple[Lease, Sequence[DueBatch]]:
        """See ``Store``."""
        lease = _new_lease(until)
        return await self._writer.run(lambda db: reporting.lease_polls(db, carrier, limit, lease, now))

    async def report(
        self,
        reports: Sequence[StatusReport],
        *,
        now: float,
        polled: Mapping[BatchId, float] | None = None,
        lease: Lease | None = None,
    ) -> Reported:
        """See ``Store``."""
        return await self._writer.run(lambda db: reporting.report(db, self._queues, reports, polled or {}, lease, now))

    async def keep_push(self, carrier: str, content_type: str, body: bytes, now: float) -> None:
        """See ``Store``."""
        await self._writer.run(lambda db: pushing.keep(db, carrier, content_type, body, now))

    async def lease_pushes(self, limit: int, *, until: float, now: float) -> tuple[Lease, Sequence[Push]]:
        """See ``Store``."""
        lease = _new_lease(until)
        return await self._writer.run(lambda db: pushing.lease(db, limit, lease, now))

    async def unbooked(self, carrier: str, reports: Sequence[PushedReport]) -> Sequence[Message | None]:
        """See ``Store``."""
        return await self._writer.run(lambda db: pushing.unbooked(db, carrier, reports))

    async def settle_push(
        self,
        push: Push,
        reports: Sequence[PushedReport],
        costs: Mapping[MessageId, Cost],
        inbound: Sequence[InboundText],
        *,
        again_at: float | None,
        lease: Lease,
        now: float,
    ) -> PushEffects | None:
        """See ``Store``."""
        return await self._writer.run(
            lambda db: pushing.settle(db, self._queues, push, reports, costs, inbound, again_at, lease, now)
        )

    async def optouts(self) -> Mapping[str, Sequence[int]]:
        """See ``Store``."""
        return await asyncio.to_thread(optouts.stored, self._reader, self._reading)

    async def lease_doubts(
        self, carrier: str, limit: int, *, until: float, now: float
    ) -> tuple[Lease, Sequence[DueDoubt]]:
        """See ``Store``."""
        lease = _new_lease(until)
        return await self._writer.run(lambda db: calls.lease_doubts(db, carrier, limit, lease, now))

    async def note_doubt(self, batch: BatchId, progress: DoubtProgress, *, lease: Lease, due_at: float) -> None:
        """See ``Store``."""
        await self._writer.run(lambda db: calls.note_doubt(db, batch, progress, lease, due_at))

    async def lease_outgoing(
        self, accounts: Mapping[str, int], *, until: float, now: float
    ) -> tuple[Lease, Sequence[Outgoing]]:
        """See ``Store``."""
        lease = _new_lease(until)
        return await self._writer.run(lambda db: outbox.lease_outgoing(db, accounts, lease, now))

    async def settle_outgoing(self, results: Mapping[OutgoingId, OutgoingResult], *, lease: Lease, now: float) -> None:
        """See ``Store``."""
        await self._writer.run(lambda db: outbox.settle_outgoing(db, results, lease, now))

    async def owed_accounts(self, among: Collection[str], now: float) -> Collection[str]:
        """See ``Store``."""
        return await asyncio.to_thread(outbox.owed_accounts, self._reader, self._reading, among, now)

    async def sweep(self, *, outgoing_kept_s: float, now: float) -> Swept:
        """See ``Store``."""
        return await self._writer.run(lambda db: sweeping.sweep(db, self._queues, outgoing_kept_s, now))

    async def purge(self, *, before: float, limit: int) -> int:
        """See ``Store``."""
        purged = 0
        while True:
            gone, self._purged_to = await self._writer.run(
                partial(sweeping.purge, after=self._purged_to, before_ms=ms(before), seen=limit, limit=limit - purged)
            )
            purged += gone
            if purged >= limit or not self._purged_to:
                return purged

    async def carriers_with_work(self) -> Sequence[str]:
        """See ``Store``."""
        return await self._writer.run(calls.carriers_with_work)

    async def find(self, named: Named) -> Found | None:
        """See ``Store``."""
        return await self._writer.run(lambda db: operations.find(db, named))

    async def cancel(self, what: Named | Addressed, now: float) -> Sequence[Finish] | None:
        """See ``Store``."""
        if isinstance(what, Named):
            return await self._writer.run(lambda db: operations.cancel_named(db, what, now))
        async with self._searching:
            searched = await asyncio.to_thread(operations.search, self._reader, self._reading, what)
        return await self._writer.run(lambda db: operations.cancel_addressed(db, what, searched, now))

    async def replace(self, replacement: Replacement, now: float) -> bool:
        """See ``Store``."""
        return await self._writer.run(lambda db: operations.replace(db, self._queues, replacement, now))

    async def keep_blocks(self, blocks: Sequence[Block], now: float) -> None:
        """See ``Store``."""
        await self._writer.run(lambda db: blocking.keep(db, blocks, now))

    async def blocks(self, now: float) -> Sequence[Block]:
        """See ``Store``."""
        return await asyncio.to_thread(blocking.standing, self._reader, self._reading, now)

    async def recent(self, limit: int) -> Sequence[Finish]:
        """See ``Store``."""
        return await asyncio.to_thread(figures.recent, self._reader, self._reading, limit)

    async def backlog(self) -> Backlog:
        """See ``Store``."""
        return await asyncio.to_thread(figures.backlog, self._reader, self._path, self._reading)

    async def spent(self, since: Collection[Pot]) -> Mapping[Pot, int]:
        """See ``Store``."""
        return await self._writer.run(lambda db: budgets.spent(db, since))

    async def billed_parts(self, carrier: str, *, since: float, until: float) -> int:
        """See ``Store``."""
        span = (ms(since), ms(until))
        return await asyncio.to_thread(figures.billed_parts, self._reader, self._reading, carrier, span)

    def problem(self) -> str | None:
        """See ``Store``."""
        return self._writer.problem()

    def failed(self) -> bool:
        """Whether the storage failed for good, so that the process must end."""
        return self._writer.failed()

    async def aclose(self) -> None:
        """See ``Store``."""
        await asyncio.to_thread(self._close_reader)
        await self._writer.aclose()  # the last connection to close empties the log, and the reader could not
        os.close(self._lock)

    def _close_reader(self) -> None:
        with self._reading:
            self._reader.close()


def _new_lease(until: float) -> Lease:
    return Lease(secrets.randbits(_TOKEN_BITS), until)
