"""SQLite keeps the contract of stores about questions of ESMEs."""

from pathlib import Path

import pytest

from smppgw.store.sqlite import opening
from tests.store.conftest import SqliteBackend
from tests.store.operations_contract import (  # noqa: F401 - pytest collects them here
    TestCancellingByAddress,
    TestCancellingByName,
    TestFinding,
    TestReplacing,
    addressed,
)
from tests.store.room import FakeClock, Room


async def test_what_waited_before_the_schema_knew_searches_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, clock, known = SqliteBackend(tmp_path), FakeClock(), opening.schemas()
    with monkeypatch.context() as before:
        before.setattr(opening, "schemas", lambda: known[:1])
        room = Room(backend, clock, await backend.open(clock))
        await room.submit()
        await room.store.aclose()

    room.store = await backend.open(clock)
    finishes = await room.store.cancel(addressed(), room.now) or ()

    await room.store.aclose()
    assert len(finishes) == 1
