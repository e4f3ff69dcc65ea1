"""International messages: what is refused early, the request, the answers, the repeat, the status."""

import asyncio
import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import httpx2 as httpx
import pytest
from structlog.testing import capture_logs

from smppgw.carriers.alibaba import globe as module
from smppgw.carriers.base import Carrier
from smppgw.carriers.http import Observer
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Batch, CarrierRef, Message, MessageId, Outcome, Sent, TrafficClass
from smppgw.core.verdict import Accepted, Deferred, Doubtful, Evidence, PauseCause, Rejected, StatusReport, Verdict
from tests.carriers.alibaba.builders import (
    GLOBE_NUMBER,
    KEY_ID,
    KEY_SECRET,
    MAINLAND_NUMBER,
    SHIPPED,
    TEMPLATES,
    Clock,
    answer,
    attempt_of,
    foreign,
    globe,
    query,
    reply,
    sent,
)
from tests.carriers.contract import BATCH, NOW, CarrierContract, Handler, Wire, sent_of, silent

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


SHARED: dict[str, Any] = {"max_batch": 3, "calls_per_s": 1.0}
NUMBERS = ("4915112345678", "4915112345679", "4915112345680")
IDS = ("1008030300421042", "1008030300421043", "1008030300421044")


def several(**changes: Any) -> tuple[Message, ...]:
    """Make messages that share a call."""
    return tuple(
        foreign(f"Hello {number}", id=MessageId(place), recipient=number, **changes)
        for place, number in enumerate(NUMBERS, start=1)
    )


def taken(**changes: object) -> dict[str, object]:
    """Make the answer to a call for several: all accepted."""
    return {
        "ResponseCode": "OK",
        "ResponseDescription": "The SMS Send Request was accepted",
        "RequestId": "F655",
        "From": "Alicloud",
        "MessageIdList": json.dumps(IDS),
        "SuccessCount": "3",
        "FailedList": "[]",
    } | changes


class TestContractOfCallsForSeveral(TestContract):
    """The same suite: a call for three."""

    ref = CarrierRef(IDS[0])

    async def make(self, transport: httpx.AsyncBaseTransport, *, observer: Observer, rotated: bool = False) -> Carrier:
        other: dict[str, Any] = {"access_key_id": "OTHERKEYID", "access_key_secret": "OTHERSECRET"}
        return globe(transport, observer=observer, **SHARED, **(other if rotated else {}))

    def samples(self) -> tuple[Message, ...]:
        return several()

    def success(self, request: httpx.Request) -> httpx.Response:
        return answer(taken())(request)

    def final(self, request: httpx.Request) -> httpx.Response:
        # All ask for one id here, so the answers name the numbers in turn.
        self.asked = getattr(self, "asked", -1) + 1
        return answer(known(MessageId=IDS[0], To=NUMBERS[self.asked % 3]))(request)


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
async def test_ok_without_a_usable_message_id_is_doubtful_but_it_has_arrived(message_id: object) -> None:
    verdict = await verdict_on(answer(accepted(MessageId=message_id)))

    assert verdict == Doubtful("OK without a MessageId", Evidence.ARRIVED)


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


async def test_no_look_up_is_made() -> None:
    carrier = globe(silent)
    one = foreign()

    verdicts = await carrier.resolve(attempt_of(carrier, one), sent(one, None))

    assert not carrier.lookup_resolves
    assert [type(verdict) for verdict in verdicts.values()] == [Doubtful]


@pytest.mark.parametrize(("fence", "fence_s"), [(True, 840.0), (False, None)])
def test_the_fence_is_the_life_of_a_date_less_a_minute(fence: bool, fence_s: float | None) -> None:
    assert globe(silent, fence=fence).limits.fence_s == fence_s


async def test_a_repeat_keeps_nonce_and_date() -> None:
    wire = Wire(answer(accepted()))
    clock = Clock()
    carrier = globe(wire, clock=clock)
    attempt = attempt_of(carrier, foreign())

    for _ in range(2):
        await carrier.send(attempt)
        clock.now += 600

    kept = {
        (request.headers["x-acs-signature-nonce"], request.headers["x-acs-date"], str(request.url))
        for request in wire.requests
    }
    assert len(kept) == 1


# --- mainland China from abroad ---------------------------------------------------------------------------------------

CHINA: dict[str, Any] = {"mainland": True, "sign_name": "阿里云", "templates": TEMPLATES}


def to_china(text: str = SHIPPED, **changes: Any) -> Message:
    return foreign(text, **{"country": "CN", "recipient": MAINLAND_NUMBER, **changes})


