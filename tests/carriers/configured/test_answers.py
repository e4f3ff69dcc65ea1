"""Answers: accepted only with proof, refused only by a table or a plain 4xx, else in doubt."""

import json
from typing import Any

import httpx2 as httpx
import pytest

from smppgw.core.codes import ErrorCode
from smppgw.core.model import CarrierRef, Outcome
from smppgw.core.verdict import Accepted, Deferred, Doubtful, Evidence, PauseCause, Rejected, Verdict
from tests.carriers.configured.builders import ALIKE, MANY, ONE, Answering, answering_json, section, verdicts_of
from tests.carriers.contract import NOW, answering, breaking, message

HELLO = message(101, "4915112345601", "Hello")
THREE = (HELLO, message(102, "4915112345602", "Bye"), message(103, "4915112345603", "Hello"))


def answer(text: str, **changes: Any) -> dict[str, Any]:
    """The table of answers, changed."""
    return {**section(text)["answer"], **changes}


async def one(document: Any, http: int = 200, **changes: Any) -> Verdict:
    (verdict,) = await verdicts_of(ONE, answering_json(document, http), HELLO, **changes)
    return verdict


async def many(rows: Any, **changes: Any) -> list[Verdict]:
    return await verdicts_of(MANY, answering_json({"results": rows}), *THREE, **changes)


def row(number: str, **changes: Any) -> dict[str, Any]:
    return {"to": number, "id": f"m-{number[-1]}", "status": "ok", **changes}


# One message.


async def test_an_id_proves_an_acceptance() -> None:
    assert await one({"message": {"id": "m-17", "parts": "2"}}, 201) == Accepted(CarrierRef("m-17"), 2)


@pytest.mark.parametrize("identity", [None, "", "  ", "..", {}, ["m"], True, "x" * 200, "with space", "ü"])
async def test_without_an_id_it_is_doubtful(identity: Any) -> None:
    assert isinstance(await one({"message": {"id": identity}}), Doubtful)


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("E11", Rejected(ErrorCode.INVALID_NUMBER, "http 400, code E11", Outcome.UNDELIVERABLE, may_fail_over=False)),
        ("E12", Deferred("http 400, code E12", NOW + 60.0, whole_carrier=True, pause=PauseCause.MONEY)),
        ("E13", Deferred("http 400, code E13", None, whole_carrier=True, pause=PauseCause.THROTTLE)),
        ("E14", Rejected(ErrorCode.CONTENT_REFUSED, "http 400, code E14")),
        ("E99", Rejected(ErrorCode.PARAMETER_REFUSED, "http 400, code E99")),
        (None, Rejected(ErrorCode.PARAMETER_REFUSED, "http 400")),
    ],
)
async def test_a_refusal_means_what_its_code_says(code: str | None, verdict: Verdict) -> None:
    assert await one({"error": {"code": code}}, 400) == verdict


@pytest.mark.parametrize(
    ("word", "verdict"),
    [
        ("doubt", Doubtful("http 200, code X")),
        ("arrived", Doubtful("http 200, code X", Evidence.ARRIVED)),
        ("later", Deferred("http 200, code X")),
        ("throttled", Deferred("http 200, code X", whole_carrier=True, pause=PauseCause.THROTTLE)),
        ("login", Deferred("http 200, code X", NOW + 60.0, whole_carrier=True, pause=PauseCause.LOGIN)),
        ("money", Deferred("http 200, code X", NOW + 60.0, whole_carrier=True, pause=PauseCause.MONEY)),
        ("quota", Deferred("http 200, code X", NOW + 600.0, whole_carrier=True, pause=PauseCause.QUOTA)),
        ("rejected", Rejected(ErrorCode.PARAMETER_REFUSED, "http 200, code X")),
        ("blocked", Rejected(ErrorCode.BLOCKED, "http 200, code X", may_fail_over=False)),
        ("no_route", Rejected(ErrorCode.NO_ROUTE, "http 200, code X")),
        ("sender_refused", Rejected(ErrorCode.SENDER_REFUSED, "http 200, code X")),
    ],
)
async def test_every_word_has_its_verdict(word: str, verdict: Verdict) -> None:
    rules = answer(ONE, codes={"": "accepted", "X": word})

    assert await one({"error": {"code": "X"}, "message": {"id": "m-1"}}, answer=rules) == verdict


