"""submit_sm, data_sm, submit_multi: limits, translation, way, store, answer.

What one read brought is stored in one request and answered together. ESME_ROK leaves only after the commit that holds
the message; whatever goes wrong before is an error status in the same response, and the session goes on. A text whose
last part has come is routed in a second step; a crash between the two is made good by ``route_left_over``, which also
routes texts that the sweep has joined without their missing parts.

A whole text with replace_if_present_flag ends what still waits of its account with the same source, destination and
service_type (SMPP v3.4, 5.2.18), after it was stored itself: the old one ends DELETED, the new one has an id of its
own. Parts of a text do not look for anything to replace.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import structlog

from smppgw.core.assembly import AssemblyRule
from smppgw.core.ids import IdForm, Ids
from smppgw.core.model import Message, Operation, Submission
from smppgw.core.operations import Addressed
from smppgw.ops.clock import Clock
from smppgw.ops.masks import mask_msisdn
from smppgw.ops.metrics import Metrics
from smppgw.smpp import text, tlv
from smppgw.smpp.aio import Connection
from smppgw.smpp.consts import VERSION_3_4, VERSION_5_0, CommandStatus, Tag
from smppgw.smpp.fields import DistributionList, SmeAddress, UnsuccessSme
from smppgw.smpp.pdu import DataSm, Pdu, SubmitMulti, SubmitSm, respond
from smppgw.store.base import Finish, Store, StoreError, StoreFullError
from smppgw.workers import restate
from smppgw.workers.binds import LiveAccount
from smppgw.workers.numbering import Numbering
from smppgw.workers.policy import AccountPolicy
from smppgw.workers.translate import Draft, Refusal, read_destinations, read_submit, status_name
from smppgw.workers.wanted import Wanted, Way
from smppgw.workers.ways import Ways

_log = structlog.get_logger()

_LEFT_OVER_AT_ONCE: Final = 500


Submit = SubmitSm | DataSm | SubmitMulti
"""The requests that bring new messages."""


class Intake:
    """Takes submissions."""

    def __init__(
        self,
        *,
        store: Store,
        ways: Ways,
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
            ways: Where messages go, if they may.
            ids: Writers of message ids, per form.
            policies: Per account, for how long texts wait for their parts, and what then becomes of them.
            clock: Time.
            metrics: Counts.
            on_queued: Told the carriers that have new work.
            on_finished: Told what ended.
        """
        self._store = store
        self._ways = ways
        self._ids = ids
        self._rules = _rules(policies)
        self._clock = clock
        self._metrics = metrics
        self._on_queued = on_queued
        self._on_finished = on_finished
        self._numbering = Numbering(store)

    def reload(self, policies: Mapping[str, AccountPolicy]) -> None:
        """Go by other policies; what is stored keeps its decision."""
        self._rules |= _rules(policies)

    async def submit(self, connection: Connection, account: LiveAccount, pdus: Sequence[Submit], at: float) -> None:
        """Store and answer what one read brought.

        Args:
            connection: Where it came from.
            account: Who is bound there.
            pdus: Each gets exactly one answer.
            at: Monotonic seconds, when they were read.
        """
        accepted: list[Wanted] = []
        refused: list[Pdu] = []
        for pdu in pdus:
            outcome = self._consider_safely(connection, account, pdu, at)
            if isinstance(outcome, Refusal):
                refused.append(respond(pdu, outcome.status))
            else:
                accepted.append(outcome)
        reserved = self._ways.claim()
        try:
            self._answer(connection, account, refused, at)
            if accepted:
                version = connection.session.interface_version or 0
                self._answer(connection, account, await self._store_all(account, accepted, version), at)
        finally:
            await self._ways.hand_over(reserved)

    def _consider_safely(
        self, connection: Connection, account: LiveAccount, pdu: Submit, at: float
    ) -> Wanted | Refusal:
        try:
            return self._consider(connection, account, pdu, at)
        except Exception as fault:  # noqa: BLE001 - a bug that one submit meets costs that submit only
            _log.error("submit failed", account=account.policy.system_id, exc_info=fault)
            return Refusal(CommandStatus.ESME_RSYSERR, "internal fault")

    def _consider(self, connection: Connection, account: LiveAccount, pdu: Submit, at: float) -> Wanted | Refusal:
        """Check limits, translate and route; whatever is wrong costs this submit only.

        A request costs a token for each destination before anybody reads its text, so that nonsense costs something
        too. What else a text costs is known afterwards and taken then: lent if need be, or a text of more parts than
        there are ever tokens could never leave.
        """
        policy = account.policy
        if not account.bucket.take_together(at, len(pdu.dest_address) if isinstance(pdu, SubmitMulti) else 1):
            self._metrics.throttled(policy.system_id, "tps")
            return Refusal(CommandStatus.ESME_RTHROTTLED, "over max_tps")
        outcome = self._understand(policy, pdu, connection.session.interface_version or 0)
        if isinstance(outcome, Wanted):
            if policy.counts_parts:
                account.bucket.charge(at, outcome.further_parts)
            if outcome.ways[0].draft.replaced:
                self._tell_replaced(policy, pdu, outcome.ways[0].draft)
        return outcome

    def _tell_replaced(self, policy: AccountPolicy, pdu: Submit, draft: Draft) -> None:
        """Tell of a text that does not fit its alphabet: of a wrong setting more often than of a broken peer."""
        _log.info(
            "octets without meaning",
            account=policy.system_id,
            octets=draft.replaced,
            data_coding=pdu.data_coding,
            command=pdu.command_id.name.lower(),
            dst=mask_msisdn(draft.destination.addr),
        )

    def _understand(self, policy: AccountPolicy, pdu: Submit, version: int) -> Wanted | Refusal:
        now = self._clock.wall()
        match pdu:
            case SubmitSm():
                return self._consider_one(Operation.SUBMIT_SM, pdu, policy, version, now)
            case DataSm():
                stated = restate.data_sm(pdu, now)
                if isinstance(stated, Refusal):
                    return self._refuse(policy, pdu, stated)
                return self._consider_one(Operation.DATA_SM, stated, policy, version, now)
            case SubmitMulti():
                return self._consider_several(pdu, policy, version, now)

    def _consider_one(
        self, operation: Operation, pdu: SubmitSm, policy: AccountPolicy, version: int, now: float
    ) -> Wanted | Refusal:
        draft = read_submit(pdu, policy, version, now)
        way = draft if isinstance(draft, Refusal) else self._ways.find(policy, pdu, draft, now)
        return self._refuse(policy, pdu, way) if isinstance(way, Refusal) else Wanted(operation, pdu, (way,))

    def _consider_several(self, pdu: SubmitMulti, policy: AccountPolicy, version: int, now: float) -> Wanted | Refusal:
        """Consider each destination; refuse the whole for what is wrong with all of them."""
        stated = restate.submit_multi(pdu)
        drafts = read_destinations(stated, pdu.dest_address, policy, version, now)
        if isinstance(drafts, Refusal):
            return self._refuse(policy, pdu, drafts)
        ways: list[Way] = []
        refusals: list[tuple[SmeAddress | DistributionList, Refusal]] = []
        for destination, draft in zip(pdu.dest_address, drafts, strict=True):
            way = draft if isinstance(draft, Refusal) else self._ways.find(policy, stated, draft, now)
            if isinstance(way, Refusal):
                refusals.append((destination, way))
            else:
                ways.append(way)
        if not ways:
            return self._refuse(policy, pdu, refusals[0][1])
        if refusals:
            self._tell_refused(policy, pdu, [refusal for _, refusal in refusals])
        unsuccess_sme = tuple(_unsuccess(destination, refusal.status) for destination, refusal in refusals)
        return Wanted(Operation.SUBMIT_MULTI, stated, tuple(ways), unsuccess_sme, policy.multi_ids_apart)

    def _tell_refused(self, policy: AccountPolicy, pdu: SubmitMulti, refusals: Sequence[Refusal]) -> None:
        _log.info(
            "destinations refused",
            account=policy.system_id,
            destinations=len(pdu.dest_address),
            refused=len(refusals),
            statuses=sorted({status_name(refusal.status) for refusal in refusals}),
            reason=refusals[0].reason,
        )

    def _refuse(self, policy: AccountPolicy, pdu: Submit, refusal: Refusal) -> Refusal:
        _log.info(
            "submit refused",
            account=policy.system_id,
            status=status_name(refusal.status),
            reason=refusal.reason,
            kind=refusal.kind,
            command=pdu.command_id.name.lower(),
            dst=None if isinstance(pdu, SubmitMulti) else mask_msisdn(pdu.destination_addr),
            data_coding=pdu.data_coding,
            octets=None if isinstance(pdu, DataSm) else len(pdu.short_message),
        )
        return refusal

    async def _store_all(self, account: LiveAccount, accepted: Sequence[Wanted], version: int) -> list[Pdu]:
        policy = account.policy
        try:
            message_ids, submissions = await self._number(policy, accepted, version)
            stored = await self._store.accept(submissions, self._rules, submissions[0].accepted_at)
        except StoreError as fault:
            return self._not_stored(policy, accepted, fault)
        self._count_saved(policy.system_id, sum(way.parts_saved for each in accepted for way in each.ways))
        await self._supersede([submission for submission in submissions if submission.replaceable])
        self._on_queued({way.decision.carriers[0] for each in accepted for way in each.ways if way.decision})
        if stored.completed:
            await self._route_completed(stored.completed)
        self._on_finished(stored.finished)  # last: no receipt may overtake the answer
        return [each.accepted(message_id) for each, message_id in zip(accepted, message_ids, strict=True)]

    async def _number(
        self, policy: AccountPolicy, accepted: Sequence[Wanted], version: int
    ) -> tuple[list[str], list[Submission]]:
        """Write down what is to be stored, a segment for each destination; return the ids to answer with too."""
        number = await self._numbering.take(sum(len(each.ways) for each in accepted))
        now = self._clock.wall()
        # Below 3.4 an id has at most 8 octets (SMPP 5.0, 2.11.2).
        write_id = self._ids[policy.id_form if version >= VERSION_3_4 else IdForm.HEX].external
        message_ids: list[str] = []
        submissions: list[Submission] = []
        for each in accepted:
            made = each.submissions(policy, number, write_id, now)
            message_ids.append(made[0].message_id)
            submissions += made
            number += len(each.ways)
        return message_ids, submissions

    async def _supersede(self, submissions: Sequence[Submission]) -> None:
        """End what these replace; they are stored already, so a fault here refuses nothing."""
        for submission in submissions:
            for segment in submission.segments:
                if segment.decision is None:
                    continue
                older = Addressed(
                    account=submission.account,
                    source_addr=submission.source.addr,
                    recipient=segment.recipient,
                    service_type=submission.service_type,
                    accepted_before=segment.id,
                )
                try:
                    self._on_finished(await self._store.cancel(older, self._clock.wall()) or ())
                except StoreError as fault:
                    _log.error("nothing replaced, both go out", account=submission.account, reason=str(fault))

    def _not_stored(self, policy: AccountPolicy, accepted: Sequence[Wanted], fault: StoreError) -> list[Pdu]:
        """Answer for a store that cannot take more: both statuses are temporary for every known ESME."""
        self._ways.not_stored(policy, accepted, self._clock.wall())
        full = isinstance(fault, StoreFullError)
        status = CommandStatus.ESME_RMSGQFUL if full else CommandStatus.ESME_RSYSERR
        _log.error("submits not stored", account=policy.system_id, submits=len(accepted), reason=str(fault))
        for _ in accepted:
            self._metrics.throttled(policy.system_id, "store")
        return [each.refused(status) for each in accepted]

    async def _route_completed(self, completed: Sequence[Message]) -> None:
        """Route texts whose last part has come; the parts are stored already, so a fault here refuses nothing."""
        try:
            await self._route(completed)
        except StoreError as fault:
            _log.error("completed texts not routed, tried again by the sweep", texts=len(completed), reason=str(fault))

    async def route_left_over(self) -> None:
        """Route texts that a crash or a fault has left without a route, and those that a sweep has joined."""
        if left_over := await self._store.unrouted(_LEFT_OVER_AT_ONCE):
            await self._route(left_over)

    async def _route(self, completed: Sequence[Message]) -> None:
        now = self._clock.wall()
        texts = [replace(message, parts=text.parts(message.text).parts) for message in completed]
        routed = {whole.id: self._ways.decide(whole, now) for whole in texts}
        reserved = self._ways.claim()
        try:
            self._on_finished(await self._store.route(routed, now))
        except StoreError:
            self._ways.not_routed([(whole, routed[whole.id]) for whole in texts], now)
            raise
        finally:
            await self._ways.hand_over(reserved)
        for whole in texts:
            if routed[whole.id].decision.carriers:
                self._count_saved(whole.account, whole.parts - routed[whole.id].parts)
        self._on_queued({choice.decision.carriers[0] for choice in routed.values() if choice.decision.carriers})

    def _count_saved(self, account: str, parts: int) -> None:
        if parts:
            self._metrics.parts_saved(account, parts)

    def _answer(self, connection: Connection, account: LiveAccount, responses: Sequence[Pdu], at: float) -> None:
        if not responses:
            return
        if (connection.session.interface_version or 0) >= VERSION_5_0:
            responses = _with_congestion(responses, _congestion(connection, account, at))
        connection.answer_many(responses)
        lasted_s = self._clock.monotonic() - at
        name = account.policy.system_id
        for response in responses:
            self._metrics.submit(name, status_name(response.command_status), lasted_s)


