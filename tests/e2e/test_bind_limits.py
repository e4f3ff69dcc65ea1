"""How many may bind, and how often, on the real daemon: by type, by rate, and what becomes of a place that is left."""

import asyncio
import socket
import struct
from collections import Counter

import pytest

from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.pdu import BindReceiver, BindTransceiver, BindTransmitter, EnquireLink
from tests.e2e.configuration import PASSWORD, SYSTEM_ID, configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import BindPdu, Esme, bind, connect, submit
from tests.e2e.simulated import Simulated
from tests.e2e.waiting import LIMIT_S

pytestmark = pytest.mark.e2e

OK, REFUSED = CommandStatus.ESME_ROK, CommandStatus.ESME_RBINDFAIL
NUMBER = "4915112345678"
ELSEWHERE = "127.0.0.2"
"""Loopback has more than one address."""


async def ask(esme: Esme, kind: BindPdu = BindTransceiver, *, name: str = SYSTEM_ID, password: str = PASSWORD) -> int:
    async with asyncio.timeout(LIMIT_S):
        answer = await esme.request(kind(system_id=name, password=password, interface_version=0x34))
    return answer.command_status


async def refused_for(daemon: Daemon, account: str, result: str) -> float:
    """Return how many binds of an account were refused for this."""
    labels = f'{{account="{account}",bind_type="transceiver",result="{result}"}}'
    exposition = (await daemon.get("/metrics")).text
    counted = [line for line in exposition.splitlines() if line.startswith(f"smppgw_smpp_binds_total{labels}")]
    return sum(float(line.rpartition(" ")[2]) for line in counted)


async def test_each_type_has_its_own_limit_and_all_have_one(new_daemon: NewDaemon, retarus: Simulated) -> None:
    account = "max_binds = 3\nmax_binds_by_type = { transmitter = 2, receiver = 1 }"
    daemon = new_daemon(configuration(retarus=retarus.url, account=account))
    await daemon.start()
    kinds: list[BindPdu] = [BindReceiver, BindReceiver, BindTransmitter, BindTransmitter, BindTransmitter]

    esmes = [await connect(daemon.smpp_port) for _ in kinds]
    statuses = [await ask(esme, kind) for esme, kind in zip(esmes, kinds, strict=True)]
    await esmes[0].say_goodbye()
    statuses.append(await ask(esmes[1], BindReceiver))

    assert statuses == [OK, REFUSED, OK, OK, REFUSED, OK]
    assert {event["reason"] for event in daemon.events("bind refused")} == {"limit"}


async def test_binds_over_the_rate_are_refused_with_the_session_alive(
    new_daemon: NewDaemon, retarus: Simulated
) -> None:
    """The first counts under its address, the next ten, ten times max_binds, under the account; one an hour comes."""
    account = 'max_binds = 1\nbind_rate = "1/h"'
    daemon = new_daemon(configuration(retarus=retarus.url, account=account))
    await daemon.start()
    for _ in range(11):
        esme = await bind(daemon.smpp_port)
        await esme.unbind()

    esme = await connect(daemon.smpp_port)
    refused = await ask(esme)
    async with asyncio.timeout(LIMIT_S):
        alive = await esme.request(EnquireLink())

    assert (refused, alive.command_status) == (REFUSED, OK)
    assert await refused_for(daemon, SYSTEM_ID, "rate") == 1
    assert len(daemon.events("binds over the rate")) == 1


async def test_a_storm_of_strangers_keeps_no_account_out(new_daemon: NewDaemon, retarus: Simulated) -> None:
    """They guess at its password, from elsewhere, twice as often as an address may; nobody is locked out."""
    smpp = 'bind_rate_per_ip = "20/min"\nlockout_after = 100000\nrefusal_delay = "1ms"'
    daemon = new_daemon(configuration(retarus=retarus.url, smpp=smpp))
    await daemon.start()
    first = await bind(daemon.smpp_port)
    strangers = [await connect_from(ELSEWHERE, daemon.smpp_port) for _ in range(40)]

    answers = await asyncio.gather(*(ask(esme, password=f"guess {n}") for n, esme in enumerate(strangers)))
    second = await bind(daemon.smpp_port)

    assert Counter(answers) == {REFUSED: 40}
    # Twenty, less what came back meanwhile: one every three seconds.
    assert 0 < await refused_for(daemon, SYSTEM_ID, "rate") <= 20
    assert [await esme.submit(submit(NUMBER)) for esme in (first, second)]


async def connect_from(host: str, port: int) -> Esme:
    loop = asyncio.get_running_loop()
    _, esme = await loop.create_connection(Esme, "127.0.0.1", port, local_addr=(host, 0))
    return esme


@pytest.fixture
async def for_one_bind(new_daemon: NewDaemon, retarus: Simulated) -> Daemon:
    daemon = new_daemon(configuration(retarus=retarus.url, account="max_binds = 1"))
    await daemon.start()
    return daemon


async def test_a_place_is_free_at_once_after_a_reset(for_one_bind: Daemon) -> None:
    """Twenty times, without a pause: no bind finds the place of the one before taken."""
    for _ in range(20):
        esme = await bind(for_one_bind.smpp_port)
        reset(esme)

    await bind(for_one_bind.smpp_port)
    assert not for_one_bind.events("bind refused")


def reset(esme: Esme) -> None:
    """End the connection with RST instead of FIN."""
    raw: socket.socket = esme.transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    esme.transport.abort()


async def test_a_place_is_free_at_once_after_a_reset_with_submits_in_flight(for_one_bind: Daemon) -> None:
    """What was read is stored; whoever comes next does not wait for it."""
    for place in range(20):
        esme = await bind(for_one_bind.smpp_port)
        waiting = [esme.request(submit(f"49151{place:03}{n:05}")) for n in range(20)]
        await asyncio.sleep(0)
        reset(esme)
        await asyncio.wait(waiting)

    await bind(for_one_bind.smpp_port)
    assert not for_one_bind.events("bind refused")
