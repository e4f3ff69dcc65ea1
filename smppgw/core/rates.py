"""What messages cost: rate cards of carriers, exchange rates, prices in integer micro-units and a currency.

Both are CSV with a header line (CONTRACT.md section 3); blank lines and lines that begin with ``#`` are skipped. All
faults of a file are reported at once. No float touches an amount.
"""

import csv
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final, NamedTuple

from smppgw.core.model import Cost, TrafficClass
from smppgw.core.values import micros

DAY_S: Final = 86_400
_EPOCH: Final = date(1970, 1, 1).toordinal()
_ALWAYS_FROM: Final = -(10**9)
_ALWAYS_TO: Final = 10**9

_PREFIX: Final = re.compile(r"\+?([0-9]{0,15})")
_COUNTRY: Final = re.compile(r"([A-Z]{2})?")
_NETWORK: Final = re.compile(r"([0-9]{5,6})?")
_AMOUNT: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_VOLUME: Final = re.compile(r"[0-9]{0,15}")
_RATE: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")
_CLASSES: Final = {"": None} | {traffic_class.name.lower(): traffic_class for traffic_class in TrafficClass}

_CARD_COLUMNS: Final = (
    "prefix", "country", "mccmnc", "class", "price", "currency", "valid_from", "valid_to", "from_volume",
)  # fmt: skip
_CARD_REQUIRED: Final = frozenset({"price", "currency"})
_EXCHANGE_COLUMNS: Final = ("date", "currency", "rate")


@dataclass(frozen=True, slots=True)
class RateFault:
    """What is wrong with one line."""

    line: int
    """1 is the first line of the file."""
    reason: str


class RateFaults(ValueError):  # noqa: N818 - it is many errors, not one
    """A file that cannot be used, with all its faults."""

    def __init__(self, name: str, faults: Sequence[RateFault]) -> None:
        super().__init__(name, faults)
        self.name = name
        self.faults = tuple(faults)

    def __str__(self) -> str:
        return "\n".join(f"{self.name}, line {fault.line}: {fault.reason}" for fault in self.faults)


class Price(NamedTuple):
    """What a carrier asks for a message."""

    micros: int
    """Millionths of one unit of ``currency``."""
    currency: str
    """ISO 4217."""


class _Row(NamedTuple):
    """What a line says of its prefix. Most lines of a card say the same, so these are one value."""

    country: str
    mccmnc: str
    traffic_class: TrafficClass | None
    price: Price
    """Of one part."""
    from_day: int
    to_day: int
    from_volume: int

    @property
    def identity(self) -> tuple[object, ...]:
        """What no two rows of a prefix may have in common."""
        return (self.country, self.mccmnc, self.traffic_class, self.from_day, self.from_volume)

    @property
    def rank(self) -> tuple[bool, bool, int, int]:
        """Order of rows with one prefix: the first that fits is the price."""
        return (not self.country, self.traffic_class is None, -self.from_day, self.from_volume)


