"""Mainland China from abroad: signature, template and values of a text."""

from pathlib import Path

import pytest

from smppgw.carriers.alibaba.china import China, Wording
from smppgw.carriers.alibaba.template_rows import TemplateFileError
from smppgw.core.codes import ErrorCode
from smppgw.core.verdict import Rejected
from tests.carriers.alibaba.builders import SHIPPED, TEMPLATES

VALUES = (("name", "李雷"), ("order", "A-17"), ("no", "SF1"))


@pytest.mark.parametrize(
    ("text", "sign_name"),
    [(SHIPPED, "阿里云"), (f"【示例科技】{SHIPPED}", "示例科技"), (f"{SHIPPED}【示例科技】", "示例科技")],
)
def test_a_text_is_its_template_under_its_own_signature_or_the_default(text: str, sign_name: str) -> None:
    wording = China(TEMPLATES, "阿里云", ()).read(text)

    assert wording == Wording(sign_name=sign_name, template_code="SMS_100000002", params=VALUES)


@pytest.mark.parametrize(
    ("text", "sign_name", "signatures", "error"),
    [
        (SHIPPED, None, (), ErrorCode.SENDER_REFUSED),
        (f"【别人】{SHIPPED}", "阿里云", ("示例科技",), ErrorCode.SENDER_REFUSED),
        ("好" * 498, "阿里云", (), ErrorCode.PARAMETER_REFUSED),
        ("anything", "阿里云", (), ErrorCode.TEMPLATE_MISMATCH),
    ],
)
def test_what_cannot_be_said_is_refused(
    text: str, sign_name: str | None, signatures: tuple[str, ...], error: ErrorCode
) -> None:
    refused = China(TEMPLATES, sign_name, signatures).read(text)

    assert isinstance(refused, Rejected)
    assert refused.error is error


def test_the_default_is_always_one_of_the_allowed_ones() -> None:
    assert isinstance(China(TEMPLATES, "阿里云", ("示例科技",)).read(SHIPPED), Wording)


def test_a_file_that_cannot_be_used_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(TemplateFileError):
        China(tmp_path / "none.json", None, ())
