"""`smppgw route replay`: recorded traffic through other routes and other rate cards, by the steps of real routing.

Nothing is sent, stored or fetched. What carriers have done lately is what the store knows of them today; nobody is
down; chance sends nothing astray. Volumes of a month are those that were billed before the traffic, and grow with it.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from sqlite3 import Connection
from typing import Final, NamedTuple

from smppgw.app import policies
from smppgw.app.carriers import make_carriers
from smppgw.app.reloading import Configuration
from smppgw.carriers.http import Unobserved
from smppgw.config.settings import Settings
from smppgw.core.model import Decision, Message
from smppgw.core.routing.table import Router
from smppgw.core.volumes import begin_of_month
from smppgw.ops.clock import Clock
from smppgw.store.base import Recorded, StoreError
from smppgw.store.sqlite.figures import billed_parts, recent
from smppgw.store.sqlite.opening import connect_reader, in_our_terms
from smppgw.store.sqlite.recorded import recorded
from smppgw.store.sqlite.rows import ms
from smppgw.workers.market import LiveMarket
from smppgw.workers.routes import RouteResult, Routes

_REMEMBERED: Final = 20_000
_NO_CHANCE: Final = 1.0 - 2**-53


class Way(NamedTuple):
    """Which route and carrier a message had, or would have."""

    route: str
    """"": none matched."""
    carrier: str
    """"": none."""


class Flow(NamedTuple):
    """Where messages went, and where they would go now."""

    then: Way
    now: Way
    result: RouteResult
    """Of routing them now."""


@dataclass(slots=True, kw_only=True)
class Sums:
    """What the messages of one flow come to. Money counts only those that a carrier has taken."""

    messages: int = 0
    taken: int = 0
    then_micros: int = 0
    """In millionths of the reporting currency."""
    then_unknown: int = 0
    """Those whose cost nobody knows."""
    now_micros: int = 0
    now_unknown: int = 0

    def add(self, other: "Sums") -> None:
        """Take in the sums of another flow."""
        self.messages += other.messages
        self.taken += other.taken
        self.then_micros += other.then_micros
        self.then_unknown += other.then_unknown
        self.now_micros += other.now_micros
        self.now_unknown += other.now_unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What became of the traffic, and what would become of it."""

    since: float
    """Unix seconds."""
    currency: str
    flows: dict[Flow, Sums] = field(default_factory=dict)
    reasons: dict[tuple[str, RouteResult], str] = field(default_factory=dict)
    """For people: why the first message was refused that was, by route and result."""


def replay(running: Settings, changed: Configuration, since: float, clock: Clock) -> Replay:
    """Run the traffic since a time, Unix seconds, through the routes and rate cards of another configuration.

    Args:
        running: Whose store it is.
        changed: Whose routes, carriers and rate cards they are.
        since: Acceptance of the oldest message.
        clock: Time.

    Raises:
        StoreError: There is no store, or it cannot be read.
    """
    prices = changed.prices
    carriers = make_carriers(changed.settings.carriers, clock, Unobserved())
    market = LiveMarket(carriers, prices, tuple, clock)
    router = policies.router(changed.settings.routes)
    found = Replay(since=since, currency=prices.currency)
    with _reader(running) as reader:
        market.finished(recent(reader, threading.Lock(), _REMEMBERED))
        for carrier in carriers:
            market.accepted(carrier, _billed(reader, carrier, since))
        routing = _Rerouting(router, market)
        for one in recorded(reader, since):
            routing.take(one, found)
    return found


class _Rerouting:
    """Routes what was routed before."""

    def __init__(self, router: Router, market: LiveMarket) -> None:
        self._router = router
        self._market = market
        self._routes = Routes(router, market, lambda: _NO_CHANCE)

    def take(self, one: Recorded, found: Replay) -> None:
        """Route one message, and add it to what is found."""
        message = one.message
        now, result = self._route(message, found)
        then = Way("" if message.decision is None else message.decision.rule, message.carrier)
        sums = found.flows.setdefault(Flow(then, now, result), Sums())
        sums.messages += 1
        if not one.was_taken:
            return
        sums.taken += 1
        if one.cost_micros is None:
            sums.then_unknown += 1
        else:
            sums.then_micros += one.cost_micros
        if now.carrier:
            price = self._market.part_prices(message, message.accepted_at).get(now.carrier)
            if price is None:
                sums.now_unknown += 1
            else:
                sums.now_micros += price * message.parts

    def _route(self, message: Message, found: Replay) -> tuple[Way, RouteResult]:
        at = message.accepted_at
        outcome = self._routes.route(message, at)
        if isinstance(outcome, Decision):
            carrier = outcome.carriers[0]
            self._market.accepted(carrier, message.parts)
            return Way(outcome.rule, carrier), RouteResult.ROUTED if outcome.hold_until is None else RouteResult.HELD
        rule = self._router.rule_for(message, at)
        way = Way("" if rule is None else rule.name, "")
        found.reasons.setdefault((way.route, outcome.result), outcome.reason)
        return way, outcome.result


def _billed(reader: Connection, carrier: str, until: float) -> int:
    """Return the parts that a carrier was billed in the month of a time, before it."""
    return billed_parts(reader, threading.Lock(), carrier, (ms(begin_of_month(until)), ms(until)))


@contextmanager
def _reader(settings: Settings) -> Iterator[Connection]:
    path = settings.store.path
    if not path.is_file():
        raise StoreError(f"there is no {path}: nothing was recorded yet")
    with in_our_terms(path):
        reader = connect_reader(path)
        try:
            yield reader
        finally:
            reader.close()


def by(flows: Mapping[Flow, Sums], key: int) -> Mapping[str, tuple[Sums, Sums]]:
    """Return the sums of then and of now, by route (0) or carrier (1)."""
    totals: dict[str, tuple[Sums, Sums]] = {}
    for flow, sums in flows.items():
        totals.setdefault(flow.then[key], (Sums(), Sums()))[0].add(sums)
        totals.setdefault(flow.now[key], (Sums(), Sums()))[1].add(sums)
    return totals


def total(flows: Mapping[Flow, Sums]) -> Sums:
    """Return the sums of all."""
    found = Sums()
    for sums in flows.values():
        found.add(sums)
    return found
