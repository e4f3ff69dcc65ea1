"""The PDUs of SMPP v3.4 as classes, and their octets.

Each class is its own field table: fields in wire order, named as in the specification and annotated with their kind.
`decode` reads what real peers send (reserved values, absent bodies of responses, Latin-1 in addresses) and refuses only
what cannot be understood; what a value means is for others to say.

PDUs are values and nobody changes one. They are not frozen only because the __init__ of a frozen dataclass costs more
than three times as much, and a PDU is made for every message.
"""

import struct
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Final, NamedTuple, TypeAlias

from smppgw.smpp import tlv
from smppgw.smpp.consts import RESPONSE_BIT, CommandId, CommandStatus
from smppgw.smpp.errors import LocalProtocolError, RemoteProtocolError
from smppgw.smpp.fields import (
    COctets,
    DestAddresses,
    DistributionList,
    Int,
    ShortMessage,
    SmeAddress,
    UnsuccessSme,
    UnsuccessSmes,
)
from smppgw.smpp.layout import Layout
from smppgw.smpp.tlv import Tlvs

HEADER_OCTETS: Final = 16
"""command_length, command_id, command_status and sequence_number (SMPP v3.4, 3.2)."""

_HEADER: Final = struct.Struct(">IIII")

Octet: TypeAlias = Annotated[int, Int(1)]
ServiceType: TypeAlias = Annotated[str, COctets(6, CommandStatus.ESME_RINVSERTYP)]
SourceAddr: TypeAlias = Annotated[str, COctets(21, CommandStatus.ESME_RINVSRCADR)]
LongSourceAddr: TypeAlias = Annotated[str, COctets(65, CommandStatus.ESME_RINVSRCADR)]
DestinationAddr: TypeAlias = Annotated[str, COctets(21, CommandStatus.ESME_RINVDSTADR)]
LongDestinationAddr: TypeAlias = Annotated[str, COctets(65, CommandStatus.ESME_RINVDSTADR)]
ScheduleTime: TypeAlias = Annotated[str, COctets(17, CommandStatus.ESME_RINVSCHED)]
ValidityPeriod: TypeAlias = Annotated[str, COctets(17, CommandStatus.ESME_RINVEXPIRY)]
FinalDate: TypeAlias = Annotated[str, COctets(17)]
Message: TypeAlias = Annotated[bytes, ShortMessage()]
ExternalMessageId: TypeAlias = Annotated[str, COctets(65, CommandStatus.ESME_RINVMSGID)]
SystemId: TypeAlias = Annotated[str, COctets(16, CommandStatus.ESME_RINVSYSID)]
Password: TypeAlias = Annotated[str, COctets(17, CommandStatus.ESME_RINVPASWD)]
"""The specification ends at 8 octets and a NUL; real systems have longer ones, so 16 are read."""
SystemType: TypeAlias = Annotated[str, COctets(13, CommandStatus.ESME_RINVSYSTYP)]
AddressRange: TypeAlias = Annotated[str, COctets(41)]


@dataclass(slots=True, kw_only=True)
class Pdu:
    """What all PDUs have. Texts, passwords and TLVs (which may hold texts) stay out of the repr and so out of logs."""

    command_id: ClassVar[CommandId]
    response: ClassVar["type[Pdu] | None"] = None
    """The class of the response; None where none is due."""
    sequence_number: int = 0
    command_status: int = 0
    """0 in requests; in responses a CommandStatus or a number of the peer's own."""
    tlvs: Tlvs = field(default=(), repr=False)


@dataclass(slots=True, kw_only=True)
class GenericNack(Pdu):
    """The answer to what has no response of its own (SMPP v3.4, 4.3)."""

    command_id = CommandId.GENERIC_NACK


@dataclass(slots=True, kw_only=True)
class _BindResp(Pdu):
    system_id: SystemId = ""


@dataclass(slots=True, kw_only=True)
class BindTransmitterResp(_BindResp):
    """SMPP v3.4, 4.1.2."""

    command_id = CommandId.BIND_TRANSMITTER_RESP


@dataclass(slots=True, kw_only=True)
class BindReceiverResp(_BindResp):
    """SMPP v3.4, 4.1.4."""

    command_id = CommandId.BIND_RECEIVER_RESP


@dataclass(slots=True, kw_only=True)
class BindTransceiverResp(_BindResp):
    """SMPP v3.4, 4.1.6."""

    command_id = CommandId.BIND_TRANSCEIVER_RESP


