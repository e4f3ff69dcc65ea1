"""The world around the daemon: simulated carriers, and daemons that never outlive their test."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from smppgw.simulators.retarus import lifecycle
from tests.e2e.configuration import configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import close_all
from tests.e2e.phone import Phone
from tests.e2e.simulated import Simulated, alibaba_simulator, retarus_simulator, serving


@pytest.fixture(autouse=True)
async def no_session_outlives_its_test() -> AsyncIterator[None]:
    yield
    await close_all()


@pytest.fixture
async def retarus() -> AsyncIterator[Simulated]:
    async with serving(retarus_simulator()) as simulated:
        yield simulated


@pytest.fixture
def phone(monkeypatch: pytest.MonkeyPatch) -> Phone:
    """Says what becomes of every message of the simulated Retarus; nothing yet."""
    phone = Phone()
    monkeypatch.setattr(lifecycle, "way_of", lambda dst: phone.is_now)
    return phone


@pytest.fixture
async def alibaba() -> AsyncIterator[Simulated]:
    async with serving(alibaba_simulator()) as simulated:
        yield simulated


@pytest.fixture
async def new_daemon(tmp_path: Path) -> AsyncIterator[NewDaemon]:
    """Makes a daemon from a configuration; the test starts it."""
    async with AsyncExitStack() as made:

        def make(text: str) -> Daemon:
            daemon = Daemon(tmp_path, text)
            made.push_async_callback(daemon.dispose)
            return daemon

        yield make


@pytest.fixture
async def daemon(new_daemon: NewDaemon, retarus: Simulated) -> Daemon:
    """A daemon with the simulated Retarus, up."""
    daemon = new_daemon(configuration(retarus=retarus.url))
    await daemon.start()
    return daemon
