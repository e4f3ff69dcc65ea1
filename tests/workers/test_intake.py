"""What is answered to submit_sm, and when."""

import itertools
from typing import Any

import pytest
import structlog

from smppgw.core.codes import ErrorCode
from smppgw.core.ids import IdForm
from smppgw.core.model import Message, Outcome
from smppgw.core.verdict import Rejected
from smppgw.smpp import text, tlv, udh
from smppgw.smpp.consts import CommandStatus, Tag
from smppgw.smpp.pdu import BindTransceiver, DeliverSm, Pdu, SubmitSm, SubmitSmResp
from smppgw.smpp.text import Alphabet
from smppgw.store.base import StoreError, StoreFailedError, StoreFullError
from tests.workers.fakes import RECIPIENT, Depot, FakeCarrier, FakeClock, Peer, policy, submit, value_of
from tests.workers.front import CARRIERS, Front, ids

OK = CommandStatus.ESME_ROK


@pytest.fixture
def front(depot: Depot, time: FakeClock) -> Front:
    return Front(depot, time)


def front_with(depot: Depot, time: FakeClock, **changes: Any) -> Front:
    return Front(depot, time, policies={"acme": policy(**changes)})


def part(sequence_number: int, number: int, total: int = 3, **changes: Any) -> SubmitSm:
    octets = udh.encode(udh.of_part(7, total, number)) + f"<{number}>".encode()
    return submit(sequence_number, esm_class=0x40, short_message=octets, **changes)


async def answers(peer: Peer, *pdus: Pdu) -> dict[int, int]:
    """Send in one read; return status by sequence number, one answer to each."""
    peer.send(*pdus)
    got = await peer.got(len(pdus))
    assert all(isinstance(pdu, SubmitSmResp) for pdu in got)
    assert len(got) == len({pdu.sequence_number for pdu in got}) == len(pdus)
    return {pdu.sequence_number: pdu.command_status for pdu in got}


async def test_a_stored_message_is_answered_with_its_id(front: Front, depot: Depot) -> None:
    peer = await front.bound_peer()

    peer.send(submit(5))
    (answer,) = await peer.got()

    assert isinstance(answer, SubmitSmResp)
    assert (answer.sequence_number, answer.command_status) == (5, OK)
    assert answer.message_id == ids()[IdForm.DECIMAL].external(1)
    assert await depot.stages() == {"queued": 1}


async def test_ids_are_written_in_the_accounts_form(depot: Depot, time: FakeClock) -> None:
    peer = await front_with(depot, time, id_form=IdForm.HEX).bound_peer()

    peer.send(submit())
    (answer,) = await peer.got()

    assert isinstance(answer, SubmitSmResp)
    assert answer.message_id == ids()[IdForm.HEX].external(1)


@pytest.mark.parametrize("version", [0x00, 0x33])
async def test_a_peer_below_3_4_gets_ids_of_eight_characters(front: Front, version: int) -> None:
    bind = BindTransceiver(system_id="acme", password="secret", interface_version=version)
    peer = await front.bound_peer(bind)

    peer.send(submit())
    (answer,) = await peer.got()

    assert isinstance(answer, SubmitSmResp)
    assert answer.message_id == ids()[IdForm.HEX].external(1)
    assert len(answer.message_id) == 8


async def test_a_5_0_peer_hears_how_much_of_its_limits_is_in_use(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, max_tps=10, window=10)
    bind = BindTransceiver(system_id="acme", password="secret", interface_version=0x50)
    peer = await front.bound_peer(bind)

    peer.send(*(submit(n) for n in range(1, 9)))
    busy = await peer.got(8)
    time.advance(10.0)
    peer.send(submit(9))
    (calm,) = await peer.got()

    assert {tlv.integer(pdu.tlvs, Tag.CONGESTION_STATE) for pdu in busy} == {80}
    assert tlv.integer(calm.tlvs, Tag.CONGESTION_STATE) == 10


