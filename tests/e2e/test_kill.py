"""kill -9 in the middle of everything, and two daemons that break a promise to prove that this is noticed."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.campaign import Campaign
from tests.e2e.configuration import configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.history import History, violations
from tests.e2e.simulated import Simulated, retarus_simulator, serving
from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e

ACCOUNT = "max_tps = 100000\nmax_binds = 8"
MOMENT_S = 60.0
"""Limit for each step; a whole run takes a third of that."""


def has_answered(count: int) -> Callable[[History], bool]:
    return lambda history: len(history.answered) >= count


def has_delivered(count: int) -> Callable[[History], bool]:
    return lambda history: len(history.delivered) >= count


def moments(rng: random.Random, total: int) -> list[Callable[[History], bool]]:
    """Two kills while submits come, two while receipts go."""
    submits = sorted(rng.sample(range(total // 20, total * 9 // 10), 2))
    receipts = sorted(rng.sample(range(total // 20, total * 9 // 10), 2))
    return [*map(has_answered, submits), *map(has_delivered, receipts)]


async def is_over(campaign: Campaign, daemon: Daemon, total: int, limit_s: float = MOMENT_S) -> None:
    """Wait until all submits are answered and nothing is open any more, or until the time is over."""
    await campaign.until(has_answered(total), limit_s)

    async def nothing_is_open() -> bool:
        return daemon.open_messages() == 0 and daemon.owed_receipts() == 0

    await until(nothing_is_open, "every message has ended and every receipt is acknowledged", limit_s)


async def taken(retarus: Simulated) -> list[str]:
    return [row["to"].removeprefix("+") for row in await retarus.rows()]


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 22))])
async def test_a_killed_daemon_loses_nothing_and_sends_nothing_twice(new_daemon: NewDaemon, seed: int) -> None:
    total = 5000
    async with serving(retarus_simulator(final_delay=1.0)) as retarus:
        daemon = new_daemon(configuration(retarus=retarus.url, account=ACCOUNT, poll_first="1s"))
        await daemon.start()

        async with Campaign(daemon, total=total, binds=4) as campaign:
            for moment in moments(random.Random(seed), total):
                assert await campaign.until(moment, MOMENT_S)
                await daemon.kill()
                await daemon.start()
            await is_over(campaign, daemon, total)

        found = violations(campaign.history, await taken(retarus), repeats_per_kill=campaign.repeats_per_kill)
        assert found == []
        assert len(campaign.history.answered) == total
        assert {each.stat for each in campaign.history.delivered} == {"DELIVRD"}


BROKEN = str(Path(__file__).with_name("broken_daemon.py"))
FEW = 400


async def killed_once(daemon: Daemon, retarus: Simulated, *first_life: str) -> list[str]:
    """Kill the daemon of the first life while a call hangs, go on with the true one; return the violations."""
    await daemon.start(*first_life)
    async with Campaign(daemon, total=FEW, binds=2) as campaign:
        assert await campaign.until(has_answered(1), MOMENT_S)
        await daemon.kill()
        await daemon.start()
        await is_over(campaign, daemon, FEW)
    return violations(campaign.history, await taken(retarus), repeats_per_kill=campaign.repeats_per_kill)


async def killed_while_a_call_hangs(new_daemon: NewDaemon, *first_life: str) -> list[str]:
    """The same, but the kill comes when the carrier has taken messages and has not answered."""
    released = asyncio.Event()

    async def hang(_seconds: float) -> None:
        await released.wait()

    async with serving(retarus_simulator(sleep=hang)) as retarus:
        daemon = new_daemon(configuration(retarus=retarus.url, account=ACCOUNT, carrier="max_in_flight = 1"))
        await retarus.order(operation="send", fault="slow_after")
        await daemon.start(*first_life)
        async with Campaign(daemon, total=FEW, binds=2) as campaign:
            await until(lambda: has_taken_some(retarus), "the carrier has taken something")
            await daemon.kill()
            released.set()
            await daemon.start()
            await is_over(campaign, daemon, FEW)
        return violations(campaign.history, await taken(retarus), repeats_per_kill=campaign.repeats_per_kill)


async def has_taken_some(retarus: Simulated) -> bool:
    return await retarus.recipients() > 0


async def test_a_kill_after_the_first_answer_breaks_no_promise(new_daemon: NewDaemon, retarus: Simulated) -> None:
    daemon = new_daemon(configuration(retarus=retarus.url, account=ACCOUNT))

    assert await killed_once(daemon, retarus) == []


async def test_answering_before_the_commit_is_noticed(new_daemon: NewDaemon, retarus: Simulated) -> None:
    daemon = new_daemon(configuration(retarus=retarus.url, account=ACCOUNT))

    found = await killed_once(daemon, retarus, BROKEN, "answer_before_the_commit", "run")

    assert any("never reached the carrier" in each for each in found), found
    assert any("has no receipt" in each for each in found), found


async def test_a_kill_while_a_call_hangs_breaks_no_promise(new_daemon: NewDaemon) -> None:
    assert await killed_while_a_call_hangs(new_daemon) == []


async def test_sending_without_a_stored_attempt_is_noticed(new_daemon: NewDaemon) -> None:
    found = await killed_while_a_call_hangs(new_daemon, BROKEN, "send_without_a_stored_attempt", "run")

    assert any("reached the carrier 2 times" in each for each in found), found
