"""International messages: what is refused early, the request, the answers, and the status that means two things."""

from collections.abc import Sequence
from typing import Any, ClassVar

import httpx2 as httpx
import pytest

from smppgw.carriers.base import Carrier
from smppgw.carriers.http import Observer
from smppgw.core.codes import ErrorCode
from smppgw.core.model import CarrierRef, Message, Outcome, TrafficClass
from smppgw.core.verdict import Accepted, Deferred, Doubtful, Evidence, PauseCause, Rejected, StatusReport, Verdict
from tests.carriers.alibaba.builders import (
    GLOBE_NUMBER,
    KEY_ID,
    KEY_SECRET,
    answer,
    attempt_of,
    foreign,
    globe,
    query,
    reply,
    sent,
)
from tests.carriers.contract import BATCH, NOW, CarrierContract, Handler, Wire, silent

MESSAGE_ID = "1008030300421042"


def accepted(**changes: object) -> dict[str, object]:
    return {
        "ResponseCode": "OK",
        "ResponseDescription": "The SMS Send Request was accepted",
        "RequestId": "F655",
        "MessageId": MESSAGE_ID,
        "From": "Alicloud321",
        "To": GLOBE_NUMBER,
        "Segments": "2",
        "NumberDetail": {"Carrier": "CMI", "Country": "Germany", "Region": ""},
    } | changes


def known(**changes: object) -> dict[str, object]:
    """Make the answer of QueryMessage: delivered."""
    return {
        "ResponseCode": "OK",
        "MessageId": MESSAGE_ID,
        "Status": "1",
        "ErrorCode": "DELIVERED",
        "ErrorDescription": "success",
        "Message": "Hello!",
        "To": GLOBE_NUMBER,
        "SendDate": "Wed, 15 Nov 2023 06:13:20 +0800",
        "ReceiveDate": "Wed, 15 Nov 2023 06:13:23 +0800",
    } | changes


class TestContract(CarrierContract):
    secrets: ClassVar[list[str]] = [KEY_ID, KEY_SECRET, "OTHERKEYID", "OTHERSECRET"]
    ref = CarrierRef(MESSAGE_ID)

    async def make(self, transport: httpx.AsyncBaseTransport, *, observer: Observer, rotated: bool = False) -> Carrier:
        other: dict[str, Any] = {"access_key_id": "OTHERKEYID", "access_key_secret": "OTHERSECRET"}
        return globe(transport, observer=observer, **(other if rotated else {}))

    def samples(self) -> tuple[Message, ...]:
        return (foreign(),)

    def success(self, request: httpx.Request) -> httpx.Response:
        return answer(accepted())(request)

    def final(self, request: httpx.Request) -> httpx.Response:
        return answer(known())(request)

    def _assert_unproven(self, verdicts: Sequence[Verdict]) -> None:
        # No look-up is made, so none can fail: nothing will ever be known.
        assert {getattr(verdict, "evidence", None) for verdict in verdicts} == {Evidence.ABSENT}


async def verdict_on(handler: Handler) -> Verdict:
    carrier = globe(handler)
    one = foreign()
    return (await carrier.send(attempt_of(carrier, one)))[one.id]


async def report_on(**fields: object) -> StatusReport | None:
    reports = await globe(answer(fields)).statuses(sent(foreign(), MESSAGE_ID))
    assert len(reports) <= 1
    return reports[0] if reports else None


@pytest.mark.parametrize(
    ("one", "error"),
    [
        (foreign(country="CN", recipient="8613900000000"), ErrorCode.NO_ROUTE),
        (foreign(country="", recipient="8613900000000"), ErrorCode.NO_ROUTE),
        (foreign(recipient="49151"), ErrorCode.INVALID_NUMBER),
        (foreign(recipient="4" * 16), ErrorCode.INVALID_NUMBER),
        (foreign(sender="Twelve_chars"), ErrorCode.SENDER_REFUSED),
        (foreign(sender="ABCDEFGHIJKL"), ErrorCode.SENDER_REFUSED),
        (foreign(sender="1" * 16), ErrorCode.SENDER_REFUSED),
        (foreign("x" * 2001), ErrorCode.PARAMETER_REFUSED),
        (foreign("\udc00"), ErrorCode.PARAMETER_REFUSED),
    ],
)
def test_what_can_never_be_taken_is_refused(one: Message, error: ErrorCode) -> None:
    refused = globe(silent).check(one)

    assert refused
    assert refused.error is error


