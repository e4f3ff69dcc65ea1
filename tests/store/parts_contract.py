"""What every store must keep of long texts that do not come whole, or come twice. Used like ``contract``."""

import itertools
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from smppgw.core.codes import ErrorCode
from smppgw.core.model import Message, MessageId, Outcome, OutgoingKind, Part, Stage
from smppgw.core.operations import Addressed, IdKey, Named, Standing
from smppgw.store.base import Acknowledged
from tests.store.room import ASSEMBLY_S, RECEIVER, START, Room, taken

DELIVERED = (Outcome.DELIVERED, 0)
PARTS_MISSING = (Outcome.UNDELIVERABLE, 62)
CANCELLED = (Outcome.DELETED, 9)
PIECES = ("eins ", "zwei ", "drei ", "vier ", "fünf")


@dataclass
class Story:
    """A long text, the order in which its parts come, and the one that does not."""

    total: int
    order: Sequence[int]
    """With one part twice."""
    lost: int | None
    segments: list[int] = field(default_factory=list)

    def text(self) -> str:
        """What is sent where what came is sent."""
        return "".join("(...)" if number == self.lost else PIECES[number - 1] for number in range(1, self.total + 1))


def stories(total: int, *, lose: bool) -> Iterator[Story]:
    """Every order of so many parts, with each of them lost in turn; the one that comes twice is drawn."""
    draw = random.Random(total)
    for order in itertools.permutations(range(1, total + 1)):
        for lost in order if lose else (None,):
            came = [number for number in order if number != lost]
            came.insert(draw.randrange(len(came) + 1), draw.choice(came))
            yield Story(total, came, lost)


async def tell(room: Room, told: Sequence[Story]) -> list[Message]:
    """Let the parts of all stories come turn by turn; return the texts that they complete."""
    completed: list[Message] = []
    for turn in range(max(len(story.order) for story in told)):
        coming = [(place, story) for place, story in enumerate(told) if turn < len(story.order)]
        submissions = [
            room.submission(PIECES[number - 1], part=Part(place, story.total, number), carriers=("alpha",))
            for place, story in coming
            for number in [story.order[turn]]
        ]
        for (_, story), submission in zip(coming, submissions, strict=True):
            story.segments.append(submission.segments[0].id)
        completed += await room.accept(*submissions)
    return completed


async def send_all(room: Room) -> tuple[int, list[str]]:
    """Send what is queued in one call, and have it delivered; return how often anything was handed over, and texts."""
    lease, messages = await room.lease(limit=2000)
    attempt = room.attempt(*(message.id for message in messages))
    await room.store.begin(attempt, "alpha", lease, room.now)
    await room.settle(attempt.batch, lease, {message.id: taken() for message in messages})
    for message in messages:
        await room.report(message.id)
    _, more = await room.lease(limit=2000)
    return len(more), [message.text for message in messages]


class TestPartsInEveryOrder:
    @pytest.mark.parametrize("total", [2, 3, 4, 5])
    @pytest.mark.parametrize("send_incomplete", [False, True], ids=["fail", "send"])
    async def test_all_of_them_and_one_twice_are_one_text_sent_once(
        self, room: Room, total: int, send_incomplete: bool
    ) -> None:
        room.send_incomplete = send_incomplete
        told = list(stories(total, lose=False))

        await room.route(*await tell(room, told))
        left, texts = await send_all(room)
        room.clock.now += ASSEMBLY_S
        swept = await room.sweep()

        assert (left, swept.incomplete, swept.finished) == (0, 0, ())
        assert Counter(texts) == Counter(story.text() for story in told)
        assert await room.receipts() == {number: DELIVERED for story in told for number in story.segments}

    @pytest.mark.parametrize("total", [2, 3, 4, 5])
    async def test_with_one_lost_and_one_twice_they_are_one_text_sent_once_where_the_rule_is_to_send(
        self, room: Room, total: int
    ) -> None:
        room.send_incomplete = True
        told = list(stories(total, lose=True))

        completed = await tell(room, told)
        room.clock.now += ASSEMBLY_S
        swept = await room.sweep()
        await room.route(*await room.store.unrouted(2000))
        left, texts = await send_all(room)

        assert (completed, left, swept.incomplete, swept.finished) == ([], 0, len(told), ())
        assert Counter(texts) == Counter(story.text() for story in told)
        assert await room.receipts() == {number: DELIVERED for story in told for number in story.segments}
        assert await room.waiting() == {}

    @pytest.mark.parametrize("total", [2, 3, 4, 5])
    async def test_with_one_lost_and_one_twice_they_fail_and_nothing_is_sent_where_the_rule_is_to_fail(
        self, room: Room, total: int
    ) -> None:
        told = list(stories(total, lose=True))

        completed = await tell(room, told)
        room.clock.now += ASSEMBLY_S
        swept = await room.sweep()

        assert (completed, swept.incomplete, len(swept.finished)) == ([], 0, len(told))
        assert (await room.lease())[1] == []
        assert await room.receipts() == {number: PARTS_MISSING for story in told for number in story.segments}
        assert await room.waiting() == {}


