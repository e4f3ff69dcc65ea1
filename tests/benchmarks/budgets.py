"""What a budget costs each message, in CPU time: ``python -m tests.benchmarks.budgets``. Figures, no assertions."""

import time
from collections.abc import Callable, Sequence
from typing import Final, cast

from smppgw.core.budgets import Budget, Period, Scope
from smppgw.core.model import Decision
from smppgw.core.rates import Exchange, RateCard
from smppgw.store.base import Store
from smppgw.workers.budgets import Budgets
from smppgw.workers.pricing import Prices
from smppgw.workers.routes import RouteTally
from tests.core.routing.asking import NOW, routed
from tests.workers.fakes import FakeClock, metrics_for

MESSAGES: Final = 50_000
CARD: Final = ["prefix,price,currency", *(f"49{n},0.05,EUR" for n in range(10_000, 30_000)), ",0.05,EUR"]


def budgets(count: int, scope: Scope = Scope.ACCOUNT, name: str = "acme") -> list[Budget]:
    """Make budgets that nothing uses up."""
    return [Budget(scope=scope, name=name, period=period, limit=10**15, status=0x45) for period in list(Period)[:count]]


def measure(what: str, made: Sequence[Budget], carriers: tuple[str, ...]) -> None:
    """Print what reserving costs for one message, and for one that is refused."""
    cards = {name: RateCard.parse(CARD, name) for name in ("alpha", "beta")}
    prices = Prices(cards, Exchange(), "EUR")
    working = Budgets(
        made,
        prices=prices,
        parts_this_month=lambda carrier: 0,
        tally=RouteTally(),
        store=cast("Store", None),
        clock=FakeClock().clock,
        metrics=metrics_for(),
    )
    text, decision = routed(account="acme"), Decision("default", carriers)

    def pay() -> None:
        working.reserve(text, decision, NOW)
        working.claim()

    print(f"{what:<50} {_mean_us(pay):6.2f} us")


def _mean_us(call: Callable[[], object]) -> float:
    began = time.process_time()
    for _ in range(MESSAGES):
        call()
    return (time.process_time() - began) / MESSAGES * 1e6


def main() -> None:
    """Print all figures."""
    two = ("alpha", "beta")
    measure("no budgets at all", [], two)
    measure("budgets of another account", budgets(3, name="other"), two)
    measure("budgets of another carrier", budgets(3, Scope.CARRIER, "gamma"), two)
    measure("one budget, one candidate", budgets(1), two[:1])
    measure("three budgets, two candidates", budgets(3), two)
    measure("three budgets, and three of a carrier", budgets(3) + budgets(3, Scope.CARRIER, "alpha"), two)


if __name__ == "__main__":
    main()
