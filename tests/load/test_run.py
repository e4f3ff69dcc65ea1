import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial

import pytest

from smppgw.load.plan import Plan
from smppgw.load.refusal import BindRefusedError
from smppgw.load.run import run
from smppgw.smpp import tlv
from smppgw.smpp.consts import CommandStatus, Tag
from smppgw.smpp.framer import Framer
from smppgw.smpp.pdu import (
    BindTransceiver,
    BindTransceiverResp,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Pdu,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
    decode,
    encode,
)

Reaction = Callable[["Peer", SubmitSm, str], None]


def accept(peer: "Peer", submit: SubmitSm, message_id: str) -> None:
    peer.send(SubmitSmResp(sequence_number=submit.sequence_number, message_id=message_id))


def receipt_of(message_id: str, stat: str = "DELIVRD") -> DeliverSm:
    text = f"id:{message_id} sub:001 dlvrd:001 submit date:2601011200 done date:2601011200 stat:{stat} err:000 text:"
    tlvs = (tlv.of_text(Tag.RECEIPTED_MESSAGE_ID, message_id),)
    return DeliverSm(esm_class=4, short_message=text.encode(), tlvs=tlvs, sequence_number=9)


def accept_and_deliver(peer: "Peer", submit: SubmitSm, message_id: str) -> None:
    accept(peer, submit, message_id)
    peer.send(receipt_of(message_id))


@dataclass
class Server:
    """An SMPP server of a few lines: what it does with a submit is the test's choice."""

    react: Reaction = accept_and_deliver
    bind_status: int = 0
    received: list[Pdu] = field(default_factory=list)
    peers: "list[Peer]" = field(default_factory=list)

    def all_of(self, kind: type[Pdu]) -> list[Pdu]:
        return [pdu for pdu in self.received if isinstance(pdu, kind)]


