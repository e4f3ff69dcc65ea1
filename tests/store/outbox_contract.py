"""What every store must keep of what accounts hear beside receipts. Used like ``contract``."""

from dataclasses import replace
from typing import Any

import pytest

from smppgw.core.codes import ErrorCode
from smppgw.core.disposition import Disposition, Doubted, Finished, Requeued
from smppgw.core.model import Address, CarrierRef, MessageId, Operation, Outcome, Outgoing, OutgoingKind, Stage
from smppgw.core.operations import IdKey, Named, Replacement
from smppgw.core.unreached import UNREACHED
from smppgw.store.base import Acknowledged, OutgoingResult, Postponed, Refused
from tests.store.push_contract import enroute, pushed, said
from tests.store.push_contract import text as inbound_text
from tests.store.room import RECEIVER, START, Room, final, taken

NOTIFY = 0x10
"""The bit of registered_delivery (SMPP v3.4, 5.2.17)."""
REFUSED = Finished(Outcome.REJECTED, ErrorCode.BLOCKED)


async def due(room: Room, account: str = "acme") -> list[tuple[OutgoingKind, str]]:
    """Return kind and id of what can be leased now; it stays so."""
    lease, leased = await room.outgoing(account)
    await room.store.settle_outgoing({one.id: Postponed(room.now) for one in leased}, lease=lease, now=room.now)
    return [(one.kind, one.message_id) for one in leased]


async def settle_all(room: Room, result: OutgoingResult) -> list[Outgoing]:
    """Give everything that is due the same result."""
    lease, leased = await room.outgoing()
    await room.store.settle_outgoing({one.id: result for one in leased}, lease=lease, now=room.now)
    return leased