@dataclass(slots=True, kw_only=True)
class _Bind(Pdu):
    system_id: SystemId = ""
    password: Password = field(default="", repr=False)
    system_type: SystemType = ""
    interface_version: Octet = 0
    addr_ton: Octet = 0
    addr_npi: Octet = 0
    address_range: AddressRange = ""


@dataclass(slots=True, kw_only=True)
class BindTransmitter(_Bind):
    """SMPP v3.4, 4.1.1."""

    command_id = CommandId.BIND_TRANSMITTER
    response = BindTransmitterResp


@dataclass(slots=True, kw_only=True)
class BindReceiver(_Bind):
    """SMPP v3.4, 4.1.3."""

    command_id = CommandId.BIND_RECEIVER
    response = BindReceiverResp


@dataclass(slots=True, kw_only=True)
class BindTransceiver(_Bind):
    """SMPP v3.4, 4.1.5."""

    command_id = CommandId.BIND_TRANSCEIVER
    response = BindTransceiverResp


@dataclass(slots=True, kw_only=True)
class Outbind(Pdu):
    """SMPP v3.4, 4.1.7."""

    command_id = CommandId.OUTBIND
    system_id: SystemId = ""
    password: Password = field(default="", repr=False)


@dataclass(slots=True, kw_only=True)
class UnbindResp(Pdu):
    """SMPP v3.4, 4.2.2."""

    command_id = CommandId.UNBIND_RESP


@dataclass(slots=True, kw_only=True)
class Unbind(Pdu):
    """SMPP v3.4, 4.2.1."""

    command_id = CommandId.UNBIND
    response = UnbindResp


@dataclass(slots=True, kw_only=True)
class SubmitSmResp(Pdu):
    """SMPP v3.4, 4.4.2."""

    command_id = CommandId.SUBMIT_SM_RESP
    message_id: ExternalMessageId = ""


@dataclass(slots=True, kw_only=True)
class DeliverSmResp(Pdu):
    """SMPP v3.4, 4.6.2. Its message_id is unused and empty; some peers fill it, some leave it out."""

    command_id = CommandId.DELIVER_SM_RESP
    message_id: ExternalMessageId = ""


@dataclass(slots=True, kw_only=True)
class _ShortMessagePdu(Pdu):
    """submit_sm and deliver_sm have the same fields."""

    service_type: ServiceType = ""
    source_addr_ton: Octet = 0
    source_addr_npi: Octet = 0
    source_addr: SourceAddr = ""
    dest_addr_ton: Octet = 0
    dest_addr_npi: Octet = 0
    destination_addr: DestinationAddr = ""
    esm_class: Octet = 0
    protocol_id: Octet = 0
    priority_flag: Octet = 0
    schedule_delivery_time: ScheduleTime = ""
    validity_period: ValidityPeriod = ""
    registered_delivery: Octet = 0
    replace_if_present_flag: Octet = 0
    data_coding: Octet = 0
    sm_default_msg_id: Octet = 0
    short_message: Message = field(default=b"", repr=False)


@dataclass(slots=True, kw_only=True)
class SubmitSm(_ShortMessagePdu):
    """SMPP v3.4, 4.4.1."""

    command_id = CommandId.SUBMIT_SM
    response = SubmitSmResp


@dataclass(slots=True, kw_only=True)
class DeliverSm(_ShortMessagePdu):
    """SMPP v3.4, 4.6.1."""

    command_id = CommandId.DELIVER_SM
    response = DeliverSmResp


@dataclass(slots=True, kw_only=True)
class SubmitMultiResp(Pdu):
    """SMPP v3.4, 4.5.2."""

    command_id = CommandId.SUBMIT_MULTI_RESP
    message_id: ExternalMessageId = ""
    unsuccess_sme: Annotated[tuple[UnsuccessSme, ...], UnsuccessSmes()] = ()


@dataclass(slots=True, kw_only=True)
class SubmitMulti(Pdu):
    """SMPP v3.4, 4.5.1."""

    command_id = CommandId.SUBMIT_MULTI
    response = SubmitMultiResp
    service_type: ServiceType = ""
    source_addr_ton: Octet = 0
    source_addr_npi: Octet = 0
    source_addr: SourceAddr = ""
    dest_address: Annotated[tuple[SmeAddress | DistributionList, ...], DestAddresses()] = ()
    esm_class: Octet = 0
    protocol_id: Octet = 0
    priority_flag: Octet = 0
    schedule_delivery_time: ScheduleTime = ""
    validity_period: ValidityPeriod = ""
    registered_delivery: Octet = 0
    replace_if_present_flag: Octet = 0
    data_coding: Octet = 0
    sm_default_msg_id: Octet = 0
    short_message: Message = field(default=b"", repr=False)


