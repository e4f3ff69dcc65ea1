"""What every store must keep: the promises of ``store/base.py``, one class per duty.

A backend's test module imports these classes; the fixture ``room`` brings its storage. Time comes only from ``now``
arguments and the room's clock. ``Room.waiting`` compares the backlog with what is stored each time it is asked, so each
use of it also checks conservation (reliability.md, I5).
"""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smppgw.core.codes import ErrorCode
from smppgw.core.disposition import Disposition, Doubted, Finished, Parked, Requeued
from smppgw.core.doubt import PARKED_S, DoubtProgress
from smppgw.core.model import Address, Message, MessageId, Operation, Outcome, OutgoingKind, Part, Stage, TrafficClass
from smppgw.core.operations import IdKey, Named
from smppgw.core.verdict import Evidence, StatusReport
from smppgw.store.base import Acknowledged, Lease, LeaseLostError, Postponed, Refused, Reported
from tests.store.room import ASSEMBLY_S, COST, RECEIVER, START, Room, final, taken

UNKNOWN = Finished(Outcome.UNKNOWN, ErrorCode.OUTCOME_UNKNOWN)
REJECTED = Finished(Outcome.REJECTED, ErrorCode.BLOCKED, "BLOCKED")
DELIVERED = (Outcome.DELIVERED, 0)
PARTS_MISSING = (Outcome.UNDELIVERABLE, 62)


class TestTheWayOfOneMessage:
    async def test_it_waits_in_one_stage_after_the_other(self, room: Room) -> None:
        message = await room.submit()
        assert await room.waiting() == {Stage.QUEUED: 1}

        lease, batch, numbers = await room.call()
        assert (numbers, await room.waiting()) == ([message], {Stage.SENDING: 1})

        await room.settle(batch, lease, {message: taken()})
        assert await room.waiting() == {Stage.AWAITING_STATUS: 1}

        await room.report(message)
        assert await room.waiting() == {}

    async def test_a_lease_hands_out_what_was_submitted(self, room: Room) -> None:
        submission = room.submission(
            "grüß dich",
            sender="4930123",
            sender_is_number=True,
            flash=True,
            service_type="CMT",
            priority_flag=2,
            vendor_tlvs=b"\x14\x01\x00\x01x",
            traffic_class=TrafficClass.OTP,
        )
        await room.accept(submission)

        _, (message,) = await room.lease()

        assert int(message.id) == submission.segments[0].id
        assert (message.text, message.recipient, message.country) == ("grüß dich", RECEIVER, "DE")
        assert (message.sender, message.sender_is_number, message.flash) == ("4930123", True, True)
        assert (message.service_type, message.priority_flag, message.vendor_tlvs) == ("CMT", 2, b"\x14\x01\x00\x01x")
        assert (message.account, message.traffic_class, message.parts) == ("acme", TrafficClass.OTP, 1)
        assert (message.accepted_at, message.expires_at, message.schedule_at) == (START, START + 3600, None)
        assert (message.decision, message.carrier) == (submission.segments[0].decision, "alpha")
        assert (message.tries, message.batch_cap) == (0, None)

    async def test_a_due_poll_says_what_the_carrier_needs(self, room: Room) -> None:
        message = await room.submit()
        batch, _ = await room.send()
        room.clock.now += 5

        _, (due,) = await room.polls()

        assert (due.batch, due.polls, due.prepared_at, due.due_at) == (batch, 0, START, START + 5)
        (sent,) = due.sent
        assert (sent.message, sent.batch, sent.account, sent.recipient) == (message, batch, "acme", RECEIVER)
        assert (sent.sent_at, sent.accepted_at, sent.ref) == (START, START, "J.1")
        assert sent.host == "https://alpha.example"

    async def test_a_receipt_says_what_the_esme_needs(self, room: Room) -> None:
        await room.submit("t" * 30)
        await room.send()
        room.clock.now += 9
        await room.store.report([final(MessageId(1), at=START + 8)], now=room.now)

        _, (receipt,) = await room.outgoing()

        assert (receipt.account, receipt.kind, receipt.message_id) == ("acme", OutgoingKind.RECEIPT, "id1")
        assert (receipt.source, receipt.destination) == (Address(5, 0, "ACME"), Address(1, 1, RECEIVER))
        assert (receipt.outcome, receipt.error) == (Outcome.DELIVERED, ErrorCode.NONE)
        assert (receipt.submitted_at, receipt.done_at, receipt.text) == (START, START + 8, "t" * 20)
        assert receipt.tries == 0

    async def test_what_ended_is_told_with_all_that_metrics_want(self, room: Room) -> None:
        message = await room.submit()
        await room.send()

        (finish,) = await room.report(message, Outcome.EXPIRED)

        assert (finish.message, finish.account, finish.carrier) == (message, "acme", "alpha")
        assert (finish.outcome, finish.accepted_at) == (Outcome.EXPIRED, START)

    async def test_everything_survives_a_crash_at_every_step(self, room: Room) -> None:
        message = await room.submit()
        await room.crash()
        assert await room.waiting() == {Stage.QUEUED: 1}

        await room.send()
        await room.crash()
        assert await room.waiting() == {Stage.AWAITING_STATUS: 1}

        await room.report(message)
        await room.crash()
        assert await room.receipts() == {message: DELIVERED}

        await room.crash()
        assert await room.receipts() == {}

    async def test_a_lease_draws_no_more_than_asked_for(self, room: Room) -> None:
        for _ in range(5):
            await room.submit()

        _, first = await room.lease(limit=3)
        _, second = await room.lease(limit=3)

        assert [len(first), len(second)] == [3, 2]

    async def test_what_is_leased_is_not_leased_again(self, room: Room) -> None:
        await room.submit()
        await room.lease()

        _, again = await room.lease()

        assert again == []

    async def test_each_carrier_has_its_own_queue(self, room: Room) -> None:
        await room.submit(carriers=("beta",))

        _, alpha = await room.lease("alpha")
        _, beta = await room.lease("beta")

        assert (len(alpha), len(beta)) == (0, 1)

    async def test_a_poll_that_brings_nothing_comes_again(self, room: Room) -> None:
        message = await room.submit()
        batch, _ = await room.send()
        room.clock.now += 5
        lease, _ = await room.polls()
        enroute = StatusReport(message=message, outcome=Outcome.ENROUTE, final=False)

        reported = await room.store.report([enroute], now=room.now, polled={batch: room.now + 8}, lease=lease)

        assert (reported, (await room.polls())[1]) == (Reported(), [])
        room.clock.now += 8
        _, (due,) = await room.polls()
        assert due.polls == 1

    async def test_only_what_is_not_final_is_polled(self, room: Room) -> None:
        first, second = await room.submit(), await room.submit()
        await room.send()
        await room.report(first)
        room.clock.now += 5

        _, (due,) = await room.polls()

        assert [sent.message for sent in due.sent] == [second]

    async def test_an_attempt_without_open_messages_is_not_polled(self, room: Room) -> None:
        message = await room.submit()
        await room.send()
        await room.report(message)
        room.clock.now += 5

        assert (await room.polls())[1] == []

    async def test_accepted_without_a_price_is_booked_all_the_same(self, room: Room) -> None:
        message = await room.submit()
        lease, batch, _ = await room.call()

        await room.settle(batch, lease, {message: taken(ref=None, cost=None)})

        assert await room.backend.costs() == [(message, None)]


class TestAFailedAccept:
    async def test_a_submission_that_cannot_be_stored_leaves_no_trace(self, room: Room) -> None:
        good, bad = room.submission(), room.submission(text="\udc00")

        with pytest.raises(UnicodeEncodeError):
            await room.accept(good, bad)

        assert await room.waiting() == {}

    async def test_it_costs_the_others_nothing(self, room: Room) -> None:
        good, bad = room.submission(), room.submission(text="\udc00")

        results = await asyncio.gather(room.accept(bad), room.accept(good), return_exceptions=True)

        assert [isinstance(result, Exception) for result in results] == [True, False]
        assert await room.waiting() == {Stage.QUEUED: 1}