class TestIntermediateNotifications:
    async def test_one_is_owed_when_the_carrier_has_the_message(self, room: Room) -> None:
        await room.submit("t" * 30, registered_delivery=NOTIFY | 1, user_message_reference=9)
        before = await due(room)
        room.clock.now += 2
        await room.send()

        _, (notification,) = await room.outgoing()

        assert before == []
        assert (notification.account, notification.kind) == ("acme", OutgoingKind.INTERMEDIATE)
        assert (notification.message_id, notification.user_message_reference) == ("id1", 9)
        assert (notification.source, notification.destination) == (Address(5, 0, "ACME"), Address(1, 1, RECEIVER))
        assert (notification.outcome, notification.error) == (Outcome.ENROUTE, ErrorCode.NONE)
        assert (notification.submitted_at, notification.done_at, notification.text) == (START, START + 2, "t" * 20)

    @pytest.mark.parametrize("receipt", [0, 1, 2, 3])
    async def test_it_does_not_depend_on_the_receipt(self, room: Room, receipt: int) -> None:
        await room.submit(registered_delivery=NOTIFY | receipt)
        await room.send()

        assert await due(room) == [(OutgoingKind.INTERMEDIATE, "id1")]

    @pytest.mark.parametrize("registered_delivery", [0, 1, 2, 3, 4, 8, 0x20, 0x40, 0xEF])
    async def test_other_bits_ask_for_none(self, room: Room, registered_delivery: int) -> None:
        await room.submit(registered_delivery=registered_delivery)
        await room.send()

        assert await due(room) == []

    async def test_only_who_asked_is_told_of_in_a_batch(self, room: Room) -> None:
        for asked in (1, NOTIFY, 1, NOTIFY):
            await room.submit(registered_delivery=asked)
        await room.send()

        assert await due(room) == [(OutgoingKind.INTERMEDIATE, "id2"), (OutgoingKind.INTERMEDIATE, "id4")]

    async def test_the_accounts_that_have_one_to_come_are_told(self, room: Room) -> None:
        for account in ("acme", "bolt", "acme"):
            await room.submit(account=account, registered_delivery=NOTIFY if account == "acme" else 1)
        lease, batch, numbers = await room.call()

        settled = await room.store.settle(
            batch, dict.fromkeys(numbers, taken()), lease=lease, now=room.now, due_at=room.now + 5
        )

        assert settled.notified == {"acme"}

    @pytest.mark.parametrize("fate", [REFUSED, Doubted(), Requeued("beta", None, 1)])
    async def test_none_is_owed_while_no_carrier_has_it_for_certain(self, room: Room, fate: Disposition) -> None:
        await room.submit(registered_delivery=NOTIFY)
        lease, batch, (message,) = await room.call()

        await room.settle(batch, lease, {message: fate})

        assert await due(room) == []

    async def test_a_resolved_doubt_owes_it(self, room: Room) -> None:
        await room.submit(registered_delivery=NOTIFY)
        await room.call()
        await room.crash()
        lease, (doubt,) = await room.doubts()

        await room.settle(doubt.attempt.batch, lease, {doubt.messages[0].id: taken()})

        assert await due(room) == [(OutgoingKind.INTERMEDIATE, "id1")]

    async def test_the_others_of_a_batch_are_not_told_twice_when_its_doubt_is_resolved(self, room: Room) -> None:
        first, second = [await room.submit(registered_delivery=NOTIFY) for _ in range(2)]
        lease, batch, _ = await room.call()
        await room.settle(batch, lease, {first: taken(), second: Doubted()}, due_in_s=0)
        before = await settle_all(room, Acknowledged())
        lease, _ = await room.doubts()

        await room.settle(batch, lease, {second: taken()})

        assert [one.message_id for one in before] == ["id1"]
        assert await due(room) == [(OutgoingKind.INTERMEDIATE, "id2")]

    async def test_a_resend_after_a_doubt_owes_one_in_all(self, room: Room) -> None:
        message = await room.submit(registered_delivery=NOTIFY)
        lease, batch, _ = await room.call()
        await room.settle(batch, lease, {message: Requeued("alpha", None, 1, possible_duplicate=True)})

        await room.send()

        assert await due(room) == [(OutgoingKind.INTERMEDIATE, "id1")]

    async def test_each_segment_of_a_text_that_asked_has_its_own(self, room: Room) -> None:
        await room.submit_part(1, 3, "a", registered_delivery=NOTIFY)
        await room.submit_part(2, 3, "b", registered_delivery=1)
        await room.submit_part(1, 3, "a", registered_delivery=NOTIFY)
        _, (message,) = await room.submit_part(3, 3, "c", registered_delivery=NOTIFY)
        await room.route(message)
        await room.send()

        assert sorted(await due(room)) == [(OutgoingKind.INTERMEDIATE, f"id{number}") for number in (1, 3, 4)]

    async def test_each_destination_has_its_own(self, room: Room) -> None:
        numbers = [f"49171000000{n}" for n in range(3)]
        await room.accept(
            room.submission(recipients=numbers, operation=Operation.SUBMIT_MULTI, registered_delivery=NOTIFY)
        )
        await room.send()

        _, leased = await room.outgoing()

        assert [one.destination.addr for one in leased] == numbers

    async def completed(self, room: Room) -> MessageId:
        await room.submit_part(1, 2, "a", registered_delivery=1)
        _, (message,) = await room.submit_part(2, 2, "b", registered_delivery=1)
        await room.route(message)
        return message.id

    async def test_a_repeated_part_that_comes_before_the_call_has_its_own(self, room: Room) -> None:
        await self.completed(room)
        await room.submit_part(1, 2, "a", registered_delivery=NOTIFY)
        at_once = await due(room)
        await room.send()

        assert (at_once, await due(room)) == ([], [(OutgoingKind.INTERMEDIATE, "id3")])

    async def test_a_repeated_part_that_comes_after_the_call_has_it_at_once(self, room: Room) -> None:
        message = await self.completed(room)
        await room.send()

        await room.submit_part(1, 2, "a", registered_delivery=NOTIFY | 1)

        assert await due(room) == [(OutgoingKind.INTERMEDIATE, "id3")]
        await room.report(message)
        assert await due(room) == [(OutgoingKind.RECEIPT, f"id{number}") for number in (1, 2, 3)]

    async def test_a_repeated_part_that_comes_after_the_end_has_its_receipt_only(self, room: Room) -> None:
        message = await self.completed(room)
        await room.send()
        await room.report(message)
        await room.receipts()

        await room.submit_part(1, 2, "a", registered_delivery=NOTIFY | 1)

        assert await due(room) == [(OutgoingKind.RECEIPT, "id3")]

    @pytest.mark.parametrize(("before", "after", "owed"), [(0, NOTIFY, 1), (NOTIFY, 0, 0), (NOTIFY, NOTIFY, 1)])
    async def test_a_replaced_text_owes_what_was_asked_last(
        self, room: Room, before: int, after: int, owed: int
    ) -> None:
        number = await room.store.reserve_ids(1)
        message = await room.submit(registered_delivery=before)
        assert message == number
        await self.replace(room, message, after)
        await room.send()

        assert len(await due(room)) == owed

    async def replace(self, room: Room, message: MessageId, registered_delivery: int) -> None:
        named = Named(account="acme", keys=(IdKey(f"id{message}", message, 1000),), source_addr="ACME")
        found = await room.store.find(named)
        assert found is not None
        assert found.original is not None
        original: Any = found.original.message
        replaced = await room.store.replace(
            Replacement(
                message=message,
                account="acme",
                text="new",
                parts=1,
                decision=original.decision,
                schedule_at=None,
                expires_at=original.expires_at,
                registered_delivery=registered_delivery,
            ),
            room.now,
        )
        assert replaced


