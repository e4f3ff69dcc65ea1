"""The rows of a rate card: one price each, for a prefix, a country, a network, a class, a time and a volume."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from smppgw.core.model import TrafficClass
from smppgw.core.rate_files import RateFault, RateFaults, Reading, day_text, records
from smppgw.core.values import amount, micros

COLUMNS: Final = (
    "prefix", "country", "mccmnc", "class", "price", "currency", "valid_from", "valid_to", "from_volume",
)  # fmt: skip
ALWAYS_FROM: Final = -(10**9)
ALWAYS_TO: Final = 10**9
CLASSES: Final[Mapping[str, TrafficClass | None]] = {
    "": None,
    **{traffic_class.name.lower(): traffic_class for traffic_class in TrafficClass},
}

_REQUIRED: Final = frozenset({"price", "currency"})
_PREFIX: Final = re.compile(r"\+?([0-9]{0,15})")
_COUNTRY: Final = re.compile(r"([A-Z]{2})?")
_NETWORK: Final = re.compile(r"([0-9]{5,6})?")
_AMOUNT: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_VOLUME: Final = re.compile(r"[0-9]{0,15}")


class RateKey(NamedTuple):
    """What a price is for; two rows with one key follow each other in time. Empty means any."""

    prefix: str
    country: str
    mccmnc: str
    traffic_class: str
    """Its name in small letters."""
    from_volume: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRow:
    """One line of a rate card."""

    line: int
    prefix: str
    country: str
    mccmnc: str
    traffic_class: TrafficClass | None
    price: int
    """Of one part, in millionths of one unit of ``currency``."""
    currency: str
    from_day: int
    """Days since 1970-01-01, UTC; ``ALWAYS_FROM``: since ever."""
    to_day: int
    """The last day; ``ALWAYS_TO``: until another row of the same key replaces it."""
    from_volume: int
    """Parts that the carrier has taken this month before the price holds."""

    @property
    def key(self) -> RateKey:
        """What it is for."""
        name = "" if self.traffic_class is None else self.traffic_class.name.lower()
        return RateKey(self.prefix, self.country, self.mccmnc, name, self.from_volume)


def read_rows(lines: Iterable[str], name: str) -> list[RateRow]:
    """Read a rate card.

    The columns are ``COLUMNS``, in any order; all but price and currency may be left out or empty, which means any.
    Days are UTC, both inclusive; prices have at most six decimals.

    Raises:
        RateFaults: With every line that cannot be read, or that holds at the same time as another.
    """
    faults: list[RateFault] = []
    rows = [
        row
        for line, fields in records(lines, COLUMNS, _REQUIRED, faults)
        if (row := read_row(line, fields, faults)) is not None
    ]
    return agreeing(rows, faults, name)


def agreeing(rows: list[RateRow], faults: Iterable[RateFault], name: str) -> list[RateRow]:
    """Return rows that were read without faults and do not contradict each other.

    Raises:
        RateFaults: With all of the faults, by line.
    """
    found = [*faults, *_contradictions(rows)]
    if found:
        raise RateFaults(name, sorted(found, key=lambda fault: fault.line))
    return rows


def write_rows(rows: Iterable[RateRow]) -> Iterator[str]:
    """Yield a rate card, line by line, that ``read_rows`` reads as these."""
    yield ",".join(COLUMNS)
    for row in rows:
        fields = (
            row.prefix, row.country, row.mccmnc, row.key.traffic_class, amount(row.price), row.currency,
            "" if row.from_day == ALWAYS_FROM else day_text(row.from_day),
            "" if row.to_day == ALWAYS_TO else day_text(row.to_day),
            str(row.from_volume or ""),
        )  # fmt: skip
        yield ",".join(fields)


def read_row(line: int, fields: Mapping[str, str], faults: list[RateFault]) -> RateRow | None:
    """Read one line by the names of its columns; None after a fault."""
    read = Reading(line, fields, faults)
    row = RateRow(
        line=line,
        prefix=read.text("prefix", _PREFIX, "digits").removeprefix("+"),
        country=read.text("country", _COUNTRY, "two capital letters"),
        mccmnc=read.text("mccmnc", _NETWORK, "five or six digits"),
        traffic_class=read.choice("class", CLASSES),
        price=micros(read.text("price", _AMOUNT, "an amount with at most six decimals", "0")),
        currency=read.text("currency", _CURRENCY, "three capital letters"),
        from_day=read.day("valid_from", ALWAYS_FROM),
        to_day=read.day("valid_to", ALWAYS_TO),
        from_volume=int(read.text("from_volume", _VOLUME, "a whole number") or 0),
    )
    if row.from_day > row.to_day:
        read.fault("valid_to lies before valid_from")
    return None if read.failed else row


def histories(rows: Iterable[RateRow]) -> Iterator[tuple[RateKey, Sequence[RateRow]]]:
    """Yield each key with its rows, in the order of the days from which they are valid."""
    by_key: defaultdict[RateKey, list[RateRow]] = defaultdict(list)
    for row in rows:
        by_key[row.key].append(row)
    for key, found in by_key.items():
        yield key, sorted(found, key=lambda row: (row.from_day, row.line))


def _contradictions(rows: Iterable[RateRow]) -> Iterator[RateFault]:
    """Find rows of one key that hold on the same day.

    A row without an end is replaced by a later one without an end; in all other cases nobody can know which was meant.
    """
    for _, history in histories(rows):
        furthest = history[0]
        for row in history[1:]:
            if row.from_day == furthest.from_day:
                yield RateFault(row.line, f"it says again what line {furthest.line} says")
            elif row.from_day <= furthest.to_day and not (furthest.to_day == row.to_day == ALWAYS_TO):
                until = day_text(min(furthest.to_day, row.to_day))
                yield RateFault(
                    row.line, f"it holds with line {furthest.line} from {day_text(row.from_day)} to {until}"
                )
            if row.to_day >= furthest.to_day:
                furthest = row


def gaps(history: Sequence[RateRow]) -> Iterator[tuple[RateRow, RateRow]]:
    """Yield the rows between which no row of their key holds."""
    return ((row, after) for row, after in pairwise(history) if row.to_day + 1 < after.from_day)
