"""No statement of the hot path reads a whole table, so the store stays as fast with five million rows as with five."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from smppgw.core.budgets import Charge, Period, Pot, Scope
from smppgw.core.codes import ErrorCode
from smppgw.core.disposition import Disposition, Doubted, Finished, Parked, Requeued
from smppgw.core.model import Address, BatchId, CarrierRef, Decision, MessageId, Outcome
from smppgw.core.operations import Addressed, IdKey, Named, Replacement
from smppgw.core.pumping import Block, Kind
from smppgw.core.verdict import PushedReport
from smppgw.store.base import Acknowledged, InboundText, Postponed
from smppgw.store.sqlite import SqliteStore
from tests.store.room import ASSEMBLY_S, RECEIVER, START, Room, final, taken

Parameters = Any


class Recording:
    """A connection that keeps each statement as the store wrote it, with the first parameters it ran with.

    Not a trace callback: that shows the parameters written in, which lets SQLite use indexes that it cannot use
    without knowing them.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.statements: dict[str, Parameters] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, statement: str, parameters: Parameters = ()) -> sqlite3.Cursor:
        self.statements.setdefault(statement, parameters)
        return self._connection.execute(statement, parameters)

    def executemany(self, statement: str, rows: Iterable[Parameters]) -> sqlite3.Cursor:
        kept = list(rows)
        if kept:
            self.statements.setdefault(statement, kept[0])
        return self._connection.executemany(statement, kept)


async def everything(room: Room) -> None:
    """Use every verb of the store but ``purge``, each with something to do."""
    store = room.store
    await store.reserve_ids(1)
    blocked = Block(account="acme", prefix="371200", country="LV", kind=Kind.SPEND, until=room.now, rules="abc")
    await store.keep_blocks([blocked], room.now)
    await store.blocks(room.now)
    await store.secret("ids")
    await room.submit(schedule_at=START + 1)
    await room.submit(expires_at=START + 1, carriers=("beta",))
    await room.submit_part(1, 2, "a", reference=1)
    room.send_incomplete = True
    await room.submit_part(1, 2, "a", reference=2)
    room.send_incomplete = False
    for number in (1, 2, 2):
        await room.submit_part(number, 2, f"part {number}")
    await room.route(*await store.unrouted(10))
    await room.submit_part(1, 2, "part 1", registered_delivery=0x11)
    charge = Charge(Pot(Scope.ACCOUNT, "acme", Period.DAY, 0), 5, 1000)
    numbers = [await room.submit(registered_delivery=0x11, wants_alert=True, charges=(charge,)) for _ in range(6)]
    await store.spent([charge.pot])
    lease, messages = await room.lease(limit=1)
    steps = {messages[0].id: Requeued("alpha", None, 0)}
    await store.put_back(steps, lease=lease, now=room.now)
    lease, batch, leased = await room.call()
    fates: list[Disposition] = [
        taken(),
        Requeued("alpha", None, 1),
        Requeued("beta", START + 1, 1),
        Parked(),
        Finished(Outcome.REJECTED, ErrorCode.BLOCKED),
        Doubted(),
    ]
    await room.settle(batch, lease, dict(zip(leased, fates + [taken()] * 9, strict=False)), due_in_s=0)
    lease, (doubt,) = await room.doubts()
    await store.note_doubt(batch, doubt.progress, lease=lease, due_at=room.now)
    lease, (doubt,) = await room.doubts()
    await room.settle(batch, lease, {doubt.messages[0].id: taken()}, due_in_s=0)
    lease, _ = await room.polls()
    gone, *others = (MessageId(number) for number in leased)
    away = final(gone, Outcome.UNDELIVERABLE, error=ErrorCode.NOT_ON_SERVICE)
    await store.report([away], now=room.now, polled={batch: room.now + 5}, lease=lease)
    await store.report([final(number, at=room.now + 1) for number in others], now=room.now)
    await pushes(room, batch)
    passed = await room.submit()
    await room.send()
    await store.report([final(passed, Outcome.UNDELIVERABLE, parts=0, nothing_left=True)], now=room.now)
    lease, (first, *_) = await room.outgoing(limit=1)
    await store.settle_outgoing({first.id: Postponed(room.now, 8)}, lease=lease, now=room.now)
    lease, owed = await room.outgoing()
    await store.settle_outgoing({one.id: Acknowledged() for one in owed}, lease=lease, now=room.now)
    await questions(room)
    await store.billed_parts("alpha", since=START, until=room.now)
    await room.call()
    room.clock.now += ASSEMBLY_S
    await room.sweep(kept_s=1)
    await room.submit_part(2, 2, "b", reference=2)
    assert len(numbers) == 6


