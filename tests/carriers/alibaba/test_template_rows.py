"""Lists of templates, from the platform and from a file."""

import json
from pathlib import Path

import msgspec
import pytest

from smppgw.carriers.alibaba.template_rows import (
    PAGE,
    TemplateFileError,
    TemplateRow,
    page_rows,
    read_template_file,
    template_list,
)
from smppgw.carriers.alibaba.templates import Scene
from tests.carriers.alibaba.builders import TEMPLATES


def a_row(**changes: object) -> dict[str, object]:
    return {
        "TemplateCode": "SMS_1",
        "TemplateName": "n",
        "TemplateContent": "${a}b",
        "TemplateType": 0,
        "OuterTemplateType": 1,
        "AuditStatus": "AUDIT_STATE_PASS",
    } | changes


def page(*rows: object) -> list[TemplateRow]:
    return list(page_rows(PAGE.decode(msgspec.json.encode({"SmsTemplateList": rows, "TotalCount": "1"}))))


def file_of(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "changes",
    [
        {"AuditStatus": "AUDIT_STATE_INIT"},
        {"AuditStatus": "AUDIT_STATE_NOT_PASS"},
        {"AuditStatus": "AUDIT_SATE_CANCEL"},
        {"OuterTemplateType": 3},
        {"OuterTemplateType": 7},
        {"TemplateContent": "x" * 1001},
    ],
)
def test_what_cannot_carry_a_mainland_text_is_left_out(changes: dict[str, object]) -> None:
    assert template_list(page(a_row(**changes))).approved.templates == ()


@pytest.mark.parametrize(
    ("kind", "scene"), [(0, Scene.OTP), ("0", Scene.OTP), (1, Scene.NOTIFICATION), ("2", Scene.PROMOTION)]
)
def test_the_outer_type_tells_what_a_template_is_for(kind: object, scene: Scene) -> None:
    # TemplateType, beside it, counts differently: 0 is a notification there.
    (one,) = template_list(page(a_row(OuterTemplateType=kind))).approved.templates

    assert one.scene is scene


@pytest.mark.parametrize(
    "odd", [None, 7, [], {"TemplateCode": 1}, a_row(TemplateContent=None), a_row(OuterTemplateType="x")]
)
def test_an_odd_row_of_the_platform_is_passed_over(odd: object) -> None:
    assert [row.template_code for row in page(odd, a_row())] == ["SMS_1"]


def test_a_file_takes_rows_of_the_platform_and_short_ones() -> None:
    codes = {template.code for template in read_template_file(TEMPLATES).approved.templates}

    assert codes == {"SMS_100000001", "SMS_100000002", "SMS_100000005"}


def test_a_short_entry_in_review_is_left_out(tmp_path: Path) -> None:
    path = file_of(tmp_path / "t.json", [{"code": "SMS_1", "type": 1, "content": "a", "status": 0}])

    assert read_template_file(path).approved.templates == ()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "no JSON array of templates"),
        ("{}", "no JSON array of templates"),
        ("[" * 100_000, "no JSON array of templates"),
        ([{"code": "SMS_1", "type": 1, "content": "a"}, {"code": "SMS_2"}], "template 2: "),
        ([{"code": "SMS_1", "type": 1, "content": "a", "contnet": "b"}], "template 1: "),
        ([7], "template 1: "),
        ([a_row(TemplateContent=1)], "template 1: "),
        ([a_row(TemplateContent="x" * 1001)], "template 1: longer than 1000 characters"),
    ],
)
def test_a_faulty_file_is_named_with_its_fault(tmp_path: Path, content: object, fault: str) -> None:
    path = file_of(tmp_path / "t.json", content)

    with pytest.raises(TemplateFileError) as caught:
        read_template_file(path)

    assert str(caught.value).startswith(f"{path}: {fault}")


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(TemplateFileError, match="No such file"):
        read_template_file(tmp_path / "none.json")