class TestALostLease:
    """A dispatcher that lost its lease in the middle of a call changes nothing."""

    async def after_the_lease(self, room: Room, how: str) -> None:
        room.clock.now += 60
        if how in {"swept", "taken over"}:
            await room.sweep()
        if how == "taken over":
            await room.lease()
            await room.doubts()
        if how == "restarted":
            await room.crash()

    @pytest.mark.parametrize("how", ["expired", "swept", "taken over", "restarted"])
    async def test_no_call_begins(self, room: Room, how: str) -> None:
        message = await room.submit()
        lease, _ = await room.lease()
        await self.after_the_lease(room, how)

        with pytest.raises(LeaseLostError):
            await room.store.begin(room.attempt(message), "alpha", lease, room.now)

        assert await room.waiting() == {Stage.QUEUED: 1}
        assert await room.backend.open_counts() == {}

    async def test_a_call_begins_just_before_the_lease_ends(self, room: Room) -> None:
        message = await room.submit()
        lease, _ = await room.lease()
        room.clock.now += 59.999

        await room.store.begin(room.attempt(message), "alpha", lease, room.now)

        assert await room.waiting() == {Stage.SENDING: 1}

    async def test_one_lost_message_stops_the_whole_batch(self, room: Room) -> None:
        kept, lost = await room.submit(), await room.submit()
        lease, _ = await room.lease()
        await room.give_back(lease, lost)

        with pytest.raises(LeaseLostError):
            await room.store.begin(room.attempt(kept, lost), "alpha", lease, room.now)

        assert await room.waiting() == {Stage.QUEUED: 2}

    async def test_a_made_up_lease_begins_nothing(self, room: Room) -> None:
        message = await room.submit()

        with pytest.raises(LeaseLostError):
            await room.store.begin(room.attempt(message), "alpha", Lease(1, room.now + 60), room.now)

    @pytest.mark.parametrize("how", ["expired", "swept", "taken over", "restarted"])
    @pytest.mark.parametrize(
        "disposition", [taken(), REJECTED, Requeued("beta", None, 1), Doubted(Evidence.ARRIVED), Parked()]
    )
    async def test_no_outcome_of_a_call_is_stored(self, room: Room, how: str, disposition: Disposition) -> None:
        message = await room.submit()
        lease, batch, _ = await room.call()
        await self.after_the_lease(room, how)
        before = await room.waiting()

        finishes, lost = await room.settle(batch, lease, {message: disposition})

        assert (list(finishes), list(lost)) == ([], [message])
        assert await room.waiting() == before == {Stage.SENDING if how == "expired" else Stage.DOUBTFUL: 1}
        assert (await room.backend.costs(), await room.receipts()) == ([], {})

    async def test_no_outcome_of_a_doubt_is_stored(self, room: Room) -> None:
        message = await in_doubt(room)
        lease, (due,) = await room.doubts()
        room.clock.now += 60
        await room.doubts()

        _, lost = await room.settle(due.attempt.batch, lease, {message: UNKNOWN})

        assert list(lost) == [message]
        assert await room.waiting() == {Stage.DOUBTFUL: 1}

    async def test_no_progress_of_a_doubt_is_stored(self, room: Room) -> None:
        await in_doubt(room)
        lease, (due,) = await room.doubts()
        room.clock.now += 60
        await room.doubts(for_s=10)

        await room.store.note_doubt(
            due.attempt.batch, replace(due.progress, repeats=9), lease=lease, due_at=room.now - 1
        )

        assert (await room.doubts())[1] == []
        room.clock.now += 10
        _, (again,) = await room.doubts()
        assert again.progress.repeats == 0

    async def test_no_poll_is_put_off(self, room: Room) -> None:
        await room.submit()
        batch, _ = await room.send()
        room.clock.now += 5
        stale, _ = await room.polls(for_s=10)
        room.clock.now += 10
        await room.polls(for_s=10)

        await room.store.report([], now=room.now, polled={batch: room.now + 3600}, lease=stale)

        room.clock.now += 10
        _, (due,) = await room.polls()
        assert due.polls == 0

    async def test_a_report_counts_even_so_because_it_is_a_fact(self, room: Room) -> None:
        message = await room.submit()
        batch, _ = await room.send()
        room.clock.now += 5
        stale, _ = await room.polls(for_s=10)
        room.clock.now += 10
        await room.polls()

        await room.store.report([final(message)], now=room.now, polled={batch: room.now}, lease=stale)

        assert await room.receipts() == {message: DELIVERED}

    @pytest.mark.parametrize("result", [Acknowledged(), Refused(8), Postponed(START + 9999, 20)])
    async def test_no_result_of_an_outgoing_message_is_stored(
        self, room: Room, result: Acknowledged | Refused | Postponed
    ) -> None:
        message = await ended(room)
        stale, (receipt,) = await room.outgoing(for_s=10)
        room.clock.now += 10
        await room.outgoing(for_s=10)

        await room.store.settle_outgoing({receipt.id: result}, lease=stale, now=room.now)

        room.clock.now += 10
        assert await room.receipts() == {message: DELIVERED}

    async def test_an_acknowledgement_counts_while_nobody_else_has_the_receipt(self, room: Room) -> None:
        await ended(room)
        lease, (receipt,) = await room.outgoing(for_s=10)
        room.clock.now += 10

        await room.store.settle_outgoing({receipt.id: Acknowledged()}, lease=lease, now=room.now)

        assert await room.receipts() == {}

    @pytest.mark.parametrize("how", ["expired", "swept", "taken over", "restarted"])
    @pytest.mark.parametrize("disposition", [Requeued("beta", None, 1), REJECTED])
    async def test_nothing_is_put_back(self, room: Room, how: str, disposition: Requeued | Finished) -> None:
        message = await room.submit()
        lease, _ = await room.lease()
        await self.after_the_lease(room, how)

        finishes = await room.store.put_back({message: disposition}, lease=lease, now=room.now)

        assert list(finishes) == []
        assert await room.waiting() == {Stage.QUEUED: 1}
        assert (await room.lease("beta"))[1] == []

    async def test_what_was_begun_is_not_put_back(self, room: Room) -> None:
        lease, _, numbers = await self.begun(room)

        finishes = await room.store.put_back(dict.fromkeys(numbers, REJECTED), lease=lease, now=room.now)

        assert list(finishes) == []
        assert await room.waiting() == {Stage.SENDING: 1}

    async def begun(self, room: Room) -> tuple[Lease, str, list[MessageId]]:
        await room.submit()
        return await room.call()

    async def test_a_lease_that_nobody_used_ends_by_itself(self, room: Room) -> None:
        message = await room.submit()
        await room.lease()
        room.clock.now += 60

        swept = await room.sweep()

        assert swept.queued
        assert [found.id for found in (await room.lease())[1]] == [message]

    async def test_a_batch_id_is_used_once(self, room: Room) -> None:
        first, second = await room.submit(), await room.submit()
        lease, _ = await room.lease()
        attempt = room.attempt(first)
        await room.store.begin(attempt, "alpha", lease, room.now)

        with pytest.raises(Exception, match="batch"):
            await room.store.begin(replace(attempt, messages=(second,)), "alpha", lease, room.now)

        assert await room.stage(second) is Stage.QUEUED


async def in_doubt(room: Room, **changes: object) -> MessageId:
    """Bring one message into doubt: its dispatcher dies in the middle of the call."""
    message = await room.submit(**changes)  # type: ignore[arg-type] # passed on to a dataclass
    await room.call()
    await room.crash()
    return message


async def ended(room: Room, outcome: Outcome = Outcome.DELIVERED, **changes: object) -> MessageId:
    """Bring one message to its end."""
    message = await room.submit(**changes)  # type: ignore[arg-type] # passed on to a dataclass
    await room.send()
    await room.report(message, outcome)
    return message


class TestReceipts:
    @pytest.mark.parametrize(
        ("registered_delivery", "outcome", "owed"),
        [
            # 0 none, 1 always, 2 on failure, 3 on success (SMPP v3.4 and v5.0, 5.2.17); higher bits ask for other
            (asked, outcome, due)
            for outcome in (
                Outcome.DELIVERED,
                Outcome.ACCEPTED,
                Outcome.EXPIRED,
                Outcome.DELETED,
                Outcome.UNDELIVERABLE,
                Outcome.UNKNOWN,
                Outcome.REJECTED,
            )
            for success in (outcome in {Outcome.DELIVERED, Outcome.ACCEPTED},)
            for asked, due in ((0, False), (1, True), (2, not success), (3, success), (0x11, True), (0x1C, False))
        ],
    )
    async def test_they_go_to_who_asked(
        self, room: Room, registered_delivery: int, outcome: Outcome, owed: bool
    ) -> None:
        message = await ended(room, outcome, registered_delivery=registered_delivery)

        receipts = await room.receipts()

        assert {number: found for number, (found, _) in receipts.items()} == ({message: outcome} if owed else {})

    async def test_a_message_without_receipt_ends_all_the_same(self, room: Room) -> None:
        await ended(room, registered_delivery=0)

        assert await room.waiting() == {}

    async def test_the_first_final_state_wins(self, room: Room) -> None:
        message = await ended(room)

        assert await room.report(message, Outcome.UNDELIVERABLE) == []

        assert await room.receipts() == {message: DELIVERED}

    async def test_the_first_of_two_reports_in_one_call_wins(self, room: Room) -> None:
        message = await room.submit()
        await room.send()

        await room.store.report([final(message), final(message, Outcome.REJECTED)], now=room.now)

        assert await room.receipts() == {message: DELIVERED}

    async def test_a_second_report_brings_no_second_receipt(self, room: Room) -> None:
        message = await ended(room)
        await room.receipts()

        await room.report(message)

        assert await room.receipts() == {}

    async def test_a_report_about_an_unknown_message_changes_nothing(self, room: Room) -> None:
        assert await room.report(MessageId(4711)) == []

    async def test_a_report_about_a_message_that_was_never_sent_changes_nothing(self, room: Room) -> None:
        message = await room.submit()

        assert await room.report(message) == []

        assert await room.waiting() == {Stage.QUEUED: 1}

    async def test_a_report_that_is_not_final_changes_nothing(self, room: Room) -> None:
        message = await room.submit()
        await room.send()

        await room.store.report([StatusReport(message=message, outcome=Outcome.ENROUTE, final=False)], now=room.now)

        assert await room.waiting() == {Stage.AWAITING_STATUS: 1}

    async def test_each_segment_of_a_multi_submission_gets_its_own(self, room: Room) -> None:
        numbers = [f"49171000000{n}" for n in range(3)]
        submission = room.submission(recipients=numbers, operation=Operation.SUBMIT_MULTI)
        await room.accept(submission)
        await room.send()
        for segment in submission.segments:
            await room.report(MessageId(segment.id))

        _, receipts = await room.outgoing()

        assert {receipt.message_id for receipt in receipts} == {"id1"}
        assert [receipt.destination.addr for receipt in receipts] == numbers

    async def test_a_refused_message_gets_its_receipt_with_the_verdict(self, room: Room) -> None:
        message = await room.submit()
        lease, batch, _ = await room.call()

        finishes, lost = await room.settle(batch, lease, {message: REJECTED})

        assert ([finish.outcome for finish in finishes], list(lost)) == ([Outcome.REJECTED], [])
        assert await room.receipts() == {message: (Outcome.REJECTED, ErrorCode.BLOCKED)}


