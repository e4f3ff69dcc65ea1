"""The carrier: what it takes, what travels together, what is stored, and what is added when it is sent."""

import base64
import json
from typing import Any
from urllib.parse import parse_qs

import gsm0338
import httpx2 as httpx
import pytest

from smppgw.carriers.configured.fields import SEND
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Batch, DoubtRule, TrafficClass
from smppgw.core.values import Secret
from smppgw.core.verdict import Accepted, Deferred, Doubtful, Rejected
from tests.carriers.configured.builders import (
    ALIKE,
    MANY,
    ONE,
    answering_json,
    attempt_of,
    carrier,
    section,
    sent,
    verdicts_of,
)
from tests.carriers.contract import BATCH, NOW, Handler, Wire, answering, breaking, message, silent

HELLO = message(101, "4915112345601", "Hello")
GOOD = answering_json({"message": {"id": "m-1"}})


def said(template: str, one: Any = HELLO, **changes: Any) -> Any:
    """What a template says of a message."""
    body = {"x": template, "to": "{recipient}", "text": "{text}", "batch": "{batch_id}"}
    return json.loads(attempt_of(ONE, one, body=body, **changes).body).get("x")


# Defaults.


def test_defaults_are_careful() -> None:
    made = carrier(ONE)

    assert (made.limits.max_messages, made.limits.fence_s, made.limits.linger_s) == (1, None, 0.0)
    assert (made.limits.calls_per_s, made.limits.max_in_flight) == (20.0, 4)
    assert (made.on_doubt, made.polls.deadline_s) == (DoubtRule.UNKNOWN, 49 * 3600.0)


def test_a_minute_of_the_fence_is_kept_in_hand() -> None:
    assert carrier(ONE, fence_for="10m").limits.fence_s == 540.0
    assert carrier(ONE, fence_for="10m", fence=False).limits.fence_s is None


def test_a_number_stands_once_in_a_call_of_many() -> None:
    assert carrier(MANY).limits.distinct_recipients
    assert not carrier(ONE).limits.distinct_recipients


# What it takes.


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"parts": 4}, ErrorCode.PARAMETER_REFUSED),
        ({"recipient": ""}, ErrorCode.INVALID_NUMBER),
        ({"recipient": "+49151"}, ErrorCode.INVALID_NUMBER),
        ({"recipient": "1" * 16}, ErrorCode.INVALID_NUMBER),
        ({"text": "\ud83d"}, ErrorCode.PARAMETER_REFUSED),
        ({"sender": "\udc00"}, ErrorCode.PARAMETER_REFUSED),
        ({"text": "你好"}, ErrorCode.PARAMETER_REFUSED),
    ],
)
def test_what_no_request_could_carry_is_refused(changes: dict[str, Any], error: ErrorCode) -> None:
    values = {"recipient": "4915112345601", "text": "Hello", **changes}
    one = message(1, values.pop("recipient"), values.pop("text"), **values)

    refused = carrier(ONE, max_parts=3, charset="iso-8859-1").check(one)

    assert isinstance(refused, Rejected)
    assert refused.error is error


def test_any_unicode_is_taken_in_utf8() -> None:
    assert carrier(ONE).check(message(1, "49151", "你好 😀 \x00")) is None


# What travels together.


def keys(text: str, *messages: Any, **changes: Any) -> int:
    made = carrier(text, **changes)
    return len({made.group_key(one) for one in messages})


def test_messages_with_items_of_their_own_travel_together_whatever_they_say() -> None:
    assert keys(MANY, HELLO, message(2, "49152", "Bye", sender="Shop", flash=True)) == 1


def test_what_is_said_once_per_call_must_be_equal() -> None:
    assert keys(ALIKE, HELLO, message(2, "49152", "Hello")) == 1
    assert keys(ALIKE, HELLO, message(2, "49152", "Bye")) == 2
    assert keys(ALIKE, HELLO, message(2, "49152", "Hello", sender="Shop")) == 2
    assert keys(ALIKE, HELLO, message(2, "49152", "Hello", flash=True)) == 1


