"""One decision: from the rule that matches to candidates in order, with what was dropped and why.

Runs for every message: a price or a record is asked for only where the rule depends on it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from smppgw.core.model import Belief, Decision, DropKind, Dropped, Message
from smppgw.core.routing.market import Market, Standing
from smppgw.core.routing.ordering import ORDERINGS, Situation
from smppgw.core.routing.rules import Candidate, Rule, Strategy, WithoutPrice
from smppgw.core.values import amount

_UNASKED: Final[Mapping[str, int]] = {}
_UNSEEN: Final[Mapping[str, Standing]] = {}
_FAILOVER: Final = Strategy.FAILOVER
_tuple: Final = tuple.__new__
"""Makes a named tuple in a third of the time that its own constructor takes: there are six in a decision."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """Why none of a rule's candidates is left."""

    reason: str
    dropped: tuple[Dropped, ...] = ()


def decide(rule: Rule, message: Message, market: Market, *, at: float, chance: float) -> Decision | Undecided:
    """Decide on one message.

    Args:
        rule: The one that matches; it refuses nothing.
        message: A whole text.
        market: What is known of the carriers.
        at: Unix seconds.
        chance: At least 0 and below 1; another one for each decision.
    """
    hold_until = rule.hold.next_at(at) if rule.hold is not None else at
    if hold_until >= message.expires_at:
        return Undecided("its validity ends before the rule lets it go")
    prices = market.part_prices(message, at) if rule.is_priced else _UNASKED
    standings = market.standings(message, at) if rule.is_observed else _UNSEEN
    down = market.down()
    fitting, dropped, beliefs = _fitting(rule, message, market, prices, standings, down)
    if not fitting:
        return Undecided("; ".join(f"{one.carrier}: {one.reason}" for one in dropped), tuple(dropped))
    if rule.strategy is not _FAILOVER and len(fitting) > 1:
        situation = _tuple(Situation, (rule, message, market, prices, standings, chance))
        fitting = ORDERINGS[rule.strategy](fitting, situation)
    order = [candidate.carrier for candidate in fitting]
    if down:
        # What waits in front of a closed door reaches nobody; who is up comes first, in the same order.
        order.sort(key=down.__contains__)
    if len(beliefs) == len(order):  # something is known of each, as usual
        believed = tuple(map(beliefs.__getitem__, order))
    else:
        believed = tuple([beliefs[carrier] for carrier in order if carrier in beliefs])
    held = hold_until if hold_until > at else None
    return _tuple(Decision, (rule.name, tuple(order), tuple(dropped), rule.strategy, believed, rule.sender, held))


def _fitting(
    rule: Rule,
    message: Message,
    market: Market,
    prices: Mapping[str, int],
    standings: Mapping[str, Standing],
    down: Collection[str],
) -> tuple[list[Candidate], list[Dropped], dict[str, Belief]]:
    """Divide the candidates into those that fit, the ones without a price last, and those that do not, with why.

    One pass also says what is known of those that fit.
    """
    constraints, checks, is_priced = rule.constraints, market.checks, rule.is_priced
    max_price, least_pct, longest_s = constraints.max_price, constraints.least_pct, constraints.longest_s
    fitting: list[Candidate] = []
    unpriced: list[Candidate] = []
    dropped: list[Dropped] = []
    beliefs: dict[str, Belief] = {}
    for candidate in rule.candidates:
        carrier = candidate.carrier
        price, standing = prices.get(carrier), standings.get(carrier)
        if (refused := checks[carrier](message)) is not None:
            dropped.append(Dropped(carrier, refused.reason))
            continue
        if max_price is not None and price is not None and price > max_price:
            dropped.append(Dropped(carrier, f"{amount(price)} a part is over max_price", DropKind.TOO_DEAR))
            continue
        if standing is not None and (standing.delivery_pct < least_pct or standing.latency_s > longest_s):
            dropped.append(_poor(carrier, standing, least_pct))
            continue
        if price is not None or not is_priced:
            fitting.append(candidate)
        elif constraints.without_price is WithoutPrice.LAST:
            unpriced.append(candidate)
        else:
            dropped.append(Dropped(carrier, "no price is known", DropKind.NO_PRICE))
            continue
        if standing is not None:
            known = (carrier, price, standing.delivery_pct, standing.whole_s, carrier in down)
            beliefs[carrier] = _tuple(Belief, known)
        elif price is not None or carrier in down:
            beliefs[carrier] = Belief(carrier, price, None, None, carrier in down)
    return fitting + unpriced if unpriced else fitting, dropped, beliefs


def _poor(carrier: str, standing: Standing, least_pct: int) -> Dropped:
    """Say which constraint a record does not meet."""
    if standing.delivery_pct < least_pct:
        reason = f"{standing.delivery_pct} % delivered is under min_delivery"
        return Dropped(carrier, reason, DropKind.DELIVERS_TOO_LITTLE)
    return Dropped(carrier, f"{standing.latency_s:.0f} s is over max_latency", DropKind.TOO_SLOW)
