"""What is answered to submit_multi and data_sm, and what replace_if_present_flag does."""

from typing import Any

import pytest
import structlog

from smppgw.core.codes import ErrorCode
from smppgw.core.disposition import Finished
from smppgw.core.ids import IdForm
from smppgw.core.model import Message, Outcome
from smppgw.core.verdict import Rejected
from smppgw.smpp import tlv, udh
from smppgw.smpp.consts import CommandStatus, MessageState, Tag
from smppgw.smpp.fields import DistributionList, SmeAddress, UnsuccessSme
from smppgw.smpp.pdu import (
    BindReceiver,
    BindTransceiver,
    CancelSm,
    DataSm,
    DataSmResp,
    DeliverSm,
    Pdu,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
    respond,
)
from smppgw.store.base import StoreError, StoreFullError
from tests.workers.fakes import Depot, FakeCarrier, FakeClock, Peer, policy, submit, value_of
from tests.workers.front import Front, ids

OK = CommandStatus.ESME_ROK
NUMBERS = ("491710000001", "491710000002", "491710000003")


@pytest.fixture
def front(depot: Depot, time: FakeClock) -> Front:
    return Front(depot, time)


def to(addr: str) -> SmeAddress:
    return SmeAddress(dest_addr_ton=1, dest_addr_npi=1, destination_addr=addr)


def multi(*destinations: str | DistributionList, sequence_number: int = 1, **changes: Any) -> SubmitMulti:
    fields: dict[str, Any] = {
        "source_addr_ton": 5,
        "source_addr": "ACME",
        "registered_delivery": 1,
        "short_message": b"hello",
    }
    addresses = tuple(one if isinstance(one, DistributionList) else to(one) for one in destinations)
    return SubmitMulti(sequence_number=sequence_number, dest_address=addresses, **(fields | changes))


def data_sm(text: bytes = b"hello", *tlvs: tuple[int, bytes], **changes: Any) -> DataSm:
    fields: dict[str, Any] = {
        "sequence_number": 1,
        "source_addr_ton": 5,
        "source_addr": "ACME",
        "dest_addr_ton": 1,
        "destination_addr": NUMBERS[0],
        "registered_delivery": 1,
        "tlvs": ((Tag.MESSAGE_PAYLOAD, text), *tlvs),
    }
    return DataSm(**(fields | changes))


async def answer(peer: Peer, pdu: Pdu) -> Pdu:
    peer.send(pdu)
    (got,) = await peer.got()
    assert (type(got), got.sequence_number) == (pdu.response, pdu.sequence_number)
    return got


async def queued(depot: Depot, carrier: str = "alpha") -> list[Message]:
    now = depot.time.now
    _, messages = await depot.real.lease(carrier, 1000, until=now + 60, now=now)
    return list(messages)


# --- submit_multi -----------------------------------------------------------------------------------------------------


async def test_every_destination_is_a_message_under_one_id(front: Front, depot: Depot) -> None:
    peer = await front.bound_peer()

    got = await answer(peer, multi(*NUMBERS))

    assert got == SubmitMultiResp(sequence_number=1, message_id=ids()[IdForm.DECIMAL].external(1))
    assert [message.recipient for message in await queued(depot)] == list(NUMBERS)
    assert front.queued == ["alpha"]


async def test_each_destination_has_its_receipt_and_all_share_the_id(front: Front) -> None:
    async with front.delivering():
        peer = await front.bound_peer()
        got = await answer(peer, multi(*NUMBERS))
        assert isinstance(got, SubmitMultiResp)

        peer.send(CancelSm(sequence_number=2, message_id=got.message_id, source_addr="ACME"))
        receipts = [pdu for pdu in await peer.got(4) if isinstance(pdu, DeliverSm)]

    assert sorted(receipt.source_addr for receipt in receipts) == list(NUMBERS)
    assert all(f"id:{got.message_id} ".encode() in receipt.short_message for receipt in receipts)


async def test_the_next_id_is_behind_all_destinations(front: Front) -> None:
    peer = await front.bound_peer()

    peer.send(multi(*NUMBERS), submit(2), data_sm(sequence_number=3))
    got = await peer.got(3)

    said = [pdu.message_id for pdu in got if isinstance(pdu, SubmitMultiResp | SubmitSmResp | DataSmResp)]
    assert said == [ids()[IdForm.DECIMAL].external(number) for number in (1, 4, 5)]