class TestAPushThatOvertakesTheAnswer:
    async def test_ends_the_message_at_once(self, room: Room) -> None:
        message = await room.submit()
        await room.call()

        finishes = await room.report(message)

        assert [finish.message for finish in finishes] == [message]
        assert await room.receipts() == {message: DELIVERED}
        assert await room.waiting() == {}

    @pytest.mark.parametrize("late", [taken(), REJECTED, Requeued("beta", None, 1), Doubted(), Parked()])
    async def test_the_answer_does_not_change_the_end(self, room: Room, late: Disposition) -> None:
        message = await room.submit()
        lease, batch, _ = await room.call()
        await room.report(message)

        _, lost = await room.settle(batch, lease, {message: late})

        assert list(lost) == []
        assert await room.waiting() == {}
        assert await room.receipts() == {message: DELIVERED}
        assert await room.backend.open_counts() == {}

    async def test_its_cost_is_booked_once(self, room: Room) -> None:
        message = await room.submit()
        lease, batch, _ = await room.call()
        await room.report(message)

        for _ in range(2):
            await room.settle(batch, lease, {message: taken()})

        assert await room.backend.costs() == [(message, COST.micros)]

    async def test_the_others_of_the_call_stay_open(self, room: Room) -> None:
        first, second = await room.submit(), await room.submit()
        lease, batch, _ = await room.call()
        await room.report(first)
        assert await room.waiting() == {Stage.SENDING: 1}

        await room.settle(batch, lease, {first: taken(), second: taken()})

        assert await room.backend.open_counts() == {batch: 1}
        assert await room.waiting() == {Stage.AWAITING_STATUS: 1}

    async def test_a_call_whose_worker_dies_after_it_is_no_doubt(self, room: Room) -> None:
        message = await room.submit()
        await room.call()
        await room.report(message)

        await room.crash()

        assert await room.waiting() == {}
        assert (await room.doubts())[1] == []

    async def test_only_the_others_are_doubtful_when_the_worker_dies(self, room: Room) -> None:
        first, second = await room.submit(), await room.submit()
        await room.call()
        await room.report(first)

        await room.crash()

        assert await room.waiting() == {Stage.DOUBTFUL: 1}
        _, (due,) = await room.doubts()
        assert [sent.message for sent in due.sent] == [second]


TEXTS = ("Der erste Teil, ", "der zweite, ", "der dritte, ", "der vierte ", "und der letzte.")
ORDERS = [
    *(order for total in (2, 3, 4) for order in itertools.permutations(range(1, total + 1))),
    *list(itertools.permutations(range(1, 6)))[::17],
]


class TestParts:
    @pytest.mark.parametrize("order", ORDERS, ids=lambda order: "".join(map(str, order)))
    async def test_they_make_one_message_in_any_order(self, room: Room, order: tuple[int, ...]) -> None:
        total = len(order)
        completed: list[Message] = []
        segments = []
        for number in order:
            segment, made = await room.submit_part(number, total, TEXTS[number - 1])
            segments.append(segment)
            completed.extend(made)

        (message,) = completed
        await room.route(message)
        await room.send()
        await room.report(message.id)

        assert (message.text, message.id) == ("".join(TEXTS[:total]), segments[-1])
        assert await room.receipts() == dict.fromkeys(segments, DELIVERED)
        assert await room.waiting() == {}

    async def test_each_is_counted_until_the_last_has_come(self, room: Room) -> None:
        await room.submit_part(1, 3, "a")
        await room.submit_part(3, 3, "c")
        assert await room.waiting() == {Stage.ASSEMBLING: 2}

        _, (message,) = await room.submit_part(2, 3, "b")
        assert await room.waiting() == {Stage.UNROUTED: 1}

        await room.route(message)
        assert await room.waiting() == {Stage.QUEUED: 1}

    async def test_they_survive_a_crash_between_them(self, room: Room) -> None:
        await room.submit_part(1, 2, "a")
        await room.crash()

        _, (message,) = await room.submit_part(2, 2, "b")

        assert message.text == "ab"

    async def test_several_in_one_transaction_are_one_text(self, room: Room) -> None:
        parts = [room.submission(text, part=Part(7, 2, number)) for number, text in ((2, "b"), (1, "a"))]

        (message,) = await room.accept(*parts)

        assert message.text == "ab"

    async def test_options_are_those_of_the_first_part(self, room: Room) -> None:
        await room.submit_part(2, 2, "b", priority_flag=2, expires_at=START + 50, service_type="B")

        _, (message,) = await room.submit_part(1, 2, "a", priority_flag=1, expires_at=START + 70, service_type="A")

        assert (message.priority_flag, message.expires_at, message.service_type) == (1, START + 70, "A")

    async def test_only_parts_that_asked_get_receipts(self, room: Room) -> None:
        first, _ = await room.submit_part(1, 2, "a", registered_delivery=0)
        last, (message,) = await room.submit_part(2, 2, "b")
        await room.route(message)
        await room.send()
        await room.report(message.id)

        assert await room.receipts() == {last: DELIVERED}
        assert first != last

    @pytest.mark.parametrize(
        "other",
        [{"account": "bolt"}, {"sender": "OTHER"}, {"recipients": ["491710000002"]}, {"reference": 8}],
        ids=lambda other: next(iter(other)),
    )
    async def test_those_of_different_texts_do_not_mix(self, room: Room, other: dict[str, object]) -> None:
        await room.submit_part(1, 2, "a")
        await room.submit_part(1, 2, "x", **other)

        _, (theirs,) = await room.submit_part(2, 2, "y", **other)
        _, (ours,) = await room.submit_part(2, 2, "b")

        assert (theirs.text, ours.text) == ("xy", "ab")

    async def test_another_total_is_another_text(self, room: Room) -> None:
        await room.submit_part(1, 3, "a")

        _, made = await room.submit_part(2, 2, "b")

        assert made == []

    async def test_a_text_of_one_part_is_complete_at_once(self, room: Room) -> None:
        number, (message,) = await room.submit_part(1, 1, "alone")

        assert (message.id, message.text) == (number, "alone")

    async def test_twenty_long_parts_make_one_text(self, room: Room) -> None:
        made: Sequence[object] = []
        for number in range(1, 21):
            _, made = await room.submit_part(number, 20, chr(64 + number) * 153)

        (message,) = made
        assert getattr(message, "text", "") == "".join(chr(64 + number) * 153 for number in range(1, 21))


class TestARepeatedPart:
    async def test_shares_the_outcome_of_its_text(self, room: Room) -> None:
        first, _ = await room.submit_part(1, 2, "a")
        again, made = await room.submit_part(1, 2, "a")
        last, (message,) = await room.submit_part(2, 2, "b")
        await room.route(message)
        await room.send()
        await room.report(message.id)

        assert (list(made), message.text) == ([], "ab")
        assert await room.receipts() == dict.fromkeys((first, again, last), DELIVERED)

    @pytest.mark.parametrize("total", [1, 2])
    async def test_after_completion_shares_it_too(self, room: Room, total: int) -> None:
        parts = [(await room.submit_part(number, total, "a")) for number in range(1, total + 1)]
        (message,) = parts[-1][1]
        await room.route(message)

        again, made = await room.submit_part(1, total, "a")
        await room.send()
        await room.report(message.id)

        assert list(made) == []
        assert await room.receipts() == dict.fromkeys((*(part for part, _ in parts), again), DELIVERED)

    async def test_after_the_end_gets_its_receipt_at_once(self, room: Room) -> None:
        message = await self.completed(room)
        await room.send()
        await room.report(message)
        await room.receipts()

        again, _ = await room.submit_part(2, 2, "b")

        assert await room.receipts() == {again: DELIVERED}

    async def test_after_the_end_gets_none_unless_it_asked(self, room: Room) -> None:
        message = await self.completed(room)
        await room.send()
        await room.report(message)
        await room.receipts()

        await room.submit_part(2, 2, "b", registered_delivery=0)

        assert await room.receipts() == {}

    async def test_is_remembered_until_ten_minutes_past_the_assembly_time(self, room: Room) -> None:
        await self.completed(room)
        room.clock.now += ASSEMBLY_S + 599
        await room.sweep()

        _, made = await room.submit_part(1, 2, "a")

        assert list(made) == []
        assert Stage.ASSEMBLING not in await room.waiting()

    async def test_is_a_new_text_after_that(self, room: Room) -> None:
        await self.completed(room)
        room.clock.now += ASSEMBLY_S + 600
        await room.sweep()

        await room.submit_part(1, 2, "a")
        _, (message,) = await room.submit_part(2, 2, "b")

        assert message.text == "ab"

    @pytest.mark.parametrize("second", [("a", "b"), ("x", "y"), ("a", "y")])
    async def test_a_forgotten_text_never_gets_into_another(self, room: Room, second: tuple[str, str]) -> None:
        old = await self.completed(room)
        room.clock.now += ASSEMBLY_S + 600
        await room.sweep()

        first, _ = await room.submit_part(1, 2, second[0], reference=99)
        last, (message,) = await room.submit_part(2, 2, second[1], reference=99)
        await room.route(message)
        await room.send()
        await room.report(message.id)
        await room.report(old)

        assert message.text == "".join(second)
        receipts = await room.receipts()
        assert len(receipts) == 4
        assert {receipts[first], receipts[last]} == {DELIVERED}

    async def completed(self, room: Room) -> MessageId:
        await room.submit_part(1, 2, "a")
        _, (message,) = await room.submit_part(2, 2, "b")
        await room.route(message)
        return message.id


