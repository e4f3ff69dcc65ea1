"""What every store must keep about questions of ESMEs: find, cancel, replace. Used like ``contract``."""

from dataclasses import replace
from typing import Any

import pytest

from smppgw.core.codes import ErrorCode
from smppgw.core.disposition import Doubted, Finished, Requeued
from smppgw.core.model import (
    Address,
    Decision,
    Message,
    MessageId,
    Operation,
    Outcome,
    Part,
    SegmentId,
    Stage,
    Submission,
)
from smppgw.core.operations import Addressed, IdKey, Named, Replacement, Standing
from smppgw.store.base import LeaseLostError
from tests.store.room import ASSEMBLY_S, RECEIVER, START, Room, taken

OTHER = "491710000002"
CANCELLED = (Outcome.DELETED, int(ErrorCode.CANCELLED))


def key(number: int, domain: int = 1000) -> IdKey:
    return IdKey(f"id{number}", number % domain, domain)


def named(number: int, **changes: Any) -> Named:
    return replace(Named(account="acme", keys=(key(number),), source_addr="ACME"), **changes)


def addressed(**changes: Any) -> Addressed:
    return replace(Addressed(account="acme", source_addr="ACME", recipient=RECEIVER, service_type=None), **changes)


async def numbered(room: Room, *submissions: Submission) -> list[int]:
    """Accept submissions whose numbers were reserved, as all numbers are; return those."""
    first = await room.store.reserve_ids(sum(len(one.segments) for one in submissions))
    assert first == submissions[0].id
    await room.accept(*submissions)
    return [one.id for one in submissions]


async def submitted(room: Room, text: str = "hello", **changes: Any) -> int:
    (number,) = await numbered(room, room.submission(text, **changes))
    return number


async def part(room: Room, number: int, total: int = 2, **changes: Any) -> int:
    return await submitted(room, f"part {number}", part=Part(7, total, number), **changes)


async def drawn(room: Room, carrier: str = "alpha") -> list[Message]:
    _, messages = await room.lease(carrier)
    return messages


WRONG_NAMES = [
    pytest.param({"keys": (IdKey("id9", 9, 1000),)}, id="no such number"),
    pytest.param({"keys": (IdKey("ID1", 1, 1000),)}, id="another text for the number"),
    pytest.param({"keys": ()}, id="no id at all"),
    pytest.param({"account": "bolt"}, id="another account's"),
    pytest.param({"source_addr": "OTHER"}, id="another source"),
    pytest.param({"source_addr": ""}, id="no source"),
]