async def test_a_destination_that_cannot_be_reached_is_told_and_the_others_go(front: Front, depot: Depot) -> None:
    peer = await front.bound_peer()

    got = await answer(peer, multi("nobody", NUMBERS[0], DistributionList(dl_name="staff"), "33612345678", NUMBERS[1]))

    def told(addr: str, status: int, kind: int = 1) -> UnsuccessSme:
        return UnsuccessSme(dest_addr_ton=kind, dest_addr_npi=kind, destination_addr=addr, error_status_code=status)

    assert isinstance(got, SubmitMultiResp)
    assert got.command_status == OK
    assert got.unsuccess_sme == (
        told("nobody", CommandStatus.ESME_RINVDSTADR),
        told("staff", CommandStatus.ESME_RINVDLNAME, kind=0),
        told("33612345678", CommandStatus.ESME_RINVDSTADR),
    )
    assert [message.recipient for message in await queued(depot)] == [NUMBERS[0], NUMBERS[1]]


async def test_a_destination_that_no_carrier_takes_is_told(front: Front, depot: Depot) -> None:
    for carrier in front.carriers.values():
        assert isinstance(carrier, FakeCarrier)
        carrier.refused[NUMBERS[1]] = Rejected(ErrorCode.BLOCKED, "not there")
    peer = await front.bound_peer()

    got = await answer(peer, multi(*NUMBERS))

    assert isinstance(got, SubmitMultiResp)
    assert [(one.destination_addr, one.error_status_code) for one in got.unsuccess_sme] == [
        (NUMBERS[1], CommandStatus.ESME_RSUBMITFAIL)
    ]
    assert len(await queued(depot)) == 2


@pytest.mark.parametrize(
    ("pdu", "status"),
    [
        pytest.param(multi(DistributionList(dl_name="a"), "nobody"), CommandStatus.ESME_RINVDLNAME, id="none is left"),
        pytest.param(multi(*NUMBERS, data_coding=4), CommandStatus.ESME_RSUBMITFAIL, id="binary"),
        pytest.param(multi(*NUMBERS, priority_flag=9), CommandStatus.ESME_RINVPRTFLG, id="priority"),
        pytest.param(multi(*NUMBERS, source_addr="A" * 12), CommandStatus.ESME_RINVSRCADR, id="source"),
        pytest.param(multi(*NUMBERS, schedule_delivery_time="x"), CommandStatus.ESME_RINVSCHED, id="schedule"),
    ],
)
async def test_what_is_wrong_with_all_refuses_the_whole(
    front: Front, depot: Depot, pdu: SubmitMulti, status: int
) -> None:
    peer = await front.bound_peer()

    got = await answer(peer, pdu)

    assert got == SubmitMultiResp(sequence_number=1, command_status=status)
    assert await depot.stages() == {}


async def test_254_destinations_go_whatever_the_rate_and_are_paid_for_later(depot: Depot, time: FakeClock) -> None:
    front = Front(depot, time, policies={"acme": policy(max_tps=100, window=10)})
    peer = await front.bound_peer()

    got = await answer(peer, multi(*(f"4917100{place:05}" for place in range(254))))
    again = [await answer(peer, submit(2))]
    time.advance(1.54)  # 254 less the 100 that were there
    again.append(await answer(peer, submit(3)))
    time.advance(0.01)
    again.append(await answer(peer, submit(4)))

    assert got.command_status == OK
    assert [one.command_status for one in again] == [
        CommandStatus.ESME_RTHROTTLED,
        CommandStatus.ESME_RTHROTTLED,
        OK,
    ]
    assert await depot.stages() == {"queued": 255}


async def test_parts_for_several_are_joined_for_each(front: Front, depot: Depot) -> None:
    def part(number: int) -> SubmitMulti:
        octets = udh.encode(udh.of_part(7, 2, number)) + f"<{number}>".encode()
        return multi(*NUMBERS, sequence_number=number, esm_class=0x40, short_message=octets)

    peer = await front.bound_peer()

    for number in (2, 1):
        assert (await answer(peer, part(number))).command_status == OK

    carried = await queued(depot)
    assert sorted(message.recipient for message in carried) == list(NUMBERS)
    assert {message.text for message in carried} == {"<1><2>"}


async def test_the_answers_of_all_requests_are_counted_as_submits(front: Front) -> None:
    peer = await front.bound_peer()

    peer.send(multi(*NUMBERS), submit(2), data_sm(sequence_number=3))
    await peer.got(3)

    assert value_of(front.metrics, "smpp_submits_total", account="acme", status="ESME_ROK") == 3