async def test_a_3_4_peer_hears_nothing_of_congestion(front: Front) -> None:
    peer = await front.bound_peer()

    peer.send(submit())
    (answer,) = await peer.got()

    assert answer.tlvs == ()


async def test_every_submit_of_a_read_gets_its_own_id_in_order(front: Front) -> None:
    peer = await front.bound_peer()

    peer.send(*(submit(n) for n in range(1, 51)))
    got = await peer.got(50)

    assert [pdu.sequence_number for pdu in got] == list(range(1, 51))
    assert len({pdu.message_id for pdu in got if isinstance(pdu, SubmitSmResp)}) == 50


async def test_what_comes_in_one_read_is_stored_in_one_request(front: Front, depot: Depot) -> None:
    peer = await front.bound_peer()

    await answers(peer, *(submit(n) for n in range(1, 21)))

    assert depot.scripted.log.count("accept") == 1


async def test_nothing_is_answered_before_the_commit(front: Front, depot: Depot) -> None:
    held = depot.scripted.hold("accept")
    peer = await front.bound_peer()
    peer.send(submit())
    await depot.scripted.until("accept")

    before = list(peer.transport.pdus)
    held.set()

    assert before == []
    assert (await peer.got())[0].command_status == OK


async def test_a_refusal_does_not_wait_for_the_commit_of_others(front: Front, depot: Depot) -> None:
    depot.scripted.hold("accept")
    peer = await front.bound_peer()

    peer.send(submit(1), submit(2, data_coding=4))

    (answer,) = await peer.got()
    assert (answer.sequence_number, answer.command_status) == (2, CommandStatus.ESME_RSUBMITFAIL)


async def test_an_answer_to_a_peer_that_has_gone_goes_nowhere(front: Front, depot: Depot) -> None:
    held = depot.scripted.hold("accept")
    peer = await front.bound_peer()
    peer.send(submit())
    await depot.scripted.until("accept")

    peer.vanish()
    held.set()
    await front.reception.wait_idle()

    assert await depot.stages() == {"queued": 1}
    assert value_of(front.metrics, "smpp_submits_total", account="acme", status="ESME_ROK") == 1


@pytest.mark.parametrize("verb", ["accept", "reserve_ids"])
@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (StoreFullError("disk full"), CommandStatus.ESME_RMSGQFUL),
        (StoreError("busy"), CommandStatus.ESME_RSYSERR),
        (StoreFailedError("EIO"), CommandStatus.ESME_RSYSERR),
    ],
)
async def test_what_cannot_be_stored_is_refused_for_now(
    front: Front, depot: Depot, verb: str, fault: Exception, status: CommandStatus
) -> None:
    depot.scripted.fail(verb, fault)
    peer = await front.bound_peer()

    assert await answers(peer, submit(1), submit(2)) == {1: status, 2: status}
    assert await depot.stages() == {}
    assert await answers(peer, submit(3)) == {3: OK}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"destination_addr": "33612345678"}, CommandStatus.ESME_RINVDSTADR),  # no rule
        ({"destination_addr": "12025550123"}, CommandStatus.ESME_RSUBMITFAIL),  # a rule, but no candidate
        ({"data_coding": 4}, CommandStatus.ESME_RSUBMITFAIL),
        ({"destination_addr": "33612345678", "tlvs": ()}, CommandStatus.ESME_RINVDSTADR),
    ],
)
async def test_what_has_no_way_is_refused_and_not_stored(
    front: Front, depot: Depot, changes: dict[str, Any], status: CommandStatus
) -> None:
    refusing = front.carriers["refusing"]
    assert isinstance(refusing, FakeCarrier)
    refusing.refused["12025550123"] = Rejected(ErrorCode.PARAMETER_REFUSED, "not this one")
    peer = await front.bound_peer()

    assert await answers(peer, submit(1, **changes), submit(2)) == {1: status, 2: OK}
    assert await depot.stages() == {"queued": 1}


