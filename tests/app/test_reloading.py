"""SIGHUP: a good configuration is swapped whole, a bad one changes nothing."""

import asyncio
import gc
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import structlog

from smppgw import app
from smppgw.app.crew import Crew
from smppgw.app.reloading import Configuration, Reloader
from smppgw.config.faults import ConfigFaults, Fault
from smppgw.config.settings import Settings
from smppgw.core.model import Cost, TrafficClass
from smppgw.core.rates import Exchange, RateCard
from smppgw.ops.systemd import Notifier
from smppgw.workers.pricing import Prices
from tests.app.conftest import HASH, Load
from tests.workers.fakes import WAIT_S, FakeClock, metrics_for, value_of

OTHER_ACCOUNT = f'[[accounts]]\nsystem_id = "other"\npassword_hash = "{HASH}"'


class FakeNotifier(Notifier):
    """Keeps what systemd would be told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.ready_again = asyncio.Event()

    def reloading(self, monotonic: float) -> None:
        self.told.append("reloading")

    def ready(self, status: str) -> None:
        self.told.append("ready")
        self.ready_again.set()


class FakeCrew:
    """Keeps what it is to go by."""

    def __init__(self) -> None:
        self.accounts: list[list[str]] = []
        self.prices = Prices({}, Exchange(), "EUR")
        self.callees: list[list[str]] = []
        self.budgets = SimpleNamespace(
            reload=lambda budgets, prices: self.budgeted.append([str(one) for one in budgets])
        )
        self.budgeted: list[list[str]] = []
        self.front = SimpleNamespace(
            outbinds=SimpleNamespace(reload=lambda callees: self.callees.append(list(callees))),
            binds=SimpleNamespace(accounts={"legacy": None}),
        )

    def reload(self, policies: dict[str, Any], router: Any, prices: Prices) -> Prices:
        self.accounts.append(list(policies))
        self.front.binds.accounts |= dict.fromkeys(policies)
        former, self.prices = self.prices, prices
        return former


class Scene:
    """A reloader, and whom it tells."""

    def __init__(self, running: Settings, read: Callable[[], Settings]) -> None:
        self.crew = FakeCrew()
        self.metrics = metrics_for(accounts=("legacy", "other"))
        self.notifier = FakeNotifier()
        self.reloader = Reloader(
            read=lambda: _configuration(read()),
            running=running,
            crew=cast("Crew", self.crew),
            listeners=(),
            clock=FakeClock().clock,
            metrics=self.metrics,
            notifier=self.notifier,
        )

    async def reload(self) -> None:
        task = asyncio.create_task(self.reloader.run())
        self.reloader.ask()
        async with asyncio.timeout(WAIT_S):
            await self.notifier.ready_again.wait()
        task.cancel()
        await asyncio.wait([task])


def _configuration(settings: Settings) -> Configuration:
    return app.read(settings.source, {})


async def test_a_good_configuration_is_gone_by(load_text: Load) -> None:
    scene = Scene(load_text(), lambda: load_text(accounts=OTHER_ACCOUNT))

    await scene.reload()

    assert scene.crew.accounts == [["other"]]
    assert scene.notifier.told == ["reloading", "ready"]
    assert value_of(scene.metrics, "config_last_reload_successful") == 1
    assert value_of(scene.metrics, "account_expected_bound", account="other") == 1


async def test_who_is_called_is_gone_by_too(load_text: Load) -> None:
    scene = Scene(load_text(), lambda: load_text(accounts=OTHER_ACCOUNT + '\noutbind = "127.0.0.1:2776"'))

    await scene.reload()

    assert scene.crew.callees == [["other"]]


async def test_budgets_are_gone_by_at_once_those_of_carriers_too(load_text: Load) -> None:
    budgeted = '[carriers.loop]\ntype = "loopback"\nbudgets = [{ period = "day", limit = "5 EUR" }]'
    scene = Scene(load_text(), lambda: load_text(carriers=budgeted))

    await scene.reload()

    assert scene.crew.budgeted == [["day budget of carrier loop"]]


async def test_an_account_that_is_gone_is_no_longer_missed(load_text: Load) -> None:
    scene = Scene(load_text(), lambda: load_text(accounts=OTHER_ACCOUNT))
    scene.metrics.expected_bound("legacy", expected=True)

    await scene.reload()

    assert value_of(scene.metrics, "account_expected_bound", account="legacy") == 0


@pytest.mark.parametrize(
    "parts", [{"accounts": "[[accounts]]"}, {"routes": '[[routes]]\nname = "x"\ncarriers = ["y"]'}]
)
async def test_a_faulty_one_changes_nothing(load_text: Load, parts: dict[str, str]) -> None:
    scene = Scene(load_text(), lambda: load_text(**parts))

    await scene.reload()

    assert scene.crew.accounts == []
    assert gc.isenabled()
    assert scene.notifier.told == ["reloading", "ready"]
    assert value_of(scene.metrics, "config_last_reload_successful") == 0


async def test_a_faulty_rate_card_leaves_the_old_one_in_force_and_says_so(load_text: Load, tmp_path: Path) -> None:
    card, carriers = tmp_path / "card.csv", '[carriers.loop]\ntype = "loopback"\nrates = "card.csv"'
    card.write_text("prefix,price,currency\n49,0.07,EUR\n")
    scene = Scene(load_text(carriers=carriers), lambda: load_text(carriers=carriers))
    card.write_text("prefix,price,currency\n49,0.08,EUR\n43,cheap,EUR\n")

    with structlog.testing.capture_logs() as logs:
        await scene.reload()

    assert scene.crew.accounts == []
    assert value_of(scene.metrics, "config_last_reload_successful") == 0
    assert [(entry["event"], entry["path"]) for entry in logs] == [
        ("configuration not reloaded", "carriers.loop.rates")
    ]
    assert "card.csv, line 3: price 'cheap'" in logs[0]["reason"]


async def test_a_right_rate_card_is_gone_by(load_text: Load, tmp_path: Path) -> None:
    card, carriers = tmp_path / "card.csv", '[carriers.loop]\ntype = "loopback"\nrates = "card.csv"'
    card.write_text("prefix,price,currency\n49,0.07,EUR\n")
    scene = Scene(load_text(carriers=carriers), lambda: load_text(carriers=carriers))
    card.write_text("prefix,price,currency\n49,0.08,EUR\n")

    await scene.reload()

    assert scene.crew.prices.of("loop", "491711234567", "DE", TrafficClass.OTP, 1, 0.0, 0) == Cost(
        80_000, "EUR", 80_000
    )


async def test_a_route_over_a_carrier_that_does_not_run_yet_is_a_fault(load_text: Load) -> None:
    both = '[carriers.loop]\ntype = "loopback"\n[carriers.new]\ntype = "loopback"'
    routes = '[[routes]]\nname = "default"\ncarriers = ["loop", "new"]'
    scene = Scene(load_text(), lambda: load_text(carriers=both, routes=routes))

    await scene.reload()

    assert scene.crew.accounts == []
    assert value_of(scene.metrics, "config_last_reload_successful") == 0


async def test_after_a_faulty_one_a_good_one_is_gone_by(load_text: Load) -> None:
    answers: list[Callable[[], Settings]] = [_faulty, load_text]
    scene = Scene(load_text(), lambda: answers.pop(0)())
    await scene.reload()
    scene.notifier.ready_again.clear()

    await scene.reload()

    assert scene.crew.accounts == [["legacy"]]


def _faulty() -> Settings:
    raise ConfigFaults((Fault("smpp", "is not there"),))


class WatchedCard(RateCard):
    """Says which thread frees it."""

    __slots__ = ("freed_by",)
    freed_by: list[int]

    def __del__(self) -> None:
        self.freed_by.append(threading.get_ident())


async def test_files_are_read_and_old_cards_freed_while_the_event_loop_goes_on(load_text: Load) -> None:
    read_by: list[int] = []

    def read() -> Settings:
        assert not gc.isenabled()
        read_by.append(threading.get_ident())
        return load_text()

    scene = Scene(load_text(), read)
    card = WatchedCard("old", ())
    freed_by: list[int] = []
    card.freed_by = freed_by
    scene.crew.prices = Prices({"loop": card}, Exchange(), "EUR")
    del card

    await scene.reload()

    assert len(read_by) == len(freed_by) == 1
    assert threading.get_ident() not in (*read_by, *freed_by)
    assert gc.isenabled()
