"""What each code of Alibaba Cloud means for a message: the tables, as data.

Codes of the API (``REFUSALS``, ``GLOBE_REFUSALS``), of the gateway in front of it (``GATEWAY``) and of receipts
(``ENDINGS``), mapped into the gateway's own error codes. Sources: help.aliyun.com API error codes 101346, receipt codes
55496, international error codes 180674; the classes are ours.
"""

import re
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from smppgw.core.codes import ErrorCode
from smppgw.core.model import Outcome


class Kind(Enum):
    """What a refusal is about, and so what is done."""

    MESSAGE = auto()
    """This message, at this carrier: another carrier may take it."""
    RECIPIENT = auto()
    """The recipient: no other carrier is to be tried."""
    ACCOUNT = auto()
    """Key, permission, contract, clock: nothing goes until somebody acts."""
    MONEY = auto()
    """No credit: nothing goes until somebody acts."""
    QUOTA = auto()
    """A daily or monthly limit of the account."""
    THROTTLE = auto()
    """Too many calls; refused before they were looked at."""
    NUMBER_MINUTE = auto()
    """Too many messages to this number within a clock minute."""
    NUMBER_HOUR = auto()
    NUMBER_DAY = auto()
    AMBIGUOUS = auto()
    """A fault on the platform, before or after it took the message."""
    ARRIVED = auto()
    """An earlier copy of this very request came."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a code of the API means."""

    kind: Kind
    error: ErrorCode = ErrorCode.NONE
    outcome: Outcome = Outcome.REJECTED
    """How a refused message ends when no other carrier takes it."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What a receipt code means where the status says "failed"."""

    outcome: Outcome
    error: ErrorCode
    nothing_left: bool = False


def _table(meanings: dict[Refusal, str]) -> dict[str, Refusal]:
    return {code: meaning for meaning, codes in meanings.items() for code in codes.split()}


def _message(error: ErrorCode) -> Refusal:
    return Refusal(Kind.MESSAGE, error)


_ACCOUNT: Final = Refusal(Kind.ACCOUNT, ErrorCode.CARRIER_ACCOUNT)
_MONEY: Final = Refusal(Kind.MONEY, ErrorCode.CARRIER_ACCOUNT)
_AMBIGUOUS: Final = Refusal(Kind.AMBIGUOUS)
_THROTTLE: Final = Refusal(Kind.THROTTLE)
_QUOTA: Final = Refusal(Kind.QUOTA, ErrorCode.VOLUME_LIMIT)
_BAD_NUMBER: Final = Refusal(Kind.RECIPIENT, ErrorCode.INVALID_NUMBER, Outcome.UNDELIVERABLE)
_BLOCKED: Final = Refusal(Kind.RECIPIENT, ErrorCode.BLOCKED)
_NO_ROUTE: Final = _message(ErrorCode.NO_ROUTE)
_TEMPLATE: Final = _message(ErrorCode.TEMPLATE_MISMATCH)
_CONTENT: Final = _message(ErrorCode.CONTENT_REFUSED)
_SENDER: Final = _message(ErrorCode.SENDER_REFUSED)
_PARAMETER: Final = _message(ErrorCode.PARAMETER_REFUSED)

ABOUT_THE_SIGNATURE: Final = frozenset(
    {
        "isv.SMS_SIGNATURE_ILLEGAL",
        "isv.SMS_SIGN_NAME_ILLEGAL",
        "isv.SMS_SIGN_ILLEGAL",
        "isv.SIGN_STATE_ILLEGAL",
        "isv.SIGN_NAME_ILLEGAL",
        "isv.SIGNATURE_BLACKLIST",
        "isv.SMS_SIGN_EMOJI_ILLEGAL",
        "isv.SIGN_SOURCE_ILLEGAL",
        "isv.SMS_SIGNATURE_SCENE_ILLEGAL",
        "SignatureNotFound",
    }
)
"""The signature cannot be used, whoever the recipient and whatever the values."""

