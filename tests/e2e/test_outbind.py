"""ESMEs that are called when receipts wait for them, and that fetch them then, from the real daemon."""

import asyncio
import re
import signal
import socket
import ssl
from pathlib import Path

import pytest

from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.pdu import BindReceiver, BindTransceiver, BindTransmitter, Pdu
from tests.e2e.configuration import PASSWORD, SYSTEM_ID, configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import Esme, bind, listening, submit
from tests.e2e.simulated import Simulated
from tests.e2e.waiting import LIMIT_S, until

pytestmark = pytest.mark.e2e

CERTIFICATES = Path(__file__).parents[1] / "data" / "tls"
SECRET = "hush-hush"


def called_at(port: int, *lines: str, host: str = "127.0.0.1") -> str:
    return "\n".join([f'outbind = "{host}:{port}"', f'outbind_password = "{SECRET}"', *lines])


async def submit_and_leave(daemon: Daemon, messages: int = 3) -> list[str]:
    """Send as somebody who cannot receive, and go; return the ids whose receipts are owed."""
    sender = await bind(daemon.smpp_port, BindTransmitter)
    ids = [await sender.submit(submit(f"4915112{place:06}")) for place in range(20_020, 20_020 + messages)]
    await sender.unbind()
    return ids


async def answer(esme: Esme, kind: type[BindReceiver] | type[BindTransceiver] = BindReceiver) -> Pdu:
    async with asyncio.timeout(LIMIT_S):
        return await esme.request(kind(system_id=SYSTEM_ID, password=PASSWORD, interface_version=0x34))


async def seen(daemon: Daemon, event: str) -> None:
    async def is_logged() -> bool:
        return bool(daemon.events(event))

    await until(is_logged, event)


async def calls(daemon: Daemon) -> dict[str, int]:
    text = (await daemon.get("/metrics")).text
    found = re.findall(rf'^smppgw_outbinds_total{{account="{SYSTEM_ID}",result="(\w+)"}} (\d+)', text, re.MULTILINE)
    return {result: int(times) for result, times in found}


@pytest.mark.parametrize("kind", [BindReceiver, BindTransceiver], ids=lambda kind: kind.__name__)
async def test_who_is_called_binds_and_gets_what_waits(
    new_daemon: NewDaemon, retarus: Simulated, kind: type[BindReceiver] | type[BindTransceiver]
) -> None:
    """And is not called again when all is taken, nor while it is bound."""
    async with listening() as station:
        account = called_at(station.port, 'outbind_system_id = "GATE"')
        daemon = new_daemon(configuration(retarus=retarus.url, account=account))
        await daemon.start()
        ids = await submit_and_leave(daemon)

        esme = await station.call()
        outbind, bound = esme.outbind.result(), await answer(esme, kind)
        stats = [await esme.receipt_of(message_id) for message_id in ids]
        await esme.unbind()

    async def none_is_owed() -> bool:
        return daemon.owed_receipts() == 0

    await until(none_is_owed, "all receipts are acknowledged")
    assert (outbind.system_id, outbind.password) == ("GATE", SECRET)
    assert bound.command_status == CommandStatus.ESME_ROK
    assert stats == ["DELIVRD"] * 3
    assert await calls(daemon) == {"bound": 1, "no_bind": 0, "unreachable": 0, "tls": 0}
    assert SECRET not in f"{daemon.log} {daemon.other_output}"


async def reload(daemon: Daemon, account: str, retarus: Simulated) -> None:
    daemon.configuration.write_text(configuration(retarus=retarus.url, account=account), encoding="utf-8")
    daemon.process.send_signal(signal.SIGHUP)
    await seen(daemon, "configuration reloaded")


