"""data_sm and submit_multi said in the words of submit_sm, so that one reader understands all three. Pure.

What this module may not do: judge what a field means; that is for `workers.translate`.
"""

from typing import Final

from smppgw.smpp import times, tlv
from smppgw.smpp.consts import CommandStatus, Tag
from smppgw.smpp.errors import RemoteProtocolError
from smppgw.smpp.pdu import DataSm, SubmitMulti, SubmitSm
from smppgw.workers.translate import Refusal

_LONGEST_ADDRESS: Final = 20
"""data_sm has room for 64 octets, but the deliver_sm of a receipt has not (SMPP v3.4, 4.6.1)."""
_FLAGS: Final = (None, 0, 1)
"""What set_dpf may be (SMPP v3.4, 5.3.2.29)."""
_LONGEST_LIFE_S: Final = 10 * 366 * 86400
"""A year has two digits on the wire: what lives longer than this could not be told from what is past."""


def data_sm(pdu: DataSm, now: float) -> SubmitSm | Refusal:
    """Say a data_sm as submit_sm; its text is the message_payload, its validity the qos_time_to_live."""
    if len(pdu.source_addr) > _LONGEST_ADDRESS:
        return Refusal(CommandStatus.ESME_RINVSRCADR, f"a source of {len(pdu.source_addr)} octets")
    if len(pdu.destination_addr) > _LONGEST_ADDRESS:
        return Refusal(CommandStatus.ESME_RINVDSTADR, f"a destination of {len(pdu.destination_addr)} octets")
    if tlv.get(pdu.tlvs, Tag.MESSAGE_PAYLOAD) is None:
        return Refusal(CommandStatus.ESME_RMISSINGOPTPARAM, "no message_payload")
    try:
        life_s = tlv.integer(pdu.tlvs, Tag.QOS_TIME_TO_LIVE)
        pending = tlv.integer(pdu.tlvs, Tag.SET_DPF)
    except RemoteProtocolError as fault:
        return Refusal(CommandStatus(fault.status), "qos_time_to_live or set_dpf of the wrong length")
    if pending not in _FLAGS:
        return Refusal(CommandStatus.ESME_RINVOPTPARAMVAL, f"set_dpf {pending}")
    return SubmitSm(
        sequence_number=pdu.sequence_number,
        service_type=pdu.service_type,
        source_addr_ton=pdu.source_addr_ton,
        source_addr_npi=pdu.source_addr_npi,
        source_addr=pdu.source_addr,
        dest_addr_ton=pdu.dest_addr_ton,
        dest_addr_npi=pdu.dest_addr_npi,
        destination_addr=pdu.destination_addr,
        esm_class=pdu.esm_class,
        validity_period=times.format_absolute(now + min(life_s, _LONGEST_LIFE_S)) if life_s else "",
        registered_delivery=pdu.registered_delivery,
        data_coding=pdu.data_coding,
        tlvs=pdu.tlvs,
    )


def submit_multi(pdu: SubmitMulti) -> SubmitSm:
    """Say a submit_multi as submit_sm, but for its destinations."""
    return SubmitSm(
        sequence_number=pdu.sequence_number,
        service_type=pdu.service_type,
        source_addr_ton=pdu.source_addr_ton,
        source_addr_npi=pdu.source_addr_npi,
        source_addr=pdu.source_addr,
        esm_class=pdu.esm_class,
        protocol_id=pdu.protocol_id,
        priority_flag=pdu.priority_flag,
        schedule_delivery_time=pdu.schedule_delivery_time,
        validity_period=pdu.validity_period,
        registered_delivery=pdu.registered_delivery,
        replace_if_present_flag=pdu.replace_if_present_flag,
        data_coding=pdu.data_coding,
        sm_default_msg_id=pdu.sm_default_msg_id,
        short_message=pdu.short_message,
        tlvs=pdu.tlvs,
    )