class TestANotificationThatIsTooLate:
    """The end of its message is told instead."""

    async def handed_over(self, room: Room, receipt: int = 1) -> MessageId:
        message = await room.submit(registered_delivery=NOTIFY | receipt)
        await room.send()
        return message

    async def test_is_not_owed_any_more(self, room: Room) -> None:
        message = await self.handed_over(room)

        await room.report(message)

        assert await due(room) == [(OutgoingKind.RECEIPT, "id1")]
        assert (await room.store.backlog()).outgoing == {"acme": 1}

    async def test_not_even_where_no_receipt_is_owed(self, room: Room) -> None:
        message = await self.handed_over(room, receipt=0)

        await room.report(message)

        assert await due(room) == []
        assert (await room.store.backlog()).outgoing == {}

    @pytest.mark.parametrize("result", [Postponed(START + 5, 0x58), Postponed(START), Refused(0x0B), Acknowledged()])
    async def test_does_not_come_again_out_of_a_workers_hands(self, room: Room, result: OutgoingResult) -> None:
        message = await self.handed_over(room)
        lease, (notification,) = await room.outgoing()
        await room.report(message)

        await room.store.settle_outgoing({notification.id: result}, lease=lease, now=room.now)

        room.clock.now += 3600
        assert await due(room) == [(OutgoingKind.RECEIPT, "id1")]

    async def test_does_not_come_again_when_its_lease_ends(self, room: Room) -> None:
        message = await self.handed_over(room)
        await room.outgoing(for_s=10)
        await room.report(message)
        room.clock.now += 10

        assert await due(room) == [(OutgoingKind.RECEIPT, "id1")]

    async def test_does_not_come_again_after_a_restart(self, room: Room) -> None:
        message = await self.handed_over(room)
        await room.outgoing()
        await room.report(message)

        await room.crash()

        assert await due(room) == [(OutgoingKind.RECEIPT, "id1")]

    async def test_does_not_come_after_a_temporary_refusal(self, room: Room) -> None:
        message = await self.handed_over(room)
        await settle_all(room, Postponed(START + 5, 0x58))
        await room.report(message)
        room.clock.now += 5

        assert await due(room) == [(OutgoingKind.RECEIPT, "id1")]

    async def test_is_not_made_at_all_where_a_push_overtakes_the_answer(self, room: Room) -> None:
        message = await room.submit(registered_delivery=NOTIFY | 1)
        lease, batch, _ = await room.call()
        await room.report(message)

        await room.settle(batch, lease, {message: taken()})

        assert await due(room) == [(OutgoingKind.RECEIPT, "id1")]

    async def test_takes_those_of_all_segments_with_it(self, room: Room) -> None:
        for number in (1, 2, 2):
            _, made = await room.submit_part(number, 2, "ab"[number - 1], registered_delivery=NOTIFY | 1)
            await room.route(*made)
        (message,) = [
            MessageId(number) for number, stage in (await room.backend.stages()).items() if stage is Stage.QUEUED
        ]
        await room.send()
        before = await due(room)

        await room.report(message)

        assert len(before) == 3
        assert await due(room) == [(OutgoingKind.RECEIPT, f"id{number}") for number in (1, 2, 3)]

    async def test_leaves_those_of_other_messages(self, room: Room) -> None:
        message = await self.handed_over(room)
        await self.handed_over(room)

        await room.report(message)

        assert sorted(await due(room)) == [(OutgoingKind.RECEIPT, "id1"), (OutgoingKind.INTERMEDIATE, "id2")]

    async def test_does_not_keep_its_message(self, room: Room) -> None:
        """No receipt was asked for, and nobody took the notification before the message ended."""
        message = await self.handed_over(room, receipt=0)
        await room.report(message)
        room.clock.now += 1

        assert await room.store.purge(before=room.now, limit=10) == 1