class TestFinding:
    async def test_a_waiting_text_is_found_and_can_be_replaced(self, room: Room) -> None:
        number = await submitted(room, data_coding=8, esm_class=3)

        found = await room.store.find(named(number))

        assert found is not None
        assert found.standings == (Standing(Stage.QUEUED),)
        assert found.original is not None
        assert (found.original.message.data_coding, found.original.esm_class) == (8, 3)
        assert (found.original.message.id, found.original.message.text) == (number, "hello")

    @pytest.mark.parametrize("changes", WRONG_NAMES)
    async def test_what_is_not_the_accounts_own_is_unknown(self, room: Room, changes: dict[str, Any]) -> None:
        number = await submitted(room)

        assert await room.store.find(named(number, **changes)) is None

    async def test_a_submission_without_a_source_is_found_without_one(self, room: Room) -> None:
        number = await submitted(room, source=Address(0, 0, ""))

        assert await room.store.find(named(number, source_addr="")) is not None
        assert await room.store.find(named(number)) is None

    async def test_the_first_key_that_fits_counts(self, room: Room) -> None:
        number = await submitted(room)

        assert await room.store.find(named(number, keys=(IdKey("x", 700, 1000), key(number)))) is not None

    async def test_an_id_that_came_round_again_is_the_newest(self, room: Room) -> None:
        numbers = [await submitted(room) for _ in range(7)]

        found = [await room.store.find(named(n, keys=(key(n, domain=3),))) for n in numbers]

        # Of the numbers 1..7 modulo 3, the last ones are 7, 5 and 6.
        assert [each is not None for each in found] == [False, False, False, False, True, True, True]

    async def test_it_is_where_its_message_is(self, room: Room) -> None:
        number = await submitted(room, schedule_at=START + 10)
        stages = [await self.stage(room, number)]
        room.clock.now += 10
        await room.sweep()
        stages.append(await self.stage(room, number))
        await room.send()
        stages.append(await self.stage(room, number))

        assert stages == [Stage.SCHEDULED, Stage.QUEUED, Stage.AWAITING_STATUS]

    async def stage(self, room: Room, number: int) -> Stage:
        found = await room.store.find(named(number))
        assert found is not None
        return found.standings[0].stage

    async def test_what_ended_says_how_and_when(self, room: Room) -> None:
        number = await submitted(room)
        lease, batch, _ = await room.call()
        room.clock.now += 5
        await room.settle(batch, lease, {MessageId(number): Finished(Outcome.REJECTED, ErrorCode.BLOCKED)})

        found = await room.store.find(named(number))

        assert found is not None
        assert found.standings == (Standing(Stage.FINAL, Outcome.REJECTED, ErrorCode.BLOCKED, START + 5),)
        assert found.original is None

    async def test_each_destination_has_its_standing(self, room: Room) -> None:
        number = await submitted(room, recipients=(RECEIVER, OTHER), operation=Operation.SUBMIT_MULTI)
        await room.send(limit=1)

        found = await room.store.find(named(number))

        assert found is not None
        assert found.standings == (Standing(Stage.AWAITING_STATUS), Standing(Stage.QUEUED))
        assert found.original is None

    async def test_a_part_stands_where_its_text_does(self, room: Room) -> None:
        first = await part(room, 1)
        alone = await room.store.find(named(first))
        second = await part(room, 2)
        await room.route(*await room.store.unrouted(1))

        both = [await room.store.find(named(number)) for number in (first, second)]

        assert alone is not None
        assert alone.standings == (Standing(Stage.ASSEMBLING),)
        assert [each and (each.standings, each.original) for each in both] == [((Standing(Stage.QUEUED),), None)] * 2

    async def test_finding_survives_a_restart(self, room: Room) -> None:
        number = await submitted(room)

        await room.crash()

        assert await room.store.find(named(number)) is not None