async def test_a_code_that_is_in_no_table_proves_nothing() -> None:
    assert await one({"error": {"code": "E99"}, "message": {"id": "m-1"}}) == Doubtful("http 200, code E99")


async def test_any_other_code_can_be_given_a_meaning() -> None:
    rules = answer(ONE, codes={"0": "accepted", "*": "rejected"})

    assert await one({"error": {"code": 7}}, answer=rules) == Rejected(ErrorCode.PARAMETER_REFUSED, "http 200, code 7")
    assert await one({"error": {"code": 0}, "message": {"id": "m-1"}}, answer=rules) == Accepted(CarrierRef("m-1"))
    assert await one({}, answer=rules) == Doubtful("http 200 without a code")


async def test_a_code_alone_can_prove_an_acceptance() -> None:
    rules = {"code": "result", "codes": {"OK": "accepted"}}
    section_of_its_own: dict[str, Any] = {"answer": rules, "status": None, "lookup": None, "ends_accepted": True}

    assert await one({"result": "OK"}, **section_of_its_own) == Accepted()
    assert await one({"result": "FAIL"}, **section_of_its_own) == Doubtful("http 200, code FAIL")


@pytest.mark.parametrize("status", [100, 204, 302, 404, 408, 500, 503])
async def test_no_code_makes_another_status_an_acceptance(status: int) -> None:
    verdict = await one({"message": {"id": "m-1"}}, status)

    assert not isinstance(verdict, Accepted)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
async def test_a_server_fault_is_in_doubt_whatever_its_code_says(status: int) -> None:
    assert await one({"error": {"code": "E11"}}, status) == Doubtful(f"http {status}")


async def test_a_server_fault_is_a_refusal_only_where_that_status_is_named() -> None:
    rules = answer(ONE, statuses={"500": "code", "503": "throttled"})

    assert isinstance(await one({"error": {"code": "E11"}}, 500, answer=rules), Rejected)
    assert await one({"error": {"code": "E99"}}, 500, answer=rules) == Doubtful("http 500, code E99")
    assert await one({}, 503, answer=rules) == Deferred("http 503", whole_carrier=True, pause=PauseCause.THROTTLE)
    assert await one({"error": {"code": "E11"}}, 502, answer=rules) == Doubtful("http 502")


async def test_a_status_can_be_given_another_meaning() -> None:
    rules = answer(ONE, statuses={"402": "money", "409": "arrived", "404": "doubt", "403": "blocked"})

    assert [await one({}, status, answer=rules) for status in (402, 409, 404, 403)] == [
        Deferred("http 402", NOW + 60.0, whole_carrier=True, pause=PauseCause.MONEY),
        Doubtful("http 409", Evidence.ARRIVED),
        Doubtful("http 404"),
        Rejected(ErrorCode.BLOCKED, "http 403", may_fail_over=False),
    ]


async def test_a_pause_that_is_asked_for_is_kept() -> None:
    handler = answering(429, json.dumps({"error": {"code": "E13"}}).encode(), {"retry-after": "30"})

    assert await verdicts_of(ONE, handler, HELLO) == [
        Deferred("http 429, code E13", NOW + 30.0, whole_carrier=True, pause=PauseCause.THROTTLE)
    ]


async def test_a_conflict_inside_the_fence_is_asked_again() -> None:
    assert await one({}, 409, fence_for="24h") == Doubtful("http 409: an equal request came before")
    assert isinstance(await one({}, 409), Rejected)


async def test_a_refusal_that_cannot_be_read_is_the_usual_one() -> None:
    assert await verdicts_of(ONE, answering(400, b"<html>"), HELLO) == [
        Rejected(ErrorCode.PARAMETER_REFUSED, "http 400")
    ]
    assert await verdicts_of(ONE, answering(401, b"<html>"), HELLO) == [
        Deferred("http 401: login refused", NOW + 60.0, whole_carrier=True, pause=PauseCause.LOGIN)
    ]


