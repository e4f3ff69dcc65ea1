"""Alive, ready, and the gauges that nobody else sets."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import cast

import pytest

from smppgw.app import vitals
from smppgw.app.vitals import Vitals
from smppgw.core.health import Circuit
from smppgw.ops.systemd import Notifier
from smppgw.smpp.consts import CommandId
from smppgw.smpp.tally import UNKNOWN, Tally
from smppgw.store.base import Store
from smppgw.workers.binds import Binds
from tests.workers.fakes import Depot, FakeClock, metrics_for, submit, value_of
from tests.workers.front import Front


class FakeNotifier(Notifier):
    """Keeps what systemd would be told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def stopping(self) -> None:
        self.told.append("stopping")

    def watchdog(self) -> None:
        self.told.append("watchdog")


class FakeStore:
    """Has a problem or not."""

    trouble: str | None = None

    def problem(self) -> str | None:
        return self.trouble


class Ward:
    """Vitals, and whom they ask and tell."""

    def __init__(self, watchdog_s: float | None = None) -> None:
        self.time = FakeClock()
        self.metrics = metrics_for()
        self.notifier = FakeNotifier()
        self.store = FakeStore()
        self.vitals = Vitals(clock=self.time.clock, metrics=self.metrics, notifier=self.notifier, watchdog_s=watchdog_s)

    def open(self) -> None:
        self.vitals.opened(cast("Store", self.store))


@pytest.fixture
def ward() -> Ward:
    return Ward()


@pytest.fixture
async def depot(tmp_path: Path) -> AsyncIterator[Depot]:
    opened = await Depot.open(tmp_path, FakeClock())
    yield opened
    await opened.real.aclose()


def test_while_starting_it_is_alive_and_not_ready(ward: Ward) -> None:
    ward.time.advance(3600)

    assert (ward.vitals.alive(), ward.vitals.ready()) == ([], ["starting"])


def test_open_it_is_ready(ward: Ward) -> None:
    ward.open()

    assert (ward.vitals.alive(), ward.vitals.ready()) == ([], [])


def test_a_store_that_takes_no_writes_makes_it_unready_not_dead(ward: Ward) -> None:
    ward.open()
    ward.store.trouble = "no space left"

    assert (ward.vitals.alive(), ward.vitals.ready()) == ([], ["store: no space left"])


def test_draining_it_is_not_ready_and_systemd_knows(ward: Ward) -> None:
    ward.open()

    ward.vitals.drain()

    assert ward.vitals.ready() == ["draining"]
    assert ward.notifier.told == ["stopping"]


def test_a_writer_that_completes_nothing_is_not_alive(ward: Ward) -> None:
    ward.open()
    ward.time.advance(29)
    before = ward.vitals.alive()
    ward.time.advance(2)

    assert before == []
    assert ward.vitals.alive() == ["the store has completed nothing for 31 s"]


def test_each_commit_is_a_sign_of_life(ward: Ward) -> None:
    ward.open()
    ward.time.advance(31)

    ward.vitals.committed(0.002, 3)

    assert ward.vitals.alive() == []
    assert value_of(ward.metrics, "store_commit_seconds_count") == 1


def beats(times: int) -> Iterator[bool]:
    """Let the store fail after so many beats."""
    yield from [False] * times
    while True:
        yield True


@pytest.mark.parametrize(("silent_s", "told"), [(0.0, ["watchdog"]), (31.0, [])])
async def test_the_watchdog_is_fed_only_while_alive(
    monkeypatch: pytest.MonkeyPatch, depot: Depot, silent_s: float, told: list[str]
) -> None:
    monkeypatch.setattr(vitals, "_BEAT_S", 0.0)
    ward = Ward(watchdog_s=10.0)
    ward.open()
    ward.time.advance(silent_s)
    failed = beats(3)

    await ward.vitals.beat(Front(depot, ward.time).binds, Tally(), {}, lambda: None, lambda: next(failed))

    assert ward.notifier.told == told  # once: the clock stands still


async def test_beats_show_windows_pdus_and_circuits(monkeypatch: pytest.MonkeyPatch, depot: Depot) -> None:
    monkeypatch.setattr(vitals, "_BEAT_S", 0.0)
    ward = Ward()
    front = Front(depot, ward.time)
    depot.scripted.hold("accept")
    peer = await front.bound_peer()
    peer.send(submit(1), submit(2))
    tally = Tally()
    for command in (CommandId.SUBMIT_SM, CommandId.SUBMIT_SM, UNKNOWN):
        tally.receive(command)
    tally.send(CommandId.SUBMIT_SM_RESP)
    circuit = Circuit(failures=1)
    circuit.record(False, ward.time.ticked)
    binds: Binds = front.binds
    failed = beats(2)
    shown: list[int] = []

    await ward.vitals.beat(binds, tally, {"alpha": circuit}, lambda: shown.append(1), lambda: next(failed))

    assert value_of(ward.metrics, "smpp_window_used", account="acme") == 2
    assert value_of(ward.metrics, "smpp_pdus_total", direction="in", command="submit_sm") == 2
    assert value_of(ward.metrics, "smpp_pdus_total", direction="in", command="other") == 1
    assert value_of(ward.metrics, "smpp_pdus_total", direction="out", command="submit_sm_resp") == 1
    assert value_of(ward.metrics, "carrier_state", carrier="alpha", state="open") == 1
    assert shown == [1, 1]
    depot.scripted.gates["accept"].set()
    await front.reception.wait_idle()
