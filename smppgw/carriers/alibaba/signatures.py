"""Signatures: who a text is from, in 【】 at its start or end, and which of them the account may use.

QuerySmsSignList is read forgivingly: one odd row must not stop all messages. Pure.
Source: help.aliyun.com QuerySmsSignList (2017-05-25); sending rules 463237 (names do not differ by case).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from smppgw.carriers.alibaba.templates import Scene
from smppgw.carriers.http import read_json

_SIGNATURE: Final = re.compile(r"【([^【】]{1,50})】(?P<after>.*)|(?P<before>.*)【([^【】]{1,50})】", re.DOTALL)
_PASSED: Final = "AUDIT_STATE_PASS"
_OTP_ONLY: Final = "验证码类型"
"""``BusinessType`` of a signature that signs one-time passwords and nothing else; the other is ``通用类型``."""


class SignRow(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """One row of ``SmsSignList``, as far as it matters."""

    sign_name: str
    audit_status: str
    business_type: str | None = None


class SignPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of QuerySmsSignList."""

    rows: list[msgspec.Raw] = msgspec.field(default_factory=list, name="SmsSignList")
    total: int = msgspec.field(default=0, name="TotalCount")


# Not strict: counts come as numbers and as text.
SIGN_PAGE: Final = msgspec.json.Decoder(SignPage, strict=False)
_ROW: Final = msgspec.json.Decoder(SignRow)


@dataclass(frozen=True, slots=True)
class SignatureSet:
    """The approved signatures of an account; never changes, is replaced as a whole."""

    general: frozenset[str] = frozenset()
    """Names, folded."""
    otp_only: frozenset[str] = frozenset()

    @classmethod
    def of(cls, rows: Iterable[SignRow]) -> "SignatureSet":
        """Keep what is approved; of two with one name the general one is used (SendSms, ``SignName``)."""
        approved = [row for row in rows if row.audit_status == _PASSED]
        otp_only = {fold(row.sign_name) for row in approved if row.business_type == _OTP_ONLY}
        general = {fold(row.sign_name) for row in approved if row.business_type != _OTP_ONLY}
        return cls(frozenset(general), frozenset(otp_only - general))

    def fault(self, sign_name: str, scene: Scene) -> str | None:
        """Say why a signature cannot sign a template of this kind; None when it can."""
        name = fold(sign_name)
        if name in self.general:
            return None
        if name not in self.otp_only:
            return "the signature is not approved"
        return None if scene is Scene.OTP else "the signature is for one-time passwords only"


def fold(sign_name: str) -> str:
    """Return a name as it is compared."""
    return sign_name.casefold()


def sign_rows(page: SignPage) -> Iterator[SignRow]:
    """Read the rows of a page; one that cannot be understood is passed over."""
    for raw in page.rows:
        if row := read_json(_ROW, raw):
            yield row


def split_signature(text: str) -> tuple[str | None, str]:
    """Take a leading or trailing ``【signature】`` off a text: the platform adds it by itself."""
    if not (found := _SIGNATURE.fullmatch(text)):
        return None, text
    if found["after"] is not None:
        return found[1], found["after"]
    return found[4], found["before"]
