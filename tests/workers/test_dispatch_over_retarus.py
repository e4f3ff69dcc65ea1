"""The dispatcher over the real Retarus adapter and its simulator: what a whole queue costs in calls."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import httpx2 as httpx
import pytest

from smppgw.carriers.retarus import Retarus, RetarusConfig
from smppgw.core.codes import ErrorCode
from smppgw.simulators.retarus import RetarusOptions, retarus_app
from tests.workers.crewing import Crewing
from tests.workers.fakes import Depot, FakeCarrier, FakeClock

BASE = "http://127.0.0.1"


class Simulated:
    """A crew whose only carrier is Retarus, and the simulator behind it."""

    def __init__(self, depot: Depot, time: FakeClock, *, refuse_suffix: str = "") -> None:
        options = RetarusOptions(username="u", password="p", visible_after=0.0, refuse_suffix=refuse_suffix)
        self.transport = httpx.ASGITransport(retarus_app(options, lambda: time.now))
        section = {
            "username": "u",
            "password": "p",
            "base_urls": {name: f"{BASE}/{name}/rest/v1" for name in ("de2", "de1", "eu")},
        }
        clock = time.clock
        self.carrier = Retarus(
            "alpha",
            RetarusConfig.model_validate(section),
            clock=clock.wall,
            monotonic=clock.monotonic,
            transport=self.transport,
        )
        self.crew = Crewing(depot, time, {"alpha": cast("FakeCarrier", self.carrier)})

    async def ask(self, path: str) -> Any:
        async with httpx.AsyncClient(transport=self.transport) as http:
            return (await http.get(f"{BASE}/_sim/{path}")).json()

    async def send_until(self, depot: Depot, is_over: Callable[[dict[str, int]], bool]) -> None:
        """Let the dispatcher work until no message is left to it."""
        async with self.crew.working():
            settled = 0
            while not is_over(await depot.stages()):
                settled += 1
                await depot.scripted.until("settle done", settled)


def nothing_waits(stages: dict[str, int]) -> bool:
    return not stages.keys() & {"queued", "sending", "scheduled"}


@pytest.fixture
async def spoilt(depot: Depot, time: FakeClock) -> AsyncIterator[Simulated]:
    simulated = Simulated(depot, time, refuse_suffix="0999")
    yield simulated
    await simulated.carrier.aclose()


async def test_three_bad_numbers_among_three_hundred_are_found_and_the_others_sent_once(
    spoilt: Simulated, depot: Depot
) -> None:
    bad_places = {3, 150, 151}
    bad = [
        number
        for place in range(300)
        for number in await depot.submit(
            recipient=f"49171{place:04}0999" if place in bad_places else f"49171{place:04}1234"
        )
        if place in bad_places
    ]

    await spoilt.send_until(depot, nothing_waits)

    taken = Counter(row["our_ref"] for row in await spoilt.ask("messages"))
    calls = (await spoilt.ask("stats"))["calls"]["send"]
    assert (len(taken), set(taken.values())) == (297, {1})
    assert await depot.owed() == sorted((f"id{number}", "rejected", ErrorCode.PARAMETER_REFUSED) for number in bad)
    # Each bad one spoils at most one batch of each size, and each spoilt batch makes at most two:
    # 300 150 75 38 19 10 5 3 2 1 are ten sizes, so 30 refusals, and with the halves that were taken twice as many.
    assert calls <= 60
    assert await depot.stages() == {"awaiting_status": 297}


async def test_ten_thousand_messages_are_a_few_jobs(depot: Depot, time: FakeClock) -> None:
    simulated = Simulated(depot, time)
    await depot.submit(10_000)

    await simulated.send_until(depot, nothing_waits)

    stats = await simulated.ask("stats")
    await simulated.carrier.aclose()
    assert (stats["recipients"], stats["calls"]["send"]) == (10_000, 20)


async def test_messages_that_come_one_by_one_leave_at_once_each_alone(depot: Depot, time: FakeClock) -> None:
    simulated = Simulated(depot, time)

    async with simulated.crew.working():
        for calls in (1, 2, 3):
            await depot.submit()
            simulated.crew.ring()
            await depot.scripted.until("settle done", calls)

    stats = await simulated.ask("stats")
    await simulated.carrier.aclose()
    assert (stats["recipients"], stats["calls"]["send"]) == (3, 3)