REFUSALS: Final = _table(
    {
        Refusal(Kind.NUMBER_HOUR, ErrorCode.FREQUENCY_LIMIT): "isv.BUSINESS_LIMIT_CONTROL",
        _QUOTA: "isv.DAY_LIMIT_CONTROL isv.MONTH_LIMIT_CONTROL",
        _MONEY: "isv.AMOUNT_NOT_ENOUGH isv.OUT_OF_SERVICE",
        _ACCOUNT: "isv.PRODUCT_UN_SUBSCRIPT isv.PRODUCT_UNSUBSCRIBE"
        " isv.ACCOUNT_NOT_EXISTS isv.ACCOUNT_ABNORMAL isv.SECURITY_FROZEN_ACCOUNT isp.RAM_PERMISSION_DENY"
        " isv.DENY_IP_RANGE",
        _SENDER: " ".join(sorted(ABOUT_THE_SIGNATURE)) + " isv.EXTEND_CODE_ERROR isv.ONE_CODE_MULTIPLE_SIGN"
        " isv.CODE_EXCEED_LIMIT isv.CODE_ERROR",
        _TEMPLATE: "isv.SMS_TEMPLATE_ILLEGAL TemplateNotFound isv.TEMPLATE_MISSING_PARAMETERS"
        " isv.TEMPLATE_PARAMS_ILLEGAL isv.INVALID_JSON_PARAM isv.PARAM_LENGTH_LIMIT isv.PARAM_NOT_SUPPORT_URL"
        " template_parameter_count_illegal isv.SMS_TEST_SIGN_TEMPLATE_LIMIT isv.SMS_TEST_TEMPLATE_PARAMS_ILLEGAL",
        _NO_ROUTE: "isv.DOMESTIC_NUMBER_NOT_SUPPORTED",
        _BAD_NUMBER: "isv.MOBILE_NUMBER_ILLEGAL",
        _BLOCKED: "isv.BLACK_KEY_CONTROL_LIMIT isv.CUSTOMER_REFUSED",
        _CONTENT: "isv.SMS_CONTENT_ILLEGAL isv.UNSUPPORTED_CONTENT isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE",
        _PARAMETER: "isv.MOBILE_COUNT_OVER_LIMIT isv.INVALID_PARAMETERS isv.SMS_TEST_NUMBER_LIMIT",
        _AMBIGUOUS: "isp.SYSTEM_ERROR isp.GATEWAY_ERROR",
    }
)
"""Dysmsapi 2017-05-25, ``Code``. The window of BUSINESS_LIMIT_CONTROL stands in its message: ``number_window``."""

GLOBE_REFUSALS: Final = _table(
    {
        _THROTTLE: "QPS_LIMIT_CONTROL",
        Refusal(Kind.NUMBER_MINUTE, ErrorCode.FREQUENCY_LIMIT): "BUSINESS_LIMIT_CONTROL_MINUTE",
        Refusal(Kind.NUMBER_HOUR, ErrorCode.FREQUENCY_LIMIT): "BUSINESS_LIMIT_HOUR",
        Refusal(Kind.NUMBER_DAY, ErrorCode.FREQUENCY_LIMIT): "BUSINESS_LIMIT_DAY BUSINESS_LIMIT_CONTROL_PHONE",
        _MONEY: "AMOUNT_NOT_ENOUGH OUT_OF_SERVICE BILLING_DEDUCTION_ERROR",
        _ACCOUNT: "FORBIDDEN_ACTION ACCOUNT_NOT_EXISTS RAM_PERMISSION_DENY PRODUCT_NOT_SUBSCRIBED ACCOUNT_ILLEGAL",
        _SENDER: "INVALID_SENDERID SENDERID_ERROR SMS_SIGN_NAME_ILLEGAL",
        _CONTENT: "SMS_SECURITY_INTERCEPTED SMS_CONTENT_ILLEGAL",
        _TEMPLATE: "SMS_CONTENT_CODE_ILLEGAL CONTENT_MISSING_PARAMETERS INVALID_JSON_PARAM PARAM_LENGTH_LIMIT",
        _PARAMETER: "MOBILE_COUNT_OVER_LIMIT INVALID_PARAMETERS QUERY_DATE_ILLEGAL",
        _BAD_NUMBER: "MOBILE_NUMBER_ILLEGAL",
        _BLOCKED: "BLACK_KEY_CONTROL_LIMIT",
        _NO_ROUTE: "NOT_SUPPORTED_COUNTRY COUNTRY_RESTRICTED",
        _AMBIGUOUS: "SYSTEM_ERROR ONLINE_BILLING_FAILED GATEWAY_ERROR",
    }
)
"""Dysmsapi 2018-05-01, ``ResponseCode`` without ``isv.`` and ``isp.``, which older answers had in front."""