def named(number: int) -> Named:
    return Named(account="acme", keys=(IdKey(f"id{number}", number, 1000),), source_addr="ACME")


@pytest.fixture
def sending(room: Room) -> Room:
    """A store that is told to send what came."""
    room.send_incomplete = True
    return room


async def reserved(room: Room, count: int) -> None:
    """Have the numbers of what comes next given out, as all numbers are, so that it can be asked about."""
    assert await room.store.reserve_ids(count) == room.last_id + 1


async def swept_up(room: Room) -> Message:
    """Let the assembly time end; return the text that was joined."""
    room.clock.now += ASSEMBLY_S
    swept = await room.sweep()
    assert (swept.incomplete, swept.finished) == (1, ())
    (message,) = await room.store.unrouted(10)
    return message


async def delivered(room: Room, message: Message) -> None:
    await room.route(message)
    await room.send()
    await room.report(message.id)


class TestATextWithoutItsMissingParts:
    """Where the rule of its account is to send what came."""

    async def test_waits_for_its_parts_as_long_as_any(self, sending: Room) -> None:
        await sending.submit_part(1, 2, "a")
        sending.clock.now += ASSEMBLY_S - 0.001

        swept = await sending.sweep()

        assert swept.incomplete == 0
        assert await sending.waiting() == {Stage.ASSEMBLING: 1}

    async def test_goes_out_marked_and_every_part_that_came_shares_its_outcome(self, sending: Room) -> None:
        segments = [(await sending.submit_part(number, 4, f"<{number}>"))[0] for number in (4, 1, 1)]

        message = await swept_up(sending)
        assert await sending.waiting() == {Stage.UNROUTED: 1}
        await delivered(sending, message)

        assert (message.text, message.recipient, message.account) == ("<1>(...)<4>", RECEIVER, "acme")
        assert message.accepted_at == START
        assert await sending.receipts() == dict.fromkeys(segments, DELIVERED)
        assert await sending.waiting() == {}

    async def test_ends_rejected_where_no_carrier_can_take_it(self, sending: Room) -> None:
        segments = [(await sending.submit_part(number, 3, "x"))[0] for number in (1, 3)]
        message = await swept_up(sending)

        await sending.route(message, carriers=())

        assert await sending.receipts() == dict.fromkeys(segments, (Outcome.REJECTED, ErrorCode.NO_CARRIER))

    async def test_has_the_options_of_the_first_part_that_came(self, sending: Room) -> None:
        await sending.submit_part(3, 3, "c", priority_flag=3, expires_at=START + 900)
        await sending.submit_part(2, 3, "b", priority_flag=2, expires_at=START + 800)

        message = await swept_up(sending)

        assert (message.text, message.priority_flag, message.expires_at) == ("(...)bc", 2, START + 800)

    @pytest.mark.parametrize("send_at_first", [False, True])
    async def test_keeps_the_rule_that_held_when_its_first_part_came(self, room: Room, send_at_first: bool) -> None:
        room.send_incomplete = send_at_first
        await room.submit_part(1, 3, "a")
        room.send_incomplete = not send_at_first
        await room.crash()
        await room.submit_part(3, 3, "c")
        room.clock.now += ASSEMBLY_S

        swept = await room.sweep()

        assert (swept.incomplete, len(swept.finished)) == ((1, 0) if send_at_first else (0, 1))

    async def test_is_found_after_a_crash_between_the_sweep_and_its_route(self, sending: Room) -> None:
        await sending.submit_part(1, 2, "a")
        number = (await swept_up(sending)).id
        await sending.crash()

        assert (await sending.sweep()).incomplete == 0
        (message,) = await sending.store.unrouted(10)
        await delivered(sending, message)

        assert (message.id, message.text) == (number, "a(...)")
        assert await sending.receipts() == {number: DELIVERED}

    async def test_expires_where_its_validity_has_ended_meanwhile(self, sending: Room) -> None:
        number, _ = await sending.submit_part(1, 2, "a", expires_at=START + 60)
        sending.clock.now += ASSEMBLY_S

        (finish,) = (await sending.sweep()).finished

        assert (finish.message, finish.outcome) == (number, Outcome.EXPIRED)
        assert await sending.store.unrouted(10) == []
        assert await sending.receipts() == {number: (Outcome.EXPIRED, ErrorCode.EXPIRED_IN_GATEWAY)}

    async def test_waits_for_the_time_it_is_scheduled_for(self, sending: Room) -> None:
        await sending.submit_part(1, 2, "a", schedule_at=START + 600)

        await sending.route(await swept_up(sending))

        assert await sending.waiting() == {Stage.SCHEDULED: 1}

    async def test_owes_notifications_as_any(self, sending: Room) -> None:
        for number in (1, 3):
            await sending.submit_part(number, 3, "x", registered_delivery=0x10)
        await sending.route(await swept_up(sending))
        await sending.send()

        _, leased = await sending.outgoing()

        assert [(one.kind, one.message_id) for one in leased] == [
            (OutgoingKind.INTERMEDIATE, "id1"),
            (OutgoingKind.INTERMEDIATE, "id2"),
        ]


