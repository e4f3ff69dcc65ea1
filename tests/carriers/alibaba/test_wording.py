"""How a message is worded: by text, by name, with which signature, and why not."""

from typing import Any

import pytest

from smppgw.carriers.alibaba import AlibabaConfig
from smppgw.carriers.alibaba.matching import TemplateSet
from smppgw.carriers.alibaba.signatures import SignatureSet
from smppgw.carriers.alibaba.template_rows import TemplateList
from smppgw.carriers.alibaba.templates import Scene, Template
from smppgw.carriers.alibaba.wording import Lists, Reader, Wording
from smppgw.core.codes import ErrorCode
from smppgw.core.verdict import Rejected
from tests.carriers.alibaba.test_explicit import tlv

OTP = Template("SMS_1", "您的验证码为：${code}，请勿泄露于他人！", Scene.OTP)
SHIPPED = Template("SMS_2", "尊敬的${name}，您的订单${order}已发货。")
PROMOTION = Template("SMS_3", "${name}，本周全场${discount}折，拒收请回复R", Scene.PROMOTION)
IN_REVIEW = Template("SMS_4", "您预约的${time}服务已确认。")
LISTS = Lists(
    TemplateList(TemplateSet.of([OTP, SHIPPED, PROMOTION]), TemplateSet.of([IN_REVIEW])),
    SignatureSet(general=frozenset({"阿里云", "example"}), otp_only=frozenset({"验证"})),
)
TEXT = "尊敬的李雷，您的订单A已发货。"
CODE = "您的验证码为：1234，请勿泄露于他人！"


def reader(lists: Lists = LISTS, **keys: Any) -> Reader:
    return Reader(AlibabaConfig.model_validate({"sign_name": "阿里云"} | keys), lists)


def read(text: str, vendor_tlvs: bytes = b"", **keys: Any) -> Wording | Rejected | None:
    return reader(**keys).read(text, vendor_tlvs)


def refused(text: str, vendor_tlvs: bytes = b"", **keys: Any) -> tuple[ErrorCode, str]:
    found = read(text, vendor_tlvs, **keys)
    assert isinstance(found, Rejected)
    return found.error, found.reason


def test_a_text_is_worded_by_the_template_that_says_it() -> None:
    assert read(TEXT) == Wording("阿里云", SHIPPED, (("name", "李雷"), ("order", "A")))


@pytest.mark.parametrize(
    "text",
    [
        'template:SMS_2|{"order":"A","name":"李雷"}',
        '【阿里云】template:SMS_2|{"order":"A","name":"李雷"}',
    ],
)
def test_a_text_may_name_its_template(text: str) -> None:
    assert read(text) == read(TEXT)


@pytest.mark.parametrize(
    ("text", "stream"),
    [
        ("", tlv(0x1501, "SMS_2") + tlv(0x1502, '{"name":"李雷","order":"A"}')),
        # The text may say it too; then it must be right.
        (TEXT, tlv(0x1501, "SMS_2") + tlv(0x1502, '{"name":"李雷","order":"A"}')),
        # Without values it is asked.
        (TEXT, tlv(0x1501, "SMS_2")),
    ],
)
def test_optional_parameters_may_name_it(text: str, stream: bytes) -> None:
    assert read(text, stream) == read(TEXT)


def test_the_tags_are_options() -> None:
    stream = tlv(0x2001, "SMS_2") + tlv(0x2002, '{"name":"李雷","order":"A"}') + tlv(0x2003, "Example")

    found = read("", stream, template_tag=0x2001, params_tag=0x2002, signature_tag=0x2003)

    assert found == Wording("Example", SHIPPED, (("name", "李雷"), ("order", "A")))


def test_a_template_without_variables_can_be_named_alone() -> None:
    fixed = Template("SMS_9", "今日休息。")

    assert read("template:SMS_9", lists=Lists(TemplateList(TemplateSet.of([fixed]), TemplateSet()))) == Wording(
        "阿里云", fixed, ()
    )


