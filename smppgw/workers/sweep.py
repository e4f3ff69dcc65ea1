"""What time alone changes: expiry, lost parts, ended leases, retention; and the figures of what waits."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final

import structlog

from smppgw.core.model import Outcome, Stage
from smppgw.ops.clock import Clock
from smppgw.ops.metrics import Metrics
from smppgw.store.base import Finish, Store, StoreError
from smppgw.workers.bell import Bell

_log = structlog.get_logger()

SWEEP_S: Final = 1.0
FIGURES_EVERY: Final = 5
"""Sweeps between two looks at the backlog."""
PURGE_EVERY: Final = 60
"""Sweeps between two purges."""
_PURGED_AT_ONCE: Final = 2000


class Sweeper:
    """Sweeps once a second."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Collection[str],
        outgoing_kept_s: float,
        messages_kept_s: float,
        clock: Clock,
        metrics: Metrics,
        route_left_over: Callable[[], Awaitable[None]],
        on_finished: Callable[[Sequence[Finish]], None],
        on_due: Callable[[], None],
    ) -> None:
        self._store = store
        self._accounts = accounts  # not copied: a reload may add some
        self._outgoing_kept_s = outgoing_kept_s
        self._messages_kept_s = messages_kept_s
        self._clock = clock
        self._metrics = metrics
        self._route_left_over = route_left_over
        self._on_finished = on_finished
        self._on_due = on_due
        self._stopping = False
        self._turns = 0
        self.bell = Bell()

    def stop(self) -> None:
        """Sweep no more."""
        self._stopping = True
        self.bell.ring()

    async def run(self) -> None:
        """Sweep until stopped."""
        while not self._stopping:
            try:
                await self.turn()
            except StoreError as fault:
                _log.error("sweep failed, tried again", reason=str(fault))
            await self.bell.wait(SWEEP_S)

    async def turn(self) -> None:
        """Do one sweep, and now and then what goes with it."""
        now = self._clock.wall()
        swept = await self._store.sweep(outgoing_kept_s=self._outgoing_kept_s, now=now)
        self._on_finished(swept.finished)
        if expired := sum(finish.outcome is Outcome.EXPIRED for finish in swept.finished):
            # As behind a carrier that is paused or cannot be reached: not without a word.
            _log.warning("messages expired while they waited", messages=expired)
        if swept.queued or swept.doubted:
            self._on_due()
        if swept.doubted:
            _log.warning("calls without an outcome are doubtful now", attempts=swept.doubted)
        if swept.parked_too_long:
            _log.error("parked messages ended as unknown, nobody released them", messages=swept.parked_too_long)
        if swept.incomplete:
            _log.info("texts sent without their missing parts", texts=swept.incomplete)
        if swept.kept_too_long:
            _log.error("receipts not taken within their retention, kept but no longer tried", count=swept.kept_too_long)
        for carrier, reports in swept.unmatched.items():
            self._metrics.unmatched(carrier, reports)
            _log.warning("pushed reports found no message within a day, dropped", carrier=carrier, reports=reports)
        if swept.incomplete or self._turns % FIGURES_EVERY == 0:
            await self._route_left_over()
        if self._turns % FIGURES_EVERY == 0:
            await self._show_backlog(now)
        if self._turns % PURGE_EVERY == 0:
            await self._purge(now)
        self._turns += 1

    async def _show_backlog(self, now: float) -> None:
        backlog = await self._store.backlog()
        for stage in Stage:
            if stage in backlog.messages:
                oldest_at = backlog.oldest_at.get(stage, now)
                self._metrics.queue(stage.name.lower(), backlog.messages[stage], max(now - oldest_at, 0.0))
        for account in self._accounts:
            oldest_at = backlog.outgoing_oldest_at.get(account, now)
            self._metrics.receipts_pending(account, backlog.outgoing.get(account, 0), max(now - oldest_at, 0.0))
        self._metrics.store_bytes(backlog.octets)

    async def _purge(self, now: float) -> None:
        gone = 0
        while not self._stopping:
            purged = await self._store.purge(before=now - self._messages_kept_s, limit=_PURGED_AT_ONCE)
            gone += purged
            if purged < _PURGED_AT_ONCE:
                break
        if gone:
            _log.info("old messages removed", messages=gone)