class TestAPartWithAUsedNumber:
    """References are short and some systems never change theirs: another text under a used number starts anew."""

    async def test_starts_a_new_text(self, room: Room) -> None:
        await room.submit_part(1, 2, "a")
        await room.submit_part(2, 2, "b")
        await room.submit_part(1, 2, "x")

        _, (message,) = await room.submit_part(2, 2, "y")

        assert message.text == "xy"

    async def test_loses_nothing_of_the_text_before(self, room: Room) -> None:
        old, _ = await room.submit_part(1, 2, "a")
        new, _ = await room.submit_part(1, 2, "x")
        last, (message,) = await room.submit_part(2, 2, "y")
        await room.route(message)
        await room.send()
        await room.report(message.id)
        room.clock.now += ASSEMBLY_S

        await room.sweep()

        assert await room.receipts() == {old: PARTS_MISSING, new: DELIVERED, last: DELIVERED}
        assert await room.waiting() == {}


class TestAMissingPart:
    async def test_ends_the_text_with_a_receipt_for_each_part_that_came(self, room: Room) -> None:
        segments = [(await room.submit_part(number, 3, f"part {number}"))[0] for number in (3, 1)]
        again, _ = await room.submit_part(1, 3, "part 1")
        room.clock.now += ASSEMBLY_S

        swept = await room.sweep()

        (finish,) = swept.finished
        assert (finish.account, finish.carrier, finish.outcome) == ("acme", "", Outcome.UNDELIVERABLE)
        assert await room.receipts() == dict.fromkeys((*segments, again), PARTS_MISSING)
        assert await room.waiting() == {}

    async def test_is_waited_for_until_then(self, room: Room) -> None:
        await room.submit_part(1, 2, "a")
        room.clock.now += ASSEMBLY_S - 0.001

        swept = await room.sweep()

        assert swept.finished == ()
        assert await room.waiting() == {Stage.ASSEMBLING: 1}

    async def test_fails_too_when_it_comes_late(self, room: Room) -> None:
        await self.given_up(room)

        late, made = await room.submit_part(2, 2, "b")

        assert list(made) == []
        assert await room.receipts() == {late: PARTS_MISSING}
        assert await room.waiting() == {}

    async def test_fails_once_more_when_it_comes_again(self, room: Room) -> None:
        await self.given_up(room)
        await room.submit_part(2, 2, "b")
        await room.receipts()

        again, made = await room.submit_part(2, 2, "b")

        assert (list(made), await room.receipts()) == ([], {again: PARTS_MISSING})

    async def test_another_text_under_a_failed_key_starts_anew(self, room: Room) -> None:
        await self.given_up(room)
        await room.submit_part(1, 2, "x")

        _, (message,) = await room.submit_part(2, 2, "y")

        assert message.text == "xy"

    async def test_is_no_longer_known_after_ten_minutes_more(self, room: Room) -> None:
        await self.given_up(room)
        room.clock.now += 600
        await room.sweep()

        await room.submit_part(2, 2, "b")
        _, (message,) = await room.submit_part(1, 2, "a")

        assert message.text == "ab"

    async def given_up(self, room: Room) -> None:
        await room.submit_part(1, 2, "a")
        room.clock.now += ASSEMBLY_S
        await room.sweep()
        await room.receipts()


class TestRoutingOfCompletedTexts:
    async def complete(self, room: Room, **changes: object) -> MessageId:
        await room.submit_part(1, 2, "a", **changes)
        _, (message,) = await room.submit_part(2, 2, "b", **changes)
        return message.id

    async def test_a_text_that_lost_its_router_is_found_again(self, room: Room) -> None:
        number = await self.complete(room)
        await room.crash()

        (message,) = await room.store.unrouted(10)
        await room.route(message)

        assert message.id == number
        assert await room.store.unrouted(10) == []
        assert await room.waiting() == {Stage.QUEUED: 1}

    async def test_the_decision_and_the_billed_parts_travel_with_it(self, room: Room) -> None:
        await self.complete(room)
        await room.route(*await room.store.unrouted(10), carriers=("beta", "alpha"))

        _, (message,) = await room.lease("beta")

        assert message.decision is not None
        assert (message.decision.carriers, message.parts) == (("beta", "alpha"), 2)

    async def test_without_a_carrier_it_ends_rejected_with_receipts(self, room: Room) -> None:
        number = await self.complete(room)

        (finish,) = await room.route(*await room.store.unrouted(10), carriers=())

        assert (finish.message, finish.outcome) == (number, Outcome.REJECTED)
        assert await room.receipts() == dict.fromkeys((1, 2), (Outcome.REJECTED, ErrorCode.NO_CARRIER))
        assert await room.waiting() == {}

    async def test_a_second_router_changes_nothing(self, room: Room) -> None:
        await self.complete(room)
        found = await room.store.unrouted(10)
        await room.route(*found, carriers=("beta",))

        await room.route(*found, carriers=())

        assert await room.waiting() == {Stage.QUEUED: 1}
        assert len((await room.lease("beta"))[1]) == 1

    async def test_it_can_expire_before_it_is_routed(self, room: Room) -> None:
        await self.complete(room, expires_at=START + 5)
        found = await room.store.unrouted(10)
        room.clock.now += 5
        await room.sweep()

        await room.route(*found)

        assert await room.receipts() == dict.fromkeys((1, 2), (Outcome.EXPIRED, ErrorCode.EXPIRED_IN_GATEWAY))

    async def test_a_scheduled_text_waits_for_its_time(self, room: Room) -> None:
        await self.complete(room, schedule_at=START + 100)

        await room.route(*await room.store.unrouted(10))

        assert await room.waiting() == {Stage.SCHEDULED: 1}


class TestTime:
    async def test_a_scheduled_message_waits_for_its_time(self, room: Room) -> None:
        message = await room.submit(schedule_at=START + 100)
        assert await room.waiting() == {Stage.SCHEDULED: 1}
        room.clock.now += 99.999
        assert not (await room.sweep()).queued
        assert (await room.lease())[1] == []

        room.clock.now = START + 100
        assert (await room.sweep()).queued
        assert [found.id for found in (await room.lease())[1]] == [message]

    async def test_a_schedule_in_the_past_is_now(self, room: Room) -> None:
        await room.submit(schedule_at=START)

        assert await room.waiting() == {Stage.QUEUED: 1}

    @pytest.mark.parametrize("schedule_at", [None, START + 100])
    async def test_what_waits_expires_with_its_receipt(self, room: Room, schedule_at: float | None) -> None:
        message = await room.submit(schedule_at=schedule_at, expires_at=START + 50)
        room.clock.now += 50

        (finish,) = (await room.sweep()).finished

        assert (finish.message, finish.outcome) == (message, Outcome.EXPIRED)
        assert await room.receipts() == {message: (Outcome.EXPIRED, ErrorCode.EXPIRED_IN_GATEWAY)}
        assert await room.waiting() == {}

    async def test_what_has_expired_is_not_leased_even_before_the_sweep(self, room: Room) -> None:
        await room.submit(expires_at=START + 50)
        room.clock.now += 50

        assert (await room.lease())[1] == []

    async def test_a_leased_message_that_expires_is_not_begun(self, room: Room) -> None:
        message = await room.submit(expires_at=START + 5)
        lease, _ = await room.lease()
        room.clock.now += 5
        await room.sweep()

        with pytest.raises(LeaseLostError):
            await room.store.begin(room.attempt(message), "alpha", lease, room.now)

        assert await room.receipts() == {message: (Outcome.EXPIRED, ErrorCode.EXPIRED_IN_GATEWAY)}

    @pytest.mark.parametrize("stage", [Stage.SENDING, Stage.DOUBTFUL, Stage.PARKED, Stage.AWAITING_STATUS])
    async def test_what_may_have_left_never_expires(self, room: Room, stage: Stage) -> None:
        message = await room.submit(expires_at=START + 50)
        lease, batch, _ = await room.call()
        if stage is Stage.AWAITING_STATUS:
            await room.settle(batch, lease, {message: taken()})
        elif stage is not Stage.SENDING:
            await room.settle(batch, lease, {message: Doubted()}, due_in_s=0)
        if stage is Stage.PARKED:
            lease, _ = await room.doubts()
            await room.settle(batch, lease, {message: Parked()})
        room.clock.now += 59

        assert (await room.sweep()).finished == ()

        assert await room.waiting() == {stage: 1}

    async def test_what_may_have_left_once_never_ends_as_expired(self, room: Room) -> None:
        message = await in_doubt(room, expires_at=START + 50)
        lease, (due,) = await room.doubts()
        again = Requeued("alpha", None, 1, possible_duplicate=True)
        await room.settle(due.attempt.batch, lease, {message: again})
        room.clock.now += 50

        await room.sweep()

        assert await room.receipts() == {message: (Outcome.UNKNOWN, ErrorCode.OUTCOME_UNKNOWN)}

    async def test_a_put_off_message_waits_for_its_time(self, room: Room) -> None:
        message = await room.submit()
        lease, batch, _ = await room.call()
        await room.settle(batch, lease, {message: Requeued("alpha", START + 30, 1)})
        assert await room.waiting() == {Stage.QUEUED: 1}
        assert (await room.lease())[1] == []
        room.clock.now += 30
        await room.sweep()

        _, (found,) = await room.lease()

        assert (found.id, found.tries) == (message, 1)

    async def test_the_sweep_finds_nothing_where_nothing_is_due(self, room: Room) -> None:
        await room.submit()
        await room.submit(schedule_at=START + 9)

        swept = await room.sweep()

        assert (swept.finished, swept.queued, swept.doubted) == ((), False, 0)
        assert (swept.parked_too_long, swept.kept_too_long) == (0, 0)