@pytest.mark.parametrize(
    "one",
    [
        foreign(country="HK", recipient="85251234567"),
        foreign(country="TW", recipient="886912345678"),
        foreign(sender="ABCDEFGHIJK"),
        foreign(sender="1Shop"),
        foreign(sender="491511234567890"),
        foreign("x" * 2000),
    ],
)
def test_what_can_be_taken_passes(one: Message) -> None:
    assert globe(silent).check(one) is None


@pytest.mark.parametrize(
    ("traffic_class", "kind"),
    [(TrafficClass.OTP, "OTP"), (TrafficClass.TRANSACTIONAL, "NOTIFY"), (TrafficClass.MARKETING, "MKT")],
)
async def test_the_request_says_all_there_is_to_say(traffic_class: TrafficClass, kind: str) -> None:
    wire = Wire(answer(accepted()))
    carrier = globe(wire)

    await carrier.send(attempt_of(carrier, foreign("50% & mehr €", sender="Shop", traffic_class=traffic_class)))

    assert query(wire.requests[0]) == {
        "To": GLOBE_NUMBER,
        "From": "Shop",
        "Message": "50% & mehr €",
        "Type": kind,
        "TaskId": BATCH,
        "ValidityPeriod": "86400",
    }
    headers = wire.requests[0].headers
    assert (headers["x-acs-action"], headers["x-acs-version"]) == ("SendMessageToGlobe", "2018-05-01")


@pytest.mark.parametrize(
    ("expires_in", "validity"), [(0.2, "1"), (-5.0, "1"), (59.1, "60"), (30 * 86400.0, str(72 * 3600))]
)
def test_the_validity_is_what_is_left_of_it(expires_in: float, validity: str) -> None:
    attempt = attempt_of(globe(silent), foreign(expires_at=NOW + expires_in))

    assert query(httpx.Request("POST", attempt.host + attempt.target))["ValidityPeriod"] == validity


@pytest.mark.parametrize(("own", "default", "sent_as"), [("", "", None), ("", "Shop", "Shop"), ("Me", "Shop", "Me")])
def test_a_sender_is_the_messages_own_or_the_default_or_absent(own: str, default: str, sent_as: str | None) -> None:
    attempt = attempt_of(globe(silent, sender=default), foreign(sender=own))

    assert query(httpx.Request("POST", attempt.host + attempt.target)).get("From") == sent_as


@pytest.mark.parametrize(
    ("segments", "parts"),
    [
        ("2", 2),
        (3, 3),
        ("0", None),
        ("", None),
        (None, None),
        ("-1", None),
        ("two", None),
        ("1000", None),
        (10**30, None),
    ],
)
async def test_acceptance_tells_the_id_and_the_billed_parts(segments: object, parts: int | None) -> None:
    verdict = await verdict_on(answer(accepted(Segments=segments)))

    assert verdict == Accepted(CarrierRef(MESSAGE_ID), parts=parts)


@pytest.mark.parametrize("message_id", [None, "", "x" * 65, "a b", 7])
async def test_ok_without_a_usable_message_id_is_doubtful(message_id: object) -> None:
    assert await verdict_on(answer(accepted(MessageId=message_id))) == Doubtful("OK without a MessageId")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("QPS_LIMIT_CONTROL", Deferred("http 200: QPS_LIMIT_CONTROL", whole_carrier=True, pause=PauseCause.THROTTLE)),
        (
            "AMOUNT_NOT_ENOUGH",
            Deferred("http 200: AMOUNT_NOT_ENOUGH", not_before=NOW + 60, whole_carrier=True, pause=PauseCause.MONEY),
        ),
        ("BUSINESS_LIMIT_CONTROL_MINUTE", Deferred("http 200: BUSINESS_LIMIT_CONTROL_MINUTE", not_before=NOW + 40)),
        ("isv.BUSINESS_LIMIT_DAY", Rejected(ErrorCode.FREQUENCY_LIMIT, "http 200: isv.BUSINESS_LIMIT_DAY")),
        ("SYSTEM_ERROR", Doubtful("http 200: SYSTEM_ERROR")),
        ("ONLINE_BILLING_FAILED", Doubtful("http 200: ONLINE_BILLING_FAILED")),
        ("IN_THE_UNREAD_TAIL_OF_THE_TABLE", Doubtful("http 200: IN_THE_UNREAD_TAIL_OF_THE_TABLE")),
        (
            "MOBILE_NUMBER_ILLEGAL",
            Rejected(
                ErrorCode.INVALID_NUMBER,
                "http 200: MOBILE_NUMBER_ILLEGAL",
                Outcome.UNDELIVERABLE,
                may_fail_over=False,
            ),
        ),
    ],
)
async def test_a_business_refusal_becomes_its_verdict(code: str, expected: Verdict) -> None:
    assert await verdict_on(reply(ResponseCode=code, ResponseDescription="d")) == expected


