"""The tables: every documented code has a place, and what is in none is not guessed at."""

import pytest

from smppgw.carriers.alibaba.codes import (
    ENDINGS,
    GATEWAY,
    GLOBE_REFUSALS,
    REFUSALS,
    Ending,
    Kind,
    code_word,
    ending,
    globe_refusal,
    number_window,
    refusal,
)
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Outcome

ALL = [*REFUSALS.items(), *GLOBE_REFUSALS.items(), *GATEWAY.items()]


DOCUMENTED = {
    # help.aliyun.com 101346, the codes that SendSms and SendBatchSms give, and what each is about.
    Kind.NUMBER_HOUR: "isv.BUSINESS_LIMIT_CONTROL",  # the window stands in the message
    Kind.QUOTA: "isv.DAY_LIMIT_CONTROL isv.MONTH_LIMIT_CONTROL",
    Kind.MONEY: "isv.AMOUNT_NOT_ENOUGH isv.OUT_OF_SERVICE",
    Kind.ACCOUNT: """isv.PRODUCT_UN_SUBSCRIPT isv.PRODUCT_UNSUBSCRIBE
        isv.ACCOUNT_NOT_EXISTS isv.ACCOUNT_ABNORMAL isv.SECURITY_FROZEN_ACCOUNT isp.RAM_PERMISSION_DENY
        isv.DENY_IP_RANGE""",
    Kind.RECIPIENT: "isv.MOBILE_NUMBER_ILLEGAL isv.BLACK_KEY_CONTROL_LIMIT isv.CUSTOMER_REFUSED",
    Kind.MESSAGE: """isv.SMS_SIGNATURE_ILLEGAL isv.SMS_SIGN_NAME_ILLEGAL isv.SMS_SIGN_ILLEGAL isv.SIGN_STATE_ILLEGAL
        isv.SIGN_NAME_ILLEGAL isv.SIGNATURE_BLACKLIST isv.SMS_SIGN_EMOJI_ILLEGAL isv.SIGN_SOURCE_ILLEGAL
        SignatureNotFound isv.SMS_TEMPLATE_ILLEGAL TemplateNotFound isv.SMS_SIGNATURE_SCENE_ILLEGAL
        isv.DOMESTIC_NUMBER_NOT_SUPPORTED isv.MOBILE_COUNT_OVER_LIMIT isv.SMS_TEST_NUMBER_LIMIT
        isv.SMS_TEST_SIGN_TEMPLATE_LIMIT isv.SMS_TEST_TEMPLATE_PARAMS_ILLEGAL isv.TEMPLATE_MISSING_PARAMETERS
        isv.TEMPLATE_PARAMS_ILLEGAL isv.INVALID_JSON_PARAM isv.PARAM_LENGTH_LIMIT isv.PARAM_NOT_SUPPORT_URL
        template_parameter_count_illegal isv.SMS_CONTENT_ILLEGAL isv.UNSUPPORTED_CONTENT
        isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE isv.EXTEND_CODE_ERROR isv.ONE_CODE_MULTIPLE_SIGN
        isv.CODE_EXCEED_LIMIT isv.CODE_ERROR isv.INVALID_PARAMETERS""",
    Kind.AMBIGUOUS: "isp.SYSTEM_ERROR isp.GATEWAY_ERROR",
}
COMMON = {
    # The gateway in front of all services.
    Kind.ACCOUNT: """InvalidAccessKeyId.NotFound InvalidAccessKeyId.Inactive SignatureDoesNotMatch
        InvalidTimeStamp.Expired InvalidVersion InvalidAction.NotFound MissingSecurityToken
        InvalidSecurityToken.Expired InvalidSecurityToken.Malformed Forbidden.RAM NoPermission ForbiddenAction""",
    Kind.MESSAGE: "MissingPhoneNumbers MissingSignName MissingTemplateCode",
    Kind.THROTTLE: "Throttling Throttling.User Throttling.Api",
    Kind.AMBIGUOUS: "ServiceUnavailable InternalError",
    Kind.ARRIVED: "SignatureNonceUsed",
}
ROWS = [(code, kind) for table in (DOCUMENTED, COMMON) for kind, codes in table.items() for code in codes.split()]


