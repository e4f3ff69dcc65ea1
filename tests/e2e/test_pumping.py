"""An attack on the real daemon: stopped early, still stopped after a kill, and lifted by the operator."""

import asyncio
import signal

import pytest

from smppgw.smpp.consts import CommandStatus
from tests.e2e.configuration import configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import Esme, bind, submit
from tests.e2e.simulated import Simulated
from tests.e2e.waiting import LIMIT_S, until

pytestmark = pytest.mark.e2e

ACCOUNT = """
countries = ["LV", "DE"]
[accounts.pumping]
watch_from = "0.10 EUR"
prefix_spend = ["1 EUR/h", "3 EUR/d"]
"""
CARD = "prefix,price,currency\n,0.07,EUR\n371,0.25,EUR\n"
OK, BLOCKED = CommandStatus.ESME_ROK, CommandStatus.ESME_RSUBMITFAIL


async def statuses(esme: Esme, first: int, count: int) -> list[int]:
    """Submit to adjacent numbers."""
    async with asyncio.timeout(LIMIT_S):
        answers = [esme.request(submit(str(first + place), registered_delivery=0)) for place in range(count)]
        return [answer.command_status for answer in await asyncio.gather(*answers)]


async def until_told(daemon: Daemon, event: str) -> None:
    async def is_told() -> bool:
        return bool(daemon.events(event))

    await until(is_told, event)


async def test_an_attack_is_stopped_over_a_kill_until_the_operator_allows_it(
    new_daemon: NewDaemon, retarus: Simulated
) -> None:
    text = configuration(retarus=retarus.url, account=ACCOUNT, carrier='rates = "card.csv"')
    daemon = new_daemon(text)
    (daemon.folder / "card.csv").write_text(CARD, encoding="utf-8")
    await daemon.start()
    esme = await bind(daemon.smpp_port)

    attacked = await statuses(esme, 37120004100, 40)
    at_home = await statuses(esme, 4915112345100, 40)
    abroad = await statuses(esme, 25261500120, 1)
    metrics = (await daemon.get("/metrics")).text

    async def is_stored() -> bool:
        return daemon.count("blocks") == 1

    await until(is_stored, "the block is stored")
    await daemon.kill()
    await daemon.start()
    esme = await bind(daemon.smpp_port)
    after_the_kill = await statuses(esme, 37120004200, 2)
    allowed = text.replace("[accounts.pumping]", '[accounts.pumping]\nallowed_prefixes = "3712000"')
    daemon.configuration.write_text(allowed, encoding="utf-8")
    daemon.process.send_signal(signal.SIGHUP)
    await until_told(daemon, "configuration reloaded")
    when_allowed = await statuses(esme, 37120004300, 10)

    assert (attacked, at_home, abroad) == ([OK] * 4 + [BLOCKED] * 36, [OK] * 40, [CommandStatus.ESME_RINVDSTADR])
    assert (after_the_kill, when_allowed) == ([BLOCKED] * 2, [OK] * 10)
    assert 'smppgw_fraud_blocks_total{account="legacy",kind="spend"} 1.0' in metrics
    assert 'smppgw_filtered_total{account="legacy",kind="pumping"} 36.0' in metrics
    assert [told["area"] for told in daemon.events("numbers blocked, pumping is suspected")] == ["3712000*"]
    assert [told["areas"] for told in daemon.events("numbers blocked")] == [["3712000*"]]
