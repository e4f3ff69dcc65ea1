"""Mainland China: what is refused early, the request, every kind of answer."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote

import httpx2 as httpx
import pytest

from smppgw.carriers.alibaba import Alibaba
from smppgw.carriers.base import Carrier
from smppgw.carriers.http import Observer
from smppgw.core.codes import ErrorCode
from smppgw.core.model import CarrierRef, Message, Outcome
from smppgw.core.verdict import Accepted, Deferred, Doubtful, Evidence, PauseCause, Rejected, Verdict
from tests.carriers.alibaba.builders import (
    KEY_ID,
    KEY_SECRET,
    SHIPPED,
    answer,
    attempt_of,
    by_action,
    chinese,
    chinese_batch,
    details,
    mainland,
    query,
    reply,
    row,
    sent,
    template_page,
    template_row,
)
from tests.carriers.contract import BATCH, NOW, CarrierContract, Handler, Wire, answering, silent

BIZ_ID = "900619746936498440^0"
ACCEPTED = reply(Code="OK", Message="OK", BizId=BIZ_ID, RequestId="A57F")


class TestContract(CarrierContract):
    secrets: ClassVar[list[str]] = [KEY_ID, KEY_SECRET, "OTHERKEYID", "OTHERSECRET"]
    ref = CarrierRef(BIZ_ID)

    async def make(self, transport: httpx.AsyncBaseTransport, *, observer: Observer, rotated: bool = False) -> Carrier:
        other: dict[str, Any] = {"access_key_id": "OTHERKEYID", "access_key_secret": "OTHERSECRET"}
        carrier = mainland(transport, observer=observer, **(other if rotated else {}))
        await carrier.refresh()
        return carrier

    def samples(self) -> tuple[Message, ...]:
        return (chinese(),)

    def success(self, request: httpx.Request) -> httpx.Response:
        return ACCEPTED(request)

    def final(self, request: httpx.Request) -> httpx.Response:
        others = [row(OutId="someone-else", SendStatus=2), row(PhoneNum="13911112222", SendStatus=2)]
        return answer(details(*others, row(PhoneNum=query(request)["PhoneNumber"])))(request)


class TestBatchContract(TestContract):
    """The same for several messages in one call."""

    def samples(self) -> tuple[Message, ...]:
        first, second, third = chinese_batch(3)
        return first, replace(second, text="【示例科技】" + SHIPPED), third


async def loaded(handler: Handler = silent, **keys: Any) -> Alibaba:
    carrier = mainland(handler, **keys)
    await carrier.refresh()
    return carrier


async def verdict_on(handler: Handler, one: Message | None = None) -> Verdict:
    carrier = await loaded(handler)
    one = one or chinese()
    verdicts = await carrier.send(attempt_of(carrier, one))
    return verdicts[one.id]


class TestCheck:
    @pytest.mark.parametrize(
        ("one", "error"),
        [
            (chinese(country="DE"), ErrorCode.NO_ROUTE),
            (chinese(country="HK", recipient="85251234567"), ErrorCode.NO_ROUTE),
            (chinese(recipient="861390000000"), ErrorCode.INVALID_NUMBER),
            (chinese(recipient="8602012345678"), ErrorCode.INVALID_NUMBER),
            (chinese("Hello"), ErrorCode.TEMPLATE_MISMATCH),
            (chinese("x" * 496), ErrorCode.PARAMETER_REFUSED),
            (chinese("\ud83d"), ErrorCode.PARAMETER_REFUSED),
        ],
    )
    async def test_what_can_never_be_taken_is_refused(self, one: Message, error: ErrorCode) -> None:
        refused = (await loaded()).check(one)

        assert refused
        assert refused.error is error

    @pytest.mark.parametrize("text", [SHIPPED, "【阿里云】" + SHIPPED, SHIPPED + "【别的签名】"])
    async def test_a_template_text_passes_with_or_without_signature(self, text: str) -> None:
        assert (await loaded()).check(chinese(text)) is None

    async def test_a_text_without_signature_needs_a_default_one(self) -> None:
        carrier = await loaded(sign_name=None)

        refused = carrier.check(chinese())

        assert refused
        assert refused.error is ErrorCode.SENDER_REFUSED

    @pytest.mark.parametrize(("sign_name", "passes"), [("示例科技", True), ("阿里云", True), ("别的", False)])
    async def test_a_text_brings_a_configured_signature_where_there_are_any(self, sign_name: str, passes: bool) -> None:
        carrier = await loaded(signatures=["示例科技"])

        assert (carrier.check(chinese(f"【{sign_name}】{SHIPPED}")) is None) is passes

    async def test_a_mismatch_names_the_nearest_template_and_not_the_text(self) -> None:
        refused = (await loaded()).check(chinese("尊敬的李雷，您的订单A-17已签收。"))

        assert refused
        assert refused.reason == "fits no template; nearest SMS_100000002: its literal text 3 of 4 does not follow"

    def test_nothing_is_refused_for_its_text_before_templates_are_there(self) -> None:
        assert mainland(silent).check(chinese("Hello")) is None


class TestPrepare:
    async def test_the_request_names_template_values_signature_and_our_reference(self) -> None:
        attempt = attempt_of(await loaded(), chinese("【示例科技】" + SHIPPED))

        params = {"name": "李雷", "order": "A-17", "no": "SF1"}
        assert query(httpx.Request("POST", attempt.host + attempt.target)) == {
            "PhoneNumbers": "13900000000",
            "SignName": "示例科技",
            "TemplateCode": "SMS_100000002",
            "TemplateParam": json.dumps(params, ensure_ascii=False, separators=(",", ":")),
            "OutId": BATCH,
        }

    async def test_a_template_without_variables_has_no_values(self) -> None:
        attempt = attempt_of(await loaded(), chinese("今日休息。"))

        assert "TemplateParam" not in query(httpx.Request("POST", attempt.host + attempt.target))

    async def test_the_date_is_that_of_the_preparation(self) -> None:
        attempt = attempt_of(await loaded(), chinese(), at=NOW + 1)

        assert attempt.date == datetime.fromtimestamp(NOW + 1, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    async def test_no_two_attempts_share_a_nonce(self) -> None:
        carrier = await loaded()

        assert attempt_of(carrier, chinese()).nonce != attempt_of(carrier, chinese()).nonce

    async def test_the_call_says_action_version_and_the_stored_nonce_and_date(self) -> None:
        wire = Wire(ACCEPTED)
        carrier = await loaded(wire)
        attempt = attempt_of(carrier, chinese())

        await carrier.send(attempt)

        headers = wire.requests[0].headers
        assert headers["x-acs-action"] == "SendSms"
        assert headers["x-acs-version"] == "2017-05-25"
        assert (headers["x-acs-signature-nonce"], headers["x-acs-date"]) == (attempt.nonce, attempt.date)

    async def test_a_token_of_temporary_keys_is_sent_and_signed(self) -> None:
        wire = Wire(ACCEPTED)
        carrier = await loaded(wire, security_token="CAIS==")

        await carrier.send(attempt_of(carrier, chinese()))

        headers = wire.requests[0].headers
        assert headers["x-acs-security-token"] == "CAIS=="
        assert ";x-acs-security-token;" in headers["authorization"]


class TestSend:
    async def test_ok_with_a_biz_id_is_acceptance(self) -> None:
        assert await verdict_on(ACCEPTED) == Accepted(CarrierRef(BIZ_ID), parts=1)

    @pytest.mark.parametrize("biz_id", [None, "", "x" * 65, "a b", 7])
    async def test_ok_without_a_usable_biz_id_is_doubtful(self, biz_id: object) -> None:
        verdict = await verdict_on(reply(Code="OK", Message="OK", BizId=biz_id))

        assert verdict == Doubtful("OK without a BizId")

    async def test_small_names_are_read_too(self) -> None:
        verdict = await verdict_on(reply(code="isv.MOBILE_NUMBER_ILLEGAL", message="m"))

        assert isinstance(verdict, Rejected)

    @pytest.mark.parametrize(
        ("code", "expected"),
        [
            ("isv.SMS_TEMPLATE_ILLEGAL", Rejected(ErrorCode.TEMPLATE_MISMATCH, "http 200: isv.SMS_TEMPLATE_ILLEGAL")),
            ("isv.NEW", Rejected(ErrorCode.PARAMETER_REFUSED, "http 200: isv.NEW")),
            (
                "isv.MOBILE_NUMBER_ILLEGAL",
                Rejected(
                    ErrorCode.INVALID_NUMBER,
                    "http 200: isv.MOBILE_NUMBER_ILLEGAL",
                    Outcome.UNDELIVERABLE,
                    may_fail_over=False,
                ),
            ),
            (
                "isv.BLACK_KEY_CONTROL_LIMIT",
                Rejected(ErrorCode.BLOCKED, "http 200: isv.BLACK_KEY_CONTROL_LIMIT", may_fail_over=False),
            ),
            (
                "isv.AMOUNT_NOT_ENOUGH",
                Deferred(
                    "http 200: isv.AMOUNT_NOT_ENOUGH", not_before=NOW + 60, whole_carrier=True, pause=PauseCause.MONEY
                ),
            ),
            (
                "isv.DAY_LIMIT_CONTROL",
                Deferred(
                    "http 200: isv.DAY_LIMIT_CONTROL", not_before=NOW + 600, whole_carrier=True, pause=PauseCause.QUOTA
                ),
            ),
            ("isp.SYSTEM_ERROR", Doubtful("http 200: isp.SYSTEM_ERROR")),
            ("SOMETHING", Doubtful("http 200: SOMETHING")),
            ("two words", Doubtful("http 200")),
            (None, Doubtful("http 200")),
        ],
    )
    async def test_a_business_refusal_becomes_its_verdict(self, code: str | None, expected: Verdict) -> None:
        assert await verdict_on(reply(Code=code, Message="m", RequestId="r")) == expected

    @pytest.mark.parametrize(
        ("message", "expected"),
        [
            # NOW is 22:13:20 UTC.
            ("触发分钟级流控Permits:1", Deferred("http 200: isv.BUSINESS_LIMIT_CONTROL", not_before=NOW + 40)),
            ("触发小时级流控Permits:5", Deferred("http 200: isv.BUSINESS_LIMIT_CONTROL", not_before=NOW + 2800)),
            ("触发天级流控Permits:10", Rejected(ErrorCode.FREQUENCY_LIMIT, "http 200: isv.BUSINESS_LIMIT_CONTROL")),
        ],
    )
    async def test_a_limit_per_number_holds_this_message_only_and_until_its_window_ends(
        self, message: str, expected: Verdict
    ) -> None:
        assert await verdict_on(reply(Code="isv.BUSINESS_LIMIT_CONTROL", Message=message)) == expected

    @pytest.mark.parametrize(
        ("status", "code", "expected"),
        [
            (
                404,
                "InvalidAccessKeyId.NotFound",
                Deferred(
                    "http 404: InvalidAccessKeyId.NotFound",
                    not_before=NOW + 60,
                    whole_carrier=True,
                    pause=PauseCause.LOGIN,
                ),
            ),
            (
                400,
                "InvalidTimeStamp.Expired",
                Deferred(
                    "http 400: InvalidTimeStamp.Expired",
                    not_before=NOW + 60,
                    whole_carrier=True,
                    pause=PauseCause.LOGIN,
                ),
            ),
            (400, "SignatureNonceUsed", Doubtful("http 400: SignatureNonceUsed", Evidence.ARRIVED)),
            (400, "MissingSignName", Rejected(ErrorCode.PARAMETER_REFUSED, "http 400: MissingSignName")),
            (
                400,
                "Throttling.User",
                Deferred("http 400: Throttling.User", whole_carrier=True, pause=PauseCause.THROTTLE),
            ),
            (429, "Throttling", Deferred("http 429: Throttling", whole_carrier=True, pause=PauseCause.THROTTLE)),
            (400, "SomethingElse", Rejected(ErrorCode.PARAMETER_REFUSED, "http 400: SomethingElse")),
            (
                403,
                "SomethingElse",
                Deferred("http 403: SomethingElse", not_before=NOW + 60, whole_carrier=True, pause=PauseCause.LOGIN),
            ),
            (400, "isp.SYSTEM_ERROR", Doubtful("http 400: isp.SYSTEM_ERROR")),
            (408, "Throttling", Doubtful("http 408: Throttling")),
            (500, "InternalError", Doubtful("http 500: InternalError")),
            (503, "ServiceUnavailable", Doubtful("http 503: ServiceUnavailable")),
            (503, "Throttling", Doubtful("http 503: Throttling")),
            (500, "SignatureNonceUsed", Doubtful("http 500: SignatureNonceUsed", Evidence.ARRIVED)),
            (500, "OK", Doubtful("http 500: OK")),
            (201, "OK", Doubtful("http 201: OK")),
            (302, "isv.MOBILE_NUMBER_ILLEGAL", Doubtful("http 302: isv.MOBILE_NUMBER_ILLEGAL")),
        ],
    )
    async def test_a_gateway_refusal_becomes_its_verdict(self, status: int, code: str, expected: Verdict) -> None:
        handler = reply(status, Code=code, Message="m", HostId="h", RequestId="r", Recommend="u", BizId=BIZ_ID)

        assert await verdict_on(handler) == expected

    @pytest.mark.parametrize(
        ("value", "not_before"),
        [("1500", NOW + 1.5), ("86400000", NOW + 600), ("0", None), ("-5", None), ("soon", None), ("", None)],
    )
    async def test_a_pause_asked_for_in_milliseconds_is_honoured_up_to_ten_minutes(
        self, value: str, not_before: float | None
    ) -> None:
        verdict = await verdict_on(reply(400, {"x-acs-retry-after": value}, Code="Throttling"))

        assert verdict == Deferred(
            "http 400: Throttling", not_before=not_before, whole_carrier=True, pause=PauseCause.THROTTLE
        )

    async def test_a_pause_asked_for_means_throttling_whatever_the_code(self) -> None:
        verdict = await verdict_on(reply(403, {"x-acs-retry-after": "2000"}, Code="Busy"))

        assert verdict == Deferred("http 403: Busy", not_before=NOW + 2, whole_carrier=True, pause=PauseCause.THROTTLE)

    async def test_a_pause_asked_for_does_not_hide_that_a_copy_arrived(self) -> None:
        verdict = await verdict_on(reply(400, {"x-acs-retry-after": "2000"}, Code="SignatureNonceUsed"))

        assert isinstance(verdict, Doubtful)
        assert verdict.evidence is Evidence.ARRIVED

    async def test_an_answer_that_quotes_the_request_is_not_quoted(self) -> None:
        echo = "server string to sign is:POST&%2F&" + quote(SHIPPED) + "13900000000"

        verdict = await verdict_on(reply(400, Code="SignatureDoesNotMatch", Message=echo))

        assert verdict == Deferred(
            "http 400: SignatureDoesNotMatch", not_before=NOW + 60, whole_carrier=True, pause=PauseCause.LOGIN
        )


class TestListsNotThere:
    LIST: ClassVar[dict[str, object]] = template_page(template_row("SMS_7", "你好${x}"))

    async def test_a_message_is_not_admitted_and_holds_the_carrier_back(self) -> None:
        carrier = await loaded(answering(503), templates=None)

        verdict = carrier.admit(chinese("你好世界"), NOW)

        assert verdict == Deferred("templates not loaded", not_before=NOW + 30, whole_carrier=True)

    async def test_a_message_that_was_admitted_all_the_same_waits_and_nothing_is_sent(self) -> None:
        wire = Wire(answering(503))
        carrier = await loaded(wire, templates=None)
        asked = len(wire.requests)

        verdicts = await carrier.send(attempt_of(carrier, chinese("你好世界")))

        assert list(verdicts.values()) == [
            Deferred("templates not loaded", not_before=NOW + 30, whole_carrier=True),
        ]
        assert len(wire.requests) == asked

    async def test_a_message_prepared_before_they_came_is_prepared_anew(self) -> None:
        carrier = mainland(by_action(QuerySmsTemplateList=answer(self.LIST)), templates=None)
        attempt = attempt_of(carrier, chinese("你好世界"))
        await carrier.refresh()

        verdicts = await carrier.send(attempt)

        assert list(verdicts.values()) == [Deferred("the templates have changed meanwhile")]
        assert carrier.admit(chinese("你好世界"), NOW) is None

    async def test_what_fits_nothing_any_more_is_refused_without_a_call(self) -> None:
        carrier = await loaded(by_action(QuerySmsTemplateList=answer(self.LIST)), templates=None)

        refused = carrier.admit(chinese("再见"), NOW)

        assert isinstance(refused, Rejected)
        assert refused.error is ErrorCode.TEMPLATE_MISMATCH

    async def test_a_template_file_that_cannot_be_read_is_a_problem_not_an_exception(self, tmp_path: Path) -> None:
        carrier = await loaded(templates=tmp_path / "none.json")

        assert carrier.problem
        assert "No such file" in carrier.problem


def fields(body: bytes) -> dict[str, object]:
    """Read the form of a batch."""
    return {name: json.loads(values[0]) for name, values in parse_qs(body.decode()).items()}


class TestBatch:
    async def test_several_messages_stand_in_a_form_by_index(self) -> None:
        first, second = chinese_batch(2)
        carrier = await loaded()

        attempt = attempt_of(
            carrier, first, replace(second, text="尊敬的韩梅梅，您的订单B已发货，快递单号Y。【示例科技】")
        )

        assert query(httpx.Request("POST", attempt.host + attempt.target)) == {
            "OutId": BATCH,
            "TemplateCode": "SMS_100000002",
        }
        assert attempt.content_type == "application/x-www-form-urlencoded"
        assert fields(attempt.body) == {
            "PhoneNumberJson": ["13900000101", "13900000102"],
            "SignNameJson": ["阿里云", "示例科技"],
            "TemplateParamJson": [
                {"name": "李雷", "order": "A-17", "no": "SF1"},
                {"name": "韩梅梅", "order": "B", "no": "Y"},
            ],
        }

    async def test_a_template_without_variables_has_no_values(self) -> None:
        attempt = attempt_of(await loaded(), *chinese_batch(2, "今日休息。"))

        assert set(fields(attempt.body)) == {"PhoneNumberJson", "SignNameJson"}

    async def test_the_call_is_send_batch_sms_with_its_form_signed(self) -> None:
        wire = Wire(ACCEPTED)
        carrier = await loaded(wire)
        attempt = attempt_of(carrier, *chinese_batch(3))

        verdicts = await carrier.send(attempt)

        (request,) = wire.requests
        assert request.headers["x-acs-action"] == "SendBatchSms"
        assert "content-type;" in request.headers["authorization"]
        assert request.content == attempt.body
        assert list(verdicts.values()) == [Accepted(CarrierRef(BIZ_ID), parts=1)] * 3

    async def test_messages_of_one_template_travel_together_whatever_they_say(self) -> None:
        carrier = await loaded()
        texts = (SHIPPED, "【示例科技】尊敬的韩梅梅，您的订单B已发货，快递单号Y。", "今日休息。")

        keys = [carrier.group_key(chinese(text)) for text in texts]

        assert keys == ["SMS_100000002", "SMS_100000002", "SMS_100000005"]

    async def test_a_call_takes_a_hundred_with_no_number_twice(self) -> None:
        limits = (await loaded()).limits

        assert (limits.max_messages, limits.distinct_recipients) == (100, True)
        assert (await loaded(max_batch=1)).limits.max_messages == 1

    async def test_parts_are_those_of_the_content_with_its_signature(self) -> None:
        texts = [f"尊敬的{'李' * 35}，您的订单{'A' * n}已发货，快递单号1。" for n in (12, 13)]
        carrier = await loaded(ACCEPTED)
        assert [len("【阿里云】" + text) for text in texts] == [70, 71]

        messages = [replace(one, text=text) for one, text in zip(chinese_batch(2), texts, strict=True)]
        verdicts = await carrier.send(attempt_of(carrier, *messages))

        assert [verdict.parts for verdict in verdicts.values() if isinstance(verdict, Accepted)] == [1, 2]

    async def test_a_batch_that_lost_its_template_makes_no_call(self) -> None:
        answers = iter(
            [template_page(template_row("SMS_1", "一${x}")), template_page(template_row("SMS_2", "一二${x}"))]
        )
        wire = Wire(by_action(QuerySmsTemplateList=lambda request: answer(next(answers))(request)))
        carrier = await loaded(wire, templates=None)
        first, second = chinese_batch(2)
        messages = (replace(first, text="一二三"), replace(second, text="一甲"))
        assert len({carrier.group_key(one) for one in messages}) == 1
        await carrier.refresh()
        asked = len(wire.requests)

        verdicts = await carrier.send(attempt_of(carrier, *messages))

        assert list(verdicts.values()) == [Deferred("the templates have changed meanwhile")] * 2
        assert len(wire.requests) == asked

    async def test_two_templates_in_one_batch_make_no_call(self) -> None:
        carrier = await loaded()
        first, second = chinese_batch(2)

        attempt = attempt_of(carrier, first, replace(second, text="今日休息。"))

        assert list((await carrier.send(attempt)).values()) == [Deferred("the templates have changed meanwhile")] * 2


async def batch_verdict(handler: Handler, messages: Sequence[Message]) -> Verdict:
    carrier = await loaded(handler)
    verdicts = await carrier.send(attempt_of(carrier, *messages))
    assert len(verdicts) == len(messages)
    (verdict,) = set(verdicts.values())
    return verdict


class TestRefusedBatch:
    @pytest.mark.parametrize(
        ("code", "error"),
        [
            ("isv.MOBILE_NUMBER_ILLEGAL", ErrorCode.INVALID_NUMBER),
            ("isv.BLACK_KEY_CONTROL_LIMIT", ErrorCode.BLOCKED),
            ("isv.PARAM_LENGTH_LIMIT", ErrorCode.TEMPLATE_MISMATCH),
            ("isv.SMS_TEMPLATE_ILLEGAL", ErrorCode.TEMPLATE_MISMATCH),
            ("isv.SMS_CONTENT_ILLEGAL", ErrorCode.CONTENT_REFUSED),
            ("isv.SOMETHING_NEW", ErrorCode.PARAMETER_REFUSED),
        ],
    )
    async def test_what_may_be_the_fault_of_one_is_looked_for(self, code: str, error: ErrorCode) -> None:
        verdict = await batch_verdict(reply(Code=code, Message="m"), chinese_batch(3))

        assert isinstance(verdict, Rejected)
        assert (verdict.error, verdict.whole_batch) == (error, True)

    async def test_an_unknown_refusal_of_the_gateway_is_too(self) -> None:
        verdict = await batch_verdict(reply(400, Code="SomethingElse"), chinese_batch(3))

        assert verdict == Rejected(ErrorCode.PARAMETER_REFUSED, "http 400: SomethingElse", whole_batch=True)

    @pytest.mark.parametrize(
        "message", ["触发分钟级流控Permits:1", "触发小时级流控Permits:5", "触发天级流控Permits:10"]
    )
    async def test_the_cap_of_one_number_does_not_hold_the_others(self, message: str) -> None:
        verdict = await batch_verdict(reply(Code="isv.BUSINESS_LIMIT_CONTROL", Message=message), chinese_batch(3))

        assert verdict == Rejected(ErrorCode.FREQUENCY_LIMIT, "http 200: isv.BUSINESS_LIMIT_CONTROL", whole_batch=True)

    @pytest.mark.parametrize("code", ["isv.SMS_SIGNATURE_ILLEGAL", "isv.SMS_SIGNATURE_SCENE_ILLEGAL"])
    async def test_a_signature_that_all_share_is_the_fault_of_all(self, code: str) -> None:
        verdict = await batch_verdict(reply(Code=code, Message="m"), chinese_batch(3))

        assert verdict == Rejected(ErrorCode.SENDER_REFUSED, f"http 200: {code}")

    async def test_one_of_several_signatures_is_looked_for(self) -> None:
        first, second = chinese_batch(2)

        verdict = await batch_verdict(
            reply(Code="isv.SMS_SIGNATURE_ILLEGAL", Message="m"),
            [first, replace(second, text="【示例科技】" + SHIPPED)],
        )

        assert isinstance(verdict, Rejected)
        assert verdict.whole_batch

    async def test_a_template_that_is_gone_is_the_fault_of_all(self) -> None:
        verdict = await batch_verdict(reply(404, Code="TemplateNotFound"), chinese_batch(3))

        assert verdict == Rejected(ErrorCode.TEMPLATE_MISMATCH, "http 404: TemplateNotFound")

    @pytest.mark.parametrize(
        ("handler", "expected"),
        [
            (reply(Code="isv.AMOUNT_NOT_ENOUGH"), Deferred),
            (reply(Code="isv.DAY_LIMIT_CONTROL"), Deferred),
            (reply(429, Code="Throttling.User"), Deferred),
            (reply(404, Code="InvalidAccessKeyId.NotFound"), Deferred),
            (reply(Code="isp.SYSTEM_ERROR"), Doubtful),
            (reply(503, Code="ServiceUnavailable"), Doubtful),
            (reply(400, Code="SignatureNonceUsed"), Doubtful),
        ],
    )
    async def test_what_is_about_account_pace_or_platform_divides_nothing(
        self, handler: Handler, expected: type[Verdict]
    ) -> None:
        verdict = await batch_verdict(handler, chinese_batch(3))

        assert type(verdict) is expected
        assert not isinstance(verdict, Deferred) or verdict.whole_carrier


class TestFence:
    @pytest.mark.parametrize(("fence", "fence_s"), [(True, 840.0), (False, None)])
    async def test_a_repeat_is_safe_for_a_quarter_of_an_hour_less_a_minute(
        self, fence: bool, fence_s: float | None
    ) -> None:
        assert (await loaded(fence=fence)).limits.fence_s == fence_s


class TestAdmit:
    OTP = "您的验证码为：123456，请勿泄露于他人！"

    async def test_what_was_accepted_counts_against_the_next_one(self) -> None:
        carrier = await loaded(ACCEPTED)
        first, second = chinese(self.OTP), chinese(self.OTP, 2)

        before = carrier.admit(first, NOW)
        await carrier.send(attempt_of(carrier, first))
        after = carrier.admit(second, NOW)

        assert before is None
        # NOW is second 20 of its minute; the platform's may end a second later.
        assert after == Deferred("1 were sent to this number within the minute", not_before=NOW + 41)

    async def test_what_was_refused_does_not_count(self) -> None:
        carrier = await loaded(reply(Code="isv.SMS_CONTENT_ILLEGAL", Message="m"))
        first, second = chinese(self.OTP), chinese(self.OTP, 2)

        assert carrier.admit(first, NOW) is None
        await carrier.send(attempt_of(carrier, first))

        assert carrier.admit(second, NOW) is None

    async def test_one_that_is_on_its_way_holds_the_next_one_for_a_moment(self) -> None:
        carrier = await loaded()
        first, second = chinese(self.OTP), chinese(self.OTP, 2)

        assert carrier.admit(first, NOW) is None
        assert carrier.admit(first, NOW) is None
        assert carrier.admit(second, NOW) == Deferred("another one-time password is on its way to this number")

    async def test_what_a_look_up_found_counts_too(self) -> None:
        one = chinese(self.OTP)
        carrier = await loaded(answer(details(row())))
        attempt = attempt_of(carrier, one)

        await carrier.resolve(attempt, sent(one, None))

        assert isinstance(carrier.admit(chinese(self.OTP, 2), NOW), Deferred)

    async def test_the_signature_of_another_sender_has_its_own_count(self) -> None:
        carrier = await loaded(ACCEPTED)
        await carrier.send(attempt_of(carrier, chinese(self.OTP)))

        assert carrier.admit(chinese("【示例科技】" + self.OTP, 2), NOW) is None


class TestReconciliation:
    async def test_the_platform_is_asked_for_a_day(self) -> None:
        wire = Wire(reply(Code="OK", Data={"TotalSize": 1, "TargetList": [{"SendDate": "20260102", "TotalCount": 7}]}))
        carrier = await loaded(wire)

        assert await carrier.billed_parts(date(2026, 1, 2)) == 7
        assert query(wire.requests[0]) == {
            "IsGlobe": "1",
            "StartDate": "20260102",
            "EndDate": "20260102",
            "PageIndex": "1",
            "PageSize": "50",
        }

    def test_a_day_is_one_of_beijing(self) -> None:
        midnight = datetime(2026, 1, 2, tzinfo=Alibaba.billing_zone)

        assert midnight.astimezone(UTC) == datetime(2026, 1, 1, 16, tzinfo=UTC)
