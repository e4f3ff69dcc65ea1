"""The international service, over HTTP without a socket."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

Simulator = Callable[..., httpx2.AsyncClient]
Sign = Callable[..., httpx2.Request]
Advance = Callable[[float], None]
Call = Callable[..., Any]

SMS = {"To": "85212345678", "Message": "hello", "From": "Shop", "TaskId": "batch", "Type": "NOTIFY"}


@pytest.fixture
def call(sign: Sign) -> Call:
    """The JSON that an action answers."""

    async def call(client: httpx2.AsyncClient, action: str, query: dict[str, str]) -> Any:
        return (await client.send(sign(action, query, version="2018-05-01"))).json()

    return call


async def test_an_accepted_send_has_a_message_id(alibaba: Simulator, call: Call) -> None:
    answer = await call(alibaba(), "SendMessageToGlobe", SMS)

    assert answer.pop("RequestId")
    assert answer.pop("MessageId").isdecimal()
    assert answer == {
        "ResponseCode": "OK",
        "ResponseDescription": "The SMS Send Request was accepted",
        "From": "Shop",
        "To": "85212345678",
        "Segments": "1",
        "NumberDetail": {"Country": "China", "Region": "HongKong", "Carrier": "Simulated"},
    }


@pytest.mark.parametrize(("text", "segments"), [("a" * 350, "3"), ("中" * 150, "3"), ("€" * 80, "1")])
async def test_segments_are_counted(alibaba: Simulator, call: Call, text: str, segments: str) -> None:
    assert (await call(alibaba(), "SendMessageToGlobe", SMS | {"Message": text}))["Segments"] == segments


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": "+85212345678"}, "MOBILE_NUMBER_ILLEGAL"),
        ({"To": "0085212345678"}, "MOBILE_NUMBER_ILLEGAL"),
        ({"To": "852"}, "MOBILE_NUMBER_ILLEGAL"),
        ({"To": "8613900000099"}, "NOT_SUPPORTED_COUNTRY"),
        ({"To": "85212340001"}, "MOBILE_NUMBER_ILLEGAL"),
        ({"To": "85212340002"}, "BLACK_KEY_CONTROL_LIMIT"),
        ({"From": "ABCDEFGHIJKL"}, "INVALID_SENDERID"),
        ({"From": "1234567890123456"}, "INVALID_SENDERID"),
        ({"From": "My Shop"}, "INVALID_SENDERID"),
        ({"From": "123456789012345"}, "OK"),
        ({"From": ""}, "OK"),
        ({"Type": "SPAM"}, "INVALID_PARAMETERS"),
        ({"TaskId": "x" * 256}, "INVALID_PARAMETERS"),
        ({"Message": "x" * 2001}, "INVALID_PARAMETERS"),
    ],
)
async def test_a_send_is_checked(alibaba: Simulator, call: Call, changes: dict[str, str], code: str) -> None:
    answer = await call(alibaba(), "SendMessageToGlobe", SMS | changes)

    assert answer["ResponseCode"] == code
    assert ("MessageId" in answer) is (code == "OK")


@pytest.mark.parametrize("missing", ["To", "Message"])
async def test_a_mandatory_parameter_must_be_there(alibaba: Simulator, call: Call, missing: str) -> None:
    answer = await call(alibaba(), "SendMessageToGlobe", SMS | {missing: ""})

    assert answer["Code"] == f"Missing{missing}"


@pytest.mark.parametrize(
    ("suffix", "final"),
    [
        ("0003", ("2", "EXPIRED")),
        ("0004", ("2", "UNDELIV")),
        ("0005", ("2", "UNDELIV")),
        ("0008", ("2", "REJECTD")),
        ("0010", ("3", "")),
        ("0012", ("1", "DELIVERED")),
        ("0014", ("1", "DELIVERED")),
        ("0015", ("3", "")),
        ("0016", ("2", "ZZ:9999")),
        ("0017", ("1", "DELIVERED")),
        ("5678", ("1", "DELIVERED")),
    ],
)
async def test_each_suffix_has_its_way(
    alibaba: Simulator, call: Call, advance: Advance, suffix: str, final: tuple[str, str]
) -> None:
    client = alibaba(final_delay=10.0)
    message_id = (await call(client, "SendMessageToGlobe", SMS | {"To": f"8521234{suffix}"}))["MessageId"]

    seen = []
    for seconds in (9.9, 0.2):
        advance(seconds)
        answer = await call(client, "QueryMessage", {"MessageId": message_id})
        seen.append((answer["Status"], answer["ErrorCode"], "ReceiveDate" in answer))

    assert seen == [("3", "", False), (*final, final[0] != "3")]


async def test_a_delivered_message_is_described(alibaba: Simulator, call: Call, advance: Advance) -> None:
    client = alibaba()
    message_id = (await call(client, "SendMessageToGlobe", SMS))["MessageId"]
    advance(10)

    answer = await call(client, "QueryMessage", {"MessageId": message_id})

    assert (answer["ErrorDescription"], answer["Message"], answer["To"]) == ("success", "hello", "85212345678")
    assert answer["SendDate"] == "Fri, 02 Jan 2026 11:04:05 +0800"
    assert answer["ReceiveDate"] == "Fri, 02 Jan 2026 11:04:15 +0800"


async def test_an_unknown_message_does_not_exist_yet(alibaba: Simulator, call: Call) -> None:
    assert (await call(alibaba(), "QueryMessage", {"MessageId": "1"}))["ResponseCode"] == "DATA_NOT_EXIST"


async def test_a_fresh_message_may_be_invisible(alibaba: Simulator, call: Call, advance: Advance) -> None:
    client = alibaba(visible_after=5.0)
    message_id = (await call(client, "SendMessageToGlobe", SMS))["MessageId"]

    codes = []
    for seconds in (4.9, 0.2):
        advance(seconds)
        codes.append((await call(client, "QueryMessage", {"MessageId": message_id}))["ResponseCode"])

    assert codes == ["DATA_NOT_EXIST", "OK"]


@pytest.mark.parametrize(("message", "texts"), [("hello", ["hello", "hello"]), ('["one","no","two"]', ["one", "two"])])
async def test_a_batch_sends_what_it_can(alibaba: Simulator, call: Call, message: str, texts: list[str]) -> None:
    client = alibaba()
    numbers = ["85212345678", "85212340001", "85212345679"]

    answer = await call(client, "BatchSendMessageToGlobe", {"To": json.dumps(numbers), "Message": message})
    rows = (await client.get("/_sim/messages")).json()

    assert (answer["SuccessCount"], json.loads(answer["FailedList"])) == ("2", ["85212340001"])
    assert json.loads(answer["MessageIdList"]) == [row["ref"] for row in rows]
    assert [row["text"] for row in rows] == texts


async def test_a_batch_may_be_called_once_a_second(alibaba: Simulator, call: Call, advance: Advance) -> None:
    client = alibaba()
    batch = {"To": '["85212345678"]', "Message": '["one"]'}

    codes = []
    for seconds in (0.0, 0.9, 0.2):
        advance(seconds)
        codes.append((await call(client, "BatchSendMessageToGlobe", batch))["ResponseCode"])

    assert codes == ["OK", "QPS_LIMIT_CONTROL", "OK"]


async def test_one_time_passwords_are_no_batch(alibaba: Simulator, call: Call) -> None:
    batch = {"To": '["85212345678"]', "Message": '["one"]', "Type": "OTP"}

    assert (await call(alibaba(), "BatchSendMessageToGlobe", batch))["ResponseCode"] == "INVALID_PARAMETERS"


async def test_the_ids_of_a_batch_may_come_in_another_order(alibaba: Simulator, call: Call) -> None:
    client = alibaba(shuffle_ids=True)
    numbers = [f"852123456{place}" for place in range(10, 30)]

    answer = await call(client, "BatchSendMessageToGlobe", {"To": json.dumps(numbers), "Message": json.dumps(numbers)})
    in_order = [row["ref"] for row in (await client.get("/_sim/messages")).json()]

    assert json.loads(answer["MessageIdList"]) != in_order
    assert sorted(json.loads(answer["MessageIdList"])) == sorted(in_order)


TEMPLATE = {
    "To": "8613900000099",
    "From": "阿里云",
    "TemplateCode": "SMS_100000001",
    "TemplateParam": '{"code":"1234"}',
}


async def test_a_template_reaches_the_mainland(alibaba: Simulator, call: Call) -> None:
    client = alibaba()

    answer = await call(client, "SendMessageWithTemplate", TEMPLATE)
    [row] = (await client.get("/_sim/messages")).json()

    assert (answer["ResponseCode"], answer["Segments"], answer["To"]) == ("OK", "1", "8613900000099")
    assert answer["NumberDetail"]["Country"] == "China"
    assert "From" not in answer
    assert (row["text"], row["from"]) == ("您的验证码为：1234，请勿泄露于他人！", "阿里云")
    assert (row["ref"], row["batch_ref"]) == (answer["MessageId"], None)
    assert (row["template"], row["datacenter"]) == ("SMS_100000001", "international")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"From": "别人"}, "SMS_SIGN_NAME_ILLEGAL"),
        ({"TemplateCode": "SMS_100000004"}, "SMS_CONTENT_CODE_ILLEGAL"),
        ({"TemplateCode": "SMS_7"}, "SMS_CONTENT_CODE_ILLEGAL"),
        ({"TemplateParam": "{}"}, "CONTENT_MISSING_PARAMETERS"),
        ({"TemplateParam": '{"code":1234}'}, "INVALID_JSON_PARAM"),
        ({"TemplateParam": '{"code":"123"}'}, "PARAM_LENGTH_LIMIT"),
        ({"TemplateParam": '{"code":"12 34"}'}, "SMS_CONTENT_ILLEGAL"),
        ({"To": "85212345678"}, "MOBILE_NUMBER_ILLEGAL"),
        ({"To": "8613900000001"}, "MOBILE_NUMBER_ILLEGAL"),
        ({"To": "8613900000002"}, "BLACK_KEY_CONTROL_LIMIT"),
    ],
)
async def test_a_template_is_checked(alibaba: Simulator, call: Call, changes: dict[str, str], code: str) -> None:
    answer = await call(alibaba(), "SendMessageWithTemplate", TEMPLATE | changes)

    assert answer["ResponseCode"] == code
    assert "MessageId" not in answer


@pytest.mark.parametrize("missing", ["To", "From", "TemplateCode"])
async def test_a_template_needs_its_parameters(alibaba: Simulator, call: Call, missing: str) -> None:
    answer = await call(alibaba(), "SendMessageWithTemplate", TEMPLATE | {missing: ""})

    assert answer["Code"] == f"Missing{missing}"


async def test_a_long_template_is_counted_with_its_signature(alibaba: Simulator, call: Call) -> None:
    # 【阿里云】 is 5 characters, the literal text 17, three values 35 each: 127 in all, ceil(127 / 67) = 2
    long = {"TemplateCode": "SMS_100000002"} | {
        "TemplateParam": json.dumps(dict.fromkeys(("name", "order", "no"), "好" * 35))
    }

    assert (await call(alibaba(), "SendMessageWithTemplate", TEMPLATE | long))["Segments"] == "2"


@pytest.mark.parametrize(
    ("to", "message", "code"),
    [
        ("85212345678", "hello", "isv.INVALID_JSON_PARAM"),
        (json.dumps(["85212345678"] * 1001), "hello", "MOBILE_COUNT_OVER_LIMIT"),
        ('["85212345678"]', '["one","two"]', "isv.INVALID_PARAMETERS"),
    ],
)
async def test_a_batch_is_checked(alibaba: Simulator, call: Call, to: str, message: str, code: str) -> None:
    answer = await call(alibaba(), "BatchSendMessageToGlobe", {"To": to, "Message": message})

    assert answer["ResponseCode"] == code
