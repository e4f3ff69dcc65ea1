"""What a message costs: asked for routing, and again when a carrier has taken it."""

from collections.abc import Mapping

from smppgw.core.model import Cost, TrafficClass
from smppgw.core.price_list import PriceList
from smppgw.core.rates import Exchange, RateCard, cost


class Prices:
    """The rate cards of the carriers, and the currency in which all of them are told."""

    __slots__ = ("_cards", "_exchange", "currency", "list")

    def __init__(self, cards: Mapping[str, RateCard], exchange: Exchange, currency: str) -> None:
        self._cards = cards
        self._exchange = exchange
        self.currency = currency
        self.list = PriceList(cards, exchange, currency)
        """What one part costs, for routing."""

    def pieces(self) -> list[object]:
        """Return what it is made of, to be let go of one by one: each piece may hold 100,000 prefixes."""
        return [*self._cards.values(), self.list]

    def of(
        self,
        carrier: str,
        recipient: str,
        country: str,
        traffic_class: TrafficClass,
        parts: int,
        now: float,
        taken: int,
    ) -> Cost | None:
        """Return the cost of so many parts, after so many were taken this month; None where no card has a price."""
        card = self._cards.get(carrier)
        if card is None:
            return None
        return cost(
            card,
            self._exchange,
            self.currency,
            recipient=recipient,
            country=country,
            traffic_class=traffic_class,
            parts=parts,
            at=now,
            taken=taken,
        )
