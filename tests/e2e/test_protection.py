"""Sessions that protect: TLS with client certificates, and proxies that speak for others, on the real daemon."""

import asyncio
import signal
import ssl
from pathlib import Path

import pytest

from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.pdu import BindTransceiver, Pdu, encode
from tests.e2e.configuration import PASSWORD, SYSTEM_ID, configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import Esme, bind, connect, submit
from tests.e2e.simulated import Simulated
from tests.e2e.waiting import LIMIT_S, until

pytestmark = pytest.mark.e2e

CERTIFICATES = Path(__file__).parents[1] / "data" / "tls"
TLS = f"""
tls_listen = "127.0.0.1:0"
tls_cert = "server.pem"
tls_key = "server.key"
tls_client_ca = "{CERTIFICATES}/ca.pem"
tls_client_cert = "optional"
"""
BIND = BindTransceiver(system_id=SYSTEM_ID, password=PASSWORD, interface_version=0x34)


def install(daemon: Daemon, name: str) -> None:
    """Put a certificate and its key where the daemon reads them."""
    for suffix in ("pem", "key"):
        (daemon.folder / f"server.{suffix}").write_bytes((CERTIFICATES / f"{name}.{suffix}").read_bytes())


async def connect_tls(daemon: Daemon, certificate: str | None = None) -> Esme:
    context = ssl.create_default_context(cafile=CERTIFICATES / "ca.pem")
    if certificate is not None:
        context.load_cert_chain(CERTIFICATES / f"{certificate}.pem", CERTIFICATES / f"{certificate}.key")
    port = int(daemon.events("ready")[-1]["smpp"][1].rpartition(":")[2])
    loop = asyncio.get_running_loop()
    _, esme = await loop.create_connection(Esme, "127.0.0.1", port, ssl=context, server_hostname="localhost")
    return esme


async def ask(esme: Esme, pdu: Pdu = BIND) -> int:
    async with asyncio.timeout(LIMIT_S):
        return (await esme.request(pdu)).command_status


def serial_number(esme: Esme) -> str:
    return str(esme.transport.get_extra_info("peercert")["serialNumber"])


async def test_an_account_with_a_certificate_binds_over_tls_only_with_it(
    new_daemon: NewDaemon, retarus: Simulated
) -> None:
    """The same right password without it, over TLS and in clear, is refused like a wrong one."""
    account = 'certificate = "spare.example.com"'
    daemon = new_daemon(configuration(retarus=retarus.url, smpp=TLS, account=account))
    install(daemon, "server")
    await daemon.start()

    with_it = await connect_tls(daemon, "client")
    answers = [
        await ask(with_it),
        await ask(await connect_tls(daemon)),
        await ask(await connect(daemon.smpp_port)),
    ]
    message_id = await with_it.submit(submit("491701230020"))

    assert answers == [CommandStatus.ESME_ROK, CommandStatus.ESME_RBINDFAIL, CommandStatus.ESME_RBINDFAIL]
    assert await with_it.receipt_of(message_id) == "DELIVRD"
    assert [event["reason"] for event in daemon.events("bind refused")] == ["certificate"] * 2
    await with_it.unbind()
    assert await daemon.stop() == 0


async def test_a_reload_brings_the_new_certificate(new_daemon: NewDaemon, retarus: Simulated) -> None:
    """A pair that does not fit changes nothing; sessions live through both."""
    daemon = new_daemon(configuration(retarus=retarus.url, smpp=TLS))
    install(daemon, "server")
    await daemon.start()
    old = await connect_tls(daemon)
    assert await ask(old) == CommandStatus.ESME_ROK

    (daemon.folder / "server.key").write_bytes((CERTIFICATES / "client.key").read_bytes())
    await reload(daemon, "configuration not reloaded")
    unchanged = await connect_tls(daemon)
    install(daemon, "renewed")
    await reload(daemon, "configuration reloaded")
    renewed = await connect_tls(daemon)

    assert serial_number(old) == serial_number(unchanged) != serial_number(renewed)
    assert await old.submit(submit("491701230021"))
    assert daemon.events("configuration reloaded")[-1]["after_restart"] == []


async def reload(daemon: Daemon, outcome: str) -> None:
    daemon.process.send_signal(signal.SIGHUP)

    async def is_told() -> bool:
        return bool(daemon.events(outcome))

    await until(is_told, outcome)


async def test_the_address_that_a_proxy_tells_counts(new_daemon: NewDaemon, retarus: Simulated) -> None:
    """For the allow-list, and in the log; without a header there is no session."""
    smpp = 'proxy_listen = "127.0.0.1:0"\nproxy_protocol = "127.0.0.1"'
    account = 'allowed_ips = "192.0.2.7"'
    daemon = new_daemon(configuration(retarus=retarus.url, smpp=smpp, account=account))
    await daemon.start()

    answers = []
    for host in ("192.0.2.7", "192.0.2.8"):
        esme = await connect(daemon.smpp_port)
        esme.send_octets(f"PROXY TCP4 {host} 198.51.100.1 40000 2775\r\n".encode())
        answers.append(await ask(esme))
    bare = await connect(daemon.smpp_port)
    bare.send_octets(encode(BIND))
    async with asyncio.timeout(LIMIT_S):
        await bare.closed

    assert answers == [CommandStatus.ESME_ROK, CommandStatus.ESME_RBINDFAIL]
    assert [event["peer"] for event in daemon.events("bound")] == ["192.0.2.7"]
    assert [event["peer"] for event in daemon.events("bind refused")] == ["192.0.2.8"]


async def test_a_guesser_is_locked_out_and_a_reload_lets_it_in(new_daemon: NewDaemon, retarus: Simulated) -> None:
    """Two failures, as configured; then even the right password fails, until somebody reloads."""
    smpp = 'lockout_after = 2\nrefusal_delay = "250ms"'
    daemon = new_daemon(configuration(retarus=retarus.url, smpp=smpp))
    await daemon.start()
    for password in ("guess", "again", PASSWORD):
        with pytest.raises(PermissionError, match="ESME_RBINDFAIL"):
            await bind(daemon.smpp_port, password=password)

    await reload(daemon, "configuration reloaded")
    esme = await bind(daemon.smpp_port)

    assert len(daemon.events("locked out after failed binds")) == 1
    await esme.unbind()
