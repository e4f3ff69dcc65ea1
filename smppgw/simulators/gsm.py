"""What a handset would show: the GSM 03.38 alphabet, parts, truncation.

Written from the specification for the simulators alone; sharing the gateway's codec would hide its faults.
"""

import unicodedata
from enum import StrEnum

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("\f^{}\\[~]|€")
ALPHABET = BASIC | EXTENSION

_SIMILAR = {
    "\u2018": "'",
    "\u2019": "'",
    "\u201a": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u201e": '"',
    "\u2010": "-",
    "\u2013": "-",
    "\u2014": "-",
    "\u2026": "...",
    "\u00a0": " ",
    "`": "'",
    "ç": "Ç",
}


class Coding(StrEnum):
    """How a text goes out: 7-bit septets or 16-bit units."""

    GSM7 = "gsm7"
    UTF16 = "utf16"


_ONE_PART = {Coding.GSM7: 160, Coding.UTF16: 70}
_PER_PART = {Coding.GSM7: 153, Coding.UTF16: 67}


def is_gsm(text: str) -> bool:
    """Whether the alphabet with its extension table holds every character."""
    return ALPHABET.issuperset(text)


def coding_of(text: str) -> Coding:
    """The coding a text needs."""
    return Coding.GSM7 if is_gsm(text) else Coding.UTF16


def parts_of(text: str, coding: Coding) -> int:
    """How many SMS a text is billed as; an empty one is one."""
    return max(1, len(_cuts(text, coding)))


def truncated(text: str, coding: Coding, max_parts: int) -> str:
    """The text up to what fits into `max_parts`, as the carrier cuts it without a word."""
    cuts = _cuts(text, coding)
    return text if len(cuts) <= max_parts else text[: cuts[max_parts - 1]]


def replaced(text: str) -> str:
    """The text with a blank for every character outside the alphabet."""
    return "".join(character if character in ALPHABET else " " for character in text)


def transliterated(text: str) -> str | None:
    """The text in similar characters of the alphabet; None where a character has none."""
    similar = [_similar(character) for character in text]
    known = [piece for piece in similar if piece is not None]
    return "".join(known) if len(known) == len(similar) else None


def _similar(character: str) -> str | None:
    if character in ALPHABET:
        return character
    plain = _SIMILAR.get(character) or unicodedata.normalize("NFKD", character)[0]
    return plain if is_gsm(plain) else None


def _cuts(text: str, coding: Coding) -> list[int]:
    """Where each part ends, as an index into the text."""
    sizes = [_units(character, coding) for character in text]
    if sum(sizes) <= _ONE_PART[coding]:
        return [len(text)]
    room = _PER_PART[coding]
    cuts: list[int] = []
    used = 0
    for index, size in enumerate(sizes):
        if used + size > room:
            cuts.append(index)
            used = 0
        used += size
    return [*cuts, len(text)]


def _units(character: str, coding: Coding) -> int:
    if coding is Coding.GSM7:
        return 2 if character in EXTENSION else 1
    return 2 if ord(character) > 0xFFFF else 1
