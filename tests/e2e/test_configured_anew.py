"""A configuration that changes under a running gateway, or between two runs."""

import asyncio
import signal

import pytest

from smppgw.smpp.consts import CommandStatus
from tests.e2e.configuration import SYSTEM_ID, configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import bind, submit
from tests.e2e.simulated import Simulated
from tests.e2e.waiting import LIMIT_S, until

pytestmark = pytest.mark.e2e

NOBODY = "http://127.0.0.1:9"
"""The discard port: nothing listens there."""
LOOPBACK = '[carriers.pretended]\ntype = "loopback"\n[[routes]]\nname = "default"\ncarriers = ["pretended"]\n'


async def hang_up(daemon: Daemon) -> None:
    daemon.process.send_signal(signal.SIGHUP)


async def seen(daemon: Daemon, event: str, times: int = 1) -> None:
    async def is_logged() -> bool:
        return len(daemon.events(event)) >= times

    await until(is_logged, event)


async def test_what_a_removed_carrier_had_queued_ends_with_its_receipt(new_daemon: NewDaemon) -> None:
    text = configuration(retarus=NOBODY)
    daemon = new_daemon(text)
    await daemon.start()
    message_id = await (await bind(daemon.smpp_port)).submit(submit("4915112345678"))
    await seen(daemon, "batch not accepted whole")
    await daemon.stop()

    daemon.configuration.write_text(text[: text.index("[carriers.retarus]")] + LOOPBACK, encoding="utf-8")
    await daemon.start()
    esme = await bind(daemon.smpp_port)

    async with asyncio.timeout(LIMIT_S):
        assert await esme.receipt_of(message_id) == "REJECTD"


async def test_a_reload_changes_accounts_and_routes_under_live_binds(daemon: Daemon) -> None:
    esme = await bind(daemon.smpp_port)
    text = daemon.configuration.read_text(encoding="utf-8")
    narrowed = text.replace('name = "default"', 'name = "default"\nmatch = { country = ["SG"] }')
    daemon.configuration.write_text(
        narrowed + '[[accounts]]\nsystem_id = "second"\npassword = "secret"\n', encoding="utf-8"
    )

    await hang_up(daemon)
    await seen(daemon, "configuration reloaded")

    refused = await esme.request(submit("4915112345678"))
    second = await bind(daemon.smpp_port, system_id="second", password="secret")
    taken = await second.request(submit("6581234567"))
    metrics = (await daemon.get("/metrics")).text
    assert refused.command_status == CommandStatus.ESME_RINVDSTADR
    assert taken.command_status == CommandStatus.ESME_ROK
    assert "smppgw_config_last_reload_successful 1.0" in metrics
    assert 'smppgw_smpp_sessions{account="second",bind_type="transceiver"} 1.0' in metrics


async def test_a_faulty_file_changes_nothing_and_says_what_is_wrong(daemon: Daemon) -> None:
    esme = await bind(daemon.smpp_port)
    text = daemon.configuration.read_text(encoding="utf-8")
    daemon.configuration.write_text(text.replace('carriers = ["retarus"]', 'carriers = ["nobody"]'), encoding="utf-8")

    await hang_up(daemon)
    await seen(daemon, "configuration not reloaded")

    await esme.submit(submit("4915112345678"))
    assert "nobody" in str(daemon.events("configuration not reloaded"))
    assert "smppgw_config_last_reload_successful 0.0" in (await daemon.get("/metrics")).text


async def test_an_account_that_is_gone_is_unbound_and_may_not_come_back(daemon: Daemon, retarus: Simulated) -> None:
    esme = await bind(daemon.smpp_port)
    text = daemon.configuration.read_text(encoding="utf-8")
    daemon.configuration.write_text(text.replace(f'system_id = "{SYSTEM_ID}"', 'system_id = "other"'), encoding="utf-8")

    await hang_up(daemon)

    async with asyncio.timeout(LIMIT_S):
        await esme.closed
    with pytest.raises(PermissionError, match="ESME_RBINDFAIL"):
        await bind(daemon.smpp_port)