@pytest.mark.parametrize("code", ["Your text: Hello", "4915112345601", "x" * 100, "ü", "a\nb"])
async def test_a_code_that_quotes_the_message_is_not_repeated(code: str) -> None:
    verdict = await one({"error": {"code": code}}, 400)

    assert isinstance(verdict, Rejected)
    assert verdict.reason in {"http 400, code ?", "http 400, code ***"}


async def test_a_code_that_the_table_has_is_shown_whatever_it_looks_like() -> None:
    rules = answer(ONE, codes={"": "accepted", "21211": "invalid_number"})

    verdict = await one({"error": {"code": 21211}}, 400, answer=rules)

    assert isinstance(verdict, Rejected)
    assert verdict.reason == "http 400, code 21211"


async def test_an_id_can_stand_in_a_header() -> None:
    rules = {"id_header": "X-Message-Id"}
    handler: Answering = lambda _request: httpx.Response(202, headers={"x-message-id": "m-9"}, json={})  # noqa: E731

    assert await verdicts_of(ONE, handler, HELLO, answer=rules) == [Accepted(CarrierRef("m-9"))]
    assert isinstance(await one({}, answer=rules), Doubtful)


# Plain text.

TEXT = {
    "format": "text",
    "separators": ": |",
    "code": "[0][0]",
    "codes": {"OK": "accepted", "ERR": "rejected"},
    "id": "[0][1]",
}


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        (b"OK: 12345|0.07\r\n", Accepted(CarrierRef("12345"))),
        (b"ERR: 7", Rejected(ErrorCode.PARAMETER_REFUSED, "http 200, code ERR")),
        (b"OK:", Doubtful("http 200 without an id")),
        (b"OKAY: 1", Doubtful("http 200, code OKAY")),
        (b"", Doubtful("http 200 without proof")),
    ],
)
async def test_a_plain_text_is_read_word_by_word(body: bytes, verdict: Verdict) -> None:
    assert await verdicts_of(ONE, answering(200, body), HELLO, answer=TEXT, lookup=None) == [verdict]


async def test_lines_of_a_text_are_rows() -> None:
    rows = {"at": ".", "where": "[1]", "equals": "{recipient}", "id": "[2]", "code": "[0]", "codes": {"OK": "accepted"}}
    body = b"OK 4915112345603 m-3\nOK 4915112345601 m-1\nBAD 4915112345602"

    verdicts = await verdicts_of(
        MANY, answering(200, body), *THREE, answer={"format": "text", "rows": rows}, lookup=None
    )

    assert verdicts == [
        Accepted(CarrierRef("m-1")),
        Doubtful("http 200, code BAD"),
        Accepted(CarrierRef("m-3")),
    ]


# Many messages.


async def test_each_message_has_the_verdict_of_its_row() -> None:
    verdicts = await many(
        [
            row("4915112345603"),
            row("+4915112345601", status="bad_number", id=None),
            row("4915112345602", status="busy"),
            row("4917700000000"),
        ]
    )

    assert verdicts == [
        Rejected(ErrorCode.INVALID_NUMBER, "http 200, code bad_number", Outcome.UNDELIVERABLE, may_fail_over=False),
        Deferred("http 200, code busy"),
        Accepted(CarrierRef("m-3")),
    ]


async def test_what_is_not_in_the_answer_or_twice_in_it_is_doubtful() -> None:
    verdicts = await many([row("4915112345601"), row("4915112345602"), row("4915112345602", status="bad_number")])

    assert [type(verdict) for verdict in verdicts] == [Accepted, Doubtful, Doubtful]


async def test_rows_that_came_before_are_doubtful_and_known_to_have_arrived() -> None:
    verdicts = await many([row(each.recipient, status="twice") for each in THREE])

    assert verdicts == [Doubtful("http 200, code twice", Evidence.ARRIVED)] * 3


