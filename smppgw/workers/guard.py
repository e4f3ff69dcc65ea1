"""Refusals of binds: counted, answered late, and in the end given without a look.

A refusal leaves a while after its bind came, whatever was wrong, and ever later as failures add up (`core.lockout`).
It waits as a timer, not as a task, and goes with its connection, so that a thousand guesses hold nothing but their
sockets. A right password waits for nobody.
"""

from collections.abc import Callable
from typing import Protocol, TypeAlias

import structlog

from smppgw.core.lockout import Lockout, Scope
from smppgw.ops.clock import Clock
from smppgw.smpp.aio import Connection

_log = structlog.get_logger()


class Timer(Protocol):
    """What a loop's `call_later` returns."""

    def cancel(self) -> None:
        """Forget the call."""


CallLater: TypeAlias = Callable[[float, Callable[[], None]], Timer]
Answer: TypeAlias = Callable[[], None]


class Guard:
    """Slows down and locks out who fails to bind."""

    def __init__(self, lockout: Lockout, clock: Clock, call_later: CallLater) -> None:
        """Nobody has failed yet.

        Args:
            lockout: Counts.
            clock: Time.
            call_later: The event loop's.
        """
        self._lockout = lockout
        self._clock = clock
        self._call_later = call_later
        self._stopped = False
        self._waiting: dict[Connection, tuple[Timer, Answer]] = {}

    def now(self) -> float:
        """Return monotonic seconds, for `refuse`."""
        return self._clock.monotonic()

    def is_locked(self, system_id: str, host: str) -> bool:
        """Tell whether a bind is refused whatever its password."""
        return self._lockout.is_locked(system_id, host, self.now())

    def succeed(self, system_id: str, host: str) -> None:
        """The password was right, and came from where it may."""
        self._lockout.succeed(system_id, host)

    def fail(self, system_id: str, host: str, *, known: str) -> None:
        """Count a bind with something wrong that a guesser would have wrong.

        Args:
            system_id: As the peer gave it.
            host: The peer's address.
            known: The account's name, or what logs say for one that does not exist.
        """
        for scope in self._lockout.fail(system_id, host, self.now()):
            if scope is Scope.ACCOUNT:
                _log.error("many failed binds from many addresses", account=known)
            else:
                _log.error("locked out after failed binds", account=known, peer=host, scope=scope.value)

    def refuse(self, connection: Connection, system_id: str, came_at: float, answer: Answer) -> None:
        """Answer when the refusal is due.

        Args:
            connection: The peer's; it has one bind at a time.
            system_id: As the peer gave it.
            came_at: When the bind came, as `now` said.
            answer: Sends the refusal.
        """
        now = self.now()
        wait_s = came_at + self._lockout.delay_s(system_id, connection.peername[0], now) - now
        if self._stopped or wait_s <= 0:
            answer()
            return
        self._waiting[connection] = (self._call_later(wait_s, lambda: self._answer(connection)), answer)

    def forget(self, connection: Connection) -> None:
        """Nobody waits there any more."""
        if waiting := self._waiting.pop(connection, None):
            waiting[0].cancel()

    def forgive(self) -> None:
        """Lift all lock-outs."""
        self._lockout.forgive()

    def stop(self) -> None:
        """Answer at once, those that wait and those that come: a drain waits for every answer."""
        self._stopped = True
        for connection in list(self._waiting):
            self._waiting[connection][0].cancel()
            self._answer(connection)

    def _answer(self, connection: Connection) -> None:
        _, answer = self._waiting.pop(connection)
        answer()
