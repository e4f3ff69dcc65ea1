"""Between the vocabulary of SMPP and that of the gateway: submit_sm to a draft, what is owed to deliver_sm. Pure.

The one place where both meet. What cannot be translated faithfully is refused with the status of its field
(reference: SMPP v3.4, 5.1.3; 5.0, 4.7.6): a binary message is not text, and half a header is no header.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from smppgw.core import numbers
from smppgw.core.classes import classify
from smppgw.core.model import Address, Outgoing, OutgoingKind, Part, TrafficClass
from smppgw.core.numbers import NumberFault
from smppgw.core.operations import Original
from smppgw.core.optout import Wish
from smppgw.core.screening import Kind
from smppgw.core.verdict import Inbound
from smppgw.smpp import gsm7, national, receipt, text, times, tlv, udh
from smppgw.smpp.consts import (
    ESM_CLASS_DELIVERY_RECEIPT,
    ESM_CLASS_INTERMEDIATE_NOTIFICATION,
    ESM_CLASS_TYPE_MASK,
    ESM_CLASS_UDHI,
    CommandStatus,
    DataCoding,
    MessageState,
    Npi,
    Tag,
    Ton,
)
from smppgw.smpp.errors import RemoteProtocolError
from smppgw.smpp.fields import DistributionList, SmeAddress
from smppgw.smpp.pdu import AlertNotification, DataSm, DeliverSm, ReplaceSm, SubmitSm
from smppgw.smpp.receipt import Dialect, Receipt
from smppgw.smpp.text import Alphabet, Decoded
from smppgw.smpp.times import TimeError
from smppgw.smpp.udh import Udh, UdhError
from smppgw.store.base import InboundText
from smppgw.workers.policy import AccountPolicy

MAX_PARTS: Final = 20
"""SMS per text; more than any of the carriers takes (Retarus ``maxParts``)."""
_HIGHEST_PRIORITY: Final = 3
_HIGHEST_REPLACE_FLAG: Final = 1
_SMPP_5_0: Final = 0x50
_VENDOR_TAGS: Final = range(0x1400, 0x4000)
_FLASH: Final = 0
_AVAILABLE: Final = 0
"""ms_availability_status (SMPP v3.4, 5.3.2.30)."""
_TEXT_ELEMENTS: Final = frozenset({udh.CONCATENATION_8, udh.CONCATENATION_16, udh.SINGLE_SHIFT, udh.LOCKING_SHIFT})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused: the status that is answered, and words for log and trace."""

    status: int
    """A command_status; also one of a vendor's own, 0x400 to 0x4FF, where a rule says so."""
    reason: str
    kind: Kind | None = None
    """What kept it back, where that was a screen."""


_STATUS_NAMES: Final = {status.value: status.name for status in CommandStatus}


