"""SQLite keeps the contract of budgets, in any order of events."""

import asyncio
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smppgw.core.budgets import Charge, Pot
from smppgw.core.codes import ErrorCode
from smppgw.core.disposition import Disposition, Doubted, Finished, Requeued
from smppgw.core.model import MessageId, Outcome
from smppgw.store.base import BudgetSpentError
from tests.store import budgets_contract
from tests.store.budgets_contract import (
    ALPHA,
    DAY,
    TestBudgets,  # noqa: F401 - pytest collects it here
    cost,
)
from tests.store.conftest import SqliteBackend
from tests.store.ledger_contract import never_left
from tests.store.room import FakeClock, Room, final, taken


def test_no_part_of_the_contract_is_left_out() -> None:
    assert {name for name in vars(budgets_contract) if name.startswith("Test")} <= set(globals())


# --- any order --------------------------------------------------------------------------------------------------------

FATES: Final = (
    "taken", "other carrier", "later", "reject", "doubt", "resend", "unknown", "report", "bill", "nowhere", "expire",
    "crash",
)  # fmt: skip
_MEMORY: Final = Path("/dev/shm")


class Books:
    """A store, and what each message should have taken out of the account's day and of alpha's."""

    def __init__(self, room: Room, account: str) -> None:
        self.room = room
        self.day, self.alpha = DAY._replace(name=account), ALPHA._replace(name=account)
        self.prices: dict[MessageId, tuple[int, int]] = {}
        """What they asked for: of the account's day, of the carrier's."""
        self.open: dict[MessageId, tuple[int, int]] = {}
        """What they reserve of it."""
        self.spent: Counter[Pot] = Counter()

    async def submit(self, by_alpha: int, by_beta: int) -> None:
        """Accept a message where it fits."""
        dearest = max(by_alpha, by_beta)
        charges = (Charge(self.day, dearest, 300), Charge(self.alpha, by_alpha, 200))
        try:
            number = await self.room.submit(charges=charges, carriers=(self.alpha.name, "beta"))
        except BudgetSpentError:
            expected = self.expected()
            assert any(charge.micros and expected[charge.pot] + charge.micros > charge.limit for charge in charges)
        else:
            self.open[number] = self.prices[number] = dearest, by_alpha
            expected = self.expected()
            assert all(expected[charge.pot] <= charge.limit for charge in charges if charge.micros)

    async def meet(self, fate: str, micros: int) -> None:
        """Let everything that is queued meet a fate; ``micros`` is what it costs where it is taken."""
        if fate == "crash":
            await self.room.crash()
            return
        if fate == "expire":
            self.room.clock.now += 3600
            await self.room.sweep()
            self.open.clear()
            return
        for carrier in (self.alpha.name, "beta"):
            lease, batch, numbers = await self.room.call(carrier)
            if numbers:
                await self._settle(carrier, lease, batch, numbers, fate, micros)

    async def _settle(
        self, carrier: str, lease: Any, batch: Any, numbers: list[MessageId], fate: str, micros: int
    ) -> None:
        room, other = self.room, "beta" if carrier != "beta" else self.alpha.name
        if fate in ("doubt", "resend", "unknown"):
            await room.settle(batch, lease, dict.fromkeys(numbers, Doubted()), due_in_s=0)
            lease, _ = await room.doubts(carrier)
        steps: dict[str, Disposition] = {
            "taken": taken(cost=cost(micros)),
            "report": taken(cost=cost(micros)),
            "bill": taken(cost=cost(micros)),
            "nowhere": taken(cost=cost(micros)),
            "doubt": taken(cost=None),
            "other carrier": Requeued(other, None, 1),
            "later": Requeued(carrier, None, 1),
            "resend": Requeued(carrier, None, 1, possible_duplicate=False),
            "reject": Finished(Outcome.REJECTED, ErrorCode.BLOCKED),
            "unknown": Finished(Outcome.UNKNOWN, ErrorCode.OUTCOME_UNKNOWN),
        }
        await room.settle(batch, lease, dict.fromkeys(numbers, steps[fate]))
        if fate == "report":
            for number in numbers:
                await room.report(number)
        if fate in ("other carrier", "later", "resend"):
            return
        if fate == "bill":
            await room.store.report([final(number, parts=3) for number in numbers], now=room.now)
            micros *= 3
        for number in numbers:
            dearest, by_alpha = self.open.pop(number)
            costs = {"reject": (0, 0), "doubt": (dearest, by_alpha), "unknown": (dearest, by_alpha)}
            self._spend(carrier, *costs.get(fate, (micros, micros)))
        if fate == "nowhere":
            for number in numbers:
                self._spend(carrier, -micros, -micros)
                await self._prove_nowhere(carrier, number)

    def _spend(self, carrier: str, of_day: int, of_alpha: int) -> None:
        self.spent[self.day] += of_day
        self.spent[self.alpha] += of_alpha if carrier != "beta" else 0

    async def _prove_nowhere(self, carrier: str, number: MessageId) -> None:
        """It costs nothing, and goes on to beta if it was with alpha, for as much as there is room for."""
        expected, (dearest, by_alpha) = self.expected(), self.prices[number]
        await self.room.store.report([never_left(number)], now=self.room.now)
        if carrier == "beta" or (dearest and expected[self.day] + dearest > 300):
            return
        stays = not by_alpha or expected[self.alpha] + by_alpha <= 200
        self.open[number] = dearest, by_alpha if stays else 0

    def expected(self) -> Counter[Pot]:
        """Return what should be used of the pots."""
        total = Counter(self.spent)
        for dearest, by_alpha in self.open.values():
            total[self.day] += dearest
            total[self.alpha] += by_alpha
        return total

    async def check(self) -> None:
        """The store says so, and so do its messages one by one."""
        expected = {pot: micros for pot, micros in self.expected().items() if micros}
        stored = await self.room.store.spent([self.day, self.alpha])
        assert {pot: micros for pot, micros in stored.items() if micros} == expected
        messages = await self.room.backend.taken_out()
        assert {pot: micros for pot, micros in messages.items() if pot in (self.day, self.alpha)} == expected


prices = st.integers(0, 60)
steps = st.one_of(st.tuples(st.just("submit"), prices, prices), st.tuples(st.sampled_from(FATES), prices, prices))


@pytest.mark.parametrize("examples", [25, pytest.param(600, marks=pytest.mark.long)])
def test_in_any_order_of_events_the_sum_is_that_of_the_messages(examples: int) -> None:
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder, asyncio.Runner() as runner:
        backend, clock = SqliteBackend(Path(folder)), FakeClock()
        room = Room(backend, clock, runner.run(backend.open(clock)))
        accounts = iter(range(1_000_000))

        @given(st.lists(steps, max_size=12))
        @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
        def any_order(happening: list[tuple[str, int, int]]) -> None:
            books = Books(room, f"account{next(accounts)}")

            async def play() -> None:
                await books.meet("expire", 0)  # what another example has left
                for what, first, second in happening:
                    await (books.submit(first, second) if what == "submit" else books.meet(what, first))
                    await books.check()

            runner.run(play())

        try:
            any_order()
        finally:
            runner.run(backend.clean())