@pytest.mark.parametrize(("code", "kind"), ROWS)
def test_every_documented_code_has_its_class(code: str, kind: Kind) -> None:
    meaning = refusal(code)

    assert meaning
    assert meaning.kind is kind


def test_every_documented_code_of_the_service_stands_in_its_table() -> None:
    assert set(REFUSALS) == {code for codes in DOCUMENTED.values() for code in codes.split()}


@pytest.mark.parametrize(
    ("code", "kind", "error"),
    [
        # help.aliyun.com 101346, the codes that SendSms gives.
        ("isv.BUSINESS_LIMIT_CONTROL", Kind.NUMBER_HOUR, ErrorCode.FREQUENCY_LIMIT),
        ("isv.DAY_LIMIT_CONTROL", Kind.QUOTA, ErrorCode.VOLUME_LIMIT),
        ("isv.MONTH_LIMIT_CONTROL", Kind.QUOTA, ErrorCode.VOLUME_LIMIT),
        ("isv.AMOUNT_NOT_ENOUGH", Kind.MONEY, ErrorCode.CARRIER_ACCOUNT),
        ("isv.OUT_OF_SERVICE", Kind.MONEY, ErrorCode.CARRIER_ACCOUNT),
        ("isv.PRODUCT_UN_SUBSCRIPT", Kind.ACCOUNT, ErrorCode.CARRIER_ACCOUNT),
        ("isv.PRODUCT_UNSUBSCRIBE", Kind.ACCOUNT, ErrorCode.CARRIER_ACCOUNT),
        ("isv.ACCOUNT_NOT_EXISTS", Kind.ACCOUNT, ErrorCode.CARRIER_ACCOUNT),
        ("isv.ACCOUNT_ABNORMAL", Kind.ACCOUNT, ErrorCode.CARRIER_ACCOUNT),
        ("isv.SECURITY_FROZEN_ACCOUNT", Kind.ACCOUNT, ErrorCode.CARRIER_ACCOUNT),
        ("isp.RAM_PERMISSION_DENY", Kind.ACCOUNT, ErrorCode.CARRIER_ACCOUNT),
        ("isv.DENY_IP_RANGE", Kind.ACCOUNT, ErrorCode.CARRIER_ACCOUNT),
        ("isv.SMS_SIGNATURE_ILLEGAL", Kind.MESSAGE, ErrorCode.SENDER_REFUSED),
        ("isv.SIGNATURE_BLACKLIST", Kind.MESSAGE, ErrorCode.SENDER_REFUSED),
        ("SignatureNotFound", Kind.MESSAGE, ErrorCode.SENDER_REFUSED),
        ("isv.SMS_TEMPLATE_ILLEGAL", Kind.MESSAGE, ErrorCode.TEMPLATE_MISMATCH),
        ("isv.TEMPLATE_MISSING_PARAMETERS", Kind.MESSAGE, ErrorCode.TEMPLATE_MISMATCH),
        ("isv.PARAM_LENGTH_LIMIT", Kind.MESSAGE, ErrorCode.TEMPLATE_MISMATCH),
        ("template_parameter_count_illegal", Kind.MESSAGE, ErrorCode.TEMPLATE_MISMATCH),
        ("isv.DOMESTIC_NUMBER_NOT_SUPPORTED", Kind.MESSAGE, ErrorCode.NO_ROUTE),
        ("isv.MOBILE_NUMBER_ILLEGAL", Kind.RECIPIENT, ErrorCode.INVALID_NUMBER),
        ("isv.BLACK_KEY_CONTROL_LIMIT", Kind.RECIPIENT, ErrorCode.BLOCKED),
        ("isv.CUSTOMER_REFUSED", Kind.RECIPIENT, ErrorCode.BLOCKED),
        ("isv.SMS_CONTENT_ILLEGAL", Kind.MESSAGE, ErrorCode.CONTENT_REFUSED),
        ("isv.MOBILE_COUNT_OVER_LIMIT", Kind.MESSAGE, ErrorCode.PARAMETER_REFUSED),
        ("isv.INVALID_PARAMETERS", Kind.MESSAGE, ErrorCode.PARAMETER_REFUSED),
        ("isp.SYSTEM_ERROR", Kind.AMBIGUOUS, ErrorCode.NONE),
        ("isp.GATEWAY_ERROR", Kind.AMBIGUOUS, ErrorCode.NONE),
        # The gateway in front.
        ("InvalidAccessKeyId.NotFound", Kind.ACCOUNT, ErrorCode.CARRIER_ACCOUNT),
        ("SignatureDoesNotMatch", Kind.ACCOUNT, ErrorCode.CARRIER_ACCOUNT),
        ("InvalidTimeStamp.Expired", Kind.ACCOUNT, ErrorCode.CARRIER_ACCOUNT),
        ("InvalidVersion", Kind.ACCOUNT, ErrorCode.CARRIER_ACCOUNT),
        ("MissingSecurityToken", Kind.ACCOUNT, ErrorCode.CARRIER_ACCOUNT),
        ("Forbidden.RAM", Kind.ACCOUNT, ErrorCode.CARRIER_ACCOUNT),
        ("MissingPhoneNumbers", Kind.MESSAGE, ErrorCode.PARAMETER_REFUSED),
        ("Throttling", Kind.THROTTLE, ErrorCode.NONE),
        ("Throttling.User", Kind.THROTTLE, ErrorCode.NONE),
        ("SignatureNonceUsed", Kind.ARRIVED, ErrorCode.NONE),
        ("ServiceUnavailable", Kind.AMBIGUOUS, ErrorCode.NONE),
        # In no table: by family.
        ("Throttling.Burst", Kind.THROTTLE, ErrorCode.NONE),
        ("InvalidSecurityToken.Odd", Kind.ACCOUNT, ErrorCode.CARRIER_ACCOUNT),
        ("isv.NEW_LIMIT_CONTROL", Kind.NUMBER_HOUR, ErrorCode.FREQUENCY_LIMIT),
        ("isv.SOMETHING_NEW", Kind.MESSAGE, ErrorCode.PARAMETER_REFUSED),
        ("isp.SOMETHING_NEW", Kind.AMBIGUOUS, ErrorCode.NONE),
    ],
)
def test_a_mainland_code_has_its_meaning(code: str, kind: Kind, error: ErrorCode) -> None:
    meaning = refusal(code)

    assert meaning
    assert (meaning.kind, meaning.error) == (kind, error)