class RateCard:
    """The prices of one carrier, per part. The longest prefix with a row that fits wins.

    Among rows of one prefix, one for the country wins over one for any, then one for the traffic class, then the one
    valid from the latest day, then the one with the lowest ``from_volume``: volumes are not counted, so higher tiers
    are read, checked and not used. Rows with an ``mccmnc`` are read and not used either, because the network of a
    recipient is not known.
    """

    __slots__ = ("_lengths", "_rows", "name")

    def __init__(self, name: str, rows: Iterable[tuple[str, _Row]]) -> None:
        by_prefix: dict[str, tuple[_Row, ...]] = {}
        for prefix, row in rows:
            if not row.mccmnc:
                by_prefix[prefix] = (*by_prefix.get(prefix, ()), row)
        shared: dict[tuple[_Row, ...], tuple[_Row, ...]] = {}
        for prefix, found in by_prefix.items():
            by_prefix[prefix] = shared.setdefault(found, tuple(sorted(found, key=lambda row: row.rank)))
        self.name = name
        self._rows = by_prefix
        self._lengths = tuple(sorted({len(prefix) for prefix in by_prefix}, reverse=True))

    @property
    def prefixes(self) -> Iterable[str]:
        """The prefixes of its rows."""
        return self._rows.keys()

    @classmethod
    def parse(cls, lines: Iterable[str], name: str) -> "RateCard":
        """Read a rate card.

        The columns are prefix, country, mccmnc, class, price, currency, valid_from, valid_to, from_volume, in any
        order; all but price and currency may be left out or empty, which means any. Days are UTC, both inclusive;
        prices have at most six decimals.

        Raises:
            RateFaults: With every line that cannot be read, or that repeats another.
        """
        faults: list[RateFault] = []
        seen: dict[tuple[object, ...], int] = {}
        shared: dict[_Row, _Row] = {}
        rows = []
        for line, fields in _records(lines, _CARD_COLUMNS, _CARD_REQUIRED, faults):
            found = _row(line, fields, faults)
            if found is None:
                continue
            prefix, row = found
            if (earlier := seen.setdefault((prefix, *row.identity), line)) != line:
                faults.append(RateFault(line, f"it says again what line {earlier} says"))
            rows.append((prefix, shared.setdefault(row, row)))
        if faults:
            raise RateFaults(name, faults)
        return cls(name, rows)

    def price(self, recipient: str, country: str, traffic_class: TrafficClass, parts: int, at: float) -> Price | None:
        """Return the price of a message; None where the card does not know it.

        Args:
            recipient: E.164 digits without plus.
            country: ISO 3166-1 alpha-2, or "".
            traffic_class: What the message is for.
            parts: How many SMS are billed.
            at: Unix seconds; decides which rows are valid.
        """
        starts = [recipient[:length] for length in self._lengths]
        price = self.part_price(starts, country, traffic_class, int(at // DAY_S))
        return None if price is None else Price(price.micros * parts, price.currency)

    def part_price(self, starts: Iterable[str], country: str, traffic_class: TrafficClass, day: int) -> Price | None:
        """Return the price of one part; None where the card does not know it.

        Args:
            starts: Of the recipient, the longest first; at least those that are among ``prefixes``.
            country: ISO 3166-1 alpha-2, or "".
            traffic_class: What the message is for.
            day: Days since 1970-01-01, UTC.
        """
        rows = self._rows
        for start in starts:
            if start in rows:
                for row_country, _, row_class, price, from_day, to_day, _ in rows[start]:
                    if (
                        from_day <= day <= to_day
                        and (row_class is None or row_class == traffic_class)
                        and (not row_country or row_country == country)
                    ):
                        return price
        return None


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

    @classmethod
    def parse(cls, lines: Iterable[str], name: str = "exchange") -> "Exchange":
        """Read exchange rates: date (ISO 8601), currency (ISO 4217), rate, in any order.

        A line ``2026-03-31,USD,1.0815`` under the reporting currency EUR says that one euro is 1.0815 dollars.

        Raises:
            RateFaults: With every line that cannot be read, or that repeats another.
        """
        faults: list[RateFault] = []
        rates: dict[tuple[str, int], Fraction] = {}
        for line, fields in _records(lines, _EXCHANGE_COLUMNS, frozenset(_EXCHANGE_COLUMNS), faults):
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
) -> Cost | None:
    """Return what a message costs, in its own and in the reporting currency; None where either is not known."""
    price = card.price(recipient, country, traffic_class, parts, at)
    if price is None:
        return None
    if price.currency == reporting:
        return Cost(price.micros, price.currency, price.micros)
    converted = exchange.convert(price.micros, price.currency, at)
    return None if converted is None else Cost(price.micros, price.currency, converted)


def _records(
    lines: Iterable[str], columns: Sequence[str], required: frozenset[str], faults: list[RateFault]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line numbers and fields by column name; what cannot be read is added to the faults."""
    header: list[str] | None = None
    for line, text in enumerate(lines, 1):
        stripped = text.removeprefix("\ufeff").strip()
        if not stripped or stripped.startswith("#"):
            continue
        try:
            cells = [cell.strip() for cell in next(csv.reader([stripped], strict=True))]
        except csv.Error as error:
            faults.append(RateFault(line, f"no CSV: {error}"))
            continue
        if header is None:
            header = cells
            if wrong := _header_fault(header, columns, required):
                faults.append(RateFault(line, wrong))
                return
        elif len(cells) != len(header):
            faults.append(RateFault(line, f"{len(cells)} fields under a header of {len(header)}"))
        else:
            yield line, dict(zip(header, cells, strict=True))
    if header is None:
        faults.append(RateFault(1, f"the header is missing: {','.join(columns)}"))


def _header_fault(header: Sequence[str], columns: Sequence[str], required: frozenset[str]) -> str | None:
    known = f"the columns are {','.join(columns)}"
    if unknown := [cell for cell in header if cell not in columns]:
        return f"no column is called {', '.join(map(repr, unknown))}; {known}"
    if missing := sorted(required.difference(header)):
        return f"the column {missing[0]} is missing; {known}"
    if len(set(header)) < len(header):
        return f"a column stands there twice; {known}"
    return None


def _row(line: int, fields: Mapping[str, str], faults: list[RateFault]) -> tuple[str, _Row] | None:
    read = _Reading(line, fields, faults)
    prefix = read.text("prefix", _PREFIX, "digits").removeprefix("+")
    row = _Row(
        country=read.text("country", _COUNTRY, "two capital letters"),
        mccmnc=read.text("mccmnc", _NETWORK, "five or six digits"),
        traffic_class=read.traffic_class(),
        price=Price(
            micros(read.text("price", _AMOUNT, "an amount with at most six decimals", "0")),
            read.text("currency", _CURRENCY, "three capital letters"),
        ),
        from_day=read.day("valid_from", _ALWAYS_FROM),
        to_day=read.day("valid_to", _ALWAYS_TO),
        from_volume=int(read.text("from_volume", _VOLUME, "a whole number") or 0),
    )
    if row.from_day > row.to_day:
        read.fault("valid_to lies before valid_from")
    return None if read.failed else (prefix, row)


def _exchange_rate(line: int, fields: Mapping[str, str], faults: list[RateFault]) -> tuple[str, int, Fraction] | None:
    read = _Reading(line, fields, faults)
    currency = read.text("currency", _CURRENCY, "three capital letters")
    day = read.day("date", None)
    rate = Fraction(read.text("rate", _RATE, "a decimal number", "1"))
    if rate <= 0:
        read.fault("rate is zero")
    return None if read.failed else (currency, day, rate)


class _Reading:
    """Reads the fields of one line, collecting faults."""

    __slots__ = ("_faults", "_fields", "_line", "failed")

    def __init__(self, line: int, fields: Mapping[str, str], faults: list[RateFault]) -> None:
        self._line = line
        self._fields = fields
        self._faults = faults
        self.failed = False

    def fault(self, reason: str) -> None:
        self.failed = True
        self._faults.append(RateFault(self._line, reason))

    def text(self, column: str, pattern: re.Pattern[str], wanted: str, instead: str = "") -> str:
        """Return a field, or ``instead`` after a fault."""
        value = self._fields.get(column, "")
        if pattern.fullmatch(value):
            return value
        self.fault(f"{column} {value!r} is not {wanted}")
        return instead

    def traffic_class(self) -> TrafficClass | None:
        value = self._fields.get("class", "")
        if value not in _CLASSES:
            self.fault(f"class {value!r} is not one of {', '.join(filter(None, _CLASSES))}")
        return _CLASSES.get(value)

    def day(self, column: str, empty: int | None) -> int:
        """Return a day as days since 1970-01-01; ``empty`` for an empty field, unless that is None."""
        value = self._fields.get(column, "")
        if not value and empty is not None:
            return empty
        try:
            return date.fromisoformat(value).toordinal() - _EPOCH
        except ValueError:
            self.fault(f"{column} {value!r} is not a date like 2026-03-31")
            return 0