GATEWAY: Final = _table(
    {
        _ACCOUNT: "InvalidAccessKeyId.NotFound InvalidAccessKeyId.Inactive SignatureDoesNotMatch IncompleteSignature"
        " InvalidTimeStamp.Expired InvalidTimeStamp.Format InvalidVersion InvalidAction.NotFound MissingSecurityToken"
        " InvalidSecurityToken.Expired InvalidSecurityToken.Malformed InvalidSecurityToken.MismatchWithAccessKey"
        " Forbidden.RAM NoPermission ForbiddenAction",
        _THROTTLE: "Throttling Throttling.User Throttling.Api",
        _AMBIGUOUS: "ServiceUnavailable InternalError",
        Refusal(Kind.ARRIVED): "SignatureNonceUsed",
    }
)
"""The common errors, HTTP 4xx and 5xx. A date that has expired is a wrong clock: every call would end so."""

_PREFIXES: Final = (
    ("Throttling", _THROTTLE),
    ("InvalidAccessKeyId", _ACCOUNT),
    ("InvalidSecurityToken", _ACCOUNT),
    ("Missing", _PARAMETER),
    ("isp.", _AMBIGUOUS),
    ("isv.", _PARAMETER),
)

_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.:\-]{0,63}")

_WINDOWS: Final = (
    ("分钟级", Kind.NUMBER_MINUTE),
    ("小时级", Kind.NUMBER_HOUR),
    ("天级", Kind.NUMBER_DAY),
)

ENDINGS: Final[dict[str, Ending]] = {
    "MOBILE_NOT_ON_SERVICE": Ending(Outcome.UNDELIVERABLE, ErrorCode.NOT_ON_SERVICE),
    "INVALID_NUMBER": Ending(Outcome.UNDELIVERABLE, ErrorCode.INVALID_NUMBER),
    "MOBILE_ACCOUNT_ABNORMAL": Ending(Outcome.UNDELIVERABLE, ErrorCode.SUBSCRIBER_ABNORMAL),
    # The platform's own spelling, and the right one.
    "MOBLLE_TERMINAL_ERROR": Ending(Outcome.UNDELIVERABLE, ErrorCode.HANDSET_FAULT),
    "MOBILE_TERMINAL_ERROR": Ending(Outcome.UNDELIVERABLE, ErrorCode.HANDSET_FAULT),
    "MOBILE_SEND_LIMIT": Ending(Outcome.REJECTED, ErrorCode.FREQUENCY_LIMIT),
    "MOBILE_IN_BLACK": Ending(Outcome.REJECTED, ErrorCode.BLOCKED),
    "USER_REJECT": Ending(Outcome.REJECTED, ErrorCode.BLOCKED),
    "CONTENT_KEYWORD": Ending(Outcome.REJECTED, ErrorCode.CONTENT_REFUSED),
    "CONTENT_ERROR": Ending(Outcome.REJECTED, ErrorCode.CONTENT_REFUSED),
    "isv.UNSUPPORTED_CONTENT": Ending(Outcome.REJECTED, ErrorCode.CONTENT_REFUSED),
    "isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE": Ending(Outcome.REJECTED, ErrorCode.CONTENT_REFUSED),
    "isv.ONE_CODE_MULTIPLE_SIGN": Ending(Outcome.REJECTED, ErrorCode.SENDER_REFUSED),
    "isv.CODE_EXCEED_LIMIT": Ending(Outcome.REJECTED, ErrorCode.SENDER_REFUSED),
    "isv.CODE_ERROR": Ending(Outcome.REJECTED, ErrorCode.SENDER_REFUSED),
    "isv.SIGN_SOURCE_ILLEGAL": Ending(Outcome.REJECTED, ErrorCode.SENDER_REFUSED),
    "SIGNATURE_BLACKLIST": Ending(Outcome.REJECTED, ErrorCode.SENDER_REFUSED),
    "PORT_NOT_REGISTERED": Ending(Outcome.REJECTED, ErrorCode.SENDER_REFUSED),
    "PARAMS_ILLEGAL": Ending(Outcome.REJECTED, ErrorCode.PARAMETER_REFUSED),
    # A channel may be shut after a message went into it: that proves nothing.
    "IS_CLOSE": Ending(Outcome.UNDELIVERABLE, ErrorCode.UNDELIVERABLE),
    "IS_CLOSED": Ending(Outcome.UNDELIVERABLE, ErrorCode.UNDELIVERABLE),
    "NO_ROUTE": Ending(Outcome.UNDELIVERABLE, ErrorCode.NO_ROUTE, nothing_left=True),
    "SP_NOT_BY_INTER_SMS": Ending(Outcome.UNDELIVERABLE, ErrorCode.NOT_PROVISIONED),
    "SP_UNKNOWN_ERROR": Ending(Outcome.UNDELIVERABLE, ErrorCode.UNDELIVERABLE),
    "SP_UNKNOW_ERROR": Ending(Outcome.UNDELIVERABLE, ErrorCode.UNDELIVERABLE),
    "UNKNOW": Ending(Outcome.UNDELIVERABLE, ErrorCode.UNDELIVERABLE),
    "REQUEST_SUCCESS": Ending(Outcome.UNDELIVERABLE, ErrorCode.UNDELIVERABLE),
    # What the networks' own gateways say, passed through on older accounts and abroad.
    "EXPIRED": Ending(Outcome.EXPIRED, ErrorCode.VALIDITY_EXCEEDED),
    "UNDELIV": Ending(Outcome.UNDELIVERABLE, ErrorCode.UNDELIVERABLE),
    "REJECTD": Ending(Outcome.REJECTED, ErrorCode.NOT_ACCEPTED),
    "ID:0076": Ending(Outcome.REJECTED, ErrorCode.CONTENT_REFUSED),
}
"""Receipt codes (``ErrCode``, ``err_code``) of a message whose status is "failed"."""

