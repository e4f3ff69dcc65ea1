"""Sessions with every operation of SMPP v3.4 in every direction it has, read by a dissector that is not ours."""

import asyncio
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from smppgw.smpp import tlv
from smppgw.smpp.consts import ESM_CLASS_INTERMEDIATE_NOTIFICATION, CommandId, CommandStatus, MessageState, Tag
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
from smppgw.smpp.settings import SessionSettings
from tests.e2e.capture import SMPP_PORT, write_pcap
from tests.e2e.configuration import PASSWORD, SYSTEM_ID, configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import submit
from tests.e2e.simulated import Simulated
from tests.e2e.waiting import LIMIT_S
from tests.e2e.wire import Wire, bind_pdu, called, wired
from tests.smpp.peers import Recorder, door

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed (Debian: tshark)"),
]

Flow = list[tuple[bool, bytes]]

NUMBER = "4915112345678"
ROK = CommandStatus.ESME_ROK
IN_AN_HOUR = "000000010000000R"
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


class Talk:
    """One session that takes every receipt, as deliver_sm or data_sm."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.delivered = 0

    async def ask(self, pdu: Pdu) -> Pdu:
        """Send a request; return its answer."""
        self.wire.give(encode(self.wire.numbered(pdu)))
        while isinstance(answer := await self._take(), DeliverSm | DataSm):
            pass
        return answer

    async def until_delivered(self) -> None:
        """Wait for a receipt."""
        while not self.delivered:
            await self._take()

    async def _take(self) -> Pdu:
        frame = await self.wire.take()
        assert frame is not None
        pdu = decode(frame)
        if isinstance(pdu, DeliverSm | DataSm):
            self.delivered += 1
            self.wire.give(encode(respond(pdu, ROK)))
        return pdu


# --- the daemon -------------------------------------------------------------------------------------------------------


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
    await talk.ask(DataSm(dest_addr_ton=1, destination_addr=NUMBER, tlvs=((Tag.MESSAGE_PAYLOAD, b"Hello"),)))
    addresses = tuple(SmeAddress(dest_addr_ton=1, destination_addr=each) for each in (NUMBER, "9991234567"))
    await talk.ask(SubmitMulti(dest_address=addresses, short_message=b"Hello"))
    for refused in (submit(""), QuerySm(message_id="1"), CancelSm(message_id="1"), Outbind(), AlertNotification()):
        await talk.ask(refused)
    await talk.until_delivered()
    await talk.ask(EnquireLink())
    await talk.ask(Unbind())


async def with_datagrams(talk: Talk) -> None:
    """A receipt as data_sm."""
    await talk.ask(bind_pdu(WITH_DATAGRAMS))
    await talk.ask(submit(NUMBER))
    await talk.until_delivered()
    await talk.ask(Unbind())


async def far_away(port: int, calls: "asyncio.Queue[Wire]") -> list[Flow]:
    """Submit and leave; be called for the receipt."""
    async with wired(port) as wire:
        await wire.ask(BindTransmitter(system_id=FAR_AWAY, password=PASSWORD, interface_version=0x34))
        await wire.ask(submit(NUMBER))
        await wire.ask(Unbind())
    async with asyncio.timeout(LIMIT_S):
        callee = await calls.get()
    outbind = await callee.take()
    assert outbind is not None
    assert isinstance(decode(outbind), Outbind)
    talk = Talk(callee)
    await talk.ask(BindReceiver(system_id=FAR_AWAY, password=PASSWORD, interface_version=0x34))
    await talk.until_delivered()
    await talk.ask(Unbind())
    return [wire.flow, callee.flow]


async def talk_to_the_daemon(daemon: Daemon, calls: "asyncio.Queue[Wire]") -> list[Flow]:
    flows = []
    for scene in (every_operation, with_datagrams):
        async with wired(daemon.smpp_port) as wire:
            await scene(Talk(wire))
            flows.append(wire.flow)
    for kind in (BindTransmitter, BindReceiver):
        async with wired(daemon.smpp_port) as wire:
            await wire.ask(kind(system_id=SYSTEM_ID, password=PASSWORD, interface_version=0x34))
            await wire.ask(Unbind())
            flows.append(wire.flow)
    return flows + await far_away(daemon.smpp_port, calls)


# --- the session objects ----------------------------------------------------------------------------------------------

ALERT = AlertNotification(
    source_addr_ton=1,
    source_addr_npi=1,
    source_addr=NUMBER,
    esme_addr_ton=5,
    esme_addr="Shop",
    tlvs=(tlv.of_int(Tag.MS_AVAILABILITY_STATUS, 0),),
)
ON_ITS_WAY = DeliverSm(
    source_addr_ton=1,
    source_addr_npi=1,
    source_addr=NUMBER,
    dest_addr_ton=5,
    destination_addr="Shop",
    esm_class=ESM_CLASS_INTERMEDIATE_NOTIFICATION,
    short_message=b"id:4711 sub:001 dlvrd:000 submit date:2601020304 done date:2601020304 stat:ENROUTE err:000 text:Hi",
    tlvs=(
        (Tag.RECEIPTED_MESSAGE_ID, b"4711\0"),
        tlv.of_int(Tag.MESSAGE_STATE, MessageState.ENROUTE),
        (Tag.NETWORK_ERROR_CODE, b"\3\0\0"),
    ),
)


async def what_we_begin() -> Flow:
    """Every request of ours over a loopback socket, down to the enquire_link of an idle session and to the unbind."""
    handler = Recorder()
    async with door(handler, SessionSettings(enquire_link_s=0.2)) as listener, wired(listener.addresses[0][1]) as wire:
        await wire.ask(bind_pdu())
        [connection] = listener.connections
        connection.notify(ALERT)
        connection.request(ON_ITS_WAY)
        connection.request(DataSm(destination_addr="Shop", tlvs=((Tag.MESSAGE_PAYLOAD, b"Hello"),)))
        while (frame := await wire.take()) is not None:
            pdu = decode(frame)
            if isinstance(pdu, EnquireLink):
                connection.close()
            if not isinstance(pdu, AlertNotification):
                wire.give(encode(answer(pdu)))
        return wire.flow


def answer(pdu: Pdu) -> Pdu:
    """As an ESME does that does not know data_sm."""
    if isinstance(pdu, DataSm):
        return GenericNack(sequence_number=pdu.sequence_number, command_status=CommandStatus.ESME_RINVCMDID)
    return respond(pdu, ROK)


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
    new_daemon: NewDaemon, retarus: Simulated, tmp_path: Path
) -> None:
    async with called() as (port, calls):
        account = f'[[accounts]]\npassword = "{PASSWORD}"\ncountry = "DE"\nsystem_id'
        others = f"""
{account} = "{WITH_DATAGRAMS}"
receipt_pdu = "data_sm"
{account} = "{FAR_AWAY}"
outbind = "127.0.0.1:{port}"
outbind_password = "hush"
"""
        daemon = new_daemon(configuration(retarus=retarus.url, account=others))
        await daemon.start()
        flows = [*await talk_to_the_daemon(daemon, calls), await what_we_begin()]
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
    assert kinds == {(1, 2), (8, 1)}  # bits 2 to 5 of esm_class: a receipt, and what is on its way


async def test_the_dissector_does_find_a_malformed_packet(tmp_path: Path) -> None:
    """So that its silence above means something."""
    cut = encode(submit(NUMBER))[:40]
    file = tmp_path / "session.pcap"
    write_pcap(file, [[(True, len(cut).to_bytes(4, "big") + cut[4:])]])

    assert len(await malformed(file)) == 1
