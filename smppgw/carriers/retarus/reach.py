"""Which datacentres can be used now: a circuit for each, and the harmless call that precedes the way back.

A circuit opens at once when a call could not leave for a datacentre, and after some calls in a row that brought no
answer that proves anything. New jobs then go to another one. When a probe is due, ``GET /version`` is asked there:
beside the traffic, in a task of its own, never before a job. Once that is answered, one job is the probe. Look-ups
leave out what cannot be reached at all, so that they do not wait for it again and again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from smppgw.carriers.retarus.config import SendTo
from smppgw.core.health import Circuit, CircuitState

_log = structlog.get_logger()

SILENCES: Final = 3
"""Calls in a row without an answer that proves anything, after which new jobs go elsewhere."""


@dataclass(frozen=True, slots=True)
class Center:
    """One of the three hosts."""

    name: SendTo
    host: str
    """Scheme and authority."""
    path: str
    """Of the API's root, without a slash at the end."""


@dataclass(slots=True)
class _Standing:
    """What is known of one datacentre."""

    circuit: Circuit = field(default_factory=lambda: Circuit(failures=SILENCES))
    reachable: bool = True
    """False from a call that could not leave until anything is answered."""
    proved: bool = False
    """Whether ``/version`` was answered since the circuit opened: a job may be the probe."""
    probe: asyncio.Task[None] | None = None


class Reach:
    """The datacentres of one carrier, by how their last calls went."""

    def __init__(
        self, carrier: str, monotonic: Callable[[], float], is_up: Callable[[Center], Awaitable[bool]]
    ) -> None:
        """Hold all of them to be in order.

        Args:
            carrier: For the log.
            monotonic: Seconds.
            is_up: Asks for ``/version``; whether anybody answered. Must not raise.
        """
        self._carrier = carrier
        self._monotonic = monotonic
        self._is_up = is_up
        self._standings: dict[Center, _Standing] = {}

    def choose(self, centers: Sequence[Center]) -> Center:
        """Return where a new job goes: the first that can be used, else the one that is to be tried soonest."""
        now = self._monotonic()
        for center in centers:
            standing = self._of(center)
            is_closed = standing.circuit.state(now) is CircuitState.CLOSED
            if is_closed or (standing.proved and standing.circuit.allow(now)):
                return center
        soonest = min(centers, key=lambda center: self._of(center).circuit.wait_s(now))
        self._of(soonest).circuit.allow(now)
        return soonest

    def may_ask(self, center: Center) -> bool:
        """Whether a look-up is worth a call; False while nobody can be reached there."""
        return self._of(center).reachable

    def worked(self, center: Center) -> None:
        """A job brought an answer that proves something."""
        standing, now = self._of(center), self._monotonic()
        was = standing.circuit.state(now)
        standing.circuit.record(True, now)
        standing.reachable = True
        if was is not CircuitState.CLOSED:
            _log.info("datacentre is back", carrier=self._carrier, datacentre=center.name.value)

    def answered(self, center: Center) -> None:
        """Something came back, whatever it says about jobs."""
        self._of(center).reachable = True

    def silent(self, center: Center) -> None:
        """A job brought no answer that proves anything."""
        self._failed(center, 1)

    def unreachable(self, center: Center) -> None:
        """A call could not leave."""
        self._of(center).reachable = False
        self._failed(center, SILENCES)

    def look(self) -> None:
        """Start the probes that are due; returns at once. Called with the traffic: without it nobody waits for one."""
        now = self._monotonic()
        for center, standing in self._standings.items():
            if standing.proved or standing.circuit.state(now) is CircuitState.CLOSED:
                continue
            is_asking = standing.probe is not None and not standing.probe.done()
            if not is_asking and standing.circuit.allow(now):
                standing.probe = asyncio.create_task(self._probe(center, standing), name=f"version {center.name}")

    async def aclose(self) -> None:
        """End the probes."""
        probes = [standing.probe for standing in self._standings.values() if standing.probe is not None]
        for probe in probes:
            probe.cancel()
        await asyncio.gather(*probes, return_exceptions=True)

    async def _probe(self, center: Center, standing: _Standing) -> None:
        is_up = await self._is_up(center)
        now = self._monotonic()
        if is_up:
            standing.reachable = True
            standing.proved = True
            standing.circuit.probe_now(now)
        else:
            standing.circuit.record(False, now)

    def _failed(self, center: Center, weight: int) -> None:
        standing, now = self._of(center), self._monotonic()
        was = standing.circuit.state(now)
        standing.circuit.record(False, now, weight=weight)
        if standing.circuit.state(now) is CircuitState.CLOSED:
            return
        standing.proved = False
        if was is CircuitState.CLOSED:
            reachable = standing.reachable
            _log.warning(
                "datacentre is avoided", carrier=self._carrier, datacentre=center.name.value, reachable=reachable
            )

    def _of(self, center: Center) -> _Standing:
        standing = self._standings.get(center)
        if standing is None:
            standing = self._standings[center] = _Standing()
        return standing