async def test_a_part_without_route_is_refused_at_once(front: Front, depot: Depot) -> None:
    peer = await front.bound_peer()

    status = await answers(peer, part(1, 1, destination_addr="33612345678"))

    assert status == {1: CommandStatus.ESME_RINVDSTADR}
    assert await depot.stages() == {}


async def test_only_the_candidates_that_can_take_it_are_tried(front: Front) -> None:
    alpha = front.carriers["alpha"]
    assert isinstance(alpha, FakeCarrier)
    alpha.refused["491710000099"] = Rejected(ErrorCode.TEMPLATE_MISMATCH, "no template")
    peer = await front.bound_peer()

    await answers(peer, submit())

    assert front.queued == ["beta"]


async def test_a_bug_that_one_submit_meets_costs_that_submit_only(depot: Depot, time: FakeClock) -> None:
    class Broken(FakeCarrier):
        def check(self, message: Message) -> None:
            if message.text == "evil":
                raise ZeroDivisionError

    front = Front(depot, time, carriers={name: Broken(name) for name in CARRIERS})
    peer = await front.bound_peer()

    status = await answers(peer, submit(1), submit(2, short_message=b"evil"), submit(3))

    assert status == {1: OK, 2: CommandStatus.ESME_RSYSERR, 3: OK}


# --- limits -----------------------------------------------------------------------------------------------------------


async def test_a_whole_window_may_come_at_once_whatever_the_rate(depot: Depot, time: FakeClock) -> None:
    peer = await front_with(depot, time, max_tps=1, window=50).bound_peer()

    status = await answers(peer, *(submit(n) for n in range(1, 51)))

    assert set(status.values()) == {OK}


async def test_what_is_over_the_rate_is_throttled_and_the_session_stays(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, max_tps=10, window=10)
    peer = await front.bound_peer()
    await answers(peer, *(submit(n) for n in range(1, 11)))

    over = await answers(peer, submit(11))
    time.advance(0.1)
    later = await answers(peer, submit(12), submit(13))

    assert over == {11: CommandStatus.ESME_RTHROTTLED}
    assert later == {12: OK, 13: CommandStatus.ESME_RTHROTTLED}
    assert value_of(front.metrics, "smpp_throttled_total", account="acme", limit="tps") == 2


async def test_the_rate_is_the_accounts_not_the_binds(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, max_tps=2, window=2)
    first, second = await front.bound_peer(), await front.bound_peer()
    await answers(first, submit(1), submit(2))

    assert await answers(second, submit(1)) == {1: CommandStatus.ESME_RTHROTTLED}


LONG: dict[str, Any] = {"short_message": b"", "tlvs": ((Tag.MESSAGE_PAYLOAD, b"x" * 400),)}
"""Three SMS: 153 septets each."""


async def test_by_parts_a_text_takes_what_it_is_billed_as(depot: Depot, time: FakeClock) -> None:
    """Nine of ten tokens for three texts of three parts; the fourth still has one, and two are owed."""
    peer = await front_with(depot, time, max_tps=10, window=10, counts_parts=True).bound_peer()

    first = await answers(peer, *(submit(n, **LONG) for n in range(1, 6)))
    time.advance(0.2)
    paid_back = await answers(peer, submit(6))
    time.advance(0.1)
    later = await answers(peer, submit(7), submit(8))

    throttled = CommandStatus.ESME_RTHROTTLED
    assert first == {1: OK, 2: OK, 3: OK, 4: OK, 5: throttled}
    assert paid_back == {6: throttled}
    assert later == {7: OK, 8: throttled}


async def test_a_text_of_more_parts_than_the_burst_leaves_all_the_same(depot: Depot, time: FakeClock) -> None:
    peer = await front_with(depot, time, max_tps=1, window=1, counts_parts=True).bound_peer()

    assert await answers(peer, submit(1, **LONG)) == {1: OK}


