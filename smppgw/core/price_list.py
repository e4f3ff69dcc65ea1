"""The rate cards of all carriers as one: what a part costs with each of them, asked for every message.

Many numbers share a longest prefix, so what was found for one holds for the next. Prices are those of one UTC day, and
of the tiers that carriers have reached, in the reporting currency; when a day or a tier changes, they are asked anew.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from smppgw.core.model import TrafficClass
from smppgw.core.rates import DAY_S, Exchange, RateCard
from smppgw.core.volumes import Volumes

_REMEMBERED: Final = 20_000
"""Combinations of prefix, country and class; a full memory is begun anew."""


class PriceList:
    """What one part costs, by carrier."""

    __slots__ = (
        "_cards", "_day", "_exchange", "_lengths", "_prefixes", "_prices", "_reporting", "_same_until", "_tiers",
    )  # fmt: skip

    def __init__(self, cards: Mapping[str, RateCard], exchange: Exchange, reporting: str) -> None:
        """Take the cards by carrier, and what turns their currencies into the reporting one."""
        self._cards = cards
        self._exchange = exchange
        self._reporting = reporting
        self._prefixes: set[str] = set()
        for card in cards.values():  # one by one: a union of all would stop every other thread for long
            self._prefixes.update(card.prefixes)
        self._lengths = tuple(sorted({len(prefix) for prefix in self._prefixes}, reverse=True))
        self._day = -1
        self._tiers: Sequence[int] = ()
        self._same_until = math.inf
        """As long as volumes have moved less, no carrier can have come to another tier."""
        self._prices: dict[tuple[str, str, TrafficClass], Mapping[str, int]] = {}

    def part_prices(
        self, recipient: str, country: str, traffic_class: TrafficClass, at: float, volumes: Volumes
    ) -> Mapping[str, int]:
        """Return the price of one part with each carrier, in millionths of the reporting currency.

        A carrier whose card does not know it, or whose currency has no rate, is missing.

        Args:
            recipient: E.164 digits without plus.
            country: ISO 3166-1 alpha-2, or "".
            traffic_class: What the message is for.
            at: Unix seconds.
            volumes: What carriers have taken this month; always the same object.
        """
        day = int(at // DAY_S)
        if day != self._day or volumes.moves >= self._same_until or len(self._prices) > _REMEMBERED:
            self._look_again(day, at, volumes)
        known = self._prefixes
        prefix = ""
        for length in self._lengths:
            if recipient[:length] in known:
                prefix = recipient[:length]
                break
        key = (prefix, country, traffic_class)
        prices = self._prices.get(key)
        if prices is None:
            # Every row that fits the recipient fits its longest known prefix.
            prices = self._prices[key] = dict(self._ask(prefix, country, traffic_class, at, volumes))
        return prices

    def _look_again(self, day: int, at: float, volumes: Volumes) -> None:
        """Forget the prices unless nothing has changed; see how far volumes may move before something can."""
        tiers = []
        room = math.inf
        for carrier, card in self._cards.items():
            taken = volumes.taken(carrier, at)
            bounds = (-math.inf, *card.steps, math.inf)
            tier = bisect_right(bounds, taken)
            tiers.append(tier)
            room = min(room, bounds[tier] - taken, taken - bounds[tier - 1] + 1)
        self._same_until = volumes.moves + room
        if day != self._day or tiers != self._tiers or len(self._prices) > _REMEMBERED:
            self._day, self._tiers, self._prices = day, tiers, {}

    def _ask(
        self, prefix: str, country: str, traffic_class: TrafficClass, at: float, volumes: Volumes
    ) -> Iterator[tuple[str, int]]:
        starts = [
            prefix[:length] for length in self._lengths if length <= len(prefix) and prefix[:length] in self._prefixes
        ]
        reporting, convert = self._reporting, self._exchange.convert
        for carrier, card in self._cards.items():
            taken = volumes.taken(carrier, at) if card.steps else 0
            price = card.part_price(starts, country, traffic_class, self._day, taken)
            if price is None:
                continue
            micros = price.micros if price.currency == reporting else convert(*price, at)
            if micros is not None:
                yield carrier, micros
