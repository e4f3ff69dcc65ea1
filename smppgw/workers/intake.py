"""submit_sm: limits, translation, route, store, answer.

What one read brought is stored in one request and answered together. ESME_ROK leaves only after the commit that holds
the message; whatever goes wrong before is an error status in the same submit_sm_resp, and the session goes on. A text
whose last part has come is routed in a second step; a crash between the two is made good by ``route_left_over``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog

from smppgw.core.ids import IdForm, Ids
from smppgw.core.model import (
    Decision,
    Message,
    MessageId,
    Operation,
    Segment,
    SegmentId,
    Submission,
    SubmissionId,
)
from smppgw.ops.clock import Clock
from smppgw.ops.masks import mask_msisdn
from smppgw.ops.metrics import Metrics
from smppgw.smpp import text
from smppgw.smpp.aio import Connection
from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.pdu import SubmitSm, SubmitSmResp
from smppgw.store.base import Finish, Routed, Store, StoreError, StoreFullError
from smppgw.workers.binds import LiveAccount
from smppgw.workers.numbering import Numbering
from smppgw.workers.policy import AccountPolicy
from smppgw.workers.routes import Routes, Unroutable
from smppgw.workers.translate import Draft, Refusal, read_submit

_log = structlog.get_logger()

_LEFT_OVER_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A submit that may be stored: it lacks only its number."""

    pdu: SubmitSm
    draft: Draft
    decision: Decision | None