class TestCancellingATextThatWaitsForParts:
    """Where the rule of its account is to send what came."""

    async def test_ends_it_before_its_time(self, sending: Room) -> None:
        await reserved(sending, 2)
        segments = [(await sending.submit_part(number, 3, "x"))[0] for number in (1, 3)]

        (finish,) = await sending.store.cancel(named(segments[1]), sending.now) or ()
        sending.clock.now += ASSEMBLY_S
        swept = await sending.sweep()

        assert finish.outcome is Outcome.DELETED
        assert (swept.incomplete, await sending.store.unrouted(10)) == (0, [])
        assert await sending.receipts() == dict.fromkeys(segments, CANCELLED)

    @pytest.mark.parametrize("routed", [False, True])
    async def test_ends_it_after_its_time_while_it_waits(self, sending: Room, routed: bool) -> None:
        await reserved(sending, 2)
        segments = [(await sending.submit_part(number, 3, "x"))[0] for number in (1, 3)]
        message = await swept_up(sending)
        if routed:
            await sending.route(message)

        assert await sending.store.cancel(named(segments[1]), sending.now)
        await sending.route(message)

        assert (await sending.lease())[1] == []
        assert await sending.receipts() == dict.fromkeys(segments, CANCELLED)

    async def test_by_address_ends_it_too(self, sending: Room) -> None:
        number, _ = await sending.submit_part(1, 2, "a")
        await swept_up(sending)
        between = Addressed(account="acme", source_addr="ACME", recipient=RECEIVER, service_type=None)

        assert await sending.store.cancel(between, sending.now)

        assert await sending.receipts() == {number: CANCELLED}


