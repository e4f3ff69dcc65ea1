"""What one rate card says otherwise than another: for which keys, on which days, and whether it is dearer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TypeAlias

from smppgw.core.rate_rows import ALWAYS_TO, RateKey, RateRow, histories
from smppgw.core.rates import Price


class Change(StrEnum):
    """What becomes of a price."""

    ADDED = "added"
    REMOVED = "removed"
    DEARER = "dearer"
    CHEAPER = "cheaper"
    CURRENCY = "currency"
    """It is told in another one, so that the two cannot be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateChange:
    """One price that changes, for the days on which both cards say the same of it."""

    change: Change
    key: RateKey
    from_day: int
    """Days since 1970-01-01."""
    to_day: int
    """The last day; ``ALWAYS_TO``: without an end."""
    old: Price | None
    """Of one part."""
    new: Price | None


_Span: TypeAlias = tuple[int, int, Price]
"""First and last day of a price."""


def differences(old: Iterable[RateRow], new: Iterable[RateRow], since_day: int) -> list[RateChange]:
    """Return what changes from a day on (days since 1970-01-01), in the order of the keys and days."""
    before, after = _spans_by_key(old), _spans_by_key(new)
    return [
        change
        for key in sorted(before.keys() | after.keys())
        for change in _changes(key, before.get(key, ()), after.get(key, ()), since_day)
    ]


def _spans_by_key(rows: Iterable[RateRow]) -> Mapping[RateKey, Sequence[_Span]]:
    return {key: tuple(_spans(history)) for key, history in histories(rows)}


def _spans(history: Sequence[RateRow]) -> Iterator[_Span]:
    """Yield when each row holds: a later one ends it where it has no end of its own."""
    for row, after in pairwise((*history, None)):
        if row is not None:
            to_day = row.to_day if after is None else min(row.to_day, after.from_day - 1)
            yield row.from_day, to_day, Price(row.price, row.currency)


def _changes(key: RateKey, old: Sequence[_Span], new: Sequence[_Span], since_day: int) -> Iterator[RateChange]:
    turns = {day for first, last, _ in (*old, *new) for day in (first, last + 1)}
    days = sorted({since_day, ALWAYS_TO + 1} | {day for day in turns if since_day < day <= ALWAYS_TO})
    pending: RateChange | None = None
    for first, following in pairwise(days):
        found = _change(key, first, following - 1, _price_on(first, old), _price_on(first, new))
        if pending is not None and found is not None and _are_alike(pending, found):
            found = _joined(pending, found)
        elif pending is not None:
            yield pending
        pending = found
    if pending is not None:
        yield pending


def _change(key: RateKey, from_day: int, to_day: int, old: Price | None, new: Price | None) -> RateChange | None:
    if old == new:
        return None
    if old is None or new is None:
        change = Change.ADDED if old is None else Change.REMOVED
    elif old.currency != new.currency:
        change = Change.CURRENCY
    else:
        change = Change.DEARER if new.micros > old.micros else Change.CHEAPER
    return RateChange(change=change, key=key, from_day=from_day, to_day=to_day, old=old, new=new)


def _are_alike(one: RateChange, other: RateChange) -> bool:
    return (one.old, one.new, one.to_day + 1) == (other.old, other.new, other.from_day)


def _joined(one: RateChange, other: RateChange) -> RateChange:
    return RateChange(
        change=one.change, key=one.key, from_day=one.from_day, to_day=other.to_day, old=one.old, new=one.new
    )


def _price_on(day: int, spans: Iterable[_Span]) -> Price | None:
    return next((price for first, last, price in spans if first <= day <= last), None)