@pytest.mark.parametrize(
    ("code", "kind", "error"),
    [
        ("QPS_LIMIT_CONTROL", Kind.THROTTLE, ErrorCode.NONE),
        ("SYSTEM_ERROR", Kind.AMBIGUOUS, ErrorCode.NONE),
        ("isp.SYSTEM_ERROR", Kind.AMBIGUOUS, ErrorCode.NONE),
        ("ONLINE_BILLING_FAILED", Kind.AMBIGUOUS, ErrorCode.NONE),
        ("AMOUNT_NOT_ENOUGH", Kind.MONEY, ErrorCode.CARRIER_ACCOUNT),
        ("isp.RAM_PERMISSION_DENY", Kind.ACCOUNT, ErrorCode.CARRIER_ACCOUNT),
        ("INVALID_SENDERID", Kind.MESSAGE, ErrorCode.SENDER_REFUSED),
        ("isv.SENDERID_ERROR", Kind.MESSAGE, ErrorCode.SENDER_REFUSED),
        ("MOBILE_NUMBER_ILLEGAL", Kind.RECIPIENT, ErrorCode.INVALID_NUMBER),
        ("BLACK_KEY_CONTROL_LIMIT", Kind.RECIPIENT, ErrorCode.BLOCKED),
        ("NOT_SUPPORTED_COUNTRY", Kind.MESSAGE, ErrorCode.NO_ROUTE),
        ("isv.COUNTRY_RESTRICTED", Kind.MESSAGE, ErrorCode.NO_ROUTE),
        ("SMS_CONTENT_ILLEGAL", Kind.MESSAGE, ErrorCode.CONTENT_REFUSED),
        ("SMS_CONTENT_CODE_ILLEGAL", Kind.MESSAGE, ErrorCode.TEMPLATE_MISMATCH),
        ("INVALID_PARAMETERS", Kind.MESSAGE, ErrorCode.PARAMETER_REFUSED),
        ("BUSINESS_LIMIT_CONTROL_MINUTE", Kind.NUMBER_MINUTE, ErrorCode.FREQUENCY_LIMIT),
        ("isv.BUSINESS_LIMIT_HOUR", Kind.NUMBER_HOUR, ErrorCode.FREQUENCY_LIMIT),
        ("isv.BUSINESS_LIMIT_DAY", Kind.NUMBER_DAY, ErrorCode.FREQUENCY_LIMIT),
        ("Throttling.Api", Kind.THROTTLE, ErrorCode.NONE),
        ("SignatureNonceUsed", Kind.ARRIVED, ErrorCode.NONE),
        ("isp.SOMETHING_NEW", Kind.AMBIGUOUS, ErrorCode.NONE),
    ],
)
def test_an_international_code_has_its_meaning_with_or_without_prefix(code: str, kind: Kind, error: ErrorCode) -> None:
    meaning = globe_refusal(code)

    assert meaning
    assert (meaning.kind, meaning.error) == (kind, error)


