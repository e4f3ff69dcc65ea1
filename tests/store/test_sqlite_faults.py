"""Full disks, failing disks, and sudden death: what was acknowledged is there, and the rest says so."""

import asyncio
import sqlite3
import sys
from pathlib import Path

import pytest

from smppgw.core.model import Stage
from smppgw.store.base import Acknowledged, StoreFullError
from smppgw.store.sqlite import SqliteStore
from tests.store.room import FakeClock, Room

ROOT = Path(__file__).parents[2]
"""Where children find the package and these tests."""


async def set_room_left(room: Room, pages: int) -> None:
    """Let the database grow by so many pages of 4 KiB and no more."""
    assert isinstance(room.store, SqliteStore)

    def limit(db: sqlite3.Connection) -> None:
        most = db.execute("PRAGMA page_count").fetchone()[0] + pages
        assert db.execute(f"PRAGMA max_page_count = {most}").fetchone()[0] == most

    await room.store._writer.run(limit)


async def test_a_full_disk_refuses_submits_and_lets_the_rest_go_on(room: Room) -> None:
    message = await room.submit()
    await room.send()
    await set_room_left(room, 1)

    with pytest.raises(StoreFullError):
        await room.submit("x" * 20_000)

    assert room.store.problem() is not None
    await room.report(message)
    lease, (receipt,) = await room.outgoing()
    await room.store.settle_outgoing({receipt.id: Acknowledged()}, lease=lease, now=room.now)
    assert await room.waiting() == {}


async def test_room_again_lets_submits_in_without_a_restart(room: Room) -> None:
    await set_room_left(room, 1)
    with pytest.raises(StoreFullError):
        await room.submit("x" * 20_000)
    await set_room_left(room, 100)

    await room.submit("x" * 20_000)

    assert room.store.problem() is None
    assert await room.waiting() == {Stage.QUEUED: 1}


async def test_a_submit_too_large_for_the_room_left_costs_a_small_one_nothing(room: Room) -> None:
    await set_room_left(room, 2)

    large, small = await asyncio.gather(
        room.accept(room.submission("x" * 20_000)), room.accept(room.submission("small")), return_exceptions=True
    )

    assert isinstance(large, StoreFullError)
    assert small == []
    assert await room.waiting() == {Stage.QUEUED: 1}


FAILING_DISK = """
import asyncio, resource, sys
from pathlib import Path
from smppgw.store.base import StoreFailedError
from tests.store.conftest import SqliteBackend
from tests.store.room import FakeClock, Room

async def main():
    backend = SqliteBackend(Path(sys.argv[1]))
    clock = FakeClock()
    room = Room(backend, clock, await backend.open(clock))
    most = 400_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    try:
        for _ in range(1000):
            print(await room.submit("x" * 1000), flush=True)
    except StoreFailedError:
        print("failed", room.store.failed(), room.store.problem() is not None, flush=True)

asyncio.run(main())
"""


async def test_a_failing_disk_ends_the_store_and_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    # A write beyond the limit of the process fails with EFBIG, which SQLite reports as it reports EIO.
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FAILING_DISK, str(tmp_path), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    output, _ = await asyncio.wait_for(child.communicate(), 60)

    *acknowledged, last = output.decode().split("\n")[:-1]
    assert last == "failed True True"
    assert len(acknowledged) > 3
    assert await stored(tmp_path / "store.db") == {int(number) for number in acknowledged}


WRITER = """
import asyncio, sys
from pathlib import Path
from tests.store.conftest import SqliteBackend
from tests.store.room import FakeClock, Room

async def main():
    backend = SqliteBackend(Path(sys.argv[1]))
    clock = FakeClock()
    room = Room(backend, clock, await backend.open(clock))
    first = await room.store.reserve_ids(1_000_000)

    async def submit(of, every):
        for number in range(first + of, first + 1_000_000, every):
            room.last_id = number - 1
            print(await room.submit(f"text {number}"), flush=True)

    await asyncio.gather(*(submit(of, 10) for of in range(10)))

asyncio.run(main())
"""


async def stored(path: Path) -> set[int]:
    """Open the store as a restart would; return the messages in its queue."""
    clock = FakeClock()
    store = await SqliteStore.open(path, wall=clock, monotonic=clock)
    _, messages = await store.lease("alpha", 100_000, until=clock() + 60, now=clock())
    await store.aclose()
    return {message.id for message in messages}


async def test_a_killed_process_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    acknowledged: set[int] = set()
    for turn in range(10):
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WRITER, str(tmp_path), stdout=asyncio.subprocess.PIPE, cwd=ROOT
        )
        assert child.stdout is not None
        async with asyncio.timeout(60):
            for _ in range(1 + turn * 23):
                acknowledged.add(int(await child.stdout.readline()))
            child.kill()
            acknowledged |= {int(line) for line in (await child.stdout.read()).split(b"\n")[:-1]}
            await child.wait()

        found = await stored(tmp_path / "store.db")

        assert acknowledged <= found
        assert len(found) <= len(acknowledged) + (turn + 1) * 10  # what was stored, but not yet answered
