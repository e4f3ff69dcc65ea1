"""The side of the gateway that peers see: binds, intake, receipts and reception over a real store."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from smppgw.carriers.base import Carrier
from smppgw.core.bind_rates import BindRate, BindRates
from smppgw.core.budgets import Budget
from smppgw.core.ids import IdForm, Ids
from smppgw.core.lockout import Lockout, LockoutRules
from smppgw.core.model import MessageId, Outcome
from smppgw.core.optout import Optouts
from smppgw.core.routing.rules import Match, Rule, candidates
from smppgw.core.verdict import StatusReport
from smppgw.ops.metrics import Metrics
from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.pdu import Pdu
from smppgw.smpp.settings import SessionSettings
from smppgw.store.base import Finish
from smppgw.workers.binds import Binds
from smppgw.workers.budgets import Budgets
from smppgw.workers.fraud import Fraud
from smppgw.workers.guard import Guard
from smppgw.workers.intake import Intake
from smppgw.workers.operations import Operations
from smppgw.workers.policy import AccountPolicy
from smppgw.workers.pricing import Prices
from smppgw.workers.receipts import Receipts
from smppgw.workers.reception import SERVES, Reception
from smppgw.workers.routes import RouteTally
from smppgw.workers.screening import Screening
from smppgw.workers.ways import Ways
from tests.workers.fakes import (
    NO_PRICES,
    Depot,
    FakeCarrier,
    FakeClock,
    FakePasswords,
    Peer,
    metrics_for,
    policy,
    routes_over,
)

CARRIERS = ("alpha", "beta", "refusing")
ROUTES = (
    Rule(name="nowhere", match=Match(prefixes=("1",)), candidates=candidates("refusing")),
    Rule(name="german", match=Match(prefixes=("49",)), candidates=candidates("alpha", "beta")),
)


NO_LOCKOUT = LockoutRules(lock_after=1000, patience=1000, shortest_delay_s=0.0)
"""Refusals leave at once."""
MANY_BINDS = BindRate.of(per_s=10.0)


@dataclass
class FakeTimers:
    """Timers that ring when they are told."""

    waiting: list["FakeTimer"] = field(default_factory=list)

    def call_later(self, delay_s: float, call: Callable[[], None]) -> "FakeTimer":
        self.waiting.append(FakeTimer(self, delay_s, call))
        return self.waiting[-1]

    def ring(self) -> None:
        """Let all of them ring."""
        for timer in list(self.waiting):
            timer.cancel()
            timer.call()


@dataclass(eq=False)
class FakeTimer:
    """One of them."""

    timers: FakeTimers
    delay_s: float
    call: Callable[[], None]

    def cancel(self) -> None:
        self.timers.waiting.remove(self)


@cache
def ids() -> Mapping[IdForm, Ids]:
    return {form: Ids(b"key", form) for form in IdForm}


@dataclass
class Front:
    """Peers connect here."""

    depot: Depot
    time: FakeClock
    policies: Mapping[str, AccountPolicy] = field(default_factory=lambda: {"acme": policy()})
    carriers: Mapping[str, Carrier] = field(default_factory=lambda: {name: FakeCarrier(name) for name in CARRIERS})
    prices: Mapping[str, int] = field(default_factory=dict)
    """Of a part, by carrier, in millionths."""
    budgets: Sequence[Budget] = ()
    cards: Prices = NO_PRICES
    """By which budgets go."""
    tally: RouteTally = field(default_factory=RouteTally)
    """Of what budgets left out."""
    receipt_window: int = 10
    metrics: Metrics = field(default_factory=metrics_for)
    passwords: FakePasswords = field(default_factory=FakePasswords)
    lockout_rules: LockoutRules = NO_LOCKOUT
    bind_rate_per_ip: BindRate = MANY_BINDS
    timers: FakeTimers = field(default_factory=FakeTimers)
    """Of delayed refusals."""
    bound: list[str] = field(default_factory=list)
    queued: list[str] = field(default_factory=list)
    finished: list[Finish] = field(default_factory=list)

    def __post_init__(self) -> None:
        clock = self.time.clock
        self.guard = Guard(Lockout(self.lockout_rules), BindRates(self.bind_rate_per_ip), clock, self.timers.call_later)
        self.binds = Binds(self.policies, self.passwords, self.metrics, self.guard, self._on_bound, clock.monotonic())
        self.receipts = Receipts(
            store=self.depot.store,
            accounts=self.binds.accounts,
            window=self.receipt_window,
            clock=clock,
            metrics=self.metrics,
            jitter=lambda: 0.5,
        )
        self.spending = Budgets(
            self.budgets,
            prices=self.cards,
            parts_this_month=lambda carrier: 0,
            tally=self.tally,
            store=self.depot.store,
            clock=clock,
            metrics=self.metrics,
        )
        self.optouts = Optouts({})
        self.screening = Screening(optouts=self.optouts, secret=b"key", count=self.metrics.filtered)
        self.fraud = Fraud(
            self.policies,
            part_prices=lambda message, at: self.prices,
            store=self.depot.store,
            clock=clock,
            metrics=self.metrics,
        )
        self.ways = Ways(
            routes=routes_over(ROUTES, self.carriers, self.time),
            screening=self.screening,
            fraud=self.fraud,
            budgets=self.spending,
            policies=self.policies,
        )
        self.intake = Intake(
            store=self.depot.store,
            ways=self.ways,
            ids=ids(),
            policies=self.policies,
            clock=clock,
            metrics=self.metrics,
            on_queued=self._on_queued,
            on_finished=self._on_finished,
        )
        self.operations = Operations(
            store=self.depot.store,
            ways=self.ways,
            ids=ids(),
            clock=clock,
            metrics=self.metrics,
            on_queued=self._on_queued,
            on_finished=self._on_finished,
        )
        self.reception = Reception(
            binds=self.binds,
            intake=self.intake,
            operations=self.operations,
            receipts=self.receipts,
            clock=clock,
            metrics=self.metrics,
        )

    def _on_bound(self, account: str) -> None:
        self.bound.append(account)
        self.receipts.owed(account)

    def _on_queued(self, carriers: Iterable[str]) -> None:
        self.queued.extend(carriers)

    def _on_finished(self, finishes: Sequence[Finish]) -> None:
        self.finished.extend(finishes)
        for finish in finishes:
            self.receipts.owed(finish.account)

    def peer(self, host: str = "10.0.0.1", called: str | None = None) -> Peer:
        settings = SessionSettings(window_out=self.receipt_window, serves=SERVES)
        return Peer(self.reception, self.time.clock, host=host, settings=settings, called=called)

    async def bound_peer(self, pdu: Pdu | None = None) -> Peer:
        peer = self.peer()
        answer = await peer.bind(pdu)
        assert answer.command_status == CommandStatus.ESME_ROK
        return peer

    @contextlib.asynccontextmanager
    async def delivering(self) -> AsyncIterator[None]:
        """Let receipts be leased and settled meanwhile."""
        task = asyncio.create_task(self.receipts.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled():
                task.result()

    async def owe(self, count: int, outcome: Outcome = Outcome.DELIVERED, **changes: Any) -> Sequence[MessageId]:
        """Let so many messages end, each of which owes a receipt."""
        numbers = await self.depot.end(count, outcome, **changes)
        self.receipts.owed(changes.get("account", "acme"))
        return numbers


def final(message: MessageId, outcome: Outcome = Outcome.DELIVERED, **changes: Any) -> StatusReport:
    return StatusReport(message=message, outcome=outcome, final=True, **changes)
