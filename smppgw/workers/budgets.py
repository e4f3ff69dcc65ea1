"""Budgets at work: what a message may cost is reserved before anything is awaited, so that no two binds share a rest.

What is used is known from two sides. The store has the sums, exact and across restarts, and is asked once a second.
What was reserved here since then, and may not be in its answer, is added: so this process may think that more is used
than is, for about a second, and never less. Where somebody else was faster all the same (another node, a failover after
acceptance), the store itself reserves nothing over a limit and says so with ``BudgetSpentError``.

A budget that a reload adds counts what is accepted from then on; what was accepted under one that is gone is settled as
before. A message keeps what it reserved, also where prices change before it leaves.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from smppgw.core.budgets import Afforded, Budget, Charge, Obstacle, Pot, Scope, Spending, afford
from smppgw.core.model import Decision, DropKind, Dropped, Message
from smppgw.ops.clock import Clock
from smppgw.ops.metrics import Metrics
from smppgw.store.base import Store, StoreError
from smppgw.workers.bell import Bell
from smppgw.workers.pricing import Prices
from smppgw.workers.routes import RouteTally

_log = structlog.get_logger()

LOOK_S: Final = 1.0
"""Between two questions to the store."""
_NONE: Final[tuple[Charge, ...]] = ()


@dataclass(frozen=True, slots=True)
class Unaffordable:
    """Why a message is refused."""

    status: int
    """The command_status that the budget names."""
    reason: str


class Budgets:
    """What accounts and carriers may still spend."""

    def __init__(
        self,
        budgets: Sequence[Budget],
        *,
        prices: Prices,
        parts_this_month: Callable[[str], int],
        tally: RouteTally,
        store: Store,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        """Know nothing of what is used until ``look``.

        Args:
            budgets: All of them.
            prices: The rate cards.
            parts_this_month: Says how many parts a carrier has taken; decides on the tier of a price.
            tally: Counts the candidates that are left out.
            store: Has the sums.
            clock: Time.
            metrics: Shows how much is used.
        """
        self._parts_this_month = parts_this_month
        self._tally = tally
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._spending = Spending()
        self._fresh: list[Charge] = []
        self._through: list[Charge] = []
        self._told: dict[Budget, Pot] = {}
        self._stopping = False
        self.bell = Bell()
        self.reload(budgets, prices)

    def reload(self, budgets: Sequence[Budget], prices: Prices) -> None:
        """Go by other budgets and prices."""
        self._budgets = tuple(budgets)
        self._of_accounts = _by_name(budgets, Scope.ACCOUNT)
        self._of_carriers = _by_name(budgets, Scope.CARRIER)
        self._prices = prices
        self._told.clear()
        self._metrics.know_budgets([_labels(budget) for budget in budgets])
        self.bell.ring()

    # --- on the way of a message --------------------------------------------------------------------------------------

    def reserve(
        self, message: Message, decision: Decision, now: float
    ) -> tuple[Decision, tuple[Charge, ...]] | Unaffordable:
        """Reserve what a message may cost, and leave out the candidates that there is no money for.

        Args:
            message: A whole text.
            decision: Its way.
            now: Unix seconds.

        Returns:
            The decision, changed where budgets changed it, with what is reserved; or why it has to be refused.
        """
        of_account = self._of_accounts.get(message.account)
        if of_account is None and self._of_carriers.keys().isdisjoint(decision.carriers):
            return decision, _NONE
        due_at = max(now, message.schedule_at or now, decision.hold_until or now)
        found = afford(
            [(carrier, self._cost(carrier, message, due_at)) for carrier in decision.carriers],
            of_account or (),
            self._of_carriers,
            self._spending,
            at=due_at,
            expires_at=message.expires_at,
        )
        if isinstance(found, Obstacle):
            self._metrics.budget_refused(*_labels(found.budget))
            return Unaffordable(found.budget.status, found.reason)
        self._spending.reserve(found.charges)
        self._fresh += found.charges
        return self._changed(decision, found, due_at) if found.dropped else decision, found.charges

    def _changed(self, decision: Decision, found: Afforded, due_at: float) -> Decision:
        """Return what budgets have left of a decision, and count whom they have dropped."""
        dropped = tuple([Dropped(carrier, reason, DropKind.OVER_BUDGET) for carrier, reason in found.dropped])
        self._tally.dropped(decision.rule, tuple([one for one in dropped if one.carrier]))
        return decision._replace(
            carriers=found.carriers,
            dropped=decision.dropped + dropped,
            hold_until=found.at if found.at > due_at else decision.hold_until,
        )

    def _cost(self, carrier: str, message: Message, at: float) -> int | None:
        taken = self._parts_this_month(carrier)
        cost = self._prices.of(
            carrier, message.recipient, message.country, message.traffic_class, message.parts, at, taken
        )
        return None if cost is None else cost.reporting_micros

    def claim(self) -> list[Charge]:
        """Return what was reserved since the last claim: asked before the first ``await``, it is all the caller's."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def hand_over(self, reserved: Sequence[Charge]) -> None:
        """Leave to the store what was claimed: it was asked to write it, and has done so or has not."""
        self._through += reserved

    # --- what is used -------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Ask no more."""
        self._stopping = True
        self.bell.ring()

    async def run(self) -> None:
        """Look once a second until stopped."""
        while not self._stopping:
            try:
                await self.look()
            except StoreError as fault:
                _log.error("budgets not read, the last figures hold", reason=str(fault))
            await self.bell.wait(LOOK_S)

    async def look(self) -> None:
        """Learn what the store has, show it, and tell of budgets that run out."""
        if not self._budgets and not self._through:
            return
        now = self._clock.wall()
        contained, self._through = self._through, []
        try:
            stored = await self._store.spent([budget.pot(now) for budget in self._budgets])
        except BaseException:
            self._through += contained
            raise
        self._spending.learn(stored, contained)
        for budget in self._budgets:
            self._show(budget, budget.pot(now))

    def _show(self, budget: Budget, pot: Pot) -> None:
        used = self._spending.used(pot)
        self._metrics.budget_used(*_labels(budget), used / budget.limit)
        if used * 100 >= budget.warn_pct * budget.limit and self._told.get(budget) != pot:
            self._told[budget] = pot
            _log.warning(
                "budget runs out",
                scope=budget.scope.name.lower(),
                name=budget.name,
                period=budget.period.name.lower(),
                used_pct=used * 100 // budget.limit,
                at_limit=budget.at_limit.value,
            )


def _labels(budget: Budget) -> tuple[str, str, str]:
    return budget.scope.name.lower(), budget.name, budget.period.name.lower()


def _by_name(budgets: Sequence[Budget], scope: Scope) -> Mapping[str, tuple[Budget, ...]]:
    found: dict[str, tuple[Budget, ...]] = {}
    for budget in budgets:
        if budget.scope is scope:
            found[budget.name] = (*found.get(budget.name, ()), budget)
    return found