def test_messages_of_one_campaign_share_an_end_of_validity() -> None:
    campaign = [message(n, f"4915{n}", "Hello", accepted_at=NOW + n, expires_at=NOW + n + 86400.0) for n in range(60)]

    assert keys(ALIKE, *campaign) <= 2
    assert keys(ALIKE, HELLO, message(2, "49152", "Hello", expires_at=NOW + 7200.0)) == 2


def test_a_shared_end_is_never_before_that_of_a_message() -> None:
    body = parse_qs(attempt_of(ALIKE, HELLO, now=NOW + 100).body.decode())

    assert 86300 <= int(body["ttl"][0]) <= 86300 + 900


# What is said.


@pytest.mark.parametrize(
    ("template", "changes", "value"),
    [
        ("{recipient}", {}, "4915112345601"),
        ("{recipient_plus}", {}, "+4915112345601"),
        ("{sender}", {"sender": "4930123", "sender_is_number": True}, "4930123"),
        ("{sender_plus}", {"sender": "4930123", "sender_is_number": True}, "+4930123"),
        ("{sender_plus}", {"sender": "Shop"}, "Shop"),
        ("{sender}", {}, None),
        ("{text}", {}, "Hello"),
        ("{text:hex}", {}, "00480065006C006C006F"),
        ("{message_id}", {}, "101"),
        ("{batch_id}", {}, BATCH),
        ("{account}", {}, "legacy"),
        ("{class}", {"traffic_class": TrafficClass.OTP}, "otp"),
        ("{country}", {}, "DE"),
        ("{service_type}", {"service_type": "CMT"}, "CMT"),
        ("{priority}", {"priority_flag": 3}, 3),
        ("{parts}", {"parts": 2}, 2),
        ("{flash}", {"flash": True}, True),
        ("{flash?1:0}", {}, "0"),
        ("{unicode}", {}, False),
        ("{unicode?unicode:text}", {"text": "Привет"}, "unicode"),
        ("{validity_s}", {"expires_at": NOW + 90.5}, 91),
        ("{validity_min}", {"expires_at": NOW + 90.5}, 2),
        ("{validity_s}", {"expires_at": NOW - 5}, 1),
        ("{validity_s}", {"expires_at": NOW + 10 * 86400}, 3600),
        ("{expires_at}", {"expires_at": NOW + 90}, "2023-11-14T22:14:50Z"),
        ("{count}", {}, 1),
        ("{recipients}", {}, ["4915112345601"]),
        ("{recipients_plus:,}", {}, "+4915112345601"),
    ],
)
def test_a_placeholder_stands_for(template: str, changes: dict[str, Any], value: Any) -> None:
    values = {"text": "Hello", **changes}

    assert said(template, message(101, "4915112345601", values.pop("text"), **values), longest_validity="1h") == value


def test_every_placeholder_is_shown_above() -> None:
    (marks,) = [mark for mark in test_a_placeholder_stands_for.pytestmark if mark.name == "parametrize"]
    shown = " ".join(row[0] for row in marks.args[1])

    assert [name for name in SEND if f"{{{name}" not in shown] == []


def test_a_message_without_a_sender_has_that_of_the_section() -> None:
    assert said("{sender}", sender="+15005550006") == "+15005550006"
    assert said("{sender_plus}", sender="+15005550006") == "+15005550006"
    assert said("{sender}", message(1, "49151", "x", sender="Shop"), sender="+15005550006") == "Shop"


def test_unicode_is_what_an_independent_codec_says() -> None:
    for character in "Aä€^ç@\n你":
        try:
            gsm0338.Codec().encode(character)
            fits = True
        except UnicodeEncodeError:
            fits = False
        assert said("{unicode}", message(1, "49151", character)) is not fits


# What is stored, and what is added.


