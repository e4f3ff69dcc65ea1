"""Mainland China: what is refused early, the request, every kind of answer."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import httpx2 as httpx
import pytest

from smppgw.carriers.alibaba import Alibaba
from smppgw.carriers.base import Carrier
from smppgw.carriers.http import Observer
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Batch, CarrierRef, Message, Outcome
from smppgw.core.verdict import Accepted, Deferred, Doubtful, Evidence, Rejected, Verdict
from tests.carriers.alibaba.builders import (
    KEY_ID,
    KEY_SECRET,
    SHIPPED,
    Clock,
    answer,
    attempt_of,
    chinese,
    details,
    mainland,
    query,
    reply,
    row,
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
        await carrier.ready()
        return carrier

    def samples(self) -> tuple[Message, ...]:
        return (chinese(),)

    def success(self, request: httpx.Request) -> httpx.Response:
        return ACCEPTED(request)

    def final(self, request: httpx.Request) -> httpx.Response:
        others = [row(OutId="someone-else", SendStatus=2), row(PhoneNum="13911112222", SendStatus=2)]
        return answer(details(*others, row()))(request)


async def loaded(handler: Handler = silent, **keys: Any) -> Alibaba:
    carrier = mainland(handler, **keys)
    await carrier.ready()
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
        attempt = attempt_of(await loaded(), chinese(), NOW + 1)

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

    async def test_several_messages_in_one_call_are_a_bug(self) -> None:
        carrier = await loaded()

        with pytest.raises(ValueError, match="too many values"):
            carrier.prepare(Batch(id=BATCH, messages=(chinese(), chinese())), NOW)


class TestSend:
    async def test_ok_with_a_biz_id_is_acceptance(self) -> None:
        assert await verdict_on(ACCEPTED) == Accepted(CarrierRef(BIZ_ID))

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
                Deferred("http 200: isv.AMOUNT_NOT_ENOUGH", not_before=NOW + 60, whole_carrier=True),
            ),
            (
                "isv.DAY_LIMIT_CONTROL",
                Deferred("http 200: isv.DAY_LIMIT_CONTROL", not_before=NOW + 600, whole_carrier=True),
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
                Deferred("http 404: InvalidAccessKeyId.NotFound", not_before=NOW + 60, whole_carrier=True),
            ),
            (
                400,
                "InvalidTimeStamp.Expired",
                Deferred("http 400: InvalidTimeStamp.Expired", not_before=NOW + 60, whole_carrier=True),
            ),
            (400, "SignatureNonceUsed", Doubtful("http 400: SignatureNonceUsed", Evidence.ARRIVED)),
            (400, "MissingSignName", Rejected(ErrorCode.PARAMETER_REFUSED, "http 400: MissingSignName")),
            (400, "Throttling.User", Deferred("http 400: Throttling.User", whole_carrier=True)),
            (429, "Throttling", Deferred("http 429: Throttling", whole_carrier=True)),
            (400, "SomethingElse", Rejected(ErrorCode.PARAMETER_REFUSED, "http 400: SomethingElse")),
            (403, "SomethingElse", Deferred("http 403: SomethingElse", not_before=NOW + 60, whole_carrier=True)),
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

        assert verdict == Deferred("http 400: Throttling", not_before=not_before, whole_carrier=True)

    async def test_a_pause_asked_for_means_throttling_whatever_the_code(self) -> None:
        verdict = await verdict_on(reply(403, {"x-acs-retry-after": "2000"}, Code="Busy"))

        assert verdict == Deferred("http 403: Busy", not_before=NOW + 2, whole_carrier=True)

    async def test_a_pause_asked_for_does_not_hide_that_a_copy_arrived(self) -> None:
        verdict = await verdict_on(reply(400, {"x-acs-retry-after": "2000"}, Code="SignatureNonceUsed"))

        assert isinstance(verdict, Doubtful)
        assert verdict.evidence is Evidence.ARRIVED

    async def test_an_answer_that_quotes_the_request_is_not_quoted(self) -> None:
        echo = "server string to sign is:POST&%2F&" + quote(SHIPPED) + "13900000000"

        verdict = await verdict_on(reply(400, Code="SignatureDoesNotMatch", Message=echo))

        assert verdict == Deferred("http 400: SignatureDoesNotMatch", not_before=NOW + 60, whole_carrier=True)


class TestTemplatesNotThere:
    LIST: ClassVar[dict[str, object]] = {
        "Code": "OK",
        "SmsTemplateList": [
            {
                "TemplateCode": "SMS_7",
                "TemplateContent": "你好${x}",
                "OuterTemplateType": 1,
                "AuditStatus": "AUDIT_STATE_PASS",
            }
        ],
        "TotalCount": 1,
    }

    async def test_a_message_waits_and_nothing_is_sent(self) -> None:
        wire = Wire(answering(503))
        clock = Clock()
        carrier = mainland(wire, clock=clock, templates=None)
        await carrier.ready()

        verdicts = await carrier.send(attempt_of(carrier, chinese("你好世界")))

        assert list(verdicts.values()) == [
            Deferred("templates not loaded", not_before=NOW + 30, whole_carrier=True),
        ]
        assert [request.headers["x-acs-action"] for request in wire.requests] == ["QuerySmsTemplateList"]
        assert carrier.problem == "templates not loaded: http 503"

    async def test_the_list_is_asked_for_again_after_a_while_and_the_message_prepared_anew(self) -> None:
        clock = Clock()
        carrier = mainland(answer(self.LIST), clock=clock, templates=None)
        attempt = attempt_of(carrier, chinese("你好世界"))
        clock.now += 30

        verdicts = await carrier.send(attempt)

        assert list(verdicts.values()) == [
            Deferred("prepared before the templates were loaded", not_before=clock.now),
        ]
        assert carrier.problem is None

    async def test_a_message_prepared_after_that_is_refused_when_it_still_fits_nothing(self) -> None:
        clock = Clock()
        wire = Wire(answer(self.LIST))
        carrier = mainland(wire, clock=clock, templates=None)
        await carrier.ready()

        verdicts = await carrier.send(attempt_of(carrier, chinese("再见"), NOW + 1))

        assert list(verdicts.values()) == [Rejected(ErrorCode.TEMPLATE_MISMATCH, "fits no template any more")]
        assert len(wire.requests) == 1

    async def test_a_template_file_that_cannot_be_read_is_a_problem_not_an_exception(self, tmp_path: Path) -> None:
        carrier = await loaded(templates=tmp_path / "none.json")

        assert carrier.problem
        assert "No such file" in carrier.problem
