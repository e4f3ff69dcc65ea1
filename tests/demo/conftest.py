"""A real store to read ways from, and the stand-in gateway of the command line's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cli.conftest import gateway
from tests.store.conftest import SqliteBackend
from tests.store.room import FakeClock, Room

__all__ = ["gateway"]


@pytest.fixture
async def backend(tmp_path: Path) -> SqliteBackend:
    return SqliteBackend(tmp_path)


@pytest.fixture
async def room(backend: SqliteBackend) -> AsyncIterator[Room]:
    clock = FakeClock()
    room = Room(backend, clock, await backend.open(clock))
    yield room
    await backend.clean()