def test_an_attempt_is_the_whole_request() -> None:
    attempt = attempt_of(ONE, HELLO, query={"mode": "live"})

    assert (attempt.host, attempt.method, attempt.target) == ("https://api.example", "POST", "/v1/messages?mode=live")
    assert attempt.content_type == "application/json"
    assert json.loads(attempt.body) == {"to": "+4915112345601", "text": "Hello", "ref": BATCH}
    assert attempt.messages == (101,)


WITH_BODY = {
    "status": {**section(ONE)["status"], "method": "POST", "body": {}},
    "lookup": None,
}


@pytest.mark.parametrize(
    ("changes", "header", "value"),
    [
        ({}, "authorization", "Bearer Token.9Zq"),
        (
            {"token": None, "username": "mé", "password": "p:w"},
            "authorization",
            "Basic " + base64.b64encode("mé:p:w".encode()).decode(),
        ),
        ({"key": "K-1", "key_in": {"header": "X-Api-Key"}}, "x-api-key", "K-1"),
        (
            {"token": None, "key": "K-1", "key_in": {"header": "Authorization", "prefix": "App "}},
            "authorization",
            "App K-1",
        ),
    ],
)
async def test_who_we_are_stands_in_a_header(changes: dict[str, Any], header: str, value: str) -> None:
    wire = Wire(GOOD)

    await verdicts_of(ONE, wire, HELLO, **changes)

    assert wire.requests[0].headers[header] == value


async def test_a_key_in_the_query_is_added_when_it_is_sent() -> None:
    changes: dict[str, Any] = {"key": "K 1&", "key_in": {"query": "api key"}, "query": {"a": "b"}}
    wire = Wire(GOOD)

    await verdicts_of(ONE, wire, HELLO, **changes)

    assert wire.requests[0].extensions["target"] == b"/v1/messages?a=b&api%20key=K%201%26"
    assert attempt_of(ONE, HELLO, **changes).target == "/v1/messages?a=b"


@pytest.mark.parametrize(
    "body", [{"to": "{recipient}", "text": "{text}"}, {"text": "{text}", "to": "{recipient:number}"}]
)
async def test_a_key_in_a_json_body_is_added_when_it_is_sent(body: dict[str, Any]) -> None:
    changes: dict[str, Any] = {"key": 'K"1', "key_in": {"body": "api_key"}, "body": body, **WITH_BODY}
    wire = Wire(GOOD)

    await verdicts_of(ONE, wire, HELLO, **changes)

    stored = json.loads(attempt_of(ONE, HELLO, **changes).body)
    assert json.loads(wire.requests[0].content) == {"api_key": 'K"1', **stored}


async def test_a_key_in_a_body_that_is_empty_is_all_of_it() -> None:
    changes: dict[str, Any] = {"key": "K-1", "key_in": {"body": "api_key"}, **WITH_BODY}
    wire = Wire(answering_json({}))
    made = carrier(ONE, wire, **changes)

    await made.statuses(sent(ONE, HELLO, **changes))

    assert wire.requests[0].content == b'{"api_key": "K-1"}'


async def test_a_key_in_a_form_is_added_when_it_is_sent() -> None:
    status = {"url": "https://x/{ref}", "method": "POST", "body": {"a": "b"}, "body_type": "form"}
    changes: dict[str, Any] = {
        "key": "K 1&",
        "key_in": {"body": "password"},
        "status": {**section(ALIKE)["status"], **status},
    }
    wire = Wire(answering_json({"id": "b-1"}))

    await verdicts_of(ALIKE, wire, HELLO, **changes)

    assert parse_qs(wire.requests[0].content.decode())["password"] == ["K 1&"]
    assert b"password" not in attempt_of(ALIKE, HELLO, **changes).body


async def test_a_secret_whose_file_was_spoilt_stops_the_carrier_and_costs_no_message() -> None:
    class Rotated(Secret):
        def reveal(self) -> str:
            return "two\nlines" if self.is_spoilt else "one-line"

        is_spoilt = False

    token = Rotated("one-line")
    made = carrier(ONE, silent, token=token)
    Rotated.is_spoilt = True

    (verdict,) = (await made.send(attempt_of(ONE, HELLO))).values()

    assert verdict == Deferred("not sent: a secret of the section cannot stand in a header", whole_carrier=True)


