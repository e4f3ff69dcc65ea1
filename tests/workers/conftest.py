"""A clock, a store and counters for each test."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from smppgw.workers import pace
from tests.workers.fakes import Depot, FakeClock


@pytest.fixture
def time() -> FakeClock:
    return FakeClock()


@pytest.fixture(autouse=True)
def pauses(time: FakeClock, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What workers sleep for their pace is time on the fake clock only; returns how long each time."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        time.advance(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr(pace, "asyncio", SimpleNamespace(sleep=sleep))
    return slept


@pytest.fixture
async def depot(tmp_path: Path, time: FakeClock) -> AsyncIterator[Depot]:
    opened = await Depot.open(tmp_path, time)
    yield opened
    await opened.real.aclose()
