"""Message ids that an old system can hold: ten decimal or eight hexadecimal digits, never with a leading zero.

A stored counter is sent through a keyed permutation, so that ids look random, yet never repeat before the counter has
run through the whole domain: 9,000,000,000 decimal or 4,026,531,840 hexadecimal ids. Then it starts again with the
first; at 1,000 messages/s that takes 104 or 46 days, longer than messages are kept. The permutation hides how many
messages there are from a glance, not from an attacker: it is no security boundary.
"""

import hashlib
import struct
from array import array
from collections.abc import Iterator
from enum import StrEnum
from typing import Final


class IdForm(StrEnum):
    """How ids are written (``message_id`` of an account)."""

    DECIMAL = "decimal"
    HEX = "hex"
    """Lower case."""


_HALVES: Final = {IdForm.DECIMAL: (90_000, 100_000), IdForm.HEX: (0xF000, 0x10000)}
"""The domain as a product of two halves, so that a Feistel network with additions covers it exactly."""
_FIRST: Final = {IdForm.DECIMAL: 10**9, IdForm.HEX: 0x1000_0000}
_DIGITS: Final = {IdForm.DECIMAL: 10, IdForm.HEX: 8}
_BASE: Final = {IdForm.DECIMAL: 10, IdForm.HEX: 16}
_LONGEST: Final = max(_DIGITS.values())
_FORMAT: Final = {IdForm.DECIMAL: "d", IdForm.HEX: "x"}


class Ids:
    """A keyed bijection between counter values and ids of one form."""

    __slots__ = ("_a", "_b", "_c", "_d", "_form", "_left", "_right", "domain")

    domain: int
    """How many ids there are."""

    def __init__(self, key: bytes, form: IdForm) -> None:
        """Build the round tables, about 1.3 MB in about 0.1 s.

        Args:
            key: Any octets; the same key gives the same ids for ever, on every machine.
            form: How ids are written.
        """
        self._form = form
        self._left, self._right = _HALVES[form]
        self.domain = self._left * self._right
        self._a, self._c = (_table(key, form, name, self._right, self._left) for name in (b"a", b"c"))
        self._b, self._d = (_table(key, form, name, self._left, self._right) for name in (b"b", b"d"))

    def external(self, counter: int) -> str:
        """Write the id of a counter value; values that are equal modulo ``domain`` have the same id."""
        left, right = divmod(counter, self._right)
        left = (left + self._a[right]) % self._left
        right = (right + self._b[left]) % self._right
        left = (left + self._c[right]) % self._left
        right = (right + self._d[left]) % self._right
        return format(left * self._right + right + _FIRST[self._form], _FORMAT[self._form])

    def internal(self, text: str) -> int | None:
        """Read an id back into its counter value, 0 to ``domain - 1``; None where the text is no id of this form."""
        whole = _whole(text, self._form)
        if whole is None:
            return None
        left, right = divmod(whole, self._right)
        right = (right - self._d[left]) % self._right
        left = (left - self._c[right]) % self._left
        right = (right - self._b[left]) % self._right
        left = (left - self._a[right]) % self._left
        return left * self._right + right


def is_shaped(text: str, form: IdForm) -> bool:
    """Whether a text could be an id of this form, as far as can be told without the key."""
    return _whole(text, form) is not None


def _whole(text: str, form: IdForm) -> int | None:
    if len(text) != _DIGITS[form] or text.startswith("0") or not (text.isascii() and text.isalnum()):
        return None
    try:
        return int(text, _BASE[form]) - _FIRST[form]
    except ValueError:
        return None


def readings(text: str) -> Iterator[str]:
    """Yield what an ESME was told, where somebody says it in his own way: in capitals, or as receipts may write it.

    Some dialects of receipts write the number of a hexadecimal id in decimal.
    """
    yield text.lower()
    if text.isascii() and text.isdecimal() and len(text) <= _LONGEST:
        yield format(int(text), _FORMAT[IdForm.HEX])


def _table(key: bytes, form: IdForm, name: bytes, size: int, below: int) -> "array[int]":
    """Make one round function as a table: ``size`` pseudo-random values under ``below``."""
    # Its length goes before the key, so that no key runs into the name of a table.
    seed = struct.pack("<I", len(key)) + key + form.value.encode() + name
    values = struct.unpack(f"<{size}I", hashlib.shake_128(seed).digest(4 * size))
    return array("I", [value % below for value in values])
