"""A carrier's own price list, with its names of columns and its way to write numbers, as rows of a rate card."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from smppgw.core.rate_files import RateFault
from smppgw.core.rate_rows import RateRow, agreeing, read_row

_DECIMALS: Final = 6
_BETWEEN_DIGITS: Final = str.maketrans("", "", " \u00a0\u202f()/-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a carrier writes its list."""

    columns: Mapping[str, str]
    """By our name of a column, the carrier's."""
    currency: str = ""
    """Of all prices, where no column says it."""
    delimiter: str = ","
    decimal: str = "."


def import_rows(lines: Iterable[str], name: str, layout: Layout) -> list[RateRow]:
    """Read a carrier's list.

    The first line that has all columns by name is the header; what stands before it is skipped. Prefixes may begin with
    "+" or "00" and have spaces, hyphens and brackets; prices may have more than six decimals where the rest are zeros.

    Args:
        lines: With their ends, as a quoted field may go over several.
        name: Of the file.
        layout: How to read it.

    Raises:
        RateFaults: With every line that cannot be read, or that holds at the same time as another.
    """
    faults: list[RateFault] = []
    rows = [
        row
        for line, fields in _fields(lines, layout, faults)
        if (row := read_row(line, _in_our_terms(fields, layout), faults)) is not None
    ]
    return agreeing(rows, faults, name)


def _fields(lines: Iterable[str], layout: Layout, faults: list[RateFault]) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(lines, delimiter=layout.delimiter, strict=True)
    places: dict[str, int] | None = None
    try:
        for cells in reader:
            if places is None:
                places = _places(cells, layout)
            elif any(cells):
                try:
                    yield reader.line_num, {ours: cells[place].strip() for ours, place in places.items()}
                except IndexError:
                    faults.append(RateFault(reader.line_num, f"{len(cells)} fields are too few"))
    except csv.Error as error:
        faults.append(RateFault(reader.line_num, f"no CSV: {error}"))
    if places is None:
        faults.append(RateFault(1, f"no line has the columns {', '.join(layout.columns.values())}"))


def _places(cells: Sequence[str], layout: Layout) -> dict[str, int] | None:
    names = [cell.removeprefix("\ufeff").strip() for cell in cells]
    if not set(layout.columns.values()) <= set(names):
        return None
    return {ours: names.index(theirs) for ours, theirs in layout.columns.items()}


def _in_our_terms(fields: Mapping[str, str], layout: Layout) -> dict[str, str]:
    return {
        **fields,
        "prefix": _digits(fields.get("prefix", "")),
        "country": fields.get("country", "").upper(),
        "class": fields.get("class", "").lower(),
        "price": _number(fields.get("price", ""), layout.decimal),
        "currency": fields.get("currency", layout.currency).upper(),
    }


def _digits(prefix: str) -> str:
    digits = prefix.translate(_BETWEEN_DIGITS)
    return digits.removeprefix("00") if digits.startswith("00") else digits.removeprefix("+")


def _number(price: str, decimal: str) -> str:
    """Write a number as we do; what has another sign beside the decimal one stays as it is, and is a fault."""
    whole, sign, fraction = price.partition(decimal)
    if not sign or not (whole + fraction).isascii() or not (whole + fraction).isdecimal():
        return price
    kept = fraction.rstrip("0") if len(fraction) > _DECIMALS else fraction
    return f"{whole or '0'}.{kept or '0'}"