def status_name(status: int) -> str:
    """Name a command_status for log and metrics."""
    return _STATUS_NAMES.get(status, f"0x{status:08X}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A submit_sm, understood: what is missing is a number, an id and a route."""

    source: Address
    sender: str
    sender_is_number: bool
    destination: Address
    recipient: str
    country: str
    text: str
    parts: int
    replaced: int
    """Octets that meant nothing in their alphabet and became a replacement."""
    part: Part | None
    flash: bool
    schedule_at: float | None
    expires_at: float
    user_message_reference: int | None
    vendor_tlvs: bytes
    traffic_class: TrafficClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """A replace_sm, understood: what the waiting text becomes."""

    text: str
    parts: int
    replaced: int
    """As in a draft."""
    schedule_at: float | None
    expires_at: float


class _Refused(Exception):  # noqa: N818 - it leaves this module as a value
    def __init__(self, status: CommandStatus, reason: str) -> None:
        super().__init__(reason)
        self.refusal = Refusal(status, reason)


def read_submit(pdu: SubmitSm, policy: AccountPolicy, interface_version: int, now: float) -> Draft | Refusal:
    """Understand a submit_sm, or say why not."""
    try:
        return _read(pdu, policy, interface_version, now)
    except _Refused as refused:
        return refused.refusal
    except RemoteProtocolError as fault:  # an optional parameter of the wrong length
        return Refusal(CommandStatus(fault.status), "optional parameter of the wrong length")


def read_destinations(
    pdu: SubmitSm,
    destinations: Sequence[SmeAddress | DistributionList],
    policy: AccountPolicy,
    interface_version: int,
    now: float,
) -> Sequence[Draft | Refusal] | Refusal:
    """Understand one text for several destinations, or say why not.

    Args:
        pdu: All but the destination.
        destinations: Of a submit_multi; we know no distribution lists.
        policy: Of the account.
        interface_version: Of the session.
        now: Unix seconds.

    Returns:
        For each destination its draft, or what is wrong with it alone; one refusal for what is wrong with all.
    """
    read: list[Draft | Refusal] = []
    first: Draft | None = None
    for one in destinations:
        addressed = _address(one)
        if isinstance(addressed, Refusal):
            read.append(addressed)
            continue
        number = numbers.normalise(addressed.addr, addressed.ton, addressed.npi, policy.country)
        if isinstance(number, NumberFault):
            read.append(Refusal(CommandStatus.ESME_RINVDSTADR, number.reason))
        elif first is not None:
            read.append(replace(first, destination=addressed, recipient=number.digits, country=number.country))
        else:
            draft = read_submit(_to(pdu, addressed), policy, interface_version, now)
            if isinstance(draft, Refusal):
                return draft
            first = draft
            read.append(draft)
    return read


def _address(destination: SmeAddress | DistributionList) -> Address | Refusal:
    if isinstance(destination, DistributionList):
        return Refusal(CommandStatus.ESME_RINVDLNAME, "no distribution lists here")
    return Address(destination.dest_addr_ton, destination.dest_addr_npi, destination.destination_addr)


def _to(pdu: SubmitSm, address: Address) -> SubmitSm:
    return replace(pdu, dest_addr_ton=address.ton, dest_addr_npi=address.npi, destination_addr=address.addr)


def read_replacement(
    pdu: ReplaceSm, original: Original, policy: AccountPolicy, interface_version: int, now: float
) -> Rewrite | Refusal:
    """Understand a replace_sm for the text it means, or say why not; times it leaves empty stay (SMPP v3.4, 4.10.1)."""
    try:
        return _rewrite(pdu, original, policy, interface_version, now)
    except _Refused as refused:
        return refused.refusal


def _rewrite(pdu: ReplaceSm, original: Original, policy: AccountPolicy, interface_version: int, now: float) -> Rewrite:
    if original.esm_class & ESM_CLASS_UDHI:
        raise _Refused(CommandStatus.ESME_RREPLACEFAIL, "the text came with a user data header")
    decoded, parts = _decode(_octets(pdu), original.message.data_coding, None, policy, interface_version)
    schedule_at, expires_at = original.message.schedule_at, original.message.expires_at
    if pdu.schedule_delivery_time:
        schedule_at = _time(pdu.schedule_delivery_time, CommandStatus.ESME_RINVSCHED, now)
    if pdu.validity_period:
        expires_at = _time(pdu.validity_period, CommandStatus.ESME_RINVEXPIRY, now)
    if schedule_at is not None and expires_at <= schedule_at:
        raise _Refused(CommandStatus.ESME_RINVEXPIRY, "the validity ends before the scheduled time")
    return Rewrite(
        text=decoded.text, parts=parts, replaced=decoded.replaced, schedule_at=schedule_at, expires_at=expires_at
    )


def _read(pdu: SubmitSm, policy: AccountPolicy, interface_version: int, now: float) -> Draft:
    if pdu.priority_flag > _HIGHEST_PRIORITY:
        raise _Refused(CommandStatus.ESME_RINVPRTFLG, f"priority_flag {pdu.priority_flag}")
    if pdu.replace_if_present_flag > _HIGHEST_REPLACE_FLAG:
        raise _Refused(CommandStatus.ESME_RINVREPFLAG, f"replace_if_present_flag {pdu.replace_if_present_flag}")
    octets, part, header = _part_of(pdu, _octets(pdu))
    decoded, parts = _decode(octets, pdu.data_coding, header, policy, interface_version)
    schedule_at, expires_at = _times(pdu, policy, now)
    number = numbers.normalise(pdu.destination_addr, pdu.dest_addr_ton, pdu.dest_addr_npi, policy.country)
    if isinstance(number, NumberFault):
        raise _Refused(CommandStatus.ESME_RINVDSTADR, number.reason)
    sender = numbers.sender_of(pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi, policy.country)
    if isinstance(sender, NumberFault):
        raise _Refused(CommandStatus.ESME_RINVSRCADR, sender.reason)
    vendor_tlvs = _vendor_tlvs(pdu)
    return Draft(
        source=Address(pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr),
        sender=sender.text,
        sender_is_number=sender.is_number,
        destination=Address(pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr),
        recipient=number.digits,
        country=number.country,
        text=decoded.text,
        parts=parts,
        replaced=decoded.replaced,
        part=part,
        flash=text.message_class(pdu.data_coding) == _FLASH,
        schedule_at=schedule_at,
        expires_at=expires_at,
        user_message_reference=tlv.integer(pdu.tlvs, Tag.USER_MESSAGE_REFERENCE) if pdu.tlvs else None,
        vendor_tlvs=vendor_tlvs,
        traffic_class=_traffic_class(pdu, policy, vendor_tlvs, decoded.text),
    )


def _traffic_class(pdu: SubmitSm, policy: AccountPolicy, vendor_tlvs: bytes, content: str) -> TrafficClass:
    if not policy.classes:
        return policy.traffic_class
    return classify(
        policy.classes,
        policy.traffic_class,
        service_type=pdu.service_type,
        priority_flag=pdu.priority_flag,
        vendor_tlvs=vendor_tlvs,
        text=content,
    )


def _decode(
    octets: bytes, data_coding: int, header: Udh | None, policy: AccountPolicy, interface_version: int
) -> tuple[Decoded, int]:
    """Return what the octets say, and how many SMS it is billed as."""
    decoded = text.decode(octets, _alphabet(data_coding, policy, interface_version), header)
    count = text.parts(decoded.text)
    if count.parts > MAX_PARTS:
        raise _Refused(CommandStatus.ESME_RINVMSGLEN, f"{count.parts} parts, at most {MAX_PARTS}")
    return decoded, count.parts


def _octets(pdu: SubmitSm | ReplaceSm) -> bytes:
    payload = tlv.get(pdu.tlvs, Tag.MESSAGE_PAYLOAD) if pdu.tlvs else None
    if payload is None:
        if pdu.sm_default_msg_id and not pdu.short_message:
            raise _Refused(CommandStatus.ESME_RINVDFTMSGID, "no predefined messages here")
        return pdu.short_message
    if pdu.short_message:
        raise _Refused(CommandStatus.ESME_RINVMSGLEN, "both short_message and message_payload")
    return payload


def _part_of(pdu: SubmitSm, octets: bytes) -> tuple[bytes, Part | None, Udh | None]:
    """Return the octets of the text itself, their place in a long one, and the header that stood before them."""
    if pdu.esm_class & ESM_CLASS_TYPE_MASK:
        raise _Refused(CommandStatus.ESME_RINVESMCLASS, f"esm_class 0x{pdu.esm_class:02X} is no message")
    sar = _sar(pdu) if pdu.tlvs else None
    if not pdu.esm_class & ESM_CLASS_UDHI:
        return octets, sar, None
    if sar is not None:
        raise _Refused(CommandStatus.ESME_RINVESMCLASS, "both sar_* and a user data header")
    try:
        header, rest = udh.parse(octets)
    except UdhError as fault:
        raise _Refused(CommandStatus.ESME_RINVESMCLASS, str(fault)) from None
    if (reason := _not_text(header)) is not None:
        raise _Refused(CommandStatus.ESME_RSUBMITFAIL, reason)
    return rest, _several(header.concatenation), header


def _not_text(header: Udh) -> str | None:
    """Tell what in a header no text carrier could deliver; None where all of it is about the text."""
    if header.ports is not None:
        return f"a message to port {header.ports.destination} is for a program, not for a reader"
    for iei, _ in header.elements:
        if iei not in _TEXT_ELEMENTS:
            return f"element 0x{iei:02X} in the user data header"
    missing = national.missing(header.single_shift, header.locking_shift)
    return None if missing is None else f"no {missing}"


def _sar(pdu: SubmitSm) -> Part | None:
    try:
        return _several(
            udh.of_sar(
                tlv.integer(pdu.tlvs, Tag.SAR_MSG_REF_NUM),
                tlv.integer(pdu.tlvs, Tag.SAR_TOTAL_SEGMENTS),
                tlv.integer(pdu.tlvs, Tag.SAR_SEGMENT_SEQNUM),
            )
        )
    except UdhError as fault:
        raise _Refused(CommandStatus.ESME_RINVOPTPARAMVAL, str(fault)) from None


def _several(part: udh.Part | None) -> Part | None:
    """Return the place of a part; the only part of a text is the text."""
    if part is None or part.total == 1:
        return None
    if part.total > MAX_PARTS:
        raise _Refused(CommandStatus.ESME_RINVMSGLEN, f"part of {part.total}, at most {MAX_PARTS}")
    return Part(part.reference, part.total, part.number)


def _alphabet(data_coding: int, policy: AccountPolicy, interface_version: int) -> Alphabet:
    alphabet = policy.alphabets[data_coding]
    if alphabet is None:
        status = CommandStatus.ESME_RINVDCS if interface_version >= _SMPP_5_0 else CommandStatus.ESME_RSUBMITFAIL
        raise _Refused(status, f"data_coding 0x{data_coding:02X} is no text alphabet")
    if alphabet is Alphabet.BINARY:
        raise _Refused(CommandStatus.ESME_RSUBMITFAIL, "binary messages cannot travel over text carriers")
    return alphabet


def _times(pdu: SubmitSm, policy: AccountPolicy, now: float) -> tuple[float | None, float]:
    schedule_at = None
    if pdu.schedule_delivery_time:
        schedule_at = _time(pdu.schedule_delivery_time, CommandStatus.ESME_RINVSCHED, now)
    expires_at = now + policy.validity_s if schedule_at is None else schedule_at + policy.validity_s
    if pdu.validity_period:
        expires_at = _time(pdu.validity_period, CommandStatus.ESME_RINVEXPIRY, now)
        if schedule_at is not None and expires_at <= schedule_at:
            raise _Refused(CommandStatus.ESME_RINVEXPIRY, "the validity ends before the scheduled time")
    return schedule_at, expires_at


def _time(value: str, status: CommandStatus, now: float) -> float:
    try:
        at = times.parse(value, now)
    except TimeError as fault:
        raise _Refused(status, fault.reason) from None
    if at is None or at <= now:
        raise _Refused(status, "a time in the past")
    return at


def _vendor_tlvs(pdu: SubmitSm) -> bytes:
    if not pdu.tlvs:
        return b""
    return tlv.encode(tuple((tag, value) for tag, value in pdu.tlvs if tag in _VENDOR_TAGS))


_ESM_CLASSES: Final = {
    OutgoingKind.RECEIPT: ESM_CLASS_DELIVERY_RECEIPT,
    OutgoingKind.INTERMEDIATE: ESM_CLASS_INTERMEDIATE_NOTIFICATION,
}


def write_receipt(outgoing: Outgoing, dialect: Dialect) -> DeliverSm:
    """Write a receipt: source and destination of the submission swapped (SMPP v3.4, Appendix B)."""
    facts = Receipt(
        message_id=outgoing.message_id,
        state=MessageState(outgoing.outcome),
        submitted_at=outgoing.submitted_at,
        done_at=outgoing.done_at,
        err=outgoing.error,
        text=outgoing.text,
    )
    source, destination = outgoing.destination, outgoing.source
    return DeliverSm(
        source_addr_ton=source.ton,
        source_addr_npi=source.npi,
        source_addr=source.addr,
        dest_addr_ton=destination.ton,
        dest_addr_npi=destination.npi,
        destination_addr=destination.addr,
        esm_class=_ESM_CLASSES[outgoing.kind],
        short_message=receipt.render(facts, dialect),
        tlvs=_receipt_tlvs(outgoing, facts, dialect),
    )


def _receipt_tlvs(outgoing: Outgoing, facts: Receipt, dialect: Dialect) -> tlv.Tlvs:
    told = receipt.tlvs(facts, dialect)
    if outgoing.user_message_reference is None or not dialect.tlvs:
        return told
    return (*told, tlv.of_int(Tag.USER_MESSAGE_REFERENCE, outgoing.user_message_reference))


def write_alert(outgoing: Outgoing) -> AlertNotification:
    """Write that the recipient of a submission can be reached again (SMPP v3.4, 4.12.1)."""
    subscriber, esme = outgoing.destination, outgoing.source
    return AlertNotification(
        source_addr_ton=subscriber.ton,
        source_addr_npi=subscriber.npi,
        source_addr=subscriber.addr,
        esme_addr_ton=esme.ton,
        esme_addr_npi=esme.npi,
        esme_addr=esme.addr,
        tlvs=(tlv.of_int(Tag.MS_AVAILABILITY_STATUS, _AVAILABLE),),
    )


def write_data_receipt(outgoing: Outgoing, dialect: Dialect) -> DataSm:
    """Write a receipt as data_sm (SMPP v3.4, 4.7.1): the same, with its text in message_payload."""
    pdu = write_receipt(outgoing, dialect)
    return DataSm(
        source_addr_ton=pdu.source_addr_ton,
        source_addr_npi=pdu.source_addr_npi,
        source_addr=pdu.source_addr,
        dest_addr_ton=pdu.dest_addr_ton,
        dest_addr_npi=pdu.dest_addr_npi,
        destination_addr=pdu.destination_addr,
        esm_class=pdu.esm_class,
        tlvs=((Tag.MESSAGE_PAYLOAD, pdu.short_message), *pdu.tlvs),
    )


# --- inbound texts ----------------------------------------------------------------------------------------------------

_INTERNATIONAL: Final = re.compile(r"\+([0-9]{1,20})")
_ADDRESS: Final = re.compile(r"[ -~]{1,20}")
_MOST_PARTS: Final = 255
"""What a user data header can count."""
_ALIKE: Final = frozenset(
    chr(octet) for octet, character in enumerate(gsm7.BASIC) if chr(octet) == character and octet != gsm7.ESC
)
"""What data_coding 0 says alike whatever an account takes it for, packed septets excepted."""


def write_inbound(inbound: Inbound, policy: AccountPolicy, now: float) -> InboundText | None:
    """Write a text as its account can read it; None where no deliver_sm can hold its addresses or its length."""
    source, destination = _inbound_address(inbound.sender), _inbound_address(inbound.destination)
    data_coding = _inbound_coding(inbound.text, policy.alphabets[0])
    parts = text.split(inbound.text, _INBOUND_ALPHABETS[data_coding])
    if source is None or destination is None or len(parts) > _MOST_PARTS:
        return None
    return InboundText(
        account=policy.system_id,
        key=inbound.key,
        source=source,
        destination=destination,
        data_coding=data_coding,
        parts=tuple(parts),
        at=now if inbound.at is None else inbound.at,
        wish=_wish(inbound, policy),
    )


def _wish(inbound: Inbound, policy: AccountPolicy) -> Wish | None:
    """Tell whether a text opts its sender out, or in again; his number may be written as an ESME would write it."""
    words = None if policy.screens is None else policy.screens.words
    consent = None if words is None else words.reads(inbound.text)
    if consent is None:
        return None
    number = numbers.normalise(inbound.sender, Ton.UNKNOWN, Npi.UNKNOWN, policy.country)
    return None if isinstance(number, NumberFault) else Wish(number.digits, consent)


def _inbound_address(shown: str) -> Address | None:
    if found := _INTERNATIONAL.fullmatch(shown):
        return Address(Ton.INTERNATIONAL, Npi.ISDN, found[1])
    if not _ADDRESS.fullmatch(shown):
        return None
    return Address(Ton.UNKNOWN if shown.isdecimal() else Ton.ALPHANUMERIC, Npi.UNKNOWN, shown)


_INBOUND_ALPHABETS: Final = {DataCoding.DEFAULT: Alphabet.GSM7, DataCoding.UCS2: Alphabet.UCS2}


def _inbound_coding(inbound: str, default: Alphabet | None) -> DataCoding:
    """Choose data_coding 0 where the account's own reading of it says the text, else UCS-2."""
    if default is Alphabet.GSM7:
        reads_so = gsm7.septets(inbound) is not None
    else:
        reads_so = default is not Alphabet.GSM7_PACKED and _ALIKE.issuperset(inbound)
    return DataCoding.DEFAULT if reads_so else DataCoding.UCS2


def write_inbound_part(outgoing: Outgoing) -> DeliverSm:
    """Write one part of an inbound text, or all of it.

    Long texts have a user data header in each part, whatever the version of the bind: that is how they come from a
    mobile network, every ESME that takes inbound texts can join them, and one row of the outbox stays one deliver_sm.
    """
    source, destination, part = outgoing.source, outgoing.destination, outgoing.part
    octets = text.encode(outgoing.text, _INBOUND_ALPHABETS[DataCoding(outgoing.data_coding)])
    header = b"" if part is None else udh.encode(udh.of_part(part.reference & 0xFF, part.total, part.number))
    return DeliverSm(
        source_addr_ton=source.ton,
        source_addr_npi=source.npi,
        source_addr=source.addr,
        dest_addr_ton=destination.ton,
        dest_addr_npi=destination.npi,
        destination_addr=destination.addr,
        esm_class=ESM_CLASS_UDHI if header else 0,
        data_coding=outgoing.data_coding,
        short_message=header + octets,
    )
