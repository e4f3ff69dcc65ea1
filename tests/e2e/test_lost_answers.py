"""Answers that never come, 500s after acceptance, and kill -9 between request and response, round after round."""

import asyncio
import random
from collections.abc import Sequence

import pytest

from tests.e2e.configuration import configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import bind, submit
from tests.e2e.history import Delivered, History, violations
from tests.e2e.simulated import Simulated, retarus_simulator, serving
from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e

KILL: dict[str, object] = {"fault": "slow_after"}
"""The carrier has taken the message and says nothing until the daemon is dead."""
FAULTS: Sequence[dict[str, object]] = (KILL, {"fault": "reset_after"}, {"fault": "status", "code": 500, "after": True})
KNOWN_S = 180.0
"""Limit until everything has ended."""


async def carrier_has_more_than(count: int, retarus: Simulated) -> None:
    async def is_taken() -> bool:
        return await retarus.recipients() > count

    await until(is_taken, "the carrier has taken it")


async def kill_while_it_waits(daemon: Daemon, answer: asyncio.Event) -> None:
    await daemon.kill()
    answer.set()
    await daemon.start()


@pytest.mark.parametrize("rounds", [6, pytest.param(200, marks=pytest.mark.long)])
async def test_nothing_is_lost_and_nothing_sent_twice(new_daemon: NewDaemon, rounds: int) -> None:
    rng, history, answer = random.Random(rounds), History(), asyncio.Event()

    async def hold(_seconds: float) -> None:
        await answer.wait()

    async with serving(retarus_simulator(sleep=hold)) as retarus:
        daemon = new_daemon(configuration(retarus=retarus.url, poll_first="1s"))
        await daemon.start()
        esme = await bind(daemon.smpp_port)
        seen: dict[str, str] = {}
        for place in range(rounds):
            number = f"49151{place:06}99"
            fault = FAULTS[place % 3] if place < 3 else rng.choice(FAULTS)
            answer.clear()
            before = await retarus.recipients()
            await retarus.order(operation="send", **fault)
            history.answer(await esme.submit(submit(number)), number)
            await carrier_has_more_than(before, retarus)
            if fault is KILL:
                await kill_while_it_waits(daemon, answer)
                seen |= esme.receipts
                esme = await bind(daemon.smpp_port)

        async def nothing_is_open() -> bool:
            return daemon.open_messages() == 0 and daemon.owed_receipts() == 0

        await until(nothing_is_open, "every message has ended and every receipt is acknowledged", KNOWN_S)
        seen |= esme.receipts
        taken = [row["to"].removeprefix("+") for row in await retarus.rows()]

    history.delivered = [
        Delivered(message_id=each, destination=history.answered[each], stat=stat, life=1) for each, stat in seen.items()
    ]
    assert violations(history, taken, repeats_per_kill=10) == []
    assert set(seen.values()) == {"DELIVRD"}
