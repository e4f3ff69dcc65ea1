"""A request that may be stored: it lacks only its number. How it is written down, and how it is answered.

What this module may not do: decide whether it may be stored; that is for `workers.intake`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from smppgw.core.budgets import Charge
from smppgw.core.model import Decision, Message, MessageId, Operation, Segment, SegmentId, Submission, SubmissionId
from smppgw.smpp import tlv
from smppgw.smpp.consts import CommandStatus, Tag
from smppgw.smpp.fields import UnsuccessSme
from smppgw.smpp.pdu import DataSmResp, Pdu, SubmitMultiResp, SubmitSm, SubmitSmResp
from smppgw.workers.policy import AccountPolicy
from smppgw.workers.translate import Draft

_RESPONSES: Final[Mapping[Operation, type[SubmitSmResp | DataSmResp | SubmitMultiResp]]] = {
    Operation.SUBMIT_SM: SubmitSmResp,
    Operation.DATA_SM: DataSmResp,
    Operation.SUBMIT_MULTI: SubmitMultiResp,
}


@dataclass(frozen=True, slots=True)
class Way:
    """One destination of a request."""

    draft: Draft
    decision: Decision | None
    """None for a part of a text, which is routed when it is whole."""
    charges: tuple[Charge, ...] = ()
    """What it has reserved of budgets."""
    parts_saved: int = 0
    """How many SMS less it is billed as than what was submitted."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request whose destinations, or some of them, can be reached."""

    operation: Operation
    pdu: SubmitSm
    """The request in the words of submit_sm."""
    ways: tuple[Way, ...]
    unsuccess_sme: tuple[UnsuccessSme, ...] = ()
    """The destinations of a submit_multi that cannot be reached."""
    ids_apart: bool = False
    """Whether each destination is a submission with an id of its own."""

    @property
    def further_parts(self) -> int:
        """How many SMS it is billed as, beyond one for each destination."""
        return sum(way.draft.parts - 1 for way in self.ways)

    def accepted(self, message_id: str) -> Pdu:
        """Answer that it is stored."""
        number = self.pdu.sequence_number
        if self.operation is Operation.SUBMIT_MULTI:
            return SubmitMultiResp(sequence_number=number, message_id=message_id, unsuccess_sme=self.unsuccess_sme)
        return _RESPONSES[self.operation](sequence_number=number, message_id=message_id)

    def refused(self, status: CommandStatus) -> Pdu:
        """Answer that it is not stored."""
        return _RESPONSES[self.operation](sequence_number=self.pdu.sequence_number, command_status=status)

    def submissions(
        self, policy: AccountPolicy, number: int, write_id: Callable[[int], str], now: float
    ) -> list[Submission]:
        """Write it down: its segments have the numbers from ``number`` on, in the order of its ways.

        Args:
            policy: Of the account.
            number: Of the first segment; a submission has that of its first segment, and the id made from it.
            write_id: Makes an id from a number.
            now: Unix seconds.
        """
        if not self.ids_apart:
            return [self._submission(policy, self.ways, number, write_id(number), now)]
        return [
            self._submission(policy, (way,), place, write_id(place), now) for place, way in enumerate(self.ways, number)
        ]

    def _submission(
        self, policy: AccountPolicy, ways: tuple[Way, ...], number: int, message_id: str, now: float
    ) -> Submission:
        pdu, draft = self.pdu, ways[0].draft
        return Submission(
            id=SubmissionId(number),
            message_id=message_id,
            account=policy.system_id,
            operation=self.operation,
            accepted_at=now,
            source=draft.source,
            sender=draft.sender,
            sender_is_number=draft.sender_is_number,
            service_type=pdu.service_type,
            esm_class=pdu.esm_class,
            protocol_id=pdu.protocol_id,
            priority_flag=pdu.priority_flag,
            data_coding=pdu.data_coding,
            registered_delivery=pdu.registered_delivery,
            schedule_at=draft.schedule_at,
            expires_at=draft.expires_at,
            replaceable=pdu.replace_if_present_flag != 0,
            user_message_reference=draft.user_message_reference,
            wants_alert=self.operation is Operation.DATA_SM and tlv.integer(pdu.tlvs, Tag.SET_DPF) == 1,
            vendor_tlvs=draft.vendor_tlvs,
            flash=draft.flash,
            traffic_class=draft.traffic_class,
            segments=tuple(_segment(way, number + place) for place, way in enumerate(ways)),
        )


def _segment(way: Way, number: int) -> Segment:
    draft = way.draft
    return Segment(
        id=SegmentId(number),
        destination=draft.destination,
        recipient=draft.recipient,
        country=draft.country,
        text=draft.text,
        part=draft.part,
        decision=way.decision,
        parts=draft.parts,
        replaced=draft.replaced,
        charges=way.charges,
    )


def message(policy: AccountPolicy, pdu: SubmitSm, draft: Draft, now: float) -> Message:
    """Return what a carrier would see, to ask whether it could take it."""
    return Message(
        id=MessageId(0),
        account=policy.system_id,
        recipient=draft.recipient,
        country=draft.country,
        sender=draft.sender,
        sender_is_number=draft.sender_is_number,
        text=draft.text,
        parts=draft.parts,
        flash=draft.flash,
        traffic_class=draft.traffic_class,
        priority_flag=pdu.priority_flag,
        service_type=pdu.service_type,
        vendor_tlvs=draft.vendor_tlvs,
        accepted_at=now,
        expires_at=draft.expires_at,
        data_coding=pdu.data_coding,
        schedule_at=draft.schedule_at,
    )
