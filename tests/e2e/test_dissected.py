"""Sessions with every operation of SMPP v3.4, read by a dissector that is not ours."""

import asyncio
import shutil
import subprocess
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
from tests.e2e.configuration import PASSWORD, SYSTEM_ID
from tests.e2e.daemon import Daemon
from tests.e2e.esme import submit
from tests.e2e.waiting import LIMIT_S
from tests.e2e.wire import Wire, bind_pdu, wired

pytestmark = pytest.mark.e2e

NUMBER = "4915112345678"
ROK = CommandStatus.ESME_ROK
IN_AN_HOUR = "000000010000000R"


class Talk:
    """One session that takes every receipt."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.delivered = 0

    async def ask(self, pdu: Pdu) -> Pdu:
        """Send a request; return its answer."""
        self.wire.give(encode(self.wire.numbered(pdu)))
        while isinstance(answer := await self._take(), DeliverSm):
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
        if isinstance(pdu, DeliverSm):
            self.delivered += 1
            self.wire.give(encode(respond(pdu, ROK)))
        return pdu


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


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed (Debian: tshark)")
async def test_a_foreign_dissector_reads_every_operation_without_a_malformed_packet(
    daemon: Daemon, tmp_path: Path
) -> None:
    flows = []
    async with wired(daemon.smpp_port) as wire:
        await every_operation(Talk(wire))
        flows.append(wire.flow)
    for kind in (BindTransmitter, BindReceiver):
        async with wired(daemon.smpp_port) as wire:
            await wire.ask(kind(system_id=SYSTEM_ID, password=PASSWORD, interface_version=0x34))
            await wire.ask(Unbind())
            flows.append(wire.flow)
    file = tmp_path / "session.pcap"
    write_pcap(file, flows)

    lines = await tshark(file, "-Y", "smpp", "-T", "fields", "-e", "smpp.command_id")

    seen = [int(command_id, 16) for line in lines for command_id in line.split(",")]
    assert len(seen) == sum(map(len, flows))
    assert set(seen) == set(CommandId)
    assert await tshark(file, "-Y", "_ws.malformed || _ws.expert.severity >= error") == []


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed (Debian: tshark)")
async def test_the_dissector_does_find_a_malformed_packet(tmp_path: Path) -> None:
    """So that its silence above means something."""
    cut = encode(submit(NUMBER))[:40]
    file = tmp_path / "session.pcap"
    write_pcap(file, [[(True, len(cut).to_bytes(4, "big") + cut[4:])]])

    assert len(await tshark(file, "-Y", "_ws.malformed || _ws.expert.severity >= error")) == 1
