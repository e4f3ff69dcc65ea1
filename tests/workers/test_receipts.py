"""Receipts reach the account, each until it is acknowledged; what nobody acknowledged comes again."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from smppgw.core.codes import ErrorCode
from smppgw.core.model import Address, Outcome
from smppgw.core.verdict import Rejected
from smppgw.smpp import receipt, udh
from smppgw.smpp.consts import CommandStatus, MessageState
from smppgw.smpp.pdu import BindReceiver, BindTransmitter, DeliverSm, GenericNack, Pdu, SubmitSmResp, Unbind, UnbindResp
from smppgw.store.base import InboundText, StoreError, StoreFailedError
from smppgw.workers.receipts import LEASE_S, SUPPLY, TEMPORARY
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


def id_of(pdu: Pdu) -> str:
    assert isinstance(pdu, DeliverSm)
    said = receipt.parse(pdu.short_message)
    assert said is not None
    return said.message_id


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
    await front.owe(WINDOW)
    peer = await front.bound_peer()

    peer.acknowledge(*await peer.receipts(WINDOW))
    await settled(depot, 1)
    await some_turns()

    kept = front.receipts
    assert not [kind for kind in (kept._sent, kept._results, kept._noted, kept._unstored) if kind]


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
