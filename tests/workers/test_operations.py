"""What is answered to query_sm, cancel_sm and replace_sm."""

from typing import Any

import pytest
import structlog

from smppgw.core.codes import ErrorCode
from smppgw.core.disposition import Finished
from smppgw.core.ids import IdForm
from smppgw.core.model import Outcome
from smppgw.core.verdict import Rejected
from smppgw.smpp.consts import CommandStatus, MessageState
from smppgw.smpp.dialects import DIALECTS
from smppgw.smpp.pdu import (
    BindTransceiver,
    CancelSm,
    CancelSmResp,
    Pdu,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    ReplaceSmResp,
    SubmitSmResp,
)
from smppgw.store.base import StoreError, StoreFullError
from tests.workers.fakes import (
    RECIPIENT,
    START,
    Depot,
    FakeCarrier,
    FakeClock,
    Peer,
    attempt_for,
    policy,
    routes_over,
    submit,
    value_of,
)
from tests.workers.front import Front

OK = CommandStatus.ESME_ROK
UNKNOWN = CommandStatus.ESME_RINVMSGID
IN_AN_HOUR = "231114231320000+"
IN_TWO_HOURS = "231115001320000+"
TWO = {"acme": policy(), "bolt": policy(system_id="bolt")}


@pytest.fixture
def front(depot: Depot, time: FakeClock) -> Front:
    return Front(depot, time, policies=TWO)


async def answer(peer: Peer, pdu: Pdu) -> Pdu:
    peer.send(pdu)
    (got,) = await peer.got()
    assert got.sequence_number == pdu.sequence_number
    assert type(got) is pdu.response
    return got


async def status(peer: Peer, pdu: Pdu) -> int:
    return (await answer(peer, pdu)).command_status


async def submitted(peer: Peer, **changes: Any) -> str:
    got = await answer(peer, submit(**changes))
    assert isinstance(got, SubmitSmResp)
    assert got.command_status == OK
    return got.message_id


def query(message_id: str, **changes: Any) -> QuerySm:
    fields: dict[str, Any] = {"sequence_number": 9, "message_id": message_id, "source_addr": "ACME"}
    return QuerySm(**(fields | changes))


def cancel(message_id: str, **changes: Any) -> CancelSm:
    fields: dict[str, Any] = {"sequence_number": 9, "message_id": message_id, "source_addr": "ACME"}
    return CancelSm(**(fields | changes))


def cancel_between(**changes: Any) -> CancelSm:
    return cancel("", **({"dest_addr_ton": 1, "destination_addr": RECIPIENT} | changes))


def replace_sm(message_id: str, **changes: Any) -> ReplaceSm:
    fields: dict[str, Any] = {"sequence_number": 9, "message_id": message_id, "source_addr": "ACME"}
    return ReplaceSm(**(fields | {"short_message": b"another"} | changes))


async def stranger(front: Front) -> Peer:
    return await front.bound_peer(BindTransceiver(system_id="bolt", password="secret", interface_version=0x34))


async def begin(depot: Depot) -> None:
    """Hand what is queued for alpha to the carrier."""
    now = depot.time.now
    lease, messages = await depot.real.lease("alpha", 10, until=now + 60, now=now)
    await depot.real.begin(attempt_for(*(one.id for one in messages)), "alpha", lease, now)


async def end(depot: Depot, outcome: Outcome, error: ErrorCode) -> None:
    """Let what is queued for alpha end."""
    now = depot.time.now
    lease, messages = await depot.real.lease("alpha", 10, until=now + 60, now=now)
    attempt = attempt_for(*(one.id for one in messages))
    await depot.real.begin(attempt, "alpha", lease, now)
    ends = dict.fromkeys(attempt.messages, Finished(outcome, error))
    await depot.real.settle(attempt.batch, ends, lease=lease, now=now, due_at=None)


# --- query_sm ---------------------------------------------------------------------------------------------------------


