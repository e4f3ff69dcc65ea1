"""One carrier's workers over a real store, and short words for running them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from smppgw.core.health import Circuit, CircuitState
from smppgw.core.model import BatchId
from smppgw.ops.metrics import Metrics
from smppgw.store.base import Finish, Reported
from smppgw.workers.calling import Settlement
from smppgw.workers.dispatch import Dispatcher
from smppgw.workers.doubts import Doubts
from smppgw.workers.pace import Occasions
from smppgw.workers.poll import Poller
from smppgw.workers.pricing import Prices
from tests.workers.fakes import NO_PRICES, WAIT_S, Depot, FakeCarrier, FakeClock, metrics_for


class Stoppable(Protocol):
    async def run(self) -> None: ...

    def stop(self) -> None: ...


@dataclass
class Crewing:
    """The workers of some carriers."""

    depot: Depot
    time: FakeClock
    carriers: Mapping[str, FakeCarrier] = field(default_factory=lambda: {"alpha": FakeCarrier()})
    prices: Prices = NO_PRICES
    metrics: Metrics = field(default_factory=metrics_for)
    finished: list[Finish] = field(default_factory=list)
    reported: list[Reported] = field(default_factory=list)
    """Where something was corrected or passed on."""
    owed: list[str] = field(default_factory=list)
    opted_out: set[str] = field(default_factory=set)
    """Recipients."""
    batches: int = 0
    new_circuit: Callable[[], Circuit] = Circuit

    def __post_init__(self) -> None:
        self.circuits = {name: self.new_circuit() for name in self.carriers}
        self.occasions = {name: Occasions(one.limits, self.time.clock) for name, one in self.carriers.items()}
        self.dispatchers = {name: self._dispatcher(name) for name in self.carriers}

    @property
    def carrier(self) -> FakeCarrier:
        return self.carriers["alpha"]

    @property
    def dispatcher(self) -> Dispatcher:
        return self.dispatchers["alpha"]

    def settlement(self, name: str = "alpha") -> Settlement:
        return Settlement(
            carrier=name,
            store=self.depot.store,
            prices=self.prices,
            clock=self.time.clock,
            metrics=self.metrics,
            on_reported=self.hear,
            on_taken=lambda carrier, parts: None,
            parts_this_month=lambda carrier: 0,
            on_owed=self.owed.append,
        )

    def hear(self, reported: Reported) -> None:
        self.finished += reported.finished
        if reported.corrected or reported.passed_on:
            self.reported.append(reported)

    def _dispatcher(self, name: str) -> Dispatcher:
        return Dispatcher(
            carrier=self.carriers[name],
            store=self.depot.store,
            settlement=self.settlement(name),
            circuit=self.circuits[name],
            occasions=self.occasions[name],
            clock=self.time.clock,
            metrics=self.metrics,
            new_batch_id=self._new_batch_id,
            jitter=lambda: 0.5,
            on_queued=self.ring,
            reachable=self._reachable,
            is_unwanted=lambda message: message.recipient in self.opted_out,
        )

    def _reachable(self) -> list[str]:
        closed = CircuitState.CLOSED
        return [name for name, circuit in self.circuits.items() if circuit.state(self.time.ticked) is closed]

    def doubts(self) -> Doubts:
        return Doubts(
            carrier=self.carrier,
            store=self.depot.store,
            settlement=self.settlement(),
            occasions=self.occasions["alpha"],
            clock=self.time.clock,
            metrics=self.metrics,
            jitter=lambda: 0.5,
            on_queued=self.ring,
        )

    def poller(self) -> Poller:
        return Poller(
            carrier=self.carrier,
            store=self.depot.store,
            clock=self.time.clock,
            metrics=self.metrics,
            jitter=lambda: 0.5,
            on_reported=self.hear,
        )

    def _new_batch_id(self) -> BatchId:
        self.batches += 1
        return BatchId(f"batch{self.batches}")

    def ring(self, carriers: Iterable[str] = ("alpha",)) -> None:
        """Wake dispatchers, as intake does."""
        for name in carriers:
            self.dispatchers[name].bell.ring()

    @contextlib.asynccontextmanager
    async def working(self, *workers: Stoppable) -> AsyncIterator[None]:
        """Let workers run meanwhile, the dispatchers where none is named, and stop them in the end."""
        hired = workers or tuple(self.dispatchers.values())
        async with asyncio.timeout(2 * WAIT_S), asyncio.TaskGroup() as tasks:
            for worker in hired:
                tasks.create_task(worker.run())
            try:
                yield
            finally:
                for worker in hired:
                    worker.stop()

    async def send_all(self, settlements: int = 1) -> None:
        """Let the dispatchers work until so many calls are settled from now on."""
        log = self.depot.scripted.log
        before = log.count("settle done")
        async with self.working():
            await self.depot.scripted.until("settle done", before + settlements)
