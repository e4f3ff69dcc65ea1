"""A proxy that cuts a call after any octet of its request or its answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum


class Way(Enum):
    """What is cut."""

    REQUEST = "request"
    ANSWER = "answer"


class Cutter:
    """Passes octets on until it has passed enough, and counts them; one call at a time."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._left: dict[Way, int] = {}
        self.passed = dict.fromkeys(Way, 0)
        """Octets of all calls since ``cut`` or ``heal``."""

    def cut(self, way: Way, octets: int) -> None:
        """Let the next call break after so many octets went one way."""
        self.heal()
        self._left[way] = octets

    def heal(self) -> None:
        """Let all calls through."""
        self._left.clear()
        self.passed = dict.fromkeys(Way, 0)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        """Listen; the value is the port."""
        lines: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            lines.add(asyncio.create_task(self._line(reader, writer)))

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]
            for line in lines:
                line.cancel()
            await asyncio.gather(*lines, return_exceptions=True)

    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target)
        pumps = [
            asyncio.create_task(self._pump(Way.REQUEST, reader, there_writer)),
            asyncio.create_task(self._pump(Way.ANSWER, there_reader, writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            there_writer.close()
            writer.close()

    async def _pump(self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while octets := await reader.read(65536):
            left = self._left.get(way, len(octets) + 1)
            writer.write(octets[:left])
            await writer.drain()
            self.passed[way] += len(octets)
            if left <= len(octets):
                return
            if way in self._left:
                self._left[way] = left - len(octets)
