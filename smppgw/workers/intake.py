"""submit_sm, data_sm, submit_multi: limits, translation, route, store, answer.

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
from smppgw.core.codes import ErrorCode
from smppgw.core.ids import IdForm, Ids
from smppgw.core.model import Decision, Dropped, Message, Operation, Submission
from smppgw.core.operations import Addressed
from smppgw.core.screening import Kind, Screens
from smppgw.ops.clock import Clock
from smppgw.ops.masks import mask_msisdn
from smppgw.ops.metrics import Metrics
from smppgw.smpp import text, tlv
from smppgw.smpp.aio import Connection
from smppgw.smpp.consts import VERSION_3_4, VERSION_5_0, CommandStatus, Tag
from smppgw.smpp.fields import DistributionList, SmeAddress, UnsuccessSme
from smppgw.smpp.pdu import DataSm, Pdu, SubmitMulti, SubmitSm, respond
from smppgw.store.base import Finish, Routed, Store, StoreError, StoreFullError
from smppgw.workers import restate, wanted
from smppgw.workers.binds import LiveAccount
from smppgw.workers.budgets import Budgets, Unaffordable
from smppgw.workers.fraud import Fraud
from smppgw.workers.numbering import Numbering
from smppgw.workers.policy import AccountPolicy
from smppgw.workers.routes import Routes, Unroutable
from smppgw.workers.screening import Screening
from smppgw.workers.translate import Draft, Refusal, read_destinations, read_submit, status_name
from smppgw.workers.wanted import Wanted, Way

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
        routes: Routes,
        screening: Screening,
        fraud: Fraud,
        budgets: Budgets,
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
            screening: What accounts may not send.
            fraud: Where accounts may not write to.
            budgets: What may be spent.
            ids: Writers of message ids, per form.
            policies: Per account, for how long texts wait for their parts, what then becomes of them, and what they
                are screened for.
            clock: Time.
            metrics: Counts.
            on_queued: Told the carriers that have new work.
            on_finished: Told what ended.
        """
        self._store = store
        self._routes = routes
        self._screening = screening
        self._fraud = fraud
        self._budgets = budgets
        self._ids = ids
        self._rules = _rules(policies)
        self._screens = _screens(policies)
        self._clock = clock
        self._metrics = metrics
        self._on_queued = on_queued
        self._on_finished = on_finished
        self._numbering = Numbering(store)

    def reload(self, routes: Routes, policies: Mapping[str, AccountPolicy]) -> None:
        """Go by another routing table and other policies; what is stored keeps its decision."""
        self._routes = routes
        self._rules |= _rules(policies)
        self._screens |= _screens(policies)

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
        reserved = self._budgets.claim()
        try:
            self._answer(connection, account, refused, at)
            if accepted:
                version = connection.session.interface_version or 0
                self._answer(connection, account, await self._store_all(account, accepted, version), at)
        finally:
            self._budgets.hand_over(reserved)
        await self._fraud.keep()

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
        way = draft if isinstance(draft, Refusal) else self._find_way(policy, pdu, draft, now)
        return self._refuse(policy, pdu, way) if isinstance(way, Refusal) else Wanted(operation, pdu, (way,))

    def _find_way(self, policy: AccountPolicy, pdu: SubmitSm, draft: Draft, now: float) -> Way | Refusal:
        if policy.screens is not None:
            return self._find_screened_way(policy, policy.screens, pdu, draft, now)
        return self._route_draft(draft, wanted.message(policy, pdu, draft, now), now)

    def _find_screened_way(
        self, policy: AccountPolicy, screens: Screens, pdu: SubmitSm, draft: Draft, now: float
    ) -> Way | Refusal:
        message = wanted.message(policy, pdu, draft, now)
        screened = self._screening.submitted(screens, message, now, whole=draft.part is None)
        if isinstance(screened, Refusal):
            return screened
        if screened.text is not message.text:
            draft = replace(draft, text=screened.text, parts=screened.parts)
        way = self._route_draft(draft, screened, now)
        if isinstance(way, Refusal):
            return way
        # Last: what is refused after this would make its own repetition a duplicate.
        self._screening.remember(screens, policy.system_id, draft, now)
        decision = None if way.decision is None else screens.signed(way.decision, draft.country)
        return Way(draft, decision, way.charges, message.parts - screened.parts)

    def _route_draft(self, draft: Draft, message: Message, now: float) -> Way | Refusal:
        if draft.part is not None:
            hopeless = self._routes.expect(message, now)
            if hopeless is not None:
                return _no_way(hopeless)
            return self._fraud.expect(message, now) or Way(draft, None)
        decision = self._routes.route(message, now)
        if isinstance(decision, Unroutable):
            return _no_way(decision)
        if refusal := self._fraud.judge(message, decision, now):
            return refusal
        paid = self._budgets.reserve(message, decision, now)
        if isinstance(paid, Unaffordable):
            self._fraud.give_back(message, decision, now)
            return Refusal(paid.status, paid.reason)
        return Way(draft, *paid)

    def _consider_several(self, pdu: SubmitMulti, policy: AccountPolicy, version: int, now: float) -> Wanted | Refusal:
        """Consider each destination; refuse the whole for what is wrong with all of them."""
        stated = restate.submit_multi(pdu)
        drafts = read_destinations(stated, pdu.dest_address, policy, version, now)
        if isinstance(drafts, Refusal):
            return self._refuse(policy, pdu, drafts)
        ways: list[Way] = []
        refusals: list[tuple[SmeAddress | DistributionList, Refusal]] = []
        for destination, draft in zip(pdu.dest_address, drafts, strict=True):
            way = draft if isinstance(draft, Refusal) else self._find_way(policy, stated, draft, now)
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
        self._give_back(policy, accepted)
        full = isinstance(fault, StoreFullError)
        status = CommandStatus.ESME_RMSGQFUL if full else CommandStatus.ESME_RSYSERR
        self._screening.forget(policy.system_id, (way.draft for each in accepted for way in each.ways))
        _log.error("submits not stored", account=policy.system_id, submits=len(accepted), reason=str(fault))
        for _ in accepted:
            self._metrics.throttled(policy.system_id, "store")
        return [each.refused(status) for each in accepted]

    def _give_back(self, policy: AccountPolicy, accepted: Sequence[Wanted]) -> None:
        """What is not stored has cost nothing."""
        now = self._clock.wall()
        for each in accepted:
            for way in each.ways:
                if way.decision is not None:
                    self._fraud.give_back(wanted.message(policy, each.pdu, way.draft, now), way.decision, now)

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
        routed = {whole.id: self._routed(whole, now) for whole in texts}
        reserved = self._budgets.claim()
        try:
            self._on_finished(await self._store.route(routed, now))
        except StoreError:
            for whole in texts:
                choice = routed[whole.id]
                if choice.decision.carriers:
                    self._fraud.give_back(replace(whole, parts=choice.parts), choice.decision, now)
            raise
        finally:
            self._budgets.hand_over(reserved)
        for whole in texts:
            if routed[whole.id].decision.carriers:
                self._count_saved(whole.account, whole.parts - routed[whole.id].parts)
        self._on_queued({choice.decision.carriers[0] for choice in routed.values() if choice.decision.carriers})
        await self._fraud.keep()

    def _routed(self, whole: Message, now: float) -> Routed:
        """Decide on a text whose parts are stored already: what cannot go, or must not, ends REJECTED."""
        screens = self._screens.get(whole.account)
        if screens is None:
            return self._decided(whole, now)
        screened = self._screening.completed(screens, whole)
        if isinstance(screened, Refusal):
            _log.info("text kept back", account=whole.account, reason=screened.reason, kind=screened.kind)
            error = ErrorCode.BLOCKED if screened.kind is Kind.OPTED_OUT else ErrorCode.CONTENT_REFUSED
            return Routed(_hopeless(screened.reason), whole.parts, error=error)
        decided = self._decided(screened, now)
        return replace(
            decided,
            decision=screens.signed(decided.decision, whole.country),
            text=None if screened.text is whole.text else screened.text,
        )

    def _decided(self, whole: Message, now: float) -> Routed:
        decision = self._routes.route(whole, now)
        if isinstance(decision, Unroutable):
            return Routed(_hopeless(decision.reason), whole.parts)
        refusal = self._fraud.judge(whole, decision, now)
        if refusal is not None:
            blocked = decision._replace(carriers=(), dropped=(*decision.dropped, Dropped("", refusal.reason)))
            return Routed(blocked, whole.parts, error=ErrorCode.DESTINATION_BLOCKED)
        paid = self._budgets.reserve(whole, decision, now)
        if isinstance(paid, Unaffordable):
            self._fraud.give_back(whole, decision, now)
            unpaid = decision._replace(carriers=(), dropped=(*decision.dropped, Dropped("", paid.reason)))
            return Routed(unpaid, whole.parts, error=ErrorCode.BUDGET_SPENT)
        return Routed(paid[0], whole.parts, paid[1])

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


def _hopeless(reason: str) -> Decision:
    return Decision("", (), (Dropped("", reason),))


def _no_way(unroutable: Unroutable) -> Refusal:
    if unroutable.status is not None:
        return Refusal(unroutable.status, unroutable.reason)
    status = CommandStatus.ESME_RSUBMITFAIL if unroutable.has_rule else CommandStatus.ESME_RINVDSTADR
    return Refusal(status, unroutable.reason)


def _screens(policies: Mapping[str, AccountPolicy]) -> dict[str, Screens | None]:
    return {name: policy.screens for name, policy in policies.items()}


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