class TestARequeuedMessage:
    async def test_goes_to_the_next_carrier_at_once(self, room: Room) -> None:
        message = await room.submit()
        lease, batch, _ = await room.call()

        await room.settle(batch, lease, {message: Requeued("beta", None, 1)})

        assert (await room.lease("alpha"))[1] == []
        _, (found,) = await room.lease("beta")
        assert (found.id, found.carrier, found.tries) == (message, "beta", 1)

    async def test_keeps_its_cap(self, room: Room) -> None:
        message = await room.submit()
        lease, batch, _ = await room.call()

        await room.settle(batch, lease, {message: Requeued("alpha", None, 0, batch_cap=4)})

        _, (found,) = await room.lease()
        assert found.batch_cap == 4

    async def test_stands_in_front_of_what_came_later(self, room: Room) -> None:
        message = await room.submit()
        lease, batch, _ = await room.call()
        await room.submit()

        await room.settle(batch, lease, {message: Requeued("alpha", None, 1)})

        assert (await room.lease(limit=1))[1][0].id == message

    async def test_closes_its_attempt(self, room: Room) -> None:
        message = await room.submit()
        lease, batch, _ = await room.call()

        await room.settle(batch, lease, {message: Requeued("beta", None, 1)})

        assert await room.backend.open_counts() == {}
        assert await room.waiting() == {Stage.QUEUED: 1}

    async def test_is_a_message_like_any_other_at_its_next_carrier(self, room: Room) -> None:
        message = await room.submit()
        lease, batch, _ = await room.call()
        await room.settle(batch, lease, {message: Requeued("beta", None, 1)})

        await room.send("beta")
        await room.report(message)

        assert await room.receipts() == {message: DELIVERED}
        assert await room.backend.costs() == [(message, COST.micros)]

    async def test_leaves_the_rest_of_its_batch_alone(self, room: Room) -> None:
        kept, moved = await room.submit(), await room.submit()
        lease, batch, _ = await room.call()

        await room.settle(batch, lease, {kept: taken(), moved: Requeued("beta", None, 1)})

        assert await room.waiting() == {Stage.QUEUED: 1, Stage.AWAITING_STATUS: 1}
        assert await room.backend.open_counts() == {batch: 1}
        room.clock.now += 5
        _, (due,) = await room.polls()
        assert [sent.message for sent in due.sent] == [kept]


class TestPuttingBack:
    """A leased message that no call was begun for."""

    async def test_it_can_be_leased_again_at_once(self, room: Room) -> None:
        message = await room.submit()
        lease, _ = await room.lease()

        await room.give_back(lease, message)

        assert [found.id for found in (await room.lease())[1]] == [message]

    async def test_it_keeps_its_place(self, room: Room) -> None:
        first, second = await room.submit(), await room.submit()
        lease, _ = await room.lease(limit=2)

        await room.give_back(lease, second)
        await room.give_back(lease, first)

        assert [found.id for found in (await room.lease())[1]] == [first, second]

    async def test_it_keeps_its_tries_and_cap(self, room: Room) -> None:
        message = await room.submit()
        lease, _ = await room.lease()

        await room.store.put_back({message: Requeued("alpha", None, 3, batch_cap=4)}, lease=lease, now=room.now)

        _, (found,) = await room.lease()
        assert (found.tries, found.batch_cap) == (3, 4)

    async def test_it_may_wait_for_its_time(self, room: Room) -> None:
        message = await room.submit()
        lease, _ = await room.lease()

        await room.store.put_back({message: Requeued("alpha", room.now + 30, 1)}, lease=lease, now=room.now)

        room.clock.now += 29
        await room.sweep()
        assert (await room.lease())[1] == []
        room.clock.now += 1
        await room.sweep()
        assert [found.id for found in (await room.lease())[1]] == [message]

    async def test_it_waits_across_a_crash(self, room: Room) -> None:
        message = await room.submit()
        lease, _ = await room.lease()
        await room.store.put_back({message: Requeued("alpha", room.now + 30, 1)}, lease=lease, now=room.now)

        await room.crash()

        assert (await room.lease())[1] == []
        assert await room.waiting() == {Stage.QUEUED: 1}

    async def test_it_may_go_to_another_carrier(self, room: Room) -> None:
        message = await room.submit()
        lease, _ = await room.lease()

        await room.store.put_back({message: Requeued("beta", None, 1)}, lease=lease, now=room.now)

        assert (await room.lease("alpha"))[1] == []
        _, (found,) = await room.lease("beta")
        assert (found.id, found.carrier) == (message, "beta")

    async def test_it_may_end_with_its_receipt(self, room: Room) -> None:
        message = await room.submit()
        lease, _ = await room.lease()

        (finish,) = await room.store.put_back({message: REJECTED}, lease=lease, now=room.now)

        assert (finish.message, finish.carrier, finish.outcome) == (message, "", Outcome.REJECTED)
        assert await room.receipts() == {message: (Outcome.REJECTED, ErrorCode.BLOCKED)}
        assert await room.waiting() == {}

    async def test_what_may_have_left_once_does_not_end_as_refused(self, room: Room) -> None:
        message = await room.submit()
        lease, batch, _ = await room.call()
        await room.settle(batch, lease, {message: Requeued("alpha", None, 0, possible_duplicate=True)})
        lease, _ = await room.lease()

        (finish,) = await room.store.put_back({message: REJECTED}, lease=lease, now=room.now)

        assert finish.outcome is Outcome.UNKNOWN
        assert await room.receipts() == {message: (Outcome.UNKNOWN, ErrorCode.OUTCOME_UNKNOWN)}

    async def test_each_has_its_own_fate(self, room: Room) -> None:
        kept, moved, ended, left = [await room.submit() for _ in range(4)]
        lease, _ = await room.lease()

        await room.store.put_back(
            {kept: Requeued("alpha", None, 0), moved: Requeued("beta", None, 1), ended: REJECTED},
            lease=lease,
            now=room.now,
        )

        assert [found.id for found in (await room.lease("alpha"))[1]] == [kept]
        assert [found.id for found in (await room.lease("beta"))[1]] == [moved]
        assert list(await room.receipts()) == [ended]
        await room.store.begin(room.attempt(left), "alpha", lease, room.now)

    async def test_what_the_lease_covers_is_put_back_beside_what_it_does_not(self, room: Room) -> None:
        covered, begun = await room.submit(), await room.submit()
        lease, _ = await room.lease()
        await room.store.begin(room.attempt(begun), "alpha", lease, room.now)

        finishes = await room.store.put_back({covered: REJECTED, begun: REJECTED}, lease=lease, now=room.now)

        assert [finish.message for finish in finishes] == [covered]

    async def test_a_cancelled_one_stays_ended(self, room: Room) -> None:
        message = await room.submit()
        lease, _ = await room.lease()
        await room.store.cancel(Named(account="acme", keys=(IdKey("id1", 1, 1 << 40),), source_addr="ACME"), room.now)

        await room.give_back(lease, message)

        assert await room.waiting() == {}