@pytest.mark.parametrize(
    ("fault", "status"),
    [(StoreFullError("full"), CommandStatus.ESME_RMSGQFUL), (StoreError("busy"), CommandStatus.ESME_RSYSERR)],
)
@pytest.mark.parametrize("pdu", [multi(*NUMBERS), data_sm()])
async def test_a_store_that_fails_is_said_in_the_right_response(
    front: Front, depot: Depot, pdu: Pdu, fault: StoreError, status: int
) -> None:
    peer = await front.bound_peer()
    depot.scripted.fail("accept", fault)

    assert (await answer(peer, pdu)).command_status == status
    assert (await answer(peer, pdu)).command_status == OK


async def test_octets_without_meaning_are_told_once_and_stored_for_each(front: Front, depot: Depot) -> None:
    peer = await front.bound_peer()

    with structlog.testing.capture_logs() as events:
        await answer(peer, multi("nobody", *NUMBERS, short_message=b"a\xff"))

    assert [event["octets"] for event in events if event["event"] == "octets without meaning"] == [1]
    assert depot.replaced() == [1, 1, 1]


@pytest.fixture
def apart(depot: Depot, time: FakeClock) -> Front:
    """An account whose destinations have ids of their own."""
    return Front(depot, time, policies={"acme": policy(multi_ids_apart=True)})


@pytest.mark.parametrize(("version", "form"), [(0x34, IdForm.DECIMAL), (0x33, IdForm.HEX)])
async def test_apart_the_response_has_the_id_of_the_first_that_was_taken(
    apart: Front, version: int, form: IdForm
) -> None:
    bind = BindTransceiver(system_id="acme", password="secret", interface_version=version)
    peer = await apart.bound_peer(bind)

    peer.send(multi("nobody", *NUMBERS), submit(2))
    got = await peer.got(2)

    said = [pdu.message_id for pdu in got if isinstance(pdu, SubmitMultiResp | SubmitSmResp)]
    assert said == [ids()[form].external(number) for number in (1, 4)]


async def test_apart_each_destination_can_be_asked_about_and_cancelled_by_its_own_id(apart: Front) -> None:
    own = [ids()[IdForm.DECIMAL].external(number) for number in (1, 2, 3)]
    async with apart.delivering():
        peer = await apart.bound_peer()
        await answer(peer, multi(*NUMBERS))

        peer.send(CancelSm(sequence_number=2, message_id=own[1], source_addr="ACME"))
        receipts = [pdu for pdu in await peer.got(2) if isinstance(pdu, DeliverSm)]
        queries = [QuerySm(sequence_number=n, message_id=one, source_addr="ACME") for n, one in enumerate(own, 3)]
        found = [await answer(peer, query) for query in queries]

    assert [(one.source_addr, one.short_message.split()[0]) for one in receipts] == [
        (NUMBERS[1], f"id:{own[1]}".encode())
    ]
    enroute, deleted = MessageState.ENROUTE, MessageState.DELETED
    states = [one.message_state for one in found if isinstance(one, QuerySmResp)]
    assert states == [enroute, deleted, enroute]


async def test_apart_one_destination_can_be_replaced(apart: Front, depot: Depot) -> None:
    peer = await apart.bound_peer()
    await answer(peer, multi(*NUMBERS))

    second = ids()[IdForm.DECIMAL].external(2)
    got = await answer(peer, ReplaceSm(sequence_number=2, message_id=second, source_addr="ACME", short_message=b"bye"))

    assert got.command_status == OK
    assert [message.text for message in await queued(depot)] == ["hello", "bye", "hello"]


async def test_apart_a_part_to_several_is_a_part_for_each(apart: Front, depot: Depot) -> None:
    peer = await apart.bound_peer()

    for number in (1, 2):
        octets = udh.encode(udh.of_part(7, 2, number)) + b"<%d>" % number
        await answer(peer, multi(*NUMBERS[:2], sequence_number=number, esm_class=0x40, short_message=octets))

    assert [(one.recipient, one.text) for one in await queued(depot)] == [(n, "<1><2>") for n in NUMBERS[:2]]


async def test_by_parts_each_destination_takes_what_its_text_is_billed_as(depot: Depot, time: FakeClock) -> None:
    """Six of ten tokens for three SMS to two that can be reached, one for one that cannot; three are left."""
    front = Front(depot, time, policies={"acme": policy(max_tps=10, window=10, counts_parts=True)})
    peer = await front.bound_peer()
    peer.send(multi(*NUMBERS[:2], "nobody", short_message=b"", tlvs=((Tag.MESSAGE_PAYLOAD, b"x" * 400),)))
    await peer.got()

    peer.send(*(submit(n) for n in range(2, 6)))
    got = await peer.got(4)

    throttled = CommandStatus.ESME_RTHROTTLED
    assert sorted(pdu.command_status for pdu in got) == [OK, OK, OK, throttled]


