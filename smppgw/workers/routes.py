"""Route one message: the rule that matches, the candidates that can take it, and why the others cannot."""

from collections.abc import Mapping
from dataclasses import dataclass

from smppgw.carriers.base import Carrier
from smppgw.core.model import Decision, Message
from smppgw.core.routing import Query, Router, decide


@dataclass(frozen=True, slots=True)
class Unroutable:
    """Why a message has no way: no rule for it, or no candidate that can take it."""

    has_rule: bool
    reason: str


class Routes:
    """The routing table with the carriers behind it."""

    __slots__ = ("_carriers", "_router")

    def __init__(self, router: Router, carriers: Mapping[str, Carrier]) -> None:
        self._router = router
        self._carriers = carriers

    def has_rule(self, account: str, country: str, recipient: str, sender: str) -> bool:
        """Whether any rule matches; for a part, whose text is not known yet."""
        return self._router.candidates(Query(account, country, recipient, sender)) is not None

    def route(self, message: Message) -> Decision | Unroutable:
        """Decide on one whole message."""
        rule = self._router.candidates(Query(message.account, message.country, message.recipient, message.sender))
        if rule is None:
            return Unroutable(False, "no route")
        checks = [(name, self._check(name, message)) for name in rule.carriers]
        decision = decide(rule, checks)
        if decision is None:
            return Unroutable(True, "; ".join(f"{name}: {reason}" for name, reason in checks))
        return decision

    def _check(self, name: str, message: Message) -> str | None:
        refused = self._carriers[name].check(message)
        return None if refused is None else refused.reason
