"""The account's templates, and the reading of `--templates FILE`.

A template's text is filled in here as the platform does it: plain substitution, every variable assigned, values
checked. Pure.
"""

import re
from collections.abc import Iterable, Mapping
from enum import IntEnum
from pathlib import Path

import msgspec

from smppgw.simulators.alibaba.answers import BusinessError

_VARIABLE = re.compile(r"\$\{([^${}]+)\}")
_URL = re.compile(r"https?://|www\.", re.IGNORECASE)
_FORBIDDEN = re.compile(r"[【】〖〗『』「」²•①★※→❤™\U0001F000-\U0001FAFF]")
_OTP_LENGTHS = range(4, 7)
_LENGTHS = range(1, 36)


class TemplateType(IntEnum):
    """`OuterTemplateType` of QuerySmsTemplateList, `TemplateType` of GetSmsTemplate."""

    OTP = 0
    NOTIFICATION = 1
    PROMOTIONAL = 2


class Status(IntEnum):
    """`TemplateStatus` of GetSmsTemplate."""

    IN_REVIEW = 0
    APPROVED = 1
    REJECTED = 2
    CANCELLED = 10


AUDIT_STATUS = {
    Status.IN_REVIEW: "AUDIT_STATE_INIT",
    Status.APPROVED: "AUDIT_STATE_PASS",
    Status.REJECTED: "AUDIT_STATE_NOT_PASS",
    Status.CANCELLED: "AUDIT_SATE_CANCEL",  # spelled so in the documentation of QuerySmsTemplateList
}
"""The same in the words of QuerySmsTemplateList."""


class Template(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One template; also the shape of an entry of `--templates FILE`, a JSON array."""

    code: str
    type: TemplateType
    content: str
    status: Status = Status.APPROVED

    @property
    def variables(self) -> list[str]:
        """Names in the order of their first use."""
        return list(dict.fromkeys(_VARIABLE.findall(self.content)))

    def rendered(self, params: str) -> str:
        """The text with its variables filled in.

        Args:
            params: `TemplateParam`, a JSON object of strings; empty if there is none.

        Raises:
            BusinessError: what does not fit, as SendSms says it (API error codes, domestic).
        """
        values = _values(params) if params else {}
        for name in self.variables:
            if name not in values:
                raise BusinessError("isv.TEMPLATE_MISSING_PARAMETERS", f"模板缺少变量 {name}")
            self._check(values[name])
        return _VARIABLE.sub(lambda found: values[found[1]], self.content)

    def _check(self, value: str) -> None:
        if len(value) not in (_OTP_LENGTHS if self.type is TemplateType.OTP else _LENGTHS):
            raise BusinessError("isv.PARAM_LENGTH_LIMIT", "参数超出长度限制")
        if self.type is TemplateType.OTP and not (value.isascii() and value.isalnum()):
            raise BusinessError("isv.TEMPLATE_PARAMS_ILLEGAL", "模板变量中包含非法参数")
        if _URL.search(value):
            raise BusinessError("isv.PARAM_NOT_SUPPORT_URL", "变量不支持传入URL")
        if _FORBIDDEN.search(value):
            raise BusinessError("isv.UNSUPPORTED_CONTENT", "变量包含不支持的字符")


KNOWN_TEMPLATES = (
    Template(code="SMS_100000001", type=TemplateType.OTP, content="您的验证码为：${code}，请勿泄露于他人！"),
    Template(
        code="SMS_100000002",
        type=TemplateType.NOTIFICATION,
        content="尊敬的${name}，您的订单${order}已发货，快递单号${no}。",
    ),
    Template(
        code="SMS_100000003",
        type=TemplateType.PROMOTIONAL,
        content="${name}，本周全场${discount}折，拒收请回复R",
    ),
    Template(
        code="SMS_100000004",
        type=TemplateType.NOTIFICATION,
        content="您预约的${time}服务已确认。",
        status=Status.IN_REVIEW,
    ),
)


def read_templates(path: Path) -> tuple[Template, ...]:
    """Templates from a file.

    Raises:
        OSError: the file cannot be read.
        msgspec.DecodeError: it is no JSON array of `{"code","type","content","status"?}`.
    """
    return msgspec.json.decode(path.read_bytes(), type=tuple[Template, ...])


def merged_templates(others: Iterable[Template]) -> tuple[Template, ...]:
    """The known templates and others; of two with one code the other wins."""
    return tuple({template.code: template for template in (*KNOWN_TEMPLATES, *others)}.values())


def _values(params: str) -> Mapping[str, str]:
    try:
        return msgspec.json.decode(params, type=dict[str, str])
    except msgspec.DecodeError as error:
        raise BusinessError("isv.INVALID_JSON_PARAM", "JSON参数不合法，只接受字符串值") from error