class TestDiversion:
    async def test_what_is_queued_moves_on_to_its_next_candidate(self, room: Room) -> None:
        number = await room.submit(carriers=("alpha", "beta"))

        assert await room.store.divert("alpha", ["beta"], 10) == ["beta"]

        assert (await room.lease("alpha"))[1] == []
        assert [message.id for message in (await room.lease("beta"))[1]] == [number]

    async def test_what_has_no_next_candidate_stays(self, room: Room) -> None:
        number = await room.submit(carriers=("alpha",))
        last = await room.submit(carriers=("beta", "alpha"))
        await room.store.divert("beta", ["alpha"], 10)

        assert await room.store.divert("alpha", ["beta"], 10) == []

        assert sorted(message.id for message in (await room.lease("alpha"))[1]) == sorted([number, last])

    async def test_what_no_reachable_candidate_follows_stays(self, room: Room) -> None:
        number = await room.submit(carriers=("alpha", "beta"))
        skipping = await room.submit(carriers=("alpha", "beta", "gamma"))

        assert await room.store.divert("alpha", ["gamma"], 10) == ["gamma"]

        assert [message.id for message in (await room.lease("alpha"))[1]] == [number]
        assert [message.id for message in (await room.lease("gamma"))[1]] == [skipping]

    async def test_what_is_leased_or_sent_stays(self, room: Room) -> None:
        await room.submit(carriers=("alpha", "beta"))
        await room.lease("alpha")

        assert await room.store.divert("alpha", ["beta"], 10) == []

    async def test_no_more_move_than_is_asked_for_and_those_first_that_would_go_first(self, room: Room) -> None:
        first, second, third = [await room.submit(carriers=("alpha", "beta")) for _ in range(3)]

        await room.store.divert("alpha", ["beta"], 2)

        assert [message.id for message in (await room.lease("beta"))[1]] == [first, second]
        assert [message.id for message in (await room.lease("alpha"))[1]] == [third]

    async def test_carriers_with_open_work_are_known(self, room: Room) -> None:
        assert await room.store.carriers_with_work() == []

        await room.submit(carriers=("alpha", "beta"))

        assert await room.store.carriers_with_work() == ["alpha"]


class TestFairness:
    async def test_a_campaign_does_not_delay_another_account(self, room: Room) -> None:
        await room.accept(*(room.submission(account="acme") for _ in range(1000)))
        other = await room.submit(account="bolt")

        _, drawn = await room.lease(limit=3)

        assert other in [message.id for message in drawn]

    async def test_accounts_take_turns(self, room: Room) -> None:
        await room.accept(*(room.submission(account="acme") for _ in range(10)))
        await room.lease(limit=5)
        await room.accept(*(room.submission(account="bolt") for _ in range(10)))

        _, drawn = await room.lease(limit=6)

        assert sorted(message.account for message in drawn) == ["acme"] * 3 + ["bolt"] * 3

    async def test_an_account_keeps_its_own_order(self, room: Room) -> None:
        numbers = [await room.submit() for _ in range(5)]

        _, drawn = await room.lease()

        assert [message.id for message in drawn] == numbers

    async def test_traffic_classes_come_first(self, room: Room) -> None:
        classes = (TrafficClass.MARKETING, TrafficClass.TRANSACTIONAL, TrafficClass.OTP)
        for traffic_class in classes:
            await room.submit(traffic_class=traffic_class)

        _, drawn = await room.lease()

        assert [message.traffic_class for message in drawn] == sorted(classes)

    async def test_the_order_is_restored_after_a_crash(self, room: Room) -> None:
        campaign = [await room.submit(account="acme") for _ in range(20)]
        await room.lease(limit=5)
        await room.crash()
        await room.submit(account="acme")
        other = await room.submit(account="bolt")

        _, drawn = await room.lease(limit=4)

        assert other in [message.id for message in drawn]
        assert [message.id for message in drawn if message.account == "acme"] == campaign[: len(drawn) - 1]

    async def test_a_newcomer_does_not_overtake_all_that_waited_before_a_crash(self, room: Room) -> None:
        await room.accept(*(room.submission(account="acme") for _ in range(20)))
        await room.lease(limit=10)
        await room.send(limit=10)
        await room.crash()
        await room.accept(*(room.submission(account="bolt") for _ in range(20)))

        _, drawn = await room.lease(limit=8)

        assert {message.account for message in drawn} == {"acme", "bolt"}

    async def test_what_is_scheduled_for_later_delays_nothing_now(self, room: Room) -> None:
        await room.accept(*(room.submission(account="acme", schedule_at=START + 9999) for _ in range(50)))
        await room.accept(*(room.submission(account="bolt") for _ in range(50)))
        now = await room.submit(account="acme")

        _, drawn = await room.lease(limit=3)

        assert now in [message.id for message in drawn]

    async def test_what_becomes_due_takes_its_turn(self, room: Room) -> None:
        await room.accept(*(room.submission(account="acme", schedule_at=START + 10) for _ in range(50)))
        other = await room.submit(account="bolt")
        room.clock.now += 10
        await room.sweep()

        _, drawn = await room.lease(limit=3)

        assert other in [message.id for message in drawn]

    async def test_a_failover_takes_its_turn_at_the_next_carrier(self, room: Room) -> None:
        await room.accept(*(room.submission(account="acme") for _ in range(20)))
        lease, batch, numbers = await room.call()
        other = await room.submit(account="bolt", carriers=("beta",))
        requeued: dict[MessageId, Disposition] = dict.fromkeys(numbers, Requeued("beta", None, 1))
        await room.settle(batch, lease, requeued)

        _, drawn = await room.lease("beta", limit=3)

        assert other in [message.id for message in drawn]


class TestADoubt:
    async def test_a_call_cut_by_a_crash_is_doubtful_with_the_exact_request(self, room: Room) -> None:
        await room.submit()
        lease, (message,) = await room.lease()
        attempt = room.attempt(message.id, body=bytes(range(256)), target="/a?b=%C3%BC&c=\x7f", content_type=None)
        await room.store.begin(attempt, "alpha", lease, room.now)

        await room.crash()

        assert await room.waiting() == {Stage.DOUBTFUL: 1}
        _, (due,) = await room.doubts()
        assert due.attempt == attempt
        assert due.messages == (message,)
        assert [(sent.message, sent.host, sent.ref) for sent in due.sent] == [(message.id, attempt.host, None)]
        assert due.progress == DoubtProgress(
            prepared_at=START, evidence=Evidence.NONE, repeats=0, clean_lookups=0, first_absent_at=None, lookups=0
        )

    async def test_a_call_whose_worker_was_lost_is_doubtful_after_its_lease(self, room: Room) -> None:
        await room.submit()
        await room.call()
        room.clock.now += 60

        swept = await room.sweep()

        assert swept.doubted == 1
        assert len((await room.doubts())[1]) == 1

    async def test_it_is_not_queued_again_by_a_crash(self, room: Room) -> None:
        await in_doubt(room)
        await room.crash()
        await room.sweep()

        assert (await room.lease())[1] == []

    async def test_a_leased_doubt_is_not_leased_again_before_its_time(self, room: Room) -> None:
        await in_doubt(room)
        await room.doubts(for_s=30)
        assert (await room.doubts())[1] == []

        room.clock.now += 30

        assert len((await room.doubts())[1]) == 1

    async def test_its_progress_is_kept(self, room: Room) -> None:
        await in_doubt(room)
        lease, (due,) = await room.doubts()
        progress = replace(due.progress, repeats=2, lookups=4, clean_lookups=3, first_absent_at=START + 7.5)

        await room.store.note_doubt(due.attempt.batch, progress, lease=lease, due_at=START + 20)
        await room.crash()

        assert (await room.doubts())[1] == []
        room.clock.now += 20
        _, (again,) = await room.doubts()
        assert again.progress == progress

    async def test_that_a_copy_arrived_is_never_forgotten(self, room: Room) -> None:
        message = await in_doubt(room)
        lease, (due,) = await room.doubts()
        arrived = replace(due.progress, evidence=Evidence.ARRIVED)
        await room.store.note_doubt(due.attempt.batch, arrived, lease=lease, due_at=room.now)
        lease, _ = await room.doubts()
        await room.store.note_doubt(due.attempt.batch, due.progress, lease=lease, due_at=room.now)
        lease, _ = await room.doubts()
        await room.settle(due.attempt.batch, lease, {message: Doubted(Evidence.NONE)}, due_in_s=0)

        await room.crash()

        _, (again,) = await room.doubts()
        assert again.progress.evidence is Evidence.ARRIVED

    async def test_an_answer_that_proves_a_copy_is_kept_with_the_first_doubt(self, room: Room) -> None:
        message = await room.submit()
        lease, batch, _ = await room.call()
        await room.settle(batch, lease, {message: Doubted(Evidence.ARRIVED)}, due_in_s=0)

        _, (due,) = await room.doubts()

        assert due.progress.evidence is Evidence.ARRIVED

    async def test_that_a_look_up_found_nothing_is_no_proof_of_a_copy(self, room: Room) -> None:
        message = await room.submit()
        lease, batch, _ = await room.call()
        await room.settle(batch, lease, {message: Doubted(Evidence.ABSENT)}, due_in_s=0)

        _, (due,) = await room.doubts()

        assert due.progress.evidence is Evidence.NONE

    async def resolve(self, room: Room, disposition: Disposition) -> MessageId:
        message = await in_doubt(room)
        lease, (due,) = await room.doubts()
        _, lost = await room.settle(due.attempt.batch, lease, {message: disposition})
        assert list(lost) == []
        return message

    async def test_it_ends_well_when_the_carrier_has_it(self, room: Room) -> None:
        message = await self.resolve(room, taken())
        assert await room.waiting() == {Stage.AWAITING_STATUS: 1}
        room.clock.now += 5
        _, (due,) = await room.polls()
        assert [sent.ref for sent in due.sent] == ["J.1"]

        await room.report(message)

        assert await room.receipts() == {message: DELIVERED}
        assert await room.backend.costs() == [(message, COST.micros)]

    async def test_it_ends_as_unknown_by_rule(self, room: Room) -> None:
        message = await self.resolve(room, UNKNOWN)

        assert await room.receipts() == {message: (Outcome.UNKNOWN, ErrorCode.OUTCOME_UNKNOWN)}
        assert await room.waiting() == {}
        assert await room.backend.open_counts() == {}

    async def test_it_is_sent_anew_by_rule_with_a_mark(self, room: Room) -> None:
        message = await self.resolve(room, Requeued("alpha", None, 1, possible_duplicate=True))

        assert await room.backend.flagged() == [message]
        lease, batch, numbers = await room.call()
        assert numbers == [message]
        await room.settle(batch, lease, {message: Requeued("beta", None, 2)})
        assert await room.backend.flagged() == [message]

    async def test_a_refusal_of_what_was_sent_anew_says_nothing_about_the_first_copy(self, room: Room) -> None:
        message = await self.resolve(room, Requeued("alpha", None, 1, possible_duplicate=True))
        lease, batch, _ = await room.call()

        await room.settle(batch, lease, {message: REJECTED})

        assert await room.receipts() == {message: (Outcome.UNKNOWN, ErrorCode.OUTCOME_UNKNOWN)}

    async def test_it_is_parked_by_rule_without_a_receipt(self, room: Room) -> None:
        message = await self.resolve(room, Parked())

        assert await room.waiting() == {Stage.PARKED: 1}
        assert await room.receipts() == {}
        assert (await room.doubts())[1] == []
        assert await room.stage(message) is Stage.PARKED

    async def test_what_was_parked_for_a_week_ends_as_unknown(self, room: Room) -> None:
        message = await self.resolve(room, Parked())
        room.clock.now += PARKED_S - 0.001
        held = await room.sweep()
        await room.crash()
        room.clock.now += 0.001

        swept = await room.sweep()

        assert (held.finished, held.parked_too_long, swept.parked_too_long) == ((), 0, 1)
        assert [(finish.message, finish.outcome) for finish in swept.finished] == [(message, Outcome.UNKNOWN)]
        assert await room.receipts() == {message: (Outcome.UNKNOWN, ErrorCode.OUTCOME_UNKNOWN)}
        assert await room.waiting() == {}

    async def test_a_carrier_that_has_parked_messages_has_work(self, room: Room) -> None:
        await self.resolve(room, Parked())

        assert await room.store.carriers_with_work() == ["alpha"]

    @pytest.mark.parametrize("parked", [False, True])
    async def test_a_report_ends_it(self, room: Room, parked: bool) -> None:
        message = await self.resolve(room, Parked()) if parked else await in_doubt(room)

        await room.report(message)

        assert await room.receipts() == {message: DELIVERED}
        assert await room.waiting() == {}
        assert await room.backend.open_counts() == {}
        assert (await room.doubts())[1] == []


