"""Questions: who is asked about, what an answer proves, and when a round ends."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import httpx2 as httpx
import pytest

from smppgw.carriers.configured import inquiry
from smppgw.carriers.http import CallOutcome, Operation
from smppgw.core.codes import ErrorCode
from smppgw.core.model import CarrierRef, Outcome, Sent
from smppgw.core.verdict import Accepted, Doubtful, Evidence, StatusReport, Verdict
from tests.carriers.configured.builders import ALIKE, MANY, ONE, answering_json, attempt_of, carrier, section, sent
from tests.carriers.contract import BATCH, NOW, CallLog, Handler, Wire, answering, breaking, message

HELLO = message(101, "4915112345601", "Hello")
THREE = (HELLO, message(102, "4915112345602", "Bye"), message(103, "4915112345603", "Hello"))


async def reports(text: str, handler: Handler, asked: Sequence[Sent], **changes: Any) -> list[StatusReport]:
    return list(await carrier(text, handler, **changes).statuses(asked))


async def looked_up(text: str, handler: Handler, *messages: Any, **changes: Any) -> list[Verdict]:
    made = carrier(text, handler, **changes)
    found = await made.resolve(attempt_of(text, *messages, **changes), sent(text, *messages, ref=None, **changes))
    return [found[each.id] for each in messages]


def own_refs(*messages: Any) -> list[Sent]:
    return [replace(one, ref=CarrierRef(f"m-{one.message}")) for one in sent(MANY, *messages)]


# Statuses.


async def test_a_status_says_what_became_of_the_message() -> None:
    document = {"message": {"state": "failed", "error": "absent", "done": "2023-11-14T22:13:23Z", "parts": 2}}

    assert await reports(ONE, answering_json(document), sent(ONE, HELLO)) == [
        StatusReport(
            message=HELLO.id,
            outcome=Outcome.UNDELIVERABLE,
            final=True,
            error=ErrorCode.NOT_ON_SERVICE,
            detail="failed/absent",
            at=NOW + 3,
            parts=2,
        )
    ]


async def test_a_state_that_is_in_no_table_ends_nothing() -> None:
    (report,) = await reports(ONE, answering_json({"message": {"state": "teleported"}}), sent(ONE, HELLO))

    assert (report.outcome, report.final, report.detail) == (Outcome.ENROUTE, False, "teleported")


@pytest.mark.parametrize("done", [NOW - 2 * 86400, NOW + 2 * 86400, "2023-11-01", "yesterday"])
async def test_a_time_that_cannot_be_true_is_left_out(done: object) -> None:
    document = {"message": {"state": "delivered", "done": done}}

    (report,) = await reports(ONE, answering_json(document), sent(ONE, HELLO))

    assert (report.final, report.at) == (True, None)


async def test_what_was_never_sent_may_go_another_way() -> None:
    (report,) = await reports(ONE, answering_json({"message": {"state": "dropped"}}), sent(ONE, HELLO))

    assert report.nothing_left


async def test_the_address_of_a_question_holds_the_id_and_nothing_more_of_it() -> None:
    wire = Wire(answering_json({}))

    await reports(ONE, wire, sent(ONE, HELLO, ref="a/../b?c=d#e"))

    assert wire.requests[0].extensions["target"] == b"/v1/messages/a%2F..%2Fb%3Fc%3Dd%23e"


async def test_a_message_without_an_id_cannot_be_asked_about() -> None:
    assert await reports(ONE, breaking(AssertionError), sent(ONE, HELLO, ref=None)) == []


async def test_ids_are_asked_about_together_up_to_a_number() -> None:
    wire = Wire(answering_json({"reports": []}))
    status = {**section(MANY)["status"], "max_messages": 2}

    await reports(MANY, wire, own_refs(*THREE), status=status)

    assert [request.url.params["ids"] for request in wire.requests] == ["m-101,m-102", "m-103"]


async def test_rows_are_told_apart_by_the_id() -> None:
    rows = [{"id": "m-103", "state": "F"}, {"id": "m-101", "state": "D"}, {"id": "m-999", "state": "D"}]

    found = await reports(MANY, answering_json({"reports": rows}), own_refs(*THREE))

    assert {report.message: report.outcome for report in found} == {101: Outcome.DELIVERED, 103: Outcome.UNDELIVERABLE}


async def test_a_message_with_two_rows_has_no_outcome() -> None:
    rows = [{"id": "m-101", "state": "F"}, {"id": "m-101", "state": "D"}]

    assert await reports(MANY, answering_json({"reports": rows}), own_refs(HELLO)) == []


async def test_messages_that_share_an_id_are_asked_about_once_and_told_apart_by_number() -> None:
    rows = [{"number": "+4915112345603", "state": "delivered"}, {"number": "4915112345601", "state": "failed"}]
    wire = Wire(answering_json({"recipients": rows}))

    found = await reports(ALIKE, wire, sent(ALIKE, *THREE, ref="b-1"))

    assert len(wire.requests) == 1
    assert {report.message: report.outcome for report in found} == {101: Outcome.UNDELIVERABLE, 103: Outcome.DELIVERED}


async def test_a_question_can_be_posted() -> None:
    status = {
        "url": "https://bulk.example/reports",
        "method": "POST",
        "headers": {"X-Batch": "{batch_id}"},
        "body": {"ids": "{refs}"},
        "rows": {"at": ".", "where": "id", "equals": "{ref}"},
        "state": "state",
        "states": {"D": "delivered"},
    }
    wire = Wire(answering_json([{"id": "m-101", "state": "D"}]))

    (report,) = await reports(MANY, wire, own_refs(*THREE), status=status)

    (request,) = wire.requests
    assert (request.method, request.content, request.headers["x-batch"]) == (
        "POST",
        b'{"ids":["m-101","m-102","m-103"]}',
        BATCH,
    )
    assert report.message == 101


@pytest.mark.parametrize("status", [401, 403, 429])
async def test_a_carrier_that_wants_to_be_left_alone_is(status: int) -> None:
    wire = Wire(answering(status))
    many = [message(number, f"4915{number}", "x") for number in range(1000, 1050)]

    await reports(ONE, wire, [one for each in many for one in sent(ONE, each, ref=f"m-{each.id}")])

    assert len(wire.requests) <= inquiry.AT_ONCE


async def test_a_round_ends_in_time_with_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inquiry, "LONGEST_S", 0.05)

    async def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("slow"):
            await asyncio.Event().wait()
        return httpx.Response(200, json={"message": {"state": "delivered"}})

    asked = [*sent(ONE, HELLO, ref="slow"), *sent(ONE, THREE[1], ref="fast")]

    assert [report.message for report in await reports(ONE, handler, asked)] == [102]  # type: ignore[arg-type] # MockTransport takes both


async def test_a_carrier_that_never_tells_ends_messages_as_accepted() -> None:
    changes: dict[str, Any] = {"status": None, "lookup": None, "ends_accepted": True}

    found = await reports(ONE, breaking(AssertionError), sent(ONE, HELLO, ref=None, **changes), **changes)

    assert found == [StatusReport(message=HELLO.id, outcome=Outcome.ACCEPTED, final=True)]


async def test_a_carrier_that_pushes_only_is_not_asked() -> None:
    push = {"ref": "id", "state": "s", "states": {"ok": "delivered"}}
    changes: dict[str, Any] = {"status": None, "push": push, "push_secret": "s"}

    assert await reports(ONE, breaking(AssertionError), sent(ONE, HELLO, **changes), **changes) == []


@pytest.mark.parametrize(
    ("handler", "outcome"),
    [
        (answering_json({"message": {"state": "queued"}}), CallOutcome.OK),
        (answering(200, b"<html>"), CallOutcome.DOUBTFUL),
        (answering(404), CallOutcome.REJECTED),
        (answering(429), CallOutcome.DEFERRED),
        (answering(500), CallOutcome.DOUBTFUL),
        (breaking(httpx.ConnectError), CallOutcome.DEFERRED),
        (breaking(httpx.ReadError), CallOutcome.DOUBTFUL),
    ],
)
async def test_each_question_is_observed_with_its_outcome(handler: Handler, outcome: CallOutcome) -> None:
    log = CallLog()

    await carrier(ONE, handler, observer=log).statuses(sent(ONE, HELLO))

    assert log.calls == [("acme", Operation.STATUS, outcome)]


# Look-ups.


async def test_a_doubt_is_looked_up_by_our_reference() -> None:
    wire = Wire(answering_json({"messages": [{"ref": "other", "id": "m-1"}, {"ref": BATCH, "id": "m-2"}]}))

    assert await looked_up(ONE, wire, HELLO) == [Accepted(CarrierRef("m-2"))]
    assert dict(wire.requests[0].url.params) == {"ref": BATCH}


async def test_a_clean_look_up_without_the_message_says_that_it_is_absent() -> None:
    assert await looked_up(ONE, answering_json({"messages": []}), HELLO) == [
        Doubtful("no message with this reference", Evidence.ABSENT)
    ]


async def test_a_part_of_a_call_may_have_been_taken() -> None:
    rows = [{"to": "4915112345602", "id": "m-2"}]

    assert await looked_up(MANY, answering_json({"messages": rows}), *THREE) == [
        Doubtful("no message with this reference", Evidence.ABSENT),
        Accepted(CarrierRef("m-2")),
        Doubtful("no message with this reference", Evidence.ABSENT),
    ]


async def test_a_message_that_is_there_twice_was_taken() -> None:
    rows = [{"to": HELLO.recipient, "id": "m-1"}, {"to": HELLO.recipient, "id": "m-2"}]

    assert await looked_up(MANY, answering_json({"messages": rows}), HELLO) == [Accepted()]


async def test_a_row_without_an_id_proves_nothing_where_one_is_expected() -> None:
    rows = [{"to": HELLO.recipient, "id": None}]

    assert await looked_up(MANY, answering_json({"messages": rows}), HELLO) == [
        Doubtful("the look-up was not complete")
    ]


async def test_a_row_alone_is_proof_where_no_id_is_expected() -> None:
    lookup = {key: value for key, value in section(MANY)["lookup"].items() if key != "id"}

    assert await looked_up(MANY, answering_json({"messages": [{"to": HELLO.recipient}]}), HELLO, lookup=lookup) == [
        Accepted()
    ]


async def test_a_status_can_say_that_it_is_absent() -> None:
    lookup = {**section(MANY)["lookup"], "absent": [410]}

    assert await looked_up(MANY, answering(410), HELLO, lookup=lookup) == [
        Doubtful("no message with this reference", Evidence.ABSENT)
    ]
    assert await looked_up(MANY, answering(404), HELLO, lookup=lookup) == [Doubtful("the look-up was not complete")]


async def test_a_look_up_can_be_about_one_message_and_have_no_rows() -> None:
    lookup = {"url": "https://api.example/by-ref/{batch_id}", "id": "id", "absent": [404]}

    assert await looked_up(ONE, answering_json({"id": "m-9"}), HELLO, lookup=lookup) == [Accepted(CarrierRef("m-9"))]
    assert await looked_up(ONE, answering_json({}), HELLO, lookup=lookup) == [Doubtful("the look-up was not complete")]


async def test_without_a_look_up_nothing_is_found_and_nobody_is_asked() -> None:
    made = carrier(ONE, breaking(AssertionError), lookup=None)

    found = await made.resolve(attempt_of(ONE, HELLO), sent(ONE, HELLO, ref=None))

    assert found == {HELLO.id: Doubtful("nothing can be looked up here")}
    assert not made.lookup_resolves
    assert carrier(ONE).lookup_resolves
