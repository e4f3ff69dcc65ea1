"""Between the vocabulary of SMPP and that of the gateway: submit_sm to a draft, a receipt to deliver_sm. Pure.

The one place where both meet. What cannot be translated faithfully is refused with the status of its field
(reference: SMPP v3.4, 5.1.3; 5.0, 4.7.6): a binary message is not text, and half a header is no header.
"""

from dataclasses import dataclass
from typing import Final

from smppgw.core import numbers
from smppgw.core.model import Address, Outgoing, OutgoingKind, Part
from smppgw.core.numbers import NumberFault
from smppgw.smpp import receipt, text, times, tlv, udh
from smppgw.smpp.consts import (
    ESM_CLASS_DELIVERY_RECEIPT,
    ESM_CLASS_INTERMEDIATE_NOTIFICATION,
    ESM_CLASS_TYPE_MASK,
    ESM_CLASS_UDHI,
    CommandStatus,
    MessageState,
    Tag,
)
from smppgw.smpp.errors import RemoteProtocolError
from smppgw.smpp.pdu import DeliverSm, SubmitSm
from smppgw.smpp.receipt import Dialect, Receipt
from smppgw.smpp.text import Alphabet
from smppgw.smpp.times import TimeError
from smppgw.smpp.udh import UdhError
from smppgw.workers.policy import AccountPolicy

MAX_PARTS: Final = 20
"""SMS per text; more than any of the carriers takes (Retarus ``maxParts``)."""
_HIGHEST_PRIORITY: Final = 3
_SMPP_5_0: Final = 0x50
_VENDOR_TAGS: Final = range(0x1400, 0x4000)
_FLASH: Final = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused: the status that is answered, and words for log and trace."""

    status: CommandStatus
    reason: str


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


def _read(pdu: SubmitSm, policy: AccountPolicy, interface_version: int, now: float) -> Draft:
    if pdu.priority_flag > _HIGHEST_PRIORITY:
        raise _Refused(CommandStatus.ESME_RINVPRTFLG, f"priority_flag {pdu.priority_flag}")
    octets, part = _part_of(pdu, _octets(pdu))
    decoded = text.decode(octets, _alphabet(pdu, policy, interface_version))
    count = text.parts(decoded.text)
    if count.parts > MAX_PARTS:
        raise _Refused(CommandStatus.ESME_RINVMSGLEN, f"{count.parts} parts, at most {MAX_PARTS}")
    schedule_at, expires_at = _times(pdu, policy, now)
    number = numbers.normalise(pdu.destination_addr, pdu.dest_addr_ton, pdu.dest_addr_npi, policy.country)
    if isinstance(number, NumberFault):
        raise _Refused(CommandStatus.ESME_RINVDSTADR, number.reason)
    sender = numbers.sender_of(pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi, policy.country)
    if isinstance(sender, NumberFault):
        raise _Refused(CommandStatus.ESME_RINVSRCADR, sender.reason)
    return Draft(
        source=Address(pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr),
        sender=sender.text,
        sender_is_number=sender.is_number,
        destination=Address(pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr),
        recipient=number.digits,
        country=number.country,
        text=decoded.text,
        parts=count.parts,
        replaced=decoded.replaced,
        part=part,
        flash=text.message_class(pdu.data_coding) == _FLASH,
        schedule_at=schedule_at,
        expires_at=expires_at,
        user_message_reference=tlv.integer(pdu.tlvs, Tag.USER_MESSAGE_REFERENCE) if pdu.tlvs else None,
        vendor_tlvs=_vendor_tlvs(pdu),
    )


def _octets(pdu: SubmitSm) -> bytes:
    payload = tlv.get(pdu.tlvs, Tag.MESSAGE_PAYLOAD) if pdu.tlvs else None
    if payload is None:
        if pdu.sm_default_msg_id and not pdu.short_message:
            raise _Refused(CommandStatus.ESME_RINVDFTMSGID, "no predefined messages here")
        return pdu.short_message
    if pdu.short_message:
        raise _Refused(CommandStatus.ESME_RINVMSGLEN, "both short_message and message_payload")
    return payload


def _part_of(pdu: SubmitSm, octets: bytes) -> tuple[bytes, Part | None]:
    """Return the octets of the text itself, and their place in a long one."""
    if pdu.esm_class & ESM_CLASS_TYPE_MASK:
        raise _Refused(CommandStatus.ESME_RINVESMCLASS, f"esm_class 0x{pdu.esm_class:02X} is no message")
    sar = _sar(pdu) if pdu.tlvs else None
    if not pdu.esm_class & ESM_CLASS_UDHI:
        return octets, sar
    if sar is not None:
        raise _Refused(CommandStatus.ESME_RINVESMCLASS, "both sar_* and a user data header")
    try:
        header, rest = udh.parse(octets)
    except UdhError as fault:
        raise _Refused(CommandStatus.ESME_RINVESMCLASS, str(fault)) from None
    if any(iei not in (udh.CONCATENATION_8, udh.CONCATENATION_16) for iei, _ in header.elements):
        raise _Refused(CommandStatus.ESME_RSUBMITFAIL, "a user data header that is more than concatenation")
    return rest, _several(header.concatenation)


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
    return None if part is None or part.total == 1 else Part(part.reference, part.total, part.number)


def _alphabet(pdu: SubmitSm, policy: AccountPolicy, interface_version: int) -> Alphabet:
    alphabet = text.alphabet_of(pdu.data_coding, policy.default_alphabet)
    if alphabet is None:
        status = CommandStatus.ESME_RINVDCS if interface_version >= _SMPP_5_0 else CommandStatus.ESME_RSUBMITFAIL
        raise _Refused(status, f"data_coding 0x{pdu.data_coding:02X} is no text alphabet")
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
        tlvs=receipt.tlvs(facts, dialect),
    )
