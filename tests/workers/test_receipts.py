"""Receipts reach the account, each until it is acknowledged; what nobody acknowledged comes again."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from smppgw.core.codes import ErrorCode
from smppgw.core.model import Address, MessageId, Outcome
from smppgw.core.verdict import Rejected
from smppgw.smpp import receipt, udh
from smppgw.smpp.consts import CommandStatus, MessageState, Tag
from smppgw.smpp.pdu import (
    AlertNotification,
    BindReceiver,
    BindTransmitter,
    DeliverSm,
    GenericNack,
    Pdu,
    SubmitSmResp,
    Unbind,
    UnbindResp,
)
from smppgw.store.base import InboundText, StoreError, StoreFailedError
from smppgw.workers.receipts import ALERT_AGAIN_S, LEASE_S, NOTIFIED_S, SUPPLY, TEMPORARY
from tests.workers.fakes import RECIPIENT, Depot, FakeCarrier, FakeClock, Peer, policy, submit, value_of
from tests.workers.front import Front

WINDOW = 10


@pytest.fixture
async def front(depot: Depot, time: FakeClock) -> AsyncIterator[Front]:
    front = Front(depot, time, policies={"acme": policy(), "bolt": policy(system_id="bolt")}, receipt_window=WINDOW)
    async with front.delivering():
        yield front


def receiver(account: str = "acme") -> Pdu:
    return BindReceiver(sequence_number=1, system_id=account, password="secret", interface_version=0x34)


def said_by(pdu: Pdu) -> receipt.Receipt:
    assert isinstance(pdu, DeliverSm)
    said = receipt.parse(pdu.short_message)
    assert said is not None
    return said


def id_of(pdu: Pdu) -> str:
    return said_by(pdu).message_id


def ids_of(pdus: list[DeliverSm]) -> list[str]:
    return [id_of(pdu) for pdu in pdus]


async def settled(depot: Depot, times: int) -> None:
    """Wait until results were stored so many times."""
    await depot.scripted.until("settle_outgoing done", times)


async def some_turns() -> None:
    """Let the loop finish what is ready."""
    for _ in range(10):
        await asyncio.sleep(0)


async def take_all(peer: Peer, count: int) -> list[str]:
    """Take and acknowledge receipts one by one; return their ids in order of arrival."""
    taken: list[str] = []
    while len(taken) < count:
        for pdu in await peer.receipts(1):
            taken.append(id_of(pdu))
            peer.acknowledge(pdu)
    return taken


async def test_what_is_owed_is_delivered_and_done_when_acknowledged(front: Front, depot: Depot) -> None:
    (number,) = await front.owe(1)
    peer = await front.bound_peer()

    (pdu,) = await peer.receipts(1)
    peer.acknowledge(pdu)
    await settled(depot, 1)

    said = receipt.parse(pdu.short_message)
    assert said is not None
    assert (said.message_id, said.state) == (f"id{number}", MessageState.DELIVERED)
    assert await depot.owed() == []
    assert value_of(front.metrics, "receipts_total", account="acme", stat="DELIVRD") == 1


async def test_what_comes_while_the_account_is_bound_is_delivered_too(front: Front) -> None:
    peer = await front.bound_peer()

    await front.owe(1, Outcome.EXPIRED)

    assert len(await peer.receipts(1)) == 1


async def test_a_backlog_many_times_the_supply_is_delivered_in_order_and_once(front: Front) -> None:
    numbers = await front.owe(2 * SUPPLY + 7)
    peer = await front.bound_peer()

    taken = await take_all(peer, len(numbers))

    assert taken == [f"id{number}" for number in numbers]


async def test_nothing_is_kept_of_what_is_done(front: Front, depot: Depot) -> None:
    await front.owe(WINDOW - 1)
    await notify(front)
    peer = await front.bound_peer()

    peer.acknowledge(*await peer.receipts(WINDOW))
    await settled(depot, 1)
    await some_turns()

    kept = front.receipts
    assert not [kind for kind in (kept._sent, kept._results, kept._noted, kept._unstored) if kind]
    assert not kept._desks["acme"].notifying


async def test_no_more_than_a_window_is_on_the_way(front: Front) -> None:
    await front.owe(3 * WINDOW)
    peer = await front.bound_peer()

    first = await peer.receipts(WINDOW)

    assert len(first) == WINDOW
    assert not peer.connection.can_request


async def test_a_place_is_free_when_the_acknowledgement_is_stored_not_before(front: Front, depot: Depot) -> None:
    held = depot.scripted.hold("settle_outgoing")
    await front.owe(3 * WINDOW)
    peer = await front.bound_peer()
    first = await peer.receipts(WINDOW)

    peer.acknowledge(*first)
    await depot.scripted.until("settle_outgoing")
    before = list(peer.transport.pdus)
    held.set()

    assert before == []
    assert len(await peer.receipts(WINDOW)) == WINDOW


async def test_receipts_are_spread_over_the_receivers(front: Front) -> None:
    peers = [await front.bound_peer() for _ in range(3)]

    await front.owe(9)
    got = [len(await peer.receipts(3)) for peer in peers]

    assert got == [3, 3, 3]


async def test_a_transmitter_gets_none(front: Front) -> None:
    sender = await front.bound_peer(
        BindTransmitter(sequence_number=1, system_id="acme", password="secret", interface_version=0x34)
    )
    await front.owe(1)
    peer = await front.bound_peer(receiver())

    assert len(await peer.receipts(1)) == 1
    assert sender.transport.pdus == []


async def test_an_account_gets_its_own_only(front: Front) -> None:
    acme, bolt = await front.bound_peer(receiver()), await front.bound_peer(receiver("bolt"))

    (mine,) = await front.owe(1)
    (others,) = await front.owe(1, account="bolt")

    assert ids_of(await acme.receipts(1)) == [f"id{mine}"]
    assert ids_of(await bolt.receipts(1)) == [f"id{others}"]


@pytest.mark.parametrize("status", sorted(TEMPORARY))
async def test_a_temporary_status_brings_it_back_after_a_wait(
    front: Front, depot: Depot, time: FakeClock, status: CommandStatus
) -> None:
    await front.owe(1)
    peer = await front.bound_peer()
    (pdu,) = await peer.receipts(1)

    peer.acknowledge(pdu, status=status)
    await settled(depot, 1)
    at_once = await depot.owed()
    time.advance(5.1)  # the first wait: 5 s, jitter in the middle
    front.receipts.owed("acme")

    assert at_once == []
    assert ids_of(await peer.receipts(1)) == [id_of(pdu)]
    assert value_of(front.metrics, "receipts_total", account="acme", stat="DELIVRD") == 0


@pytest.mark.parametrize("status", [0x0B, 0x65, 0x66, 0x400])
async def test_any_other_status_closes_it(front: Front, depot: Depot, time: FakeClock, status: int) -> None:
    await front.owe(1)
    peer = await front.bound_peer()

    peer.acknowledge(*await peer.receipts(1), status=status)
    await settled(depot, 1)
    time.advance(LEASE_S + 1)

    assert await depot.owed() == []


async def test_a_generic_nack_is_an_answer_too(front: Front, depot: Depot, time: FakeClock) -> None:
    await front.owe(1)
    peer = await front.bound_peer()
    (pdu,) = await peer.receipts(1)

    peer.send(GenericNack(sequence_number=pdu.sequence_number, command_status=CommandStatus.ESME_RINVCMDID))
    await settled(depot, 1)
    time.advance(LEASE_S + 1)

    assert await depot.owed() == []


async def test_what_a_lost_bind_had_goes_to_another(front: Front) -> None:
    await front.owe(4)
    first = await front.bound_peer()
    had = ids_of(await first.receipts(4))
    second = await front.bound_peer()

    first.vanish()

    assert sorted(ids_of(await second.receipts(4))) == sorted(had)


async def test_what_a_lost_bind_had_and_what_was_ready_for_it_wait_in_the_store(front: Front, depot: Depot) -> None:
    await front.owe(3 * WINDOW)
    peer = await front.bound_peer()
    await peer.receipts(WINDOW)

    peer.vanish()
    await settled(depot, 1)

    assert len(await depot.owed()) == 3 * WINDOW
    assert not front.receipts._sent
    assert not front.receipts._unstored


async def test_what_was_ready_waits_in_the_store_when_only_transmitters_are_left(front: Front, depot: Depot) -> None:
    await front.bound_peer(
        BindTransmitter(sequence_number=1, system_id="acme", password="secret", interface_version=0x34)
    )
    await front.owe(3 * WINDOW)
    peer = await front.bound_peer(receiver())
    await peer.receipts(WINDOW)

    peer.vanish()
    await settled(depot, 1)

    assert len(await depot.owed()) == 3 * WINDOW


async def test_a_deaf_bind_is_closed_and_what_it_had_goes_to_another(front: Front, time: FakeClock) -> None:
    await front.owe(4)
    deaf = await front.bound_peer()
    had = ids_of(await deaf.receipts(4))
    other = await front.bound_peer()

    time.advance(60.1)
    deaf.connection._ring()

    assert any(isinstance(pdu, Unbind) for pdu in await deaf.got(1))
    deaf.send(UnbindResp(sequence_number=deaf.connection.session._sequence_number))
    assert sorted(ids_of(await other.receipts(4))) == sorted(had)


async def test_a_deaf_bind_that_reads_nothing_either_is_closed(front: Front, time: FakeClock) -> None:
    await front.owe(1)
    deaf = await front.bound_peer()
    await deaf.receipts(1)
    deaf.connection.pause_writing()

    time.advance(60.1)
    deaf.connection._ring()

    assert any(isinstance(pdu, Unbind) for pdu in await deaf.got(1))


async def test_a_slow_peer_gets_each_receipt_once(front: Front, depot: Depot, time: FakeClock) -> None:
    """One acknowledgement every 2 s: each comes in time, but the supply of 200 lasts longer than its lease of 300 s."""
    numbers = await front.owe(SUPPLY)
    peer = await front.bound_peer()

    taken: list[str] = []
    while len(taken) < len(numbers):
        for pdu in await peer.receipts(1):
            time.advance(2.0)
            taken.append(id_of(pdu))
            peer.acknowledge(pdu)
            front.receipts.owed("acme")
    await settled(depot, depot.scripted.log.count("settle_outgoing"))
    await some_turns()
    time.advance(LEASE_S + 1)

    assert sorted(taken) == sorted(f"id{number}" for number in numbers)
    assert peer.transport.pdus == []
    assert await depot.owed() == []


async def test_nothing_is_lost_when_results_cannot_be_stored(front: Front, depot: Depot, time: FakeClock) -> None:
    depot.scripted.fail("settle_outgoing", StoreFailedError("gone"))
    await front.owe(1)
    peer = await front.bound_peer()
    (first,) = await peer.receipts(1)

    peer.acknowledge(first)
    await depot.scripted.until("settle_outgoing")
    time.advance(LEASE_S + 1)
    front.receipts.owed("acme")
    (again,) = await peer.receipts(1)
    peer.acknowledge(again)
    await settled(depot, 1)

    assert id_of(again) == id_of(first)
    assert await depot.owed() == []


async def test_a_lease_that_fails_is_asked_for_again(front: Front, depot: Depot) -> None:
    depot.scripted.fail("lease_outgoing", StoreError("busy"))
    await front.owe(1)
    peer = await front.bound_peer()
    await depot.scripted.until("lease_outgoing")

    front.receipts.owed("acme")

    assert len(await peer.receipts(1)) == 1


async def test_nothing_is_handed_out_after_stop_and_answers_still_count(front: Front, depot: Depot) -> None:
    await front.owe(2 * WINDOW)
    peer = await front.bound_peer()
    first = await peer.receipts(WINDOW)

    front.receipts.stop()
    peer.acknowledge(*first)
    await settled(depot, 1)

    assert peer.transport.pdus == []
    assert value_of(front.metrics, "receipts_total", account="acme", stat="DELIVRD") == WINDOW


async def test_an_answer_that_nobody_waits_for_changes_nothing(front: Front, depot: Depot) -> None:
    await front.owe(1)
    peer = await front.bound_peer()
    (pdu,) = await peer.receipts(1)

    peer.acknowledge(pdu, pdu)
    await settled(depot, 1)

    assert value_of(front.metrics, "receipts_total", account="acme", stat="DELIVRD") == 1


async def test_a_receipt_never_overtakes_the_response_to_its_submit(front: Front) -> None:
    for carrier in front.carriers.values():
        assert isinstance(carrier, FakeCarrier)
        carrier.refused[RECIPIENT] = Rejected(ErrorCode.PARAMETER_REFUSED, "too long")
    peer = await front.bound_peer()
    headers = [udh.encode(udh.of_part(7, 2, number)) for number in (1, 2)]

    peer.send(*(submit(n, esm_class=0x40, short_message=header) for n, header in enumerate(headers, 1)))
    got = await peer.got(4)

    assert [type(pdu) for pdu in got] == [SubmitSmResp, SubmitSmResp, DeliverSm, DeliverSm]


async def test_an_account_that_a_reload_brings_gets_its_receipts(front: Front, time: FakeClock) -> None:
    front.binds.reload({"acme": policy(), "new": policy(system_id="new")}, time.ticked)
    front.receipts.reload()
    peer = await front.bound_peer(receiver("new"))

    front.receipts.owed("new")
    front.receipts.owed("nobody")

    assert peer.connection.can_request


# --- intermediate notifications ---------------------------------------------------------------------------------------

NOTIFY = 0x11
"""A notification, and a receipt."""


async def notify(front: Front, count: int = 1) -> Sequence[MessageId]:
    """Let a carrier take so many messages, whose ESME wants to hear of it."""
    numbers = await front.depot.hand_over(count, registered_delivery=NOTIFY)
    front.receipts.owed("acme")
    return numbers


async def deliver(front: Front, number: MessageId) -> None:
    """Let the recipient have a message."""
    await front.depot.report(number)
    front.receipts.owed("acme")


def states_of(pdus: list[DeliverSm]) -> list[MessageState]:
    return [said_by(pdu).state for pdu in pdus]


async def test_a_notification_is_delivered_and_counted_as_what_it_is(front: Front, depot: Depot) -> None:
    await notify(front)
    peer = await front.bound_peer()

    (pdu,) = await peer.receipts(1)
    peer.acknowledge(pdu)
    await settled(depot, 1)

    assert (pdu.esm_class, states_of([pdu])) == (0x20, [MessageState.ENROUTE])
    assert await depot.owed() == []
    assert value_of(front.metrics, "receipts_total", account="acme", stat="ENROUTE") == 1


async def test_the_receipt_follows_its_notification_on_the_same_bind(front: Front) -> None:
    """Without waiting for the answer: what is sent first on a bind is read first."""
    (number,) = await notify(front)
    peer = await front.bound_peer()
    first = await peer.receipts(1)

    await deliver(front, number)

    assert states_of(first + await peer.receipts(1)) == [MessageState.ENROUTE, MessageState.DELIVERED]


async def test_a_notification_that_was_put_off_does_not_come_after_the_receipt(
    front: Front, depot: Depot, time: FakeClock
) -> None:
    (number,) = await notify(front)
    peer = await front.bound_peer()
    peer.acknowledge(*await peer.receipts(1), status=CommandStatus.ESME_RMSGQFUL)
    await settled(depot, 1)

    await deliver(front, number)
    peer.acknowledge(*(final := await peer.receipts(1)))
    await settled(depot, 2)
    time.advance(LEASE_S + 1)

    assert states_of(final) == [MessageState.DELIVERED]
    assert await depot.owed() == []


class TestAReceiptWhoseNotificationIsOnAnotherBind:
    """With room for one on each bind."""

    @pytest.fixture
    async def front(self, depot: Depot, time: FakeClock) -> AsyncIterator[Front]:
        front = Front(depot, time, receipt_window=1)
        async with front.delivering():
            yield front

    async def on_the_way(self, front: Front, depot: Depot) -> tuple[Peer, Peer, DeliverSm]:
        """Return the bind that has the notification, the other one, and the notification; the message has ended."""
        (number,) = await notify(front)
        first, second = await front.bound_peer(), await front.bound_peer()
        (notification,) = await first.receipts(1)
        await deliver(front, number)
        await settled(depot, 1)
        assert second.transport.pdus == []
        return first, second, notification

    async def test_waits_until_that_is_answered(self, front: Front, depot: Depot, time: FakeClock) -> None:
        first, second, notification = await self.on_the_way(front, depot)

        first.acknowledge(notification)
        await settled(depot, 2)
        time.advance(NOTIFIED_S)
        front.receipts.owed("acme")

        assert states_of(await first.receipts(1)) == [MessageState.DELIVERED]
        assert second.transport.pdus == []

    async def test_does_not_wait_for_a_bind_that_is_gone(self, front: Front, depot: Depot, time: FakeClock) -> None:
        first, second, _ = await self.on_the_way(front, depot)

        first.vanish()
        time.advance(NOTIFIED_S)
        front.receipts.owed("acme")

        assert states_of(await second.receipts(1)) == [MessageState.DELIVERED]

    async def test_holds_up_no_other(self, front: Front, depot: Depot) -> None:
        _, second, _ = await self.on_the_way(front, depot)

        (other,) = await front.owe(1)

        assert ids_of(await second.receipts(1)) == [f"id{other}"]


# --- alerts -----------------------------------------------------------------------------------------------------------


async def alert(front: Front) -> None:
    """Let a recipient be away, and come back; his ESME wants to hear of it."""
    depot, time = front.depot, front.time
    asks = {"recipient": RECIPIENT, "registered_delivery": 0}
    (away,) = await depot.hand_over(1, wants_alert=True, **asks)
    await depot.report(away, Outcome.EXPIRED, error=ErrorCode.VALIDITY_EXCEEDED)
    time.advance(1)
    (back,) = await depot.hand_over(1, **asks)
    await deliver(front, back)


def old_receiver() -> Pdu:
    return BindReceiver(sequence_number=1, system_id="acme", password="secret", interface_version=0x33)


async def test_an_alert_is_done_when_a_bind_has_it(front: Front, depot: Depot, time: FakeClock) -> None:
    await alert(front)
    peer = await front.bound_peer(receiver())

    (pdu,) = await peer.got()
    await settled(depot, 1)
    time.advance(LEASE_S + 1)

    assert pdu == AlertNotification(
        sequence_number=pdu.sequence_number,
        source_addr_ton=1,
        source_addr_npi=1,
        source_addr=RECIPIENT,
        esme_addr_ton=5,
        esme_addr="ACME",
        tlvs=((Tag.MS_AVAILABILITY_STATUS, b"\0"),),
    )
    assert await depot.owed() == []
    assert peer.connection.can_request


async def test_an_alert_is_no_receipt_in_the_books(front: Front, depot: Depot) -> None:
    await alert(front)
    await (await front.bound_peer()).got()
    await settled(depot, 1)

    assert value_of(front.metrics, "receipts_total", account="acme", stat="DELIVRD") == 0


async def test_a_transmitter_gets_no_alert(front: Front, depot: Depot) -> None:
    sender = await front.bound_peer(
        BindTransmitter(sequence_number=1, system_id="acme", password="secret", interface_version=0x34)
    )
    await alert(front)
    peer = await front.bound_peer(receiver())

    assert [type(pdu) for pdu in await peer.got()] == [AlertNotification]
    assert sender.transport.pdus == []


async def test_a_bind_below_3_4_gets_none_and_the_alert_waits_for_another(
    front: Front, depot: Depot, time: FakeClock
) -> None:
    await alert(front)
    old = await front.bound_peer(old_receiver())
    await settled(depot, 1)
    peer = await front.bound_peer(receiver())

    time.advance(ALERT_AGAIN_S)
    front.receipts.owed("acme")

    assert [type(pdu) for pdu in await peer.got()] == [AlertNotification]
    assert old.transport.pdus == []


async def test_of_several_binds_one_that_knows_alerts_gets_it(front: Front) -> None:
    old, peer = await front.bound_peer(old_receiver()), await front.bound_peer(receiver())

    await alert(front)

    assert [type(pdu) for pdu in await peer.got()] == [AlertNotification]
    assert old.transport.pdus == []


async def test_an_alert_that_no_bind_can_read_holds_up_no_receipt(front: Front, depot: Depot) -> None:
    await alert(front)
    (number,) = await front.owe(1)
    old = await front.bound_peer(old_receiver())

    assert ids_of(await old.receipts(1)) == [f"id{number}"]


async def test_an_alert_whose_outcome_could_not_be_stored_comes_again(
    front: Front, depot: Depot, time: FakeClock
) -> None:
    depot.scripted.fail("settle_outgoing", StoreFailedError("gone"))
    await alert(front)
    peer = await front.bound_peer()
    first = await peer.got()
    await depot.scripted.until("settle_outgoing")

    time.advance(LEASE_S + 1)
    front.receipts.owed("acme")

    assert [type(pdu) for pdu in first + await peer.got()] == [AlertNotification] * 2


async def test_nothing_is_kept_of_an_alert_that_is_done(front: Front, depot: Depot) -> None:
    await alert(front)
    await (await front.bound_peer()).got()
    await settled(depot, 1)
    await some_turns()

    kept = front.receipts
    assert not [kind for kind in (kept._sent, kept._results, kept._noted, kept._unstored) if kind]


# --- inbound texts ----------------------------------------------------------------------------------------------------


async def bring(depot: Depot, time: FakeClock, *parts: str) -> None:
    """Let a text come in for acme."""
    here = Address(0, 0, "1234")
    text = InboundText(account="acme", key="k", source=here, destination=here, data_coding=0, parts=parts, at=time.now)
    await depot.real.keep_push("alpha", "", b"x", time.now)
    lease, (push,) = await depot.real.lease_pushes(1, until=time.now + 9, now=time.now)
    await depot.real.settle_push(push, (), {}, [text], again_at=None, lease=lease, now=time.now)


async def test_an_inbound_text_is_delivered_and_done_when_acknowledged(
    front: Front, depot: Depot, time: FakeClock
) -> None:
    await bring(depot, time, "STOP")
    peer = await front.bound_peer()

    (pdu,) = await peer.receipts(1)
    peer.acknowledge(pdu)
    await settled(depot, 1)
    time.advance(LEASE_S + 1)

    assert (pdu.short_message, pdu.esm_class, pdu.destination_addr) == (b"STOP", 0, "1234")
    assert await depot.owed() == []
    assert value_of(front.metrics, "receipts_total", account="acme", stat="ENROUTE") == 0


async def test_a_long_inbound_text_is_delivered_part_by_part_beside_receipts(
    front: Front, depot: Depot, time: FakeClock
) -> None:
    await front.owe(1)
    await bring(depot, time, "first", "second")
    peer = await front.bound_peer()

    pdus = await peer.receipts(3)

    assert [pdu.esm_class for pdu in pdus] == [0x04, 0x40, 0x40]
    assert [pdu.short_message[6:] for pdu in pdus[1:]] == [b"first", b"second"]


async def test_an_inbound_text_comes_again_until_the_account_takes_it(
    front: Front, depot: Depot, time: FakeClock
) -> None:
    await bring(depot, time, "STOP")
    peer = await front.bound_peer()
    peer.acknowledge(*await peer.receipts(1), status=CommandStatus.ESME_RX_T_APPN)
    await settled(depot, 1)

    time.advance(5.1)
    front.receipts.owed("acme")

    assert (await peer.receipts(1))[0].short_message == b"STOP"


async def test_an_account_whose_receipts_are_data_sm_gets_inbound_texts_as_deliver_sm(
    depot: Depot, time: FakeClock
) -> None:
    front = Front(depot, time, policies={"acme": policy(receipts_as_data_sm=True)})
    await bring(depot, time, "STOP")
    async with front.delivering():
        peer = await front.bound_peer()

        assert [pdu.short_message for pdu in await peer.receipts(1)] == [b"STOP"]