async def test_a_gateway_refusal_is_read_in_its_own_shape() -> None:
    verdict = await verdict_on(reply(400, Code="SignatureNonceUsed", Message="m"))

    assert verdict == Doubtful("http 400: SignatureNonceUsed", Evidence.ARRIVED)


@pytest.mark.parametrize(
    ("changes", "outcome", "final", "error"),
    [
        ({}, Outcome.DELIVERED, True, ErrorCode.NONE),
        ({"ErrorCode": "DELIVRD"}, Outcome.DELIVERED, True, ErrorCode.NONE),
        ({"ErrorCode": "success", "Status": "3"}, Outcome.DELIVERED, True, ErrorCode.NONE),
        # 1 is "submitted" in one edition and "success" in the other; 3 is "delivered" and "being sent".
        ({"ErrorCode": "", "Status": "1"}, Outcome.ENROUTE, False, ErrorCode.NONE),
        ({"ErrorCode": "", "Status": 3, "ReceiveDate": None}, Outcome.ENROUTE, False, ErrorCode.NONE),
        ({"ErrorCode": "DELIVERED", "ReceiveDate": None}, Outcome.ENROUTE, False, ErrorCode.NONE),
        ({"ErrorCode": "DELIVERED", "ReceiveDate": ""}, Outcome.ENROUTE, False, ErrorCode.NONE),
        ({"ErrorCode": None, "Status": None}, Outcome.ENROUTE, False, ErrorCode.NONE),
        ({"ErrorCode": "UNDELIV", "Status": "2"}, Outcome.UNDELIVERABLE, True, ErrorCode.UNDELIVERABLE),
        ({"ErrorCode": "REJECTD", "Status": 2}, Outcome.REJECTED, True, ErrorCode.NOT_ACCEPTED),
        ({"ErrorCode": "EXPIRED", "Status": "2"}, Outcome.EXPIRED, True, ErrorCode.VALIDITY_EXCEEDED),
        ({"ErrorCode": "ZZ:9999", "Status": "2"}, Outcome.UNDELIVERABLE, True, ErrorCode.UNKNOWN_STATUS),
        ({"ErrorCode": "", "Status": "6"}, Outcome.EXPIRED, True, ErrorCode.VALIDITY_EXCEEDED),
    ],
)
async def test_the_receipt_code_comes_before_the_status(
    changes: dict[str, object], outcome: Outcome, final: bool, error: ErrorCode
) -> None:
    report = await report_on(**known(**changes))

    assert report
    assert (report.outcome, report.final, report.error) == (outcome, final, error)


async def test_a_report_tells_when_it_ended() -> None:
    report = await report_on(**known())

    assert report
    assert report.at == NOW + 3


@pytest.mark.parametrize("to", [None, GLOBE_NUMBER, "+" + GLOBE_NUMBER, "49151****5678"])
async def test_an_answer_is_ours_however_the_number_is_written(to: str | None) -> None:
    assert await report_on(**known(To=to))


@pytest.mark.parametrize(
    "fields",
    [
        known(To="4915112345679"),
        known(MessageId="another"),
        {"ResponseCode": "DATA_NOT_EXIST"},
        {"ResponseCode": "QPS_LIMIT_CONTROL"},
        known(Status=[2]),
    ],
)
async def test_an_answer_that_is_not_about_this_message_says_nothing(fields: dict[str, Any]) -> None:
    assert await report_on(**fields) is None


async def test_a_message_without_id_cannot_be_asked_about() -> None:
    assert list(await globe(silent).statuses(sent(foreign(), None))) == []


async def test_a_doubt_waits_for_nothing() -> None:
    carrier = globe(silent)
    one = foreign()

    verdicts = await carrier.resolve(attempt_of(carrier, one), sent(one, None))

    assert not carrier.lookup_resolves
    assert [type(verdict) for verdict in verdicts.values()] == [Doubtful]
