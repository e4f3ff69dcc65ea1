"""What was sent is told newest first, as it was submitted, with what it cost."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from smppgw.core.model import Decision
from smppgw.store.base import Recorded
from smppgw.store.sqlite import recorded as recorded_module
from smppgw.store.sqlite.opening import connect_reader
from smppgw.store.sqlite.recorded import recorded
from tests.store.room import START, Room, taken


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded_module, "_PAGE", 2)


def told(room: Room, since: float = START) -> list[Recorded]:
    with closing(connect_reader(room.backend.path)) as reader:  # type: ignore[attr-defined] # only SQLite comes here
        return list(recorded(reader, since))


async def test_messages_are_told_newest_first_with_what_each_cost(room: Room) -> None:
    sent = [await room.submit(f"text {number}") for number in range(3)]
    lease, batch, _ = await room.call()
    unpriced = replace(taken(), cost=None)
    await room.settle(batch, lease, dict(zip(sent, [taken(), unpriced, taken()], strict=True)))
    waiting = await room.submit("text 3")

    found = told(room)

    assert [one.message.id for one in found] == [waiting, *reversed(sent)]
    assert [one.message.text for one in found] == ["text 3", "text 2", "text 1", "text 0"]
    assert [(one.was_taken, one.cost_micros) for one in found] == [
        (False, None), (True, 75_000), (True, None), (True, 75_000),
    ]  # fmt: skip


async def test_only_what_was_accepted_since_is_told(room: Room) -> None:
    for _ in range(5):
        await room.submit()
        room.clock.now += 60

    assert [one.message.accepted_at for one in told(room, START + 120)] == [START + 240, START + 180, START + 120]


async def test_a_text_that_began_before_and_ended_later_hides_nothing(room: Room) -> None:
    await room.submit_part(1, 2, "a")
    room.clock.now += 60
    inside = await room.submit()
    _, (late,) = await room.submit_part(2, 2, "b")
    await room.route(late)

    assert [one.message.id for one in told(room, START + 1)] == [inside]
    assert [one.message.id for one in told(room)] == [late.id, inside]


async def test_the_sender_is_the_one_that_was_submitted(room: Room) -> None:
    made = room.submission()
    rewritten = Decision("default", ("alpha",), sender="12025550100")
    await room.accept(replace(made, segments=tuple(replace(one, decision=rewritten) for one in made.segments)))

    (found,) = told(room)

    assert (found.message.sender, found.message.sender_is_number) == ("ACME", False)
    assert found.message.decision == rewritten


async def test_what_was_never_routed_is_not_told(room: Room) -> None:
    await room.submit_part(1, 2, "a")
    await room.submit_part(2, 2, "b")

    assert told(room) == []


async def test_no_question_walks_through_the_whole_table(room: Room) -> None:
    await room.submit()
    await room.send()
    statements: list[str] = []
    with closing(connect_reader(room.backend.path)) as reader:  # type: ignore[attr-defined] # only SQLite comes here
        reader.set_trace_callback(statements.append)
        list(recorded(reader, START))
        reader.set_trace_callback(None)
        assert [step for statement in set(statements) for step in _plan(reader, statement) if "SCAN" in step] == []


def _plan(db: sqlite3.Connection, statement: str) -> Iterator[str]:
    return (step[3] for step in db.execute(f"EXPLAIN QUERY PLAN {statement}"))
