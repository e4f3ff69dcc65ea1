"""What every store must keep about money and about what was taken and never left. Used like ``contract``."""

from dataclasses import replace
from typing import Any

import pytest

from smppgw.core.codes import ErrorCode
from smppgw.core.disposition import Doubted, Finished, Parked, Requeued
from smppgw.core.model import BatchId, CarrierRef, Cost, MessageId, Outcome, Stage
from smppgw.core.verdict import PushedReport, StatusReport
from smppgw.store.base import Correction, PushEffects, Reported
from tests.store.push_contract import leased, pushed
from tests.store.room import COST, RECEIVER, START, Entry, Room, final, taken

FOUR = replace(taken(), parts=4, cost=Cost(300_000, "USD", 277_777))
"""Four parts at 0.075 USD; 0.300 / 1.08 = 0.277777 EUR, rounded."""


async def sent(room: Room, how: Any = FOUR, **changes: Any) -> tuple[MessageId, BatchId]:
    """Let alpha take one message."""
    message = await room.submit(**changes)
    lease, batch, _ = await room.call()
    await room.settle(batch, lease, {message: how})
    return message, batch


async def told(room: Room, *reports: StatusReport) -> Reported:
    return await room.store.report(reports, now=room.now)


def never_left(message: MessageId) -> StatusReport:
    return final(message, Outcome.UNDELIVERABLE, error=ErrorCode.NO_ROUTE, parts=0, nothing_left=True)


def said(batch: BatchId, **changes: Any) -> PushedReport:
    made = PushedReport(batch=batch, recipient=RECEIVER, outcome=Outcome.DELIVERED, final=True)
    return replace(made, **changes)


def said_never_left(batch: BatchId) -> PushedReport:
    return said(batch, outcome=Outcome.UNDELIVERABLE, error=ErrorCode.NO_ROUTE, parts=0, nothing_left=True)


async def entry(room: Room) -> Entry:
    (only,) = await room.backend.ledger()
    return only


class TestABooking:
    async def test_stands_open_until_the_carrier_has_said_its_last_word(self, room: Room) -> None:
        message, _ = await sent(room)

        assert (await entry(room))[1:] == (message, "alpha", 4, 300_000, 277_777, START * 1000, False)

    @pytest.mark.parametrize("outcome", [Outcome.DELIVERED, Outcome.UNDELIVERABLE, Outcome.EXPIRED])
    async def test_is_confirmed_by_an_end_that_is_sure(self, room: Room, outcome: Outcome) -> None:
        message, _ = await sent(room)

        reported = await told(room, final(message, outcome))

        assert (reported.corrected, (await entry(room)).parts, (await entry(room)).final) == ((), 4, True)

    async def test_is_confirmed_by_the_parts_that_were_booked(self, room: Room) -> None:
        message, _ = await sent(room)

        reported = await told(room, final(message, Outcome.UNKNOWN, parts=4))

        assert (reported.corrected, (await entry(room)).final) == ((), True)

    async def test_stays_open_where_nobody_knows_the_end(self, room: Room) -> None:
        message, _ = await sent(room)

        await told(room, final(message, Outcome.UNKNOWN))

        assert ((await entry(room)).parts, (await entry(room)).final) == (4, False)

    async def test_outlives_its_message(self, room: Room) -> None:
        message, _ = await sent(room, registered_delivery=0)
        await told(room, final(message, parts=3))
        await room.store.purge(before=room.now + 1, limit=10)

        assert (await entry(room)).parts == 3