class TestCancellingByName:
    @pytest.mark.parametrize("schedule_at", [None, START + 60])
    async def test_what_waits_ends_with_its_receipt(self, room: Room, schedule_at: float | None) -> None:
        number = await submitted(room, schedule_at=schedule_at)

        (finish,) = await room.store.cancel(named(number), room.now) or ()

        assert (finish.message, finish.account, finish.outcome) == (number, "acme", Outcome.DELETED)
        assert await room.waiting() == {}
        assert await room.receipts() == {number: CANCELLED}

    @pytest.mark.parametrize("changes", WRONG_NAMES)
    async def test_what_is_not_the_accounts_own_is_unknown_and_stays(self, room: Room, changes: dict[str, Any]) -> None:
        number = await submitted(room)

        assert await room.store.cancel(named(number, **changes), room.now) is None
        assert await room.waiting() == {Stage.QUEUED: 1}

    @pytest.mark.parametrize("left", ["sending", "doubtful", "awaiting"])
    async def test_what_left_is_out_of_reach(self, room: Room, left: str) -> None:
        number = await submitted(room)
        lease, batch, (message,) = await room.call()
        if left != "sending":
            await room.settle(batch, lease, {message: taken() if left == "awaiting" else Doubted()})

        assert await room.store.cancel(named(number), room.now) == []
        assert sum((await room.waiting()).values()) == 1
        assert await room.receipts() == {}

    async def test_it_is_cancelled_once(self, room: Room) -> None:
        number = await submitted(room)
        await room.store.cancel(named(number), room.now)

        assert await room.store.cancel(named(number), room.now) == []
        assert await room.receipts() == {number: CANCELLED}

    async def test_a_leased_message_is_cancelled_and_its_call_does_not_begin(self, room: Room) -> None:
        number, other = await submitted(room), await submitted(room)
        lease, messages = await room.lease()
        attempt = room.attempt(*(message.id for message in messages))

        (finish,) = await room.store.cancel(named(number), room.now) or ()

        assert finish.message == number
        with pytest.raises(LeaseLostError):
            await room.store.begin(attempt, "alpha", lease, room.now)
        await room.give_back(lease, *(message.id for message in messages))
        assert [message.id for message in await drawn(room)] == [other]

    async def test_what_may_have_left_before_says_so(self, room: Room) -> None:
        number = await submitted(room)
        lease, batch, (message,) = await room.call()
        await room.settle(batch, lease, {message: Requeued("alpha", None, 1, possible_duplicate=True)})

        await room.store.cancel(named(number), room.now)

        assert await room.receipts() == {number: (Outcome.DELETED, int(ErrorCode.CANCELLED_LATE))}

    async def test_all_destinations_that_wait_are_cancelled(self, room: Room) -> None:
        number = await submitted(room, recipients=(RECEIVER, OTHER, "491710000003"), operation=Operation.SUBMIT_MULTI)
        await room.send(limit=1)

        finishes = await room.store.cancel(named(number), room.now) or ()

        assert [finish.message for finish in finishes] == [number + 1, number + 2]
        _, owed = await room.outgoing()
        assert [(one.message_id, one.destination.addr) for one in owed] == [
            (f"id{number}", OTHER),
            (f"id{number}", "491710000003"),
        ]

    async def test_one_destination_may_be_cancelled(self, room: Room) -> None:
        number = await submitted(room, recipients=(RECEIVER, OTHER), operation=Operation.SUBMIT_MULTI)

        finishes = await room.store.cancel(named(number, destination_addr=OTHER), room.now) or ()

        assert [finish.message for finish in finishes] == [number + 1]
        assert await room.waiting() == {Stage.QUEUED: 1}

    async def test_a_part_takes_the_parts_that_came_and_those_to_come_with_it(self, room: Room) -> None:
        first, second = await part(room, 1, total=3), await part(room, 2, total=3)

        finishes = await room.store.cancel(named(second), room.now) or ()
        third = await part(room, 3, total=3)

        assert len(finishes) == 1
        assert await room.waiting() == {}
        assert await room.receipts() == dict.fromkeys((first, second, third), CANCELLED)

    async def test_a_part_takes_the_whole_text_with_it(self, room: Room) -> None:
        first, second = await part(room, 1), await part(room, 2)
        await room.route(*await room.store.unrouted(1))

        await room.store.cancel(named(first), room.now)

        assert await room.waiting() == {}
        assert await room.receipts() == dict.fromkeys((first, second), CANCELLED)

    async def test_a_cancelled_text_is_not_routed_any_more(self, room: Room) -> None:
        await part(room, 1)
        second = await part(room, 2)
        unrouted = await room.store.unrouted(1)
        await room.store.cancel(named(second), room.now)

        await room.route(*unrouted)

        assert await room.waiting() == {}
        assert await drawn(room) == []

    async def test_a_cancelled_assembly_does_not_time_out_too(self, room: Room) -> None:
        first = await part(room, 1)
        await room.store.cancel(named(first), room.now)
        room.clock.now += ASSEMBLY_S

        swept = await room.sweep()

        assert swept.finished == ()
        assert await room.receipts() == {first: CANCELLED}

    @pytest.mark.parametrize(("registered_delivery", "receipts"), [(0, 0), (1, 1), (2, 1), (3, 0)])
    async def test_the_receipt_comes_where_failures_were_asked_for(
        self, room: Room, registered_delivery: int, receipts: int
    ) -> None:
        number = await submitted(room, registered_delivery=registered_delivery)

        await room.store.cancel(named(number), room.now)

        assert len(await room.receipts()) == receipts

    async def test_it_stays_cancelled_after_a_crash(self, room: Room) -> None:
        number = await submitted(room)
        await room.store.cancel(named(number), room.now)

        await room.crash()

        assert await room.waiting() == {}
        assert await room.receipts() == {number: CANCELLED}


