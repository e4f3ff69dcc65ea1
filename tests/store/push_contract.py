"""What every store must keep about pushes: kept until done, one end, one booking. Used like ``contract``."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from smppgw.core.codes import ErrorCode
from smppgw.core.disposition import Disposition, Doubted, Finished, Parked, Requeued
from smppgw.core.model import Address, BatchId, CarrierRef, Cost, MessageId, Outcome, OutgoingKind, Part, Stage
from smppgw.core.optout import Consent, Wish
from smppgw.core.verdict import PushedReport
from smppgw.store.base import Acknowledged, Contradiction, InboundText, Lease, Push, PushEffects
from tests.store.room import COST, RECEIVER, Room, taken

OTHER = "491710000002"
DELIVERED = (Outcome.DELIVERED, 0)
UNKNOWN = Finished(Outcome.UNKNOWN, ErrorCode.OUTCOME_UNKNOWN)
DAY_S = 86400.0
STOP = Wish("4915111", Consent.WITHDRAWN)


def said(outcome: Outcome = Outcome.DELIVERED, **changes: Any) -> PushedReport:
    error = ErrorCode.NONE if outcome is Outcome.DELIVERED else ErrorCode.UNDELIVERABLE
    return replace(PushedReport(recipient=RECEIVER, outcome=outcome, final=True, error=error), **changes)


def enroute(**changes: Any) -> PushedReport:
    return said(Outcome.ENROUTE, final=False, error=ErrorCode.NONE, **changes)


def text(**changes: Any) -> InboundText:
    made = InboundText(
        account="acme",
        key="in-1",
        source=Address(1, 1, "4915111"),
        destination=Address(0, 0, "1234"),
        data_coding=0,
        parts=("STOP",),
        at=1_699_999_990.0,
    )
    return replace(made, **changes)


async def opted_out(room: Room) -> dict[str, list[int]]:
    return {account: list(numbers) for account, numbers in (await room.store.optouts()).items()}


async def leased(room: Room, for_s: float = 60) -> tuple[Lease, Sequence[Push]]:
    return await room.store.lease_pushes(100, until=room.now + for_s, now=room.now)


async def pushed(
    room: Room,
    *reports: PushedReport,
    carrier: str = "alpha",
    costs: dict[MessageId, Cost] | None = None,
    inbound: Sequence[InboundText] = (),
) -> PushEffects:
    """Bring a push from its arrival to its effects; messages cost COST where nothing else is said."""
    await room.store.keep_push(carrier, "application/json", b"[]", room.now)
    lease, (push,) = await leased(room)
    if costs is None:
        found = await room.store.unbooked(carrier, reports)
        costs = {message.id: COST for message in found if message is not None}
    effects = await room.store.settle_push(push, reports, costs, inbound, again_at=None, lease=lease, now=room.now)
    assert effects is not None
    return effects


class TestKeptPushes:
    async def test_they_come_back_as_they_came_and_in_order(self, room: Room) -> None:
        await room.store.keep_push("alpha", "application/json", bytes(range(256)), room.now)
        room.clock.now += 1
        await room.store.keep_push("beta", "", b"", room.now)

        _, (first, second) = await leased(room)

        assert (first.carrier, first.content_type, first.body) == ("alpha", "application/json", bytes(range(256)))
        assert (first.received_at, first.tries) == (room.now - 1, 0)
        assert (second.carrier, second.content_type, second.body) == ("beta", "", b"")

    async def test_they_survive_a_crash_leased_or_not(self, room: Room) -> None:
        await room.store.keep_push("alpha", "", b"1", room.now)
        await leased(room)
        await room.store.keep_push("alpha", "", b"2", room.now)

        await room.crash()

        assert [push.body for push in (await leased(room))[1]] == [b"1", b"2"]

    async def test_what_is_leased_comes_again_when_the_lease_has_ended(self, room: Room) -> None:
        await room.store.keep_push("alpha", "", b"1", room.now)
        await leased(room, for_s=30)
        assert (await leased(room))[1] == []

        room.clock.now += 30

        assert len((await leased(room))[1]) == 1

    async def test_what_is_done_is_gone(self, room: Room) -> None:
        await pushed(room)
        room.clock.now += DAY_S
        await room.crash()

        assert (await leased(room))[1] == []

    async def test_what_is_put_off_comes_again_in_its_time(self, room: Room) -> None:
        await room.store.keep_push("alpha", "", b"1", room.now)
        lease, (push,) = await leased(room)

        await room.store.settle_push(push, (), {}, (), again_at=room.now + 600, lease=lease, now=room.now)

        room.clock.now += 599
        assert (await leased(room))[1] == []
        room.clock.now += 1
        _, (again,) = await leased(room)
        assert again == replace(push, tries=1)

    async def test_a_lost_lease_changes_nothing(self, room: Room) -> None:
        message = await room.submit()
        batch, _ = await room.send()
        await room.store.keep_push("alpha", "", b"1", room.now)
        lease, (push,) = await leased(room, for_s=10)
        room.clock.now += 10

        effects = await room.store.settle_push(
            push, [said(batch=batch)], {}, [text()], again_at=None, lease=lease, now=room.now
        )

        assert effects is None
        assert await room.stage(message) is Stage.AWAITING_STATUS
        assert (await room.outgoing())[1] == []
        assert len((await leased(room))[1]) == 1

    async def test_a_push_is_settled_once(self, room: Room) -> None:
        await room.store.keep_push("alpha", "", b"1", room.now)
        lease, (push,) = await leased(room)
        first, second = [
            await room.store.settle_push(push, (), {}, [text()], again_at=None, lease=lease, now=room.now)
            for _ in range(2)
        ]

        assert first == PushEffects(delivered=frozenset({"in-1"}))
        assert second is None


async def at(room: Room, stage: Stage) -> tuple[MessageId, BatchId]:
    """Bring one message to a stage in which the carrier may have it."""
    message = await room.submit()
    lease, batch, _ = await room.call()
    if stage is Stage.AWAITING_STATUS:
        await room.settle(batch, lease, {message: taken()})
    elif stage is not Stage.SENDING:
        await room.settle(batch, lease, {message: Doubted() if stage is Stage.DOUBTFUL else Parked()}, due_in_s=0)
    assert await room.stage(message) is stage
    return message, batch


OUT_OF_HAND = (Stage.SENDING, Stage.DOUBTFUL, Stage.PARKED, Stage.AWAITING_STATUS)


class TestAPushedReport:
    @pytest.mark.parametrize("stage", OUT_OF_HAND)
    async def test_ends_its_message_wherever_the_carrier_may_have_it(self, room: Room, stage: Stage) -> None:
        message, batch = await at(room, stage)

        effects = await pushed(room, said(batch=batch))

        assert [finish.message for finish in effects.finished] == [message]
        assert await room.receipts() == {message: DELIVERED}
        assert await room.waiting() == {}
        assert await room.backend.costs() == [(message, COST.micros)]
        assert await room.backend.stuck() == []

    @pytest.mark.parametrize("stage", OUT_OF_HAND)
    async def test_books_what_no_answer_has_booked(self, room: Room, stage: Stage) -> None:
        message, batch = await at(room, stage)

        effects = await pushed(room, said(batch=batch))

        assert effects.booked == (frozenset() if stage is Stage.AWAITING_STATUS else {message})

    @pytest.mark.parametrize("stage", OUT_OF_HAND)
    async def test_is_done_again_without_effect(self, room: Room, stage: Stage) -> None:
        message, batch = await at(room, stage)
        await pushed(room, said(batch=batch))

        for _ in range(2):
            await room.crash()
            assert await pushed(room, said(batch=batch)) == PushEffects()

        assert await room.receipts() == {message: DELIVERED}
        assert await room.backend.costs() == [(message, COST.micros)]

    @pytest.mark.parametrize("by", [{"batch": BatchId("batch1")}, {"ref": CarrierRef("J.1")}])
    async def test_finds_its_message_by_either_reference_and_the_number(self, room: Room, by: dict[str, Any]) -> None:
        await room.submit(recipients=(OTHER,))
        message = await room.submit()
        await room.send()

        effects = await pushed(room, said(**by))

        assert [finish.message for finish in effects.finished] == [message]

    async def test_goes_by_the_carriers_id_where_it_has_another_reference(self, room: Room) -> None:
        message, _ = await at(room, Stage.AWAITING_STATUS)

        effects = await pushed(room, said(batch=BatchId("of somebody else"), ref=CarrierRef("J.1")))

        assert [finish.message for finish in effects.finished] == [message]

    async def test_needs_no_number_where_the_call_had_one_message(self, room: Room) -> None:
        message, batch = await at(room, Stage.AWAITING_STATUS)

        effects = await pushed(room, said(batch=batch, recipient=""))

        assert [finish.message for finish in effects.finished] == [message]

    async def test_without_a_number_is_about_nobody_where_the_call_had_two(self, room: Room) -> None:
        await room.submit(recipients=(OTHER,))
        await room.submit()
        batch, _ = await room.send()

        effects = await pushed(room, said(batch=batch, recipient=""))

        assert effects == PushEffects(orphans=1)

    async def test_without_a_number_is_about_nobody_where_one_of_two_is_left(self, room: Room) -> None:
        gone, left = await room.submit(recipients=(OTHER,)), await room.submit()
        lease, batch, _ = await room.call()
        await room.settle(batch, lease, {gone: Requeued("beta", None, 1), left: taken()})

        effects = await pushed(room, said(batch=batch, recipient=""))

        assert effects == PushEffects(orphans=1)

    @pytest.mark.parametrize(
        "strange",
        [
            {"batch": BatchId("batch1"), "recipient": OTHER},
            {"ref": CarrierRef("J.1"), "recipient": OTHER},
            {"batch": BatchId("batch2")},
            {"ref": CarrierRef("J.2")},
            {},
        ],
    )
    async def test_about_what_nobody_knows_ends_nothing(self, room: Room, strange: dict[str, Any]) -> None:
        message, _ = await at(room, Stage.AWAITING_STATUS)

        effects = await pushed(room, said(**strange))

        assert effects == PushEffects(orphans=1)
        assert await room.stage(message) is Stage.AWAITING_STATUS

    async def test_of_another_carrier_ends_nothing(self, room: Room) -> None:
        message, batch = await at(room, Stage.AWAITING_STATUS)

        effects = await pushed(room, said(batch=batch, ref=CarrierRef("J.1")), carrier="beta")

        assert effects == PushEffects(orphans=1)
        assert await room.stage(message) is Stage.AWAITING_STATUS

    async def test_about_an_earlier_attempt_ends_nothing(self, room: Room) -> None:
        message = await room.submit()
        lease, batch, _ = await room.call()
        await room.settle(batch, lease, {message: Requeued("alpha", None, 1)})
        await room.call()

        effects = await pushed(room, said(batch=batch))

        assert effects == PushEffects(orphans=1)
        assert await room.stage(message) is Stage.SENDING

    async def test_many_at_once_end_each_its_own(self, room: Room) -> None:
        recipients = [f"4917200000{n:02}" for n in range(30)]
        messages = [await room.submit(recipients=(recipient,)) for recipient in recipients]
        batch, _ = await room.send()

        effects = await pushed(room, *(said(batch=batch, recipient=each) for each in reversed(recipients)))

        assert {finish.message for finish in effects.finished} == set(messages)
        assert await room.backend.open_counts() == {}

    async def test_the_others_of_its_call_stay_as_they_are(self, room: Room) -> None:
        first, second = await room.submit(), await room.submit(recipients=(OTHER,))
        batch, _ = await room.send()

        await pushed(room, said(batch=batch))

        room.clock.now += 5
        _, (poll,) = await room.polls()
        assert [sent.message for sent in poll.sent] == [second]
        assert await room.receipts() == {first: DELIVERED}


class TestTheFirstEnd:
    @pytest.mark.parametrize("push_first", [True, False])
    async def test_of_a_push_and_a_poll_stands(self, room: Room, push_first: bool) -> None:
        message, batch = await at(room, Stage.AWAITING_STATUS)
        failed = said(Outcome.UNDELIVERABLE, batch=batch)

        if push_first:
            await pushed(room, failed)
            assert list(await room.report(message)) == []
        else:
            await room.report(message)
            assert (await pushed(room, failed)).finished == ()

        first = (Outcome.UNDELIVERABLE, int(ErrorCode.UNDELIVERABLE)) if push_first else DELIVERED
        assert await room.receipts() == {message: first}

    async def test_of_a_push_and_a_poll_at_once_is_one(self, room: Room) -> None:
        message, batch = await at(room, Stage.AWAITING_STATUS)

        effects, finishes = await asyncio.gather(pushed(room, said(batch=batch)), room.report(message))

        assert len(effects.finished) + len(finishes) == 1
        assert await room.receipts() == {message: DELIVERED}

    async def test_is_not_changed_by_another_which_is_told(self, room: Room) -> None:
        message, batch = await at(room, Stage.AWAITING_STATUS)
        await pushed(room, said(batch=batch))

        effects = await pushed(room, said(Outcome.EXPIRED, batch=batch))

        assert effects.contradictions == (
            Contradiction(message=message, stands=Outcome.DELIVERED, reported=Outcome.EXPIRED),
        )
        assert await room.receipts() == {message: DELIVERED}

    async def test_by_rule_stands_but_the_money_is_booked(self, room: Room) -> None:
        message = await room.submit()
        lease, batch, _ = await room.call()
        await room.settle(batch, lease, {message: UNKNOWN})
        assert await room.backend.costs() == []

        effects = await pushed(room, said(batch=batch))

        assert not effects.finished
        assert effects.booked == {message}
        assert effects.contradictions == (
            Contradiction(message=message, stands=Outcome.UNKNOWN, reported=Outcome.DELIVERED),
        )
        assert await room.backend.costs() == [(message, COST.micros)]
        assert await room.receipts() == {message: (Outcome.UNKNOWN, ErrorCode.OUTCOME_UNKNOWN)}


class TestAnAnswerAfterAPush:
    async def settled(self, room: Room, disposition: Disposition) -> tuple[MessageId, set[MessageId]]:
        message = await room.submit()
        lease, batch, _ = await room.call()
        await pushed(room, said(batch=batch))

        settled = await room.store.settle(batch, {message: disposition}, lease=lease, now=room.now, due_at=room.now + 5)

        assert (settled.finished, settled.lost) == ((), ())
        return message, set(settled.booked)

    async def test_books_nothing_twice(self, room: Room) -> None:
        message, booked = await self.settled(room, taken(cost=Cost(1, "EUR", 1)))

        assert booked == set()
        assert await room.backend.costs() == [(message, COST.micros)]

    async def test_without_a_push_books_itself(self, room: Room) -> None:
        message = await room.submit()
        lease, batch, _ = await room.call()

        settled = await room.store.settle(batch, {message: taken()}, lease=lease, now=room.now, due_at=room.now + 5)

        assert settled.booked == {message}

    @pytest.mark.parametrize("late", [Doubted(), Parked(), UNKNOWN, Requeued("beta", None, 1)])
    async def test_that_knows_less_changes_nothing(self, room: Room, late: Disposition) -> None:
        message, _ = await self.settled(room, late)

        assert await room.receipts() == {message: DELIVERED}
        assert await room.backend.costs() == [(message, COST.micros)]
        assert await room.waiting() == {}
        assert await room.backend.open_counts() == {}


class TestAReportThatIsNotFinal:
    @pytest.mark.parametrize("stage", [Stage.DOUBTFUL, Stage.PARKED])
    async def test_settles_a_doubt_as_taken(self, room: Room, stage: Stage) -> None:
        message, batch = await at(room, stage)

        effects = await pushed(room, enroute(batch=batch, ref=CarrierRef("M.7")))

        assert effects == PushEffects(booked=frozenset({message}))
        assert await room.waiting() == {Stage.AWAITING_STATUS: 1}
        assert await room.backend.open_counts() == {batch: 1}
        assert (await room.doubts())[1] == []
        _, (poll,) = await room.polls()
        assert [(sent.message, sent.ref) for sent in poll.sent] == [(message, "M.7")]
        assert await room.backend.stuck() == []

    @pytest.mark.parametrize("stage", [Stage.SENDING, Stage.AWAITING_STATUS])
    async def test_changes_nothing_elsewhere(self, room: Room, stage: Stage) -> None:
        message, batch = await at(room, stage)

        effects = await pushed(room, enroute(batch=batch))

        assert effects == PushEffects()
        assert await room.stage(message) is stage

    async def test_is_not_kept_where_nobody_knows_its_message(self, room: Room) -> None:
        assert await pushed(room, enroute(batch=BatchId("strange"))) == PushEffects()

    async def test_leaves_the_rest_of_the_doubt_to_who_resolves_it(self, room: Room) -> None:
        first, second = await room.submit(), await room.submit(recipients=(OTHER,))
        lease, batch, _ = await room.call()
        await room.settle(batch, lease, {first: Doubted(), second: Doubted()}, due_in_s=0)
        lease, _ = await room.doubts()

        await pushed(room, enroute(batch=batch))

        _, lost = await room.settle(batch, lease, {first: taken(), second: taken()}, due_in_s=0)
        assert list(lost) == []
        assert await room.waiting() == {Stage.AWAITING_STATUS: 2}
        assert await room.backend.costs() == [(first, COST.micros), (second, COST.micros)]

    async def test_about_the_last_doubt_of_a_call_lets_the_others_be_polled_at_once(self, room: Room) -> None:
        first, second = await room.submit(), await room.submit(recipients=(OTHER,))
        lease, batch, _ = await room.call()
        await room.settle(batch, lease, {first: Doubted(), second: Doubted()}, due_in_s=3600)
        await pushed(room, enroute(batch=batch))
        assert (await room.polls())[1] == []

        await pushed(room, said(batch=batch, recipient=OTHER))

        _, (poll,) = await room.polls()
        assert [sent.message for sent in poll.sent] == [first]

    async def test_takes_a_doubt_out_of_the_hands_of_who_resolves_it(self, room: Room) -> None:
        message, batch = await at(room, Stage.DOUBTFUL)
        lease, _ = await room.doubts()

        await pushed(room, enroute(batch=batch))

        _, lost = await room.settle(batch, lease, {message: UNKNOWN})
        assert list(lost) == [message]
        assert await room.waiting() == {Stage.AWAITING_STATUS: 1}


class TestPrices:
    @pytest.mark.parametrize("stage", [Stage.SENDING, Stage.DOUBTFUL, Stage.PARKED])
    async def test_are_asked_for_what_a_report_proves_taken(self, room: Room, stage: Stage) -> None:
        message, batch = await at(room, stage)

        found = await room.store.unbooked("alpha", [said(batch=BatchId("strange")), said(batch=batch)])

        assert [one and one.id for one in found] == [None, message]

    async def test_are_not_asked_for_what_is_booked(self, room: Room) -> None:
        _, batch = await at(room, Stage.AWAITING_STATUS)

        assert await room.store.unbooked("alpha", [said(batch=batch)]) == [None]

    async def test_are_not_asked_for_while_the_answer_is_on_its_way(self, room: Room) -> None:
        _, batch = await at(room, Stage.SENDING)

        assert await room.store.unbooked("alpha", [enroute(batch=batch)]) == [None]

    async def test_that_nobody_brings_are_unknown(self, room: Room) -> None:
        message, batch = await at(room, Stage.DOUBTFUL)

        await pushed(room, said(batch=batch), costs={})

        assert await room.backend.costs() == [(message, None)]


class TestAnOrphan:
    async def test_ends_its_message_when_the_answer_tells_the_carriers_id(self, room: Room) -> None:
        message = await room.submit()
        lease, batch, _ = await room.call()
        assert await pushed(room, said(ref=CarrierRef("M.7"))) == PushEffects(orphans=1)
        assert await room.stage(message) is Stage.SENDING

        finishes, _ = await room.settle(batch, lease, {message: taken("M.7")})

        assert [finish.message for finish in finishes] == [message]
        assert await room.receipts() == {message: DELIVERED}
        assert await room.waiting() == {}
        assert await room.backend.costs() == [(message, COST.micros)]

    async def test_ends_its_message_when_a_doubt_is_settled_with_that_id(self, room: Room) -> None:
        message, batch = await at(room, Stage.DOUBTFUL)
        await pushed(room, said(ref=CarrierRef("M.7")))
        await room.crash()
        lease, _ = await room.doubts()

        await room.settle(batch, lease, {message: taken("M.7")})

        assert await room.receipts() == {message: DELIVERED}

    async def test_is_told_from_others_of_the_same_call_by_its_number(self, room: Room) -> None:
        first, second = await room.submit(), await room.submit(recipients=(OTHER,))
        lease, batch, _ = await room.call()
        await pushed(room, said(ref=CarrierRef("M.7"), recipient=OTHER))

        await room.settle(batch, lease, {first: taken("M.7"), second: taken("M.7")})

        assert await room.receipts() == {second: DELIVERED}
        assert await room.backend.open_counts() == {batch: 1}

    @pytest.mark.parametrize("ref", ["M.8", None])
    async def test_never_ends_another_message(self, room: Room, ref: str | None) -> None:
        await room.submit()
        lease, batch, numbers = await room.call()
        await pushed(room, said(ref=CarrierRef("M.7")))

        await room.settle(batch, lease, {numbers[0]: taken(ref)})

        assert await room.waiting() == {Stage.AWAITING_STATUS: 1}

    async def test_of_another_carrier_stays_there(self, room: Room) -> None:
        await room.submit()
        lease, batch, numbers = await room.call()
        await pushed(room, said(ref=CarrierRef("M.7")), carrier="beta")

        await room.settle(batch, lease, {numbers[0]: taken("M.7")})

        assert await room.waiting() == {Stage.AWAITING_STATUS: 1}

    async def test_that_comes_again_is_one(self, room: Room) -> None:
        orphans = [(await pushed(room, said(ref=CarrierRef("M.7")))).orphans for _ in range(3)]

        room.clock.now += DAY_S
        assert orphans == [1, 0, 0]
        assert (await room.sweep()).unmatched == {"alpha": 1}

    async def test_is_given_up_after_a_day_and_counted_per_carrier(self, room: Room) -> None:
        await pushed(room, said(ref=CarrierRef("M.1")), said(ref=CarrierRef("M.2")))
        await pushed(room, said(batch=BatchId("b")), carrier="beta")

        room.clock.now += DAY_S - 1
        assert (await room.sweep()).unmatched == {}
        room.clock.now += 1
        assert (await room.sweep()).unmatched == {"alpha": 2, "beta": 1}
        assert (await room.sweep()).unmatched == {}

    async def test_that_was_given_up_ends_nothing(self, room: Room) -> None:
        await pushed(room, said(ref=CarrierRef("M.7")))
        room.clock.now += DAY_S
        await room.sweep()
        await room.submit()
        lease, batch, numbers = await room.call()

        await room.settle(batch, lease, {numbers[0]: taken("M.7")})

        assert await room.waiting() == {Stage.AWAITING_STATUS: 1}

    async def test_that_found_its_message_is_not_counted(self, room: Room) -> None:
        await room.submit()
        lease, batch, numbers = await room.call()
        await pushed(room, said(ref=CarrierRef("M.7")))
        await room.settle(batch, lease, {numbers[0]: taken("M.7")})

        room.clock.now += DAY_S

        assert (await room.sweep()).unmatched == {}


class TestAnInboundText:
    async def test_is_owed_to_its_account(self, room: Room) -> None:
        effects = await pushed(room, inbound=[text()])

        assert effects == PushEffects(delivered=frozenset({"in-1"}))
        _, (outgoing,) = await room.outgoing()
        assert (outgoing.kind, outgoing.account, outgoing.text) == (OutgoingKind.INBOUND, "acme", "STOP")
        assert (outgoing.source, outgoing.destination) == (Address(1, 1, "4915111"), Address(0, 0, "1234"))
        assert (outgoing.data_coding, outgoing.part, outgoing.tries) == (0, None, 0)
        assert outgoing.submitted_at == 1_699_999_990.0

    async def test_of_several_parts_is_owed_part_by_part(self, room: Room) -> None:
        await pushed(room, inbound=[text(parts=("first ", "second ", "third"), data_coding=8)])

        _, leased = await room.outgoing()

        assert [one.text for one in leased] == ["first ", "second ", "third"]
        (reference,) = {one.part.reference for one in leased if one.part is not None}
        assert [one.part for one in leased] == [Part(reference, 3, number) for number in (1, 2, 3)]
        assert {one.data_coding for one in leased} == {8}

    async def test_that_comes_again_is_one(self, room: Room) -> None:
        await pushed(room, inbound=[text(parts=("a", "b"))])
        await room.crash()

        assert await pushed(room, inbound=[text(parts=("a", "b"))]) == PushEffects()
        assert len((await room.outgoing())[1]) == 2

    async def test_that_comes_again_after_it_was_taken_is_one(self, room: Room) -> None:
        await pushed(room, inbound=[text()])
        lease, (outgoing,) = await room.outgoing()
        await room.store.settle_outgoing({outgoing.id: Acknowledged()}, lease=lease, now=room.now)

        assert await pushed(room, inbound=[text()]) == PushEffects()
        assert (await room.outgoing())[1] == []

    async def test_twice_in_one_push_is_one(self, room: Room) -> None:
        await pushed(room, inbound=[text(), text()])

        assert len((await room.outgoing())[1]) == 1

    async def test_of_another_carrier_under_the_same_key_is_another(self, room: Room) -> None:
        await pushed(room, inbound=[text()])
        await pushed(room, inbound=[text()], carrier="beta")

        assert len((await room.outgoing())[1]) == 2

    async def test_stands_beside_receipts_and_never_in_their_place(self, room: Room) -> None:
        for number in range(1, 6):
            await pushed(room, inbound=[text(key=f"in-{number}")])
            message = await room.submit()
            batch, _ = await room.send()
            await pushed(room, said(batch=batch))
            assert message == number

        _, leased = await room.outgoing()

        assert len({one.id for one in leased}) == 10
        assert [one.kind for one in leased].count(OutgoingKind.INBOUND) == 5

    async def test_has_a_number_that_nothing_else_gets(self, room: Room) -> None:
        before = await room.store.reserve_ids(1)
        await pushed(room, inbound=[text(parts=("a", "b", "c"))])

        assert await room.store.reserve_ids(1) == before + 4

    @pytest.mark.parametrize("awkward", ["", "\x00", "naïve € \U0001f600", "x" * 5000])
    async def test_comes_out_as_it_went_in(self, room: Room, awkward: str) -> None:
        await pushed(room, inbound=[text(parts=(awkward,))])

        assert [one.text for one in (await room.outgoing())[1]] == [awkward]

    async def test_is_kept_until_it_is_taken_and_purged_afterwards(self, room: Room) -> None:
        await pushed(room, inbound=[text()])
        room.clock.now += DAY_S
        await room.store.purge(before=room.now, limit=10)
        lease, (outgoing,) = await room.outgoing()
        await room.store.settle_outgoing({outgoing.id: Acknowledged()}, lease=lease, now=room.now)

        room.clock.now += DAY_S
        await room.store.purge(before=room.now - 1, limit=10)

        assert await pushed(room, inbound=[text()]) == PushEffects(delivered=frozenset({"in-1"}))

    async def test_opts_its_sender_out_of_its_account_and_in_again(self, room: Room) -> None:
        await pushed(room, inbound=[text(wish=STOP)])
        await room.crash()
        out = await opted_out(room)

        await pushed(room, inbound=[text(key="in-2", wish=replace(STOP, consent=Consent.GIVEN))])

        assert out == {"acme": [4915111]}
        assert await opted_out(room) == {}
        assert len((await room.outgoing())[1]) == 2

    async def test_opts_nobody_out_a_second_time_when_it_comes_again(self, room: Room) -> None:
        await pushed(room, inbound=[text(wish=STOP)])
        await pushed(room, inbound=[text(key="in-2", wish=replace(STOP, consent=Consent.GIVEN))])

        await pushed(room, inbound=[text(wish=STOP)])

        assert await opted_out(room) == {}

    async def test_opts_out_whoever_else_has_and_of_whatever_account(self, room: Room) -> None:
        wishes = [("acme", "4915111"), ("bolt", "4915111"), ("acme", "999999999999999"), ("acme", "4915111")]

        await pushed(
            room,
            inbound=[
                text(account=account, key=f"in-{n}", wish=replace(STOP, recipient=recipient))
                for n, (account, recipient) in enumerate(wishes)
            ],
        )

        assert await opted_out(room) == {"acme": [4915111, 999999999999999], "bolt": [4915111]}

    async def test_whose_lease_is_lost_opts_nobody_out(self, room: Room) -> None:
        await room.store.keep_push("alpha", "", b"1", room.now)
        lease, (push,) = await leased(room, for_s=10)
        room.clock.now += 10

        effects = await room.store.settle_push(
            push, (), {}, [text(wish=STOP)], again_at=None, lease=lease, now=room.now
        )

        assert effects is None
        assert await opted_out(room) == {}

    async def test_that_cannot_be_stored_leaves_the_push_where_it_was(self, room: Room) -> None:
        await room.store.keep_push("alpha", "", b"1", room.now)
        lease, (push,) = await leased(room)

        with pytest.raises(UnicodeEncodeError):
            await room.store.settle_push(
                push,
                (),
                {},
                [text(wish=STOP), text(key="2", parts=("\udc00",))],
                again_at=None,
                lease=lease,
                now=room.now,
            )

        assert (await room.outgoing())[1] == []
        assert await opted_out(room) == {}
        room.clock.now += 60
        assert len((await leased(room))[1]) == 1