class TestANotificationThatWasTaken:
    async def test_is_followed_by_the_receipt(self, room: Room) -> None:
        message = await room.submit(registered_delivery=NOTIFY | 1)
        await room.send()
        await settle_all(room, Acknowledged())
        await room.report(message)

        assert await room.receipts() == {message: (Outcome.DELIVERED, 0)}
        assert await due(room) == []

    async def test_is_not_owed_again(self, room: Room) -> None:
        await room.submit(registered_delivery=NOTIFY | 1)
        await room.send()
        await settle_all(room, Acknowledged())

        await room.crash()

        assert await due(room) == []


PHONE_IS_OFF = ErrorCode.NOT_ON_SERVICE
DAY_S = 86400.0


async def unreached(room: Room, error: ErrorCode = PHONE_IS_OFF, at: float | None = None, **changes: Any) -> MessageId:
    """Have a message end because its recipient could not be reached; its ESME wants to hear when he is back."""
    asks = {"wants_alert": True, "operation": Operation.DATA_SM, "registered_delivery": 0} | changes
    message = await room.submit(**asks)
    await room.send()
    await room.store.report([final(message, Outcome.UNDELIVERABLE, error=error, at=at)], now=room.now)
    return message


async def reached(room: Room, at: float | None = None, **changes: Any) -> MessageId:
    """Have a message delivered a second later."""
    room.clock.now += 1
    message = await room.submit(**{"registered_delivery": 0} | changes)
    await room.send()
    await room.store.report([final(message, at=at)], now=room.now)
    return message


