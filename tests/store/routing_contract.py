"""What every store must keep of routing: decisions whole, what they change, and what routing learns from."""

from dataclasses import replace
from typing import Any

import pytest

from smppgw.core.codes import ErrorCode
from smppgw.core.model import Belief, Decision, DropKind, Dropped, Message, Outcome, Stage
from smppgw.core.operations import Replacement
from smppgw.core.pumping import Block, Kind
from smppgw.store.base import Routed
from tests.store.room import RECEIVER, START, Room

RICH = Decision(
    "cheap",
    ("alpha", "beta"),
    (Dropped("delta", "no template"), Dropped("gamma", "9 a part is over max_price", DropKind.TOO_DEAR)),
    "least-cost",
    (Belief("alpha", 70_000, 98, 4), Belief("beta", None, None, None, True)),
    "SHOP",
    None,
)


async def submit(room: Room, decision: Decision) -> Message:
    """Accept a text with this decision, and lease it."""
    made = room.submission()
    segments = tuple(replace(segment, decision=decision) for segment in made.segments)
    await room.accept(replace(made, segments=segments))
    _, (message,) = await room.lease()
    return message


async def complete(room: Room, decision: Decision) -> None:
    """Accept a text of two parts, and route it so."""
    await room.submit_part(1, 2, "a")
    _, (message,) = await room.submit_part(2, 2, "b")
    await room.store.route({message.id: Routed(decision, 2)}, room.now)


class TestDecisions:
    @pytest.mark.parametrize("decision", [RICH, Decision("plain", ("alpha",)), Decision("r", ("alpha",), sender="1")])
    async def test_a_decision_comes_back_as_it_was_made(self, room: Room, decision: Decision) -> None:
        assert (await submit(room, decision)).decision == decision

    async def test_the_sender_is_what_the_route_made_of_it(self, room: Room) -> None:
        message = await submit(room, RICH)
        assert (message.sender, message.sender_is_number) == ("SHOP", False)

        message = await submit(room, RICH._replace(sender="12025550100"))
        assert (message.sender, message.sender_is_number) == ("12025550100", True)

        message = await submit(room, RICH._replace(sender=None))
        assert (message.sender, message.sender_is_number) == ("ACME", False)

    async def test_the_sender_of_a_completed_text_is_rewritten_too(self, room: Room) -> None:
        await complete(room, RICH)

        _, (message,) = await room.lease()

        assert message.sender == "SHOP"

    async def test_a_completed_text_may_become_another(self, room: Room) -> None:
        for reference, text in enumerate((None, "plain")):
            await room.submit_part(1, 2, "a", reference=reference)
            _, (message,) = await room.submit_part(2, 2, "b", reference=reference)
            await room.store.route({message.id: Routed(RICH, 2, text=text)}, room.now)
        await room.crash()

        _, messages = await room.lease()

        assert [message.text for message in messages] == ["ab", "plain"]

    async def test_a_completed_text_that_may_not_go_out_ends_with_the_error_that_says_so(self, room: Room) -> None:
        await room.submit_part(1, 2, "a")
        number, (message,) = await room.submit_part(2, 2, "b")
        kept_back = Routed(Decision("", (), (Dropped("", "kept back"),)), 2, error=ErrorCode.CONTENT_REFUSED)

        (finish,) = await room.store.route({message.id: kept_back}, room.now)

        assert (finish.message, finish.outcome, finish.error) == (
            number, Outcome.REJECTED, ErrorCode.CONTENT_REFUSED,
        )  # fmt: skip
        assert await room.receipts() == dict.fromkeys((1, 2), (Outcome.REJECTED, ErrorCode.CONTENT_REFUSED))

    async def test_a_new_text_takes_the_sender_of_its_new_decision(self, room: Room) -> None:
        number = await room.submit()
        replacement = Replacement(
            message=number,
            account="acme",
            text="new",
            parts=1,
            decision=RICH,
            schedule_at=None,
            expires_at=START + 3600,
            registered_delivery=1,
        )
        assert await room.store.replace(replacement, room.now)

        _, (message,) = await room.lease()

        assert (message.text, message.sender) == ("new", "SHOP")

    async def test_what_a_route_holds_back_waits_for_its_time(self, room: Room) -> None:
        made = room.submission()
        held = RICH._replace(hold_until=START + 100)
        await room.accept(replace(made, segments=tuple(replace(one, decision=held) for one in made.segments)))
        await complete(room, held)
        assert await room.waiting() == {Stage.SCHEDULED: 2}

        room.clock.now += 100
        await room.sweep()

        assert await room.waiting() == {Stage.QUEUED: 2}

    async def test_the_later_of_schedule_and_hold_counts(self, room: Room) -> None:
        made = room.submission(schedule_at=START + 200)
        held = RICH._replace(hold_until=START + 100)
        await room.accept(replace(made, segments=tuple(replace(one, decision=held) for one in made.segments)))

        room.clock.now += 100
        await room.sweep()

        assert await room.waiting() == {Stage.SCHEDULED: 1}

    async def test_a_text_that_must_not_go_ends_with_the_error_that_says_so(self, room: Room) -> None:
        await room.submit_part(1, 2, "a")
        _, (message,) = await room.submit_part(2, 2, "b")
        blocked = Routed(Decision("", (), (Dropped("", "blocked"),)), 2, error=ErrorCode.DESTINATION_BLOCKED)

        (finish,) = await room.store.route({message.id: blocked}, room.now)

        assert (finish.outcome, finish.error) == (Outcome.REJECTED, ErrorCode.DESTINATION_BLOCKED)
        owed = set((await room.receipts()).values())
        assert owed == {(Outcome.REJECTED, ErrorCode.DESTINATION_BLOCKED)}


