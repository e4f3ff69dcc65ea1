"""A proxy between a carrier's client and its server that breaks what it is told, after any octet of a call.

It speaks TCP and knows of HTTP/1.1 only what it needs to count calls: a call begins with the first octets from the
client after an answer, and its head ends with an empty line. Octets are counted from the head's first one.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

_LINGER_0: Final = struct.pack("ii", 1, 0)
_END_OF_HEAD: Final = b"\r\n\r\n"
_AT_ONCE: Final = 65536


class Way(Enum):
    """Which way octets go."""

    REQUEST = "request"
    ANSWER = "answer"


class Break(Enum):
    """What happens to the connection."""

    FIN = "fin"
    """Both sides are closed in order."""
    RST = "rst"
    """Both sides are reset."""
    HALF = "half"
    """Whom the octets went to is told that no more come; the other way stays open."""
    STALL = "stall"
    """No more octets go this way, and nothing is closed."""
    SPLIT = "split"
    """The rest goes on octet by octet: no harm to a client and a server that read until the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One broken call."""

    how: Break
    way: Way
    after: int
    """Octets that still arrive; where there are fewer, nothing breaks."""


Choose = Callable[[bytes], Fault | None]
"""Given the head of a request: how its call breaks; None: not at all."""


class FaultProxy:
    """Listens on a port of its own and passes on to another one, both on loopback."""

    def __init__(self, target: int, choose: Choose = lambda head: None) -> None:
        self.choose = choose
        """May be replaced between calls."""
        self.broken: list[Fault] = []
        """The faults that came about, in order."""
        self.longest = dict.fromkeys(Way, 0)
        """Octets of the longest call so far that a fault was chosen for, each way, up to the fault."""
        self._target = target

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        """Listen; the value is the port."""
        lines: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            line = asyncio.create_task(self._line(reader, writer))
            lines.add(line)
            line.add_done_callback(lines.discard)

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for line in lines:
                line.cancel()
            await asyncio.gather(*lines, return_exceptions=True)

    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            await _Line(self, (reader, writer), there).run()
        finally:
            for end in (writer, there[1]):
                end.close()


End = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Line:
    """One connection of a client, and the one behind it."""

    def __init__(self, proxy: FaultProxy, client: End, server: End) -> None:
        self._proxy = proxy
        self._readers = {Way.REQUEST: client[0], Way.ANSWER: server[0]}
        self._writers = {Way.REQUEST: server[1], Way.ANSWER: client[1]}
        self._passed = dict.fromkeys(Way, 0)
        self._is_answering = True
        self._fault: Fault | None = None
        self._over = asyncio.Event()

    async def run(self) -> None:
        """Pass on until both ways have ended, or a fault ends them."""
        pumps = [asyncio.create_task(self._pump(way)) for way in Way]
        both: asyncio.Future[Any] = asyncio.gather(*pumps)
        over: asyncio.Future[Any] = asyncio.create_task(self._over.wait())
        try:
            await asyncio.wait({both, over}, return_when="FIRST_COMPLETED")
        finally:
            both.cancel()
            over.cancel()
            await asyncio.gather(both, over, return_exceptions=True)

    async def _pump(self, way: Way) -> None:
        try:
            while octets := await self._readers[way].read(_AT_ONCE):
                if way is Way.REQUEST and self._is_answering:
                    octets = await self._begin(octets)
                self._is_answering = way is Way.ANSWER
                if not await self._pass(way, octets):
                    return
            self._writers[way].write_eof()
        except OSError:
            self._over.set()  # one side is gone: so is the other

    async def _begin(self, octets: bytes) -> bytes:
        """Read the rest of a head, and learn what becomes of the call."""
        while _END_OF_HEAD not in octets and (more := await self._readers[Way.REQUEST].read(_AT_ONCE)):
            octets += more
        self._passed = dict.fromkeys(Way, 0)
        self._fault = self._proxy.choose(octets.partition(_END_OF_HEAD)[0])
        return octets

    async def _pass(self, way: Way, octets: bytes) -> bool:
        """Pass octets on as far as they may go; False when nothing more goes this way."""
        fault, before = self._fault, self._passed[way]
        self._passed[way] += len(octets)
        if fault is not None:
            self._proxy.longest[way] = max(self._proxy.longest[way], self._passed[way])
        if fault is None or fault.way is not way or self._passed[way] < fault.after:
            await self._write(way, octets)
            return True
        left = fault.after - before
        await self._write(way, octets[:left])
        self._fault = None
        self._proxy.broken.append(fault)
        return await self._break(fault.how, way, octets[left:])

    async def _write(self, way: Way, octets: bytes) -> None:
        self._writers[way].write(octets)
        await self._writers[way].drain()

    async def _break(self, how: Break, way: Way, rest: bytes) -> bool:
        match how:
            case Break.SPLIT:
                for octet in rest:
                    await self._write(way, bytes((octet,)))
                    await asyncio.sleep(0)
                return True
            case Break.STALL:
                await self._readers[way].read()  # until the other side gives up
                self._over.set()
            case Break.HALF:
                self._writers[way].write_eof()
            case Break.FIN:
                self._over.set()
            case Break.RST:
                for writer in self._writers.values():
                    end: socket.socket = writer.get_extra_info("socket")
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
                    writer.transport.abort()
                self._over.set()
        return False
