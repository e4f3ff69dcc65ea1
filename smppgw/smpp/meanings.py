"""What the values of fields and TLVs mean, in words, and which values are odd.

Tables for `describe`; nothing else reads them. A reserved value is a warning, never a refusal (SMPP v3.4, 3.3).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from smppgw.smpp import consts, national, text, udh
from smppgw.smpp.consts import CommandStatus, DataCoding, MessageState, Npi, Tag, Ton
from smppgw.smpp.national import Language
from smppgw.smpp.text import Alphabet

RESERVED: Final = "a reserved value"

_ALPHABETS: Final = text.alphabets(Alphabet.GSM7)
_STATUS_VENDOR: Final = range(0x400, 0x500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """A value in words."""

    words: str
    warning: str = ""
    """Why it is odd; empty where it is not."""


def plain(value: object) -> Meaning:
    """A value that says what it is."""
    return Meaning(words=repr(value) if isinstance(value, str) else str(value))


def status(value: int) -> Meaning:
    """A command_status (SMPP v3.4, 5.1.3)."""
    if value in _STATUS_VENDOR:
        return Meaning(words="a status of the vendor's own")
    return _named(CommandStatus)(value)


def user_data(octets: bytes, data_coding: int, *, has_header: bool) -> Meaning:
    """A short_message or message_payload, with its user data header where esm_class announces one."""
    if not has_header:
        return _text(octets, data_coding)
    try:
        header, rest = udh.parse(octets)
    except udh.UdhError as error:
        return Meaning(words=f"{len(octets)} octets", warning=f"user data header: {error}")
    message = _text(rest, data_coding, header)
    missing = national.missing(header.single_shift, header.locking_shift)
    warning = message.warning if missing is None else f"no {missing} here: ESME_RSUBMITFAIL"
    return Meaning(words=f"user data header ({_header(header)}); {message.words}", warning=warning)


def _header(header: udh.Udh) -> str:
    part, ports, single, locking = header.concatenation, header.ports, header.single_shift, header.locking_shift
    words = _joined(
        (
            "" if part is None else f"part {part.number} of {part.total}, reference {part.reference}",
            "" if ports is None else f"to port {ports.destination} from port {ports.source}",
            "" if single is None else f"single shift to {_language(single)}",
            "" if locking is None else f"locking shift to {_language(locking)}",
        )
    )
    return words or ", ".join(f"element 0x{identifier:02X}" for identifier, _ in header.elements)


def _language(identifier: int) -> str:
    known = identifier in Language._value2member_map_
    return Language(identifier).name.capitalize() if known else f"language 0x{identifier:02X}"


def _text(octets: bytes, data_coding: int, header: udh.Udh | None = None) -> Meaning:
    alphabet = _ALPHABETS[data_coding]
    if alphabet is None or alphabet is Alphabet.BINARY:
        return Meaning(words=f"{len(octets)} octets, no text")
    decoded = text.decode(octets, alphabet, header)
    warning = f"{decoded.replaced} octets or units have no meaning in {alphabet}" if decoded.replaced else ""
    return Meaning(words=f"{len(octets)} octets {alphabet}: {decoded.text!r}", warning=warning)


def _named(numbers: type[IntEnum]) -> Callable[[int], Meaning]:
    def meaning(value: int) -> Meaning:
        try:
            return Meaning(words=numbers(value).name)
        except ValueError:
            return Meaning(words=str(value), warning=RESERVED)

    return meaning


def _one_of(words: dict[int, str]) -> Callable[[int], Meaning]:
    def meaning(value: int) -> Meaning:
        return Meaning(words=words[value]) if value in words else Meaning(words=str(value), warning=RESERVED)

    return meaning


def _interface_version(value: int) -> Meaning:
    if value in (consts.VERSION_3_4, consts.VERSION_5_0):
        return Meaning(words=f"SMPP {value >> 4}.{value & 0xF}")
    if value < consts.VERSION_3_4:
        return Meaning(words="SMPP 3.3 or earlier: no TLVs for this peer")
    return Meaning(words=f"0x{value:02X}", warning=RESERVED)


def _joined(words: Iterable[str]) -> str:
    return ", ".join(word for word in words if word)


_MODES: Final = {1: "datagram mode", 2: "forward mode", 3: "store and forward mode"}
_TYPES: Final = {
    0: "message",
    consts.ESM_CLASS_DELIVERY_RECEIPT: "delivery receipt",
    consts.ESM_CLASS_DELIVERY_ACK: "delivery acknowledgement",
    consts.ESM_CLASS_USER_ACK: "user acknowledgement",
    consts.ESM_CLASS_CONVERSATION_ABORT: "conversation abort",
    consts.ESM_CLASS_INTERMEDIATE_NOTIFICATION: "intermediate notification",
}


def _esm_class(value: int) -> Meaning:
    kind = value & consts.ESM_CLASS_TYPE_MASK
    words = _joined(
        (
            _TYPES.get(kind, f"type 0x{kind:02X}"),
            _MODES.get(value & consts.ESM_CLASS_MODE_MASK, ""),
            "user data header" if value & consts.ESM_CLASS_UDHI else "",
            "reply path" if value & consts.ESM_CLASS_REPLY_PATH else "",
        )
    )
    return Meaning(words=words, warning="" if kind in _TYPES else RESERVED)


_RECEIPTS: Final = ("no receipt", "receipt", "receipt on failure only", "receipt on success only (SMPP 5.0)")


def _registered_delivery(value: int) -> Meaning:
    words = _joined(
        (
            _RECEIPTS[value & consts.REGISTERED_DELIVERY_RECEIPT_MASK],
            "acknowledgement by the recipient" if value & consts.REGISTERED_DELIVERY_ACK_MASK else "",
            "intermediate notification" if value & consts.REGISTERED_DELIVERY_INTERMEDIATE else "",
        )
    )
    return Meaning(words=words, warning=RESERVED if value & 0b1110_0000 else "")


def _data_coding(value: int) -> Meaning:
    if value in DataCoding._value2member_map_:
        return Meaning(words=DataCoding(value).name)
    alphabet = _ALPHABETS[value]
    message_class = text.message_class(value)
    words = _joined((str(alphabet or "no text"), f"class {message_class}" if message_class is not None else ""))
    return Meaning(words=f"GSM 03.38 group: {words}", warning="" if alphabet else "no alphabet that is known here")


_ton = _named(Ton)
_npi = _named(Npi)
_PRIORITIES: Final = {0: "bulk", 1: "normal", 2: "urgent", 3: "very urgent"}
_REPLACE: Final = {0: "do not replace", 1: "replace"}
_FLAG: Final = {0: "not set", 1: "set"}
_AVAILABILITY: Final = {0: "available", 1: "denied", 2: "unavailable"}
_NETWORKS: Final = {1: "ANSI-136", 2: "IS-95", 3: "GSM", 4: "reserved"}

FIELDS: Final[dict[str, Callable[[int], Meaning]]] = {
    "source_addr_ton": _ton,
    "dest_addr_ton": _ton,
    "esme_addr_ton": _ton,
    "addr_ton": _ton,
    "source_addr_npi": _npi,
    "dest_addr_npi": _npi,
    "esme_addr_npi": _npi,
    "addr_npi": _npi,
    "interface_version": _interface_version,
    "esm_class": _esm_class,
    "priority_flag": _one_of(_PRIORITIES),
    "registered_delivery": _registered_delivery,
    "replace_if_present_flag": _one_of(_REPLACE),
    "data_coding": _data_coding,
    "message_state": _named(MessageState),
}
"""The fields whose numbers have words."""


def _network_error_code(octets: bytes) -> Meaning:
    if len(octets) != 3:  # network type and two octets of code (SMPP v3.4, 5.3.2.31)
        return Meaning(words=f"{len(octets)} octets", warning="has 3 octets in the specification")
    return Meaning(
        words=f"{_NETWORKS.get(octets[0], f'network {octets[0]}')}, code {int.from_bytes(octets[1:], 'big')}"
    )


TAGS: Final[dict[int, Callable[[Any], Meaning]]] = {
    Tag.MESSAGE_STATE: _named(MessageState),
    Tag.SC_INTERFACE_VERSION: _interface_version,
    Tag.SET_DPF: _one_of(_FLAG),
    Tag.DPF_RESULT: _one_of(_FLAG),
    Tag.MS_AVAILABILITY_STATUS: _one_of(_AVAILABILITY),
}
"""The integer TLVs whose numbers have words."""

RAW_TAGS: Final[dict[int, Callable[[bytes], Meaning]]] = {Tag.NETWORK_ERROR_CODE: _network_error_code}
"""The other TLVs that have words."""