@pytest.mark.parametrize(
    ("one", "error"),
    [
        (to_china("anything"), ErrorCode.TEMPLATE_MISMATCH),
        (to_china(recipient="861012345678"), ErrorCode.INVALID_NUMBER),
        (to_china("\udc00"), ErrorCode.PARAMETER_REFUSED),
    ],
)
def test_what_no_template_says_is_refused(one: Message, error: ErrorCode) -> None:
    refused = globe(silent, **CHINA).check(one)

    assert refused
    assert refused.error is error


async def test_a_text_to_mainland_china_goes_as_its_template() -> None:
    wire = Wire(answer(accepted(To=MAINLAND_NUMBER, Segments="1")))
    carrier = globe(wire, **CHINA)
    one = to_china("【示例科技】" + SHIPPED)

    verdicts = await carrier.send(attempt_of(carrier, one))

    assert carrier.check(one) is None
    assert verdicts == {one.id: Accepted(CarrierRef(MESSAGE_ID), parts=1)}
    assert query(wire.requests[0]) == {
        "To": MAINLAND_NUMBER,
        "From": "示例科技",
        "TemplateCode": "SMS_100000002",
        "TemplateParam": '{"name":"李雷","order":"A-17","no":"SF1"}',
        "ValidityPeriod": "86400",
    }
    assert wire.requests[0].headers["x-acs-action"] == "SendMessageWithTemplate"


async def test_a_text_that_fits_no_template_any_more_is_never_sent_as_it_is() -> None:
    one = to_china()
    attempt = attempt_of(globe(silent), one)

    verdicts = await globe(silent, **CHINA).send(attempt)

    assert verdicts == {one.id: Rejected(ErrorCode.TEMPLATE_MISMATCH, "fits no template any more")}


def test_messages_to_mainland_china_travel_alone() -> None:
    carrier = globe(silent, **CHINA, **SHARED)

    assert carrier.group_key(to_china(id=MessageId(1))) != carrier.group_key(to_china(id=MessageId(2)))


# --- several in one call ----------------------------------------------------------------------------------------------


def test_calls_for_several_are_off_unless_they_are_asked_for() -> None:
    limits = globe(silent).limits

    assert (limits.max_messages, limits.batches_per_s) == (1, None)


def test_a_call_for_several_is_scarce_and_must_be_worth_it() -> None:
    limits = globe(silent, max_batch=100, calls_per_s=50.0).limits

    assert (limits.max_messages, limits.batch_from, limits.batches_per_s) == (100, 51, 0.9)
    assert limits.distinct_recipients


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ({}, {"text": "another text"}, True),
        ({}, {"recipient": "85251234567", "country": "HK"}, True),
        ({}, {"expires_at": NOW + 86400 + 30}, True),
        ({}, {"expires_at": NOW + 2 * 86400}, False),
        ({}, {"sender": "Shop"}, False),
        ({}, {"traffic_class": TrafficClass.MARKETING}, False),
        # The platform advises against it for what is urgent, and a call for several has no type for it.
        ({"traffic_class": TrafficClass.OTP}, {"traffic_class": TrafficClass.OTP}, False),
        # 27 characters of nine octets each would make too long a URL.
        ({"text": "好" * 26}, {"text": "好" * 26}, True),
        ({"text": "好" * 27}, {"text": "好" * 27}, False),
    ],
)
def test_messages_share_a_call_when_all_that_is_said_once_is_equal(
    one: dict[str, Any], other: dict[str, Any], together: bool
) -> None:
    carrier = globe(silent, **SHARED)

    keys = [carrier.group_key(foreign(**{"id": MessageId(n), **each})) for n, each in enumerate((one, other))]

    assert (keys[0] == keys[1]) is together


async def test_a_call_for_several_says_what_single_calls_would_and_ends_with_the_first() -> None:
    wire = Wire(answer(taken()))
    carrier = globe(wire, **SHARED)
    messages = several(sender="Shop")
    messages = (replace(messages[0], expires_at=NOW + 86390), *messages[1:])

    await carrier.send(carrier.prepare(Batch(id=BATCH, messages=messages), NOW))

    said = query(wire.requests[0])
    assert json.loads(said.pop("To")) == list(NUMBERS)
    assert json.loads(said.pop("Message")) == [message.text for message in messages]
    assert said == {"From": "Shop", "Type": "NOTIFY", "TaskId": BATCH, "ValidityPeriod": "86390"}
    assert wire.requests[0].headers["x-acs-action"] == "BatchSendMessageToGlobe"


async def verdicts_on(handler: Handler) -> list[Verdict]:
    carrier = globe(handler, **SHARED)
    messages = several()
    verdicts = await carrier.send(carrier.prepare(Batch(id=BATCH, messages=messages), NOW))
    return [verdicts[message.id] for message in messages]


