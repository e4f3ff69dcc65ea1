"""One carrier call on its way through the simulator: counted, delayed, spoiled, answered.

Both simulators hand every call to `Calls.answer`. What the call does is in `work`, which takes it and returns the
honest answer; whether and when `work` runs is what a fault decides.
"""

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from smppgw.simulators.dropping import Dropped
from smppgw.simulators.faults import Fault, FaultKind, Faults, Operation

Sleep = Callable[[float], Awaitable[None]]
Work = Callable[[], Response]
Refuse = Callable[[Fault], Response]


_COUNTED: list[Operation] = [operation for operation in Operation if operation is not Operation.PUSH]


class Calls:
    """Counts calls by operation and lets them meet their faults."""

    def __init__(self, *, accept_delay: float, sleep: Sleep) -> None:
        self.faults = Faults()
        self.counts: dict[Operation, int] = dict.fromkeys(_COUNTED, 0)
        self._accept_delay = accept_delay
        self._sleep = sleep

    async def answer(self, operation: Operation, places: frozenset[str], work: Work, refuse: Refuse) -> Response:
        """Serve one call.

        Args:
            operation: what it is for.
            places: the data centres it touches, as a fault's `datacenter` names them.
            work: takes the call, returns the honest answer.
            refuse: the carrier's own form of a `status` fault.
        """
        self.counts[operation] += 1
        fault = self.faults.take(operation, places)
        if operation is Operation.SEND and self._accept_delay:
            await self._sleep(self._accept_delay)
        return work() if fault is None else await self._spoiled(fault, work, refuse)

    def forget(self) -> None:
        """Back to the start: no calls, no faults."""
        self.faults.clear()
        self.counts = dict.fromkeys(_COUNTED, 0)

    async def _spoiled(self, fault: Fault, work: Work, refuse: Refuse) -> Response:
        match fault.fault:
            case FaultKind.RESET_BEFORE:
                return Dropped()
            case FaultKind.STATUS if not fault.after:
                return refuse(fault)
            case FaultKind.LATENCY:
                await self._sleep(fault.seconds)
                return work()
        answer = work()
        if fault.fault is FaultKind.SLOW_AFTER:
            await self._sleep(fault.seconds)
        return _after(fault, answer, refuse)


def _after(fault: Fault, answer: Response, refuse: Refuse) -> Response:
    match fault.fault:
        case FaultKind.RESET_AFTER:
            return Dropped()
        case FaultKind.STATUS:
            return refuse(fault)
        case FaultKind.GARBAGE:
            return _with_body(answer, fault.body.encode())
        case FaultKind.TRUNCATED:
            return _with_body(answer, bytes(answer.body)[: len(answer.body) // 2])
        case FaultKind.EMPTY:
            return _with_body(answer, b"")
        case _:
            return answer


def _with_body(answer: Response, body: bytes) -> Response:
    return Response(body, answer.status_code, media_type=answer.headers.get("content-type"))
