"""Sessions with every operation of SMPP v3.4 in every direction it has, read by a dissector that is not ours."""

import asyncio
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from smppgw.smpp.consts import CommandId, CommandStatus, Tag
from smppgw.smpp.fields import SmeAddress
from smppgw.smpp.pdu import (
    AlertNotification,
    BindReceiver,
    BindTransmitter,
    CancelSm,
    CancelSmResp,
    DataSm,
    DeliverSm,
    EnquireLink,
    GenericNack,
    Outbind,
    Pdu,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    ReplaceSmResp,
    SubmitMulti,
    SubmitSmResp,
    Unbind,
    decode,
    encode,
    respond,
)
from tests.e2e.capture import SMPP_PORT, write_pcap
from tests.e2e.configuration import PASSWORD, configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import submit
from tests.e2e.phone import Phone
from tests.e2e.simulated import Simulated
from tests.e2e.waiting import LIMIT_S
from tests.e2e.wire import Wire, bind_pdu, called, wired

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed (Debian: tshark)"),
]

Flow = list[tuple[bool, bytes]]
Answer = Callable[[Pdu], Pdu]
"""What an ESME says to a request of ours."""

NUMBER = "4915112345678"
ROK = CommandStatus.ESME_ROK
IN_AN_HOUR = "000000010000000R"
NOTIFY = 0x10
"""registered_delivery: an intermediate notification."""
WITH_DATAGRAMS, FAR_AWAY = "datagrams", "far"
"""Accounts: one gets its receipts as data_sm, one is called."""

OF_ESMES = {
    *(CommandId.BIND_TRANSMITTER, CommandId.BIND_RECEIVER, CommandId.BIND_TRANSCEIVER, CommandId.UNBIND),
    *(CommandId.SUBMIT_SM, CommandId.SUBMIT_MULTI, CommandId.DATA_SM),
    *(CommandId.QUERY_SM, CommandId.CANCEL_SM, CommandId.REPLACE_SM, CommandId.ENQUIRE_LINK),
    *(CommandId.DELIVER_SM_RESP, CommandId.DATA_SM_RESP, CommandId.UNBIND_RESP, CommandId.ENQUIRE_LINK_RESP),
    CommandId.GENERIC_NACK,
}
"""What an ESME may send (SMPP v3.4, Table 2-1); it may also send anything else, which is refused."""
OF_GATEWAYS = {
    *(CommandId.BIND_TRANSMITTER_RESP, CommandId.BIND_RECEIVER_RESP, CommandId.BIND_TRANSCEIVER_RESP),
    *(CommandId.SUBMIT_SM_RESP, CommandId.SUBMIT_MULTI_RESP, CommandId.DATA_SM_RESP, CommandId.QUERY_SM_RESP),
    *(CommandId.CANCEL_SM_RESP, CommandId.REPLACE_SM_RESP, CommandId.UNBIND_RESP, CommandId.ENQUIRE_LINK_RESP),
    *(CommandId.OUTBIND, CommandId.DELIVER_SM, CommandId.DATA_SM, CommandId.ALERT_NOTIFICATION),
    *(CommandId.UNBIND, CommandId.ENQUIRE_LINK, CommandId.GENERIC_NACK),
}
"""What a message centre sends."""


def acknowledge(pdu: Pdu) -> Pdu:
    return respond(pdu, ROK)


class Talk:
    """One session that takes what comes."""

    def __init__(self, wire: Wire, answer: Answer = acknowledge) -> None:
        self.wire = wire
        self.came: Counter[type[Pdu]] = Counter()
        self._answer = answer

    async def ask(self, pdu: Pdu) -> Pdu:
        """Send a request; return its answer."""
        request = self.wire.numbered(pdu)
        self.wire.give(encode(request))
        while not is_answer(answer := await self._take(), request):
            pass
        return answer

    async def until(self, kind: type[Pdu], times: int = 1) -> None:
        """Wait for a request of the gateway, until it came so often in all."""
        while self.came[kind] < times:
            await self._take()

    async def _take(self) -> Pdu:
        frame = await self.wire.take()
        assert frame is not None
        pdu = decode(frame)
        self.came[type(pdu)] += 1
        if type(pdu).response is not None:
            self.wire.give(encode(self._answer(pdu)))
        return pdu


def is_answer(pdu: Pdu, request: Pdu) -> bool:
    fitting = (GenericNack,) if request.response is None else (request.response, GenericNack)
    return pdu.sequence_number == request.sequence_number and isinstance(pdu, fitting)