async def test_the_failed_ones_are_tried_in_a_smaller_call_and_the_others_have_been_taken() -> None:
    verdicts = await verdicts_on(
        answer(taken(MessageIdList=json.dumps(IDS[:2]), SuccessCount="2", FailedList=json.dumps([NUMBERS[1]])))
    )

    assert [verdicts[0], verdicts[2]] == [Accepted(CarrierRef(IDS[0])), Accepted(CarrierRef(IDS[1]))]
    assert isinstance(verdicts[1], Rejected)
    assert verdicts[1].whole_batch


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("MOBILE_NUMBER_ILLEGAL", Rejected(ErrorCode.INVALID_NUMBER, "http 200: MOBILE_NUMBER_ILLEGAL",
            Outcome.UNDELIVERABLE, may_fail_over=False, whole_batch=True)),
        ("MOBILE_COUNT_OVER_LIMIT", Rejected(ErrorCode.PARAMETER_REFUSED, "http 200: MOBILE_COUNT_OVER_LIMIT",
            whole_batch=True)),
        ("BUSINESS_LIMIT_CONTROL_MINUTE", Rejected(ErrorCode.FREQUENCY_LIMIT,
            "http 200: BUSINESS_LIMIT_CONTROL_MINUTE", whole_batch=True)),
        ("QPS_LIMIT_CONTROL", Deferred("http 200: QPS_LIMIT_CONTROL", whole_carrier=True, pause=PauseCause.THROTTLE)),
        ("SYSTEM_ERROR", Doubtful("http 200: SYSTEM_ERROR")),
    ],
)  # fmt: skip
async def test_the_refusal_of_a_whole_call_is_halved_unless_it_is_the_carriers(code: str, expected: Verdict) -> None:
    assert await verdicts_on(reply(ResponseCode=code)) == [expected] * 3


def asked_for(request: httpx.Request) -> str:
    return query(request)["MessageId"]


async def test_ids_in_another_order_than_the_numbers_never_cross_receipts() -> None:
    """Every order of three: each message gets the status of its own number."""
    outcomes = dict(zip(NUMBERS, ("DELIVERED", "REJECTD", "EXPIRED"), strict=True))
    expected = [Outcome.DELIVERED, Outcome.REJECTED, Outcome.EXPIRED]
    for order in itertools.permutations(NUMBERS):
        truth = dict(zip(IDS, order, strict=True))

        def platform(request: httpx.Request, truth: dict[str, str] = truth) -> httpx.Response:
            number = truth[asked_for(request)]
            status = "1" if outcomes[number] == "DELIVERED" else "2"
            return answer(known(MessageId=asked_for(request), To=number, Status=status, ErrorCode=outcomes[number]))(
                request
            )

        carrier = globe(platform, **SHARED)
        found = await carrier.statuses(sent_by_order())

        by_message = {report.message: report.outcome for report in found}
        assert [by_message[MessageId(place)] for place in (1, 2, 3)] == expected, order


def sent_by_order(count: int = 3) -> list[Sent]:
    """Make what a store hands out after a call for several: the ids in the order of the numbers."""
    carrier = globe(silent, **SHARED)
    attempt = carrier.prepare(Batch(id=BATCH, messages=several()), NOW)
    rows = [sent_of(attempt, [one], CarrierRef(ref))[0] for one, ref in zip(several(), IDS, strict=True)]
    return rows[:count]


@pytest.mark.parametrize("to", [None, "", "49151****5678", NUMBERS[2], "4915100000000"])
async def test_a_status_that_cannot_be_verified_is_nobodys(to: str | None) -> None:
    carrier = globe(lambda request: answer(known(MessageId=asked_for(request), To=to))(request), **SHARED)

    assert list(await carrier.statuses(sent_by_order(2))) == []


async def test_an_order_that_is_wrong_is_told_once() -> None:
    swapped = dict(zip(IDS, reversed(NUMBERS), strict=True))
    carrier = globe(
        lambda request: answer(known(MessageId=asked_for(request), To=swapped[asked_for(request)]))(request), **SHARED
    )

    with capture_logs() as logs:
        for _ in range(2):
            await carrier.statuses(sent_by_order())

    assert [line["log_level"] for line in logs] == ["warning"]


async def test_statuses_that_take_too_long_are_left_for_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ASKING_S", 0.05)
    at_the_platform = dict(zip(IDS, NUMBERS, strict=True))

    async def platform(request: httpx.Request) -> httpx.Response:
        if asked_for(request) == IDS[0]:
            await asyncio.Event().wait()
        number = at_the_platform[asked_for(request)]
        return answer(known(MessageId=asked_for(request), To=number))(request)

    found = await globe(httpx.MockTransport(platform), **SHARED).statuses(sent_by_order())

    assert {report.message for report in found} == {2, 3}
