"""Start the gateway from the bottom up, stop it from the top down.

Start: store, carriers, workers, HTTP, and last the SMPP listener: what accepts comes after what it needs.
Stop: no new connections, calls and binds; what was read is answered and every bind gets its unbind; calls in flight are
finished and settled; what is still open at the end of the drain is a doubt that the next start resolves.
A worker that raises ends the process: a daemon that goes on without its dispatcher only looks alive.
"""

import asyncio
import contextlib
import gc
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import structlog
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.routing import Route

from smppgw import __version__
from smppgw.app import policies
from smppgw.app.carriers import make_carriers
from smppgw.app.crew import Crew
from smppgw.app.entrance import doors
from smppgw.app.front import Front, OpenFront
from smppgw.app.reloading import Configuration, Reloader
from smppgw.app.vitals import Vitals
from smppgw.carriers.retired import Retired
from smppgw.core import numbers
from smppgw.core.ids import IdForm, Ids
from smppgw.core.optout import Optouts
from smppgw.ops.clock import Clock
from smppgw.ops.metrics import Metrics
from smppgw.ops.passwords import Passwords
from smppgw.ops.systemd import Notifier, watchdog_interval_s
from smppgw.smpp.admission import Admission
from smppgw.smpp.aio import Listener, listen
from smppgw.smpp.dial import Dialler
from smppgw.smpp.tally import Tally
from smppgw.store.base import StoreFailedError
from smppgw.store.sqlite import SqliteStore
from smppgw.web.app import build
from smppgw.web.pushes import PushEntrance
from smppgw.web.serving import serve

_log = structlog.get_logger()

_GOODBYE_S: Final = 5.0
"""How long binds may take to answer our unbind."""