class TestACorrection:
    @pytest.mark.parametrize(
        ("parts", "micros", "reporting"),
        [
            (3, 225_000, 208_333),  # 277_777 * 3 / 4 = 208_332.75
            (5, 375_000, 347_221),  # 277_777 * 5 / 4 = 347_221.25
            (0, 0, 0),
        ],
    )
    async def test_costs_per_part_what_the_booking_did(
        self, room: Room, parts: int, micros: int, reporting: int
    ) -> None:
        message, _ = await sent(room)
        room.clock.now += 40 * 86400

        reported = await told(room, final(message, parts=parts))

        assert (await entry(room))[3:] == (parts, micros, reporting, START * 1000, True)
        change = Correction(
            message=message,
            account="acme",
            carrier="alpha",
            parts=parts - 4,
            reporting_micros=reporting - 277_777,
            booked_at=START,
        )
        assert reported.corrected == (change,)

    async def test_of_an_unknown_price_stays_unknown(self, room: Room) -> None:
        message, _ = await sent(room, taken(cost=None))

        (correction,) = (await told(room, final(message, parts=2))).corrected

        assert ((await entry(room)).parts, (await entry(room)).micros) == (2, None)
        assert (correction.parts, correction.reporting_micros) == (1, None)

    async def test_counts_on_the_day_of_the_booking(self, room: Room) -> None:
        message, _ = await sent(room)
        room.clock.now += 86400

        await told(room, final(message, parts=3))

        spans = [(START, START + 1), (START + 1, room.now + 1)]
        assert [await room.store.billed_parts("alpha", since=since, until=to) for since, to in spans] == [3, 0]

    async def test_comes_once_whoever_repeats_it(self, room: Room) -> None:
        """A poll says it, again, a push says it and then something else; and the process dies in between."""
        message, batch = await sent(room)
        first = await told(room, final(message, parts=3), final(message, parts=2))
        await room.crash()

        again = [
            await told(room, final(message, parts=3)),
            await pushed(room, said(batch, parts=3)),
            await pushed(room, said(batch, parts=2, outcome=Outcome.UNDELIVERABLE)),
        ]

        assert len(first.corrected) == 1
        assert [each.corrected for each in again] == [(), (), ()]
        assert (await entry(room)).parts == 3

    async def test_is_that_of_the_first_of_several_last_words(self, room: Room) -> None:
        _, batch = await sent(room)

        effects = await pushed(room, said(batch), said(batch, parts=2))

        assert (effects.corrected, (await entry(room)).parts) == ((), 4)

    async def test_may_come_after_an_end_that_nobody_knew(self, room: Room) -> None:
        """The message has ended by then; its bill has not."""
        message, batch = await sent(room)
        await told(room, final(message, Outcome.UNKNOWN))

        effects = await pushed(room, said(batch, outcome=Outcome.UNDELIVERABLE, parts=0))

        assert (effects.finished, [each.parts for each in effects.corrected]) == ((), [-4])
        assert (await entry(room))[3:5] == (0, 0)

    async def test_of_a_push_that_books_is_told_beside_the_booking(self, room: Room) -> None:
        message = await room.submit()
        _, batch, _ = await room.call()

        effects = await pushed(room, said(batch, outcome=Outcome.UNDELIVERABLE, parts=0))

        assert (effects.booked, [each.parts for each in effects.corrected]) == (frozenset({message}), [-1])
        assert (await entry(room))[3:5] == (0, 0)

    async def test_waits_with_a_report_whose_message_is_not_known_yet(self, room: Room) -> None:
        message = await room.submit()
        lease, batch, _ = await room.call()
        report = replace(said(BatchId(""), parts=3), batch=None, ref=CarrierRef("J.7"))
        assert await pushed(room, report) == PushEffects(orphans=1)

        settled = await room.store.settle(
            batch, {message: taken("J.7")}, lease=lease, now=room.now, due_at=room.now + 5
        )

        assert [each.parts for each in settled.corrected] == [2]
        assert (await entry(room))[3:5] == (3, 3 * COST.micros)


