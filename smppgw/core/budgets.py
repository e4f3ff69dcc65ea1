"""Budgets: what an account may spend, or a carrier may cost, in an hour, a day or a month. Pure arithmetic.

A budget is a hard stop, so a message is paid for before it is accepted: what the dearest of its candidates would cost
is reserved, and a candidate that could break a budget is not among them any more. Whoever then takes the message,
nothing has to be asked again on the way: failover moves inside what is reserved. The booking puts the true cost in its
place.

A message counts in the period in which it may leave: that of its acceptance, or of the time it is scheduled or held
for. Amounts are millionths of the reporting currency, times Unix seconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

_HOUR_S: Final = 3600
_GRAIN_S: Final = 900
"""No zone is off UTC by less than quarters of an hour, so the messages of a quarter share their period."""
_PERIODS_AHEAD: Final = 64
"""How far a message may be held: two days of hours, two months of days; the validity ends it before, as a rule."""


class Scope(IntEnum):
    """Whose money a budget watches."""

    ACCOUNT = 0
    CARRIER = 1


class Period(IntEnum):
    """How long a budget lasts: from the full hour, midnight, or the first of the month, in its zone."""

    HOUR = 0
    DAY = 1
    MONTH = 2


class AtLimit(StrEnum):
    """What becomes of a message that a budget has no room for."""

    REFUSE = "refuse"
    HOLD = "hold"
    """It waits for the period in which there is room, as far as its validity allows; else it is refused."""
    CHEAPER = "cheaper"
    """It may take those candidates of its route that there is room for; it is refused where there is none."""


class Unpriced(StrEnum):
    """What becomes of a candidate whose price nobody knows."""

    REFUSE = "refuse"
    """It is passed over: a hard stop does not guess."""
    ALLOW = "allow"
    """It costs nothing until it is booked."""


class Pot(NamedTuple):
    """What one budget may spend in one of its periods."""

    scope: Scope
    name: str
    """Of the account or carrier."""
    period: Period
    start_ms: int
    """Beginning of the period, in milliseconds of Unix time."""


class Charge(NamedTuple):
    """What a message takes out of a pot."""

    pot: Pot
    micros: int
    limit: int
    """Of the pot."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Budget:
    """One budget of an account or a carrier; each is itself, so that asking for its pot costs no comparison."""

    scope: Scope
    name: str
    """Of the account or carrier."""
    period: Period
    limit: int
    """In one period."""
    warn_pct: int = 80
    """Somebody is told when so much of it is used."""
    at_limit: AtLimit = AtLimit.REFUSE
    status: int
    """The command_status of what is refused."""
    unpriced: Unpriced = Unpriced.REFUSE
    zone: tzinfo = UTC

    def pot(self, at: float) -> Pot:
        """Return the pot of a time."""
        return _span(self, int(at // _GRAIN_S))[0]

    def ends_at(self, at: float) -> float:
        """Return the end of the period that ``at`` lies in, Unix seconds."""
        return _span(self, int(at // _GRAIN_S))[1]

    def __str__(self) -> str:
        return f"{self.period.name.lower()} budget of {self.scope.name.lower()} {self.name}"


@lru_cache(maxsize=4096)
def _span(budget: Budget, quarter: int) -> tuple[Pot, float]:
    start, end = span(budget.period, quarter * _GRAIN_S, budget.zone)
    return Pot(budget.scope, budget.name, budget.period, round(start * 1000)), end


def span(period: Period, at: float, zone: tzinfo) -> tuple[float, float]:
    """Return beginning and end of the calendar hour, day or month that ``at`` lies in, Unix seconds."""
    local = datetime.fromtimestamp(at, zone)
    if period is Period.HOUR:
        offset = local.utcoffset() or timedelta()
        start = at - (at + offset.total_seconds()) % _HOUR_S
        return start, start + _HOUR_S
    first = datetime(local.year, local.month, local.day if period is Period.DAY else 1, tzinfo=zone)
    day_of_next = first + timedelta(days=1 if period is Period.DAY else 32)
    following = datetime(
        day_of_next.year, day_of_next.month, day_of_next.day if period is Period.DAY else 1, tzinfo=zone
    )
    return first.timestamp(), following.timestamp()


class Spending:
    """What is used of each pot, as far as this process knows: never less than the store has."""

    __slots__ = ("_reserved", "_stored")

    def __init__(self) -> None:
        self._stored: Mapping[Pot, int] = {}
        self._reserved: dict[Pot, int] = {}

    def used(self, pot: Pot) -> int:
        """Return what is booked, and reserved by what is open."""
        return self._stored.get(pot, 0) + self._reserved.get(pot, 0)

    def fits(self, pot: Pot, micros: int, limit: int) -> bool:
        """Whether a pot has room; what costs nothing always fits."""
        return not micros or self._stored.get(pot, 0) + self._reserved.get(pot, 0) + micros <= limit

    def reserve(self, charges: Iterable[Charge]) -> None:
        """Take what a message may cost out of its pots."""
        for charge in charges:
            self._reserved[charge.pot] = self._reserved.get(charge.pot, 0) + charge.micros

    def learn(self, stored: Mapping[Pot, int], contained: Iterable[Charge]) -> None:
        """Go by what the store has now, in which these charges, reserved here, are contained or came to nothing."""
        self._stored = stored
        for charge in contained:
            left = self._reserved.pop(charge.pot, 0) - charge.micros
            if left:
                self._reserved[charge.pot] = left


class Afforded(NamedTuple):
    """A way that no budget forbids."""

    carriers: tuple[str, ...]
    """The candidates that are left, in their order; at least one."""
    dropped: tuple[tuple[str, str], ...]
    """Those that are not, with the reason; one without a carrier says why the message waits."""
    charges: tuple[Charge, ...]
    """What the dearest of them would cost."""
    at: float
    """When it may leave: later than asked for where a budget holds it."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """The budget that a candidate does not fit into."""

    budget: Budget
    reason: str
    holds: bool
    """Whether the message is to wait for the next period."""
    decides: bool
    """Whether it decides on the message, not only on the candidate."""


def afford(
    candidates: Sequence[tuple[str, int | None]],
    of_account: Sequence[Budget],
    of_carriers: Mapping[str, Sequence[Budget]],
    spending: Spending,
    *,
    at: float,
    expires_at: float,
) -> Afforded | Obstacle:
    """Say which candidates a message may take, and when.

    The first candidate that fits decides what the rules say; later ones that do not fit are only left out. A budget of
    a carrier passes over that carrier; its rule counts where no candidate is left.

    Args:
        candidates: Carriers in their order, each with the cost of the whole message; None where it is not known.
        of_account: Its budgets.
        of_carriers: Those of the carriers, by name.
        spending: What is used.
        at: When the message could leave.
        expires_at: End of its validity.
    """
    first: Obstacle | None = None
    for _ in range(_PERIODS_AHEAD):
        found = _all_fit(candidates, of_account, of_carriers, spending, at) or _afford_at(
            candidates, of_account, of_carriers, spending, at
        )
        if isinstance(found, Afforded):
            return found if first is None else found._replace(dropped=(("", f"waits: {first.reason}"), *found.dropped))
        first = first or found
        at = found.budget.ends_at(at)
        if not found.holds or at >= expires_at:
            break
    assert first is not None  # noqa: S101 - the loop has run
    return first


def _all_fit(
    candidates: Sequence[tuple[str, int | None]],
    of_account: Sequence[Budget],
    of_carriers: Mapping[str, Sequence[Budget]],
    spending: Spending,
    at: float,
) -> Afforded | None:
    """Return the way of nearly every message: each candidate has a price, and room for it. None: look closer."""
    charges: list[Charge] = []
    dearest = 0
    for carrier, micros in candidates:
        if micros is None:
            return None
        dearest = max(dearest, micros)
        for budget in of_carriers.get(carrier, ()):
            pot = budget.pot(at)
            if not spending.fits(pot, micros, budget.limit):
                return None
            charges.append(Charge(pot, micros, budget.limit))
    for budget in of_account:
        pot = budget.pot(at)
        if not spending.fits(pot, dearest, budget.limit):
            return None
        charges.append(Charge(pot, dearest, budget.limit))
    return Afforded(tuple([carrier for carrier, _ in candidates]), (), tuple(charges), at)


def _afford_at(
    candidates: Sequence[tuple[str, int | None]],
    of_account: Sequence[Budget],
    of_carriers: Mapping[str, Sequence[Budget]],
    spending: Spending,
    at: float,
) -> Afforded | Obstacle:
    kept: list[str] = []
    dropped: list[tuple[str, str]] = []
    obstacles: list[Obstacle] = []
    charges: list[Charge] = []
    dearest = 0
    for carrier, micros in candidates:
        own = of_carriers.get(carrier, ())
        obstacle = _obstacle(of_account, micros, spending, at) or _obstacle(own, micros, spending, at)
        if obstacle is None:
            kept.append(carrier)
            dearest = max(dearest, micros or 0)
            charges += [Charge(budget.pot(at), micros or 0, budget.limit) for budget in own]
        elif obstacle.decides and not kept:
            return obstacle
        else:
            dropped.append((carrier, obstacle.reason))
            obstacles.append(obstacle)
    if not kept:
        waiting = [obstacle for obstacle in obstacles if obstacle.holds]
        return min(waiting, key=lambda obstacle: obstacle.budget.ends_at(at)) if waiting else obstacles[0]
    charges += [Charge(budget.pot(at), dearest, budget.limit) for budget in of_account]
    return Afforded(tuple(kept), tuple(dropped), tuple(charges), at)


def _obstacle(budgets: Sequence[Budget], micros: int | None, spending: Spending, at: float) -> Obstacle | None:
    """Return the first budget that has no room."""
    for budget in budgets:
        if micros is None:
            if budget.unpriced is Unpriced.REFUSE:
                return Obstacle(budget, f"its price is not known, and the {budget} asks for one", False, False)
        elif not spending.fits(budget.pot(at), micros, budget.limit):
            return Obstacle(
                budget,
                f"the {budget} is used up",
                holds=budget.at_limit is AtLimit.HOLD and micros <= budget.limit,
                decides=budget.scope is Scope.ACCOUNT and budget.at_limit is not AtLimit.CHEAPER,
            )
    return None