# --- data_sm ----------------------------------------------------------------------------------------------------------


async def test_a_data_sm_is_a_message(front: Front, depot: Depot) -> None:
    peer = await front.bound_peer()

    got = await answer(peer, data_sm("你好".encode("utf-16-be"), data_coding=8, service_type="CMT"))

    assert got == DataSmResp(sequence_number=1, message_id=ids()[IdForm.DECIMAL].external(1))
    (message,) = await queued(depot)
    assert (message.text, message.sender, message.service_type) == ("你好", "ACME", "CMT")


WITH_FLAG = (Tag.SET_DPF, b"\1")


@pytest.mark.parametrize(
    ("pdu", "alerts"),
    [
        pytest.param(data_sm(b"hello", WITH_FLAG, registered_delivery=0), 1, id="set"),
        pytest.param(data_sm(b"hello", (Tag.SET_DPF, b"\0"), registered_delivery=0), 0, id="not set"),
        pytest.param(data_sm(registered_delivery=0), 0, id="absent"),
        pytest.param(
            submit(destination_addr=NUMBERS[0], tlvs=(WITH_FLAG,), registered_delivery=0), 0, id="of a submit_sm"
        ),
    ],
)
async def test_only_a_data_sm_asks_for_an_alert(
    front: Front, depot: Depot, time: FakeClock, pdu: DataSm | SubmitSm, alerts: int
) -> None:
    peer = await front.bound_peer()
    await answer(peer, pdu)
    await depot.call(Finished(Outcome.EXPIRED, ErrorCode.VALIDITY_EXCEEDED), "alpha")
    time.advance(1)
    await answer(peer, submit(2, destination_addr=NUMBERS[0], registered_delivery=0))
    await depot.call(Finished(Outcome.DELIVERED, ErrorCode.NONE), "alpha")

    assert len(await depot.owed()) == alerts


async def test_parts_may_come_in_data_sm(front: Front, depot: Depot) -> None:
    peer = await front.bound_peer()

    for number in (2, 1):
        sar = (
            tlv.of_int(Tag.SAR_MSG_REF_NUM, 7),
            tlv.of_int(Tag.SAR_TOTAL_SEGMENTS, 2),
            tlv.of_int(Tag.SAR_SEGMENT_SEQNUM, number),
        )
        await answer(peer, data_sm(f"<{number}>".encode(), *sar))

    assert [message.text for message in await queued(depot)] == ["<1><2>"]


async def test_its_receipt_is_a_deliver_sm(front: Front) -> None:
    async with front.delivering():
        peer = await front.bound_peer()
        got = await answer(peer, data_sm())
        assert isinstance(got, DataSmResp)

        peer.send(CancelSm(sequence_number=2, message_id=got.message_id, source_addr="ACME"))
        _, receipt = await peer.got(2)

    assert isinstance(receipt, DeliverSm)
    assert f"id:{got.message_id} ".encode() in receipt.short_message


@pytest.mark.parametrize("pdu", [data_sm(), submit()])
@pytest.mark.parametrize(("version", "as_data_sm"), [(0x33, False), (0x34, True), (0x50, True)])
async def test_receipts_are_data_sm_where_asked_for_and_understood(
    depot: Depot, time: FakeClock, pdu: Pdu, version: int, as_data_sm: bool
) -> None:
    front = Front(depot, time, policies={"acme": policy(receipts_as_data_sm=True)})
    async with front.delivering():
        peer = await front.bound_peer(BindTransceiver(system_id="acme", password="secret", interface_version=version))
        got = await answer(peer, pdu)
        assert isinstance(got, DataSmResp | SubmitSmResp)

        peer.send(CancelSm(sequence_number=2, message_id=got.message_id, source_addr="ACME"))
        _, told = await peer.got(2)
        peer.send(respond(told, CommandStatus.ESME_ROK))
        await depot.scripted.until("settle_outgoing done")

    assert isinstance(told, DataSm if as_data_sm else DeliverSm)
    text = tlv.get(told.tlvs, Tag.MESSAGE_PAYLOAD) if isinstance(told, DataSm) else told.short_message
    assert text is not None
    assert text.startswith(f"id:{got.message_id} ".encode())
    assert (told.esm_class, told.source_addr[:4], told.destination_addr) == (0x04, "4917", "ACME")
    assert await depot.owed() == []


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"tlvs": ()}, CommandStatus.ESME_RMISSINGOPTPARAM),
        ({"destination_addr": "nobody"}, CommandStatus.ESME_RINVDSTADR),
        ({"destination_addr": "4" * 64}, CommandStatus.ESME_RINVDSTADR),
        ({"source_addr": "A" * 64}, CommandStatus.ESME_RINVSRCADR),
        ({"data_coding": 4}, CommandStatus.ESME_RSUBMITFAIL),
        ({"esm_class": 0x04}, CommandStatus.ESME_RINVESMCLASS),
    ],
)
async def test_what_is_wrong_is_said_in_data_sm_resp(
    front: Front, depot: Depot, changes: dict[str, Any], status: int
) -> None:
    peer = await front.bound_peer()

    assert await answer(peer, data_sm(**changes)) == DataSmResp(sequence_number=1, command_status=status)
    assert await depot.stages() == {}


