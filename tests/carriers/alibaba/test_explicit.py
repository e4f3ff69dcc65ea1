"""Messages that name their template themselves, in the text or in TLVs."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smppgw.carriers.alibaba.explicit import (
    Choice,
    ExplicitError,
    Tagged,
    Tags,
    choice_in,
    fill,
    read_params,
    read_tlvs,
)
from smppgw.carriers.alibaba.templates import Scene, Template

TAGS = Tags(0x1501, 0x1502, 0x1503)
SHIPPED = Template("SMS_2", "尊敬的${name}，您的订单${order}已发货，${name}。")
OTP = Template("SMS_1", "您的验证码为：${code}！", Scene.OTP)


def tlv(tag: int, value: str | bytes) -> bytes:
    octets = value.encode() if isinstance(value, str) else value
    return tag.to_bytes(2, "big") + len(octets).to_bytes(2, "big") + octets


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("template:SMS_1", Choice("SMS_1", ())),
        ("template:SMS_1|{}", Choice("SMS_1", ())),
        ('template:SMS_1|{"code":"1234"}', Choice("SMS_1", (("code", "1234"),))),
        ('template:SMS_2|{"a": "x|y}",\n "b": "\\u4f60"}', Choice("SMS_2", (("a", "x|y}"), ("b", "你")))),
    ],
)
def test_a_text_names_template_and_values(text: str, choice: Choice) -> None:
    assert choice_in(text) == choice


@pytest.mark.parametrize("text", ["", "您好", "Template:SMS_1", " template:SMS_1", "template", "use template:SMS_1"])
def test_any_other_text_is_a_text(text: str) -> None:
    assert choice_in(text) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("template:", "write template:CODE"),
        ("template: SMS_1", "write template:CODE"),
        ("template:SMS-1", "write template:CODE"),
        ("template:SMS_1|", "write template:CODE"),
        ("template:SMS_1|x", "write template:CODE"),
        ("template:SMS_1 {}", "write template:CODE"),
        ('template:SMS_1|{"code":"1234"} ', "write template:CODE"),
        ('template:SMS_1|["1234"]', "write template:CODE"),
        ("template:" + "S" * 65, "write template:CODE"),
        ("template:SMS_1|{code:1234}", "the values are no JSON object"),
        ('template:SMS_1|{"code":"1234"}}', "the values are no JSON object"),
        ('template:SMS_1|{"code":NaN}', "the values are no JSON object"),
        ("template:SMS_1|{" + '"a":{' * 5000 + "}" * 5001, "the values are no JSON object"),
        ('template:SMS_1|{"code":1234}', "each value must be a JSON string"),
        ('template:SMS_1|{"code":null}', "each value must be a JSON string"),
        ('template:SMS_1|{"code":{"a":"b"}}', "each value must be a JSON string"),
        ('template:SMS_1|{"code":["1"]}', "each value must be a JSON string"),
        ('template:SMS_1|{"code":"1","code":"2"}', "a name comes twice among the values"),
    ],
)
def test_a_text_that_begins_so_and_goes_on_wrongly_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ExplicitError, match=reason):
        choice_in(text)


@given(st.text(max_size=60))
@settings(deadline=None)
def test_no_values_raise_anything_else(text: str) -> None:
    try:
        read_params(text)
    except ExplicitError:
        return


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=4))
@settings(deadline=None)
def test_every_object_of_strings_is_read(values: dict[str, str]) -> None:
    assert dict(read_params(json.dumps(values))) == values


def test_optional_parameters_name_template_values_and_signature() -> None:
    stream = tlv(0x1400, "other") + tlv(0x1501, "SMS_1") + tlv(0x1502, '{"code":"1234"}') + tlv(0x1503, "阿里云")

    assert read_tlvs(stream, TAGS) == Tagged("SMS_1", (("code", "1234"),), "阿里云")


def test_a_closing_nul_is_not_part_of_a_value() -> None:
    assert read_tlvs(tlv(0x1501, b"SMS_1\0"), TAGS) == Tagged("SMS_1")


@pytest.mark.parametrize("stream", [b"", tlv(0x1400, "x"), tlv(0x1503, ""), b"\x15\x01\x00", b"\x15"])
def test_parameters_of_others_say_nothing(stream: bytes) -> None:
    assert read_tlvs(stream, TAGS) == Tagged()


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (tlv(0x1501, b"\xff"), "TLV 0x1501 is not UTF-8"),
        (tlv(0x1501, ""), "TLV 0x1501 is no template code"),
        (tlv(0x1501, "SMS 1"), "TLV 0x1501 is no template code"),
        (tlv(0x1502, "{}"), "TLV 0x1502 comes without 0x1501"),
        (tlv(0x1501, "SMS_1") + tlv(0x1502, "x"), "the values are no JSON object"),
        (tlv(0x1503, b"\xff"), "TLV 0x1503 is not UTF-8"),
    ],
)
def test_a_wrong_parameter_is_refused(stream: bytes, reason: str) -> None:
    with pytest.raises(ExplicitError, match=reason):
        read_tlvs(stream, TAGS)


@given(st.binary(max_size=40))
@settings(deadline=None)
def test_no_stream_raises_anything_else(stream: bytes) -> None:
    try:
        read_tlvs(stream, TAGS)
    except ExplicitError:
        return


def test_values_come_in_the_order_of_the_template() -> None:
    assert fill(SHIPPED, (("order", "A"), ("name", "李雷"))) == (("name", "李雷"), ("order", "A"))


@pytest.mark.parametrize(
    ("template", "params", "reason"),
    [
        (SHIPPED, (("name", "李雷"),), r"SMS_2 has a variable \$\{order\}, for which there is no value"),
        (SHIPPED, (("name", "a"), ("order", "b"), ("x", "c")), "there are values for which SMS_2 has no variable"),
        (SHIPPED, (("name", ""), ("order", "b")), r"the value of \$\{name\} does not fit: 1 to 35 characters"),
        (SHIPPED, (("name", "a" * 36), ("order", "b")), r"the value of \$\{name\} does not fit: 1 to 35 characters"),
        (OTP, (("code", "12-4"),), r"the value of \$\{code\} does not fit: 4 to 6 letters or digits"),
        (Template("T", "无"), (("a", "b"),), "there are values for which T has no variable"),
    ],
)
def test_values_that_do_not_fit_their_template_are_refused(
    template: Template, params: tuple[tuple[str, str], ...], reason: str
) -> None:
    with pytest.raises(ExplicitError, match=reason):
        fill(template, params)
