"""An ESME of a few lines that tests steer PDU by PDU, and that answers what comes as it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from ssl import SSLContext

from smppgw.smpp import receipt
from smppgw.smpp.consts import ESM_CLASS_TYPE_MASK, CommandStatus, Npi, Ton
from smppgw.smpp.framer import Framer
from smppgw.smpp.pdu import (
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    DeliverSm,
    EnquireLink,
    Outbind,
    Pdu,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    decode,
    encode,
    respond,
)
from tests.e2e.configuration import PASSWORD, SYSTEM_ID
from tests.e2e.waiting import LIMIT_S

_OPENED: "set[Esme]" = set()
"""Sessions of the present test, so that none outlives it."""

BindPdu = type[BindTransceiver] | type[BindTransmitter] | type[BindReceiver]
OnDeliver = Callable[[DeliverSm], CommandStatus | None]
"""Returns the status to answer with; None: no answer."""


def acknowledge(_pdu: DeliverSm) -> CommandStatus:
    """Take a receipt."""
    return CommandStatus.ESME_ROK


def submit(destination: str, text: str = "Hello", **fields: object) -> SubmitSm:
    """Make a submit_sm that asks for a receipt."""
    plain = SubmitSm(
        source_addr_ton=Ton.ALPHANUMERIC,
        source_addr="Shop",
        dest_addr_ton=Ton.INTERNATIONAL,
        dest_addr_npi=Npi.ISDN,
        destination_addr=destination,
        registered_delivery=1,
        short_message=text.encode("ascii"),
    )
    return replace(plain, **fields)  # type: ignore[arg-type] # the names are checked when the test runs


class Esme(asyncio.Protocol):
    """One session, seen from the legacy system."""

    def __init__(self, on_deliver: OnDeliver = acknowledge) -> None:
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.receipts: dict[str, str] = {}
        """The `stat` per message_id."""
        self.inbound: list[DeliverSm] = []
        """What came and was no receipt."""
        self.unbind_came = False
        self.outbind: asyncio.Future[Outbind] = asyncio.get_running_loop().create_future()
        """What the gateway said when it made the connection."""
        self._on_deliver = on_deliver
        self._framer = Framer()
        self._waiting: dict[int, asyncio.Future[Pdu]] = {}
        self._sequence_number = 0
        self._transport: asyncio.Transport | None = None
        self._news = asyncio.Event()

    @property
    def transport(self) -> asyncio.Transport:
        """The connection."""
        assert self._transport is not None
        return self._transport

    # What a test does

    def request(self, pdu: Pdu) -> asyncio.Future[Pdu]:
        """Send a request; the future has its response, or ConnectionResetError."""
        self._sequence_number += 1
        answer: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
        if self.closed.done():
            answer.set_exception(ConnectionResetError())
            return answer
        self._waiting[self._sequence_number] = answer
        self.transport.write(encode(replace(pdu, sequence_number=self._sequence_number)))
        return answer

    async def submit(self, pdu: SubmitSm) -> str:
        """Send a submit_sm; return the message_id of its ESME_ROK."""
        async with asyncio.timeout(LIMIT_S):
            answer = await self.request(pdu)
        assert isinstance(answer, SubmitSmResp)
        assert answer.command_status == CommandStatus.ESME_ROK, hex(answer.command_status)
        return answer.message_id

    async def receipt_of(self, message_id: str, limit_s: float = LIMIT_S) -> str:
        """Wait for the receipt of a message; return its `stat`."""
        async with asyncio.timeout(limit_s):
            while message_id not in self.receipts:
                self._news.clear()
                await self._news.wait()
        return self.receipts[message_id]

    async def texts(self, count: int) -> list[DeliverSm]:
        """Wait for so many inbound deliver_sm; return all there are."""
        async with asyncio.timeout(LIMIT_S):
            while len(self.inbound) < count:
                self._news.clear()
                await self._news.wait()
        return self.inbound

    async def say_goodbye(self) -> None:
        """Unbind, and keep the socket."""
        async with asyncio.timeout(LIMIT_S):
            await self.request(Unbind())

    async def unbind(self) -> None:
        """Take leave."""
        await self.say_goodbye()
        async with asyncio.timeout(LIMIT_S):
            self.transport.close()
            await self.closed

    def send_octets(self, octets: bytes) -> None:
        """Send what no PDU class would."""
        self.transport.write(octets)

    # For asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for frame in self._framer.feed(data):
            self._take(decode(frame))

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set_result(None)
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ConnectionResetError())
                answer.exception()  # seen: whoever waits gets it all the same
        self._waiting.clear()

    def _take(self, pdu: Pdu) -> None:
        match pdu:
            case DeliverSm():
                self._take_receipt(pdu)
            case Outbind():
                self.outbind.set_result(pdu)
            case EnquireLink():
                self.transport.write(encode(respond(pdu, CommandStatus.ESME_ROK)))
            case Unbind():
                self.unbind_came = True
                self.transport.write(encode(respond(pdu, CommandStatus.ESME_ROK)))
            case _:
                answer = self._waiting.pop(pdu.sequence_number, None)
                if answer is not None and not answer.done():
                    answer.set_result(pdu)

    def _take_receipt(self, pdu: DeliverSm) -> None:
        status = self._on_deliver(pdu)
        if status is None:
            return
        if pdu.esm_class & ESM_CLASS_TYPE_MASK:
            said = read_receipt(pdu)
            self.receipts[said.message_id] = receipt.STATS[said.state].value
        else:
            self.inbound.append(pdu)
        self._news.set()
        self.transport.write(encode(respond(pdu, status)))


def read_receipt(pdu: DeliverSm) -> receipt.Receipt:
    """Return what a receipt says."""
    said = receipt.parse(pdu.short_message)
    assert said is not None, pdu.short_message
    return said


async def connect(port: int, on_deliver: OnDeliver = acknowledge) -> Esme:
    """Open a connection, without a bind."""
    _, esme = await asyncio.get_running_loop().create_connection(lambda: Esme(on_deliver), "127.0.0.1", port)
    _OPENED.add(esme)
    return esme


class Station:
    """Where an ESME waits to be called."""

    def __init__(self) -> None:
        self.port = 0
        self.answered: list[Esme] = []
        """All calls so far."""
        self._waiting: asyncio.Queue[Esme] = asyncio.Queue()

    async def call(self) -> Esme:
        """Wait for the next call, and for the outbind that it begins with."""
        async with asyncio.timeout(LIMIT_S):
            esme = await self._waiting.get()
            await esme.outbind
        return esme

    def take(self, esme: Esme) -> None:
        """Take a call."""
        _OPENED.add(esme)
        self.answered.append(esme)
        self._waiting.put_nowait(esme)


class _Called(Esme):
    """One that did not connect by itself."""

    def __init__(self, station: Station, on_deliver: OnDeliver) -> None:
        super().__init__(on_deliver)
        self._station = station

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._station.take(self)


@asynccontextmanager
async def listening(
    on_deliver: OnDeliver = acknowledge, *, port: int = 0, ssl: SSLContext | None = None
) -> AsyncIterator[Station]:
    """Wait to be called, on a free port where none is given."""
    station = Station()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Called(station, on_deliver), "127.0.0.1", port, ssl=ssl)
    station.port = server.sockets[0].getsockname()[1]
    try:
        yield station
    finally:
        server.close()


async def close_all() -> None:
    """Cut what is still open, at the end of a test."""
    for esme in _OPENED:
        esme.transport.abort()
    await asyncio.gather(*(esme.closed for esme in _OPENED))
    _OPENED.clear()


async def bind(
    port: int,
    kind: BindPdu = BindTransceiver,
    on_deliver: OnDeliver = acknowledge,
    *,
    password: str = PASSWORD,
    system_id: str = SYSTEM_ID,
) -> Esme:
    """Open a connection and bind.

    Raises:
        ConnectionError: The gateway is not there, or went away.
        PermissionError: It refused the bind.
    """
    esme = await connect(port, on_deliver)
    async with asyncio.timeout(LIMIT_S):
        answer = await esme.request(kind(system_id=system_id, password=password, interface_version=0x34))
    if answer.command_status != CommandStatus.ESME_ROK:
        esme.transport.abort()
        raise PermissionError(CommandStatus(answer.command_status).name)
    return esme