def block(prefix: str = "3712000", until: float = START + 100, **changes: Any) -> Block:
    made = Block(account="acme", prefix=prefix, country="LV", kind=Kind.SPEND, until=until, rules="abc")
    return replace(made, **changes)


class TestBlocks:
    async def test_blocks_outlive_a_crash_until_they_end(self, room: Room) -> None:
        country = block("", START + 50, kind=Kind.WIDENED)
        await room.store.keep_blocks([block(), country, block(account="bolt", until=START + 10)], START)

        await room.crash()

        assert await room.store.blocks(START + 10) == [country, block()]
        assert await room.store.blocks(START + 100) == []

    async def test_a_later_block_of_the_same_numbers_takes_the_place_of_the_earlier(self, room: Room) -> None:
        await room.store.keep_blocks([block()], START)
        await room.store.keep_blocks([block(until=START + 200, rules="def")], START)

        assert await room.store.blocks(START) == [block(until=START + 200, rules="def")]

    async def test_what_has_ended_is_forgotten(self, room: Room) -> None:
        await room.store.keep_blocks([block(until=START + 10)], START)
        await room.store.keep_blocks([block("3712001")], START + 10)

        assert await room.store.blocks(START) == [block("3712001")]


class TestRecent:
    async def test_the_newest_endings_come_oldest_first(self, room: Room) -> None:
        for _ in range(3):
            await room.submit()
        _, numbers = await room.send()
        room.clock.now += 5
        for number in numbers:
            await room.report(number, Outcome.UNDELIVERABLE)

        recent = await room.store.recent(2)

        assert [finish.message for finish in recent] == numbers[1:]
        assert recent[0].carrier == "alpha"
        assert recent[0].outcome is Outcome.UNDELIVERABLE
        assert (recent[0].accepted_at, recent[0].sent_at, recent[0].done_at) == (START, START, START + 5)
        assert (recent[0].recipient, recent[0].country) == (RECEIVER, "DE")

    async def test_what_no_carrier_had_is_not_among_them(self, room: Room) -> None:
        await room.submit(expires_at=START + 5)
        await room.submit()
        room.clock.now += 5
        await room.sweep()

        assert await room.store.recent(10) == []

    async def test_a_finish_says_what_routing_learns_from(self, room: Room) -> None:
        await room.submit()
        _, (number,) = await room.send()
        room.clock.now += 5

        (finish,) = await room.report(number)

        assert (finish.sent_at, finish.done_at, finish.recipient, finish.country) == (START, START + 5, RECEIVER, "DE")
        assert await room.store.recent(10) == [finish]