async def test_headers_say_the_batch_on_every_repeat() -> None:
    wire = Wire(GOOD)
    made = carrier(ONE, wire, headers={"Idempotency-Key": "{batch_id}", "Accept": "application/vnd.acme+json"})
    attempt = made.prepare(Batch(id=BATCH, messages=(HELLO,)), NOW)

    await made.send(attempt)
    await made.send(attempt)

    assert {(one.headers["idempotency-key"], one.headers["accept"]) for one in wire.requests} == {
        (BATCH, "application/vnd.acme+json")
    }


async def test_our_key_goes_to_no_host_that_the_configuration_no_longer_names() -> None:
    attempt = attempt_of(ONE, HELLO)
    moved = carrier(ONE, silent, url="https://api.elsewhere/v1/messages")

    assert await moved.send(attempt) == {HELLO.id: Doubtful("the carrier has another address now")}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, {"Idempotency-Key": "{batch_id}"}),
        ({"Idempotency-Key": "{batch_id}"}, None),
        ({"Idempotency-Key": "{batch_id}"}, {"Idempotency-Key": "v2-{batch_id}"}),
    ],
)
async def test_what_would_be_another_request_now_is_not_repeated(
    before: dict[str, str] | None, after: dict[str, str] | None
) -> None:
    """A key that is new to the carrier, or missing, would make a second message of it."""
    attempt = attempt_of(ONE, HELLO, headers=before)
    changed = carrier(ONE, silent, headers=after, fence_for="24h")

    assert await changed.send(attempt) == {HELLO.id: Doubtful("the requests have other headers now")}


async def test_an_answer_to_a_stored_attempt_is_read_by_another_process() -> None:
    """All that is left after a restart is the attempt: the rows are still told apart by the number."""
    two = (HELLO, message(102, "4915112345602", "Bye"))
    attempt = attempt_of(MANY, *two)
    rows = [{"to": "4915112345602", "id": "m-2", "status": "ok"}, {"to": "4915112345601", "id": "m-1", "status": "ok"}]

    verdicts = await carrier(MANY, answering_json({"results": rows})).send(attempt)

    assert [getattr(verdicts[one.id], "ref", None) for one in two] == ["m-1", "m-2"]
    assert {type(verdict) for verdict in verdicts.values()} == {Accepted}


# Trying it.


@pytest.mark.parametrize(
    ("handler", "ok", "words"),
    [
        (answering(200), True, ""),
        (answering(401), False, "http 401: login refused"),
        (answering(404), False, "http 404"),
        (answering(502), False, "http 502"),
        (breaking(httpx.ConnectError), False, "not reached: ConnectError"),
    ],
)
async def test_a_carrier_is_tried_with_its_own_question(handler: Handler, ok: bool, words: str) -> None:
    wire = Wire(handler)

    (probe,) = await carrier(ONE, wire, probe={"url": "https://api.example/balance?unit=eur"}).probe()

    assert (probe.place, probe.ok, probe.words) == ("https://api.example", ok, words)
    assert wire.requests[0].extensions["target"] == b"/balance?unit=eur"
    assert wire.requests[0].headers["authorization"] == "Bearer Token.9Zq"


async def test_a_carrier_with_a_look_up_is_tried_by_what_never_was() -> None:
    wire = Wire(answering(410))

    (probe,) = await carrier(MANY, wire, lookup={**section(MANY)["lookup"], "absent": [410]}).probe()

    assert wire.requests[0].url.path == "/batches/" + "0" * 32
    assert (probe.ok, probe.authenticated) == (True, None)


async def test_a_carrier_without_a_question_is_not_tried() -> None:
    assert await carrier(ONE, silent, lookup=None).probe() == ()