class TestCancellingByAddress:
    async def test_everything_that_waits_between_the_addresses_ends(self, room: Room) -> None:
        numbers = [await submitted(room), await submitted(room, schedule_at=START + 60), await part(room, 1)]

        finishes = await room.store.cancel(addressed(), room.now) or ()

        assert len(finishes) == 3
        assert await room.waiting() == {}
        assert await room.receipts() == dict.fromkeys(numbers, CANCELLED)

    async def test_a_completed_text_ends_too(self, room: Room) -> None:
        numbers = [await part(room, 1), await part(room, 2)]

        await room.store.cancel(addressed(), room.now)

        assert await room.receipts() == dict.fromkeys(numbers, CANCELLED)

    @pytest.mark.parametrize(
        "changes",
        [
            pytest.param({"account": "bolt"}, id="another account"),
            pytest.param({"source_addr": ""}, id="another source"),
            pytest.param({"recipient": OTHER}, id="another recipient"),
            pytest.param({"service_type": "WAP"}, id="another service_type"),
            pytest.param({"service_type": ""}, id="no service_type"),
            pytest.param({"accepted_before": SegmentId(1)}, id="accepted later"),
        ],
    )
    async def test_nothing_else_ends(self, room: Room, changes: dict[str, Any]) -> None:
        await submitted(room, service_type="CMT")
        await part(room, 1, service_type="CMT")

        assert await room.store.cancel(addressed(**changes), room.now) == []
        assert await room.waiting() == {Stage.QUEUED: 1, Stage.ASSEMBLING: 1}

    async def test_of_a_service_type_only_that_ends(self, room: Room) -> None:
        numbers = [await submitted(room, service_type=name) for name in ("", "CMT", "WAP")]

        await room.store.cancel(addressed(service_type="CMT"), room.now)

        assert await room.receipts() == {numbers[1]: CANCELLED}

    async def test_only_what_is_older_ends(self, room: Room) -> None:
        numbers = [await submitted(room) for _ in range(3)]

        await room.store.cancel(addressed(accepted_before=SegmentId(numbers[1])), room.now)

        assert await room.receipts() == {numbers[0]: CANCELLED}

    async def test_what_left_is_out_of_reach(self, room: Room) -> None:
        await submitted(room)
        await room.send()

        assert await room.store.cancel(addressed(), room.now) == []
        assert await room.waiting() == {Stage.AWAITING_STATUS: 1}

    async def test_a_destination_of_several_ends_alone(self, room: Room) -> None:
        await submitted(room, recipients=(RECEIVER, OTHER), operation=Operation.SUBMIT_MULTI)

        await room.store.cancel(addressed(recipient=OTHER), room.now)

        assert [message.recipient for message in await drawn(room)] == [RECEIVER]


def replacement(number: int, **changes: Any) -> Replacement:
    made = Replacement(
        message=MessageId(number),
        account="acme",
        text="another text",
        parts=2,
        decision=Decision("other", ("beta",)),
        schedule_at=None,
        expires_at=START + 100,
        registered_delivery=1,
    )
    return replace(made, **changes)