class TestAlerts:
    async def test_one_is_owed_when_a_later_message_is_delivered(self, room: Room) -> None:
        await unreached(room, source=Address(5, 7, "SHOP"), recipients=["491710000009"])
        before = await due(room)
        room.clock.now += 60
        await reached(room, recipients=["491710000009"])

        _, (alert,) = await room.outgoing()

        assert before == []
        assert (alert.account, alert.kind, alert.done_at) == ("acme", OutgoingKind.ALERT, START + 61)
        assert (alert.source, alert.destination) == (Address(5, 7, "SHOP"), Address(1, 1, "491710000009"))

    @pytest.mark.parametrize("error", ErrorCode)
    async def test_only_a_phone_that_could_not_be_reached_is_waited_for(self, room: Room, error: ErrorCode) -> None:
        await unreached(room, error)

        await reached(room)

        assert len(await due(room)) == (error in UNREACHED)

    async def test_who_expired_in_the_gateway_was_not_tried(self, room: Room) -> None:
        await room.submit(wants_alert=True, expires_at=START + 1, registered_delivery=0)
        room.clock.now += 1
        await room.sweep()

        await reached(room)

        assert await due(room) == []

    async def test_none_is_owed_to_who_did_not_ask(self, room: Room) -> None:
        await unreached(room, wants_alert=False)

        await reached(room)

        assert await due(room) == []

    @pytest.mark.parametrize(
        "other", [{"account": "bolt"}, {"recipients": ["491710000009"]}], ids=["account", "recipient"]
    )
    async def test_a_delivery_to_somebody_else_or_by_somebody_else_says_nothing(
        self, room: Room, other: dict[str, Any]
    ) -> None:
        await unreached(room)

        await reached(room, **other)

        assert (await due(room), await due(room, "bolt")) == ([], [])

    @pytest.mark.parametrize("outcome", set(Outcome) - {Outcome.ENROUTE, Outcome.DELIVERED})
    async def test_only_a_delivery_says_that_he_is_back(self, room: Room, outcome: Outcome) -> None:
        await unreached(room)
        room.clock.now += 1
        message = await room.submit(registered_delivery=0)
        await room.send()

        await room.report(message, outcome)

        assert await due(room) == []

    async def test_one_flag_owes_one_alert(self, room: Room) -> None:
        await unreached(room)
        for _ in range(3):
            await reached(room)

        assert len(await settle_all(room, Acknowledged())) == 1
        await reached(room)
        assert await due(room) == []

    async def test_several_deliveries_in_one_report_owe_one(self, room: Room) -> None:
        await unreached(room)
        room.clock.now += 1
        messages = [await room.submit(registered_delivery=0) for _ in range(3)]
        await room.send()

        await room.store.report([final(message) for message in messages], now=room.now)

        assert await due(room) == [(OutgoingKind.ALERT, "id1")]

    async def test_a_flag_can_be_set_again(self, room: Room) -> None:
        await unreached(room)
        await reached(room)
        await settle_all(room, Acknowledged())

        again = await unreached(room)
        await reached(room)

        assert await due(room) == [(OutgoingKind.ALERT, f"id{again}")]

    async def test_the_latest_who_asked_is_told(self, room: Room) -> None:
        await unreached(room, source=Address(5, 0, "FIRST"))
        room.clock.now += 1
        await unreached(room, source=Address(5, 0, "SECOND"))
        await reached(room)

        _, (alert,) = await room.outgoing()

        assert alert.source.addr == "SECOND"

    async def test_what_was_delivered_before_he_went_away_says_nothing(self, room: Room) -> None:
        """Its report comes late; the carriers' own times count."""
        message = await room.submit(registered_delivery=0)
        await room.send()
        room.clock.now += 100
        await unreached(room, at=START + 50)

        await room.store.report([final(message, at=START + 40)], now=room.now)
        at_first = await due(room)
        await reached(room, at=START + 60)

        assert (at_first, len(await due(room))) == ([], 1)

    async def test_the_end_and_the_return_may_come_in_one_report(self, room: Room) -> None:
        asking = await room.submit(wants_alert=True, registered_delivery=0)
        other = await room.submit(registered_delivery=0)
        await room.send()
        room.clock.now += 100

        await room.store.report(
            [
                final(other, at=START + 60),
                final(asking, Outcome.UNDELIVERABLE, error=PHONE_IS_OFF, at=START + 50),
            ],
            now=room.now,
        )

        assert await due(room) == [(OutgoingKind.ALERT, "id1")]

    async def test_a_carrier_whose_clock_is_ahead_does_not_keep_the_alert_back(self, room: Room) -> None:
        await unreached(room, at=START + 3600)

        await reached(room)

        assert len(await due(room)) == 1

    async def test_a_flag_survives_a_restart(self, room: Room) -> None:
        await unreached(room)
        await room.crash()

        await reached(room)

        assert len(await due(room)) == 1

    @pytest.mark.parametrize("swept", [False, True])
    async def test_a_flag_ends_after_seven_days(self, room: Room, swept: bool) -> None:
        await unreached(room)
        room.clock.now += 7 * DAY_S - 1
        if swept:
            await room.sweep()

        await reached(room)

        assert await due(room) == []

    async def test_a_flag_stands_until_then(self, room: Room) -> None:
        await unreached(room)
        room.clock.now += 7 * DAY_S - 2
        await room.sweep()

        await reached(room)

        assert len(await due(room)) == 1

    async def test_the_segment_of_a_long_text_that_asked_is_told(self, room: Room) -> None:
        await room.submit_part(1, 3, "a", registered_delivery=0)
        await room.submit_part(2, 3, "b", registered_delivery=0, wants_alert=True)
        _, (message,) = await room.submit_part(3, 3, "c", registered_delivery=0, wants_alert=True)
        await room.route(message)
        await room.send()
        await room.store.report([final(message.id, Outcome.EXPIRED, error=ErrorCode.VALIDITY_EXCEEDED)], now=room.now)
        await reached(room)

        assert await due(room) == [(OutgoingKind.ALERT, "id2")]

    async def test_a_replaced_text_still_asks(self, room: Room) -> None:
        number = await room.store.reserve_ids(1)
        message = await room.submit(wants_alert=True)
        assert message == number
        await TestIntermediateNotifications().replace(room, message, 0)
        await room.send()
        await room.store.report([final(message, Outcome.UNDELIVERABLE, error=PHONE_IS_OFF)], now=room.now)
        await reached(room)

        assert await due(room) == [(OutgoingKind.ALERT, "id1")]

    async def test_a_message_that_asked_may_itself_say_that_he_is_back(self, room: Room) -> None:
        await unreached(room)

        await reached(room, wants_alert=True)

        assert await due(room) == [(OutgoingKind.ALERT, "id1")]

    async def test_it_keeps_its_message_until_it_is_taken(self, room: Room) -> None:
        await unreached(room)
        await reached(room)
        room.clock.now += 1

        assert await room.store.purge(before=room.now, limit=10) == 1  # the one that was delivered
        assert len(await settle_all(room, Acknowledged())) == 1
        assert await room.store.purge(before=room.now, limit=10) == 1

    async def test_none_is_owed_where_the_message_that_asked_is_gone(self, room: Room) -> None:
        """Nobody knows the addresses any more; nor is anything left over that could never be taken."""
        await unreached(room)
        room.clock.now += 1
        await room.store.purge(before=room.now, limit=10)

        await reached(room)

        assert (await room.store.backlog()).outgoing == {}


