"""Route one message: the rule that matches, its candidates in order, and why others are not among them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from smppgw.core.model import Decision, Message
from smppgw.core.routing.engine import Undecided, decide
from smppgw.core.routing.market import Market
from smppgw.core.routing.rules import Rule
from smppgw.core.routing.table import Router


@dataclass(frozen=True, slots=True)
class Unroutable:
    """Why a message has no way: no rule for it, a rule that refuses it, or no candidate that can take it."""

    has_rule: bool
    reason: str
    status: int | None = None
    """The command_status that the rule itself names."""


class Routes:
    """The routing table with what is known of the carriers behind it."""

    __slots__ = ("_chance", "_market", "_router")

    def __init__(self, router: Router, market: Market, chance: Callable[[], float]) -> None:
        self._router = router
        self._market = market
        self._chance = chance

    def expect(self, part: Message, at: float) -> Unroutable | None:
        """Say why the text of a part can never have a way, as far as a part tells; ``at`` in Unix seconds."""
        rule = self._router.rule_for(part, at)
        if rule is None:
            return Unroutable(False, "no route")
        return _refused(rule) if rule.refuse is not None and rule.match.parts is None else None

    def route(self, message: Message, at: float) -> Decision | Unroutable:
        """Decide on one whole message; ``at`` in Unix seconds."""
        rule = self._router.rule_for(message, at)
        if rule is None:
            return Unroutable(False, "no route")
        if rule.refuse is not None:
            return _refused(rule)
        if rule.sender is not None:
            message = replace(message, sender=rule.sender, sender_is_number=rule.sender.isdecimal())
        decision = decide(rule, message, self._market, at=at, chance=self._chance())
        return Unroutable(True, decision.reason) if isinstance(decision, Undecided) else decision


def _refused(rule: Rule) -> Unroutable:
    return Unroutable(True, f"route {rule.name} refuses it", rule.refuse)