class Peer(asyncio.Protocol):
    """One connection of the server."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.framer = Framer()
        self.open = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.server.peers.append(self)

    def data_received(self, data: bytes) -> None:
        for frame in self.framer.feed(data):
            pdu = decode(frame)
            self.server.received.append(pdu)
            match pdu:
                case BindTransceiver(sequence_number=number):
                    self.send(BindTransceiverResp(sequence_number=number, command_status=self.server.bind_status))
                case SubmitSm():
                    self.server.react(self, pdu, str(1000 + len(self.server.all_of(SubmitSm))))
                case Unbind(sequence_number=number):
                    self.send(UnbindResp(sequence_number=number))
                case _:
                    pass

    def send(self, pdu: Pdu) -> None:
        self.transport.write(encode(pdu))


@asynccontextmanager
async def listening(server: Server) -> AsyncIterator[Plan]:
    """Serve on loopback; gives a plan that leads there."""
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(partial(Peer, server), "127.0.0.1", 0)
    async with listener, asyncio.timeout(20):
        port = listener.sockets[0].getsockname()[1]
        yield Plan(
            host="127.0.0.1", port=port, system_id="load", password="secret", messages=40, window=10, timeout_s=10
        )
        for peer in server.peers:
            peer.transport.abort()


async def test_a_run_submits_everything_and_gets_every_receipt() -> None:
    server = Server()

    async with listening(server) as plan:
        result = await run(replace(plan, binds=3, receipts=True))

    assert result.ok, result
    assert (result.sent, result.accepted, result.receipts, result.stats) == (40, 40, 40, {"DELIVRD": 40})


async def test_the_binds_are_transceivers_with_the_credentials() -> None:
    server = Server()

    async with listening(server) as plan:
        await run(replace(plan, binds=2))

    binds = [(pdu.system_id, pdu.password) for pdu in server.received if isinstance(pdu, BindTransceiver)]
    assert binds == [("load", "secret")] * 2


async def test_every_destination_is_another_one() -> None:
    server = Server()

    async with listening(server) as plan:
        await run(replace(plan, binds=2))

    numbers = {pdu.destination_addr for pdu in server.received if isinstance(pdu, SubmitSm)}
    assert len(numbers) == 40


async def test_every_receipt_is_acknowledged_with_its_sequence_number() -> None:
    server = Server()

    async with listening(server) as plan:
        await run(replace(plan, receipts=True))

    assert server.all_of(DeliverSmResp) == [DeliverSmResp(sequence_number=9)] * 40


async def test_the_window_is_kept() -> None:
    waiting: list[tuple[SubmitSm, str]] = []
    most = 0

    def hold_back(peer: Peer, submit: SubmitSm, message_id: str) -> None:
        nonlocal most
        waiting.append((submit, message_id))
        most = max(most, len(waiting))
        if len(waiting) == 10:
            for one, its_id in waiting:
                accept(peer, one, its_id)
            waiting.clear()

    async with listening(Server(react=hold_back)) as plan:
        result = await run(plan)

    assert (result.accepted, most) == (40, 10)


async def test_refusals_are_counted_by_status_and_not_repeated() -> None:
    def throttle_odd(peer: Peer, submit: SubmitSm, message_id: str) -> None:
        status = CommandStatus.ESME_RTHROTTLED if int(message_id) % 2 else CommandStatus.ESME_ROK
        peer.send(SubmitSmResp(sequence_number=submit.sequence_number, command_status=status, message_id=message_id))

    async with listening(Server(react=throttle_odd)) as plan:
        result = await run(plan)

    assert (result.sent, result.accepted, result.errors) == (40, 20, {"ESME_RTHROTTLED": 20})
    assert not result.ok


async def test_a_generic_nack_is_the_answer_to_its_submit() -> None:
    def nack(peer: Peer, submit: SubmitSm, _message_id: str) -> None:
        peer.send(GenericNack(sequence_number=submit.sequence_number, command_status=CommandStatus.ESME_RINVCMDID))

    async with listening(Server(react=nack)) as plan:
        result = await run(plan)

    assert result.errors == {"ESME_RINVCMDID": 40}


async def test_a_receipt_before_its_response_counts() -> None:
    def deliver_and_accept(peer: Peer, submit: SubmitSm, message_id: str) -> None:
        peer.send(receipt_of(message_id))
        accept(peer, submit, message_id)

    async with listening(Server(react=deliver_and_accept)) as plan:
        result = await run(replace(plan, receipts=True))

    assert result.ok, result


async def test_a_receipt_may_come_on_another_bind() -> None:
    def deliver_elsewhere(peer: Peer, submit: SubmitSm, message_id: str) -> None:
        accept(peer, submit, message_id)
        peers = peer.server.peers
        peers[(peers.index(peer) + 1) % len(peers)].send(receipt_of(message_id))

    async with listening(Server(react=deliver_elsewhere)) as plan:
        result = await run(replace(plan, receipts=True, binds=2))

    assert result.ok, result


async def test_the_id_of_a_receipt_is_read_from_its_text_where_the_tlv_is_absent() -> None:
    def deliver_text(peer: Peer, submit: SubmitSm, message_id: str) -> None:
        accept(peer, submit, message_id)
        peer.send(replace(receipt_of(message_id, "UNDELIV"), tlvs=()))

    async with listening(Server(react=deliver_text)) as plan:
        result = await run(replace(plan, receipts=True))

    assert (result.receipts, result.stats) == (40, {"UNDELIV": 40})


async def test_duplicate_and_unknown_receipts_are_counted() -> None:
    def deliver_too_much(peer: Peer, submit: SubmitSm, message_id: str) -> None:
        if message_id == "1001":
            peer.send(receipt_of("nobody"))
            peer.send(receipt_of(message_id))
        accept_and_deliver(peer, submit, message_id)

    async with listening(Server(react=deliver_too_much)) as plan:
        result = await run(replace(plan, receipts=True))

    assert (result.duplicate_receipts, result.unknown_ids, result.receipts) == (1, 1, 40)


@pytest.mark.parametrize(
    "pdu",
    [
        DeliverSm(esm_class=0, short_message=b"id:1 stat:DELIVRD"),
        DeliverSm(esm_class=0x20, short_message=b"id:1 stat:ENROUTE"),
        DeliverSm(esm_class=4, short_message=b"no id"),
    ],
    ids=["inbound", "intermediate", "without id"],
)
async def test_what_is_no_final_receipt_is_acknowledged_and_set_apart(pdu: DeliverSm) -> None:
    def deliver_also(peer: Peer, submit: SubmitSm, message_id: str) -> None:
        if message_id == "1001":
            peer.send(pdu)
        accept_and_deliver(peer, submit, message_id)

    server = Server(react=deliver_also)
    async with listening(server) as plan:
        result = await run(replace(plan, receipts=True))

    assert (result.unreadable, result.receipts, len(server.all_of(DeliverSmResp))) == (1, 40, 41)


async def test_an_enquire_link_is_answered() -> None:
    def enquire(peer: Peer, submit: SubmitSm, message_id: str) -> None:
        peer.send(EnquireLink(sequence_number=77))
        accept(peer, submit, message_id)

    server = Server(react=enquire)
    async with listening(server) as plan:
        await run(replace(plan, messages=1))

    assert server.all_of(EnquireLinkResp) == [EnquireLinkResp(sequence_number=77)]


async def test_a_refused_bind_ends_the_run_with_its_status() -> None:
    async with listening(Server(bind_status=CommandStatus.ESME_RBINDFAIL)) as plan:
        with pytest.raises(BindRefusedError, match="ESME_RBINDFAIL") as caught:
            await run(plan)

    assert caught.value.status == CommandStatus.ESME_RBINDFAIL


async def test_silence_ends_the_run_after_the_timeout() -> None:
    def ignore_some(peer: Peer, submit: SubmitSm, message_id: str) -> None:
        if int(message_id) > 1005:
            return
        accept(peer, submit, message_id)

    async with listening(Server(react=ignore_some)) as plan:
        result = await run(replace(plan, timeout_s=0.5))

    assert (result.timed_out, result.accepted) == (True, 5)
    assert result.unanswered == 10  # the window


async def test_a_lost_connection_is_not_waited_for() -> None:
    def hang_up(peer: Peer, submit: SubmitSm, message_id: str) -> None:
        if message_id == "1005":
            peer.transport.close()
        else:
            accept(peer, submit, message_id)

    async with listening(Server(react=hang_up)) as plan:
        result = await run(plan)

    assert not result.timed_out
    assert result.unanswered > 0
    assert not result.ok


@pytest.mark.parametrize("rate", [None, 5000.0])
async def test_the_other_binds_carry_on_when_one_is_lost(rate: float | None) -> None:
    def hang_up_once(peer: Peer, submit: SubmitSm, message_id: str) -> None:
        if peer is peer.server.peers[0]:
            peer.transport.abort()
        else:
            accept(peer, submit, message_id)

    async with listening(Server(react=hang_up_once)) as plan:
        result = await run(replace(plan, binds=2, rate=rate))

    assert not result.timed_out
    assert 1 <= result.unanswered <= 10  # what was in flight, at most the window
    assert result.accepted == 40 - result.unanswered


async def test_an_unbind_of_the_server_is_answered_and_ends_the_bind() -> None:
    def send_away(peer: Peer, _submit: SubmitSm, message_id: str) -> None:
        if message_id == "1001":
            peer.send(Unbind(sequence_number=5))

    server = Server(react=send_away)
    async with listening(server) as plan:
        result = await run(plan)

    assert server.all_of(UnbindResp) == [UnbindResp(sequence_number=5)]
    assert result.unanswered == 10


async def test_garbage_ends_the_bind() -> None:
    def talk_http(peer: Peer, _submit: SubmitSm, _message_id: str) -> None:
        peer.transport.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with listening(Server(react=talk_http)) as plan:
        result = await run(plan)

    assert (result.unreadable, result.accepted, result.timed_out) == (1, 0, False)


async def test_a_rate_is_kept_over_all_binds() -> None:
    async with listening(Server()) as plan:
        result = await run(replace(plan, binds=2, rate=1000.0, messages=20))

    assert result.accepted == 20
    assert result.seconds > 18 / 1000  # 20 at 1000/s, the first at once; a slow machine only takes longer


async def test_it_unbinds_at_the_end() -> None:
    server = Server()

    async with listening(server) as plan:
        await run(replace(plan, binds=2, messages=2))

    assert len(server.all_of(Unbind)) == 2


async def test_a_server_that_is_not_there_is_an_os_error() -> None:
    async with listening(Server()) as plan:
        pass

    with pytest.raises(OSError):
        await run(plan)
