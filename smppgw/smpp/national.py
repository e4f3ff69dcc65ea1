"""National languages in the GSM alphabet (3GPP TS 23.038, annex A), as a user data header chooses them.

A locking shift puts other characters in the place of the basic table, a single shift other ones behind ESC. Which of
the two, and of which language, stands in the header of each part (23.040, 9.2.3.24.15 and .16). Turkish, Spanish and
Portuguese are here; of another language the septets would read as nonsense, so its messages are for the caller to
refuse.
"""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from smppgw.smpp import gsm7
from smppgw.smpp.gsm7 import BASIC, EXTENSION, Tables


class Language(IntEnum):
    """The national language identifiers that have a table here (23.038, 6.2.1.2.4)."""

    TURKISH = 1
    SPANISH = 2
    PORTUGUESE = 3


def _basic_but(changes: Mapping[int, str]) -> str:
    return "".join(changes.get(septet, character) for septet, character in enumerate(BASIC))


LOCKING: Final[Mapping[int, str]] = MappingProxyType({
    Language.TURKISH: _basic_but({
        0x04: "€", 0x07: "ı", 0x0B: "Ğ", 0x0C: "ğ", 0x1C: "Ş", 0x1D: "ş", 0x40: "İ", 0x60: "ç",
    }),
    Language.PORTUGUESE: _basic_but({
        0x04: "ê", 0x06: "ú", 0x07: "í", 0x08: "ó", 0x09: "ç", 0x0B: "Ô", 0x0C: "ô", 0x0E: "Á", 0x0F: "á",
        0x12: "ª", 0x13: "Ç", 0x14: "À", 0x15: "∞", 0x16: "^", 0x17: "\\", 0x18: "€", 0x19: "Ó", 0x1A: "|",
        0x1C: "Â", 0x1D: "â", 0x1E: "Ê", 0x24: "º", 0x40: "Í", 0x5B: "Ã", 0x5C: "Õ", 0x5D: "Ú", 0x60: "~",
        0x7B: "ã", 0x7C: "õ", 0x7D: "`",
    }),
})  # fmt: skip
"""Basic tables by language (A.3.1, A.3.3). Spanish has none: A.3.2 is void."""

SINGLE: Final[Mapping[int, Mapping[int, str]]] = MappingProxyType({
    Language.TURKISH: {
        **EXTENSION,
        0x47: "Ğ", 0x49: "İ", 0x53: "Ş", 0x63: "ç", 0x67: "ğ", 0x69: "ı", 0x73: "ş",
    },
    Language.SPANISH: {
        **EXTENSION,
        0x09: "ç", 0x41: "Á", 0x49: "Í", 0x4F: "Ó", 0x55: "Ú", 0x61: "á", 0x69: "í", 0x6F: "ó", 0x75: "ú",
    },
    Language.PORTUGUESE: {
        **EXTENSION,
        0x05: "ê", 0x09: "ç", 0x0B: "Ô", 0x0C: "ô", 0x0E: "Á", 0x0F: "á", 0x12: "Φ", 0x13: "Γ", 0x15: "Ω",
        0x16: "Π", 0x17: "Ψ", 0x18: "Σ", 0x19: "Θ", 0x1F: "Ê", 0x41: "À", 0x49: "Í", 0x4F: "Ó", 0x55: "Ú",
        0x5B: "Ã", 0x5C: "Õ", 0x61: "Â", 0x69: "í", 0x6F: "ó", 0x75: "ú", 0x7B: "ã", 0x7C: "õ", 0x7F: "â",
    },
})  # fmt: skip
"""Extension tables by language (A.2.1 to A.2.3)."""

_TABLES: Final = {
    (single, locking): Tables(basic, extension)
    for single, extension in ((None, EXTENSION), *SINGLE.items())
    for locking, basic in ((None, BASIC), *LOCKING.items())
}


def missing(single: int | None, locking: int | None) -> str | None:
    """Tell in words the table that is not here; None where all are.

    Args:
        single: the language of the single shift, None where there is none.
        locking: the language of the locking shift, None where there is none.
    """
    if single is not None and single not in SINGLE:
        return f"single shift table of language 0x{single:02X}"
    if locking is not None and locking not in LOCKING:
        return f"locking shift table of language 0x{locking:02X}"
    return None


def tables(single: int | None, locking: int | None) -> Tables:
    """Find the tables of a pair of shifts; the default ones where either is `missing`."""
    return _TABLES.get((single, locking), gsm7.DEFAULT)
