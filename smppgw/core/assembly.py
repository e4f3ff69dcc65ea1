"""Where a part of a long text belongs. Pure; the store asks while it holds the rows.

The key of an assembly is account, source, destination, reference and total, not the bind: parts of one text may come
over several binds, in any order. Finished keys are remembered for a while, so that a repeated part does not start a new
text. References are only 8 or 16 bits and some systems never change theirs: a part that differs from the one already
stored under its number is therefore the start of a new text, never a repetition that is thrown away.

When the assembly time ends, the rule that held when the first part came says whether the text fails or is sent as far
as it came. Either way a missing part that comes later fails alone and starts nothing: what it began could only be a
piece of a text whose fate is told already.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

REMEMBERED_S: Final = 600.0
"""Seconds past the assembly time for which a finished key is remembered (DESIGN.md section 7)."""
GAP: Final = "(...)"
"""Stands in a text where parts are missing, one after the other or alone. All of it is in the basic GSM alphabet, so
that it changes the coding of no text."""


@dataclass(frozen=True, slots=True)
class AssemblyRule:
    """How long a text waits for its parts, and what then becomes of it."""

    wait_s: float
    send_incomplete: bool = False
    """Send what came, with ``GAP`` for what did not; else the text fails."""


class AssemblyState(IntEnum):
    """Where an assembly stands."""

    OPEN = 0
    COMPLETE = 1
    FAILED = 2
    PARTIAL = 3
    """Sent without the parts that had not come."""


class Placement(IntEnum):
    """What a part is to the assembly of its key."""

    STARTS = 0
    """The first part of a new text."""
    JOINS = 1
    REPEATS = 2
    """The same part again: it shares the outcome of the text."""
    COMES_LATE = 3
    """A missing part of a text that waits no more: it fails."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the store holds under a key."""

    state: AssemblyState
    texts: Mapping[int, str]
    """The text of each part that came, by its number."""


def place(number: int, text: str, known: Known | None) -> Placement:
    """Say where part ``number`` with ``text`` belongs."""
    if known is None:
        return Placement.STARTS
    if number in known.texts:
        return Placement.REPEATS if known.texts[number] == text else Placement.STARTS
    return Placement.JOINS if known.state is AssemblyState.OPEN else Placement.COMES_LATE


def is_complete(texts: Mapping[int, str], total: int) -> bool:
    """Whether every part from 1 to ``total`` is there."""
    return len(texts) == total


def join(texts: Mapping[int, str], total: int) -> str:
    """Return the text, with ``GAP`` wherever parts are missing."""
    pieces = [texts.get(number) for number in range(1, total + 1)]
    with_gaps = (
        GAP if piece is None else piece
        for before, piece in zip(["", *pieces], pieces, strict=False)
        if before is not None or piece is not None
    )
    return "".join(with_gaps)