def _rules(policies: Mapping[str, AccountPolicy]) -> dict[str, AssemblyRule]:
    return {name: AssemblyRule(policy.assembly_s, policy.send_incomplete) for name, policy in policies.items()}


def _congestion(connection: Connection, account: LiveAccount, at: float) -> int:
    """Return how much of what the account may do is in use, in percent: of its rate or of its window."""
    in_flight = connection.session.owed / account.policy.window
    return min(100, round(100 * max(account.bucket.load(at), in_flight)))


def _with_congestion(responses: Sequence[Pdu], percent: int) -> list[Pdu]:
    """Add congestion_state (SMPP 5.0, 2.11.2); error responses have no body to carry it."""
    state = tlv.of_int(Tag.CONGESTION_STATE, percent)
    return [replace(pdu, tlvs=(*pdu.tlvs, state)) if pdu.command_status == 0 else pdu for pdu in responses]


def _unsuccess(destination: SmeAddress | DistributionList, status: int) -> UnsuccessSme:
    if isinstance(destination, DistributionList):
        return UnsuccessSme(destination_addr=destination.dl_name, error_status_code=status)
    return UnsuccessSme(
        dest_addr_ton=destination.dest_addr_ton,
        dest_addr_npi=destination.dest_addr_npi,
        destination_addr=destination.destination_addr,
        error_status_code=status,
    )