async def test_by_submits_a_long_text_is_one(depot: Depot, time: FakeClock) -> None:
    peer = await front_with(depot, time, max_tps=5, window=5).bound_peer()

    status = await answers(peer, *(submit(n, **LONG) for n in range(1, 6)))

    assert set(status.values()) == {OK}


async def test_by_parts_what_is_refused_takes_one(depot: Depot, time: FakeClock) -> None:
    peer = await front_with(depot, time, max_tps=5, window=5, counts_parts=True).bound_peer()

    status = await answers(peer, *(submit(n, **LONG, priority_flag=9) for n in range(1, 5)), submit(5))

    assert list(status.values()) == [CommandStatus.ESME_RINVPRTFLG] * 4 + [OK]


# --- parts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", list(itertools.permutations((1, 2, 3))))
async def test_parts_are_joined_in_whatever_order_they_come(
    front: Front, depot: Depot, order: tuple[int, ...], time: FakeClock
) -> None:
    peer = await front.bound_peer()

    for sequence_number, number in enumerate(order, 1):
        assert await answers(peer, part(sequence_number, number)) == {sequence_number: OK}

    _, (message,) = await depot.real.lease("alpha", 10, until=time.now + 60, now=time.now)
    assert (message.text, message.parts) == ("<1><2><3>", 1)
    assert front.queued == ["alpha"]


async def test_parts_that_come_together_are_one_text(front: Front, depot: Depot) -> None:
    peer = await front.bound_peer()

    status = await answers(peer, *(part(n, n) for n in (1, 2, 3)))

    assert set(status.values()) == {OK}
    assert await depot.stages() == {"queued": 1}


async def test_parts_may_come_over_several_binds_and_by_sar(front: Front, depot: Depot) -> None:
    def sar(number: int) -> SubmitSm:
        tlvs = (
            tlv.of_int(Tag.SAR_MSG_REF_NUM, 7),
            tlv.of_int(Tag.SAR_TOTAL_SEGMENTS, 2),
            tlv.of_int(Tag.SAR_SEGMENT_SEQNUM, number),
        )
        return submit(number, tlvs=tlvs)

    for number in (2, 1):
        await answers(await front.bound_peer(), sar(number))

    assert await depot.stages() == {"queued": 1}


async def test_a_joined_text_that_no_carrier_can_take_ends_with_a_receipt_for_each_part(
    front: Front, depot: Depot
) -> None:
    for carrier in front.carriers.values():
        assert isinstance(carrier, FakeCarrier)
        carrier.refused["491710000099"] = Rejected(ErrorCode.PARAMETER_REFUSED, "too long")
    peer = await front.bound_peer()

    status = await answers(peer, part(1, 1, 2), part(2, 2, 2))

    assert set(status.values()) == {OK}
    assert [finish.outcome for finish in front.finished] == [Outcome.REJECTED]
    assert [(outcome, error) for _, outcome, error in await depot.owed()] == [("rejected", ErrorCode.NO_CARRIER)] * 2


async def test_a_text_whose_route_could_not_be_stored_is_routed_later(front: Front, depot: Depot) -> None:
    depot.scripted.fail("route", StoreError("busy"))
    peer = await front.bound_peer()
    status = await answers(peer, part(1, 1, 2), part(2, 2, 2))

    before = await depot.stages()
    await front.intake.route_left_over()

    assert set(status.values()) == {OK}
    assert (before, await depot.stages()) == ({"unrouted": 1}, {"queued": 1})
    assert front.queued == ["alpha"]


async def incomplete(front: Front) -> Peer:
    """Let the first and the last of three parts come, and no other for the assembly time."""
    peer = await front.bound_peer()
    await answers(peer, part(1, 1), part(2, 3))
    front.time.advance(120)
    await front.depot.real.sweep(outgoing_kept_s=3600, now=front.time.now)
    await front.intake.route_left_over()
    return peer


