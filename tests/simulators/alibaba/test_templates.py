"""Filling in templates, and the file of others."""

from pathlib import Path

import msgspec
import pytest

from smppgw.simulators.alibaba.answers import BusinessError
from smppgw.simulators.alibaba.templates import (
    KNOWN_TEMPLATES,
    Status,
    Template,
    TemplateType,
    merged_templates,
    read_templates,
)

OTP, NOTE, *_ = KNOWN_TEMPLATES


def code_of(template: Template, params: str) -> str:
    try:
        template.rendered(params)
    except BusinessError as error:
        return error.code
    return "OK"


def test_variables_are_filled_in() -> None:
    text = NOTE.rendered('{"name":"张三","order":"A-1","no":"SF123","unused":"x"}')

    assert text == "尊敬的张三，您的订单A-1已发货，快递单号SF123。"


def test_a_value_is_not_filled_in_again() -> None:
    twice = Template(code="SMS_9", type=TemplateType.NOTIFICATION, content="${a}-${b}-${a}")

    assert twice.rendered('{"a":"${b}","b":"2"}') == "${b}-2-${b}"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ('{"code":"1234"}', "OK"),
        ('{"code":"Ab12cd"}', "OK"),
        ("", "isv.TEMPLATE_MISSING_PARAMETERS"),
        ("{}", "isv.TEMPLATE_MISSING_PARAMETERS"),
        ('{"Code":"1234"}', "isv.TEMPLATE_MISSING_PARAMETERS"),
        ("{", "isv.INVALID_JSON_PARAM"),
        ('["1234"]', "isv.INVALID_JSON_PARAM"),
        ('{"code":1234}', "isv.INVALID_JSON_PARAM"),
        ('{"code":"123"}', "isv.PARAM_LENGTH_LIMIT"),
        ('{"code":"1234567"}', "isv.PARAM_LENGTH_LIMIT"),
        ('{"code":"12-4"}', "isv.TEMPLATE_PARAMS_ILLEGAL"),
    ],
)
def test_a_password_has_four_to_six_letters_or_digits(params: str, code: str) -> None:
    assert code_of(OTP, params) == code


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("1", "OK"),
        ("x" * 35, "OK"),
        ("x" * 36, "isv.PARAM_LENGTH_LIMIT"),
        ("", "isv.PARAM_LENGTH_LIMIT"),
        ("see https://a.b", "isv.PARAM_NOT_SUPPORT_URL"),
        ("【x】", "isv.UNSUPPORTED_CONTENT"),
        ("😀", "isv.UNSUPPORTED_CONTENT"),
    ],
)
def test_a_value_of_a_notification_is_checked(value: str, code: str) -> None:
    params = msgspec.json.encode({"name": value, "order": "1", "no": "1"}).decode()

    assert code_of(NOTE, params) == code


def test_a_file_adds_and_replaces_templates(tmp_path: Path) -> None:
    path = tmp_path / "templates.json"
    path.write_text(
        '[{"code":"SMS_7","type":1,"content":"${a}"},{"code":"SMS_100000001","type":0,"content":"x","status":2}]'
    )

    merged = {each.code: each for each in merged_templates(read_templates(path))}

    assert len(merged) == len(KNOWN_TEMPLATES) + 1
    assert merged["SMS_7"].status is Status.APPROVED
    assert merged["SMS_100000001"].status is Status.REJECTED


@pytest.mark.parametrize("content", ["", "{}", '[{"code":"SMS_7"}]', '[{"code":"SMS_7","type":9,"content":""}]'])
def test_a_file_of_something_else_is_an_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "templates.json"
    path.write_text(content)

    with pytest.raises(msgspec.DecodeError):
        read_templates(path)
