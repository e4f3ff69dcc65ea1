"""SIGHUP: the configuration is read whole, checked whole, and only then swapped.

Traffic goes on meanwhile. Files are read and rate cards parsed in a thread, which gives way to the event loop every
millisecond; and the cards that nobody goes by any more are let go of in a thread too, one after the other, because a
hundred thousand prefixes take tens of milliseconds to free.
"""

import asyncio
import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ssl import SSLContext
from typing import Final

import structlog

from smppgw.app import policies
from smppgw.app.crew import Crew
from smppgw.config.faults import ConfigFaults, Fault
from smppgw.config.settings import Settings
from smppgw.ops.clock import Clock
from smppgw.ops.metrics import Metrics
from smppgw.ops.systemd import Notifier
from smppgw.smpp.aio import Listener
from smppgw.workers.outbind import Callee
from smppgw.workers.pricing import Prices

_log = structlog.get_logger()

_AT_START_ONLY: Final = ("smpp", "http", "store", "log", "gateway", "carriers")
_TLS_KEYS: Final = ("tls_cert", "tls_key", "tls_client_ca", "tls_client_cert", "tls_min")
"""Keys of [smpp] that a reload heeds."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration with what was read from the files it names."""

    settings: Settings
    prices: Prices
    tls: SSLContext | None
    """What the TLS listeners speak; None where there are none."""
    callees: Mapping[str, Callee]
    """Whom we call."""


class Reloader:
    """Reads the configuration anew when it is told to."""

    def __init__(
        self,
        *,
        read: Callable[[], Configuration],
        running: Settings,
        crew: Crew,
        listeners: Sequence[Listener],
        clock: Clock,
        metrics: Metrics,
        notifier: Notifier,
    ) -> None:
        self._read = read
        self._running = running
        self._crew = crew
        self._listeners = listeners
        self._clock = clock
        self._metrics = metrics
        self._notifier = notifier
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """Reload soon."""
        self._asked.set()

    async def run(self) -> None:
        """Reload whenever it is asked for, until cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            self._notifier.reloading(self._clock.monotonic())
            await self._reload()
            self._notifier.ready("reloaded")

    def _read_undisturbed(self) -> Configuration:
        """Read files, hash plain passwords; in a thread.

        Meanwhile nobody looks for garbage: among the million things that lines of cards are made of for a moment there
        are no cycles, and to look at all of them again and again would stop every thread for 50 ms at a time.
        """
        gc.disable()
        try:
            return self._read()
        finally:
            gc.enable()

    async def _reload(self) -> None:
        try:
            new = await asyncio.to_thread(self._read_undisturbed)
            _check_carriers(new.settings, self._running)
        except ConfigFaults as faults:
            for fault in faults.faults:
                _log.error("configuration not reloaded", path=fault.path, reason=fault.reason)
            self._metrics.reloaded(successful=False, now=self._clock.wall())
            return
        settings = new.settings
        former = self._crew.reload(
            policies.account_policies(settings), policies.router(settings.routes), new.prices
        ).pieces()
        self._crew.budgets.reload(policies.budgets(settings), new.prices)
        self._crew.front.outbinds.reload(new.callees)
        if new.tls is not None:
            for listener in self._listeners:
                listener.use_tls(new.tls)
        expected = {account.system_id: account.expect_bound for account in settings.accounts}
        for name in self._crew.front.binds.accounts:
            self._metrics.expected_bound(name, expected=expected.get(name, False))
        self._metrics.reloaded(successful=True, now=self._clock.wall())
        before, now = _at_start_only(self._running), _at_start_only(settings)
        waiting = [name for name in before if before[name] != now[name]]
        _log.info(
            "configuration reloaded",
            accounts=len(settings.accounts),
            routes=len(settings.routes),
            after_restart=waiting,
        )
        await asyncio.to_thread(_let_go, former)


def _let_go(pieces: list[object]) -> None:
    while pieces:
        pieces.pop()


def _at_start_only(settings: Settings) -> Mapping[str, object]:
    """Return the sections that take effect at the start only, without what a reload has just changed."""
    sections = {name: getattr(settings, name) for name in _AT_START_ONLY}
    return sections | {"smpp": settings.smpp.model_copy(update=dict.fromkeys(_TLS_KEYS))}


def _check_carriers(new: Settings, running: Settings) -> None:
    """Refuse routes over carriers that do not run yet."""
    missing: Mapping[str, str] = {
        name: route.name for route in new.routes for name in route.carriers if name not in running.carriers
    }
    if missing:
        raise ConfigFaults(
            tuple(
                Fault(f"routes[{route}].carriers", f"carrier {name} runs only after a restart")
                for name, route in missing.items()
            )
        )