@dataclass(slots=True, kw_only=True)
class DataSmResp(Pdu):
    """SMPP v3.4, 4.7.2."""

    command_id = CommandId.DATA_SM_RESP
    message_id: ExternalMessageId = ""


@dataclass(slots=True, kw_only=True)
class DataSm(Pdu):
    """SMPP v3.4, 4.7.1."""

    command_id = CommandId.DATA_SM
    response = DataSmResp
    service_type: ServiceType = ""
    source_addr_ton: Octet = 0
    source_addr_npi: Octet = 0
    source_addr: LongSourceAddr = ""
    dest_addr_ton: Octet = 0
    dest_addr_npi: Octet = 0
    destination_addr: LongDestinationAddr = ""
    esm_class: Octet = 0
    registered_delivery: Octet = 0
    data_coding: Octet = 0


@dataclass(slots=True, kw_only=True)
class QuerySmResp(Pdu):
    """SMPP v3.4, 4.8.2."""

    command_id = CommandId.QUERY_SM_RESP
    message_id: ExternalMessageId = ""
    final_date: FinalDate = ""
    message_state: Octet = 0
    error_code: Octet = 0


@dataclass(slots=True, kw_only=True)
class QuerySm(Pdu):
    """SMPP v3.4, 4.8.1."""

    command_id = CommandId.QUERY_SM
    response = QuerySmResp
    message_id: ExternalMessageId = ""
    source_addr_ton: Octet = 0
    source_addr_npi: Octet = 0
    source_addr: SourceAddr = ""


@dataclass(slots=True, kw_only=True)
class CancelSmResp(Pdu):
    """SMPP v3.4, 4.9.2."""

    command_id = CommandId.CANCEL_SM_RESP


@dataclass(slots=True, kw_only=True)
class CancelSm(Pdu):
    """SMPP v3.4, 4.9.1."""

    command_id = CommandId.CANCEL_SM
    response = CancelSmResp
    service_type: ServiceType = ""
    message_id: ExternalMessageId = ""
    source_addr_ton: Octet = 0
    source_addr_npi: Octet = 0
    source_addr: SourceAddr = ""
    dest_addr_ton: Octet = 0
    dest_addr_npi: Octet = 0
    destination_addr: DestinationAddr = ""


@dataclass(slots=True, kw_only=True)
class ReplaceSmResp(Pdu):
    """SMPP v3.4, 4.10.2."""

    command_id = CommandId.REPLACE_SM_RESP


@dataclass(slots=True, kw_only=True)
class ReplaceSm(Pdu):
    """SMPP v3.4, 4.10.1."""

    command_id = CommandId.REPLACE_SM
    response = ReplaceSmResp
    message_id: ExternalMessageId = ""
    source_addr_ton: Octet = 0
    source_addr_npi: Octet = 0
    source_addr: SourceAddr = ""
    schedule_delivery_time: ScheduleTime = ""
    validity_period: ValidityPeriod = ""
    registered_delivery: Octet = 0
    sm_default_msg_id: Octet = 0
    short_message: Message = field(default=b"", repr=False)


@dataclass(slots=True, kw_only=True)
class EnquireLinkResp(Pdu):
    """SMPP v3.4, 4.11.2."""

    command_id = CommandId.ENQUIRE_LINK_RESP


@dataclass(slots=True, kw_only=True)
class EnquireLink(Pdu):
    """SMPP v3.4, 4.11.1."""

    command_id = CommandId.ENQUIRE_LINK
    response = EnquireLinkResp


@dataclass(slots=True, kw_only=True)
class AlertNotification(Pdu):
    """SMPP v3.4, 4.12.1."""

    command_id = CommandId.ALERT_NOTIFICATION
    source_addr_ton: Octet = 0
    source_addr_npi: Octet = 0
    source_addr: LongSourceAddr = ""
    esme_addr_ton: Octet = 0
    esme_addr_npi: Octet = 0
    esme_addr: LongDestinationAddr = ""


