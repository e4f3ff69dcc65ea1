"""Octets that a carrier sent, to something that paths lead through. Pure; raises nothing for what comes.

JSON is taken as it is. A text becomes a list of lines, each a list of words, so that ``[0][1]`` is the second word of
the first line: no pattern is ever matched against what a carrier sent. A form becomes a table.
"""

import json
import re
from collections.abc import Sequence
from enum import Enum
from typing import Any, Final
from urllib.parse import parse_qsl

MAX_LINES: Final = 2000
MAX_WORDS: Final = 64
"""Of a line; what comes after is one more word."""
MAX_FIELDS: Final = 200

_SCALAR_OCTETS: Final = 200
_ID: Final = re.compile(r"(?=[^A-Za-z0-9]*[A-Za-z0-9])[!-~]{1,128}")
_COUNT: Final = re.compile(r"[1-9][0-9]?")


class Unreadable(Enum):
    """Not what was expected, whatever it is."""

    UNREADABLE = "unreadable"


UNREADABLE: Final = Unreadable.UNREADABLE
Document = Any
"""``UNREADABLE``, or what paths lead through."""


class _TwiceError(ValueError):
    """A key stands twice in one object: nobody can say which is meant."""


def read_json(body: bytes) -> Document:
    """Read JSON as UTF-8; ``UNREADABLE`` for anything else, NaN and keys that stand twice included."""
    try:
        return json.loads(body.decode("utf-8-sig"), object_pairs_hook=_object, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return UNREADABLE


def read_text(body: bytes, separators: str) -> Document:
    """Read lines of words, which any of the separators divide; ``UNREADABLE`` where there is no word."""
    divider = re.compile(f"[{re.escape(separators)}]+")
    lines = body.decode("utf-8", errors="replace").splitlines()[:MAX_LINES]
    words = [[word for word in map(str.strip, divider.split(line, MAX_WORDS)) if word] for line in lines]
    return [line for line in words if line] or UNREADABLE


def read_form(body: bytes) -> Document:
    """Read a form as UTF-8; the first of several fields of one name counts."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        return UNREADABLE
    return dict(reversed(pairs))


def scalar(value: Any) -> str:
    """Return a value as a code table has it: a text, a number or true and false as text; "" for all else."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)[:_SCALAR_OCTETS]
        case str() if len(value) <= _SCALAR_OCTETS:
            return value.strip()
        case _:
            return ""


def carrier_id(value: Any) -> str | None:
    """Return an id that a carrier gave, a text or a whole number; None where it cannot be one."""
    text = "" if isinstance(value, bool | float) else scalar(value)
    return text if _ID.fullmatch(text) else None


def parts(value: Any) -> int | None:
    """Return a number of billed parts, 1 to 99; None where it is none."""
    text = scalar(value)
    return int(text) if _COUNT.fullmatch(text) else None


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _TwiceError
    return found


def _refuse(_name: str) -> Any:
    raise ValueError("no JSON")