class TestABatchOfDifferentFates:
    """What is in doubt and what was taken share one attempt; neither may be lost with the other."""

    async def mixed(self, room: Room) -> tuple[str, MessageId, MessageId]:
        kept, doubted = await room.submit(), await room.submit()
        lease, batch, _ = await room.call()
        await room.settle(batch, lease, {kept: taken(), doubted: Doubted()}, due_in_s=0)
        return batch, kept, doubted

    @pytest.mark.parametrize("end", [UNKNOWN, Parked(), Requeued("beta", None, 1), REJECTED])
    async def test_the_taken_one_is_polled_after_the_doubt(self, room: Room, end: Disposition) -> None:
        _, kept, doubted = await self.mixed(room)
        lease, (due,) = await room.doubts()
        assert [message.id for message in due.messages] == [doubted]
        await room.settle(due.attempt.batch, lease, {doubted: end}, due_in_s=None)

        _, polled = await room.polls()

        assert [[sent.message for sent in poll.sent] for poll in polled] == [[kept]]

    async def test_the_doubt_knows_that_it_holds_up_polls(self, room: Room) -> None:
        _, kept, _ = await self.mixed(room)
        lease, (before,) = await room.doubts()
        await room.store.note_doubt(before.attempt.batch, before.progress, lease=lease, due_at=room.now)
        await room.report(kept)

        _, (after,) = await room.doubts()

        assert (before.holds_up_polls, after.holds_up_polls) == (True, False)

    async def test_the_taken_one_is_polled_after_a_push_ended_the_doubt(self, room: Room) -> None:
        _, kept, doubted = await self.mixed(room)
        await room.report(doubted)
        assert (await room.doubts())[1] == []

        _, polled = await room.polls()

        assert [[sent.message for sent in poll.sent] for poll in polled] == [[kept]]

    async def test_the_doubtful_one_keeps_its_request_when_the_other_ends(self, room: Room) -> None:
        _, kept, doubted = await self.mixed(room)
        await room.report(kept)

        _, (due,) = await room.doubts()

        assert [message.id for message in due.messages] == [doubted]
        assert due.attempt.body == b'{"n":1}'

    async def test_a_parked_one_is_counted_once(self, room: Room) -> None:
        _, kept, parked = await self.mixed(room)
        lease, (due,) = await room.doubts()
        await room.settle(due.attempt.batch, lease, {parked: Parked()})

        assert await room.waiting() == {Stage.AWAITING_STATUS: 1, Stage.PARKED: 1}

        await room.report(parked)
        assert await room.waiting() == {Stage.AWAITING_STATUS: 1}
        await room.report(kept)
        assert await room.backend.open_counts() == {}


class TestOutgoing:
    async def test_a_lease_that_ended_hands_a_receipt_out_again(self, room: Room) -> None:
        await ended(room)
        await room.outgoing(for_s=10)
        assert (await room.outgoing())[1] == []

        room.clock.now += 10

        assert len((await room.outgoing())[1]) == 1

    async def test_a_crash_hands_a_leased_receipt_out_again(self, room: Room) -> None:
        await ended(room)
        await room.outgoing(for_s=3600)

        await room.crash()

        assert len((await room.outgoing())[1]) == 1

    async def test_an_account_gets_only_its_own(self, room: Room) -> None:
        await ended(room, account="bolt")

        assert await room.receipts("acme") == {}
        assert len(await room.receipts("bolt")) == 1

    async def test_limits_are_per_account(self, room: Room) -> None:
        for account in ("acme", "bolt"):
            for _ in range(3):
                await ended(room, account=account)

        _, leased = await room.store.lease_outgoing({"acme": 2, "bolt": 1}, until=room.now + 60, now=room.now)

        assert [one.account for one in leased] == ["acme", "acme", "bolt"]

    async def test_only_accounts_for_which_something_is_due_are_owed(self, room: Room) -> None:
        for account in ("acme", "bolt", "core"):
            await ended(room, account=account)
        await room.receipts("acme")
        await room.outgoing("bolt")

        assert list(await room.store.owed_accounts(["acme", "bolt", "core"], room.now)) == ["core"]
        assert list(await room.store.owed_accounts(["acme", "bolt"], room.now + 60)) == ["bolt"]  # the lease has ended

    async def test_to_ask_who_is_owed_takes_nothing_away(self, room: Room) -> None:
        await ended(room)

        await room.store.owed_accounts(["acme"], room.now)

        assert len((await room.outgoing())[1]) == 1

    async def test_the_oldest_comes_first(self, room: Room) -> None:
        for _ in range(3):
            await ended(room)
            room.clock.now += 1

        _, leased = await room.outgoing(limit=2)

        assert [one.message_id for one in leased] == ["id1", "id2"]

    async def test_a_postponed_one_waits_for_its_time(self, room: Room) -> None:
        await ended(room)
        lease, (receipt,) = await room.outgoing()
        await room.store.settle_outgoing({receipt.id: Postponed(START + 30, 20)}, lease=lease, now=room.now)
        room.clock.now = START + 29.999
        assert (await room.outgoing())[1] == []

        room.clock.now = START + 30

        _, (again,) = await room.outgoing()
        assert again.tries == 1

    async def test_what_never_reached_the_esme_was_no_try(self, room: Room) -> None:
        await ended(room)
        lease, (receipt,) = await room.outgoing()

        await room.store.settle_outgoing({receipt.id: Postponed(room.now)}, lease=lease, now=room.now)

        _, (again,) = await room.outgoing()
        assert again.tries == 0

    async def test_a_refused_one_is_closed(self, room: Room) -> None:
        await ended(room)
        lease, (receipt,) = await room.outgoing()

        await room.store.settle_outgoing({receipt.id: Refused(0x45)}, lease=lease, now=room.now)
        await room.crash()

        assert (await room.outgoing())[1] == []
        assert (await room.store.backlog()).outgoing == {}

    async def test_what_waits_is_counted_per_account(self, room: Room) -> None:
        await ended(room)
        room.clock.now += 5
        await ended(room)
        await ended(room, account="bolt")

        backlog = await room.store.backlog()

        assert backlog.outgoing == {"acme": 2, "bolt": 1}
        assert backlog.outgoing_oldest_at == {"acme": START, "bolt": START + 5}

    async def test_what_is_kept_too_long_is_no_longer_tried(self, room: Room) -> None:
        await ended(room)
        room.clock.now += 100
        assert (await room.sweep(kept_s=101)).kept_too_long == 0

        assert (await room.sweep(kept_s=100)).kept_too_long == 1

        assert (await room.outgoing())[1] == []
        assert (await room.store.backlog()).outgoing == {}
        assert (await room.sweep(kept_s=100)).kept_too_long == 0

    async def test_ten_days_of_absence_lose_nothing_that_is_still_kept(self, room: Room) -> None:
        numbers = [await ended(room) for _ in range(3)]
        for _ in range(10):
            room.clock.now += 86400
            await room.crash()
            await room.sweep(kept_s=11 * 86400)

        assert await room.receipts() == dict.fromkeys(numbers, DELIVERED)


