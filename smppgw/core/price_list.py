"""The rate cards of all carriers as one: what a part costs with each of them, asked for every message.

Many numbers share a longest prefix, so what was found for one holds for the next. Prices are those of one UTC day in
the reporting currency.
"""

from collections.abc import Mapping
from typing import Final

from smppgw.core.model import TrafficClass
from smppgw.core.rates import DAY_S, Exchange, RateCard

_REMEMBERED: Final = 20_000
"""Combinations of prefix, country and class; a full memory is begun anew."""


class PriceList:
    """What one part costs, by carrier."""

    __slots__ = ("_cards", "_day", "_exchange", "_lengths", "_prefixes", "_prices", "_reporting")

    def __init__(self, cards: Mapping[str, RateCard], exchange: Exchange, reporting: str) -> None:
        """Take the cards by carrier, and what turns their currencies into the reporting one."""
        self._cards = cards
        self._exchange = exchange
        self._reporting = reporting
        self._prefixes = frozenset().union(*(card.prefixes for card in cards.values()))
        self._lengths = tuple(sorted({len(prefix) for prefix in self._prefixes}, reverse=True))
        self._day = -1
        self._prices: dict[tuple[str, str, TrafficClass], Mapping[str, int]] = {}

    def part_prices(self, recipient: str, country: str, traffic_class: TrafficClass, at: float) -> Mapping[str, int]:
        """Return the price of one part with each carrier, in millionths of the reporting currency.

        A carrier whose card does not know it, or whose currency has no rate, is missing.

        Args:
            recipient: E.164 digits without plus.
            country: ISO 3166-1 alpha-2, or "".
            traffic_class: What the message is for.
            at: Unix seconds.
        """
        day = int(at // DAY_S)
        if day != self._day or len(self._prices) > _REMEMBERED:
            self._day = day
            self._prices = {}
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
            prices = self._prices[key] = self._ask(prefix, country, traffic_class, at)
        return prices

    def _ask(self, prefix: str, country: str, traffic_class: TrafficClass, at: float) -> Mapping[str, int]:
        starts = [
            prefix[:length] for length in self._lengths if length <= len(prefix) and prefix[:length] in self._prefixes
        ]
        reporting, convert = self._reporting, self._exchange.convert
        found: dict[str, int] = {}
        for carrier, card in self._cards.items():
            price = card.part_price(starts, country, traffic_class, self._day)
            if price is None:
                continue
            micros = price.micros if price.currency == reporting else convert(*price, at)
            if micros is not None:
                found[carrier] = micros
        return found
