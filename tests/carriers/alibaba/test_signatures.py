"""Signatures in texts, and those of an account."""

import msgspec
import pytest

from smppgw.carriers.alibaba.signatures import SIGN_PAGE, SignatureSet, sign_rows, split_signature
from smppgw.carriers.alibaba.templates import Scene
from tests.carriers.alibaba.builders import sign_list, sign_row


def signatures(*rows: object) -> SignatureSet:
    page = SIGN_PAGE.decode(msgspec.json.encode({"SmsSignList": rows, "TotalCount": "7"}))
    return SignatureSet.of(sign_rows(page))


def test_approved_signatures_sign_everything() -> None:
    known = signatures(*[sign_row(SignName="阿里云"), sign_row(SignName="Example", BusinessType=None)])

    assert [known.fault(name, scene) for name in ("阿里云", "eXample") for scene in Scene] == [None] * 6


@pytest.mark.parametrize("status", ["AUDIT_STATE_INIT", "AUDIT_STATE_NOT_PASS", "AUDIT_STATE_CANCEL", ""])
def test_others_sign_nothing(status: str) -> None:
    known = signatures(sign_row(AuditStatus=status))

    assert known.fault("阿里云", Scene.NOTIFICATION) == "the signature is not approved"


def test_one_for_passwords_signs_nothing_else() -> None:
    known = signatures(sign_row(BusinessType="验证码类型"))

    faults = [known.fault("阿里云", scene) for scene in Scene]

    assert faults == [None, *["the signature is for one-time passwords only"] * 2]


def test_of_two_with_one_name_the_general_one_is_used() -> None:
    known = signatures(sign_row(BusinessType="验证码类型"), sign_row())

    assert known.fault("阿里云", Scene.PROMOTION) is None


@pytest.mark.parametrize("odd", [None, 7, [], {}, {"SignName": 1, "AuditStatus": "AUDIT_STATE_PASS"}])
def test_an_odd_row_is_passed_over(odd: object) -> None:
    assert signatures(odd, sign_row()).general == {"阿里云"}


def test_a_page_of_the_platform_is_read() -> None:
    assert len(SIGN_PAGE.decode(msgspec.json.encode(sign_list())).rows) == 2


@pytest.mark.parametrize(
    ("text", "signature", "rest"),
    [
        ("【阿里云】今日休息。", "阿里云", "今日休息。"),
        ("今日休息。【阿里云】", "阿里云", "今日休息。"),
        ("【甲】今日休息。【乙】", "甲", "今日休息。【乙】"),
        ("今日【甲】休息。", None, "今日【甲】休息。"),
        ("【】今日休息。", None, "【】今日休息。"),
        ("【阿里云】两\n行", "阿里云", "两\n行"),
        ("今日休息。", None, "今日休息。"),
        ("", None, ""),
    ],
)
def test_a_signature_is_taken_off_either_end(text: str, signature: str | None, rest: str) -> None:
    assert split_signature(text) == (signature, rest)
