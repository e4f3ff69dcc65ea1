"""A day's budget on the real daemon: fifty binds at once, and a kill in the middle, and not one message too many."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.pdu import Pdu
from tests.e2e.configuration import configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import bind, submit
from tests.e2e.simulated import Simulated
from tests.e2e.waiting import LIMIT_S, until

pytestmark = pytest.mark.e2e

BINDS = 50
AFFORDABLE = 400
"""Messages of 0.05 EUR that a day's budget of 20 EUR pays."""
BEFORE, AFTER = 6, 8
"""Submits of each bind: before the kill less than a day pays, and in all more."""
CARRIER = 'rates = "card.csv"\ncalls_per_s = "200/s"'
USED_UP = 'smppgw_budget_used_ratio{name="legacy",period="day",scope="account"} 1.0'
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


async def test_not_one_message_over_the_limit_with_fifty_binds_and_a_kill_in_the_middle(
    new_daemon: NewDaemon, retarus: Simulated
) -> None:
    daemon = new_daemon(configuration(retarus=retarus.url, account=account(), carrier=CARRIER))
    (daemon.folder / "card.csv").write_text("prefix,price,currency\n,0.05,EUR\n")
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

    async def nothing_is_open() -> bool:
        return daemon.open_messages() == 0

    await until(nothing_is_open, "every message has ended", 2 * LIMIT_S)
    assert set(before) == {OK}
    assert set(after) == {OK, FAILED}
    assert before[OK] + after[OK] <= daemon.count("messages") == AFFORDABLE
    taken = [row["to"] for row in await retarus.rows()]
    assert len(taken) == len(set(taken)) == AFFORDABLE

    async def is_shown() -> bool:
        return USED_UP in (await daemon.get("/metrics")).text

    await until(is_shown, "the budget is shown as used up")
    assert daemon.events("budget runs out")