EXPIRED: Final = Ending(Outcome.EXPIRED, ErrorCode.VALIDITY_EXCEEDED)
ARRIVED: Final = Ending(Outcome.DELIVERED, ErrorCode.NONE)
_UNKNOWN_ENDING: Final = Ending(Outcome.UNDELIVERABLE, ErrorCode.UNKNOWN_STATUS)

DELIVERED: Final = frozenset({"DELIVERED", "DELIVRD", "success"})
"""Receipt codes of a message that arrived."""
_GLOBE_FAILED: Final = "2"
_GLOBE_EXPIRED: Final = "6"


def refusal(code: str) -> Refusal | None:
    """Say what a code of the mainland service or of the gateway means; None: in no documentation, and no guess."""
    return REFUSALS.get(code) or GATEWAY.get(code) or _by_family(code)


def globe_refusal(code: str) -> Refusal | None:
    """Say what a code of the international service or of the gateway means; None as for ``refusal``."""
    plain = code.removeprefix("isv.").removeprefix("isp.")
    return GLOBE_REFUSALS.get(plain) or GATEWAY.get(code) or _by_family(code)


def number_window(meaning: Refusal, message: str) -> Refusal:
    """Narrow a limit per number to the window that its message names (``触发分钟级流控Permits:1``)."""
    if meaning.kind is not Kind.NUMBER_HOUR:
        return meaning
    return next((replace(meaning, kind=kind) for word, kind in _WINDOWS if word in message), meaning)


def code_word(text: str | None) -> str | None:
    """Return a code as it came, or None where it is no code: a platform gone wrong may put the request there."""
    return text if text and _WORD.fullmatch(text) else None


def ending(code: str) -> Ending:
    """Say how a message ended whose status is "failed", by its receipt code."""
    return ENDINGS.get(code, _UNKNOWN_ENDING)


def globe_ending(status: str, code: str, *, received: bool) -> Ending | None:
    """Say how an international message ended, for polls and pushes alike; None: it has not.

    ``Status`` means two things: 1 and 3 changed places between editions of the documentation, so the receipt code
    decides, together with a time of arrival (alibaba.md 5).

    Args:
        status: ``Status``, written as text.
        code: The receipt code; empty: there is none.
        received: Whether the platform names a time of arrival.
    """
    if code in DELIVERED and received:
        return ARRIVED
    if status == _GLOBE_EXPIRED:
        return EXPIRED
    return ending(code) if status == _GLOBE_FAILED else None


def _by_family(code: str) -> Refusal | None:
    if "LIMIT_CONTROL" in code:
        return Refusal(Kind.NUMBER_HOUR, ErrorCode.FREQUENCY_LIMIT)
    return next((meaning for prefix, meaning in _PREFIXES if code.startswith(prefix)), None)