@pytest.mark.parametrize("code", ["SOMETHING_NEW", "OK", "DATA_NOT_EXIST", "error"])
def test_a_code_of_no_family_has_no_meaning(code: str) -> None:
    assert refusal(code) is None
    assert globe_refusal(code) is None


def test_only_refused_messages_carry_an_error_that_a_receipt_could_tell() -> None:
    refusing = {Kind.MESSAGE, Kind.RECIPIENT, Kind.NUMBER_DAY}

    assert [code for code, meaning in ALL if meaning.kind in refusing and not meaning.error] == []


def test_a_bad_number_ends_undeliverable_and_a_blocked_one_rejected() -> None:
    assert REFUSALS["isv.MOBILE_NUMBER_ILLEGAL"].outcome is Outcome.UNDELIVERABLE
    assert REFUSALS["isv.BLACK_KEY_CONTROL_LIMIT"].outcome is Outcome.REJECTED


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("触发分钟级流控Permits:1", Kind.NUMBER_MINUTE),
        ("触发小时级流控Permits:5", Kind.NUMBER_HOUR),
        ("触发天级流控Permits:10", Kind.NUMBER_DAY),
        ("触发云通信流控限制", Kind.NUMBER_HOUR),
        ("", Kind.NUMBER_HOUR),
    ],
)
def test_the_window_of_a_limit_per_number_stands_in_its_message(message: str, kind: Kind) -> None:
    assert number_window(REFUSALS["isv.BUSINESS_LIMIT_CONTROL"], message).kind is kind


def test_a_message_does_not_narrow_other_refusals() -> None:
    meaning = REFUSALS["isv.AMOUNT_NOT_ENOUGH"]

    assert number_window(meaning, "天级") is meaning