class TestNumbersAndSecrets:
    async def test_no_number_is_given_out_twice(self, room: Room) -> None:
        given_out: list[int] = []
        for count in (1, 5, 1000):
            first = await room.store.reserve_ids(count)
            given_out.extend(range(first, first + count))
            await room.crash()

        assert len(set(given_out)) == 1006
        assert given_out == sorted(given_out)

    async def test_a_secret_belongs_to_the_store_for_ever(self, room: Room) -> None:
        secret, other = await room.store.secret("ids"), await room.store.secret("other")
        await room.crash()

        assert await room.store.secret("ids") == secret
        assert (len(secret), secret == other) == (32, False)


class TestPurge:
    async def purge(self, room: Room, limit: int = 1000) -> int:
        return await room.store.purge(before=room.now, limit=limit)

    async def test_what_ended_before_goes_with_all_that_belongs_to_it(self, room: Room) -> None:
        await ended(room)
        await room.receipts()
        room.clock.now += 1

        assert await self.purge(room) == 1

        assert await room.backend.stages() == {}
        assert await self.purge(room) == 0

    async def test_the_ledger_stays(self, room: Room) -> None:
        message = await ended(room)
        await room.receipts()
        room.clock.now += 1
        await self.purge(room)

        assert await room.backend.costs() == [(message, COST.micros)]

    async def test_what_ended_since_stays(self, room: Room) -> None:
        await ended(room)
        await room.receipts()

        assert await self.purge(room) == 0

    async def test_what_is_open_stays(self, room: Room) -> None:
        await room.submit(carriers=("beta",))
        await room.submit(schedule_at=START + 9)
        await room.submit_part(1, 2, "a")
        await room.submit()
        await room.send()
        await room.submit()
        await room.call()
        room.clock.now += 1

        assert await self.purge(room) == 0

        assert sum((await room.waiting()).values()) == 5

    async def test_what_is_owed_stays(self, room: Room) -> None:
        message = await ended(room)
        room.clock.now += 1

        assert await self.purge(room) == 0

        assert await room.receipts() == {message: DELIVERED}

    async def test_a_text_stays_while_one_of_its_parts_is_owed(self, room: Room) -> None:
        await room.submit_part(1, 2, "a")
        _, (message,) = await room.submit_part(2, 2, "b")
        await room.route(message)
        await room.send()
        await room.report(message.id)
        lease, receipts = await room.outgoing(for_s=10)
        await room.store.settle_outgoing({receipts[1].id: Acknowledged()}, lease=lease, now=room.now)
        room.clock.now += 10
        assert await self.purge(room) == 0

        assert len(await room.receipts()) == 1
        assert await self.purge(room) == 1

    async def test_a_submission_stays_while_one_of_its_segments_does(self, room: Room) -> None:
        submission = room.submission(recipients=["491710000001", "491710000002"], operation=Operation.SUBMIT_MULTI)
        await room.accept(submission)
        first, second = (MessageId(segment.id) for segment in submission.segments)
        await room.send()
        await room.report(first)
        await room.receipts()
        room.clock.now += 1
        assert await self.purge(room) == 1

        await room.report(second)

        _, (receipt,) = await room.outgoing()
        assert (receipt.message_id, receipt.destination.addr) == ("id1", "491710000002")

    async def test_no_more_goes_than_asked_for(self, room: Room) -> None:
        for _ in range(3):
            await ended(room)
        await room.receipts()
        room.clock.now += 1

        assert [await self.purge(room, 2), await self.purge(room, 2)] == [2, 1]

    async def test_what_is_old_and_open_does_not_keep_the_rest(self, room: Room) -> None:
        for _ in range(3):
            await room.submit(schedule_at=START + 9999)
            await ended(room)
        await room.receipts()
        room.clock.now += 1

        assert [await self.purge(room, 2) for _ in range(3)] == [2, 1, 0]

        assert await room.waiting() == {Stage.SCHEDULED: 3}


class TestBacklog:
    async def test_the_oldest_of_each_stage_is_known(self, room: Room) -> None:
        await room.submit()
        room.clock.now += 5
        await room.submit()
        await room.submit_part(1, 2, "a")
        await room.submit(schedule_at=START + 99)

        oldest = (await room.store.backlog()).oldest_at

        assert oldest == {Stage.QUEUED: START, Stage.ASSEMBLING: START + 5, Stage.SCHEDULED: START + 5}

    async def test_the_oldest_message_of_a_call_is_known(self, room: Room) -> None:
        await room.submit()
        room.clock.now += 5
        await room.submit()
        await room.send()

        assert (await room.store.backlog()).oldest_at == {Stage.AWAITING_STATUS: START}

    async def test_many_can_ask_at_once(self, room: Room) -> None:
        await room.submit()

        backlogs = await asyncio.gather(*(room.store.backlog() for _ in range(20)))

        assert {backlog.messages[Stage.QUEUED] for backlog in backlogs} == {1}

    async def test_the_size_on_disk_is_known(self, room: Room) -> None:
        await room.submit("x" * 20_000)

        assert (await room.store.backlog()).octets > 20_000

    async def test_a_store_in_order_has_no_problem(self, room: Room) -> None:
        assert room.store.problem() is None


# Characters and legal text: no lone surrogates, because no encoding holds them.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20 * 153)


class TestBilledParts:
    async def test_what_was_taken_within_the_span_is_added_up(self, room: Room) -> None:
        for parts in (1, 3):
            message = await room.submit()
            lease, batch, _ = await room.call()
            await room.settle(batch, lease, {message: replace(taken(), parts=parts)})
            room.clock.now += 10

        spans = [(START, START + 20), (START, START + 10), (START + 10, START + 11), (START + 11, START + 20)]

        sums = [await room.store.billed_parts("alpha", since=since, until=until) for since, until in spans]
        assert sums == [4, 1, 3, 0]

    async def test_each_carrier_has_its_own(self, room: Room) -> None:
        await room.submit()
        await room.send()

        assert await room.store.billed_parts("beta", since=START, until=START + 1) == 0

    async def test_what_was_not_taken_does_not_count(self, room: Room) -> None:
        refused, doubtful = await room.submit(), await room.submit()
        lease, batch, _ = await room.call()

        await room.settle(batch, lease, {refused: REJECTED, doubtful: Doubted()})

        assert await room.store.billed_parts("alpha", since=START, until=START + 1) == 0

    async def test_a_purge_changes_nothing(self, room: Room) -> None:
        message = await room.submit(registered_delivery=0)
        await room.send()
        await room.report(message)

        await room.store.purge(before=room.now + 1, limit=10)

        assert await room.store.billed_parts("alpha", since=START, until=START + 1) == 1


class TestTexts:
    @given(text=TEXT, sender=st.text(st.characters(exclude_categories=["Cs"]), max_size=21))
    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    async def test_they_come_back_as_they_went_in(self, room: Room, text: str, sender: str) -> None:
        number = await room.submit(text, sender=sender)

        lease, messages = await room.lease(limit=1000)
        await room.give_back(lease, *(message.id for message in messages))

        (message,) = [message for message in messages if message.id == number]
        assert (message.text, message.sender) == (text, sender)

    @pytest.mark.parametrize("text", ["", "a\x00b", "\x00", "😀👨‍👩‍👧", "a\r\nb\n", "'; --", "\ufeffx", "尊敬的"])
    async def test_awkward_ones_come_back_from_parts_too(self, room: Room, text: str) -> None:
        await room.submit_part(1, 2, text + "1")
        _, (message,) = await room.submit_part(2, 2, text)
        await room.route(message)

        _, (leased,) = await room.lease()

        assert message.text == leased.text == text + "1" + text

    async def test_how_much_of_one_was_replaced_is_kept_for_each_segment(self, room: Room) -> None:
        """Of two parts the second was whole; another text had three octets without meaning."""
        first, _ = await room.submit_part(1, 2, "a?", replaced=1)
        await room.submit_part(2, 2, "b")
        other = await room.submit("???", replaced=3)

        await room.crash()

        assert await room.backend.replaced() == {first: 1, other: 3}

    async def test_a_receipt_shows_the_start_of_any_text(self, room: Room) -> None:
        await ended(room, text="a\x00b😀" * 10)

        _, (receipt,) = await room.outgoing()

        assert receipt.text == "a\x00b😀" * 5
