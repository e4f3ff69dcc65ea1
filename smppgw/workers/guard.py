"""Bind requests and their refusals: counted, answered late, and given without a look where there are too many.

A refusal leaves a while after its bind came, whatever was wrong, and ever later as failures add up (`core.lockout`).
It waits as a timer, not as a task, and goes with its connection, so that a thousand guesses hold nothing but their
sockets. A right password waits for nobody. Too many binds in a short time (`core.bind_rates`) are refused in the same
way, and count as no failure: a system that lost its link is no guesser.
"""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

import structlog

from smppgw.core.bind_rates import Asked, BindRate, BindRates
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

    def __init__(self, lockout: Lockout, rates: BindRates, clock: Clock, call_later: CallLater) -> None:
        """Nobody has failed yet.

        Args:
            lockout: Counts failures.
            rates: Counts requests.
            clock: Time.
            call_later: The event loop's.
        """
        self._lockout = lockout
        self._rates = rates
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

    def looks_at(self, system_id: str, host: str, *, known: str) -> bool:
        """Count a bind request; False: there were too many, and this one is refused whatever its password.

        Args:
            system_id: As the peer gave it.
            host: The peer's address.
            known: The account's name, or what logs say for one that does not exist.
        """
        at_home = self._lockout.has_bound(system_id, host)
        asked = self._rates.ask(system_id, host, self.now(), at_home=at_home)
        if asked is Asked.REFUSED_ANEW:
            _log.warning("binds over the rate", account=known, peer=host)
        return asked is Asked.LOOKED_AT

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

    def reload(self, rates: Mapping[str, BindRate]) -> None:
        """Go by other rates of the accounts, and lift all lock-outs."""
        self._rates.reload(rates)
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
