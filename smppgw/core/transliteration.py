"""Write a text in the characters of the GSM alphabet, as far as that changes nothing, or little. Pure.

A single curly quote turns a text into UCS-2, where an SMS holds 70 characters instead of 160. Punctuation that a word
processor has made says the same in its plain form. Letters do not: "résumé" without accents is a loss that an account
must have agreed to. What neither table can help stays as it is.
"""

import unicodedata
from typing import Final

PUNCTUATION: Final = str.maketrans({
    **dict.fromkeys("`´‘’‚‛′ʼ‹›", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "),
    **dict.fromkeys("\u00ad\u200b\u2060\ufeff", ""),
    **dict.fromkeys("\u2028\u2029", "\n"),
    "\t": " ",
    "…": "...",
    "•": "-",
})  # fmt: skip
"""By code point: quotes and guillemets, dashes, spaces, what is not shown at all, the ellipsis, the bullet."""
_KEPT: Final = frozenset("èéùìòÇØøÅåÆæßÉÄÖÑÜäöñüà")
"""Letters with marks that the GSM alphabet has (3GPP TS 23.038, 6.2.1)."""
_LETTERS: Final = {
    "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ħ": "h", "Ħ": "H", "ı": "i",
    "Ĳ": "IJ", "ĳ": "ij", "ĸ": "k", "Ŀ": "L", "ŀ": "l", "ŉ": "'n", "ſ": "s", "Ŧ": "T", "ŧ": "t",
    "œ": "oe", "Œ": "OE", "ŋ": "n", "Ŋ": "N", "ẞ": "SS", "ő": "ö", "Ő": "Ö", "ű": "ü", "Ű": "Ü",
    "ª": "a", "º": "o", "·": ".", "×": "x", "÷": "/", "™": "TM", "©": "(C)", "®": "(R)",
}  # fmt: skip
"""What decomposition cannot take apart, or what has a nearer relative."""

_ATTACHED: Final = 200
"""Canonical combining classes from here on are of marks around a letter (Unicode, 4.3)."""


def plain(text: str) -> str:
    """Return a text with plain punctuation and composed letters: it reads the same."""
    return unicodedata.normalize("NFC", text).translate(PUNCTUATION)


def plainest(text: str) -> str:
    """Return a text with plain punctuation, and without the accents that the GSM alphabet lacks."""
    return "".join(character if character.isascii() else _bare(character) for character in plain(text))


def _bare(character: str) -> str:
    if character in _KEPT:
        return character
    if (relative := _LETTERS.get(character)) is not None:
        return relative
    if _is_accent(character):
        return ""  # one more than any letter has
    apart = unicodedata.normalize("NFD", character)
    base = apart[0]
    return base if base.isascii() and base.isalpha() and all(map(_is_accent, apart[1:])) else character


def _is_accent(character: str) -> bool:
    """Whether it stands above, below or beside a letter: what strikes one through (class 1) says something else."""
    return unicodedata.combining(character) >= _ATTACHED