class TestNoticesAndPushes:
    """A push is as good a proof as an answer, and as good an end as a poll."""

    async def test_a_push_that_proves_a_doubt_a_success_owes_the_notification_once(self, room: Room) -> None:
        await room.submit(registered_delivery=NOTIFY | 1)
        lease, batch, (message,) = await room.call()
        await room.settle(batch, lease, {message: Doubted()}, due_in_s=0)

        for _ in range(2):
            await pushed(room, enroute(batch=batch))

        assert await due(room) == [(OutgoingKind.INTERMEDIATE, "id1")]

    async def test_one_about_a_call_without_an_answer_owes_it_with_the_answer(self, room: Room) -> None:
        await room.submit(registered_delivery=NOTIFY | 1)
        lease, batch, (message,) = await room.call()
        await pushed(room, enroute(batch=batch))
        before = await due(room)

        await room.settle(batch, lease, {message: taken()})

        assert (before, await due(room)) == ([], [(OutgoingKind.INTERMEDIATE, "id1")])

    async def test_a_final_push_takes_the_place_of_the_notification(self, room: Room) -> None:
        await room.submit(registered_delivery=NOTIFY | 1)
        batch, _ = await room.send()

        await pushed(room, said(batch=batch))

        assert await due(room) == [(OutgoingKind.RECEIPT, "id1")]

    async def test_an_end_that_waited_for_its_message_leaves_no_notification(self, room: Room) -> None:
        await room.submit(registered_delivery=NOTIFY | 1)
        lease, batch, (message,) = await room.call()
        await pushed(room, said(ref=CarrierRef("M.7")))

        await room.settle(batch, lease, {message: taken("M.7")})

        assert await due(room) == [(OutgoingKind.RECEIPT, "id1")]

    async def test_a_push_may_set_the_flag_and_another_may_owe_the_alert(self, room: Room) -> None:
        for end in (
            replace(said(Outcome.EXPIRED), error=ErrorCode.VALIDITY_EXCEEDED, at=START + 5),
            said(at=START + 9),
        ):
            await room.submit(registered_delivery=0, wants_alert=True)
            batch, _ = await room.send()
            await pushed(room, replace(end, batch=batch))

        assert await due(room) == [(OutgoingKind.ALERT, "id1")]

    async def test_what_is_purged_of_a_message_is_its_own(self, room: Room) -> None:
        """An inbound text has a number of its own, beside those of segments."""
        await pushed(room, inbound=(inbound_text(),))
        message = await room.submit(registered_delivery=NOTIFY | 1)
        await room.send()
        await room.report(message)
        room.clock.now += 1
        lease, leased = await room.outgoing()
        receipts = {one.id: Acknowledged() for one in leased if one.kind is OutgoingKind.RECEIPT}
        await room.store.settle_outgoing(receipts, lease=lease, now=room.now)
        room.clock.now += 60

        assert await room.store.purge(before=room.now, limit=10) == 1
        assert [kind for kind, _ in await due(room)] == [OutgoingKind.INBOUND]