async def test_who_is_called_over_tls_shows_its_certificate(daemon: Daemon, retarus: Simulated) -> None:
    """A reload says that it wants to be called; the certificate also opens an account that asks for one."""
    [message_id] = await submit_and_leave(daemon, 1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "server.pem", CERTIFICATES / "server.key")
    tls = ("outbind_tls = true", f'outbind_ca_file = "{CERTIFICATES}/ca.pem"', 'certificate = "localhost"')

    async with listening(ssl=context) as station:
        await reload(daemon, called_at(station.port, *tls, host="localhost"), retarus)
        esme = await station.call()
        bound = await answer(esme)

    assert bound.command_status == CommandStatus.ESME_ROK
    assert await esme.receipt_of(message_id) == "DELIVRD"


async def test_no_password_goes_to_a_stranger(daemon: Daemon, retarus: Simulated) -> None:
    """Who answers has a certificate, but of nobody who counts."""
    await submit_and_leave(daemon, 1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "server.pem", CERTIFICATES / "server.key")
    tls = ("outbind_tls = true", f'outbind_ca_file = "{CERTIFICATES}/other-ca.pem"')

    async with listening(ssl=context) as station:
        await reload(daemon, called_at(station.port, *tls), retarus)
        await seen(daemon, "outbind failed")

        assert station.answered == []
    assert [event["result"] for event in daemon.events("outbind failed")] == ["tls"]


async def test_who_is_not_there_is_called_again(new_daemon: NewDaemon, retarus: Simulated) -> None:
    """A reload lets it be at once."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
    account = called_at(port)
    daemon = new_daemon(configuration(retarus=retarus.url, account=account))
    await daemon.start()
    [message_id] = await submit_and_leave(daemon, 1)
    await seen(daemon, "outbind failed")

    async with listening(port=port) as station:
        await reload(daemon, account, retarus)
        esme = await station.call()
        await answer(esme)

        assert await esme.receipt_of(message_id) == "DELIVRD"
    assert [event["result"] for event in daemon.events("outbind failed")] == ["unreachable"]
    assert (await calls(daemon))["bound"] == 1


async def test_only_the_account_that_is_called_can_bind_there(new_daemon: NewDaemon, retarus: Simulated) -> None:
    async with listening() as station:
        other = f'[[accounts]]\nsystem_id = "other"\npassword = "{PASSWORD}"'
        daemon = new_daemon(configuration(retarus=retarus.url, account=f"{called_at(station.port)}\n{other}"))
        await daemon.start()
        await submit_and_leave(daemon, 1)
        esme = await station.call()

        async with asyncio.timeout(LIMIT_S):
            refused = await esme.request(BindReceiver(system_id="other", password=PASSWORD))
            await esme.closed

    assert refused.command_status == CommandStatus.ESME_RBINDFAIL
    await seen(daemon, "outbind failed")
    assert [event["reason"] for event in daemon.events("bind refused")] == ["uncalled"]


async def test_who_is_called_and_does_not_bind_is_let_go(new_daemon: NewDaemon, retarus: Simulated) -> None:
    """A transmitter's bind is none."""
    async with listening() as station:
        account = called_at(station.port)
        daemon = new_daemon(configuration(retarus=retarus.url, account=account, smpp='session_init = "1s"'))
        await daemon.start()
        await submit_and_leave(daemon, 1)
        esme = await station.call()

        async with asyncio.timeout(LIMIT_S):
            refused = await esme.request(BindTransmitter(system_id=SYSTEM_ID, password=PASSWORD))
            await esme.closed

    assert refused.command_status == CommandStatus.ESME_RINVBNDSTS
    await seen(daemon, "outbind failed")
    assert [event["result"] for event in daemon.events("outbind failed")] == ["no_bind"]


@pytest.mark.parametrize("bound", [True, False], ids=["bound", "not bound yet"])
async def test_a_drain_takes_leave_of_whom_we_called(new_daemon: NewDaemon, retarus: Simulated, *, bound: bool) -> None:
    async with listening() as station:
        daemon = new_daemon(configuration(retarus=retarus.url, account=called_at(station.port)))
        await daemon.start()
        await submit_and_leave(daemon, 1)
        esme = await station.call()
        if bound:
            await answer(esme)

        assert await daemon.stop() == 0
        async with asyncio.timeout(LIMIT_S):
            await esme.closed

    assert esme.unbind_came is bound
    assert len(station.answered) == 1