# --- what is said -----------------------------------------------------------------------------------------------------


async def every_operation(talk: Talk) -> None:
    """As a transceiver: what works, and a few refusals."""
    await talk.ask(bind_pdu())
    await talk.ask(submit(NUMBER, tlvs=((Tag.USER_MESSAGE_REFERENCE, b"\0\7"),)))
    waiting = await talk.ask(submit(NUMBER, schedule_delivery_time=IN_AN_HOUR, registered_delivery=0))
    assert isinstance(waiting, SubmitSmResp)
    message_id = waiting.message_id
    answers = [
        await talk.ask(QuerySm(message_id=message_id, source_addr="Shop")),
        await talk.ask(ReplaceSm(message_id=message_id, source_addr="Shop", short_message=b"Replaced")),
        await talk.ask(CancelSm(message_id=message_id, source_addr="Shop")),
    ]
    assert [(type(answer), answer.command_status) for answer in answers] == [
        (QuerySmResp, ROK),
        (ReplaceSmResp, ROK),
        (CancelSmResp, ROK),
    ]
    addresses = tuple(SmeAddress(dest_addr_ton=1, destination_addr=each) for each in (NUMBER, "9991234567"))
    await talk.ask(SubmitMulti(dest_address=addresses, short_message=b"Hello"))
    for refused in (submit(""), QuerySm(message_id="1"), CancelSm(message_id="1"), Outbind(), AlertNotification()):
        await talk.ask(refused)
    await talk.until(DeliverSm)
    await talk.ask(EnquireLink())
    await talk.ask(Unbind())


async def news_of_a_phone(talk: Talk, phone: Phone) -> None:
    """An intermediate notification; then a data_sm that does not reach it, and an alert when something does."""
    phone.is_now = Phone.SILENT
    await talk.ask(bind_pdu())
    await talk.ask(submit(NUMBER, registered_delivery=NOTIFY | 1))
    await talk.until(DeliverSm)
    phone.is_now = Phone.OFF
    await talk.until(DeliverSm, 2)
    tlvs = ((Tag.MESSAGE_PAYLOAD, b"Hello"), (Tag.SET_DPF, b"\1"))
    await talk.ask(
        DataSm(
            source_addr_ton=5,
            source_addr="Shop",
            dest_addr_ton=1,
            destination_addr=NUMBER,
            registered_delivery=1,
            tlvs=tlvs,
        )
    )
    await talk.until(DeliverSm, 3)
    phone.is_now = Phone.ON
    await talk.ask(submit(NUMBER))
    await talk.until(AlertNotification)
    await talk.ask(Unbind())


async def with_datagrams(talk: Talk) -> None:
    """Receipts as data_sm."""
    await talk.ask(bind_pdu(WITH_DATAGRAMS))
    await talk.ask(submit(NUMBER))
    await talk.until(DataSm)
    await talk.ask(Unbind())


def refuse_datagrams(pdu: Pdu) -> Pdu:
    """As somebody who does not know them."""
    if isinstance(pdu, DataSm):
        return GenericNack(sequence_number=pdu.sequence_number, command_status=CommandStatus.ESME_RINVCMDID)
    return acknowledge(pdu)


async def far_away(port: int, calls: "asyncio.Queue[Wire]") -> list[Flow]:
    """Submit and leave; be called for the receipt."""
    async with wired(port) as wire:
        await wire.ask(BindTransmitter(system_id=FAR_AWAY, password=PASSWORD, interface_version=0x34))
        await wire.ask(submit(NUMBER))
        await wire.ask(Unbind())
    async with asyncio.timeout(LIMIT_S):
        callee = await calls.get()
    talk = Talk(callee)
    await talk.until(Outbind)
    await talk.ask(BindReceiver(system_id=FAR_AWAY, password=PASSWORD, interface_version=0x34))
    await talk.until(DeliverSm)
    await talk.ask(Unbind())
    return [wire.flow, callee.flow]


async def until_the_end(daemon: Daemon) -> Flow:
    """Be silent until the gateway asks, and bound until it goes."""
    async with wired(daemon.smpp_port) as wire:
        talk = Talk(wire)
        await talk.ask(bind_pdu())
        await talk.until(EnquireLink)
        daemon.terminate()
        await talk.until(Unbind)
        assert await daemon.wait() == 0
        return wire.flow


