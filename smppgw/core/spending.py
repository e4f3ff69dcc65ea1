"""What has been spent: sums of the ledger by what somebody asks for. Integers only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Dimension(StrEnum):
    """What sums can be told apart by."""

    ACCOUNT = "account"
    CARRIER = "carrier"
    COUNTRY = "country"
    CLASS = "class"
    DAY = "day"
    """UTC, of the hand-over to the carrier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """One sum; hand-overs in several currencies, or with and without a price, are never added up."""

    key: tuple[str, ...]
    """A value for each dimension that was asked for, in that order; days as 2026-03-31, classes in small letters."""
    currency: str | None
    """ISO 4217; None: no price was known."""
    messages: int
    """Hand-overs: a message that a second carrier got after the first counts with both."""
    parts: int
    micros: int
    """Millionths of ``currency``."""
    reporting_micros: int
    """Millionths of the reporting currency, at the rates of the days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """All sums together."""

    messages: int
    parts: int
    parts_without_price: int
    reporting_micros: int
    """Without those."""


def add_up(found: Iterable[Spending]) -> list[Spending]:
    """Return one sum for each key and currency, in the order of the keys, known prices first."""
    sums: dict[tuple[tuple[str, ...], str | None], Spending] = {}
    for each in found:
        place = (each.key, each.currency)
        sums[place] = _plus(sums[place], each) if place in sums else each
    return sorted(sums.values(), key=lambda each: (each.key, each.currency is None, each.currency or ""))


def total(rows: Sequence[Spending]) -> Total:
    """Return the sum of all."""
    return Total(
        messages=sum(row.messages for row in rows),
        parts=sum(row.parts for row in rows),
        parts_without_price=sum(row.parts for row in rows if row.currency is None),
        reporting_micros=sum(row.reporting_micros for row in rows),
    )


def _plus(one: Spending, other: Spending) -> Spending:
    return Spending(
        key=one.key,
        currency=one.currency,
        messages=one.messages + other.messages,
        parts=one.parts + other.parts,
        micros=one.micros + other.micros,
        reporting_micros=one.reporting_micros + other.reporting_micros,
    )