class TestWhatNeverLeft:
    async def test_goes_to_the_next_candidate_and_owes_no_receipt(self, room: Room) -> None:
        message, _ = await sent(room)

        reported = await told(room, never_left(message))

        (passed,) = reported.passed_on
        assert (passed.carrier, passed.ended.message, passed.ended.carrier) == ("beta", message, "alpha")
        assert (passed.ended.outcome, passed.ended.error) == (Outcome.UNDELIVERABLE, ErrorCode.NO_ROUTE)
        assert (reported.finished, await room.receipts()) == ((), {})
        assert await room.waiting() == {Stage.QUEUED: 1}
        assert await room.backend.open_counts() == {}

    async def test_is_sent_by_the_next_one_and_each_has_its_own_bill(self, room: Room) -> None:
        message, _ = await sent(room)
        await told(room, never_left(message))
        await room.crash()

        _, leased_by_beta = await room.send("beta")
        finishes = await room.report(message)

        assert (leased_by_beta, [finish.carrier for finish in finishes]) == ([message], ["beta"])
        bills = [(each.carrier, each.parts, each.micros) for each in await room.backend.ledger()]
        assert bills == [("alpha", 0, 0), ("beta", 1, COST.micros)]
        assert await room.receipts() == {message: (Outcome.DELIVERED, 0)}

    async def test_has_nothing_left_of_the_first_carrier(self, room: Room) -> None:
        """Beta, in doubt, must not be asked by alpha's id."""
        message, _ = await sent(room)
        await told(room, never_left(message))
        lease, batch, _ = await room.call("beta")
        await room.settle(batch, lease, {message: Doubted()}, due_in_s=0)

        _, (doubt,) = await room.doubts("beta")

        assert [one.ref for one in doubt.sent] == [None]

    async def test_others_of_its_call_are_still_awaited(self, room: Room) -> None:
        first, second = await room.submit(), await room.submit(recipients=("491710000002",))
        batch, _ = await room.send()

        await told(room, never_left(first))

        assert await room.backend.open_counts() == {batch: 1}
        room.clock.now += 5
        _, (due,) = await room.polls()
        assert [one.message for one in due.sent] == [second]

    async def test_is_notified_of_once(self, room: Room) -> None:
        message, _ = await sent(room, registered_delivery=0x11)
        await told(room, never_left(message))
        lease, batch, _ = await room.call("beta")

        settled = await room.store.settle(batch, {message: taken()}, lease=lease, now=room.now, due_at=room.now)

        _, owed = await room.outgoing()
        assert (settled.notified, len(owed)) == (frozenset(), 1)

    async def test_ends_with_the_last_candidate(self, room: Room) -> None:
        message, _ = await sent(room)
        await told(room, never_left(message))
        await room.send("beta")

        reported = await told(room, never_left(message))

        assert ([each.carrier for each in reported.finished], reported.passed_on) == (["beta"], ())
        assert [each.parts for each in await room.backend.ledger()] == [0, 0]
        assert await room.receipts() == {message: (Outcome.UNDELIVERABLE, ErrorCode.NO_ROUTE)}

    @pytest.mark.parametrize(
        "changes", [{"carriers": ("alpha",)}, {"carriers": ("beta", "alpha")}, {"expires_at": START + 10}]
    )
    async def test_ends_where_it_may_not_go_on(self, room: Room, changes: dict[str, Any]) -> None:
        """No later candidate, or its validity is over."""
        message = await room.submit(**changes)
        if changes.get("carriers", ("alpha",))[0] == "beta":
            lease, _ = await room.lease("beta")
            step = {message: Requeued("alpha", None, 1)}
            await room.store.put_back(step, lease=lease, now=room.now)
        await room.send()
        room.clock.now += 10

        reported = await told(room, never_left(message))

        assert (len(reported.finished), reported.passed_on) == (1, ())
        assert await room.receipts() == {message: (Outcome.UNDELIVERABLE, ErrorCode.NO_ROUTE)}

    async def test_ends_where_it_may_have_been_sent_twice(self, room: Room) -> None:
        message = await room.submit()
        lease, batch, _ = await room.call()
        await room.settle(batch, lease, {message: Requeued("alpha", None, 1, possible_duplicate=True)})
        await room.send()

        reported = await told(room, never_left(message))

        assert (len(reported.finished), reported.passed_on) == (1, ())

    @pytest.mark.parametrize("step", [None, Doubted(), Parked()])
    async def test_ends_while_its_call_is_in_doubt(self, room: Room, step: Any) -> None:
        message = await room.submit()
        lease, batch, _ = await room.call()
        if step is not None:
            await room.settle(batch, lease, {message: step})

        effects = await pushed(room, said_never_left(batch))

        assert ([each.message for each in effects.finished], effects.passed_on) == ([message], ())
        assert (await entry(room)).parts == 0

    async def test_goes_on_by_a_push_too_and_only_once(self, room: Room) -> None:
        message, batch = await sent(room)

        first = await pushed(room, said_never_left(batch))
        second = await pushed(room, said_never_left(batch))

        assert [each.carrier for each in first.passed_on] == ["beta"]
        assert second == PushEffects(), "the same again is neither news nor a stranger's"
        await room.crash()
        await room.send("beta")
        assert await pushed(room, said_never_left(batch)) == PushEffects()
        assert await room.stage(message) is Stage.AWAITING_STATUS

    async def test_ends_where_its_carrier_has_said_otherwise_before(self, room: Room) -> None:
        """In one breath: delivered, and never sent."""
        message, batch = await sent(room)

        effects = await pushed(room, said(batch), said_never_left(batch))

        assert ([each.message for each in effects.finished], effects.passed_on) == ([message], ())
        assert await room.receipts() == {message: (Outcome.DELIVERED, 0)}

    async def test_goes_on_by_a_report_that_came_before_the_answer(self, room: Room) -> None:
        message = await room.submit()
        lease, batch, _ = await room.call()
        await pushed(room, replace(said_never_left(batch), batch=None, ref=CarrierRef("J.7")))

        settled = await room.store.settle(
            batch, {message: taken("J.7")}, lease=lease, now=room.now, due_at=room.now + 5
        )

        assert ([each.carrier for each in settled.passed_on], settled.finished) == (["beta"], ())
        assert await room.backend.open_counts() == {}

    async def test_a_late_answer_of_the_first_carrier_changes_nothing_at_the_second(self, room: Room) -> None:
        """Two polls of one call are out; the message is with beta when the second comes back."""
        message, batch = await sent(room)
        room.clock.now += 5
        lease, _ = await room.polls()
        await told(room, never_left(message))
        await room.send("beta")

        for report in (never_left(message), final(message)):
            late = await room.store.report([report], now=room.now, polled={batch: room.now + 5}, lease=lease)
            assert late == Reported()

        assert await room.stage(message) is Stage.AWAITING_STATUS

    async def test_a_late_settlement_of_the_first_call_changes_nothing_at_the_second(self, room: Room) -> None:
        """Pushes resolve the doubt and pass the message on while somebody still looks for the first copy."""
        message, other = await room.submit(), await room.submit(recipients=("491710000002",))
        lease, batch, _ = await room.call()
        await room.settle(batch, lease, {message: Doubted(), other: Doubted()}, due_in_s=0)
        lease, _ = await room.doubts()
        await pushed(room, said(batch, outcome=Outcome.ENROUTE, final=False))
        await pushed(room, said_never_left(batch))
        await room.call("beta")

        ends = dict.fromkeys((message, other), Finished(Outcome.UNKNOWN, ErrorCode.OUTCOME_UNKNOWN))
        finishes, _ = await room.settle(batch, lease, ends)

        assert [finish.message for finish in finishes] == [other]
        assert await room.stage(message) is Stage.SENDING

    async def test_a_push_that_lost_its_lease_changes_nothing(self, room: Room) -> None:
        message, batch = await sent(room)
        await room.store.keep_push("alpha", "", b"", room.now)
        lease, (push,) = await leased(room)
        room.clock.now += 60

        effects = await room.store.settle_push(
            push, [said_never_left(batch)], {}, (), again_at=None, lease=lease, now=room.now
        )

        assert effects is None
        assert (await room.stage(message), (await entry(room)).final) == (Stage.AWAITING_STATUS, False)
