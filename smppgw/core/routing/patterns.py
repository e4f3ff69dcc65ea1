"""Patterns with ``*`` for any characters, without regular expressions, whose worst case nobody sees in a configuration.

A pattern is tried in time proportional to the text, whatever both look like.
"""

from collections.abc import Callable, Sequence
from typing import Final

WILDCARD: Final = "*"


def compiled(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Return what tells whether a text is one of these, or fits one of these; case-sensitive."""
    exact = frozenset(pattern for pattern in patterns if WILDCARD not in pattern)
    wild = [tuple(pattern.split(WILDCARD)) for pattern in patterns if WILDCARD in pattern]
    starts = tuple(first for first, *rest in wild if rest == [""])
    pieces = [pattern for pattern in wild if pattern[1:] != ("",)]
    if pieces:
        return lambda text: text in exact or text.startswith(starts) or any(_fits(text, piece) for piece in pieces)
    if starts:
        return lambda text: text in exact or text.startswith(starts)
    return exact.__contains__


def covers(general: str, special: str) -> bool:
    """Whether every text that fits ``special`` fits ``general`` too; False where that cannot be told easily."""
    return general == special or _fits(special, tuple(general.split(WILDCARD)))


def _fits(text: str, pattern: tuple[str, ...]) -> bool:
    """Match the pieces of a pattern between its wildcards, the first and last of them at the ends."""
    first, *middle = pattern
    if not middle:
        return text == first
    last = middle.pop()
    if not text.startswith(first):
        return False
    at = len(first)
    for piece in middle:
        at = text.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return text.endswith(last) and len(text) - len(last) >= at
