"""A day's budget on the real daemon: fifty binds at once, a kill, a dearer carrier, and not one message too many."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.pdu import Pdu
from tests.e2e.configuration import LOGIN, configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import bind, submit
from tests.e2e.simulated import Simulated, retarus_simulator, serving
from tests.e2e.waiting import LIMIT_S, until

pytestmark = pytest.mark.e2e

BINDS = 50
AFFORDABLE = 400
"""Messages of 0.05 EUR that a day's budget of 20 EUR pays."""
BEFORE, AFTER = 6, 8
"""Submits of each bind: before the kill less than a day pays, and in all more."""
CARRIER = 'rates = "card.csv"\ncalls_per_s = "200/s"'
OK, FAILED = CommandStatus.ESME_ROK, CommandStatus.ESME_RSUBMITFAIL


def account() -> str:
    """The day of the budget does not end while the test runs."""
    zone = "UTC" if 1 <= datetime.now(UTC).hour < 23 else "Asia/Tokyo"
    budget = 'budgets = [{ period = "day", limit = "20 EUR" }]'
    return f'max_tps = 100000\nmax_binds = {BINDS}\n{budget}\n[rates]\nbudget_zone = "{zone}"\n'


async def storm(daemon: Daemon, numbers: Iterator[int], each: int, on_answer: Callable[[int], None]) -> None:
    """Let all binds submit at once, and wait for the answers, or for the end of the daemon."""
    esmes = await asyncio.gather(*(bind(daemon.smpp_port) for _ in range(BINDS)))
    answers: list[asyncio.Future[Pdu]] = []
    for esme in esmes:
        for number in itertools.islice(numbers, each):
            answer = esme.request(submit(f"4915{number}99", registered_delivery=0))
            answer.add_done_callback(
                lambda answer: None if answer.exception() else on_answer(answer.result().command_status)
            )
            answers.append(answer)
    await asyncio.wait(answers, timeout=LIMIT_S)


def priced(folder: Path, **prices: str) -> None:
    """Write the rate card of each carrier."""
    for name, price in prices.items():
        (folder / f"{name}.csv").write_text(f"prefix,price,currency\n,{price},EUR\n")


async def is_used(daemon: Daemon, ratio: float) -> None:
    """Wait until so much of the budget is shown as used."""
    line = f'smppgw_budget_used_ratio{{name="legacy",period="day",scope="account"}} {ratio}\n'

    async def is_shown() -> bool:
        return line in (await daemon.get("/metrics")).text

    await until(is_shown, f"{ratio} of the budget is used")


async def has_ended(daemon: Daemon) -> None:
    """Wait until nothing is open any more."""

    async def nothing_is_open() -> bool:
        return daemon.open_messages() == 0

    await until(nothing_is_open, "every message has ended", 2 * LIMIT_S)


async def test_not_one_message_over_the_limit_with_fifty_binds_and_a_kill_in_the_middle(
    new_daemon: NewDaemon, retarus: Simulated
) -> None:
    daemon = new_daemon(configuration(retarus=retarus.url, account=account(), carrier=CARRIER))
    priced(daemon.folder, card="0.05")
    numbers = itertools.count(1_000_000)
    before: Counter[int] = Counter()
    after: Counter[int] = Counter()
    some_were_taken = asyncio.Event()

    def note(status: int) -> None:
        before[status] += 1
        if before[OK] > AFFORDABLE // 4:
            some_were_taken.set()

    await daemon.start()
    first_storm = asyncio.create_task(storm(daemon, numbers, BEFORE, note))
    await asyncio.wait_for(some_were_taken.wait(), LIMIT_S)
    await daemon.kill()
    await first_storm
    assert await retarus.recipients() <= daemon.count("messages") <= AFFORDABLE
    await daemon.start()
    await storm(daemon, numbers, AFTER, lambda status: after.update([status]))
    await has_ended(daemon)

    assert set(before) == {OK}
    assert set(after) == {OK, FAILED}
    assert before[OK] + after[OK] <= daemon.count("messages") == AFFORDABLE
    taken = [row["to"] for row in await retarus.rows()]
    assert len(taken) == len(set(taken)) == AFFORDABLE
    await is_used(daemon, 1.0)
    assert daemon.events("budget runs out")


async def test_failover_to_a_dearer_carrier_does_not_go_over_the_limit(
    new_daemon: NewDaemon, retarus: Simulated
) -> None:
    """Ten go by the first for 0.05 EUR; then it refuses our login, and 195 by the other for 0.10 are the rest of 20."""
    async with serving(retarus_simulator()) as dear:
        text = configuration(retarus=retarus.url, account=account(), carrier=CARRIER + second(dear.url))
        daemon = new_daemon(text.replace('carriers = ["retarus"]', 'carriers = ["retarus", "dear"]'))
        priced(daemon.folder, card="0.05", dear="0.10")
        await daemon.start()
        esme = await bind(daemon.smpp_port)
        for number in range(10):
            await esme.submit(submit(f"49152000{number}099", registered_delivery=0))
        await has_ended(daemon)
        await is_used(daemon, 0.025)
        await retarus.order(operation="send", fault="status", code=401, count=1000)
        await esme.unbind()
        answers: Counter[int] = Counter()

        await storm(daemon, itertools.count(1_000_000), AFTER, lambda status: answers.update([status]))
        await has_ended(daemon)

        assert answers == {OK: 195, FAILED: BINDS * AFTER - 195}
        assert (await retarus.recipients(), await dear.recipients()) == (10, 195)
        await is_used(daemon, 1.0)


def second(url: str) -> str:
    """The section of a carrier that costs twice as much."""
    return f"""
[carriers.dear]
type = "retarus"
username = "{LOGIN}"
password = "{LOGIN}"
base_urls = {{ de2 = "{url}/de2/rest/v1", de1 = "{url}/de1/rest/v1", eu = "{url}/eu/rest/v1" }}
poll_first = "0.3s"
rates = "dear.csv"
calls_per_s = "200/s"
"""
