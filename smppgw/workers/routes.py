"""Route one message: the rule that matches, its candidates in order, and why others are not among them."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from smppgw.core.model import Decision, Dropped, Message
from smppgw.core.routing.engine import Undecided, decide
from smppgw.core.routing.market import Market
from smppgw.core.routing.rules import Rule
from smppgw.core.routing.table import Router


class RouteResult(StrEnum):
    """What routing made of a message."""

    ROUTED = "routed"
    HELD = "held"
    """It has its candidates, and waits until the rule lets it go."""
    REFUSED = "refused"
    """The rule takes nothing."""
    NO_CANDIDATE = "no_candidate"
    NO_ROUTE = "no_route"


_ROUTED: Final = RouteResult.ROUTED
_HELD: Final = RouteResult.HELD
"""For every message: to look a member up in its enumeration takes as long as to count it."""


class RouteTally:
    """How many messages each rule has had, by result, and whom it has dropped; the numbers only grow.

    Counting in a dict costs a decision less than a metric does.
    """

    __slots__ = ("decisions", "drops")

    def __init__(self) -> None:
        self.decisions: defaultdict[tuple[str, str], int] = defaultdict(int)
        """By rule, "" where none matches, and `RouteResult`."""
        self.drops: defaultdict[tuple[str, str, str], int] = defaultdict(int)
        """By rule, carrier and `DropKind`."""

    def dropped(self, rule: str, dropped: tuple[Dropped, ...]) -> None:
        """A rule has dropped these."""
        for carrier, _, kind in dropped:
            self.drops[rule, carrier, kind] += 1


@dataclass(frozen=True, slots=True)
class Unroutable:
    """Why a message has no way: no rule for it, a rule that refuses it, or no candidate that can take it."""

    has_rule: bool
    reason: str
    status: int | None = None
    """The command_status that the rule itself names."""

    @property
    def result(self) -> RouteResult:
        """Which of these it is."""
        if not self.has_rule:
            return RouteResult.NO_ROUTE
        return RouteResult.NO_CANDIDATE if self.status is None else RouteResult.REFUSED


class Routes:
    """The routing table with what is known of the carriers behind it."""

    __slots__ = ("_chance", "_market", "_router", "tally")

    def __init__(
        self, router: Router, market: Market, chance: Callable[[], float], tally: RouteTally | None = None
    ) -> None:
        """Route by a table.

        Args:
            router: The table.
            market: What is known of the carriers.
            chance: Draws a number from 0 up to 1 for each decision.
            tally: Goes on to count here; None: from nothing.
        """
        self._router = router
        self._market = market
        self._chance = chance
        self.tally = RouteTally() if tally is None else tally

    def expect(self, part: Message, at: float) -> Unroutable | None:
        """Say why the text of a part can never have a way, as far as a part tells; ``at`` in Unix seconds."""
        rule = self._router.rule_for(part, at)
        if rule is None:
            return self._without_route()
        return self._refused(rule) if rule.refuse is not None and rule.match.parts is None else None

    def route(self, message: Message, at: float) -> Decision | Unroutable:
        """Decide on one whole message; ``at`` in Unix seconds."""
        rule = self._router.rule_for(message, at)
        if rule is None:
            return self._without_route()
        if rule.refuse is not None:
            return self._refused(rule)
        if rule.sender is not None:
            message = replace(message, sender=rule.sender, sender_is_number=rule.sender.isdecimal())
        decision = decide(rule, message, self._market, at=at, chance=self._chance())
        tally = self.tally
        if decision.dropped:
            tally.dropped(rule.name, decision.dropped)
        if isinstance(decision, Undecided):
            tally.decisions[rule.name, RouteResult.NO_CANDIDATE] += 1
            return Unroutable(True, decision.reason)
        tally.decisions[rule.name, _ROUTED if decision.hold_until is None else _HELD] += 1
        return decision

    def _without_route(self) -> Unroutable:
        self.tally.decisions["", RouteResult.NO_ROUTE] += 1
        return Unroutable(False, "no route")

    def _refused(self, rule: Rule) -> Unroutable:
        self.tally.decisions[rule.name, RouteResult.REFUSED] += 1
        return Unroutable(True, f"route {rule.name} refuses it", rule.refuse)