class Gateway:
    """One daemon."""

    def __init__(self, read: Callable[[], Configuration], clock: Clock, environ: Mapping[str, str]) -> None:
        """Read the configuration; nothing is opened yet.

        Args:
            read: Reads the configuration, now and at each reload.
            clock: Time.
            environ: What the service manager says.

        Raises:
            ConfigFaults: The configuration cannot be used.
        """
        configuration = read()
        settings = configuration.settings
        self._read = read
        self.settings = settings
        """As they were at the start."""
        self._prices = configuration.prices
        self._tls = configuration.tls
        self._callees = configuration.callees
        self._session_settings = policies.session_settings(settings)
        self._clock = clock
        self._notifier = Notifier(environ)
        self._policies = policies.account_policies(settings)
        self._metrics = Metrics(
            CollectorRegistry(),
            accounts=self._policies,
            carriers=settings.carriers,
            currency=settings.rates.currency,
            version=__version__,
            store="sqlite",
        )
        self._vitals = Vitals(
            clock=clock, metrics=self._metrics, notifier=self._notifier, watchdog_s=watchdog_interval_s(environ)
        )
        self._tally = Tally()
        self._stopping = asyncio.Event()
        self._at_once = asyncio.Event()
        self._reloader: Reloader | None = None

    def stop(self) -> None:
        """Begin the drain; a second call ends it at once."""
        (self._at_once if self._stopping.is_set() else self._stopping).set()

    def reload(self) -> None:
        """Read the configuration anew; nothing happens while the daemon is still starting."""
        if self._reloader is not None:
            self._reloader.ask()

    async def run(self) -> None:
        """Run until stopped, and drain.

        Raises:
            StoreError: The store cannot be used, or has failed for good.
            OSError: An address cannot be had.
        """
        numbers.preload(sorted({policy.country for policy in self._policies.values() if policy.country}))
        self._metrics.reloaded(successful=True, now=self._clock.wall())
        for account in self.settings.accounts:
            self._metrics.expected_bound(account.system_id, expected=account.expect_bound)
        async with contextlib.AsyncExitStack() as opened:
            store, crew, entrance = await self._build(opened)
            http_at = await self._serve(opened, entrance)
            await self._work(store, crew, http_at)
        _log.info("stopped")

    async def _serve(self, opened: contextlib.AsyncExitStack, entrance: Sequence[Route]) -> list[str]:
        """Answer HTTP; return where: for operators, then for pushes if those have an address of their own."""
        http = self.settings.http
        apps = [(http.listen, build(self._vitals, self._metrics, entrance if http.push_listen is None else ()))]
        if http.push_listen is not None:
            apps.append((http.push_listen, Starlette(routes=entrance)))
        addresses = [
            await opened.enter_async_context(serve(app, at.host, at.port, http.push_proxies)) for at, app in apps
        ]
        return [f"{host}:{port}" for host, port in addresses]

    async def _build(self, opened: contextlib.AsyncExitStack) -> tuple[SqliteStore, Crew, Sequence[Route]]:
        settings = self.settings
        store = await SqliteStore.open(
            settings.store.path,
            wall=self._clock.wall,
            monotonic=self._clock.monotonic,
            on_commit=self._vitals.committed,
        )
        opened.push_async_callback(store.aclose)
        carriers = make_carriers(settings.carriers, self._clock, self._metrics)
        for name in await store.carriers_with_work():
            carriers.setdefault(name, Retired(name))
        for carrier in carriers.values():
            opened.push_async_callback(carrier.aclose)
        await asyncio.gather(*(carrier.ready() for carrier in carriers.values()))
        for name, carrier in carriers.items():
            if carrier.problem:
                _log.warning("carrier not ready, its messages wait", carrier=name, reason=carrier.problem)
        crew = Crew(
            store=store,
            carriers=carriers,
            policies=self._policies,
            router=policies.router(settings.routes),
            prices=self._prices,
            budgets=policies.budgets(settings),
            optouts=Optouts(await store.optouts()),
            open_front=await self._front(store, opened),
            outgoing_kept_s=settings.store.receipts_retention,
            messages_kept_s=settings.store.messages_retention,
            clock=self._clock,
            metrics=self._metrics,
        )
        del self._prices  # only workers hold them, so that a reload lets go of them
        await crew.remember(store)
        entrance = PushEntrance(
            doors(settings.carriers, carriers),
            journal=store,
            counts=self._metrics,
            clock=self._clock.wall,
            on_kept=crew.pushed.bell.ring,
        )
        return store, crew, entrance.routes()

    async def _front(self, store: SqliteStore, opened: contextlib.AsyncExitStack) -> OpenFront:
        settings = self.settings
        passwords = Passwords()
        opened.callback(passwords.close)
        key = await store.secret("ids")
        return partial(
            Front,
            store=store,
            policies=self._policies,
            ids={form: Ids(key, form) for form in IdForm},
            passwords=passwords,
            lockout_rules=policies.lockout_rules(settings),
            bind_rate=policies.bind_rate(settings),
            callees=self._callees,
            session_settings=self._session_settings,
            tally=self._tally,
            receipt_window=settings.smpp.receipt_window,
            clock=self._clock,
            metrics=self._metrics,
        )

    async def _work(self, store: SqliteStore, crew: Crew, http_at: Sequence[str]) -> None:
        async with asyncio.TaskGroup() as duties:
            stoppable = [duties.create_task(worker.run(), name=type(worker).__name__) for worker in crew.stoppable]
            listeners = await self._listen(crew)
            self._reloader = self._make_reloader(crew, listeners)
            endless = [
                duties.create_task(crew.front.receipts.run(), name="Receipts"),
                duties.create_task(self._watch(store, crew), name="Vitals"),
                duties.create_task(self._reloader.run(), name="Reloader"),
            ]
            _leave_to_itself_what_is_loaded()
            self._announce(store, http_at, listeners)
            await self._stopping.wait()
            await self._drain(crew, listeners, stoppable)
            for task in endless:
                task.cancel()

    def _make_reloader(self, crew: Crew, listeners: Sequence[Listener]) -> Reloader:
        return Reloader(
            read=self._read,
            running=self.settings,
            crew=crew,
            listeners=listeners,
            clock=self._clock,
            metrics=self._metrics,
            notifier=self._notifier,
        )

    async def _listen(self, crew: Crew) -> list[Listener]:
        smpp = self.settings.smpp
        admission = Admission(max_total=smpp.max_unbound, max_per_host=smpp.max_unbound_per_ip)
        return [
            await listen(
                crew.front.reception,
                address.host,
                address.port,
                self._session_settings,
                clock=self._clock.monotonic,
                ssl=tls,
                proxies=smpp.proxy_protocol if address in smpp.proxy_listen else None,
                admission=admission,
                tally=self._tally,
            )
            for tls, addresses in ((None, smpp.listen), (self._tls, smpp.tls_listen))
            for address in addresses
        ]

    def _announce(self, store: SqliteStore, http_at: Sequence[str], listeners: Sequence[Listener]) -> None:
        self._vitals.opened(store)
        smpp_at = [f"{host}:{port}" for listener in listeners for host, port in listener.addresses]
        _log.info("ready", version=__version__, smpp=smpp_at, http=http_at[0], pushes=http_at[-1])
        self._notifier.ready(f"listening on {', '.join(smpp_at)}")

    async def _watch(self, store: SqliteStore, crew: Crew) -> None:
        await self._vitals.beat(crew.front.binds, self._tally, crew.circuits, crew.show_routing, store.failed)
        raise StoreFailedError(store.problem() or "the store has failed")

    async def _drain(self, crew: Crew, listeners: Sequence[Listener], stoppable: Sequence[asyncio.Task[None]]) -> None:
        """Finish what was begun, as far as the time goes."""
        _log.info("draining", seconds=self.settings.gateway.drain)
        self._vitals.drain()
        drain = asyncio.create_task(self._finish(crew, listeners, stoppable))
        impatience = asyncio.create_task(self._at_once.wait())
        await asyncio.wait({drain, impatience}, timeout=self.settings.gateway.drain, return_when="FIRST_COMPLETED")
        for task in (impatience, drain, *stoppable):
            task.cancel()
        await asyncio.wait({impatience, drain})
        await crew.front.receipts.settle_results()

    async def _finish(self, crew: Crew, listeners: Sequence[Listener], stoppable: Sequence[asyncio.Task[None]]) -> None:
        for worker in crew.stoppable:
            worker.stop()
        crew.front.binds.stop()
        crew.front.receipts.stop()
        for listener in listeners:
            listener.close()
        holders: tuple[Listener | Dialler, ...] = (*listeners, crew.front.dialler)
        for holder in holders:
            for connection in list(holder.connections):
                connection.close()
        await crew.front.reception.wait_idle()
        try:
            async with asyncio.timeout(_GOODBYE_S):
                await asyncio.gather(*(holder.wait_empty() for holder in holders))
        except TimeoutError:
            pass  # who does not answer an unbind is cut off with the process
        await asyncio.wait(stoppable)


def _leave_to_itself_what_is_loaded() -> None:
    """Keep the garbage collector from looking at modules, rate cards and tables again and again.

    They stay for as long as the process, and a look at all of them stops everything for a tenth of a second: several
    times in a reload, and now and then in traffic. What is let go of is freed all the same, unless it is a cycle.
    """
    gc.collect()
    gc.freeze()
