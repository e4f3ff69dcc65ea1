"""Pushes, read by the configuration: reports and inbound texts, in JSON and in forms."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.carriers.base import PushAnswer, Pushes
from smppgw.carriers.configured import HttpCarrier
from smppgw.core.codes import ErrorCode
from smppgw.core.model import BatchId, CarrierRef, Outcome
from smppgw.core.verdict import Inbound, PushContents, PushedReport
from tests.carriers.configured.builders import MANY, carrier
from tests.carriers.contract import GARBAGE, NOW

PUSH = {
    "rows": "results",
    "batch": "bulk",
    "ref": "id",
    "recipient": "to",
    "state": "state",
    "ended_at": "done",
    "parts": "parts",
    "inbound": {"key": "id", "sender": "from", "destination": "to", "text": "text", "at": "received"},
}
FORM = {
    "ref": "MessageSid",
    "state": "MessageStatus",
    "states": {"delivered": "delivered", "undelivered": "undeliverable", "sent": "enroute"},
    "error": "ErrorCode",
    "errors": {"30003": "not_on_service"},
    "recipient": "To",
    "inbound": {"key": "MessageSid", "sender": "From", "destination": "To", "text": "Body"},
}


def pushed(push: dict[str, Any]) -> HttpCarrier:
    return carrier(MANY, push=push, push_secret="0123456789abcdef")


def read(rows: Any) -> PushContents:
    body = json.dumps({"results": rows}).encode()
    return pushed(PUSH).read_push(body, "application/json; charset=utf-8")


def read_form(**fields: str) -> PushContents:
    return pushed(FORM).read_push(urlencode(fields).encode(), "application/x-www-form-urlencoded")


def report(**changes: Any) -> PushedReport:
    values: dict[str, Any] = {
        "batch": None,
        "ref": CarrierRef("m-1"),
        "recipient": "4915112345601",
        "outcome": Outcome.DELIVERED,
        "final": True,
        "error": ErrorCode.NONE,
        "detail": "D",
        "at": None,
        "parts": None,
        "nothing_left": False,
    }
    return PushedReport(**{**values, **changes})


def test_a_push_brings_reports_in_the_words_of_polls() -> None:
    contents = read(
        [
            {"id": "m-1", "to": "+4915112345601", "state": "D", "done": NOW, "parts": 2},
            {"bulk": "7f3a", "to": "004915112345602", "state": "F"},
            {"id": "m-3", "bulk": "7f3a", "state": "R"},
        ]
    )

    assert contents == PushContents(
        reports=(
            report(at=NOW, parts=2),
            report(
                batch=BatchId("7f3a"),
                ref=None,
                recipient="4915112345602",
                outcome=Outcome.UNDELIVERABLE,
                error=ErrorCode.UNDELIVERABLE,
                detail="F",
            ),
            report(
                batch=BatchId("7f3a"),
                ref=CarrierRef("m-3"),
                recipient="",
                outcome=Outcome.ENROUTE,
                final=False,
                detail="R",
            ),
        )
    )


def test_rows_that_make_no_sense_are_counted_and_cost_only_themselves() -> None:
    contents = read([1, None, {}, {"state": "D"}, {"id": "m-1"}, {"id": "m-1", "to": "4915112345601", "state": "D"}])

    assert contents == PushContents(reports=(report(),), unreadable=5)


def test_a_text_for_us_is_told_from_a_report() -> None:
    contents = read(
        [
            {
                "id": "i-1",
                "from": "4915112345601",
                "to": "+49800123",
                "text": "STOP",
                "received": "2023-11-14T22:13:20Z",
            },
            {"id": "i-2", "from": "Shop", "to": "80808", "text": "", "state": "D"},
            {"id": "i-3", "from": "", "to": "80808", "text": "x"},
            {"from": "49151", "to": "80808", "text": "x"},
        ]
    )

    assert contents == PushContents(
        inbound=(
            Inbound(key="i-1", sender="+4915112345601", destination="+49800123", text="STOP", at=NOW),
            Inbound(key="i-2", sender="Shop", destination="80808", text="", at=None),
        ),
        unreadable=2,
    )


def test_a_lone_surrogate_does_not_come_in() -> None:
    body = rb'{"results":[{"id":"i-1","from":"49151123","to":"80808","text":"a\ud83db"}]}'

    (inbound,) = pushed(PUSH).read_push(body, "application/json").inbound

    assert inbound.text.encode() == "a\ufffdb".encode()


def test_a_form_is_one_report() -> None:
    contents = read_form(MessageSid="SM1", MessageStatus="undelivered", ErrorCode="30003", To="+4915112345601")

    assert contents == PushContents(
        reports=(
            report(
                ref=CarrierRef("SM1"),
                outcome=Outcome.UNDELIVERABLE,
                error=ErrorCode.NOT_ON_SERVICE,
                detail="undelivered/30003",
            ),
        )
    )


def test_a_form_can_be_a_text_for_us() -> None:
    contents = read_form(MessageSid="SM2", From="+4915112345601", To="+15005550006", Body="Grüße & mehr")

    assert [(one.key, one.text) for one in contents.inbound] == [("SM2", "Grüße & mehr")]


def test_a_state_of_no_table_is_not_final() -> None:
    (found,) = read([{"id": "m-1", "to": "4915112345601", "state": "DELIVERED?"}]).reports

    assert (found.outcome, found.final) == (Outcome.ENROUTE, False)


@pytest.mark.parametrize("body", [*GARBAGE, b'{"results":{}}', b'{"results":null}'])
def test_a_body_without_sense_is_counted_once(body: bytes) -> None:
    assert pushed(PUSH).read_push(body, "application/json") == PushContents(unreadable=1)


def test_a_carrier_without_pushes_reads_none() -> None:
    assert carrier(MANY).read_push(b"{}", "application/json") == PushContents(unreadable=1)


@given(
    st.binary()
    | st.recursive(
        st.none() | st.integers() | st.text() | st.sampled_from(["results", "id", "state", "D"]),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["results", "id", "to", "state", "text", "from"]), inner)
        ),
    ).map(lambda document: json.dumps(document).encode()),
    st.sampled_from(["application/json", "application/x-www-form-urlencoded", "", "text/xml"]),
)
def test_no_push_raises(body: bytes, content_type: str) -> None:
    for push in (PUSH, FORM):
        pushed(push).read_push(body, content_type)


def test_a_pusher_hears_what_it_wants_to_hear() -> None:
    made = pushed({**PUSH, "reply": '{"status":"ok"}'})

    assert isinstance(made, Pushes)
    assert made.push_answer == PushAnswer("text/plain", b'{"status":"ok"}')
    assert pushed(PUSH).push_answer.body == b"OK"


def test_a_doubt_waits_for_a_push_that_gives_our_reference_back() -> None:
    assert pushed(PUSH).limits.push_wait_s == 3600.0
    assert pushed({**PUSH, "wait": "2h"}).limits.push_wait_s == 7200.0
    assert pushed(FORM).limits.push_wait_s is None
    assert carrier(MANY).limits.push_wait_s is None
