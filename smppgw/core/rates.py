"""What messages cost: rate cards of carriers, exchange rates, prices in integer micro-units and a currency.

No float touches an amount.
"""

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction
from typing import Final, NamedTuple

from smppgw.core.model import Cost, TrafficClass
from smppgw.core.rate_files import RateFault, RateFaults, Reading, header_of, records
from smppgw.core.rate_rows import RateRow, read_rows

DAY_S: Final = 86_400
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_RATE: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")
_EXCHANGE_COLUMNS: Final = ("date", "currency", "rate")


class Price(NamedTuple):
    """What a carrier asks for a message."""

    micros: int
    """Millionths of one unit of ``currency``."""
    currency: str
    """ISO 4217."""


class _Offer(NamedTuple):
    """What a row says of its prefix. Most rows of a card say the same, so these are one value."""

    country: str
    traffic_class: TrafficClass | None
    price: Price
    """Of one part."""
    from_day: int
    to_day: int
    from_volume: int

    @property
    def rank(self) -> tuple[bool, bool, int, int]:
        """Order of offers for one prefix: the first that fits is the price."""
        return (not self.country, self.traffic_class is None, -self.from_volume, -self.from_day)


class RateCard:
    """The prices of one carrier, per part. The longest prefix with a row that fits wins.

    Among rows of one prefix, one for the country wins over one for any, then one for the traffic class, then the one
    with the highest ``from_volume`` that the carrier has reached this month, then the one valid from the latest day.
    Rows with an ``mccmnc`` are read and not used, because the network of a recipient is not known.
    """

    __slots__ = ("_lengths", "_offers", "name", "steps")

    def __init__(self, name: str, rows: Iterable[RateRow]) -> None:
        by_prefix: dict[str, tuple[_Offer, ...]] = {}
        one: dict[_Offer, _Offer] = {}
        for row in rows:
            if not row.mccmnc:
                offer = _offer(row)
                by_prefix[row.prefix] = (*by_prefix.get(row.prefix, ()), one.setdefault(offer, offer))
        shared: dict[tuple[_Offer, ...], tuple[_Offer, ...]] = {}
        for prefix, found in by_prefix.items():
            by_prefix[prefix] = shared.setdefault(found, tuple(sorted(found, key=lambda offer: offer.rank)))
        self.name = name
        self.steps = tuple(sorted({offer.from_volume for offer in one} - {0}))
        """The volumes from which any of its prices change, in parts a month."""
        self._offers = by_prefix
        self._lengths = tuple(sorted({len(prefix) for prefix in by_prefix}, reverse=True))

    @property
    def prefixes(self) -> Iterable[str]:
        """The prefixes of its rows."""
        return self._offers.keys()

    @classmethod
    def parse(cls, lines: Iterable[str], name: str) -> "RateCard":
        """Read a rate card (see ``read_rows``).

        Raises:
            RateFaults: With every line that is faulty.
        """
        return cls(name, read_rows(lines, name))

    def price(
        self, recipient: str, country: str, traffic_class: TrafficClass, parts: int, at: float, taken: int
    ) -> Price | None:
        """Return the price of a message; None where the card does not know it.

        Args:
            recipient: E.164 digits without plus.
            country: ISO 3166-1 alpha-2, or "".
            traffic_class: What the message is for.
            parts: How many SMS are billed.
            at: Unix seconds; decides which rows are valid.
            taken: Parts that the carrier has taken before in this calendar month (UTC); all parts of one message have
                the same price.
        """
        starts = [recipient[:length] for length in self._lengths]
        price = self.part_price(starts, country, traffic_class, int(at // DAY_S), taken)
        return None if price is None else Price(price.micros * parts, price.currency)

    def part_price(
        self, starts: Iterable[str], country: str, traffic_class: TrafficClass, day: int, taken: int
    ) -> Price | None:
        """Return the price of one part; None where the card does not know it.

        Args:
            starts: Of the recipient, the longest first; at least those that are among ``prefixes``.
            country: ISO 3166-1 alpha-2, or "".
            traffic_class: What the message is for.
            day: Days since 1970-01-01, UTC.
            taken: See ``price``.
        """
        offers = self._offers
        for start in starts:
            if start in offers:
                for its_country, its_class, price, from_day, to_day, from_volume in offers[start]:
                    if (
                        from_day <= day <= to_day
                        and (its_class is None or its_class == traffic_class)
                        and (not its_country or its_country == country)
                        and from_volume <= taken
                    ):
                        return price
        return None


def _offer(row: RateRow) -> _Offer:
    return _Offer(
        row.country,
        row.traffic_class,
        Price(row.price, row.currency),
        row.from_day,
        row.to_day,
        row.from_volume,
    )


class Exchange:
    """Exchange rates by day: units of a currency per one unit of the reporting currency, as the ECB prints them."""

    __slots__ = ("_days", "_rates")

    def __init__(self, rates: Mapping[tuple[str, int], Fraction] | None = None) -> None:
        """Take rates by currency and day (days since 1970-01-01, UTC); nothing is known without."""
        self._days: dict[str, list[int]] = {}
        self._rates: dict[str, list[tuple[int, int]]] = {}
        for (currency, day), rate in sorted((rates or {}).items()):
            self._days.setdefault(currency, []).append(day)
            self._rates.setdefault(currency, []).append((rate.numerator, rate.denominator))

    @property
    def currencies(self) -> Collection[str]:
        """Those that have a rate on some day."""
        return self._days.keys()

    @classmethod
    def parse(cls, lines: Iterable[str], name: str = "exchange") -> "Exchange":
        """Read exchange rates: date (ISO 8601), currency (ISO 4217), rate, in any order.

        A line ``2026-03-31,USD,1.0815`` under the reporting currency EUR says that one euro is 1.0815 dollars.

        Raises:
            RateFaults: With every line that cannot be read, or that repeats another.
        """
        faults: list[RateFault] = []
        rates: dict[tuple[str, int], Fraction] = {}
        for line, fields in records(lines, _EXCHANGE_COLUMNS, frozenset(_EXCHANGE_COLUMNS), faults):
            found = _exchange_rate(line, fields, faults)
            if found is None:
                continue
            currency, day, rate = found
            if (currency, day) in rates:
                faults.append(RateFault(line, f"{currency} has another rate on this day"))
            rates[currency, day] = rate
        if faults:
            raise RateFaults(name, faults)
        return cls(rates)

    def convert(self, micros: int, currency: str, at: float) -> int | None:
        """Turn micro-units of a currency into micro-units of the reporting currency, rounding half up.

        The rate is the latest of the UTC day of ``at`` or before; None where there is none.
        """
        days = self._days.get(currency)
        if days is None:
            return None
        index = bisect_right(days, int(at // DAY_S)) - 1
        if index < 0:
            return None
        numerator, denominator = self._rates[currency][index]
        return (2 * micros * denominator + numerator) // (2 * numerator)


def is_exchange(lines: Iterable[str]) -> bool:
    """Whether a file has the header of exchange rates."""
    return set(header_of(lines)) == set(_EXCHANGE_COLUMNS)


def cost(
    card: RateCard,
    exchange: Exchange,
    reporting: str,
    *,
    recipient: str,
    country: str,
    traffic_class: TrafficClass,
    parts: int,
    at: float,
    taken: int,
) -> Cost | None:
    """Return what a message costs, in its own and in the reporting currency; None where either is not known.

    ``taken`` as in ``RateCard.price``.
    """
    price = card.price(recipient, country, traffic_class, parts, at, taken)
    if price is None:
        return None
    if price.currency == reporting:
        return Cost(price.micros, price.currency, price.micros)
    converted = exchange.convert(price.micros, price.currency, at)
    return None if converted is None else Cost(price.micros, price.currency, converted)


def _exchange_rate(line: int, fields: Mapping[str, str], faults: list[RateFault]) -> tuple[str, int, Fraction] | None:
    read = Reading(line, fields, faults)
    currency = read.text("currency", _CURRENCY, "three capital letters")
    day = read.day("date", None)
    rate = Fraction(read.text("rate", _RATE, "a decimal number", "1"))
    if rate <= 0:
        read.fault("rate is zero")
    return None if read.failed else (currency, day, rate)
