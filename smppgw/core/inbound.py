"""Who gets the texts that come in: numbers and extension codes, each with one owner. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

_PATTERN: Final = re.compile(r"\+?([0-9]{1,20}\*?)|(\*)")


def read_pattern(text: str) -> str:
    """Turn "+491771234567", "10690999" or "10690*" into its plain form: a plus makes no difference.

    Raises:
        ValueError: It is no number, no code, and no beginning of some.
    """
    found = _PATTERN.fullmatch(text)
    if found is None:
        raise ValueError(f'{text!r} is no number or code: write "+491771234567", "1234", or "10690*" for a beginning')
    return found[1] or found[2]


class Owners:
    """The owner of each number: whoever names it, else whoever names the longest beginning of it."""

    __slots__ = ("_beginnings", "_exact")

    def __init__(self, patterns: Mapping[str, Iterable[str]]) -> None:
        """Take the plain patterns of each account; no two accounts have the same one."""
        owned = [(pattern, account) for account, own in patterns.items() for pattern in own]
        self._exact = {pattern: account for pattern, account in owned if not pattern.endswith("*")}
        beginnings = [(pattern[:-1], account) for pattern, account in owned if pattern.endswith("*")]
        self._beginnings = sorted(beginnings, key=lambda one: len(one[0]), reverse=True)

    def of(self, destination: str) -> str | None:
        """Return the account that a number or code belongs to; None: nobody."""
        plain = destination.removeprefix("+")
        if (account := self._exact.get(plain)) is not None:
            return account
        return next((account for beginning, account in self._beginnings if plain.startswith(beginning)), None)
