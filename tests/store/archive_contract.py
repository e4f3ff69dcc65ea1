"""What every archive must find again, and tell of what it found. Used like ``contract``; the store stays open."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from smppgw.core.codes import ErrorCode
from smppgw.core.disposition import Disposition, Doubted, Finished, Parked, Requeued, Taken
from smppgw.core.doubt import DoubtProgress
from smppgw.core.model import Address, BatchId, CarrierRef, MessageId, Operation, Outcome, OutgoingKind, Stage
from smppgw.core.operations import IdKey
from smppgw.core.optout import Consent, Optout, Wish
from smppgw.core.tracing import CallState, Clue, FoundBy, OwedState, Sightings, Trace
from smppgw.core.verdict import Evidence
from smppgw.store.base import Acknowledged, InboundText, Postponed, Refused
from tests.store.room import ASSEMBLY_S, COST, RECEIVER, START, Room, final, taken

DOMAIN = 1 << 40
OTHER = "491710000002"


def search(room: Room, *, limit: int = 10, **clue: Any) -> Sightings:
    with closing(room.backend.archive()) as archive:
        return archive.search(Clue(**({"ref": ""} | clue)), limit)


def key(number: int) -> IdKey:
    return IdKey(f"id{number}", number, DOMAIN)


def numbers(found: Sightings) -> list[int]:
    return [sighting.number for sighting in found.messages]


def traced(room: Room, number: int) -> Trace:
    with closing(room.backend.archive()) as archive:
        trace = archive.trace(number)
    assert trace is not None
    return trace


async def call(room: Room, step: Disposition, carrier: str = "alpha") -> BatchId:
    """Call with what is queued, and let the same become of all of it."""
    lease, batch, called = await room.call(carrier)
    await room.settle(batch, lease, dict.fromkeys(called, step))
    return batch


async def inbound(room: Room, **changes: Any) -> None:
    """Let a push bring a text."""
    here = Address(0, 0, "1234")
    text = InboundText(
        account="acme",
        key="in-1",
        source=Address(1, 1, OTHER),
        destination=here,
        data_coding=0,
        parts=("ST", "OP"),
        at=START - 5,
    )
    await room.store.keep_push("alpha", "", b"x", room.now)
    lease, (push,) = await room.store.lease_pushes(9, until=room.now + 9, now=room.now)
    texts = [replace(text, **changes)]
    await room.store.settle_push(push, [], {}, texts, again_at=None, lease=lease, now=room.now)


class TestOptouts:
    async def test_are_listed_by_account_and_number_with_their_time_and_source(self, room: Room) -> None:
        for n, (account, recipient) in enumerate([("bolt", OTHER), ("acme", RECEIVER), ("acme", "1")]):
            await inbound(room, account=account, key=f"in-{n}", wish=Wish(recipient, Consent.WITHDRAWN))
        with closing(room.backend.archive()) as archive:
            everybody, one = archive.optouts(None), archive.optouts("bolt")

        assert [(each.account, each.recipient) for each in everybody] == [
            ("acme", "1"), ("acme", RECEIVER), ("bolt", OTHER),
        ]  # fmt: skip
        assert one == [Optout(account="bolt", recipient=OTHER, since=room.now, source="alpha")]


class TestASearch:
    async def test_a_message_id_leads_to_its_message(self, room: Room) -> None:
        await room.submit()
        message = await room.submit()

        (found,) = search(room, keys=(key(message),)).messages

        assert (found.number, found.found_by) == (message, FoundBy.MESSAGE_ID)
        assert (found.account, found.message_id, found.recipient) == ("acme", f"id{message}", RECEIVER)
        assert (found.accepted_at, found.carrier, found.stage) == (START, "alpha", Stage.QUEUED)
        assert (found.outcome, found.error) == (None, ErrorCode.NONE)

    async def test_an_id_that_was_never_told_leads_nowhere(self, room: Room) -> None:
        message = await room.submit()

        found = search(room, keys=(IdKey("another", message, DOMAIN), key(10_000_000)))

        assert (found.messages, found.gone) == ((), ())

    async def test_an_id_whose_message_is_removed_is_told_to_be_gone(self, room: Room) -> None:
        first = await room.store.reserve_ids(10)
        room.last_id = first
        message = await room.submit()
        await room.send()
        await room.report(message)
        await room.receipts()
        assert await room.store.purge(before=START + 1, limit=10) == 1

        assert search(room, keys=(key(message),)).gone == (f"id{message}",)

    async def test_one_id_of_several_destinations_leads_to_all_of_them(self, room: Room) -> None:
        submission = room.submission(recipients=(RECEIVER, OTHER), operation=Operation.SUBMIT_MULTI)
        await room.accept(submission)

        found = search(room, keys=(key(submission.id),))

        assert [sighting.recipient for sighting in found.messages] == [OTHER, RECEIVER]

    async def test_the_id_of_a_part_leads_to_its_text(self, room: Room) -> None:
        first, _ = await room.submit_part(1, 2, "a")
        assert numbers(search(room, keys=(key(first),))) == [first]

        last, _ = await room.submit_part(2, 2, "b")

        assert numbers(search(room, keys=(key(first),))) == [last]
        assert numbers(search(room, number=first)) == [last]

    async def test_references_lead_to_every_message_of_their_call(self, room: Room) -> None:
        messages = [await room.submit(), await room.submit()]
        batch, _ = await room.send()

        by_carrier, by_us = search(room, ref="J.1"), search(room, ref=batch)

        assert numbers(by_carrier) == numbers(by_us) == messages[::-1]
        assert by_carrier.messages[0].found_by is FoundBy.CARRIER_REFERENCE
        assert by_us.messages[0].found_by is FoundBy.CALL

    async def test_a_number_leads_to_the_newest_messages_first(self, room: Room) -> None:
        first = await room.submit()
        await room.submit(recipients=(OTHER,))
        last = await room.submit()
        waiting, _ = await room.submit_part(1, 2, "a")

        found = search(room, phone=RECEIVER)

        assert numbers(found) == [waiting, last, first]
        assert (found.more, found.searched, found.searched_to) == (False, 3, None)
        assert search(room, phone=RECEIVER, limit=2).more

    async def test_a_number_is_looked_for_only_where_nothing_else_is_meant(self, room: Room) -> None:
        message = await room.submit()
        await room.submit(recipients=(OTHER,))

        assert numbers(search(room, number=message, phone=OTHER)) == [message]

    async def test_texts_that_came_in_are_found_by_their_key_and_their_sender(self, room: Room) -> None:
        await inbound(room)
        await inbound(room, key="in-2", source=Address(1, 1, RECEIVER))

        (by_key,) = search(room, ref="in-1").inbound
        (by_number,) = search(room, phone=OTHER).inbound

        assert by_key == by_number
        assert (by_key.account, by_key.carrier, by_key.key, by_key.text) == ("acme", "alpha", "in-1", "STOP")
        assert (by_key.source.addr, by_key.destination.addr, by_key.at) == (OTHER, "1234", START - 5)
        assert [one.state for one in by_key.owed] == [OwedState.PENDING] * 2

    async def test_it_knows_the_secret_that_ids_are_made_of(self, room: Room) -> None:
        with closing(room.backend.archive()) as archive:
            assert archive.secret("ids") is None
            made = await room.store.secret("ids")
            assert archive.secret("ids") == made


class TestATrace:
    async def test_it_says_what_was_submitted_and_decided(self, room: Room) -> None:
        submission = room.submission("grüß dich", replaced=1, schedule_at=START + 60, registered_delivery=0x11)
        await room.accept(submission)

        trace = traced(room, submission.id)

        assert (trace.account, trace.sender, trace.recipient, trace.text) == ("acme", "ACME", RECEIVER, "grüß dich")
        assert (trace.accepted_at, trace.schedule_at, trace.expires_at) == (START, START + 60, START + 3600)
        assert (trace.stage, trace.due_at, trace.is_leased) == (Stage.SCHEDULED, START + 60, False)
        assert trace.decision == submission.segments[0].decision
        (part,) = trace.parts
        assert (part.message_id, part.operation, part.registered_delivery) == ("id1", Operation.SUBMIT_SM, 0x11)
        assert (part.source, part.destination) == (Address(5, 0, "ACME"), Address(1, 1, RECEIVER))
        assert (part.number, part.replaced, part.owed) == (None, 1, ())
        assert (trace.calls, trace.ledger, trace.outcome) == ((), (), None)

    async def test_a_text_that_waits_for_parts_says_which_have_come(self, room: Room) -> None:
        await room.submit_part(1, 3, "a")
        number, _ = await room.submit_part(3, 3, "c")

        trace = traced(room, number)

        assert (trace.stage, trace.text, trace.account) == (Stage.ASSEMBLING, "a(...)c", "acme")
        assert [part.number for part in trace.parts] == [1, 3]
        assert trace.assembly is not None
        assert (trace.assembly.reference, trace.assembly.total) == (7, 3)
        assert trace.assembly.deadline_at == START + ASSEMBLY_S

    async def test_a_joined_text_has_all_its_parts(self, room: Room) -> None:
        for number in (1, 1, 2):
            await room.submit_part(number, 2, f"part {number}")

        trace = traced(room, 3)

        assert [(part.number, part.repeated) for part in trace.parts] == [(1, False), (1, True), (2, False)]
        assert (trace.text, trace.stage) == ("part 1part 2", Stage.UNROUTED)

    async def test_a_call_is_told_with_its_polls_and_its_cost(self, room: Room) -> None:
        message = await room.submit()
        await room.submit()
        batch, _ = await room.send()
        room.clock.now += 5
        lease, _ = await room.polls()
        await room.store.report([], now=room.now, polled={batch: room.now + 8}, lease=lease)

        trace = traced(room, message)

        (told,) = trace.calls
        assert (told.batch, told.carrier, told.host, told.messages) == (batch, "alpha", "https://alpha.example", 2)
        assert (told.state, told.is_current, told.polls) == (CallState.AWAITING, True, 1)
        assert (told.prepared_at, told.settled_at, told.due_at) == (START, START, START + 13)
        assert (trace.stage, trace.ref) == (Stage.AWAITING_STATUS, "J.1")
        (entry,) = trace.ledger
        assert (entry.batch, entry.carrier, entry.is_booking, entry.is_final) == (batch, "alpha", True, False)
        assert (entry.parts, entry.cost, entry.at) == (1, COST, START)

    async def test_calls_that_did_not_take_it_are_told_too(self, room: Room) -> None:
        message = await room.submit()
        refused = await call(room, Requeued("beta", None, 1))
        room.clock.now += 1
        await room.submit()
        await room.send()
        batch = await call(room, taken(), "beta")

        trace = traced(room, message)

        assert [(one.batch, one.carrier, one.is_current) for one in trace.calls] == [
            (refused, "alpha", False),
            (batch, "beta", True),
        ]
        assert trace.tries == 1

    async def test_they_are_found_where_it_ended_without_another_one(self, room: Room) -> None:
        message = await room.submit(expires_at=START + 60)
        batch = await call(room, Requeued("alpha", START + 3600, 1))
        room.clock.now += 61
        await room.sweep()
        for _ in range(5):
            room.clock.now += 60
            await room.submit()
            await room.send()

        trace = traced(room, message)

        assert (trace.outcome, trace.error) == (Outcome.EXPIRED, ErrorCode.EXPIRED_IN_GATEWAY)
        assert [(one.batch, one.is_current) for one in trace.calls] == [(batch, False)]

    async def test_a_doubt_is_told_with_what_was_tried(self, room: Room) -> None:
        message = await room.submit()
        lease, batch, _ = await room.call()
        await room.settle(batch, lease, {message: Doubted()}, due_in_s=0)
        lease, (doubt,) = await room.doubts()
        progress = DoubtProgress(
            prepared_at=doubt.progress.prepared_at,
            evidence=Evidence.ARRIVED,
            repeats=2,
            clean_lookups=1,
            first_absent_at=START,
            lookups=3,
        )
        await room.store.note_doubt(batch, progress, lease=lease, due_at=START + 9)

        (told,) = traced(room, message).calls

        assert (told.state, told.due_at, told.copy_arrived) == (CallState.DOUBTFUL, START + 9, True)
        assert (told.repeats, told.lookups, told.clean_lookups) == (2, 3, 1)

    @pytest.mark.parametrize(
        ("step", "stage"),
        [(Parked(), Stage.PARKED), (Requeued("alpha", None, 0, possible_duplicate=True), Stage.QUEUED)],
    )
    async def test_what_became_of_a_doubt_is_told(self, room: Room, step: Disposition, stage: Stage) -> None:
        message = await room.submit()
        await call(room, step)

        trace = traced(room, message)

        assert trace.stage is stage
        assert trace.may_be_twice is (stage is Stage.QUEUED)

    async def test_the_end_is_told_with_receipts_and_notices(self, room: Room) -> None:
        message = await room.submit(registered_delivery=0x11)
        await room.send()
        lease, (notice,) = await room.outgoing()
        await room.store.settle_outgoing({notice.id: Acknowledged()}, lease=lease, now=room.now)
        report = final(message, Outcome.UNDELIVERABLE, detail="DONE/CON_ERR", at=START + 3)
        room.clock.now += 4
        await room.store.report([report], now=room.now)
        lease, (receipt,) = await room.outgoing()
        await room.store.settle_outgoing({receipt.id: Postponed(START + 9, 0x14)}, lease=lease, now=room.now)

        trace = traced(room, message)

        assert (trace.stage, trace.outcome, trace.error) == (Stage.FINAL, Outcome.UNDELIVERABLE, 5)
        assert (trace.detail, trace.done_at) == ("DONE/CON_ERR", START + 3)
        told = {one.kind: one for one in trace.parts[0].owed}
        assert told[OutgoingKind.INTERMEDIATE].state is OwedState.ACKNOWLEDGED
        assert told[OutgoingKind.INTERMEDIATE].settled_at == START
        owed = told[OutgoingKind.RECEIPT]
        assert (owed.state, owed.tries, owed.status) == (OwedState.PENDING, 1, 0x14)
        assert (owed.outcome, owed.error, owed.created_at) == (Outcome.UNDELIVERABLE, 5, START + 4)
        assert (owed.due_at, owed.settled_at) == (START + 9, None)

    async def test_a_receipt_that_its_esme_refused_says_so(self, room: Room) -> None:
        message = await room.submit()
        await call(room, Finished(Outcome.REJECTED, ErrorCode.BLOCKED, "BLOCKED"))
        lease, (receipt,) = await room.outgoing()
        await room.store.settle_outgoing({receipt.id: Refused(0x45)}, lease=lease, now=room.now)

        (owed,) = traced(room, message).parts[0].owed

        assert (owed.state, owed.status) == (OwedState.REFUSED, 0x45)

    async def test_a_call_that_is_no_longer_there_is_missed_but_not_its_cost(self, room: Room) -> None:
        message = await room.submit()
        await room.send()
        room.clock.now += 100
        await room.report(message)
        await room.store.purge(before=START + 50, limit=10)

        trace = traced(room, message)

        assert (trace.calls, trace.lost_call) == ((), True)
        assert [(entry.batch, entry.cost) for entry in trace.ledger] == [(None, COST)]

    async def test_what_is_not_there_is_not_told(self, room: Room) -> None:
        with closing(room.backend.archive()) as archive:
            assert archive.trace(1) is None

    async def test_each_message_of_a_call_has_its_own(self, room: Room) -> None:
        messages = [await room.submit(), await room.submit()]
        lease, batch, called = await room.call()
        steps: Sequence[Disposition] = (Taken(CarrierRef("A"), 2, COST), Taken(CarrierRef("B"), 3, None))
        await room.settle(batch, lease, dict(zip(called, steps, strict=True)))

        told = [traced(room, MessageId(message)) for message in messages]

        assert [one.ref for one in told] == ["A", "B"]
        assert [(one.ledger[0].parts, one.ledger[0].cost) for one in told] == [(2, COST), (3, None)]