class TestAPartThatComesTooLate:
    """Its text was sent without it: it fails alone, and starts nothing."""

    async def sent(self, room: Room, **changes: object) -> Message:
        await room.submit_part(1, 3, "a", **changes)
        await room.submit_part(3, 3, "c", **changes)
        return await swept_up(room)

    async def test_fails_at_once_with_a_receipt_of_its_own(self, sending: Room) -> None:
        await self.sent(sending)

        late = sending.submission("b", part=Part(7, 3, 2))
        accepted = await sending.take_in(late)

        assert accepted.completed == ()
        (finish,) = accepted.finished
        assert (int(finish.message), finish.account, finish.carrier) == (int(late.id), "acme", "")
        assert finish.outcome is Outcome.UNDELIVERABLE
        assert await sending.receipts() == {late.id: PARTS_MISSING}
        assert await sending.waiting() == {Stage.UNROUTED: 1}

    async def test_does_not_change_what_becomes_of_the_text(self, sending: Room) -> None:
        message = await self.sent(sending)
        late, _ = await sending.submit_part(2, 3, "b")

        await delivered(sending, message)

        assert message.text == "a(...)c"
        assert await sending.receipts() == {1: DELIVERED, 2: DELIVERED, late: PARTS_MISSING}

    async def test_is_never_told_that_the_text_was_delivered(self, sending: Room) -> None:
        await delivered(sending, await self.sent(sending))
        await sending.receipts()

        late, made = await sending.submit_part(2, 3, "b")
        again, more = await sending.submit_part(2, 3, "b")
        other, most = await sending.submit_part(2, 3, "x")

        assert [*made, *more, *most] == []
        assert await sending.receipts() == dict.fromkeys((late, again, other), PARTS_MISSING)
        assert await sending.waiting() == {}

    async def test_gets_no_receipt_and_no_notification_unless_it_asked(self, sending: Room) -> None:
        await self.sent(sending)

        await sending.submit_part(2, 3, "b", registered_delivery=0)
        await sending.submit_part(2, 3, "b", registered_delivery=0x10)
        await sending.submit_part(2, 3, "b", registered_delivery=3)

        assert await sending.receipts() == {}

    async def test_can_be_asked_about(self, sending: Room) -> None:
        await reserved(sending, 3)
        await self.sent(sending)
        late, _ = await sending.submit_part(2, 3, "b")

        found = await sending.store.find(named(late))

        assert found is not None
        ended = Standing(Stage.FINAL, Outcome.UNDELIVERABLE, ErrorCode.PARTS_MISSING, sending.now)
        assert (found.standings, found.original) == ((ended,), None)
        assert await sending.store.cancel(named(late), sending.now) == []

    async def test_is_not_one_that_was_in_the_text_and_comes_again(self, sending: Room) -> None:
        message = await self.sent(sending)
        before, _ = await sending.submit_part(1, 3, "a")
        await delivered(sending, message)
        after, _ = await sending.submit_part(3, 3, "c")

        assert await sending.receipts() == dict.fromkeys((1, 2, before, after), DELIVERED)

    async def test_is_not_one_of_another_text_under_the_same_key(self, sending: Room) -> None:
        await self.sent(sending)

        for number, text in ((1, "x"), (2, "y")):
            await sending.submit_part(number, 3, text)
        _, (message,) = await sending.submit_part(3, 3, "z")

        assert message.text == "xyz"

    async def test_is_known_for_ten_minutes_more_over_a_restart(self, sending: Room) -> None:
        await self.sent(sending)
        sending.clock.now += 599
        await sending.sweep()
        await sending.crash()

        late, _ = await sending.submit_part(2, 3, "b")
        sending.clock.now += 1
        await sending.sweep()
        new, _ = await sending.submit_part(2, 3, "b")

        assert await sending.receipts() == {late: PARTS_MISSING}
        assert await sending.stage(new) is Stage.ASSEMBLING

    async def test_goes_with_all_that_belongs_to_it(self, sending: Room) -> None:
        message = await self.sent(sending)
        await sending.submit_part(2, 3, "b")
        await delivered(sending, message)
        lease, leased = await sending.outgoing()
        await sending.store.settle_outgoing({one.id: Acknowledged() for one in leased}, lease=lease, now=sending.now)
        sending.clock.now += 1

        assert len(leased) == 3
        assert await sending.store.purge(before=sending.now, limit=10) == 2
        assert await sending.backend.stages() == {}

    async def test_stays_while_its_receipt_is_owed(self, sending: Room) -> None:
        await delivered(sending, await self.sent(sending))
        await sending.receipts()
        late, _ = await sending.submit_part(2, 3, "b")
        sending.clock.now += 1

        assert await sending.store.purge(before=sending.now, limit=10) == 1
        assert await sending.receipts() == {MessageId(late): PARTS_MISSING}
