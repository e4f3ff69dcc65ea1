"""Optional parameters (TLVs), kept as raw octets in wire order.

Unknown and repeated ones are kept, because what this library does not know may matter to the peer (SMPP v3.4, 3.3).
Values are read only when somebody asks for them; only then a wrong length is a fault.
"""

from struct import Struct
from typing import Final, TypeAlias

from smppgw.smpp.consts import CommandStatus, Tag
from smppgw.smpp.errors import LocalProtocolError, RemoteProtocolError

Tlvs: TypeAlias = tuple[tuple[int, bytes], ...]
"""(tag, value) pairs in wire order."""

_HEAD: Final = Struct(">HH")

INTEGER_OCTETS: Final[dict[int, int]] = {
    Tag.DEST_ADDR_SUBUNIT: 1,
    Tag.DEST_NETWORK_TYPE: 1,
    Tag.DEST_BEARER_TYPE: 1,
    Tag.DEST_TELEMATICS_ID: 2,
    Tag.SOURCE_ADDR_SUBUNIT: 1,
    Tag.SOURCE_NETWORK_TYPE: 1,
    Tag.SOURCE_BEARER_TYPE: 1,
    Tag.SOURCE_TELEMATICS_ID: 1,
    Tag.QOS_TIME_TO_LIVE: 4,
    Tag.PAYLOAD_TYPE: 1,
    Tag.MS_MSG_WAIT_FACILITIES: 1,
    Tag.PRIVACY_INDICATOR: 1,
    Tag.USER_MESSAGE_REFERENCE: 2,
    Tag.USER_RESPONSE_CODE: 1,
    Tag.SOURCE_PORT: 2,
    Tag.DESTINATION_PORT: 2,
    Tag.SAR_MSG_REF_NUM: 2,
    Tag.LANGUAGE_INDICATOR: 1,
    Tag.SAR_TOTAL_SEGMENTS: 1,
    Tag.SAR_SEGMENT_SEQNUM: 1,
    Tag.SC_INTERFACE_VERSION: 1,
    Tag.CALLBACK_NUM_PRES_IND: 1,
    Tag.NUMBER_OF_MESSAGES: 1,
    Tag.DPF_RESULT: 1,
    Tag.SET_DPF: 1,
    Tag.MS_AVAILABILITY_STATUS: 1,
    Tag.DELIVERY_FAILURE_REASON: 1,
    Tag.MORE_MESSAGES_TO_SEND: 1,
    Tag.MESSAGE_STATE: 1,
    Tag.CONGESTION_STATE: 1,
    Tag.USSD_SERVICE_OP: 1,
    Tag.DISPLAY_TIME: 1,
    Tag.SMS_SIGNAL: 2,
    Tag.MS_VALIDITY: 1,
    Tag.ITS_REPLY_TYPE: 1,
    Tag.ITS_SESSION_INFO: 2,
}
"""Octets of every integer TLV (SMPP v3.4, 5.3.2)."""

TEXT_TAGS: Final[frozenset[int]] = frozenset({Tag.ADDITIONAL_STATUS_INFO_TEXT, Tag.RECEIPTED_MESSAGE_ID})
"""TLVs that are C-octet strings (SMPP v3.4, 5.3.2)."""


def decode(data: bytes, offset: int = 0) -> Tlvs:
    """Read TLVs from `offset` to the end of `data`.

    Raises:
        RemoteProtocolError: ESME_RINVOPTPARSTREAM when one to three octets are left over or a TLV is longer than the
            rest (SMPP v5.0, 4.7.6).
    """
    end = len(data)
    found = []
    while offset < end:
        if end - offset < _HEAD.size:
            raise RemoteProtocolError(CommandStatus.ESME_RINVOPTPARSTREAM, field="tlvs")
        tag, length = _HEAD.unpack_from(data, offset)
        offset += _HEAD.size
        if length > end - offset:
            raise RemoteProtocolError(CommandStatus.ESME_RINVOPTPARSTREAM, field=name(tag))
        found.append((tag, data[offset : offset + length]))
        offset += length
    return tuple(found)


def encode(tlvs: Tlvs) -> bytes:
    """Write TLVs in the given order.

    Raises:
        LocalProtocolError: A tag or a value does not fit into its two octets.
    """
    parts: list[bytes] = []
    for tag, value in tlvs:
        if not 0 <= tag <= 0xFFFF or len(value) > 0xFFFF:
            raise LocalProtocolError(f"TLV {name(tag)} with {len(value)} octets does not fit")
        parts += (_HEAD.pack(tag, len(value)), value)
    return b"".join(parts)


def get(tlvs: Tlvs, tag: int) -> bytes | None:
    """The raw value of the first TLV with this tag, or None."""
    for found, value in tlvs:
        if found == tag:
            return value
    return None


def integer(tlvs: Tlvs, tag: int) -> int | None:
    """The unsigned value of an integer TLV of the specification, or None where it is absent.

    Raises:
        RemoteProtocolError: ESME_RINVPARLEN when the length is not the one the specification gives.
    """
    value = get(tlvs, tag)
    if value is None:
        return None
    if len(value) != _octets(tag):
        raise RemoteProtocolError(CommandStatus.ESME_RINVPARLEN, field=name(tag))
    return int.from_bytes(value, "big")


def text(tlvs: Tlvs, tag: int) -> str | None:
    """A C-octet string TLV as text (Latin-1), or None where it is absent.

    Many peers leave out the closing NUL in a TLV, whose length is known anyway: both are read.
    """
    value = get(tlvs, tag)
    return None if value is None else value.partition(b"\0")[0].decode("latin-1")


def of_int(tag: int, value: int) -> tuple[int, bytes]:
    """An integer TLV, as many octets long as the specification says.

    Raises:
        LocalProtocolError: The value does not fit, or the tag is no integer.
    """
    try:
        return int(tag), value.to_bytes(_octets(tag), "big")
    except OverflowError as error:
        raise LocalProtocolError(f"TLV {name(tag)} cannot hold {value}") from error


def of_text(tag: int, value: str) -> tuple[int, bytes]:
    """A C-octet string TLV with its closing NUL.

    Raises:
        LocalProtocolError: The text is not Latin-1, or holds a NUL.
    """
    try:
        octets = value.encode("latin-1")
    except UnicodeEncodeError as error:
        raise LocalProtocolError(f"TLV {name(tag)} is not Latin-1") from error
    if b"\0" in octets:
        raise LocalProtocolError(f"TLV {name(tag)} holds a NUL")
    return int(tag), octets + b"\0"


def name(tag: int) -> str:
    """The name of a tag in the specification, or its number in hex."""
    try:
        return Tag(tag).name.lower()
    except ValueError:
        return f"0x{tag:04X}"


def _octets(tag: int) -> int:
    try:
        return INTEGER_OCTETS[tag]
    except KeyError:
        raise LocalProtocolError(f"TLV {name(tag)} is no integer of the specification") from None