@pytest.mark.parametrize(
    ("text", "stream", "reason"),
    [
        ("您好", b"", "fits no template; nearest SMS_1: it goes another way at character 2"),
        ("您预约的明天服务已确认。", b"", "fits SMS_4, which is not approved"),
        ('template:SMS_4|{"time":"明天"}', b"", "SMS_4 is not approved"),
        ("template:SMS_7", b"", "there is no template of this code"),
        ("template:SMS_2", b"", "SMS_2 has a variable ${name}, for which there is no value"),
        ("template:", b"", 'write template:CODE or template:CODE|{"name":"value"}'),
        ("", tlv(0x1501, "SMS_2"), "SMS_2 has a variable ${name}, for which there is no value"),
        ("", tlv(0x1502, "{}"), "TLV 0x1502 comes without 0x1501"),
        (CODE, tlv(0x1501, "SMS_2"), "the text is not what SMS_2 says: it begins otherwise"),
        (TEXT[:-1], tlv(0x1501, "SMS_2"), "the text is not what SMS_2 says: its literal text 3 of 3 does not follow"),
        (
            TEXT,
            tlv(0x1501, "SMS_2") + tlv(0x1502, '{"name":"韩梅梅","order":"A"}'),
            "the text is not what SMS_2 says with these values",
        ),
    ],
)
def test_what_cannot_be_worded_is_refused_with_its_reason(text: str, stream: bytes, reason: str) -> None:
    assert refused(text, stream) == (ErrorCode.TEMPLATE_MISMATCH, reason)


def test_a_reason_quotes_no_value() -> None:
    _, told = refused('template:SMS_1|{"code":"geheim"  }', tlv(0x1503, "geheimer"))

    assert "geheim" not in told


# --- signatures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "stream", "sign_name"),
    [
        (TEXT, b"", "阿里云"),
        ("【Example】" + TEXT, b"", "Example"),
        (TEXT + "【EXAMPLE】", b"", "EXAMPLE"),
        (TEXT, tlv(0x1503, "Example"), "Example"),
        ("【example】" + TEXT, tlv(0x1503, "Example"), "example"),
        ("【验证】" + CODE, b"", "验证"),
    ],
)
def test_a_signature_comes_from_text_parameter_or_configuration(text: str, stream: bytes, sign_name: str) -> None:
    found = read(text, stream)

    assert isinstance(found, Wording)
    assert found.sign_name == sign_name


@pytest.mark.parametrize(
    ("text", "stream", "keys", "reason"),
    [
        (TEXT, b"", {"sign_name": None}, "no signature in the text, and no default sign_name"),
        ("【谁知道】" + TEXT, b"", {}, "the signature is not approved"),
        ("【验证】" + TEXT, b"", {}, "the signature is for one-time passwords only"),
        ("【验证】李雷，本周全场8折，拒收请回复R", b"", {}, "the signature is for one-time passwords only"),
        ("【example】" + TEXT, b"", {"signatures": ["阿里云"]}, "the signature is not one of the configured ones"),
        ("【example】" + TEXT, tlv(0x1503, "阿里云"), {}, "text and TLV name different signatures"),
    ],
)
def test_a_signature_that_cannot_be_used_is_refused(
    text: str, stream: bytes, keys: dict[str, Any], reason: str
) -> None:
    assert refused(text, stream, **keys) == (ErrorCode.SENDER_REFUSED, reason)


def test_without_a_list_the_platform_judges_signatures() -> None:
    found = read("【谁知道】" + TEXT, lists=Lists(LISTS.templates, None))

    assert isinstance(found, Wording)


@pytest.mark.parametrize("text", [TEXT, "不是模板", "template:SMS_9"])
def test_without_a_list_no_template_is_refused(text: str) -> None:
    assert read(text, lists=Lists()) is None


# --- length -----------------------------------------------------------------------------------------------------------


def test_what_is_longer_than_the_platform_takes_is_refused() -> None:
    assert refused("好" * 496) == (ErrorCode.PARAMETER_REFUSED, "longer than 500 characters with its signature")


def test_of_a_named_template_the_rendered_length_counts() -> None:
    long = Template("SMS_9", "好" * 470 + "${a}")
    lists = Lists(TemplateList(TemplateSet.of([long]), TemplateSet()))

    # 5 characters for 【阿里云】, 470 and the value.
    assert isinstance(read('template:SMS_9|{"a":"' + "x" * 25 + '"}', lists=lists), Wording)
    assert refused('template:SMS_9|{"a":"' + "x" * 26 + '"}', lists=lists)[0] is ErrorCode.PARAMETER_REFUSED


def test_half_a_character_is_refused_however_it_comes() -> None:
    assert refused("\ud83d")[0] is ErrorCode.PARAMETER_REFUSED
    assert refused('template:SMS_2|{"name":"\\ud83d","order":"A"}')[0] is ErrorCode.PARAMETER_REFUSED
