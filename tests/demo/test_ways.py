"""What the demo shows is what the store says."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from smppgw.core.codes import ErrorCode
from smppgw.core.disposition import Disposition, Doubted, Finished, Parked, Requeued
from smppgw.core.model import Outcome
from smppgw.demo.ways import Verdict, Way, read_ways
from tests.store.conftest import SqliteBackend
from tests.store.room import RECEIVER, Room, final, taken


def way(backend: SqliteBackend) -> Way:
    [found] = read_ways(backend.path)
    return found


async def test_the_way_of_a_message_is_told_whole(room: Room, backend: SqliteBackend) -> None:
    await room.submit("grüß dich 👋")
    await room.send()

    assert way(backend) == Way(
        account="acme",
        recipient=RECEIVER,
        text="grüß dich 👋",
        parts=1,
        route="default",
        carrier="alpha",
        verdict=Verdict.ACCEPTED,
        micros=75_000,
        message_ids=("id1",),
    )


async def test_what_is_not_sent_yet_has_no_verdict(room: Room, backend: SqliteBackend) -> None:
    await room.submit()

    assert (way(backend).verdict, way(backend).micros) == (Verdict.NONE, None)


async def test_an_unknown_price_is_none_though_the_message_was_accepted(room: Room, backend: SqliteBackend) -> None:
    message = await room.submit()
    lease, batch, _ = await room.call()
    await room.settle(batch, lease, {message: taken(cost=None)})

    assert (way(backend).verdict, way(backend).micros) == (Verdict.ACCEPTED, None)


async def test_a_price_is_what_the_carrier_bills_in_the_end(room: Room, backend: SqliteBackend) -> None:
    message = await room.submit()
    await room.send()
    await room.store.report([final(message, Outcome.UNDELIVERABLE, parts=0)], now=room.now)

    assert (way(backend).verdict, way(backend).micros) == (Verdict.ACCEPTED, 0)


@pytest.mark.parametrize(
    ("disposition", "verdict"),
    [
        (Finished(Outcome.REJECTED, ErrorCode.BLOCKED, "BLOCKED"), Verdict.REJECTED),
        (Finished(Outcome.UNKNOWN, ErrorCode.OUTCOME_UNKNOWN), Verdict.DOUBTFUL),
        (Doubted(), Verdict.DOUBTFUL),
        (Parked(), Verdict.DOUBTFUL),
        (Requeued("alpha", None, 1), Verdict.NONE),
    ],
)
async def test_a_verdict_other_than_accepted_books_nothing(
    room: Room, backend: SqliteBackend, disposition: Disposition, verdict: Verdict
) -> None:
    message = await room.submit()
    lease, batch, _ = await room.call()
    await room.settle(batch, lease, {message: disposition})

    assert (way(backend).verdict, way(backend).micros) == (verdict, None)


async def test_a_joined_text_has_the_ids_of_all_its_parts_in_their_order(room: Room, backend: SqliteBackend) -> None:
    second, _ = await room.submit_part(2, 2, "two")
    first, joined = await room.submit_part(1, 2, "one ")
    await room.route(*joined)

    found = way(backend)

    assert (found.text, found.parts) == ("one two", 2)
    assert found.message_ids == (f"id{first}", f"id{second}")


async def test_parts_that_still_wait_for_others_are_no_message(room: Room, backend: SqliteBackend) -> None:
    await room.submit_part(1, 2, "one")

    assert read_ways(backend.path) == []


async def test_the_carrier_is_the_one_it_failed_over_to(room: Room, backend: SqliteBackend) -> None:
    message = await room.submit()
    lease, batch, _ = await room.call("alpha")
    await room.settle(batch, lease, {message: Requeued("beta", None, 1)})
    await room.send("beta")

    assert replace(way(backend), text="").carrier == "beta"
    assert way(backend).micros == 75_000


async def test_ways_are_told_oldest_first(room: Room, backend: SqliteBackend) -> None:
    for text in ("first", "second", "third"):
        await room.submit(text)

    assert [found.text for found in read_ways(backend.path)] == ["first", "second", "third"]


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        read_ways(tmp_path / "none.db")

    assert list(tmp_path.iterdir()) == []
