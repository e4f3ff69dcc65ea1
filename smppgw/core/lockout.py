"""Who guesses passwords waits longer each time, and is locked out in the end. Arithmetic only: no clock, no network.

Failed binds are counted in three places: for an account at one address, for an address over all accounts, and for an
account over all addresses. The first two lock out; the third only delays refusals, because nobody may keep an account's
owner out by failing in its name from elsewhere. Names are counted as they were given, known or not, so that the delays
do not tell which ones exist.

What is counted is bounded: the oldest is forgotten first, and everything is forgotten `lock_s` after its last failure.
"""

from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final, TypeAlias

SITE_PREFIX: Final = 48
"""Bits of an IPv6 address that one site is given at most (RFC 6177): whoever has one address there has them all."""


class Scope(StrEnum):
    """What failures are counted for; the value is the word of logs."""

    PAIR = "account at address"
    ADDRESS = "address"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True, kw_only=True)
class LockoutRules:
    """When refusals become slow and when they become final; times in seconds."""

    lock_after: int = 10
    """Failures of one account from one address that lock this pair out."""
    lock_s: float = 900.0
    """How long, from the last failure."""
    longest_delay_s: float = 8.0
    """Also the delay of every refusal during the lock-out."""
    patience: int = 3
    """Failures that are refused without further delay; the next one waits `first_delay_s`, then twice as long, ..."""
    first_delay_s: float = 1.0
    shortest_delay_s: float = 0.25
    """Of every refusal, so that its time does not tell its cause."""
    wide: int = 10
    """How many times as many failures an address over all accounts may have, and an account over all addresses."""
    remembered: int = 16_384
    """Counts kept, and as many pairs that have bound."""


_Key: TypeAlias = tuple[str | None, str | None]
"""Account and site; None: all of them."""


@dataclass(slots=True)
class _Count:
    failures: int = 0
    last_at: float = 0.0


class Lockout:
    """Failed binds of one process."""

    __slots__ = ("_counts", "_good", "_rules")

    def __init__(self, rules: LockoutRules) -> None:
        """Start with a clean slate."""
        self._rules = rules
        self._counts: OrderedDict[_Key, _Count] = OrderedDict()
        self._good: OrderedDict[_Key, None] = OrderedDict()

    def is_locked(self, account: str, address: str, now: float) -> bool:
        """Tell whether a bind must be refused whatever its password.

        The lock of an address spares the accounts that have bound from there before: others behind the same proxy must
        not pay for one that guesses.
        """
        pair = (account, site_of(address))
        if self._is_full(pair, now):
            return True
        return pair not in self._good and self._is_full((None, pair[1]), now)

    def fail(self, account: str, address: str, now: float) -> tuple[Scope, ...]:
        """Count a failed bind; return the scopes that have just reached their limit. During a lock nothing counts."""
        if self.is_locked(account, address, now):
            return ()
        return tuple(scope for scope, key in _keys(account, address).items() if self._add(key, now))

    def has_bound(self, account: str, address: str) -> bool:
        """Tell whether this account has had the right password there, as far back as is remembered."""
        return (account, site_of(address)) in self._good

    def succeed(self, account: str, address: str) -> None:
        """Forget the failures of this account at this address: it was a person who mistyped, or a retry."""
        pair = (account, site_of(address))
        self._counts.pop(pair, None)
        self._good[pair] = None
        self._good.move_to_end(pair)
        if len(self._good) > self._rules.remembered:
            self._good.popitem(last=False)

    def delay_s(self, account: str, address: str, now: float) -> float:
        """Return the seconds between a bind and its refusal."""
        if self.is_locked(account, address, now):
            return self._rules.longest_delay_s
        return max(self._delay_s(key, now) for key in _keys(account, address).values())

    def forgive(self) -> None:
        """Forget all failures: an operator has changed something."""
        self._counts.clear()

    def _limit(self, key: _Key) -> int:
        return self._rules.lock_after if None not in key else self._rules.lock_after * self._rules.wide

    def _failures(self, key: _Key, now: float) -> int:
        count = self._counts.get(key)
        return 0 if count is None or now - count.last_at >= self._rules.lock_s else count.failures

    def _is_full(self, key: _Key, now: float) -> bool:
        return self._failures(key, now) >= self._limit(key)

    def _add(self, key: _Key, now: float) -> bool:
        """Count one more; True: this one reached the limit."""
        failures = self._failures(key, now) + 1
        self._counts[key] = _Count(failures, now)
        self._counts.move_to_end(key)
        if len(self._counts) > self._rules.remembered:
            self._counts.popitem(last=False)
        return failures == self._limit(key)

    def _delay_s(self, key: _Key, now: float) -> float:
        rules = self._rules
        free = rules.patience if None not in key else rules.patience * rules.wide
        beyond = self._failures(key, now) - free
        if beyond <= 0:
            return rules.shortest_delay_s
        doublings = min(beyond - 1, 62)  # a float that grows for ever would overflow
        return max(rules.shortest_delay_s, min(rules.longest_delay_s, rules.first_delay_s * 2.0**doublings))


def site_of(address: str) -> str:
    """Return what is counted together: an IPv4 address, or the /48 of an IPv6 address."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ip_network((int(found), SITE_PREFIX), strict=False))


def _keys(account: str, address: str) -> dict[Scope, _Key]:
    site = site_of(address)
    return {Scope.PAIR: (account, site), Scope.ADDRESS: (None, site), Scope.ACCOUNT: (account, None)}
