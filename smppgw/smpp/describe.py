"""A PDU in words, field by field, for people who stare at hex.

It reads what `pdu` reads, but goes on as far as it can and says what is wrong instead of refusing. It never prints, and
it never shows a password.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from smppgw.smpp import meanings, tlv
from smppgw.smpp.consts import ESM_CLASS_UDHI, MAX_SEQUENCE_NUMBER, RESPONSE_BIT, CommandId, CommandStatus, Tag
from smppgw.smpp.errors import RemoteProtocolError
from smppgw.smpp.fields import COctets, Kind, ShortMessage
from smppgw.smpp.meanings import Meaning
from smppgw.smpp.pdu import HEADER_OCTETS, LAYOUTS, Header, header

_SAR_TAGS: Final = frozenset({Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One field of a PDU."""

    field: str
    """Its name in the specification."""
    raw: bytes
    """Its octets; none for a password."""
    meaning: str
    warning: str = ""
    """What is wrong or odd about it; empty where nothing is."""


def describe(frame: bytes) -> list[Line]:
    """Tell what the octets of one PDU say; of any octets whatever, without raising."""
    return list(_lines(frame))


def _lines(frame: bytes) -> Iterator[Line]:
    if len(frame) < HEADER_OCTETS:
        yield Line(field="header", raw=frame, meaning="", warning=f"{len(frame)} octets; a header has {HEADER_OCTETS}")
        return
    head = header(frame)
    yield from _header(frame, head)
    end = min(max(head.command_length, HEADER_OCTETS), len(frame))
    yield from _body(frame[:end], head)
    if end < len(frame):
        yield Line(field="trailing octets", raw=frame[end:], meaning="", warning="behind the end of the PDU")


def _header(frame: bytes, head: Header) -> Iterator[Line]:
    for index, (name, meaning) in enumerate(
        (
            ("command_length", _length(head.command_length, len(frame))),
            ("command_id", _command(head.command_id)),
            ("command_status", _status(head)),
            ("sequence_number", _sequence_number(head.sequence_number)),
        )
    ):
        yield _line(name, frame[4 * index : 4 * index + 4], meaning)


def _length(length: int, have: int) -> Meaning:
    words = f"{length} octets"
    if length < HEADER_OCTETS:
        return Meaning(words=words, warning="shorter than a header: the stream cannot be framed any more")
    return Meaning(words=words, warning="" if length == have else f"here are {have}")


def _command(command_id: int) -> Meaning:
    if command_id in LAYOUTS:
        return Meaning(words=CommandId(command_id).name.lower())
    return Meaning(words="unknown", warning="no command of SMPP 3.4: answered with a generic_nack, ESME_RINVCMDID")


def _status(head: Header) -> Meaning:
    meaning = meanings.status(head.command_status)
    if head.command_status and not head.command_id & RESPONSE_BIT:
        return Meaning(words=meaning.words, warning="not 0 in a request")
    return meaning


def _sequence_number(number: int) -> Meaning:
    legal = 1 <= number <= MAX_SEQUENCE_NUMBER
    return Meaning(words=str(number), warning="" if legal else "not between 1 and 0x7FFFFFFF")


def _body(frame: bytes, head: Header) -> Iterator[Line]:
    layout = LAYOUTS.get(head.command_id)
    if layout is None:
        if len(frame) > HEADER_OCTETS:
            yield Line(field="body", raw=frame[HEADER_OCTETS:], meaning="of an unknown command")
        return
    if len(frame) == HEADER_OCTETS and head.command_id & RESPONSE_BIT:
        return
    values: dict[str, Any] = {}
    offset = HEADER_OCTETS
    for name, kind in layout.fields:
        try:
            values[name], after = kind.read(frame, offset)
        except RemoteProtocolError as error:
            rest = frame[offset:]
            warning = _refusal(kind, rest, error.status)
            yield Line(field=name, raw=b"" if name == "password" else rest, meaning="", warning=warning)
            return
        yield from _field(name, kind, frame[offset:after], values)
        offset = after
    yield from _tlvs(frame, offset, values)