async def test_an_open_message_is_enroute_without_a_date(front: Front) -> None:
    peer = await front.bound_peer()
    message_id = await submitted(peer)

    got = await answer(peer, query(message_id))

    expected = QuerySmResp(sequence_number=9, message_id=message_id, message_state=MessageState.ENROUTE)
    assert got == expected


async def test_an_ended_message_says_how_when_and_why(front: Front, depot: Depot, time: FakeClock) -> None:
    peer = await front.bound_peer()
    message_id = await submitted(peer)
    time.advance(60)
    await end(depot, Outcome.REJECTED, ErrorCode.BLOCKED)

    got = await answer(peer, query(message_id))

    assert got == QuerySmResp(
        sequence_number=9,
        message_id=message_id,
        final_date="231114221420000+",
        message_state=MessageState.REJECTED,
        error_code=ErrorCode.BLOCKED,
    )


@pytest.mark.parametrize(("version", "state"), [(0x33, 1), (0x34, 1), (0x50, 0)])
async def test_only_peers_of_5_0_know_scheduled(front: Front, version: int, state: int) -> None:
    peer = await front.bound_peer(BindTransceiver(system_id="acme", password="secret", interface_version=version))
    message_id = await submitted(peer, schedule_delivery_time=IN_AN_HOUR)

    got = await answer(peer, query(message_id))

    assert isinstance(got, QuerySmResp)
    assert got.message_state == state


@pytest.mark.parametrize("message_id", ["", "1", "0", "1234567890", "00ab", "x" * 64, "²²²²²²²²²²", "12345678"])
async def test_an_id_we_never_gave_is_unknown(front: Front, message_id: str) -> None:
    peer = await front.bound_peer()

    assert await status(peer, query(message_id)) == UNKNOWN


async def test_the_id_is_known_in_the_form_of_before(depot: Depot, time: FakeClock) -> None:
    front = Front(depot, time, policies={"acme": policy(id_form=IdForm.HEX)})
    peer = await front.bound_peer()
    message_id = await submitted(peer)
    front.binds.reload({"acme": policy(id_form=IdForm.DECIMAL)}, time.ticked)

    assert await status(peer, query(message_id)) == OK
    assert await status(peer, query(message_id.upper())) == OK


async def test_the_id_of_a_receipt_is_known_where_it_differs(depot: Depot, time: FakeClock) -> None:
    front = Front(depot, time, policies={"acme": policy(id_form=IdForm.HEX, dialect=DIALECTS["vonage"])})
    peer = await front.bound_peer()
    message_id = await submitted(peer)

    got = await answer(peer, query(f"{int(message_id, 16):010}"))

    assert isinstance(got, QuerySmResp)
    assert (got.command_status, got.message_id) == (OK, f"{int(message_id, 16):010}")


async def test_type_and_plan_of_the_source_do_not_matter(front: Front) -> None:
    peer = await front.bound_peer()
    message_id = await submitted(peer)

    assert await status(peer, query(message_id, source_addr_ton=0, source_addr_npi=9)) == OK


async def test_a_message_without_a_source_is_asked_about_without_one(front: Front) -> None:
    peer = await front.bound_peer()
    message_id = await submitted(peer, source_addr="", source_addr_ton=0)

    assert await status(peer, query(message_id, source_addr="")) == OK
    assert await status(peer, query(message_id)) == UNKNOWN


# --- cancel_sm --------------------------------------------------------------------------------------------------------


async def test_a_waiting_message_is_cancelled_and_told(front: Front, depot: Depot) -> None:
    peer = await front.bound_peer()
    message_id = await submitted(peer)

    got = await answer(peer, cancel(message_id))

    assert got == CancelSmResp(sequence_number=9)
    assert [(finish.account, finish.outcome) for finish in front.finished] == [("acme", Outcome.DELETED)]
    assert await depot.owed() == [(message_id, "deleted", ErrorCode.CANCELLED)]
    state = await answer(peer, query(message_id))
    assert isinstance(state, QuerySmResp)
    assert (state.message_state, state.error_code) == (MessageState.DELETED, ErrorCode.CANCELLED)


