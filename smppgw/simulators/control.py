"""`/_sim/*`: how a test reads and steers a simulator, outside the carrier's own paths.

The paths and keys are fixed by the contract; nothing here needs a password, as a simulator never listens to strangers.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from smppgw.simulators.calls import Calls
from smppgw.simulators.faults import Fault, Operation

JSON = "application/json"


class Simulation(Protocol):
    """What the control paths need to know about a simulated carrier."""

    calls: Calls
    places: frozenset[str]
    """The values that a fault's `datacenter` may have."""
    operations: frozenset[Operation]
    """The operations that this carrier has."""

    def rows(self) -> Iterator[bytes]:
        """Everything accepted, as pieces of JSON: rows joined by commas, each piece at least one row."""

    def totals(self) -> tuple[int, int]:
        """Messages and recipients accepted."""

    def forget(self) -> None:
        """Forget everything that was accepted."""


class _Stats(msgspec.Struct):
    calls: dict[Operation, int]
    messages: int
    recipients: int


class Control:
    """The handlers of one simulation's control paths."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def routes(self) -> list[Route]:
        """The control paths, to be put before the carrier's own."""
        return [
            Route("/_sim/messages", self._messages, methods=["GET"]),
            Route("/_sim/stats", self._stats, methods=["GET"]),
            Route("/_sim/faults", self._faults, methods=["POST"]),
            Route("/_sim/reset", self._reset, methods=["POST"]),
        ]

    async def _messages(self, _request: Request) -> Response:
        return StreamingResponse(_array(self._simulation.rows()), media_type=JSON)

    async def _stats(self, _request: Request) -> Response:
        messages, recipients = self._simulation.totals()
        stats = _Stats(calls=self._simulation.calls.counts, messages=messages, recipients=recipients)
        return Response(msgspec.json.encode(stats), media_type=JSON)

    async def _faults(self, request: Request) -> Response:
        try:
            fault = msgspec.json.decode(await request.body(), type=Fault)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return Response(f"{error}\n", 400, media_type="text/plain")
        if problem := self._misfit(fault):
            return Response(f"{problem}\n", 400, media_type="text/plain")
        answer = Response(msgspec.json.encode(fault), media_type=JSON)
        self._simulation.calls.faults.add(fault)
        return answer

    def _misfit(self, fault: Fault) -> str | None:
        if fault.operation not in self._simulation.operations:
            return f"this carrier has no operation {fault.operation}"
        if fault.datacenter is not None and fault.datacenter not in self._simulation.places:
            return f"datacenter is one of {', '.join(sorted(self._simulation.places))}"
        return None

    async def _reset(self, _request: Request) -> Response:
        self._simulation.forget()
        self._simulation.calls.forget()
        return Response(b"{}", media_type=JSON)


async def _array(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    separator = b"["
    for piece in pieces:
        yield separator + piece
        separator = b","
    yield b"[]" if separator == b"[" else b"]"
