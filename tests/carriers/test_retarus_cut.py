"""A call to Retarus that is cut after any of its octets: real sockets, the simulator behind a proxy that breaks."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2 as httpx

from smppgw.carriers.retarus import Retarus, RetarusConfig
from smppgw.core.model import Attempt, Batch, BatchId, Message
from smppgw.core.verdict import Accepted, Doubtful, Evidence, Verdict
from smppgw.simulators.retarus import RetarusOptions, retarus_app
from smppgw.simulators.serving import running
from tests.carriers.contract import NOW, message, sent_of
from tests.carriers.cutting import Cutter, Way


class Line:
    """A carrier, the proxy it speaks through, and what arrived behind it."""

    def __init__(self, carrier: Retarus, cutter: Cutter, simulator: str) -> None:
        self.carrier = carrier
        self.cutter = cutter
        self._simulator = simulator
        self._calls = 0

    def attempt(self) -> tuple[Attempt, Message]:
        self._calls += 1
        one = message(100_000 + self._calls, "4915112345678", "Hello")
        return self.carrier.prepare(Batch(id=BatchId(f"batch{self._calls:06}"), messages=(one,)), NOW), one

    async def points(self) -> list[tuple[Way, int]]:
        """Return every place where a call can break, from before its first octet to after its last but one."""
        self.cutter.heal()
        attempt, one = self.attempt()
        assert isinstance((await self.carrier.send(attempt))[one.id], Accepted)
        lengths = dict(self.cutter.passed)
        return [
            *((Way.REQUEST, octets) for octets in range(lengths[Way.REQUEST] + 1)),
            *((Way.ANSWER, octets) for octets in range(lengths[Way.ANSWER])),
        ]

    async def broken(self, way: Way, octets: int) -> tuple[Attempt, Message, Verdict]:
        """Make a new call that breaks there."""
        attempt, one = self.attempt()
        self.cutter.cut(way, octets)
        verdict = (await self.carrier.send(attempt))[one.id]
        self.cutter.heal()
        return attempt, one, verdict

    async def arrived(self) -> Counter[str]:
        """Count what was accepted, by our reference."""
        async with httpx.AsyncClient(trust_env=False) as http:
            rows: list[dict[str, Any]] = (await http.get(f"{self._simulator}/_sim/messages")).json()
        return Counter(row["our_ref"] for row in rows)


@asynccontextmanager
async def line(*, fence: bool) -> AsyncIterator[Line]:
    options = RetarusOptions(username="u", password="p", visible_after=0.0)
    async with running(retarus_app(options, lambda: NOW)) as simulator:
        cutter = Cutter(int(simulator.rpartition(":")[2]))
        async with cutter.serving() as port:
            section = {
                "username": "u",
                "password": "p",
                "fence": fence,
                "base_urls": {name: f"http://127.0.0.1:{port}/{name}/rest/v1" for name in ("de2", "de1", "eu")},
            }
            config = RetarusConfig.model_validate(section)
            carrier = Retarus("retarus", config, clock=lambda: NOW, monotonic=lambda: 0.0)
            yield Line(carrier, cutter, simulator)
            await carrier.aclose()


async def test_with_the_fence_a_call_cut_anywhere_is_accepted_exactly_once() -> None:
    async with line(fence=True) as on:
        points = await on.points()
        refs = []
        for way, octets in points:
            attempt, one, verdict = await on.broken(way, octets)
            assert verdict == Doubtful(getattr(verdict, "reason", "")), (way, octets)
            again = (await on.carrier.send(attempt))[one.id]
            if isinstance(again, Doubtful):
                assert again.evidence is Evidence.ARRIVED, (way, octets)
                again = (await on.carrier.resolve(attempt, sent_of(attempt, (one,), None)))[one.id]
            assert isinstance(again, Accepted), (way, octets)
            refs.append(str(one.id))
        arrived = await on.arrived()

    assert len(points) > 600
    assert {ref: arrived[ref] for ref in refs} == dict.fromkeys(refs, 1)


async def test_without_the_fence_a_look_up_says_what_is_true() -> None:
    async with line(fence=False) as on:
        points = await on.points()
        found: dict[str, Verdict] = {}
        for way, octets in points[::2]:  # every octet would only take longer
            attempt, one, verdict = await on.broken(way, octets)
            assert isinstance(verdict, Doubtful), (way, octets)
            found[str(one.id)] = (await on.carrier.resolve(attempt, sent_of(attempt, (one,), None)))[one.id]
        arrived = await on.arrived()

    assert {ref: arrived[ref] for ref in found} == {ref: int(isinstance(found[ref], Accepted)) for ref in found}
    assert set(arrived.values()) == {1}


async def test_a_fresh_reference_instead_of_the_same_octets_would_be_taken_twice() -> None:
    """What the fence is for: the same text sent anew after a lost answer."""
    async with line(fence=True) as on:
        attempt, one, _ = await on.broken(Way.ANSWER, 0)
        anew = on.carrier.prepare(Batch(id=BatchId("another"), messages=(one,)), NOW)
        verdict = (await on.carrier.send(anew))[one.id]
        arrived = await on.arrived()

    assert attempt.body != anew.body
    assert isinstance(verdict, Accepted)
    assert arrived[str(one.id)] == 2