@pytest.mark.parametrize(
    ("code", "outcome", "error"),
    [
        ("MOBILE_NOT_ON_SERVICE", Outcome.UNDELIVERABLE, ErrorCode.NOT_ON_SERVICE),
        ("INVALID_NUMBER", Outcome.UNDELIVERABLE, ErrorCode.INVALID_NUMBER),
        ("MOBILE_ACCOUNT_ABNORMAL", Outcome.UNDELIVERABLE, ErrorCode.SUBSCRIBER_ABNORMAL),
        ("MOBLLE_TERMINAL_ERROR", Outcome.UNDELIVERABLE, ErrorCode.HANDSET_FAULT),
        ("MOBILE_TERMINAL_ERROR", Outcome.UNDELIVERABLE, ErrorCode.HANDSET_FAULT),
        ("MOBILE_SEND_LIMIT", Outcome.REJECTED, ErrorCode.FREQUENCY_LIMIT),
        ("MOBILE_IN_BLACK", Outcome.REJECTED, ErrorCode.BLOCKED),
        ("USER_REJECT", Outcome.REJECTED, ErrorCode.BLOCKED),
        ("CONTENT_KEYWORD", Outcome.REJECTED, ErrorCode.CONTENT_REFUSED),
        ("CONTENT_ERROR", Outcome.REJECTED, ErrorCode.CONTENT_REFUSED),
        ("isv.UNSUPPORTED_CONTENT", Outcome.REJECTED, ErrorCode.CONTENT_REFUSED),
        ("SIGNATURE_BLACKLIST", Outcome.REJECTED, ErrorCode.SENDER_REFUSED),
        ("PORT_NOT_REGISTERED", Outcome.REJECTED, ErrorCode.SENDER_REFUSED),
        ("PARAMS_ILLEGAL", Outcome.REJECTED, ErrorCode.PARAMETER_REFUSED),
        ("IS_CLOSE", Outcome.UNDELIVERABLE, ErrorCode.UNDELIVERABLE),
        ("NO_ROUTE", Outcome.UNDELIVERABLE, ErrorCode.NO_ROUTE),
        ("SP_NOT_BY_INTER_SMS", Outcome.UNDELIVERABLE, ErrorCode.NOT_PROVISIONED),
        ("SP_UNKNOWN_ERROR", Outcome.UNDELIVERABLE, ErrorCode.UNDELIVERABLE),
        ("EXPIRED", Outcome.EXPIRED, ErrorCode.VALIDITY_EXCEEDED),
        ("REJECTD", Outcome.REJECTED, ErrorCode.NOT_ACCEPTED),
        ("UNDELIV", Outcome.UNDELIVERABLE, ErrorCode.UNDELIVERABLE),
        ("ID:0076", Outcome.REJECTED, ErrorCode.CONTENT_REFUSED),
        # Networks' own codes, and anything else.
        ("MK:0001", Outcome.UNDELIVERABLE, ErrorCode.UNKNOWN_STATUS),
        ("ZZ:9999", Outcome.UNDELIVERABLE, ErrorCode.UNKNOWN_STATUS),
        ("", Outcome.UNDELIVERABLE, ErrorCode.UNKNOWN_STATUS),
    ],
)
def test_a_receipt_code_of_a_failed_message_has_its_ending(code: str, outcome: Outcome, error: ErrorCode) -> None:
    found = ending(code)

    assert (found.outcome, found.error) == (outcome, error)


def test_only_a_missing_route_proves_that_nothing_left() -> None:
    assert [code for code, found in ENDINGS.items() if found.nothing_left] == ["NO_ROUTE"]


def test_no_ending_of_a_failed_message_is_a_delivery() -> None:
    endings: list[Ending] = [*ENDINGS.values(), ending("anything")]

    assert not [found for found in endings if found.outcome in {Outcome.DELIVERED, Outcome.ACCEPTED, Outcome.ENROUTE}]


@pytest.mark.parametrize("text", ["isv.MOBILE_NUMBER_ILLEGAL", "MK:0001", "OK"])
def test_a_code_stays_as_it_came(text: str) -> None:
    assert code_word(text) == text


@pytest.mark.parametrize("text", [None, "", "13900000000", "two words", "验证码", "A" * 65, "A\n"])
def test_what_is_no_code_is_dropped(text: str | None) -> None:
    assert code_word(text) is None
