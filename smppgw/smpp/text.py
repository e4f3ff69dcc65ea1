"""data_coding to and from `str`, and what a text costs in parts.

SMPP 3.4, 5.2.19 names the codings, GSM 03.38 (3GPP TS 23.038, 4) the groups 0x10 and 0xF0. What octets mean is decided
here and only here; what to do about a replaced octet or a coding without text is the caller's business. Decoding may
not raise, whatever the octets.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from smppgw.smpp import gsm7, national
from smppgw.smpp.consts import DataCoding
from smppgw.smpp.gsm7 import REPLACEMENT, Decoded
from smppgw.smpp.udh import Udh

__all__ = [
    "REPLACEMENT", "Alphabet", "Alphabets", "Count", "Decoded", "alphabets", "decode", "encode", "message_class",
    "parts", "split",
]  # fmt: skip


class Alphabet(StrEnum):
    """How the octets of a short message are to be read."""

    GSM7 = "gsm7"
    """GSM 03.38 with its extension table, one septet per octet."""
    GSM7_PACKED = "gsm7-packed"
    """The same alphabet, eight septets in seven octets, as on the air interface (23.038, 6.1.2.1)."""
    ASCII = "ascii"
    LATIN1 = "latin1"
    UTF8 = "utf8"
    """In no specification, but what some systems send under data_coding 0."""
    UCS2 = "ucs2"
    """Read as UTF-16, big-endian: emoji come as surrogate pairs."""
    SHIFT_JIS = "shift_jis"
    CYRILLIC = "cyrillic"
    """ISO-8859-5."""
    HEBREW = "hebrew"
    """ISO-8859-8."""
    BINARY = "binary"
    """No text. Decodes octet for octet to the code points 0 to 255, so nothing is lost."""


_CODECS = {
    Alphabet.ASCII: "ascii",
    Alphabet.LATIN1: "latin-1",
    Alphabet.UTF8: "utf-8",
    Alphabet.UCS2: "utf-16-be",
    Alphabet.SHIFT_JIS: "shift_jis",
    Alphabet.CYRILLIC: "iso8859-5",
    Alphabet.HEBREW: "iso8859-8",
    Alphabet.BINARY: "latin-1",
}
_SEPTETS = frozenset({Alphabet.GSM7, Alphabet.GSM7_PACKED})
_SURROGATE = re.compile("[\ud800-\udfff]")

_GSM_ALPHABETS = (Alphabet.GSM7, Alphabet.BINARY, Alphabet.UCS2, None)
_SMPP_CODINGS: dict[int, Alphabet | None] = {
    DataCoding.ASCII: Alphabet.ASCII,
    DataCoding.OCTETS: Alphabet.BINARY,
    DataCoding.LATIN_1: Alphabet.LATIN1,
    DataCoding.BINARY: Alphabet.BINARY,
    DataCoding.JIS: Alphabet.SHIFT_JIS,
    DataCoding.CYRILLIC: Alphabet.CYRILLIC,
    DataCoding.HEBREW: Alphabet.HEBREW,
    DataCoding.UCS2: Alphabet.UCS2,
}
_CODINGS = (
    _SMPP_CODINGS
    | {coding: _GSM_ALPHABETS[coding >> 2 & 3] for coding in range(0x10, 0x20)}
    | {coding: _GSM_ALPHABETS[coding >> 2 & 1] for coding in range(0xF0, 0x100)}
)


Alphabets: TypeAlias = tuple[Alphabet | None, ...]
"""The alphabet of each data_coding, 0 to 255; None where we cannot read it."""


def alphabets(default: Alphabet, readings: Mapping[int, Alphabet] = MappingProxyType({})) -> Alphabets:
    """Tell the alphabet of every data_coding; None is to be answered with ESME_RINVDCS or its like.

    None are: pictograms, music and Korean (9 to 14), the compressed half of the general group (0x20 to 0x3F), what is
    reserved, and the message waiting groups (0xC0 to 0xEF), whose indication no text carrier could deliver.

    Args:
        default: what 0 stands for ("MC specific" in 5.0); an account's own setting.
        readings: what others stand for, where an account does not mean what the specification says. Their message
            class, if they have one, stays.
    """
    codings = {**_CODINGS, **readings, 0: default}
    return tuple(codings.get(data_coding) for data_coding in range(256))


def message_class(data_coding: int) -> int | None:
    """Tell the message class of a data_coding: 0 (flash) to 3; None where it has none (23.038, 4)."""
    general_with_class = data_coding & 0xD0 == 0x10  # the bit for compression may be set or not
    if general_with_class or data_coding >= 0xF0:
        return data_coding & 3
    return None


def decode(octets: bytes, alphabet: Alphabet, header: Udh | None = None) -> Decoded:
    """Read octets in an alphabet; never raises: what has no meaning becomes `REPLACEMENT` and is counted.

    Args:
        octets: what stands behind the header.
        alphabet: how to read them.
        header: the user data header before them. Its language shifts hold for the GSM alphabet only, and packed
            septets begin on the first septet boundary behind it (23.040, 9.2.3.24). A language that is `missing`
            reads as the default one.
    """
    if alphabet in _SEPTETS:
        return _septets(octets, alphabet, header)
    try:
        return Decoded(text=octets.decode(_CODECS[alphabet]), replaced=0)
    except UnicodeDecodeError:
        return _repaired(octets, alphabet)


def _septets(octets: bytes, alphabet: Alphabet, header: Udh | None) -> Decoded:
    if alphabet is Alphabet.GSM7_PACKED:
        octets = gsm7.unpack(octets, gsm7.fill_bits(header.octets) if header else 0)
    if header is None:
        return gsm7.decode(octets)
    return gsm7.decode(octets, national.tables(header.single_shift, header.locking_shift))


def _repaired(octets: bytes, alphabet: Alphabet) -> Decoded:
    """Let the codec mark each fault with a lone surrogate, which no legal text holds; then replace and count those."""
    if alphabet is Alphabet.UCS2:
        odd = len(octets) % 2
        marked = octets[: len(octets) - odd].decode("utf-16-be", "surrogatepass") + "\udfff" * odd
    else:
        marked = octets.decode(_CODECS[alphabet], "surrogateescape")
    text, replaced = _SURROGATE.subn(REPLACEMENT, marked)
    return Decoded(text=text, replaced=replaced)


def encode(text: str, alphabet: Alphabet) -> bytes:
    """Write a text in an alphabet, without a header.

    Raises:
        UnicodeEncodeError: a character is not in it.
    """
    if alphabet is Alphabet.GSM7:
        return gsm7.encode(text)
    if alphabet is Alphabet.GSM7_PACKED:
        return gsm7.pack(gsm7.encode(text))
    return text.encode(_CODECS[alphabet])


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What a text is billed as."""

    alphabet: Alphabet
    """GSM7 if every character is in it, else UCS2."""
    units: int
    """Septets or UTF-16 code units; a character of the extension table, or beyond U+FFFF, takes two."""
    parts: int
    """How many SMS; 1 for an empty text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Room:
    """Units that one SMS holds: alone, and beside a concatenation header with an 8-bit reference."""

    alone: int
    joined: int


_ROOM = {Alphabet.GSM7: _Room(alone=160, joined=153), Alphabet.UCS2: _Room(alone=70, joined=67)}


def parts(text: str) -> Count:
    """Count the parts of a text; an escape pair or a surrogate pair never straddles two of them."""
    alphabet, units = _measured(text)
    room = _ROOM[alphabet]
    if units <= room.alone:
        number = 1
    elif units == len(text):
        number = -(-units // room.joined)
    else:
        number = sum(1 for _ in _pieces(text, room.joined, _UNITS[alphabet]))
    return Count(alphabet=alphabet, units=units, parts=number)


def split(text: str, alphabet: Alphabet | None = None) -> list[str]:
    """Cut a text into the parts of one SMS each; joined they are the text.

    Args:
        text: Any.
        alphabet: GSM7, which must have all of the text, or UCS2; None: as `parts` counts.
    """
    alphabet = alphabet or _measured(text)[0]
    room, units = _ROOM[alphabet], _UNITS[alphabet]
    if units(text) <= room.alone:
        return [text]
    return list(_pieces(text, room.joined, units))


def _measured(text: str) -> tuple[Alphabet, int]:
    septets = gsm7.septets(text)
    return (Alphabet.UCS2, _ucs2_units(text)) if septets is None else (Alphabet.GSM7, septets)


def _gsm7_units(text: str) -> int:
    return len(gsm7.encode(text))


def _ucs2_units(text: str) -> int:
    # a lone surrogate is a fault of whoever made the text; counting it as the unit it is does no harm
    return len(text.encode("utf-16-be", "surrogatepass")) // 2


_UNITS: dict[Alphabet, Callable[[str], int]] = {Alphabet.GSM7: _gsm7_units, Alphabet.UCS2: _ucs2_units}


def _pieces(text: str, room: int, units: Callable[[str], int]) -> Iterator[str]:
    """Cut off as many characters as fit, again and again.

    A character takes one unit or two, so an excess of n units needs at least n/2 characters less: no piece comes out
    shorter than it must.
    """
    start = 0
    while start < len(text):
        end = min(start + room, len(text))
        while (excess := units(text[start:end]) - room) > 0:
            end -= (excess + 1) // 2
        yield text[start:end]
        start = end