async def test_the_receipt_of_a_cancelled_message_is_delivered(front: Front) -> None:
    async with front.delivering():
        peer = await front.bound_peer()
        message_id = await submitted(peer)

        peer.send(cancel(message_id))
        got = await peer.got(2)

    assert isinstance(got[0], CancelSmResp)
    assert b"stat:DELETED err:009" in got[1].short_message  # type: ignore[attr-defined] # the receipt


async def test_what_was_handed_over_is_not_cancelled(front: Front, depot: Depot) -> None:
    peer = await front.bound_peer()
    message_id = await submitted(peer)
    await begin(depot)

    assert await status(peer, cancel(message_id)) == CommandStatus.ESME_RCANCELFAIL
    assert await status(peer, cancel_between()) == CommandStatus.ESME_RCANCELFAIL
    assert await depot.stages() == {"sending": 1}


async def test_all_between_two_addresses_is_cancelled(front: Front, depot: Depot) -> None:
    peer = await front.bound_peer()
    for _ in range(3):
        await submitted(peer)
    await submitted(peer, destination_addr="491710000098")

    assert await status(peer, cancel_between()) == OK
    assert await depot.stages() == {"queued": 1}
    assert len(front.finished) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"destination_addr": "+491710000099", "dest_addr_ton": 0},
        {"destination_addr": "01710000099", "dest_addr_ton": 2},
        {"service_type": "CMT"},
    ],
)
async def test_the_destination_may_be_written_otherwise(front: Front, depot: Depot, changes: dict[str, Any]) -> None:
    peer = await front.bound_peer()
    await submitted(peer, service_type="CMT")

    assert await status(peer, cancel_between(**changes)) == OK
    assert await depot.stages() == {}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"source_addr": "OTHER"}, id="another source"),
        pytest.param({"destination_addr": "491710000098"}, id="another destination"),
        pytest.param({"destination_addr": ""}, id="no destination"),
        pytest.param({"destination_addr": "nobody"}, id="no number"),
        pytest.param({"service_type": "WAP"}, id="another service_type"),
    ],
)
async def test_where_nothing_waits_cancelling_fails(front: Front, depot: Depot, changes: dict[str, Any]) -> None:
    peer = await front.bound_peer()
    await submitted(peer)

    assert await status(peer, cancel_between(**changes)) == CommandStatus.ESME_RCANCELFAIL
    assert await depot.stages() == {"queued": 1}


# --- replace_sm -------------------------------------------------------------------------------------------------------


async def test_a_waiting_text_is_replaced(front: Front, depot: Depot, time: FakeClock) -> None:
    peer = await front.bound_peer()
    message_id = await submitted(peer)
    front.queued.clear()

    got = await answer(peer, replace_sm(message_id))

    assert got == ReplaceSmResp(sequence_number=9)
    assert front.queued == ["alpha"]
    _, (message,) = await depot.real.lease("alpha", 10, until=time.now + 60, now=time.now)
    assert (message.text, message.parts, message.expires_at) == ("another", 1, START + 3600)


async def test_the_alphabet_is_that_of_the_original(front: Front, depot: Depot, time: FakeClock) -> None:
    peer = await front.bound_peer()
    message_id = await submitted(peer, data_coding=8, short_message="你".encode("utf-16-be"))

    assert await status(peer, replace_sm(message_id, short_message=("好" * 71).encode("utf-16-be"))) == OK

    _, (message,) = await depot.real.lease("alpha", 10, until=time.now + 60, now=time.now)
    assert (message.text, message.parts) == ("好" * 71, 2)


