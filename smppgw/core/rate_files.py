"""Tables of prices as files: CSV with a header line (CONTRACT.md section 3), and all faults of a file at once.

Blank lines and lines that begin with ``#`` are skipped.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

_EPOCH: Final = date(1970, 1, 1).toordinal()
_Choice = TypeVar("_Choice")


def day_number(day: date) -> int:
    """Return a day as days since 1970-01-01."""
    return day.toordinal() - _EPOCH


def day_text(number: int) -> str:
    """Return days since 1970-01-01 as ``2026-03-31``."""
    return date.fromordinal(number + _EPOCH).isoformat()


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


def header_of(lines: Iterable[str]) -> list[str]:
    """Return the names of the columns; none where there is no header."""
    texts = (text.removeprefix("\ufeff").strip() for text in lines)
    header = next((text for text in texts if text and not text.startswith("#")), "")
    return [cell.strip() for cell in header.split(",")]


def records(
    lines: Iterable[str], columns: Sequence[str], required: frozenset[str], faults: list[RateFault]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line numbers and fields by column name; what cannot be read is added to the faults."""
    header: list[str] | None = None
    for line, text in enumerate(lines, 1):
        stripped = text.removeprefix("\ufeff").strip()
        if not stripped or stripped.startswith("#"):
            continue
        try:
            found = next(csv.reader([stripped], strict=True)) if '"' in stripped else stripped.split(",")
            cells = [cell.strip() for cell in found]
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


class Reading:
    """Reads the fields of one line, collecting faults."""

    __slots__ = ("_faults", "_fields", "_line", "failed")

    def __init__(self, line: int, fields: Mapping[str, str], faults: list[RateFault]) -> None:
        self._line = line
        self._fields = fields
        self._faults = faults
        self.failed = False

    def fault(self, reason: str) -> None:
        """Note what is wrong with the line."""
        self.failed = True
        self._faults.append(RateFault(self._line, reason))

    def text(self, column: str, pattern: re.Pattern[str], wanted: str, instead: str = "") -> str:
        """Return a field, or ``instead`` after a fault."""
        value = self._fields.get(column, "")
        if pattern.fullmatch(value):
            return value
        self.fault(f"{column} {value!r} is not {wanted}")
        return instead

    def choice(self, column: str, choices: Mapping[str, _Choice]) -> _Choice:
        """Return what a field stands for; after a fault, what an empty one does."""
        value = self._fields.get(column, "")
        if value not in choices:
            self.fault(f"{column} {value!r} is not one of {', '.join(filter(None, choices))}")
        return choices.get(value, choices[""])

    def day(self, column: str, empty: int | None) -> int:
        """Return a day as days since 1970-01-01; ``empty`` for an empty field, unless that is None."""
        value = self._fields.get(column, "")
        if not value and empty is not None:
            return empty
        try:
            return day_number(date.fromisoformat(value))
        except ValueError:
            self.fault(f"{column} {value!r} is not a date like 2026-03-31")
            return 0
