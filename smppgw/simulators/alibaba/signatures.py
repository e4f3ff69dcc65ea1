"""The account's signatures: who its messages are from."""

from enum import StrEnum

import msgspec

from smppgw.simulators.alibaba.answers import BusinessError
from smppgw.simulators.alibaba.templates import Status, Template, TemplateType


class SignatureType(StrEnum):
    """`BusinessType` of QuerySmsSignList."""

    OTP = "验证码类型"
    GENERAL = "通用类型"


class Signature(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One signature, without its brackets."""

    name: str
    type: SignatureType = SignatureType.GENERAL
    status: Status = Status.APPROVED


class Signatures:
    """What an account may sign with; names do not differ by case, and of two with one name the general one is used."""

    def __init__(self, signatures: tuple[Signature, ...]) -> None:
        approved = [each for each in signatures if each.status is Status.APPROVED]
        approved.sort(key=lambda each: each.type is SignatureType.GENERAL)
        self._approved = {each.name.casefold(): each for each in approved}

    def check(self, name: str) -> Signature:
        """Return a signature that may be used.

        Raises:
            BusinessError: There is no such one, or it is not approved.
        """
        found = self._approved.get(name.casefold())
        if found is None:
            raise BusinessError("isv.SMS_SIGNATURE_ILLEGAL", "该账号下找不到对应签名")
        return found


def check_scene(signature: Signature, template: Template) -> None:
    """Hold a signature against the kind of a template.

    Raises:
        BusinessError: One for passwords signs nothing else.
    """
    if signature.type is SignatureType.OTP and template.type is not TemplateType.OTP:
        raise BusinessError("isv.SMS_SIGNATURE_SCENE_ILLEGAL", "短信签名场景非法")


KNOWN_SIGNATURES = (Signature(name="阿里云"), Signature(name="示例科技"))
