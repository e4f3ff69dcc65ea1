"""`/_sim/*`: how a test reads and steers a simulator, outside the carrier's own paths.

The paths and keys are fixed by the contract; nothing here needs a password, as a simulator never listens to strangers.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Protocol, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from smppgw.simulators.calls import Calls
from smppgw.simulators.faults import PUSH_FAULTS, Fault, FaultKind, Operation
from smppgw.simulators.pushing import Delivery

JSON = "application/json"

_Shape = TypeVar("_Shape")


class Pushing(Protocol):
    """What the control paths need to know about the pushes of a simulated carrier."""

    def aim(self, url: str | None, intl_url: str | None) -> None:
        """Push to other addresses from now on."""

    def deliveries(self) -> list[Delivery]:
        """Every try of every push so far."""

    def inbound(self, sender: str, destination: str, text: str) -> None:
        """Push a text that somebody has sent."""

    def forget(self) -> None:
        """Back to the start, but for the addresses."""


class Simulation(Protocol):
    """What the control paths need to know about a simulated carrier."""

    calls: Calls
    places: frozenset[str]
    """The values that a fault's `datacenter` may have."""
    operations: frozenset[Operation]
    """The operations that this carrier has."""

    @property
    def pushes(self) -> Pushing:
        """Its pushes."""

    def rows(self) -> Iterator[bytes]:
        """Everything accepted, as pieces of JSON: rows joined by commas, each piece at least one row."""

    def totals(self) -> tuple[int, int]:
        """Messages and recipients accepted."""

    def forget(self) -> None:
        """Forget everything that was accepted."""


class _Aim(msgspec.Struct, forbid_unknown_fields=True):
    url: str | None = None
    intl_url: str | None = None


class _Inbound(msgspec.Struct, forbid_unknown_fields=True):
    sender: str = msgspec.field(name="from")
    to: str
    text: str


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
            Route("/_sim/pushes", self._deliveries, methods=["GET"]),
            Route("/_sim/pushes", self._aim, methods=["POST"]),
            Route("/_sim/inbound", self._inbound, methods=["POST"]),
            Route("/_sim/reset", self._reset, methods=["POST"]),
        ]

    async def _messages(self, _request: Request) -> Response:
        return StreamingResponse(_array(self._simulation.rows()), media_type=JSON)

    async def _stats(self, _request: Request) -> Response:
        messages, recipients = self._simulation.totals()
        stats = _Stats(calls=self._simulation.calls.counts, messages=messages, recipients=recipients)
        return Response(msgspec.json.encode(stats), media_type=JSON)

    async def _faults(self, request: Request) -> Response:
        fault = await _read(request, Fault)
        if isinstance(fault, Response):
            return fault
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
        is_push = fault.operation is Operation.PUSH
        if fault.fault not in PUSH_FAULTS if is_push else fault.fault is FaultKind.DUPLICATE:
            return f"{fault.fault} is no fault of {fault.operation}"
        return None

    async def _deliveries(self, _request: Request) -> Response:
        return Response(msgspec.json.encode(self._simulation.pushes.deliveries()), media_type=JSON)

    async def _aim(self, request: Request) -> Response:
        aim = await _read(request, _Aim)
        if isinstance(aim, Response):
            return aim
        self._simulation.pushes.aim(aim.url, aim.intl_url)
        return Response(b"{}", media_type=JSON)

    async def _inbound(self, request: Request) -> Response:
        inbound = await _read(request, _Inbound)
        if isinstance(inbound, Response):
            return inbound
        self._simulation.pushes.inbound(inbound.sender, inbound.to, inbound.text)
        return Response(b"{}", media_type=JSON)

    async def _reset(self, _request: Request) -> Response:
        self._simulation.forget()
        self._simulation.pushes.forget()
        self._simulation.calls.forget()
        return Response(b"{}", media_type=JSON)


async def _read(request: Request, shape: type[_Shape]) -> _Shape | Response:
    """Read an order, or say what is wrong with it."""
    try:
        return msgspec.json.decode(await request.body(), type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Response(f"{error}\n", 400, media_type="text/plain")


async def _array(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    separator = b"["
    for piece in pieces:
        yield separator + piece
        separator = b","
    yield b"[]" if separator == b"[" else b"]"
