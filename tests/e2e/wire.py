"""A session octet by octet: what a test writes is what leaves, and every frame that comes is kept as it came."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from smppgw.smpp.framer import Framer
from smppgw.smpp.pdu import BindTransceiver, Header, Pdu, decode, encode, header
from tests.e2e.configuration import PASSWORD, SYSTEM_ID
from tests.e2e.waiting import LIMIT_S


class Wire:
    """One connection of an ESME that answers nothing by itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.flow: list[tuple[bool, bytes]] = []
        """Frames of both directions, in order; True: written here."""
        self._reader = reader
        self._writer = writer
        self._framer = Framer()
        self._ready: list[bytes] = []
        self._sequence_number = 0

    def give(self, *octets: bytes) -> None:
        """Write, all at once."""
        self.flow += [(True, one) for one in octets]
        self._writer.write(b"".join(octets))

    async def take(self) -> bytes | None:
        """Return the next frame; None at the end of the stream."""
        async with asyncio.timeout(LIMIT_S):
            while not self._ready:
                data = await self._reader.read(1 << 16)
                if not data:
                    return None
                self._ready += self._framer.feed(data)
        frame = self._ready.pop(0)
        self.flow.append((False, frame))
        return frame

    def numbered(self, pdu: Pdu) -> Pdu:
        """Return the PDU with the next sequence_number."""
        self._sequence_number += 1
        return replace(pdu, sequence_number=self._sequence_number)

    async def answer_to(self, octets: bytes) -> Header:
        """Write a request; return the header of the frame that comes next."""
        self.give(octets)
        frame = await self.take()
        assert frame is not None, "closed without an answer"
        return header(frame)

    async def ask(self, pdu: Pdu) -> Pdu:
        """Send a PDU with a new sequence_number; return the PDU that comes next."""
        self.give(encode(self.numbered(pdu)))
        frame = await self.take()
        assert frame is not None, "closed without an answer"
        return decode(frame)


@asynccontextmanager
async def called() -> AsyncIterator[tuple[int, "asyncio.Queue[Wire]"]]:
    """Wait to be called; yield the port, and the connections that were made to it."""
    calls: asyncio.Queue[Wire] = asyncio.Queue()
    writers: list[asyncio.StreamWriter] = []

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        calls.put_nowait(Wire(reader, writer))

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], calls
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()


@asynccontextmanager
async def wired(port: int) -> AsyncIterator[Wire]:
    """Open a connection, and close it at the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()
        try:
            await writer.wait_closed()
        except ConnectionError:
            pass  # the other side was faster


def bind_pdu(system_id: str = SYSTEM_ID, password: str = PASSWORD, version: int = 0x34) -> BindTransceiver:
    """Make a bind_transceiver."""
    return BindTransceiver(system_id=system_id, password=password, interface_version=version)
