"""The workers that ESMEs meet: who may bind, what is taken from them, what they are sent, and whom we call."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from random import random
from typing import Protocol

from smppgw.core.bind_rates import BindRate, BindRates
from smppgw.core.ids import IdForm, Ids
from smppgw.core.lockout import Lockout, LockoutRules
from smppgw.ops.clock import Clock
from smppgw.ops.metrics import Metrics
from smppgw.ops.passwords import Passwords
from smppgw.smpp.dial import Dialler
from smppgw.smpp.settings import SessionSettings
from smppgw.smpp.tally import Tally
from smppgw.store.base import Finish, Store
from smppgw.workers.binds import Binds
from smppgw.workers.guard import Guard
from smppgw.workers.intake import Intake
from smppgw.workers.operations import Operations
from smppgw.workers.outbind import Callee, Outbinds
from smppgw.workers.policy import AccountPolicy
from smppgw.workers.receipts import Receipts
from smppgw.workers.reception import Reception
from smppgw.workers.ways import Ways


class Front:
    """What stands between ESMEs and the store."""

    def __init__(
        self,
        *,
        store: Store,
        policies: Mapping[str, AccountPolicy],
        ids: Mapping[IdForm, Ids],
        passwords: Passwords,
        lockout_rules: LockoutRules,
        bind_rate: BindRate,
        callees: Mapping[str, Callee],
        session_settings: SessionSettings,
        tally: Tally,
        receipt_window: int,
        clock: Clock,
        metrics: Metrics,
        ways: Ways,
        on_queued: Callable[[Iterable[str]], None],
        on_finished: Callable[[Sequence[Finish]], None],
    ) -> None:
        self._clock = clock
        guard = Guard(Lockout(lockout_rules), BindRates(bind_rate), clock, asyncio.get_running_loop().call_later)
        self.binds = Binds(policies, passwords, metrics, guard, self.owed, clock.monotonic())
        self.receipts = Receipts(
            store=store,
            accounts=self.binds.accounts,
            window=receipt_window,
            clock=clock,
            metrics=metrics,
            jitter=random,
        )
        self.intake = Intake(
            store=store,
            ways=ways,
            ids=ids,
            policies=policies,
            clock=clock,
            metrics=metrics,
            on_queued=on_queued,
            on_finished=on_finished,
        )
        operations = Operations(
            store=store,
            ways=ways,
            ids=ids,
            clock=clock,
            metrics=metrics,
            on_queued=on_queued,
            on_finished=on_finished,
        )
        self.reception = Reception(
            binds=self.binds,
            intake=self.intake,
            operations=operations,
            receipts=self.receipts,
            clock=clock,
            metrics=metrics,
        )
        self.dialler = Dialler(self.reception, session_settings, clock=clock.monotonic, tally=tally)
        self.outbinds = Outbinds(
            callees,
            dialler=self.dialler,
            accounts=self.binds.accounts,
            store=store,
            clock=clock,
            metrics=metrics,
            jitter=random,
        )

    def owed(self, account: str) -> None:
        """Something is to be delivered to an account."""
        self.receipts.owed(account)

    def reload(self, policies: Mapping[str, AccountPolicy]) -> None:
        """Go by other policies from now on."""
        self.binds.reload(policies, self._clock.monotonic())
        self.receipts.reload()
        self.intake.reload(policies)


class OpenFront(Protocol):
    """Makes a front of which all is known but what stands behind it."""

    def __call__(
        self,
        *,
        ways: Ways,
        on_queued: Callable[[Iterable[str]], None],
        on_finished: Callable[[Sequence[Finish]], None],
    ) -> Front:
        """Open it.

        Args:
            ways: Where messages go, if they may.
            on_queued: Told the carriers that have new work.
            on_finished: Told what ended.
        """
