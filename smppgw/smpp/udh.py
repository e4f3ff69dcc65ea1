"""The user data header at the head of a short message (3GPP TS 23.040, 9.2.3.24), and sar_* beside it.

Readers that look for concatenation at a fixed place take port addressing for it; here the list of elements is walked.
Elements nobody here knows are kept as octets. This module does not join parts: it says which part one is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

Elements: TypeAlias = tuple[tuple[int, bytes], ...]
"""(information element identifier, data) pairs in wire order."""

CONCATENATION_8: Final = 0x00
CONCATENATION_16: Final = 0x08
PORTS_8: Final = 0x04
PORTS_16: Final = 0x05
SINGLE_SHIFT: Final = 0x24
LOCKING_SHIFT: Final = 0x25

_CONCATENATION_OCTETS: Final = {CONCATENATION_8: 3, CONCATENATION_16: 4}
_PORTS_OCTETS: Final = {PORTS_8: 2, PORTS_16: 4}
_SINGLE_SHIFT_OCTETS: Final = {SINGLE_SHIFT: 1}
_LOCKING_SHIFT_OCTETS: Final = {LOCKING_SHIFT: 1}


class UdhError(ValueError):
    """A header, or a part number, that cannot be; the text says why. A session answers ESME_RINVESMCLASS (0x43)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Which part of which text a segment is.

    Raises:
        UdhError: there is no such part.
    """

    reference: int
    """Chosen by the sender: 8 or 16 bits."""
    total: int
    """1 to 255."""
    number: int
    """1 to `total`."""

    def __post_init__(self) -> None:
        if not (0 <= self.reference <= 0xFFFF and 1 <= self.number <= self.total <= 0xFF):
            raise UdhError(f"part {self.number} of {self.total}, reference {self.reference}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Application port addressing: the message is for a program, not for a reader."""

    destination: int
    source: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Udh:
    """A header as read; what it says about parts, ports and languages has been checked for its shape."""

    octets: int
    """How long the header was, its length octet included."""
    elements: Elements
    """All of them, the known ones too."""
    concatenation: Part | None
    ports: Ports | None
    single_shift: int | None
    """National language identifier of the characters behind ESC (9.2.3.24.15)."""
    locking_shift: int | None
    """National language identifier of all other characters (9.2.3.24.16)."""


def parse(octets: bytes) -> tuple[Udh, bytes]:
    """Split a short message with the UDHI bit into its header and the rest.

    Raises:
        UdhError: the header or an element is longer than what it lies in, or a known element is malformed.
    """
    if not octets:
        raise UdhError("no header where esm_class announces one")
    end = 1 + octets[0]
    if end > len(octets):
        raise UdhError(f"a header of {end} octets in a message of {len(octets)}")
    elements = _elements(octets[1:end])
    udh = Udh(
        octets=end,
        elements=elements,
        concatenation=_concatenation(elements),
        ports=_ports(elements),
        single_shift=_language(elements, _SINGLE_SHIFT_OCTETS),
        locking_shift=_language(elements, _LOCKING_SHIFT_OCTETS),
    )
    return udh, octets[end:]


def _elements(header: bytes) -> Elements:
    elements = []
    offset = 0
    while offset < len(header):
        iei, *length = header[offset : offset + 2]
        data_at = offset + 2
        if not length or data_at + length[0] > len(header):
            raise UdhError(f"element 0x{iei:02X} runs past the header")
        offset = data_at + length[0]
        elements.append((iei, header[data_at:offset]))
    return tuple(elements)


def _concatenation(elements: Elements) -> Part | None:
    found = _last(elements, _CONCATENATION_OCTETS)
    if found is None:
        return None
    *reference, total, number = found
    return Part(reference=int.from_bytes(reference, "big"), total=total, number=number)


def _ports(elements: Elements) -> Ports | None:
    found = _last(elements, _PORTS_OCTETS)
    if found is None:
        return None
    half = len(found) // 2
    return Ports(destination=int.from_bytes(found[:half], "big"), source=int.from_bytes(found[half:], "big"))


def _language(elements: Elements, lengths: dict[int, int]) -> int | None:
    found = _last(elements, lengths)
    return None if found is None else found[0]


def _last(elements: Elements, lengths: dict[int, int]) -> bytes | None:
    """Find the last element of a kind: of repeated or exclusive elements the last one counts (23.040, 9.2.3.24)."""
    for iei, data in reversed(elements):
        if iei in lengths:
            if len(data) != lengths[iei]:
                raise UdhError(f"element 0x{iei:02X} of {len(data)} octets, not {lengths[iei]}")
            return data
    return None


def encode(elements: Iterable[tuple[int, bytes]]) -> bytes:
    """Write a header with its length octet.

    Raises:
        UdhError: an element or the whole is longer than 255 octets.
    """
    try:
        header = b"".join(bytes((iei, len(data))) + data for iei, data in elements)
        return bytes((len(header),)) + header
    except ValueError as error:
        raise UdhError("a header of more than 255 octets") from error


def of_part(reference: int, total: int, number: int, *, wide: bool = False) -> Elements:
    """Build the one element that says which part this is, ready for `encode`.

    Args:
        reference: 0 to 255, or to 65535 where `wide`.
        total: 1 to 255.
        number: 1 to `total`.
        wide: use the 16-bit reference.

    Raises:
        UdhError: there is no such part, or the reference does not fit.
    """
    part = Part(reference=reference, total=total, number=number)
    iei, octets = (CONCATENATION_16, 2) if wide else (CONCATENATION_8, 1)
    if reference >= 1 << 8 * octets:
        raise UdhError(f"reference {reference} does not fit in {octets} octets")
    return ((iei, part.reference.to_bytes(octets, "big") + bytes((part.total, part.number))),)


def of_sar(reference: int | None, total: int | None, number: int | None) -> Part | None:
    """Build a part from sar_msg_ref_num, sar_total_segments and sar_segment_seqnum.

    Where one of the three is missing the others are to be ignored (SMPP 3.4, 5.3.2.22 to 24): None.

    Raises:
        UdhError: there is no such part. A session answers ESME_RINVOPTPARAMVAL (0xC4) here.
    """
    if reference is None or total is None or number is None:
        return None
    return Part(reference=reference, total=total, number=number)
