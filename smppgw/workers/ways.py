"""What a message passes before it is stored: it is screened, routed, watched for pumping and paid for, in this order.

All of it happens at once and from memory, so that no two binds share what is left of a limit. What was taken up on the
way is given back where the store then does not take the message.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import structlog

from smppgw.core.budgets import Charge
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Decision, Dropped, Message
from smppgw.core.screening import Kind, Screens
from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.pdu import SubmitSm
from smppgw.store.base import Routed
from smppgw.workers import wanted
from smppgw.workers.budgets import Budgets, Unaffordable
from smppgw.workers.fraud import Fraud
from smppgw.workers.policy import AccountPolicy
from smppgw.workers.routes import Routes, Unroutable
from smppgw.workers.screening import Screening
from smppgw.workers.translate import Draft, Refusal
from smppgw.workers.wanted import Wanted, Way

_log = structlog.get_logger()


class Rewritten(NamedTuple):
    """The way of a text that takes the place of another."""

    message: Message
    """As it may be sent."""
    decision: Decision
    charges: tuple[Charge, ...]
    """What it has reserved of budgets."""


class Ways:
    """Finds the ways of messages."""

    def __init__(
        self,
        *,
        routes: Routes,
        screening: Screening,
        fraud: Fraud,
        budgets: Budgets,
        policies: Mapping[str, AccountPolicy],
    ) -> None:
        """Nothing is taken up yet.

        Args:
            routes: The routing table.
            screening: What accounts may not send.
            fraud: Where accounts may not write to.
            budgets: What may be spent.
            policies: Per account, what it is screened for.
        """
        self._routes = routes
        self._screening = screening
        self._fraud = fraud
        self._budgets = budgets
        self._screens = _screens(policies)

    def reload(self, routes: Routes, policies: Mapping[str, AccountPolicy]) -> None:
        """Go by another routing table and other policies, all along."""
        self._routes = routes
        self._screens |= _screens(policies)
        self._screening.reload(policies)
        self._fraud.reload(policies)

    # --- what is submitted --------------------------------------------------------------------------------------------

    def find(self, policy: AccountPolicy, pdu: SubmitSm, draft: Draft, now: float) -> Way | Refusal:
        """Return the way of one destination of a request, or say why it has none.

        Args:
            policy: Of the account.
            pdu: The request in the words of submit_sm.
            draft: What it says.
            now: Unix seconds.
        """
        if policy.screens is not None:
            return self._find_screened(policy, policy.screens, pdu, draft, now)
        return self._route_draft(draft, wanted.message(policy, pdu, draft, now), now)

    def _find_screened(
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

    # --- texts whose last part has come -------------------------------------------------------------------------------

    def decide(self, whole: Message, now: float) -> Routed:
        """Decide on a text whose parts are stored already, at ``now``: what cannot go, or must not, ends REJECTED."""
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

    # --- texts that wait and get another content ----------------------------------------------------------------------

    def rewrite(self, message: Message, now: float) -> Rewritten | Refusal:
        """Return the way of a new text, or say why it has none; it goes to the same recipient, so nobody is watched.

        What the old text has reserved is given back when the store takes the new one.
        """
        screens = self._screens.get(message.account)
        if screens is not None:
            screened = self._screening.completed(screens, message)
            if isinstance(screened, Refusal):
                return screened
            message = screened
        decision = self._routes.route(message, now)
        if isinstance(decision, Unroutable):
            return _no_way(decision)
        paid = self._budgets.reserve(message, decision, now)
        if isinstance(paid, Unaffordable):
            return Refusal(paid.status, paid.reason)
        decision, charges = paid
        return Rewritten(message, decision if screens is None else screens.signed(decision, message.country), charges)

    # --- what becomes of what was taken up ----------------------------------------------------------------------------

    def claim(self) -> list[Charge]:
        """Return what was reserved since the last claim: asked before the first ``await``, it is all the caller's."""
        return self._budgets.claim()

    async def hand_over(self, reserved: Sequence[Charge]) -> None:
        """Leave to the store what was claimed: it was asked to write it; and have it keep the blocks that began."""
        self._budgets.hand_over(reserved)
        await self._fraud.keep()

    def not_stored(self, policy: AccountPolicy, requests: Sequence[Wanted], now: float) -> None:
        """Give back what these have taken up: what is not stored has cost nothing, and may be submitted again."""
        for each in requests:
            for way in each.ways:
                if way.decision is not None:
                    self._fraud.give_back(wanted.message(policy, each.pdu, way.draft, now), way.decision, now)
        self._screening.forget(policy.system_id, (way.draft for each in requests for way in each.ways))

    def not_routed(self, texts: Iterable[tuple[Message, Routed]], now: float) -> None:
        """Give back what these have taken up: they are decided on anew."""
        for whole, routed in texts:
            if routed.decision.carriers:
                self._fraud.give_back(replace(whole, parts=routed.parts), routed.decision, now)


def _hopeless(reason: str) -> Decision:
    return Decision("", (), (Dropped("", reason),))


def _no_way(unroutable: Unroutable) -> Refusal:
    if unroutable.status is not None:
        return Refusal(unroutable.status, unroutable.reason)
    status = CommandStatus.ESME_RSUBMITFAIL if unroutable.has_rule else CommandStatus.ESME_RINVDSTADR
    return Refusal(status, unroutable.reason)


def _screens(policies: Mapping[str, AccountPolicy]) -> dict[str, Screens | None]:
    return {name: policy.screens for name, policy in policies.items()}
