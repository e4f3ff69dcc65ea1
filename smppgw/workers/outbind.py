"""Outbind: an ESME that asked for it is called when something waits for it and nobody of it is bound to take it.

Rules:

* Called is the address that the configuration names; no peer has a say in it.
* An account has one call at a time, from the dial to the end of the session that came of it.
* Such a session is like any other: the ESME has its time for a bind, which is checked like any bind, and then gets what
  waits (`workers.binds`, `workers.receipts`).
* After a call that led to no bind the next one waits, longer each time; after one that did, for the shortest time.
* During a drain nobody is called.
* The log tells how calls of an account end when that changes, not each time.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from ssl import SSLContext
from typing import Final

import structlog

from smppgw.core.retry import Backoff
from smppgw.core.values import Secret
from smppgw.ops.clock import Clock
from smppgw.ops.metrics import Metrics
from smppgw.smpp.aio import Connection
from smppgw.smpp.dial import Dialler, HandshakeError
from smppgw.smpp.pdu import Outbind
from smppgw.store.base import Store, StoreError
from smppgw.workers.bell import Bell
from smppgw.workers.binds import LiveAccount

_log = structlog.get_logger()

AGAIN: Final = Backoff(first_s=5.0, factor=2.0, longest_s=300.0)
"""Waits after calls: five seconds is what ESMEs are advised for reconnecting."""
LOOK_S: Final = 1.0
"""Pause between two looks at what is owed."""


class CallResult(Enum):
    """How a call ended; the value is the word of logs and metrics."""

    BOUND = "bound"
    NO_BIND = "no_bind"  # the ESME took the call and did not bind
    UNREACHABLE = "unreachable"
    TLS = "tls"  # it is somebody else, or speaks no TLS


@dataclass(frozen=True, slots=True, kw_only=True)
class Callee:
    """Where an ESME wants to be called, and who we say we are."""

    host: str
    port: int
    system_id: str = ""
    """Empty: as we call ourselves in a bind_resp."""
    password: Secret
    tls: SSLContext | None = field(default=None, compare=False)
    """None: in clear."""


@dataclass(slots=True)
class _Line:
    """The calls of one account."""

    name: str
    callee: Callee | None
    """None: a reload took it away."""
    call: asyncio.Task[None] | None = None
    """The one that goes on, by the task that dialled it."""
    failures: int = 0
    """Calls in a row that led to no bind."""
    next_at: float = 0.0
    """No call before, in monotonic seconds."""
    told: tuple[CallResult, str] | None = None
    """How the last one ended, as the log has it."""


class Outbinds:
    """Calls who is owed something and is not there."""

    def __init__(
        self,
        callees: Mapping[str, Callee],
        *,
        dialler: Dialler,
        accounts: Mapping[str, LiveAccount],
        store: Store,
        clock: Clock,
        metrics: Metrics,
        jitter: Callable[[], float],
    ) -> None:
        """Nobody is called yet.

        Args:
            callees: Per system_id; accounts that are missing are never called.
            dialler: Makes the connections.
            accounts: The live ones; a reload may add some.
            store: Knows who is owed something.
            clock: Time.
            metrics: Counts.
            jitter: A number in 0..1, new each time.
        """
        self._dialler = dialler
        self._accounts = accounts
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._jitter = jitter
        self._lines: dict[str, _Line] = {}
        self._bell = Bell()
        self._stopping = False
        self.reload(callees)

    def reload(self, callees: Mapping[str, Callee]) -> None:
        """Go by other callees. Who is called elsewhere now, or no more, is hung up on before his bind; binds stay.

        Everybody may be called at once: whoever reloads may have put right what was wrong.
        """
        for name in callees.keys() - self._lines.keys():
            self._lines[name] = _Line(name, None)
            self._metrics.may_outbind(name)
        for name, line in self._lines.items():
            before, line.callee = line.callee, callees.get(name)
            line.failures, line.next_at = 0, 0.0
            if before != line.callee and line.call is not None:
                self._hang_up(line, line.call)

    def stop(self) -> None:
        """Call nobody any more."""
        self._stopping = True
        for line in self._lines.values():
            if line.call is not None:
                line.call.cancel()
        self._bell.ring()

    async def run(self) -> None:
        """Look who must be called, until stopped."""
        async with asyncio.TaskGroup() as calls:
            while not self._stopping:
                try:
                    await self._look(calls)
                except StoreError as fault:
                    _log.error("nobody called", reason=str(fault))
                await self._bell.wait(LOOK_S)

    async def _look(self, calls: asyncio.TaskGroup) -> None:
        free = [name for name, line in self._lines.items() if self._may_be_called(line)]
        if not free:
            return
        for name in await self._store.owed_accounts(free, self._clock.wall()):
            line = self._lines[name]
            if line.callee is not None and self._may_be_called(line):  # both may have changed meanwhile
                line.call = calls.create_task(self._dial(line, line.callee), name=f"outbind {name}")

    def _may_be_called(self, line: _Line) -> bool:
        early = self._clock.monotonic() < line.next_at
        if self._stopping or early or line.call is not None or line.callee is None:
            return False
        account = self._accounts.get(line.name)
        return account is not None and not account.has_receiver

    async def _dial(self, line: _Line, callee: Callee) -> None:
        call = asyncio.current_task()
        try:
            await self._dialler.dial(
                callee.host,
                callee.port,
                Outbind(system_id=callee.system_id, password=callee.password.reveal()),
                called=line.name,
                ssl=callee.tls,
                on_bound=lambda _: self._answered(line),
                on_closed=lambda connection: self._ended(line, call, connection),
            )
        except HandshakeError as fault:
            self._failed(line, CallResult.TLS, str(fault))
        except OSError as fault:
            self._failed(line, CallResult.UNREACHABLE, fault.strerror or str(fault) or "timed out")

    def _answered(self, line: _Line) -> None:
        line.failures = 0
        self._tell(line, CallResult.BOUND)

    def _ended(self, line: _Line, call: asyncio.Task[None] | None, connection: Connection) -> None:
        if line.call is not call or self._stopping:
            return  # we hung up ourselves, which says nothing about the ESME
        if connection.session.bind_type is None:
            self._failed(line, CallResult.NO_BIND, "neither a receiver nor a transceiver bound")
        else:
            self._rest(line)

    def _failed(self, line: _Line, result: CallResult, reason: str) -> None:
        line.failures += 1
        self._tell(line, result, reason)
        self._rest(line)

    def _rest(self, line: _Line) -> None:
        line.call = None
        line.next_at = self._clock.monotonic() + AGAIN.delay_s(max(line.failures, 1), self._jitter())

    def _tell(self, line: _Line, result: CallResult, reason: str = "") -> None:
        self._metrics.outbind(line.name, result.value)
        if line.told == (result, reason):
            return
        line.told = (result, reason)
        if result is CallResult.BOUND:
            _log.info("outbind answered", account=line.name)
        else:
            _log.warning("outbind failed", account=line.name, result=result.value, reason=reason)

    def _hang_up(self, line: _Line, call: asyncio.Task[None]) -> None:
        made = [connection for connection in self._dialler.connections if connection.called == line.name]
        if any(connection.session.bind_type is not None for connection in made):
            return
        line.call = None
        call.cancel()
        for connection in made:
            connection.close()
