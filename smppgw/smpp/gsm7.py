"""GSM 03.38 (3GPP TS 23.038, 6.2.1): the alphabet of handsets, to and from `str`.

In SMPP a septet travels in an octet of its own; `pack` and `unpack` are for the few systems that pack eight of them
into seven octets. The default tables are here and nowhere else, those of the national languages in `national`.
Decoding may not raise, whatever the octets.
"""

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

ESC: Final = 0x1B
REPLACEMENT: Final = "?"
"""Stands for what cannot be decoded. Not U+FFFD: that would turn a GSM text into UCS-2 and double its parts."""

BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The default alphabet by septet (23.038, 6.2.1)."""
EXTENSION: Final[Mapping[int, str]] = MappingProxyType({
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
})  # fmt: skip
"""What an ESC before a septet makes of it (23.038, 6.2.1.1)."""

_ESCAPE = chr(ESC)
_SEVEN_BIT = bytes(range(128))
_NO_SEPTET = 0xFF
_SEPTETS = {character: octet for octet, character in enumerate(BASIC) if octet != ESC}
_LATIN1_SEPTETS = bytes(_SEPTETS.get(chr(code), _NO_SEPTET) for code in range(256))
_ENCODING = {ord(character): bytes((octet,)) for character, octet in _SEPTETS.items()} | {
    ord(character): bytes((ESC, octet)) for octet, character in EXTENSION.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What octets of a peer read as."""

    text: str
    """Well-formed: never a lone surrogate."""
    replaced: int
    """How many octets or code units had no meaning and became `REPLACEMENT`; 0 for legal input."""


class Tables:
    """What septets mean: alone, and behind an ESC."""

    __slots__ = ("_basic", "_pair", "_pairs")

    def __init__(self, basic: str, extension: Mapping[int, str]) -> None:
        """Prepare for decoding.

        Args:
            basic: the 128 characters of septets, each once, ESC for ESC.
            extension: what an ESC before a septet makes of it.
        """
        self._basic = basic + REPLACEMENT * 128
        self._pairs = {_ESCAPE + basic[septet]: character for septet, character in extension.items()}
        self._pair = re.compile("|".join(re.escape(pair) for pair in self._pairs))

    def decode(self, octets: bytes) -> Decoded:
        """Read unpacked septets, as `decode` says."""
        text, _ = codecs.charmap_decode(octets, "strict", self._basic)
        replaced = 0 if octets.isascii() else len(octets.translate(None, _SEVEN_BIT))
        if ESC in octets:
            text = self._pair.sub(lambda pair: self._pairs[pair[0]], text)
            replaced += text.count(_ESCAPE)
            text = text.replace(_ESCAPE, REPLACEMENT)
        return Decoded(text=text, replaced=replaced)


DEFAULT: Final = Tables(BASIC, EXTENSION)


def decode(octets: bytes, tables: Tables = DEFAULT) -> Decoded:
    """Read unpacked septets; never raises.

    An octet above 0x7F becomes `REPLACEMENT`. So does an ESC that starts no known pair; the octet behind it keeps its
    meaning in the basic table, which is what 23.038 asks of a handset.
    """
    return tables.decode(octets)


def encode(text: str) -> bytes:
    """Write unpacked septets, characters of the extension table as ESC pairs.

    Raises:
        UnicodeEncodeError: a character is in neither table.
    """
    try:
        octets = text.encode("latin-1").translate(_LATIN1_SEPTETS)
    except UnicodeEncodeError:
        pass  # Greek capitals and the euro sign are in the alphabet, yet not in Latin-1
    else:
        if _NO_SEPTET not in octets:
            return octets
    return codecs.charmap_encode(text, "strict", _ENCODING)[0]


def septets(text: str) -> int | None:
    """Count the septets of a text, two for each character of the extension table; None if it is not in the alphabet."""
    try:
        return len(encode(text))
    except UnicodeEncodeError:
        return None


def fill_bits(header_octets: int) -> int:
    """Bits between a user data header and the first septet (23.040, 9.2.3.24), 0 to 6.

    Args:
        header_octets: the whole header, its length octet included.
    """
    return -header_octets * 8 % 7


def pack(unpacked: bytes, fill: int = 0) -> bytes:
    """Pack septets, low bits first (23.038, 6.1.2.1), after `fill` zero bits."""
    packed = bytearray()
    bits, width = 0, fill
    for septet in unpacked:
        bits |= (septet & 0x7F) << width
        width += 7
        if width >= 8:
            packed.append(bits & 0xFF)
            bits >>= 8
            width -= 8
    if width:
        packed.append(bits)
    return bytes(packed)


def unpack(packed: bytes, fill: int = 0, count: int | None = None) -> bytes:
    """Unpack septets that follow `fill` bits; never raises.

    Args:
        packed: the octets behind the header.
        fill: as `fill_bits` says.
        count: how many septets, where it is known. SMPP counts octets only, so seven spare bits cannot be told from a
            last `@`; without a count they are taken for filling.
    """
    unpacked = bytearray()
    bits = width = 0
    for octet in packed:
        bits |= octet << width
        width += 8
        if fill:
            bits, width, fill = bits >> fill, width - fill, 0
        while width >= 7:
            unpacked.append(bits & 0x7F)
            bits >>= 7
            width -= 7
    if count is not None:
        return bytes(unpacked[:count])
    if unpacked and unpacked[-1] == 0 and width == 0:
        unpacked.pop()
    return bytes(unpacked)