async def pushes(room: Room, batch: str) -> None:
    """Let pushes come: about a message that is known, one that is not, one known by its other name, and a text."""
    known = PushedReport(batch=BatchId(batch), recipient=RECEIVER, outcome=Outcome.ENROUTE, final=False)
    strange = replace(known, batch=None, ref=CarrierRef("J.9"), outcome=Outcome.DELIVERED, final=True)
    here = Address(1, 1, "1234")
    text = InboundText(account="acme", key="k", source=here, destination=here, data_coding=0, parts=("a",), at=START)
    for _ in range(2):
        await room.submit(recipients=("491710000008",))
        lease, doubted, numbers = await room.call()
        await room.settle(doubted, lease, dict.fromkeys(numbers, Doubted()), due_in_s=3600)
        reports = [known, strange, replace(known, batch=doubted, ref=CarrierRef("J.8"), recipient="491710000008")]
        await room.store.unbooked("alpha", reports)
        for again_at in (room.now, None):
            await room.store.keep_push("alpha", "", b"x", room.now)
            lease, (push, *_) = await room.store.lease_pushes(9, until=room.now + 9, now=room.now)
            await room.store.settle_push(push, reports, {}, [text], again_at=again_at, lease=lease, now=room.now)
    await room.submit()
    lease, batch, numbers = await room.call()
    await room.settle(batch, lease, dict.fromkeys(numbers, taken("J.9")))


async def questions(room: Room) -> None:
    """Let an ESME find, replace and cancel."""
    number = await room.submit()
    named = Named(account="acme", keys=(IdKey(f"id{number}", number, 1 << 40),), source_addr="ACME")
    assert await room.store.find(named)
    replacement = Replacement(
        message=number,
        account="acme",
        text="new",
        parts=1,
        decision=Decision("new", ("alpha",)),
        schedule_at=None,
        expires_at=START + 3600,
        registered_delivery=1,
    )
    assert await room.store.replace(replacement, room.now)
    assert await room.store.cancel(named, room.now)
    await room.submit(recipients=("491710000009",))
    between = Addressed(account="acme", source_addr="ACME", recipient="491710000009", service_type=None)
    assert await room.store.cancel(between, room.now)


async def plans(room: Room) -> Iterator[tuple[str, str]]:
    """Run everything; return each statement with each step of its plan."""
    store = room.store
    assert isinstance(store, SqliteStore)
    writer, reader = Recording(store._writer._connection), Recording(store._reader)
    store._writer._connection = cast("sqlite3.Connection", writer)
    store._reader = cast("sqlite3.Connection", reader)
    await everything(room)
    await store.backlog()
    await store.owed_accounts(["acme"], room.now)
    await room.crash()
    explained = sqlite3.connect(room.backend.path)  # type: ignore[attr-defined] # only SQLite comes here
    try:
        return iter(
            [
                (statement, step[3])
                for statement, parameters in (writer.statements | reader.statements).items()
                if statement.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE", "INSERT"))
                for step in explained.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            ]
        )
    finally:
        explained.close()


_OF_WHAT_IS_OPEN = (
    "messages_queue", "messages_due", "messages_expiry", "messages_aside", "attempts_due", "attempts_open",
    "outbox_pending", "outbox_age", "assemblies_open", "pushes_due",
)  # fmt: skip
"""Indexes of what is open, partial ones but the last: a scan of one never reads what has ended."""


async def test_no_statement_reads_a_whole_table(room: Room) -> None:
    found = list(await plans(room))

    scans = [(step, statement) for statement, step in found if step.startswith("SCAN") and "VIRTUAL TABLE" not in step]
    assert [scan for scan in scans if not scan[0].endswith(_OF_WHAT_IS_OPEN)] == []
    assert len({statement for statement, _ in found}) > 40


@pytest.mark.parametrize(
    "index",
    [
        "messages_queue",
        "messages_due",
        "messages_expiry",
        "messages_aside",
        "attempts_due",
        "attempts_open",
        "outbox_pending",
        "outbox_age",
        "segments_of_message",
        "segments_of_assembly",
        "segments_of_submission",
        "assemblies_by_key",
        "assemblies_open",
        "assemblies_to_forget",
        "unreached_since",
        "costs_standing",
        "messages_by_ref",
        "outbox_inbound",
        "pushes_due",
        "orphans_once",
        "orphans_age",
    ],
)
async def test_each_index_is_there_for_a_statement(room: Room, index: str) -> None:
    assert any(index in step for _, step in await plans(room))


async def test_a_whole_table_would_be_noticed(room: Room) -> None:
    connection = sqlite3.connect(room.backend.path)  # type: ignore[attr-defined] # only SQLite comes here

    (step,) = connection.execute("EXPLAIN QUERY PLAN SELECT id FROM messages WHERE stage = ?", (3,)).fetchall()

    connection.close()
    assert step[3].startswith("SCAN messages")
    assert "INDEX" not in step[3]