async def test_its_times_are_replaced_where_given(front: Front, depot: Depot, time: FakeClock) -> None:
    peer = await front.bound_peer()
    message_id = await submitted(peer)

    times = {"schedule_delivery_time": IN_AN_HOUR, "validity_period": IN_TWO_HOURS}
    assert await status(peer, replace_sm(message_id, **times)) == OK

    assert await depot.stages() == {"scheduled": 1}
    time.advance(3600)
    await depot.real.sweep(outgoing_kept_s=1e6, now=time.now)
    _, (message,) = await depot.real.lease("alpha", 10, until=time.now + 60, now=time.now)
    assert (message.schedule_at, message.expires_at) == (START + 3600, START + 7200)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"schedule_delivery_time": "x"}, CommandStatus.ESME_RINVSCHED),
        ({"schedule_delivery_time": "231114211320000+"}, CommandStatus.ESME_RINVSCHED),
        ({"validity_period": "241301"}, CommandStatus.ESME_RINVEXPIRY),
        ({"schedule_delivery_time": IN_TWO_HOURS}, CommandStatus.ESME_RINVEXPIRY),
        ({"short_message": b"", "sm_default_msg_id": 3}, CommandStatus.ESME_RINVDFTMSGID),
        ({"tlvs": ((0x0424, b"payload"),)}, CommandStatus.ESME_RINVMSGLEN),
    ],
)
async def test_what_is_wrong_with_a_field_is_said_with_its_status(
    front: Front, depot: Depot, time: FakeClock, changes: dict[str, Any], expected: int
) -> None:
    peer = await front.bound_peer()
    message_id = await submitted(peer)

    assert await status(peer, replace_sm(message_id, **changes)) == expected

    _, (message,) = await depot.real.lease("alpha", 10, until=time.now + 60, now=time.now)
    assert message.text == "hello"


async def test_a_text_that_no_carrier_takes_replaces_nothing(front: Front, depot: Depot) -> None:
    peer = await front.bound_peer()
    message_id = await submitted(peer)
    for carrier in front.carriers.values():
        assert isinstance(carrier, FakeCarrier)
        carrier.refused[RECIPIENT] = Rejected(ErrorCode.CONTENT_REFUSED, "not this")

    assert await status(peer, replace_sm(message_id)) == CommandStatus.ESME_RREPLACEFAIL
    assert await depot.stages() == {"queued": 1}


async def test_what_was_handed_over_is_not_replaced(front: Front, depot: Depot) -> None:
    peer = await front.bound_peer()
    message_id = await submitted(peer)
    await begin(depot)

    assert await status(peer, replace_sm(message_id)) == CommandStatus.ESME_RREPLACEFAIL


async def test_what_is_handed_over_meanwhile_is_not_replaced(front: Front, depot: Depot) -> None:
    peer = await front.bound_peer()
    message_id = await submitted(peer)
    held = depot.scripted.hold("find")
    peer.send(replace_sm(message_id))
    await depot.scripted.until("find")
    await begin(depot)

    held.set()

    assert (await peer.got())[0].command_status == CommandStatus.ESME_RREPLACEFAIL
    assert "replace done" in depot.scripted.log


async def test_a_text_with_a_header_is_not_replaced(front: Front) -> None:
    peer = await front.bound_peer()
    message_id = await submitted(peer, esm_class=0x40, short_message=b"\x03\x24\x01\x01text")

    assert await status(peer, replace_sm(message_id)) == CommandStatus.ESME_RREPLACEFAIL


# --- whose it is ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ask", [query, cancel, replace_sm])
async def test_another_accounts_message_is_answered_like_one_that_is_not_there(
    front: Front, depot: Depot, ask: Any
) -> None:
    owner, other = await front.bound_peer(), await stranger(front)
    message_id = await submitted(owner)

    assert await answer(other, ask(message_id)) == await answer(other, ask("1234567890"))
    assert await depot.stages() == {"queued": 1}
    assert await status(owner, ask(message_id)) == OK


