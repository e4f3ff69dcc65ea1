"""The workers of one daemon, wired to each other: who rings whose bell, who hears what ended."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from random import random
from typing import Final, Protocol

import structlog

from smppgw.app.entrance import pushers
from smppgw.app.front import OpenFront
from smppgw.carriers.base import Carrier, Reconciles
from smppgw.core.budgets import Budget
from smppgw.core.health import Circuit, CircuitState
from smppgw.core.model import BatchId
from smppgw.core.optout import Optouts
from smppgw.core.routing.table import Router
from smppgw.core.verdict import Inbound
from smppgw.ops.clock import Clock
from smppgw.ops.metrics import Metrics
from smppgw.store.base import Finish, Reported, Store
from smppgw.workers.budgets import Budgets
from smppgw.workers.calling import Settlement
from smppgw.workers.dispatch import Dispatcher
from smppgw.workers.doubts import Doubts
from smppgw.workers.fraud import Fraud
from smppgw.workers.market import LiveMarket
from smppgw.workers.pace import Occasions
from smppgw.workers.policy import AccountPolicy
from smppgw.workers.poll import Poller
from smppgw.workers.pricing import Prices
from smppgw.workers.pushes import Pushed
from smppgw.workers.reconcile import Reconciler
from smppgw.workers.routes import Routes, RouteTally
from smppgw.workers.screening import Screening
from smppgw.workers.sweep import Sweeper
from smppgw.workers.ways import Ways

_log = structlog.get_logger()

_REMEMBERED: Final = 20_000
"""Ended messages that routing by quality, and by a recipient's last carrier, takes up at the start."""
_SECRET_OCTETS: Final = 32


class Worker(Protocol):
    """A duty that ends when it is told to."""

    async def run(self) -> None:
        """Work until stopped."""

    def stop(self) -> None:
        """Begin nothing more."""


def new_batch_id() -> BatchId:
    """Return a batch id that no other gateway on the same carrier account will ever use."""
    return BatchId(secrets.token_hex(16))