CLASSES: Final[dict[int, type[Pdu]]] = {
    one.command_id: one
    for one in (
        *(BindTransmitter, BindTransmitterResp, BindReceiver, BindReceiverResp, BindTransceiver, BindTransceiverResp),
        *(Outbind, Unbind, UnbindResp, EnquireLink, EnquireLinkResp, AlertNotification, GenericNack),
        *(SubmitSm, SubmitSmResp, SubmitMulti, SubmitMultiResp, DataSm, DataSmResp, DeliverSm, DeliverSmResp),
        *(QuerySm, QuerySmResp, CancelSm, CancelSmResp, ReplaceSm, ReplaceSmResp),
    )
}
"""The class of every command_id that SMPP v3.4 knows."""

LAYOUTS: Final[dict[int, Layout]] = {command_id: Layout.of(one) for command_id, one in CLASSES.items()}
"""The mandatory fields of every command_id."""

_KNOWN: Final = {command_id: (one, LAYOUTS[command_id]) for command_id, one in CLASSES.items()}


class Header(NamedTuple):
    """The first 16 octets of a frame."""

    command_length: int
    command_id: int
    command_status: int
    sequence_number: int


def header(frame: bytes) -> Header:
    """The header alone, for who must judge a PDU before its body is read (a session before its bind).

    Raises:
        RemoteProtocolError: ESME_RINVCMDLEN when there are fewer than 16 octets.
    """
    if len(frame) < HEADER_OCTETS:
        raise RemoteProtocolError(CommandStatus.ESME_RINVCMDLEN, field="command_length")
    return Header._make(_HEADER.unpack_from(frame))


def decode(frame: bytes) -> Pdu:
    """Read one whole frame.

    Raises:
        RemoteProtocolError: With the status the fault deserves, and the command_id and sequence_number it came with.
    """
    if len(frame) < HEADER_OCTETS:
        raise RemoteProtocolError(CommandStatus.ESME_RINVCMDLEN, field="command_length")
    command_length, command_id, command_status, sequence_number = _HEADER.unpack_from(frame)
    known = _KNOWN.get(command_id)
    if known is None:
        raise RemoteProtocolError(CommandStatus.ESME_RINVCMDID, command_id, sequence_number, field="command_id")
    if command_length != len(frame):
        raise RemoteProtocolError(CommandStatus.ESME_RINVCMDLEN, command_id, sequence_number, field="command_length")
    pdu_class, layout = known
    try:
        fields, tlvs = _read_body(layout, frame, command_id, command_status)
    except RemoteProtocolError as error:
        raise RemoteProtocolError(error.status, command_id, sequence_number, field=error.field) from None
    return pdu_class(sequence_number=sequence_number, command_status=command_status, tlvs=tlvs, **fields)


def encode(pdu: Pdu) -> bytes:
    """Write one frame. A response with an error status has no body (SMPP v3.4, 4.x), whatever its fields say.

    Raises:
        LocalProtocolError: A field does not fit.
    """
    command_id, command_status = pdu.command_id, pdu.command_status
    if command_status and command_id & RESPONSE_BIT:
        body = b""
    else:
        body = LAYOUTS[command_id].write(pdu)
        if pdu.tlvs:
            body += tlv.encode(pdu.tlvs)
    try:
        return _HEADER.pack(HEADER_OCTETS + len(body), command_id, command_status, pdu.sequence_number) + body
    except struct.error as error:
        raise LocalProtocolError(f"{type(pdu).__name__}: a header field does not fit: {error}") from error


def respond(request: Pdu, status: int) -> Pdu:
    """The response to a request: same sequence_number, this status, all fields empty.

    Raises:
        LocalProtocolError: The PDU is a response itself, or one that is never answered.
    """
    if request.response is None:
        raise LocalProtocolError(f"{type(request).__name__} has no response")
    return request.response(sequence_number=request.sequence_number, command_status=status)


def _read_body(layout: Layout, frame: bytes, command_id: int, command_status: int) -> tuple[dict[str, Any], Tlvs]:
    """The fields and TLVs. Responses may lack their body; what an error response says beyond its status is a bonus."""
    if len(frame) == HEADER_OCTETS and command_id & RESPONSE_BIT:
        return {}, ()
    try:
        fields, offset = layout.read(frame, HEADER_OCTETS)
        return fields, tlv.decode(frame, offset) if offset < len(frame) else ()
    except RemoteProtocolError:
        if command_status and command_id & RESPONSE_BIT:
            return {}, ()
        raise