async def test_another_accounts_messages_are_not_found_by_their_addresses(front: Front, depot: Depot) -> None:
    owner, other = await front.bound_peer(), await stranger(front)
    await submitted(owner)

    assert await status(other, cancel_between()) == CommandStatus.ESME_RCANCELFAIL
    assert await depot.stages() == {"queued": 1}


@pytest.mark.parametrize("ask", [query, cancel, replace_sm])
async def test_another_source_is_answered_like_an_unknown_id(front: Front, depot: Depot, ask: Any) -> None:
    peer = await front.bound_peer()
    message_id = await submitted(peer)

    assert await status(peer, ask(message_id, source_addr="OTHER")) == UNKNOWN
    assert await depot.stages() == {"queued": 1}


async def test_a_replacement_with_octets_without_meaning_is_told_and_stored(front: Front, depot: Depot) -> None:
    peer = await front.bound_peer()
    message_id = await submitted(peer)

    with structlog.testing.capture_logs() as events:
        assert await status(peer, replace_sm(message_id, short_message=b"a\xff")) == OK

    told = [(event["octets"], event["command"]) for event in events if event["event"] == "octets without meaning"]
    assert told == [(1, "replace_sm")]
    assert depot.replaced() == [1]


# --- limits and faults ------------------------------------------------------------------------------------------------


async def test_questions_are_limited_and_cost_no_submits(depot: Depot, time: FakeClock) -> None:
    front = Front(depot, time, policies={"acme": policy(max_tps=2, window=2)})
    peer = await front.bound_peer()
    message_id = await submitted(peer)

    asked = [await status(peer, query(message_id)) for _ in range(3)]
    time.advance(0.5)

    assert asked == [OK, OK, CommandStatus.ESME_RTHROTTLED]
    assert value_of(front.metrics, "smpp_throttled_total", account="acme", limit="tps") == 1
    assert await status(peer, submit()) == OK
    assert await status(peer, query(message_id)) == OK


async def test_new_limits_hold_for_questions_too(depot: Depot, time: FakeClock) -> None:
    front = Front(depot, time, policies={"acme": policy(max_tps=1, window=1)})
    peer = await front.bound_peer()
    message_id = await submitted(peer)
    await status(peer, query(message_id))

    front.binds.reload({"acme": policy(max_tps=5, window=1)}, time.ticked)

    assert [await status(peer, query(message_id)) for _ in range(5)] == [OK] * 5


@pytest.mark.parametrize("fault", [StoreError("busy"), StoreFullError("full")])
@pytest.mark.parametrize(
    ("verb", "ask", "expected"),
    [
        ("find", query, CommandStatus.ESME_RQUERYFAIL),
        ("cancel", cancel, CommandStatus.ESME_RSYSERR),
        ("replace", replace_sm, CommandStatus.ESME_RSYSERR),
    ],
)
async def test_a_store_that_fails_is_said_and_the_session_stays(
    front: Front, depot: Depot, fault: StoreError, verb: str, ask: Any, expected: int
) -> None:
    peer = await front.bound_peer()
    message_id = await submitted(peer)
    depot.scripted.fail(verb, fault)

    assert await status(peer, ask(message_id)) == expected
    assert await status(peer, ask(message_id)) == OK


@pytest.mark.parametrize("ask", [query, cancel, replace_sm])
async def test_a_bug_costs_that_question_only(front: Front, depot: Depot, ask: Any) -> None:
    peer = await front.bound_peer()
    message_id = await submitted(peer)
    depot.scripted.fail("cancel" if ask is cancel else "find", ZeroDivisionError())

    assert await status(peer, ask(message_id)) == CommandStatus.ESME_RSYSERR
    assert await status(peer, ask(message_id)) == OK


async def test_a_reload_brings_new_routes(front: Front) -> None:
    peer = await front.bound_peer()
    message_id = await submitted(peer)

    front.ways.reload(routes_over([], {}, front.time), front.policies)

    assert await status(peer, replace_sm(message_id)) == CommandStatus.ESME_RREPLACEFAIL
