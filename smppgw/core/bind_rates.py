"""How often somebody may ask to bind (reliability.md 1.3, fault 13). Arithmetic only: no clock, no network.

Who has bound as an account from an address before is counted there, under account and address, by the account's own
rate. Everybody else is counted under the address alone. So nobody can use up what an account has where it is at home:
strangers elsewhere never count there, and one at the very same address is locked out (`core.lockout`) long before.

A count is a token bucket that holds a minute's worth: whoever was quiet may come back with all binds at once. Counts
are bounded in number: the one that was not used for longest is forgotten first.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, TypeAlias

from smppgw.core.lockout import site_of
from smppgw.core.pacing import TokenBucket

REMEMBERED: Final = 16_384
"""Counts kept."""
_QUIET_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class BindRate:
    """Binds a second, and how many at once."""

    per_s: float
    burst: float

    @classmethod
    def of(cls, per_s: float, at_least: float = 1.0) -> "BindRate":
        """Allow a minute's worth at once, and never less than ``at_least``."""
        return cls(per_s, max(60.0 * per_s, at_least))


class Asked(Enum):
    """What becomes of a bind request."""

    LOOKED_AT = auto()
    REFUSED = auto()
    REFUSED_ANEW = auto()
    """The first of its count within a minute: the one that is worth a line in the log."""


_Key: TypeAlias = tuple[str | None, str]
"""Account, None for all of them, and site."""


@dataclass(slots=True)
class _Count:
    bucket: TokenBucket
    quiet_until: float = 0.0


class BindRates:
    """Bind requests of one process."""

    __slots__ = ("_accounts", "_address", "_counts", "_remembered")

    def __init__(self, address: BindRate, remembered: int = REMEMBERED) -> None:
        """Start with nobody counted.

        Args:
            address: What one address may ask for accounts that are not at home there.
            remembered: Counts kept.
        """
        self._address = address
        self._accounts: Mapping[str, BindRate] = {}
        self._counts: OrderedDict[_Key, _Count] = OrderedDict()
        self._remembered = remembered

    def reload(self, accounts: Mapping[str, BindRate]) -> None:
        """Go by other rates of the accounts, and forget all counts: an operator has changed something."""
        self._accounts = accounts
        self._counts.clear()

    def ask(self, account: str, address: str, now: float, *, at_home: bool) -> Asked:
        """Count one bind request.

        Args:
            account: As the peer gave it.
            address: The peer's.
            now: Monotonic seconds.
            at_home: Whether this account has bound from there before.
        """
        rate = self._accounts.get(account) if at_home else None
        count = self._count((None if rate is None else account, site_of(address)), rate or self._address, now)
        if count.bucket.take(now):
            return Asked.LOOKED_AT
        if now < count.quiet_until:
            return Asked.REFUSED
        count.quiet_until = now + _QUIET_S
        return Asked.REFUSED_ANEW

    def _count(self, key: _Key, rate: BindRate, now: float) -> _Count:
        count = self._counts.get(key)
        if count is None:
            count = self._counts[key] = _Count(TokenBucket(rate.per_s, rate.burst, now))
            if len(self._counts) > self._remembered:
                self._counts.popitem(last=False)
        else:
            self._counts.move_to_end(key)
        return count