class TestReplacing:
    async def test_the_new_text_goes_its_own_way(self, room: Room) -> None:
        number = await submitted(room)

        assert await room.store.replace(replacement(number), room.now)

        assert await drawn(room, "alpha") == []
        (message,) = await drawn(room, "beta")
        assert (message.id, message.text, message.parts) == (number, "another text", 2)
        assert message.decision == Decision("other", ("beta",))
        assert message.expires_at == START + 100

    async def test_what_was_replaced_of_the_old_text_gives_way_to_what_was_of_the_new(self, room: Room) -> None:
        first, second = await submitted(room, replaced=2), await submitted(room, replaced=2)

        await room.store.replace(replacement(first), room.now)
        await room.store.replace(replacement(second, replaced=5), room.now)

        assert await room.backend.replaced() == {second: 5}

    async def test_it_keeps_its_id_and_has_one_receipt(self, room: Room) -> None:
        number = await submitted(room, registered_delivery=0)
        await room.store.replace(replacement(number), room.now)
        await room.send("beta")
        await room.report(MessageId(number))

        _, (receipt,) = await room.outgoing()

        assert (receipt.message_id, receipt.text) == (f"id{number}", "another text")

    async def test_it_keeps_its_place_in_the_same_queue(self, room: Room) -> None:
        numbers = [await submitted(room) for _ in range(3)]

        await room.store.replace(replacement(numbers[0], decision=Decision("default", ("alpha",))), room.now)

        assert [message.id for message in await drawn(room)] == numbers

    @pytest.mark.parametrize(("before", "after"), [(None, START + 60), (START + 30, START + 60), (START + 30, None)])
    async def test_its_time_changes(self, room: Room, before: float | None, after: float | None) -> None:
        number = await submitted(room, schedule_at=before)

        await room.store.replace(replacement(number, schedule_at=after), room.now)

        assert await room.waiting() == {Stage.SCHEDULED if after else Stage.QUEUED: 1}
        room.clock.now = after or START
        await room.sweep()
        assert [message.id for message in await drawn(room, "beta")] == [number]

    async def test_who_has_leased_the_old_text_loses_it(self, room: Room) -> None:
        number = await submitted(room)
        lease, (message,) = await room.lease()

        await room.store.replace(replacement(number, decision=Decision("default", ("alpha",))), room.now)

        with pytest.raises(LeaseLostError):
            await room.store.begin(room.attempt(message.id), "alpha", lease, room.now)
        assert [message.text for message in await drawn(room)] == ["another text"]

    async def test_a_lease_that_is_given_back_leaves_the_new_text_alone(self, room: Room) -> None:
        number = await submitted(room)
        lease, (message,) = await room.lease()
        await room.store.replace(replacement(number, schedule_at=START + 60), room.now)

        await room.give_back(lease, message.id)

        assert await room.waiting() == {Stage.SCHEDULED: 1}

    async def test_a_lease_that_ends_with_the_process_leaves_the_new_time_alone(self, room: Room) -> None:
        number = await submitted(room)
        await room.lease()
        await room.store.replace(replacement(number, schedule_at=START + 60), room.now)

        await room.crash()

        room.clock.now += 60
        await room.sweep()
        assert [message.id for message in await drawn(room, "beta")] == [number]

    async def test_another_accounts_text_stays(self, room: Room) -> None:
        number = await submitted(room)

        assert not await room.store.replace(replacement(number, account="bolt"), room.now)
        assert [message.text for message in await drawn(room)] == ["hello"]

    async def test_what_left_stays(self, room: Room) -> None:
        number = await submitted(room)
        await room.call()

        assert not await room.store.replace(replacement(number), room.now)

    async def test_what_may_have_left_before_stays(self, room: Room) -> None:
        number = await submitted(room)
        lease, batch, (message,) = await room.call()
        await room.settle(batch, lease, {message: Requeued("alpha", None, 1, possible_duplicate=True)})

        assert not await room.store.replace(replacement(number), room.now)

    async def test_a_joined_text_stays(self, room: Room) -> None:
        await part(room, 1)
        second = await part(room, 2)
        await room.route(*await room.store.unrouted(1))

        assert not await room.store.replace(replacement(second), room.now)

    async def test_a_text_for_several_stays(self, room: Room) -> None:
        number = await submitted(room, recipients=(RECEIVER, OTHER), operation=Operation.SUBMIT_MULTI)

        assert not await room.store.replace(replacement(number), room.now)

    async def test_a_text_for_one_of_several_under_its_own_id_is_replaced(self, room: Room) -> None:
        first, second = [await submitted(room, operation=Operation.SUBMIT_MULTI) for _ in range(2)]

        assert await room.store.replace(replacement(second), room.now)
        assert [message.id for message in await drawn(room)] == [first]

    async def test_it_is_replaced_for_good(self, room: Room) -> None:
        number = await submitted(room)
        await room.store.replace(replacement(number), room.now)

        await room.crash()

        assert [message.text for message in await drawn(room, "beta")] == ["another text"]