class Intake:
    """Takes submissions."""

    def __init__(
        self,
        *,
        store: Store,
        routes: Routes,
        ids: Mapping[IdForm, Ids],
        policies: Mapping[str, AccountPolicy],
        clock: Clock,
        metrics: Metrics,
        on_queued: Callable[[Iterable[str]], None],
        on_finished: Callable[[Sequence[Finish]], None],
    ) -> None:
        """Nothing happens until the first submit.

        Args:
            store: Where accepted messages go.
            routes: The routing table.
            ids: Writers of message ids, per form.
            policies: Per account, for how long texts wait for their parts.
            clock: Time.
            metrics: Counts.
            on_queued: Told the carriers that have new work.
            on_finished: Told what ended.
        """
        self._store = store
        self._routes = routes
        self._ids = ids
        self._assembly_s = {name: policy.assembly_s for name, policy in policies.items()}
        self._clock = clock
        self._metrics = metrics
        self._on_queued = on_queued
        self._on_finished = on_finished
        self._numbering = Numbering(store)

    def reload(self, routes: Routes, policies: Mapping[str, AccountPolicy]) -> None:
        """Go by another routing table and other policies; what is stored keeps its decision."""
        self._routes = routes
        self._assembly_s |= {name: policy.assembly_s for name, policy in policies.items()}

    async def submit(self, connection: Connection, account: LiveAccount, pdus: Sequence[SubmitSm], at: float) -> None:
        """Store and answer what one read brought.

        Args:
            connection: Where it came from.
            account: Who is bound there.
            pdus: Each gets exactly one answer.
            at: Monotonic seconds, when they were read.
        """
        wanted: list[_Wanted] = []
        refused: list[SubmitSmResp] = []
        for pdu in pdus:
            outcome = self._consider(connection, account, pdu, at)
            if isinstance(outcome, Refusal):
                refused.append(_response(pdu, outcome.status))
            else:
                wanted.append(outcome)
        self._answer(connection, account, refused, at)
        if wanted:
            self._answer(connection, account, await self._store_all(account, wanted), at)

    def _consider(self, connection: Connection, account: LiveAccount, pdu: SubmitSm, at: float) -> _Wanted | Refusal:
        """Check limits, translate and route; whatever is wrong costs this submit only."""
        policy = account.policy
        if not account.bucket.take(at):
            self._metrics.throttled(policy.system_id, "tps")
            return Refusal(CommandStatus.ESME_RTHROTTLED, "over max_tps")
        now = self._clock.wall()
        draft = read_submit(pdu, policy, connection.session.interface_version or 0, now)
        if isinstance(draft, Refusal):
            return self._refuse(policy, pdu, draft)
        if draft.part is not None:
            known = self._routes.has_rule(policy.system_id, draft.country, draft.recipient, draft.sender)
            no_way = Refusal(CommandStatus.ESME_RINVDSTADR, "no route")
            return _Wanted(pdu, draft, None) if known else self._refuse(policy, pdu, no_way)
        decision = self._routes.route(_message(policy, pdu, draft, now))
        if isinstance(decision, Unroutable):
            status = CommandStatus.ESME_RSUBMITFAIL if decision.has_rule else CommandStatus.ESME_RINVDSTADR
            return self._refuse(policy, pdu, Refusal(status, decision.reason))
        return _Wanted(pdu, draft, decision)

    def _refuse(self, policy: AccountPolicy, pdu: SubmitSm, refusal: Refusal) -> Refusal:
        _log.info(
            "submit refused",
            account=policy.system_id,
            status=refusal.status.name,
            reason=refusal.reason,
            dst=mask_msisdn(pdu.destination_addr),
            data_coding=pdu.data_coding,
            octets=len(pdu.short_message),
        )
        return refusal

    async def _store_all(self, account: LiveAccount, wanted: Sequence[_Wanted]) -> list[SubmitSmResp]:
        policy = account.policy
        try:
            first = await self._numbering.take(len(wanted))
            now = self._clock.wall()
            ids = self._ids[policy.id_form]
            submissions = [
                _submission(policy, each, first + place, ids.external(first + place), now)
                for place, each in enumerate(wanted)
            ]
            completed = await self._store.accept(submissions, self._assembly_s, now)
        except StoreError as fault:
            return self._not_stored(policy, wanted, fault)
        self._on_queued({each.decision.carriers[0] for each in wanted if each.decision})
        if completed:
            await self._route_completed(completed)
        return [
            SubmitSmResp(sequence_number=each.pdu.sequence_number, message_id=submission.message_id)
            for each, submission in zip(wanted, submissions, strict=True)
        ]

    def _not_stored(self, policy: AccountPolicy, wanted: Sequence[_Wanted], fault: StoreError) -> list[SubmitSmResp]:
        """Answer for a store that cannot take more: both statuses are temporary for every known ESME."""
        full = isinstance(fault, StoreFullError)
        status = CommandStatus.ESME_RMSGQFUL if full else CommandStatus.ESME_RSYSERR
        _log.error("submits not stored", account=policy.system_id, submits=len(wanted), reason=str(fault))
        for _ in wanted:
            self._metrics.throttled(policy.system_id, "store")
        return [_response(each.pdu, status) for each in wanted]

    async def _route_completed(self, completed: Sequence[Message]) -> None:
        """Route texts whose last part has come; the parts are stored already, so a fault here refuses nothing."""
        try:
            await self._route(completed)
        except StoreError as fault:
            _log.error("completed texts not routed, tried again by the sweep", texts=len(completed), reason=str(fault))

    async def route_left_over(self) -> None:
        """Route completed texts that a crash or a fault has left without a route."""
        if left_over := await self._store.unrouted(_LEFT_OVER_AT_ONCE):
            await self._route(left_over)

    async def _route(self, completed: Sequence[Message]) -> None:
        routed: dict[MessageId, Routed] = {}
        for message in completed:
            whole = replace(message, parts=text.parts(message.text).parts)
            decision = self._routes.route(whole)
            if isinstance(decision, Unroutable):
                decision = Decision("", (), (("", decision.reason),))
            routed[message.id] = Routed(decision, whole.parts)
        self._on_finished(await self._store.route(routed, self._clock.wall()))
        self._on_queued({choice.decision.carriers[0] for choice in routed.values() if choice.decision.carriers})

    def _answer(
        self, connection: Connection, account: LiveAccount, responses: Sequence[SubmitSmResp], at: float
    ) -> None:
        if not responses:
            return
        connection.answer_many(responses)
        lasted_s = self._clock.monotonic() - at
        name = account.policy.system_id
        for response in responses:
            self._metrics.submit(name, _STATUS_NAMES[response.command_status], lasted_s)


_STATUS_NAMES: Final = {status.value: status.name for status in CommandStatus}


def _response(pdu: SubmitSm, status: CommandStatus) -> SubmitSmResp:
    return SubmitSmResp(sequence_number=pdu.sequence_number, command_status=status)


def _message(policy: AccountPolicy, pdu: SubmitSm, draft: Draft, now: float) -> Message:
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
        traffic_class=policy.traffic_class,
        priority_flag=pdu.priority_flag,
        service_type=pdu.service_type,
        vendor_tlvs=draft.vendor_tlvs,
        accepted_at=now,
        expires_at=draft.expires_at,
        schedule_at=draft.schedule_at,
    )


def _submission(policy: AccountPolicy, wanted: _Wanted, number: int, message_id: str, now: float) -> Submission:
    pdu, draft = wanted.pdu, wanted.draft
    return Submission(
        id=SubmissionId(number),
        message_id=message_id,
        account=policy.system_id,
        operation=Operation.SUBMIT_SM,
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
        vendor_tlvs=draft.vendor_tlvs,
        flash=draft.flash,
        traffic_class=policy.traffic_class,
        segments=(
            Segment(
                id=SegmentId(number),
                destination=draft.destination,
                recipient=draft.recipient,
                country=draft.country,
                text=draft.text,
                part=draft.part,
                decision=wanted.decision,
                parts=draft.parts,
            ),
        ),
    )