class Crew:
    """All workers."""

    def __init__(
        self,
        *,
        store: Store,
        carriers: Mapping[str, Carrier],
        policies: Mapping[str, AccountPolicy],
        router: Router,
        prices: Prices,
        budgets: Sequence[Budget],
        optouts: Optouts,
        open_front: OpenFront,
        outgoing_kept_s: float,
        messages_kept_s: float,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._clock = clock
        self._metrics = metrics
        self.circuits = {name: Circuit() for name in carriers}
        self._settlements: list[Settlement] = []
        self._market = LiveMarket(carriers, prices, self._who_is_down, clock)
        self._tally = RouteTally()
        self._metrics.know_rules(rule.name for rule in router.rules)
        routes = Routes(router, self._market, random, self._tally)
        self._screening = Screening(optouts=optouts, secret=secrets.token_bytes(_SECRET_OCTETS), count=metrics.filtered)
        self._screening.reload(policies)
        self._fraud = Fraud(policies, part_prices=self._market.part_prices, store=store, clock=clock, metrics=metrics)
        self.budgets = Budgets(
            budgets,
            prices=prices,
            parts_this_month=self._market.taken_this_month,
            tally=self._tally,
            store=store,
            clock=clock,
            metrics=metrics,
        )
        self._ways = Ways(
            routes=routes, screening=self._screening, fraud=self._fraud, budgets=self.budgets, policies=policies
        )
        self.front = open_front(ways=self._ways, on_queued=self._queued, on_finished=self._finished)
        self.dispatchers: dict[str, Dispatcher] = {}
        self.stoppable: list[Worker] = [self.front.outbinds, self.budgets]
        for carrier in carriers.values():
            self._hire_for(carrier, store, prices)
        self.pushed = Pushed(
            carriers=pushers(carriers),
            store=store,
            policies=policies,
            prices=prices,
            optouts=optouts,
            clock=clock,
            metrics=metrics,
            on_reported=self._reported,
            on_taken=self._market.accepted,
            parts_this_month=self._market.taken_this_month,
            on_inbound=self._came_in,
        )
        self.stoppable.append(self.pushed)
        self.stoppable.append(
            Sweeper(
                store=store,
                accounts=self.front.binds.accounts,
                outgoing_kept_s=outgoing_kept_s,
                messages_kept_s=messages_kept_s,
                clock=clock,
                metrics=metrics,
                route_left_over=self.front.intake.route_left_over,
                on_finished=self._finished,
                on_due=lambda: self._queued(self.dispatchers),
            )
        )

    def reload(self, policies: Mapping[str, AccountPolicy], router: Router, prices: Prices) -> Prices:
        """Go by another configuration from now on; return the prices by which nobody goes any more."""
        former = self._market.prices
        self._metrics.know_accounts(policies)
        self._market.prices = prices
        self.show_routing()
        self._metrics.know_rules(rule.name for rule in router.rules)
        routes = Routes(router, self._market, random, self._tally)
        self._ways.reload(routes, policies)
        self.front.reload(policies)
        self.pushed.reload(policies, prices)
        for settlement in self._settlements:
            settlement.prices = prices
        for dispatcher in self.dispatchers.values():
            dispatcher.probe_now()  # a password file may have changed with it
        return former

    def show_routing(self) -> None:
        """Set what metrics tell of routing."""
        self._metrics.decisions(self._tally.decisions)
        self._metrics.drops(self._tally.drops)
        self._metrics.standings(
            {
                (carrier, traffic_class.name.lower()): (standing.delivery_pct / 100, standing.latency_s)
                for (carrier, traffic_class), standing in self._market.by_class().items()
            }
        )

    async def remember(self, store: Store) -> None:
        """Take up what the store knows from before a restart: of carriers, of blocked numbers, and what was spent.

        Raises:
            StoreError: It cannot be read.
        """
        self._market.finished(await store.recent(_REMEMBERED))
        await self._market.count(store)
        self._fraud.remember(await store.blocks(self._clock.wall()))
        await self.budgets.look()

    def _hire_for(self, carrier: Carrier, store: Store, prices: Prices) -> None:
        """Add the workers of one carrier: three, and one that compares its days where it tells of them."""
        settlement = Settlement(
            carrier=carrier.name,
            store=store,
            prices=prices,
            clock=self._clock,
            metrics=self._metrics,
            on_reported=self._reported,
            on_taken=self._market.accepted,
            parts_this_month=self._market.taken_this_month,
            on_owed=self.front.owed,
        )
        self._settlements.append(settlement)
        occasions = Occasions(carrier.limits, self._clock)
        dispatcher = Dispatcher(
            carrier=carrier,
            store=store,
            settlement=settlement,
            circuit=self.circuits[carrier.name],
            occasions=occasions,
            clock=self._clock,
            metrics=self._metrics,
            new_batch_id=new_batch_id,
            jitter=random,
            on_queued=self._queued,
            reachable=self._reachable,
            is_unwanted=self._screening.is_unwanted,
        )
        self.dispatchers[carrier.name] = dispatcher
        self.stoppable += [
            dispatcher,
            Poller(
                carrier=carrier,
                store=store,
                clock=self._clock,
                metrics=self._metrics,
                jitter=random,
                on_reported=self._reported,
            ),
            Doubts(
                carrier=carrier,
                store=store,
                settlement=settlement,
                occasions=occasions,
                clock=self._clock,
                metrics=self._metrics,
                jitter=random,
                on_queued=self._queued,
            ),
        ]
        if isinstance(carrier, Reconciles):
            self.stoppable.append(
                Reconciler(name=carrier.name, carrier=carrier, store=store, clock=self._clock, metrics=self._metrics)
            )

    def _reachable(self) -> list[str]:
        now = self._clock.monotonic()
        return [name for name, circuit in self.circuits.items() if circuit.state(now) is CircuitState.CLOSED]

    def _who_is_down(self) -> frozenset[str]:
        now = self._clock.monotonic()
        return frozenset(name for name, circuit in self.circuits.items() if circuit.state(now) is CircuitState.OPEN)

    def _queued(self, carriers: Iterable[str]) -> None:
        for name in carriers:
            if name in self.dispatchers:
                self.dispatchers[name].bell.ring()

    def _came_in(self, account: str, _inbound: Inbound) -> None:
        self.front.owed(account)

    def _reported(self, reported: Reported) -> None:
        """Take up what last words of carriers have changed."""
        self._finished(reported.finished)
        for correction in reported.corrected:
            self._market.corrected(correction)
            if correction.reporting_micros:
                self._metrics.cost_corrected(correction.account, correction.carrier, correction.reporting_micros)
        for passed in reported.passed_on:
            _log.info("not sent after all, passed on", carrier=passed.ended.carrier, to=passed.carrier)
            self._metrics.passed_on(passed.ended.carrier)
        self._market.finished([passed.ended for passed in reported.passed_on])
        self._queued({passed.carrier for passed in reported.passed_on})

    def _finished(self, finishes: Sequence[Finish]) -> None:
        """Count what ended, and look for its receipts."""
        now = self._clock.wall()
        self._market.finished(finishes)
        for finish in finishes:
            self._metrics.finished(
                finish.account, finish.carrier, finish.outcome.name.lower(), now - finish.accepted_at
            )
        for account in {finish.account for finish in finishes}:
            self.front.owed(account)