async def everything_that_is_said(daemon: Daemon, phone: Phone, calls: "asyncio.Queue[Wire]") -> list[Flow]:
    flows = []
    scenes = [
        (every_operation, acknowledge),
        (lambda talk: news_of_a_phone(talk, phone), acknowledge),
        (with_datagrams, acknowledge),
        (with_datagrams, refuse_datagrams),
    ]
    for scene, answer in scenes:
        async with wired(daemon.smpp_port) as wire:
            await scene(Talk(wire, answer))
            flows.append(wire.flow)
    flows += await far_away(daemon.smpp_port, calls)
    return [*flows, await until_the_end(daemon)]


# --- the dissector ----------------------------------------------------------------------------------------------------


async def tshark(file: Path, *arguments: str) -> list[str]:
    done = await asyncio.to_thread(
        subprocess.run,
        ["tshark", "-r", str(file), "-d", f"tcp.port=={SMPP_PORT},smpp", *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


async def malformed(file: Path) -> list[str]:
    return await tshark(file, "-Y", "_ws.malformed || _ws.expert.severity >= error")


async def told(file: Path, command: CommandId, *fields: str) -> set[tuple[str | int, ...]]:
    """What it reads in these fields of a request that we sent; numbers as such, however its version writes them."""
    named = [argument for field in fields for argument in ("-e", f"smpp.{field}")]
    ours = f"smpp.command_id == {command} && tcp.srcport == {SMPP_PORT}"
    lines = await tshark(file, "-Y", ours, "-T", "fields", *named)
    return {tuple(map(number_or_text, line.split("\t"))) for line in lines}


def number_or_text(value: str) -> str | int:
    return int(value, 0) if value.startswith("0x") or value.isdecimal() else value


def directions(flows: Sequence[Flow]) -> tuple[set[int], set[int]]:
    """Commands of ESMEs, and of ours."""
    seen = [(from_esme, decode(frame).command_id) for flow in flows for from_esme, frame in flow]
    return {one for from_esme, one in seen if from_esme}, {one for from_esme, one in seen if not from_esme}


async def test_a_foreign_dissector_reads_every_operation_without_a_malformed_packet(
    new_daemon: NewDaemon, retarus: Simulated, phone: Phone, tmp_path: Path
) -> None:
    phone.is_now = Phone.ON
    async with called() as (port, calls):
        account = f'[[accounts]]\npassword = "{PASSWORD}"\ncountry = "DE"\nsystem_id'
        others = f"""
{account} = "{WITH_DATAGRAMS}"
receipt_pdu = "data_sm"
{account} = "{FAR_AWAY}"
outbind = "127.0.0.1:{port}"
outbind_password = "hush"
"""
        daemon = new_daemon(configuration(retarus=retarus.url, account=others, smpp='enquire_link = "2s"'))
        await daemon.start()
        flows = await everything_that_is_said(daemon, phone, calls)
    file = tmp_path / "session.pcap"
    write_pcap(file, flows)

    lines = await tshark(file, "-Y", "smpp", "-T", "fields", "-e", "smpp.command_id")

    of_esmes, ours = directions(flows)
    assert of_esmes >= OF_ESMES
    assert ours == OF_GATEWAYS
    assert of_esmes | ours == set(CommandId)
    seen = [int(command_id, 16) for line in lines for command_id in line.split(",")]
    assert len(seen) == sum(map(len, flows))
    assert await malformed(file) == []
    assert await told(file, CommandId.OUTBIND, "system_id", "password") == {("SMPPGW", "hush")}
    alert = await told(file, CommandId.ALERT_NOTIFICATION, "source_addr", "esme_addr", "ms_availability_status")
    assert alert == {(int(NUMBER), "Shop", 0)}
    kinds = await told(file, CommandId.DELIVER_SM, "esm.submit.msg_type", "message_state")
    # Bits 2 to 5 of esm_class with message_state: receipts, delivered and expired, and a message on its way.
    assert kinds == {(1, 2), (1, 3), (8, 1)}


async def test_the_dissector_does_find_a_malformed_packet(tmp_path: Path) -> None:
    """So that its silence above means something."""
    cut = encode(submit(NUMBER))[:40]
    file = tmp_path / "session.pcap"
    write_pcap(file, [[(True, len(cut).to_bytes(4, "big") + cut[4:])]])

    assert len(await malformed(file)) == 1
