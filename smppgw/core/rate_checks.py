"""What a rate card that can be read may still lack: days, volumes, currencies, countries."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

from smppgw.core.numbers import calling_code
from smppgw.core.rate_files import RateFault, day_text
from smppgw.core.rate_rows import RateRow, gaps, histories


def remarks(rows: Sequence[RateRow]) -> list[RateFault]:
    """Return what somebody should know of a card that works, by line."""
    found = (*_gaps(rows), *_missing_first_tiers(rows), *_unused(rows), *_nowhere(rows))
    return sorted(found, key=lambda remark: remark.line)


def unconvertible(rows: Iterable[RateRow], currencies: Collection[str]) -> Iterator[RateFault]:
    """Name each currency of a card that is none of those that can be told in the reporting one, with its first line."""
    told = set(currencies)
    for row in rows:
        if row.currency not in told:
            told.add(row.currency)
            yield RateFault(row.line, f"there is no exchange rate for {row.currency}")


def _gaps(rows: Iterable[RateRow]) -> Iterator[RateFault]:
    for _, history in histories(rows):
        for before, after in gaps(history):
            first, last = day_text(before.to_day + 1), day_text(after.from_day - 1)
            yield RateFault(after.line, f"neither this nor line {before.line} holds from {first} to {last}")


def _missing_first_tiers(rows: Iterable[RateRow]) -> Iterator[RateFault]:
    lowest: dict[tuple[str, str, str, object], RateRow] = {}
    for row in rows:
        place = (row.prefix, row.country, row.mccmnc, row.traffic_class)
        if place not in lowest or row.from_volume < lowest[place].from_volume:
            lowest[place] = row
    for row in lowest.values():
        if row.from_volume:
            yield RateFault(row.line, f"no row holds below from_volume {row.from_volume}")


def _unused(rows: Iterable[RateRow]) -> Iterator[RateFault]:
    lines = [row.line for row in rows if row.mccmnc]
    if lines:
        count = "this row is" if len(lines) == 1 else f"{len(lines)} rows, this one first, are"
        yield RateFault(lines[0], f"{count} not used: the network (mccmnc) of a recipient is not known")


def _nowhere(rows: Iterable[RateRow]) -> Iterator[RateFault]:
    """Find rows that no number fits, because their country is none, or has other numbers."""
    for row in rows:
        if row.country and not (code := calling_code(row.country)):
            yield RateFault(row.line, f"no country is called {row.country}")
        elif row.country and not (row.prefix.startswith(code) or code.startswith(row.prefix)):
            yield RateFault(row.line, f"no number of {row.country} begins with {row.prefix}, they begin with {code}")


class Reach:
    """Where a card has any price, whatever the day, the class and the volume."""

    __slots__ = ("_prefixes", "_starts")

    def __init__(self, rows: Iterable[RateRow]) -> None:
        self._prefixes: defaultdict[str, set[str]] = defaultdict(set)
        """By country."""
        self._starts: defaultdict[str, set[str]] = defaultdict(set)
        """The same and all that they begin with."""
        for row in rows:
            # All numbers of a country begin with its calling code, whether the row says so or not.
            prefix = max(row.prefix, calling_code(row.country), key=len)
            if not row.mccmnc and prefix not in self._prefixes[row.country]:
                self._prefixes[row.country].add(prefix)
                self._starts[row.country].update(prefix[:length] for length in range(len(prefix) + 1))

    def has(self, prefix: str, country: str) -> bool:
        """Whether some number has a price that begins with a prefix, in a country; "" stands for any."""
        countries = ("", country) if country else tuple(self._prefixes)
        return any(self._has(prefix, each) for each in countries if each in self._prefixes)

    def _has(self, prefix: str, country: str) -> bool:
        known = self._prefixes[country]
        return prefix in self._starts[country] or any(prefix[:length] in known for length in range(len(prefix)))