def _refusal(kind: Kind, rest: bytes, status: CommandStatus) -> str:
    match kind:
        case ShortMessage() if rest:
            reason = f"sm_length says {rest[0]} octets, {len(rest) - 1} are left"
        case COctets() if rest:
            reason = f"no closing NUL within {min(len(rest), kind.max_octets)} octets"
        case _ if rest:
            reason = "malformed"
        case _:
            reason = "missing"
    return f"{reason}: {status.name}"


def _field(name: str, kind: Kind, raw: bytes, values: Mapping[str, Any]) -> Iterator[Line]:
    value = values[name]
    if isinstance(kind, ShortMessage):
        yield Line(field="sm_length", raw=raw[:1], meaning=f"{len(value)} octets", warning=_sm_length_warning(value))
        yield _line(name, raw[1:], _user_data(value, values))
    elif name == "password":
        yield Line(field=name, raw=b"", meaning=f"{len(value)} octets, not shown", warning=_password_warning(value))
    else:
        yield _line(name, raw, meanings.FIELDS.get(name, meanings.plain)(value))


def _sm_length_warning(short_message: bytes) -> str:
    return "" if len(short_message) <= 254 else "the specification ends at 254"  # SMPP v3.4, 5.2.21


def _password_warning(password: str) -> str:
    return "" if len(password) <= 8 else "the specification ends at 8 octets"  # SMPP v3.4, 5.2.2


def _user_data(octets: bytes, values: Mapping[str, Any]) -> Meaning:
    has_header = bool(values.get("esm_class", 0) & ESM_CLASS_UDHI) and bool(octets)
    return meanings.user_data(octets, values.get("data_coding", 0), has_header=has_header)


def _tlvs(frame: bytes, offset: int, values: Mapping[str, Any]) -> Iterator[Line]:
    while offset < len(frame):
        after = offset + 4 + int.from_bytes(frame[offset + 2 : offset + 4], "big")
        raw = frame[offset:after]
        try:
            ((tag, value),) = tlv.decode(raw)
        except RemoteProtocolError as error:
            yield Line(field="tlvs", raw=frame[offset:], meaning="", warning=f"no whole TLV: {error.status.name}")
            return
        yield _line(tlv.name(tag), raw, _tlv(tag, value, values))
        offset = after


def _tlv(tag: int, value: bytes, values: Mapping[str, Any]) -> Meaning:
    if tag == Tag.MESSAGE_PAYLOAD:
        payload = _user_data(value, values)
        both = "beside a short_message: ESME_RINVMSGLEN" if values.get("short_message") else payload.warning
        return Meaning(words=payload.words, warning=both)
    meaning = _value(tag, value)
    if tag in _SAR_TAGS and values.get("esm_class", 0) & ESM_CLASS_UDHI:
        return Meaning(words=meaning.words, warning="beside a user data header: ESME_RINVESMCLASS")
    return meaning


def _value(tag: int, value: bytes) -> Meaning:
    if tag in tlv.INTEGER_OCTETS:
        return _integer(tag, value)
    if tag in tlv.TEXT_TAGS:
        warning = "" if value.endswith(b"\0") else "no closing NUL"
        return Meaning(words=repr(tlv.text(((tag, value),), tag)), warning=warning)
    if tag in meanings.RAW_TAGS:
        return meanings.RAW_TAGS[tag](value)
    known = tag in Tag._value2member_map_
    return Meaning(words=f"{len(value)} octets", warning="" if known else "an unknown TLV: ignored")


def _integer(tag: int, value: bytes) -> Meaning:
    try:
        number = tlv.integer(((tag, value),), tag)
    except RemoteProtocolError as error:
        wanted = tlv.INTEGER_OCTETS[tag]
        return Meaning(words="", warning=f"{len(value)} octets instead of {wanted}: {error.status.name}")
    return meanings.TAGS.get(tag, meanings.plain)(number)


def _line(name: str, raw: bytes, meaning: Meaning) -> Line:
    return Line(field=name, raw=raw, meaning=meaning.words, warning=meaning.warning)
