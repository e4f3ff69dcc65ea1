"""One peer's fault is that peer's loss: slow readers, broken PDUs, wrong passwords, binds at the limit."""

import asyncio
import struct

import pytest

from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.pdu import BindReceiver, BindTransceiver, BindTransmitter, EnquireLink, encode
from tests.e2e.configuration import PASSWORD, SYSTEM_ID, configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import BindPdu, bind, connect, submit
from tests.e2e.simulated import Simulated
from tests.e2e.waiting import LIMIT_S, until

pytestmark = pytest.mark.e2e

SUPPLY, WINDOW = 200, 10
"""Receipts that the daemon keeps in memory for an account, and in flight on a bind."""
NUMBERS = [f"49151{place:08}" for place in range(1000, 1200)]


@pytest.mark.parametrize("reads", [True, False], ids=["reads, and never answers", "never reads"])
async def test_a_deaf_receiver_costs_the_other_bind_nothing(
    new_daemon: NewDaemon, retarus: Simulated, *, reads: bool
) -> None:
    daemon = new_daemon(configuration(retarus=retarus.url, smpp='response = "1s"'))
    await daemon.start()
    deaf = await bind(daemon.smpp_port, BindReceiver, lambda _pdu: None)
    if not reads:
        deaf.transport.pause_reading()
    esme = await bind(daemon.smpp_port, BindTransceiver)

    ids = await asyncio.gather(*(esme.submit(submit(number)) for number in NUMBERS))

    assert {await esme.receipt_of(message_id) for message_id in ids} == {"DELIVRD"}


async def test_a_deaf_receiver_is_bounded_in_memory_and_its_receipts_go_to_the_next_bind(
    new_daemon: NewDaemon, retarus: Simulated
) -> None:
    """Of a thousand owed receipts one window is in flight and one supply leased; the rest stays in the store."""
    account = "max_tps = 100000\nwindow = 1000"
    daemon = new_daemon(configuration(retarus=retarus.url, account=account, smpp='response = "10s"'))
    await daemon.start()
    deaf = await bind(daemon.smpp_port, BindReceiver, lambda _pdu: None)
    deaf.transport.pause_reading()
    sender = await bind(daemon.smpp_port, BindTransmitter)
    ids = await asyncio.gather(*(sender.submit(submit(f"49152{place:08}")) for place in range(1000, 2000)))

    async def all_owed() -> bool:
        return daemon.owed_receipts() == len(ids)

    await until(all_owed, "every message ended")
    assert daemon.leased_receipts() <= SUPPLY + WINDOW
    esme = await bind(daemon.smpp_port, BindReceiver)
    assert {await esme.receipt_of(message_id) for message_id in ids} == {"DELIVRD"}


BROKEN = {
    "a length no PDU has": struct.pack(">IIII", 4, 4, 0, 1),
    "a length beyond all bounds": struct.pack(">IIII", 0x7FFFFFFF, 4, 0, 1),
    "a submit_sm without a body": struct.pack(">IIII", 16, 4, 0, 1),
    "a submit_sm cut in the middle": struct.pack(">IIII", 20, 4, 0, 1) + b"\0\0\0\0",
    "a command nobody knows": struct.pack(">IIII", 16, 0x0BADBAD0, 0, 1),
    "a response to nothing": struct.pack(">IIII", 16, 0x80000015, 0, 99),
    "text": b"GET / HTTP/1.1\r\nHost: smpp\r\n\r\n",
    "half a PDU": encode(EnquireLink(sequence_number=1))[:7],
}


async def test_broken_octets_cost_the_other_session_nothing(daemon: Daemon) -> None:
    esme = await bind(daemon.smpp_port)

    for octets in BROKEN.values():
        broken = await connect(daemon.smpp_port)
        broken.send_octets(octets)
    message_id = await esme.submit(submit(NUMBERS[0]))

    assert await esme.receipt_of(message_id) == "DELIVRD"
    assert not esme.closed.done()


async def test_a_broken_pdu_does_not_end_even_its_own_session(daemon: Daemon) -> None:
    esme = await bind(daemon.smpp_port, BindTransmitter)

    for name in ("a submit_sm without a body", "a command nobody knows", "a response to nothing"):
        esme.send_octets(BROKEN[name])

    assert await esme.submit(submit(NUMBERS[0]))


async def refusal(port: int, system_id: str = SYSTEM_ID, password: str = PASSWORD) -> str:
    with pytest.raises(PermissionError) as refused:
        await bind(port, system_id=system_id, password=password)
    return str(refused.value)


async def test_wrong_credentials_are_refused_alike_and_the_right_ones_taken_afterwards(daemon: Daemon) -> None:
    wrong = [(SYSTEM_ID, "wrong"), (SYSTEM_ID, ""), ("nobody", PASSWORD), ("nobody", "wrong")]

    refusals = {await refusal(daemon.smpp_port, *credentials) for credentials in wrong}
    esme = await bind(daemon.smpp_port)

    assert refusals == {"ESME_RBINDFAIL"}
    assert not esme.closed.done()


@pytest.fixture
async def for_one_bind(new_daemon: NewDaemon, retarus: Simulated) -> Daemon:
    daemon = new_daemon(configuration(retarus=retarus.url, account="max_binds = 1"))
    await daemon.start()
    return daemon


async def test_a_bind_beyond_the_limit_is_refused(for_one_bind: Daemon) -> None:
    await bind(for_one_bind.smpp_port)

    assert await refusal(for_one_bind.smpp_port) == "ESME_RBINDFAIL"


async def test_the_place_of_an_unbound_session_is_free_at_once(for_one_bind: Daemon) -> None:
    for _ in range(20):
        esme = await bind(for_one_bind.smpp_port)
        async with asyncio.timeout(LIMIT_S):
            await esme.unbind()


async def test_the_place_is_free_as_soon_as_the_unbind_is_answered(for_one_bind: Daemon) -> None:
    first = await bind(for_one_bind.smpp_port)

    await first.say_goodbye()

    await bind(for_one_bind.smpp_port)


async def test_a_submit_before_the_bind_is_refused(daemon: Daemon) -> None:
    esme = await connect(daemon.smpp_port)

    answer = await esme.request(submit(NUMBERS[0]))

    assert answer.command_status == CommandStatus.ESME_RINVBNDSTS


async def test_only_a_bind_that_may_submit_can(daemon: Daemon) -> None:
    kinds: list[BindPdu] = [BindTransmitter, BindTransceiver, BindReceiver]

    esmes = [await bind(daemon.smpp_port, kind) for kind in kinds]
    answers = [await esme.request(submit(NUMBERS[0])) for esme in esmes]

    ok, refused = CommandStatus.ESME_ROK, CommandStatus.ESME_RINVBNDSTS
    assert [answer.command_status for answer in answers] == [ok, ok, refused]


async def test_receipts_wait_for_a_bind_that_may_receive(daemon: Daemon) -> None:
    sender = await bind(daemon.smpp_port, BindTransmitter)
    message_id = await sender.submit(submit(NUMBERS[0]))
    await sender.unbind()

    receiver = await bind(daemon.smpp_port, BindReceiver)

    assert await receiver.receipt_of(message_id) == "DELIVRD"
