"""How the daemon is: for /healthz and /readyz, for systemd's watchdog, and for the gauges that nobody else sets."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from smppgw.core.health import Circuit
from smppgw.ops.clock import Clock
from smppgw.ops.metrics import Metrics
from smppgw.ops.systemd import Notifier
from smppgw.smpp.consts import CommandId
from smppgw.smpp.tally import UNKNOWN, Tally
from smppgw.store.base import Store
from smppgw.workers.binds import Binds

_log = structlog.get_logger()

_BEAT_S: Final = 0.5
_STALLED_S: Final = 30.0
"""A writer thread that has completed nothing for so long is stuck: the sweep alone commits every second."""

_COMMANDS: Final = {command.value: command.name.lower() for command in CommandId} | {UNKNOWN: "other"}


class Vitals:
    """Implements ``web.app.Probes``."""

    def __init__(self, *, clock: Clock, metrics: Metrics, notifier: Notifier, watchdog_s: float | None) -> None:
        self._clock = clock
        self._metrics = metrics
        self._notifier = notifier
        self._watchdog_s = watchdog_s
        self._store: Store | None = None
        self._committed_at = clock.monotonic()
        self._open = False
        self._draining = False

    def committed(self, lasted_s: float, rows: int) -> None:
        """The writer thread has completed something."""
        self._committed_at = self._clock.monotonic()
        self._metrics.commit(lasted_s, rows)

    def opened(self, store: Store) -> None:
        """Everything is up."""
        self._store = store
        self._open = True

    def drain(self) -> None:
        """The end has begun."""
        self._draining = True
        self._notifier.stopping()

    def alive(self) -> list[str]:
        """See ``Probes``."""
        if self._store is None:
            return []
        silent_s = self._clock.monotonic() - self._committed_at
        return [f"the store has completed nothing for {silent_s:.0f} s"] if silent_s > _STALLED_S else []

    def ready(self) -> list[str]:
        """See ``Probes``."""
        reasons = []
        if self._draining:
            reasons.append("draining")
        if not self._open or self._store is None:
            reasons.append("starting")
        elif problem := self._store.problem():
            reasons.append(f"store: {problem}")
        return reasons

    async def beat(
        self,
        binds: Binds,
        tally: Tally,
        circuits: Mapping[str, Circuit],
        show_routing: Callable[[], None],
        has_failed: Callable[[], bool],
    ) -> None:
        """Measure the loop, feed the watchdog, set gauges; returns when the store has failed for good."""
        watchdog_at = 0.0
        while not has_failed():
            due = self._clock.monotonic() + _BEAT_S
            await asyncio.sleep(_BEAT_S)
            now = self._clock.monotonic()
            self._metrics.loop_lag(now - due)
            self._show(binds, tally, circuits, now)
            show_routing()
            if self._watchdog_s is not None and now >= watchdog_at and not self.alive():
                self._notifier.watchdog()
                watchdog_at = now + self._watchdog_s

    def _show(self, binds: Binds, tally: Tally, circuits: Mapping[str, Circuit], now: float) -> None:
        for name, account in binds.accounts.items():
            self._metrics.window_used(name, sum(connection.session.owed for connection in account.bound))
        self._metrics.pdus("in", {_COMMANDS[command]: count for command, count in tally.received.items()})
        self._metrics.pdus("out", {_COMMANDS[command]: count for command, count in tally.sent.items()})
        for name, circuit in circuits.items():
            self._metrics.circuit(name, circuit.state(now).value)
