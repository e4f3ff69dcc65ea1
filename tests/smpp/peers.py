"""Both ends of a connection, for tests of the asyncio shell: a handler that writes down, a listener, a client."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from smppgw.smpp.admission import Admission
from smppgw.smpp.aio import Connection, Listener, listen
from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.events import Event, Received
from smppgw.smpp.framer import Framer
from smppgw.smpp.networks import Network
from smppgw.smpp.pdu import BindReceiver, BindTransceiver, Pdu, SubmitSm, decode, encode, respond
from smppgw.smpp.settings import SessionSettings

ROK = CommandStatus.ESME_ROK
BOUND_S = 5.0
"""The longest wait of a test that is about to fail."""


@dataclass
class Recorder:
    """A handler that accepts every bind, and leaves the rest to the test."""

    seen: list[Event] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)
    on_event: Callable[[Connection, Event], None] = lambda connection, event: None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def connected(self, connection: Connection) -> None:
        self.connections.append(connection)
        self._note("connected")

    def events(self, connection: Connection, events: Sequence[Event]) -> None:
        self.seen += events
        for event in events:
            if isinstance(event, Received) and isinstance(event.pdu, BindTransceiver | BindReceiver):
                connection.answer(respond(event.pdu, ROK))
            self.on_event(connection, event)
        self._note("events")

    def writable(self, connection: Connection) -> None:
        self._note("writable")

    def closed(self, connection: Connection) -> None:
        self._note("closed")

    def failed(self, connection: Connection, error: Exception) -> None:
        self.errors.append(error)
        self._note("failed")

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(BOUND_S):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    def received(self, kind: type[Pdu]) -> list[Pdu]:
        return [event.pdu for event in self.seen if isinstance(event, Received) and isinstance(event.pdu, kind)]

    def _note(self, call: str) -> None:
        self.calls.append(call)
        self.changed.set()


def answer_submits(connection: Connection, event: Event) -> None:
    """An application that answers at once."""
    if isinstance(event, Received) and isinstance(event.pdu, SubmitSm):
        connection.answer(respond(event.pdu, ROK))


def submit(sequence_number: int) -> SubmitSm:
    return SubmitSm(sequence_number=sequence_number, destination_addr="491701234567", short_message=b"hi")


class Peer:
    """A client over a real socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._framer = Framer()
        self._frames: list[bytes] = []

    def give(self, *pdus: Pdu) -> None:
        self.writer.write(b"".join(map(encode, pdus)))

    async def take(self) -> Pdu | None:
        """The next PDU; None at the end of the stream."""
        async with asyncio.timeout(BOUND_S):
            while not self._frames:
                data = await self.reader.read(65536)
                if not data:
                    return None
                self._frames += self._framer.feed(data)
        return decode(self._frames.pop(0))

    async def bind(self, kind: type[BindTransceiver] | type[BindReceiver] = BindTransceiver) -> None:
        self.give(kind(sequence_number=1, interface_version=0x34))
        response = await self.take()
        assert response is not None
        assert response.command_status == ROK

    def reset(self) -> None:
        """Close with RST, as a machine that reboots does."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@asynccontextmanager
async def door(
    handler: Recorder,
    options: SessionSettings | None = None,
    *,
    max_unbound: int = 100,
    max_unbound_per_ip: int = 100,
    proxies: Sequence[Network] | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Listener]:
    """A listener on a free port, and the end of everything that came through it."""
    listener = await listen(
        handler,
        "127.0.0.1",
        0,
        options or SessionSettings(),
        clock=asyncio.get_running_loop().time,
        admission=Admission(max_total=max_unbound, max_per_host=max_unbound_per_ip),
        proxies=proxies,
        ssl=tls,
    )
    try:
        yield listener
    finally:
        listener.close()
        for connection in list(listener.connections):
            connection.abort()
        async with asyncio.timeout(BOUND_S):
            await listener.wait_empty()


@asynccontextmanager
async def client(listener: Listener) -> AsyncIterator[Peer]:
    """A peer that goes away at the end."""
    reader, writer = await asyncio.open_connection(*listener.addresses[0])
    try:
        yield Peer(reader, writer)
    finally:
        writer.close()
        try:
            await writer.wait_closed()
        except ConnectionError:
            pass  # the other side was faster


def noise(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the event loop has to say that is worth a line."""
    return [record.getMessage() for record in caplog.records if record.levelname != "DEBUG"]
