"""Faults that a test orders in advance, and the queue they wait in.

A fault is a value; it is consumed by the next calls it fits, in the order the faults were posted. What a fault does to
a call is said in `calls`; this module does no I/O.
"""

from enum import StrEnum
from typing import Annotated

import msgspec


class Operation(StrEnum):
    """What a carrier call is for: keys of `/_sim/stats`, all but `push`, and of the metric label `operation`."""

    SEND = "send"
    STATUS = "status"
    LOOKUP = "lookup"
    TEMPLATES = "templates"
    STATISTICS = "statistics"
    VERSION = "version"
    PUSH = "push"
    """The carrier calls its customer."""


class FaultKind(StrEnum):
    """What goes wrong with one call."""

    LATENCY = "latency"
    """The call is served `seconds` later."""
    STATUS = "status"
    """HTTP status `code` instead of an answer; nothing is taken unless `after` is true."""
    RESET_BEFORE = "reset_before"
    """The connection is dropped before anything is taken."""
    RESET_AFTER = "reset_after"
    """The call is taken, then the connection is dropped without an answer."""
    SLOW_AFTER = "slow_after"
    """The call is taken at once and answered `seconds` later."""
    GARBAGE = "garbage"
    """The call is taken; the body of the answer is `body`, by default no JSON."""
    TRUNCATED = "truncated"
    """The call is taken; only the first half of the answer's body comes."""
    EMPTY = "empty"
    """The call is taken; the answer has no body."""
    DUPLICATE = "duplicate"
    """A push is delivered twice."""


PUSH_FAULTS = frozenset({FaultKind.LATENCY, FaultKind.DUPLICATE})
"""What may go wrong with a push; the second with nothing else."""


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One order of `POST /_sim/faults`; unknown keys are refused, so that a typing error cannot pass for a fault."""

    operation: Operation
    fault: FaultKind
    count: Annotated[int, msgspec.Meta(ge=1)] = 1
    """Calls that will still meet it."""
    datacenter: str | None = None
    """Retarus: `de1`, `de2` or `eu`. Alibaba: `mainland` or `international`. None: any."""
    seconds: Annotated[float, msgspec.Meta(ge=0)] = 1.0
    code: Annotated[int, msgspec.Meta(ge=200, le=599)] = 503
    error: str | None = None
    """The carrier's own error code in the body of a `status` fault (Alibaba: `Code`)."""
    retry_after: Annotated[float, msgspec.Meta(ge=0)] | None = None
    """Seconds; becomes the carrier's header of a `status` fault (`Retry-After`, `x-acs-retry-after`)."""
    after: bool = False
    """A `status` fault answers after the call was taken."""
    arrives: bool = False
    """Alibaba: a `status` fault answers after the gateway took note of the request: its nonce is used up, although
    nothing is taken."""
    body: str = "<html><body>Bad gateway</body></html>"


class Faults:
    """The faults still to come, first posted first met."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Queue a fault."""
        self._waiting.append(fault)

    def take(self, operation: Operation, places: frozenset[str]) -> Fault | None:
        """The fault that this call meets, if any; one of its `count` is used up."""
        for fault in self._waiting:
            if fault.operation is operation and (fault.datacenter is None or fault.datacenter in places):
                self._use_up(fault)
                return fault
        return None

    def clear(self) -> None:
        """Forget every fault."""
        self._waiting.clear()

    def _use_up(self, fault: Fault) -> None:
        fault.count -= 1
        if not fault.count:
            self._waiting.remove(fault)
