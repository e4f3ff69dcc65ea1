"""The order in which candidates are tried, per strategy. Each function returns all of them, whatever they are worth."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from smppgw.core.model import Message
from smppgw.core.routing.market import Market, Standing
from smppgw.core.routing.rules import Candidate, Rule, Strategy
from smppgw.core.routing.shares import by_weight

ALIKE_PCT: Final = 5
"""Delivery rates this close are held to be equal: chance alone moves them so far."""


class Situation(NamedTuple):
    """What the order may depend on beside the candidates themselves."""

    rule: Rule
    message: Message
    market: Market
    prices: Mapping[str, int]
    """Per part, in millionths of the reporting currency; empty where nobody asked."""
    standings: Mapping[str, Standing]
    """Empty where nobody asked."""
    chance: float
    """At least 0 and below 1, drawn for this decision."""


Ordering: TypeAlias = Callable[[Sequence[Candidate], Situation], list[Candidate]]


def _failover(candidates: Sequence[Candidate], situation: Situation) -> list[Candidate]:
    return list(candidates)


def _weighted(candidates: Sequence[Candidate], situation: Situation) -> list[Candidate]:
    return by_weight(candidates, situation.message.recipient)


def _least_cost(candidates: Sequence[Candidate], situation: Situation) -> list[Candidate]:
    prices = situation.prices
    return sorted(candidates, key=lambda candidate: prices.get(candidate.carrier, math.inf))


def _quality(candidates: Sequence[Candidate], situation: Situation) -> list[Candidate]:
    """Put the good ones first, the quick ones of them before the others, and then by delivery rate.

    Who is not known yet stands behind the good and before the bad: chance finds out.
    """
    standings = situation.standings
    known = [standings[each.carrier].delivery_pct for each in candidates if each.carrier in standings]
    good = max(known, default=0) - ALIKE_PCT

    def rank(candidate: Candidate) -> tuple[int, int]:
        standing = standings.get(candidate.carrier)
        if standing is None:
            return 1, 0
        if standing.delivery_pct >= good:
            return 0, _magnitude(standing.latency_s)
        return 2, -standing.delivery_pct

    return _exploring(sorted(candidates, key=rank), situation)


def _magnitude(latency_s: float) -> int:
    """Return the order of magnitude of a latency: only a multiple of it says anything."""
    return max(int(latency_s), 1).bit_length()


def _exploring(order: list[Candidate], situation: Situation) -> list[Candidate]:
    """Let chance put any candidate first, in a small share of all decisions."""
    exploration, chance = situation.rule.exploration, situation.chance
    if chance >= exploration:
        return order
    chosen = order[int(chance / exploration * len(order))]
    return [chosen, *(candidate for candidate in order if candidate is not chosen)]


def _tiered(candidates: Sequence[Candidate], situation: Situation) -> list[Candidate]:
    standings, wanted = situation.standings, situation.rule.tier_delivery_pct

    def is_poor(candidate: Candidate) -> bool:
        standing = standings.get(candidate.carrier)
        return standing is not None and standing.delivery_pct < wanted

    return sorted(candidates, key=is_poor)


def _volume(candidates: Sequence[Candidate], situation: Situation) -> list[Candidate]:
    used = situation.market.parts_this_month()
    return sorted(candidates, key=lambda candidate: used.get(candidate.carrier, 0) >= candidate.commitment)


def _sticky(candidates: Sequence[Candidate], situation: Situation) -> list[Candidate]:
    last = situation.market.delivered_last(situation.message.account, situation.message.recipient)
    return sorted(candidates, key=lambda candidate: candidate.carrier != last)


ORDERINGS: Final[Mapping[Strategy, Ordering]] = {
    Strategy.FAILOVER: _failover,
    Strategy.WEIGHTED: _weighted,
    Strategy.LEAST_COST: _least_cost,
    Strategy.QUALITY: _quality,
    Strategy.TIERED: _tiered,
    Strategy.VOLUME: _volume,
    Strategy.STICKY: _sticky,
}