@pytest.mark.parametrize("document", [{}, {"results": {}}, {"results": [1, None, "x", []]}, [], {"results": []}])
async def test_an_answer_without_rows_is_doubtful(document: Any) -> None:
    verdicts = await verdicts_of(MANY, answering_json(document), *THREE)

    assert {type(verdict) for verdict in verdicts} == {Doubtful}


async def test_a_refused_call_is_halved() -> None:
    verdicts = await verdicts_of(MANY, answering_json({}, 400), *THREE)
    alone = await verdicts_of(MANY, answering_json({}, 400), HELLO)

    assert verdicts == [Rejected(ErrorCode.PARAMETER_REFUSED, "http 400", whole_batch=True)] * 3
    assert alone == [Rejected(ErrorCode.PARAMETER_REFUSED, "http 400")]


IN_ORDER = {"rows": {"at": "ids", "id": "."}}


async def test_rows_can_stand_in_the_order_of_the_messages() -> None:
    verdicts = await verdicts_of(MANY, answering_json({"ids": [31, 32, 33]}), *THREE, answer=IN_ORDER)

    assert verdicts == [Accepted(CarrierRef(f"3{place}")) for place in (1, 2, 3)]


@pytest.mark.parametrize("ids", [[31, 32], [31, 32, 33, 34], [], None])
async def test_rows_of_another_number_prove_nothing(ids: Any) -> None:
    verdicts = await verdicts_of(MANY, answering_json({"ids": ids}), *THREE, answer=IN_ORDER)

    assert {type(verdict) for verdict in verdicts} == {Doubtful}


async def test_rows_can_be_told_by_our_own_reference() -> None:
    rows = {"at": "results", "where": "ref", "equals": "{message_id}", "id": "id"}
    answered = {"results": [{"ref": 103, "id": "c"}, {"ref": "101", "id": "a"}]}

    verdicts = await verdicts_of(MANY, answering_json(answered), *THREE, answer={"rows": rows})

    assert verdicts == [
        Accepted(CarrierRef("a")),
        Doubtful("http 200: it says nothing of this message, or too much"),
        Accepted(CarrierRef("c")),
    ]


async def test_messages_can_share_the_id_of_their_call() -> None:
    alike = [message(number, f"49151123456{number}", "Hello") for number in (10, 11)]

    assert await verdicts_of(ALIKE, answering_json({"id": "b-1"}), *alike) == [Accepted(CarrierRef("b-1"))] * 2


async def test_rows_without_ids_take_that_of_the_call() -> None:
    rows = {"at": "results", "where": "to", "equals": "{recipient}", "code": "ok", "codes": {"true": "accepted"}}
    answered = {"bulk": "b-1", "results": [{"to": each.recipient, "ok": True} for each in THREE]}
    status = {**section(MANY)["status"], "rows": {"at": "reports", "where": "to", "equals": "{recipient}"}}

    verdicts = await verdicts_of(
        MANY, answering_json(answered), *THREE, answer={"id": "bulk", "rows": rows}, status=status
    )
    lost = await verdicts_of(
        MANY, answering_json({**answered, "bulk": None}), *THREE, answer={"id": "bulk", "rows": rows}, status=status
    )

    assert verdicts == [Accepted(CarrierRef("b-1"))] * 3
    assert {type(verdict) for verdict in lost} == {Doubtful}


async def test_a_code_of_the_call_goes_before_its_rows() -> None:
    rules = {"code": "result", "codes": {"100": "accepted", "900": "login"}, **answer(MANY)}
    good = [row(each.recipient) for each in THREE]

    accepted = await verdicts_of(MANY, answering_json({"result": 100, "results": good}), *THREE, answer=rules)
    refused = await verdicts_of(MANY, answering_json({"result": 900, "results": good}), *THREE, answer=rules)

    assert {type(verdict) for verdict in accepted} == {Accepted}
    assert refused == [Deferred("http 200, code 900", NOW + 60.0, whole_carrier=True, pause=PauseCause.LOGIN)] * 3


async def test_all_messages_of_a_broken_call_are_in_doubt() -> None:
    assert await verdicts_of(MANY, breaking(httpx.ReadError), *THREE) == [Doubtful("ReadError")] * 3