async def test_a_text_with_a_missing_part_is_sent_where_its_account_wants_that(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, send_incomplete=True)

    await incomplete(front)

    _, (message,) = await depot.real.lease("alpha", 10, until=time.now + 60, now=time.now)
    assert (message.text, message.parts) == ("<1>(...)<3>", 1)
    assert front.queued == ["alpha"]


async def test_a_text_with_a_missing_part_is_not_sent_where_nothing_is_said(front: Front, depot: Depot) -> None:
    await incomplete(front)

    assert await depot.stages() == {}
    assert [(outcome, error) for _, outcome, error in await depot.owed()] == [("undeliverable", 62)] * 2


async def test_a_reload_changes_the_rule_for_texts_that_come_after_it(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time)
    front.intake.reload({"acme": policy(send_incomplete=True)})

    await incomplete(front)

    assert await depot.stages() == {"queued": 1}


async def test_a_part_that_comes_after_its_text_was_sent_is_answered_counted_and_has_its_receipt_then(
    depot: Depot, time: FakeClock
) -> None:
    front = front_with(depot, time, send_incomplete=True)
    async with front.delivering():
        peer = await incomplete(front)

        peer.send(part(3, 2))
        answer, said = await peer.got(2)

    assert isinstance(answer, SubmitSmResp)
    assert (answer.sequence_number, answer.command_status) == (3, OK)
    assert isinstance(said, DeliverSm)
    assert f"id:{answer.message_id} ".encode() in said.short_message
    assert b"stat:UNDELIV err:062" in said.short_message
    assert [finish.outcome for finish in front.finished] == [Outcome.UNDELIVERABLE]
    assert await depot.stages() == {"queued": 1}


async def test_nothing_left_over_is_nothing_to_do(front: Front, depot: Depot) -> None:
    await front.intake.route_left_over()

    assert "route" not in depot.scripted.log


# --- the books --------------------------------------------------------------------------------------------------------


async def test_answers_are_counted_by_status(front: Front) -> None:
    peer = await front.bound_peer()

    await answers(peer, submit(1), submit(2, priority_flag=9))

    for status in ("ESME_ROK", "ESME_RINVPRTFLG"):
        assert value_of(front.metrics, "smpp_submits_total", account="acme", status=status) == 1
    assert value_of(front.metrics, "smpp_submit_response_seconds_count") == 2


async def test_octets_without_meaning_are_replaced_told_once_and_stored(depot: Depot, time: FakeClock) -> None:
    """Two of four in UTF-8; the log has neither text nor number."""
    front = front_with(depot, time, alphabets=text.alphabets(Alphabet.UTF8))
    peer = await front.bound_peer()

    with structlog.testing.capture_logs() as events:
        status = await answers(peer, submit(1, short_message=b"s\xffcret\xfe"), submit(2))

    (told,) = events
    assert told["event"] == "octets without meaning"
    assert (told["account"], told["octets"], told["data_coding"], told["command"]) == ("acme", 2, 0, "submit_sm")
    assert not [value for value in told.values() if "cret" in str(value) or RECIPIENT in str(value)]
    assert status == {1: OK, 2: OK}
    assert depot.replaced() == [2, 0]
    _, (message, _) = await depot.real.lease("alpha", 10, until=time.now + 60, now=time.now)
    assert message.text == "s?cret?"


async def test_what_was_submitted_is_what_is_stored(front: Front, depot: Depot, time: FakeClock) -> None:
    peer = await front.bound_peer()

    await answers(peer, submit(priority_flag=2, service_type="CMT", data_coding=0x10, tlvs=((0x1501, b"v"),)))

    _, (message,) = await depot.real.lease("alpha", 10, until=time.now + 60, now=time.now)
    assert (message.text, message.sender, message.flash) == ("hello", "ACME", True)
    assert (message.priority_flag, message.service_type) == (2, "CMT")
    assert message.vendor_tlvs == tlv.encode(((0x1501, b"v"),))