async def test_a_receiver_may_send_none_of_them(front: Front) -> None:
    peer = await front.bound_peer(BindReceiver(system_id="acme", password="secret", interface_version=0x34))

    for pdu in (multi(*NUMBERS), data_sm(), CancelSm(sequence_number=1), QuerySm(sequence_number=1)):
        assert (await answer(peer, pdu)).command_status == CommandStatus.ESME_RINVBNDSTS


# --- replace_if_present_flag ------------------------------------------------------------------------------------------


async def test_what_waits_for_the_same_is_replaced(front: Front, depot: Depot) -> None:
    peer = await front.bound_peer()
    first = await answer(peer, submit(1, short_message=b"old"))
    assert isinstance(first, SubmitSmResp)

    got = await answer(peer, submit(2, short_message=b"new", replace_if_present_flag=1))

    assert got.command_status == OK
    assert [message.text for message in await queued(depot)] == ["new"]
    assert [finish.outcome for finish in front.finished] == [Outcome.DELETED]
    assert await depot.owed() == [(first.message_id, "deleted", ErrorCode.CANCELLED)]


async def test_of_several_at_once_the_last_stays(front: Front, depot: Depot) -> None:
    peer = await front.bound_peer()

    peer.send(*(submit(n, short_message=b"%d" % n, replace_if_present_flag=1) for n in (1, 2, 3)))
    await peer.got(3)

    assert [message.text for message in await queued(depot)] == ["3"]


@pytest.mark.parametrize(
    "changes",
    [
        {"source_addr": "OTHER"},
        {"destination_addr": NUMBERS[0]},
        {"service_type": "CMT"},
    ],
)
async def test_where_nothing_is_to_be_replaced_it_is_a_submit(
    front: Front, depot: Depot, changes: dict[str, Any]
) -> None:
    peer = await front.bound_peer()
    await answer(peer, submit(1, short_message=b"old"))

    await answer(peer, submit(2, short_message=b"new", replace_if_present_flag=1, **changes))

    assert [message.text for message in await queued(depot)] == ["old", "new"]


async def test_another_account_replaces_nothing(depot: Depot, time: FakeClock) -> None:
    front = Front(depot, time, policies={"acme": policy(), "bolt": policy(system_id="bolt")})
    bolt = await front.bound_peer(BindTransceiver(system_id="bolt", password="secret", interface_version=0x34))
    await answer(await front.bound_peer(), submit(1))

    await answer(bolt, submit(1, replace_if_present_flag=1))

    assert await depot.stages() == {"queued": 2}


async def test_the_parts_of_one_text_do_not_replace_each_other(front: Front, depot: Depot) -> None:
    peer = await front.bound_peer()

    for number in (1, 2, 3):
        octets = udh.encode(udh.of_part(7, 3, number)) + f"<{number}>".encode()
        await answer(peer, submit(number, esm_class=0x40, short_message=octets, replace_if_present_flag=1))

    assert [message.text for message in await queued(depot)] == ["<1><2><3>"]


async def test_a_fault_while_replacing_refuses_nothing(front: Front, depot: Depot) -> None:
    peer = await front.bound_peer()
    await answer(peer, submit(1))
    depot.scripted.fail("cancel", StoreError("busy"))

    got = await answer(peer, submit(2, replace_if_present_flag=1))

    assert got.command_status == OK
    assert await depot.stages() == {"queued": 2}


async def test_a_flag_that_means_nothing_is_refused(front: Front) -> None:
    peer = await front.bound_peer()

    got = await answer(peer, submit(1, replace_if_present_flag=2))

    assert got.command_status == CommandStatus.ESME_RINVREPFLAG


async def test_a_plain_submit_looks_for_nothing_to_replace(front: Front, depot: Depot) -> None:
    peer = await front.bound_peer()

    await answer(peer, submit(1))

    assert "cancel" not in depot.scripted.log
