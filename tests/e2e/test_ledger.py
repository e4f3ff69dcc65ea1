"""The money adds up: whatever went wrong on the way, the ledger has what is on the carriers' own bills."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from smppgw.cli import main
from smppgw.smpp.consts import DataCoding
from smppgw.smpp.pdu import SubmitSm
from tests.e2e.configuration import configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import bind, submit
from tests.e2e.simulated import Simulated, retarus_simulator, serving
from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e

Fault = dict[str, object]

KILL: Final[Fault] = {"fault": "slow_after"}
"""The carrier has taken the messages, and says nothing until the daemon is dead."""
BEFORE: Final[tuple[str, Fault]] = ("retarus", {"fault": "status", "code": 422})
AFTER: Final[Sequence[tuple[str, Fault]]] = (
    ("retarus", {"fault": "status", "code": 500, "after": True}),
    ("retarus", {"fault": "reset_after"}),
    ("retarus", {"fault": "status", "code": 429, "retry_after": 0.2}),
    ("alibaba", {"fault": "reset_after", "datacenter": "mainland"}),
    ("alibaba", {"fault": "status", "code": 503, "datacenter": "international"}),
)
SUFFIXES: Final = ("0003", "0004", "0004", "0005", "0010", "0012", "0014", "0099", "0199", "0299")
"""Of the recipients of one round: failed, unknown and cancelled ones, two that never leave, and three delivered."""
PRICES: Final = {"retarus": 75_001, "alibaba-intl": 33_333, "alibaba": 45_007}
"""Micro-units of one part."""
SERVICES: Final = {"international": "alibaba-intl", "mainland": "alibaba"}
"""Carriers by what the simulators call the place; all others are data centres of Retarus."""
CARDS: Final = {
    "retarus.csv": "prefix,price,currency\n,0.075001,EUR\n",
    "intl.csv": "prefix,price,currency\n,0.033333,EUR\n",
    "mainland.csv": "prefix,price,currency\n,0.045007,CNY\n",
    "exchange.csv": "date,currency,rate\n2020-01-01,CNY,7.77\n",
}
CODE: Final = "您的验证码为：{code}，请勿泄露于他人！"
KNOWN_S: Final = 60.0
"""Limit until everything has ended."""


def settings(retarus: Simulated, alibaba: Simulated) -> str:
    """Germany goes by Retarus, then by the international service; the mainland by its own."""
    text = configuration(
        retarus=retarus.url,
        alibaba=alibaba.url,
        carrier='rates = "retarus.csv"\nmax_in_flight = 1',
        mainland='rates = "mainland.csv"',
        intl='rates = "intl.csv"\npoll_deadline = "2s"',
        poll_first="0.2s",
    )
    candidates = text.replace('carriers = ["retarus"]', 'carriers = ["retarus", "alibaba-intl"]')
    return f'{candidates}\n[rates]\nexchange = "exchange.csv"\n'


def lay_out_cards(folder: Path) -> None:
    for name, lines in CARDS.items():
        (folder / name).write_text(lines, encoding="utf-8")


def pdus_of(place: int, suffixes: Sequence[str]) -> list[SubmitSm]:
    """One round: to Germany, every other text of two parts, and to China."""
    german = [
        submit(f"4915{place:04}{n:02}{suffix}", "Hello " * (30 if n % 2 else 1)) for n, suffix in enumerate(suffixes)
    ]
    text = CODE.format(code=f"{place:04}").encode("utf-16-be")
    chinese = [
        submit(f"86139{place:04}{suffix}", "", data_coding=DataCoding.UCS2, short_message=text)
        for suffix in ("0002", "0004", "0099")
    ]
    return german + chinese


async def bills_of(*carriers: Simulated) -> dict[str, int]:
    """Return what the carriers bill, by their own count of parts."""
    bills: Counter[str] = Counter()
    for carrier in carriers:
        for row in await carrier.rows():
            name = SERVICES.get(row["datacenter"], "retarus")
            bills[name] += row["billed_parts"] * PRICES[name]
    return dict(bills)


def told_by_costs(daemon: Daemon) -> dict[str, int]:
    """Ask for the costs by carrier beside the running daemon."""
    told = CliRunner().invoke(
        main, ["costs", "-c", str(daemon.configuration), "--since", "2020-01-01", "--format", "json"]
    )
    return {row["carrier"]: row["micros"] for row in json.loads(told.stdout)["rows"]}


class Trade:
    """A daemon, its carriers, and what is submitted to it."""

    def __init__(self, daemon: Daemon, retarus: Simulated, alibaba: Simulated, rng: random.Random) -> None:
        self.daemon, self.retarus, self.alibaba = daemon, retarus, alibaba
        self.submitted = 0
        self._rng = rng
        self._rounds = 0

    async def start(self) -> None:
        await self.daemon.start()
        self._esme = await bind(self.daemon.smpp_port)

    async def go_through(self, name: str, fault: Fault) -> None:
        """Submit one round, whose next call at a carrier meets a fault."""
        await {"retarus": self.retarus, "alibaba": self.alibaba}[name].order(operation="send", **fault)
        pdus = pdus_of(self._rounds, self._rng.sample(SUFFIXES, len(SUFFIXES)))
        self.submitted += len(await asyncio.gather(*map(self._esme.submit, pdus)))
        self._rounds += 1

    async def come_to_rest(self) -> None:
        await until(self._is_at_rest, "every message has ended and every receipt is acknowledged", KNOWN_S)

    async def _is_at_rest(self) -> bool:
        return self.daemon.open_messages() == 0 and self.daemon.owed_receipts() == 0


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 22))])
async def test_the_ledger_is_the_carriers_own_count_times_the_card(
    new_daemon: NewDaemon, alibaba: Simulated, seed: int
) -> None:
    """Death comes while Retarus alone is called: what the international service took then, nobody could find out."""
    rng, answer = random.Random(seed), asyncio.Event()

    async def hold(_seconds: float) -> None:
        await answer.wait()

    async with serving(retarus_simulator(sleep=hold)) as retarus:
        daemon = new_daemon(settings(retarus, alibaba))
        lay_out_cards(daemon.folder)
        trade = Trade(daemon, retarus, alibaba, rng)
        await trade.start()
        await trade.go_through(*BEFORE)
        await trade.come_to_rest()
        before = await retarus.recipients()

        async def is_with_the_carrier() -> bool:
            return await retarus.recipients() > before

        await trade.go_through("retarus", KILL)
        await until(is_with_the_carrier, "it is with the carrier")
        await daemon.kill()
        answer.set()
        await trade.start()
        for name, fault in rng.sample(AFTER, len(AFTER)):
            await trade.go_through(name, fault)
        await trade.come_to_rest()
        bills = await bills_of(retarus, alibaba)

    assert daemon.spent() == bills
    assert told_by_costs(daemon) == bills
    assert all(bills.values())
    assert daemon.count("messages") == trade.submitted
    assert daemon.events("not sent after all, passed on"), "nothing failed over after acceptance"
