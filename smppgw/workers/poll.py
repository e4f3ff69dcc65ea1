"""Due messages of one carrier -> statuses -> report; past the deadline they end as UNKNOWN.

One poll asks for all open messages of an attempt, because carriers answer by call. A poll that failed is simply made
again at its next time; nothing is concluded from silence before the deadline. What ends UNKNOWN stays booked.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from smppgw.carriers.base import Carrier
from smppgw.core.billing import billed
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Outcome
from smppgw.core.pacing import TokenBucket
from smppgw.core.verdict import StatusReport
from smppgw.ops.clock import Clock
from smppgw.ops.metrics import Metrics
from smppgw.store.base import DueBatch, Lease, Reported, Store, StoreError
from smppgw.workers.bell import Bell
from smppgw.workers.pace import pace, store_while_leased

_log = structlog.get_logger()

LEASE_S: Final = 120.0
IDLE_S: Final = 0.25


class Poller:
    """Asks one carrier for outcomes."""

    def __init__(
        self,
        *,
        carrier: Carrier,
        store: Store,
        clock: Clock,
        metrics: Metrics,
        jitter: Callable[[], float],
        on_reported: Callable[[Reported], None],
    ) -> None:
        self._carrier = carrier
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._jitter = jitter
        self._on_reported = on_reported
        limits = carrier.limits
        self._bucket = TokenBucket(limits.calls_per_s, max(limits.max_in_flight, 1), clock.monotonic())
        self._slots = asyncio.Semaphore(limits.max_in_flight)
        self._stopping = False
        self.bell = Bell()

    def stop(self) -> None:
        """Begin no more polls."""
        self._stopping = True
        self.bell.ring()

    async def run(self) -> None:
        """Poll until stopped."""
        async with asyncio.TaskGroup() as polls:
            while not self._stopping:
                await self._slots.acquire()
                try:
                    lease, due = await self._lease()
                except StoreError as fault:
                    _log.error("polls not leased", carrier=self._carrier.name, reason=str(fault))
                    due = ()
                if not due:
                    self._slots.release()
                    await self.bell.wait(IDLE_S)
                for place, batch in enumerate(due):
                    if place:
                        await self._slots.acquire()
                    polls.create_task(self._poll(batch, lease), name=f"poll {self._carrier.name}")

    async def _lease(self) -> tuple[Lease, Sequence[DueBatch]]:
        now = self._clock.wall()
        lease, due = await self._store.lease_polls(
            self._carrier.name, self._carrier.limits.max_in_flight, until=now + LEASE_S, now=now
        )
        self._metrics.poll_lag(self._carrier.name, now - min((batch.due_at for batch in due), default=now))
        return lease, due

    async def _poll(self, batch: DueBatch, lease: Lease) -> None:
        """Ask about one attempt; a slot is held from before until after."""
        try:
            await pace(self._bucket, self._clock)
            reports = [billed(each, self._carrier.billed_on) for each in await self._carrier.statuses(batch.sent)]
            now = self._clock.wall()
            schedule = self._carrier.polls
            if now - batch.prepared_at >= schedule.deadline_s:
                reports.extend(self._give_up(batch, reports))
            next_at = schedule.next_at(batch.polls + 1, now, self._jitter())
            self._on_reported(
                await store_while_leased(
                    lambda: self._store.report(
                        reports, now=self._clock.wall(), polled={batch.batch: next_at}, lease=lease
                    ),
                    until=lease.until,
                    clock=self._clock,
                )
            )
        except StoreError as fault:
            _log.error("statuses not stored, asked again", carrier=self._carrier.name, reason=str(fault))
        except Exception as fault:  # noqa: BLE001 - a bug that one answer meets; asked again when the lease ends
            _log.error("poll failed", carrier=self._carrier.name, batch=batch.batch, exc_info=fault)
        finally:
            self._slots.release()

    def _give_up(self, batch: DueBatch, reports: Sequence[StatusReport]) -> list[StatusReport]:
        """End as UNKNOWN what has no final status at the deadline."""
        final = {report.message for report in reports if report.final}
        left = [sent.message for sent in batch.sent if sent.message not in final]
        if left:
            _log.warning(
                "no final status by the deadline", carrier=self._carrier.name, batch=batch.batch, messages=len(left)
            )
        return [
            StatusReport(message=message, outcome=Outcome.UNKNOWN, final=True, error=ErrorCode.NO_STATUS_IN_TIME)
            for message in left
        ]
