"""The mainland service: sends, queries, lists, over HTTP without a socket."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from smppgw.simulators.alibaba.signatures import Signature, SignatureType
from smppgw.simulators.alibaba.templates import Status

Simulator = Callable[..., httpx2.AsyncClient]
Sign = Callable[..., httpx2.Request]
Advance = Callable[[float], None]

OTP = {
    "PhoneNumbers": "13900000099",
    "SignName": "阿里云",
    "TemplateCode": "SMS_100000001",
    "TemplateParam": '{"code":"1234"}',
    "OutId": "batch",
}
DETAILS = {"PhoneNumber": "13900000099", "SendDate": "20260102", "PageSize": "10", "CurrentPage": "1"}
BATCH = {
    "PhoneNumberJson": '["13900000099","13900000098"]',
    "SignNameJson": '["阿里云","示例科技"]',
    "TemplateParamJson": '[{"code":"1234"},{"code":"5678"}]',
}


@pytest.fixture
def call(sign: Sign) -> Callable[..., Any]:
    """The JSON that an action answers."""

    async def call(client: httpx2.AsyncClient, action: str, query: dict[str, str], **more: Any) -> Any:
        return (await client.send(sign(action, query, **more))).json()

    return call


Call = Callable[..., Any]


def rows_of(answer: Any) -> list[dict[str, Any]]:
    return list(answer["SmsSendDetailDTOs"]["SmsSendDetailDTO"])


@pytest.mark.parametrize("action", ["", "SendSm", "sendsms", "DeleteEverything"])
async def test_an_unknown_action_is_not_found(alibaba: Simulator, sign: Sign, action: str) -> None:
    answer = await alibaba().send(sign(action))

    assert (answer.status_code, answer.json()["Code"]) == (404, "InvalidAction.NotFound")


async def test_another_path_is_not_found(alibaba: Simulator) -> None:
    headers = {"x-acs-action": "SendSms", "x-acs-version": "2017-05-25"}

    assert (await alibaba().post("/sms", headers=headers)).status_code == 404


@pytest.mark.parametrize("action", ["QuerySendStatistics", "QuerySmsSignList", "QuerySmsTemplateList"])
async def test_some_actions_are_post_only(alibaba: Simulator, sign: Sign, action: str) -> None:
    assert (await alibaba().send(sign(action, method="GET"))).status_code == 405


async def test_a_send_by_get_is_taken(alibaba: Simulator, call: Call) -> None:
    assert (await call(alibaba(), "SendSms", OTP, method="GET"))["Code"] == "OK"


@pytest.mark.parametrize(
    ("action", "query", "missing"),
    [
        ("SendSms", OTP, "PhoneNumbers"),
        ("SendSms", OTP, "SignName"),
        ("SendSms", OTP, "TemplateCode"),
        ("QuerySendDetails", DETAILS, "PhoneNumber"),
        ("QuerySendDetails", DETAILS, "SendDate"),
        ("QuerySendDetails", DETAILS, "PageSize"),
        ("QuerySendDetails", DETAILS, "CurrentPage"),
        ("GetSmsTemplate", {"TemplateCode": "SMS_100000001"}, "TemplateCode"),
        ("GetSmsSign", {"SignName": "阿里云"}, "SignName"),
    ],
)
@pytest.mark.parametrize("blank", [False, True])
async def test_a_mandatory_parameter_must_be_there(
    alibaba: Simulator, sign: Sign, action: str, query: dict[str, str], missing: str, blank: bool
) -> None:
    rest = {name: value for name, value in query.items() if name != missing} | ({missing: ""} if blank else {})

    answer = await alibaba().send(sign(action, rest))

    assert (answer.status_code, answer.json()["Code"]) == (400, f"Missing{missing}")
    assert answer.json()["Message"] == f"{missing} is mandatory for this action."


async def test_an_accepted_send_has_a_biz_id(alibaba: Simulator, call: Call) -> None:
    client = alibaba()

    first = await call(client, "SendSms", OTP)
    second = await call(client, "SendSms", OTP | {"PhoneNumbers": "13900000098"})

    assert set(first) == {"Code", "Message", "BizId", "RequestId"}
    assert first["BizId"].endswith("^0")
    assert first["BizId"] != second["BizId"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"SignName": "未知"}, "isv.SMS_SIGNATURE_ILLEGAL"),
        ({"SignName": "【阿里云】"}, "isv.SMS_SIGNATURE_ILLEGAL"),
        ({"SignName": "示例科技"}, "OK"),
        ({"TemplateCode": "SMS_1"}, "isv.SMS_TEMPLATE_ILLEGAL"),
        ({"TemplateCode": "SMS_100000004", "TemplateParam": '{"time":"x"}'}, "isv.SMS_TEMPLATE_ILLEGAL"),
        ({"TemplateParam": ""}, "isv.TEMPLATE_MISSING_PARAMETERS"),
        ({"PhoneNumbers": "1390000009"}, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"PhoneNumbers": "23900000099"}, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"PhoneNumbers": "85212345678"}, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"PhoneNumbers": "13900000001"}, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"PhoneNumbers": "13900000099,"}, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"PhoneNumbers": "13900000002"}, "OK"),
        ({"PhoneNumbers": "+8613900000099,008613900000098,8613900000097"}, "OK"),
        ({"PhoneNumbers": ",".join(["13900000099"] * 1001)}, "isv.MOBILE_COUNT_OVER_LIMIT"),
        ({"OutId": "x" * 256}, "isv.INVALID_PARAMETERS"),
        # signature before template before parameters before number
        (
            {"SignName": "x", "TemplateCode": "x", "TemplateParam": "x", "PhoneNumbers": "x"},
            "isv.SMS_SIGNATURE_ILLEGAL",
        ),
        ({"TemplateCode": "x", "TemplateParam": "x", "PhoneNumbers": "x"}, "isv.SMS_TEMPLATE_ILLEGAL"),
        ({"TemplateParam": "x", "PhoneNumbers": "x"}, "isv.INVALID_JSON_PARAM"),
    ],
)
async def test_a_send_is_checked(alibaba: Simulator, sign: Sign, changes: dict[str, str], code: str) -> None:
    answer = await alibaba().send(sign("SendSms", OTP | changes))

    assert (answer.status_code, answer.json()["Code"]) == (200, code)
    assert ("BizId" in answer.json()) is (code == "OK")


async def test_one_bad_number_refuses_the_whole_call(alibaba: Simulator, call: Call) -> None:
    client = alibaba()

    await call(client, "SendSms", OTP | {"PhoneNumbers": "13900000099,13900000001"})

    assert (await client.get("/_sim/messages")).json() == []


@pytest.mark.parametrize(("limits", "code"), [(True, "isv.BUSINESS_LIMIT_CONTROL"), (False, "OK")])
async def test_frequency_limits_can_be_switched_off(alibaba: Simulator, call: Call, limits: bool, code: str) -> None:
    client = alibaba(frequency_limits=limits)
    await call(client, "SendSms", OTP)

    assert (await call(client, "SendSms", OTP))["Code"] == code


async def test_a_batch_goes_out_with_one_biz_id(alibaba: Simulator, sign: Sign) -> None:
    client = alibaba()

    answer = await client.send(sign("SendBatchSms", {"TemplateCode": "SMS_100000001", "OutId": "b"}, BATCH))
    rows = (await client.get("/_sim/messages")).json()

    assert [(row["ref"], row["from"], row["text"][7:11]) for row in rows] == [
        (answer.json()["BizId"], "阿里云", "1234"),
        (answer.json()["BizId"], "示例科技", "5678"),
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"SignNameJson": '["阿里云"]'}, "isv.INVALID_PARAMETERS"),
        ({"PhoneNumberJson": "[]", "SignNameJson": "[]"}, "isv.INVALID_PARAMETERS"),
        ({"PhoneNumberJson": "13900000099"}, "isv.INVALID_JSON_PARAM"),
        ({"PhoneNumberJson": json.dumps(["13900000099"] * 101)}, "isv.MOBILE_COUNT_OVER_LIMIT"),
    ],
)
async def test_a_batch_is_checked(alibaba: Simulator, sign: Sign, changes: dict[str, str], code: str) -> None:
    answer = await alibaba().send(sign("SendBatchSms", {"TemplateCode": "SMS_100000001"}, BATCH | changes))

    assert answer.json()["Code"] == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"PhoneNumberJson": '["13900000099","13900000001"]'}, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"SignNameJson": '["阿里云","未知"]'}, "isv.SMS_SIGNATURE_ILLEGAL"),
        ({"TemplateParamJson": '[{"code":"1234"},{"code":"1"}]'}, "isv.PARAM_LENGTH_LIMIT"),
        ({"TemplateParamJson": '[{"code":"1234"},{}]'}, "isv.TEMPLATE_MISSING_PARAMETERS"),
    ],
)
async def test_a_batch_is_refused_whole_for_one_that_is_bad(
    alibaba: Simulator, sign: Sign, changes: dict[str, str], code: str
) -> None:
    client = alibaba()

    answer = await client.send(sign("SendBatchSms", {"TemplateCode": "SMS_100000001"}, BATCH | changes))

    assert answer.json()["Code"] == code
    assert (await client.get("/_sim/messages")).json() == []


async def test_a_batch_is_refused_whole_for_the_cap_of_one_number_and_counts_nothing(
    alibaba: Simulator, sign: Sign, call: Call
) -> None:
    client = alibaba()
    await call(client, "SendSms", OTP)

    batch = await client.send(sign("SendBatchSms", {"TemplateCode": "SMS_100000001"}, BATCH))
    other = await call(client, "SendSms", OTP | {"PhoneNumbers": "13900000098", "SignName": "示例科技"})

    assert batch.json()["Code"] == "isv.BUSINESS_LIMIT_CONTROL"
    assert other["Code"] == "OK"


async def test_a_signature_for_passwords_signs_nothing_else(alibaba: Simulator, call: Call) -> None:
    client = alibaba(signatures=(Signature(name="验证", type=SignatureType.OTP),))
    notification = {"TemplateCode": "SMS_100000002", "TemplateParam": '{"name":"a","order":"b","no":"c"}'}

    assert (await call(client, "SendSms", OTP | {"SignName": "验证"}))["Code"] == "OK"
    refused = await call(client, "SendSms", OTP | notification | {"SignName": "验证"})
    assert refused["Code"] == "isv.SMS_SIGNATURE_SCENE_ILLEGAL"


async def test_the_list_of_signatures_tells_kind_and_status(alibaba: Simulator, call: Call) -> None:
    signatures = (
        Signature(name="验证", type=SignatureType.OTP),
        Signature(name="旧", status=Status.CANCELLED),
    )

    answer = await call(alibaba(signatures=signatures), "QuerySmsSignList", {})

    assert [(each["BusinessType"], each["AuditStatus"]) for each in answer["SmsSignList"]] == [
        ("验证码类型", "AUDIT_STATE_PASS"),
        ("通用类型", "AUDIT_STATE_CANCEL"),
    ]


@pytest.mark.parametrize(
    ("suffix", "final"),
    [
        ("0002", (2, "MOBILE_IN_BLACK")),
        ("0003", (2, "EXPIRED")),
        ("0004", (2, "NO_ROUTE")),
        ("0005", (2, "MOBILE_NOT_ON_SERVICE")),
        ("0008", (2, "CONTENT_KEYWORD")),
        ("0010", (1, "REQUEST_SUCCESS")),
        ("0012", (3, "DELIVERED")),
        ("0014", (3, "DELIVERED")),
        ("0015", (1, "")),
        ("0016", (2, "ZZ:9999")),
        ("0017", (3, "DELIVERED")),
        ("0099", (3, "DELIVERED")),
    ],
)
async def test_each_suffix_has_its_way(
    alibaba: Simulator, call: Call, advance: Advance, suffix: str, final: tuple[int, str]
) -> None:
    client = alibaba(final_delay=10.0)
    phone = f"1390000{suffix}"
    await call(client, "SendSms", OTP | {"PhoneNumbers": phone})

    seen = []
    for seconds in (9.9, 0.2, 86000.0):
        advance(seconds)
        row = rows_of(await call(client, "QuerySendDetails", DETAILS | {"PhoneNumber": phone}))[0]
        seen.append((row["SendStatus"], row["ErrCode"], "ReceiveDate" in row))
    done = final[0] != 1

    assert seen == [(1, "", False), (*final, done), (*final, done)]


async def test_a_row_of_the_details_is_complete(alibaba: Simulator, call: Call, advance: Advance) -> None:
    client = alibaba()
    await call(client, "SendSms", OTP)
    advance(10)

    answer = await call(client, "QuerySendDetails", DETAILS)

    assert rows_of(answer) == [
        {
            "PhoneNum": "13900000099",
            "SendStatus": 3,
            "ErrCode": "DELIVERED",
            "TemplateCode": "SMS_100000001",
            "Content": "【阿里云】您的验证码为：1234，请勿泄露于他人！",
            "SendDate": "2026-01-02 11:04:05",
            "ReceiveDate": "2026-01-02 11:04:15",
            "OutId": "batch",
        }
    ]


async def test_details_are_filtered_by_day_number_and_biz_id(alibaba: Simulator, call: Call, advance: Advance) -> None:
    client = alibaba()
    first = await call(client, "SendSms", OTP | {"OutId": "first"})
    await call(client, "SendSms", OTP | {"OutId": "elsewhere", "PhoneNumbers": "13900000098"})
    advance(60)
    await call(client, "SendSms", OTP | {"OutId": "second"})
    advance(86400)
    await call(client, "SendSms", OTP | {"OutId": "tomorrow"})

    by_day = await call(client, "QuerySendDetails", DETAILS)
    by_biz_id = await call(client, "QuerySendDetails", DETAILS | {"BizId": first["BizId"]})
    next_day = await call(client, "QuerySendDetails", DETAILS | {"SendDate": "20260103"})

    assert [row["OutId"] for row in rows_of(by_day)] == ["second", "first"]
    assert [row["OutId"] for row in rows_of(by_biz_id)] == ["first"]
    assert [row["OutId"] for row in rows_of(next_day)] == ["tomorrow"]


async def test_a_day_begins_in_beijing(alibaba: Simulator, call: Call, advance: Advance) -> None:
    client = alibaba()
    advance(13 * 3600)  # 16:04 UTC is after midnight in Beijing
    await call(client, "SendSms", OTP)

    answer = await call(client, "QuerySendDetails", DETAILS | {"SendDate": "20260103"})

    assert len(rows_of(answer)) == 1


async def test_details_come_in_pages_with_a_total_of_either_type(alibaba: Simulator, call: Call) -> None:
    client = alibaba(frequency_limits=False)
    for index in range(3):
        await call(client, "SendSms", OTP | {"OutId": str(index)})

    pages = [await call(client, "QuerySendDetails", DETAILS | {"PageSize": "2", "CurrentPage": page}) for page in "123"]

    assert [[row["OutId"] for row in rows_of(page)] for page in pages] == [["2", "1"], ["0"], []]
    assert [page["TotalCount"] for page in pages] == ["3", 3, "3"]


async def test_a_fresh_row_may_be_invisible(alibaba: Simulator, call: Call, advance: Advance) -> None:
    client = alibaba(visible_after=5.0)
    await call(client, "SendSms", OTP)

    found = []
    for seconds in (4.9, 0.2):
        advance(seconds)
        found.append(len(rows_of(await call(client, "QuerySendDetails", DETAILS))))

    assert found == [0, 1]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"SendDate": "2026-01-02"}, "isv.INVALID_PARAMETERS"),
        ({"SendDate": "20261302"}, "isv.INVALID_PARAMETERS"),
        ({"SendDate": "20260103"}, "isv.INVALID_PARAMETERS"),
        ({"SendDate": "20251203"}, "OK"),
        ({"SendDate": "20251202"}, "isv.INVALID_PARAMETERS"),
        ({"PageSize": "51"}, "isv.INVALID_PARAMETERS"),
        ({"PageSize": "0"}, "isv.INVALID_PARAMETERS"),
        ({"PageSize": "ten"}, "isv.INVALID_PARAMETERS"),
        ({"CurrentPage": "0"}, "isv.INVALID_PARAMETERS"),
        ({"PhoneNumber": "+8613900000099"}, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"PhoneNumber": "8613900000099"}, "OK"),
    ],
)
async def test_a_query_is_checked(alibaba: Simulator, call: Call, changes: dict[str, str], code: str) -> None:
    answer = await call(alibaba(), "QuerySendDetails", DETAILS | changes)

    assert answer["Code"] == code


async def test_a_number_with_prefix_finds_nothing(alibaba: Simulator, call: Call) -> None:
    client = alibaba()
    await call(client, "SendSms", OTP)

    assert rows_of(await call(client, "QuerySendDetails", DETAILS | {"PhoneNumber": "8613900000099"})) == []


async def test_statistics_count_parts_by_outcome(alibaba: Simulator, call: Call, advance: Advance) -> None:
    client = alibaba()
    values = json.dumps({"name": "x" * 35, "order": "x" * 35, "no": "1"})  # 【阿里云】 and 93 more: 2 parts
    long = {"TemplateCode": "SMS_100000002", "TemplateParam": values}
    for suffix, more in (("0099", long), ("0005", {}), ("0015", {})):
        await call(client, "SendSms", OTP | {"PhoneNumbers": f"1390000{suffix}"} | more)
    advance(10)
    query = {"IsGlobe": "1", "StartDate": "20260101", "EndDate": "20260102", "PageIndex": "1", "PageSize": "10"}

    mainland = await call(client, "QuerySendStatistics", query)
    passwords = await call(client, "QuerySendStatistics", query | {"TemplateType": "0"})
    international = await call(client, "QuerySendStatistics", query | {"IsGlobe": "2"})

    day = {"SendDate": "20260102", "RespondedFailCount": 1, "NoRespondedCount": 1}
    everything = day | {"TotalCount": 4, "RespondedSuccessCount": 2}
    assert mainland["Data"] == {"TotalSize": 1, "TargetList": [everything]}
    assert passwords["Data"]["TargetList"] == [day | {"TotalCount": 2, "RespondedSuccessCount": 0}]
    assert international["Data"] == {"TotalSize": 0, "TargetList": []}


async def test_the_list_of_templates_uses_both_numberings(alibaba: Simulator, call: Call) -> None:
    answer = await call(alibaba(), "QuerySmsTemplateList", {})

    shown = [
        (each["TemplateCode"], each["OuterTemplateType"], each["TemplateType"], each["AuditStatus"])
        for each in answer["SmsTemplateList"]
    ]
    assert shown == [
        ("SMS_100000001", 0, 2, "AUDIT_STATE_PASS"),
        ("SMS_100000002", 1, 0, "AUDIT_STATE_PASS"),
        ("SMS_100000003", 2, 1, "AUDIT_STATE_PASS"),
        ("SMS_100000004", 1, 0, "AUDIT_STATE_INIT"),
    ]
    assert answer["SmsTemplateList"][0]["TemplateContent"] == "您的验证码为：${code}，请勿泄露于他人！"


async def test_lists_come_in_pages(alibaba: Simulator, call: Call) -> None:
    answer = await call(alibaba(), "QuerySmsTemplateList", {"PageIndex": "2", "PageSize": "3"})

    assert [each["TemplateCode"] for each in answer["SmsTemplateList"]] == ["SMS_100000004"]
    assert (answer["TotalCount"], answer["CurrentPage"], answer["PageSize"]) == (4, 2, 3)


async def test_the_list_of_signatures_is_a_plain_array(alibaba: Simulator, call: Call) -> None:
    answer = await call(alibaba(), "QuerySmsSignList", {"PageIndex": "1", "PageSize": ""})

    assert [each["SignName"] for each in answer["SmsSignList"]] == ["阿里云", "示例科技"]


async def test_a_template_has_attributes_and_types_as_text(alibaba: Simulator, call: Call) -> None:
    answer = await call(alibaba(), "GetSmsTemplate", {"TemplateCode": "SMS_100000001"})

    assert (answer["TemplateType"], answer["TemplateStatus"]) == ("0", "1")
    assert json.loads(answer["VariableAttribute"]) == {"code": "characterWithNumber"}


async def test_a_signature_has_a_status(alibaba: Simulator, call: Call) -> None:
    assert (await call(alibaba(), "GetSmsSign", {"SignName": "示例科技"}))["SignStatus"] == 1


@pytest.mark.parametrize(
    ("action", "query", "code"),
    [
        ("GetSmsTemplate", {"TemplateCode": "SMS_1"}, "TemplateNotFound"),
        ("GetSmsSign", {"SignName": "未知"}, "SignatureNotFound"),
    ],
)
async def test_what_does_not_exist_is_a_gateway_error(
    alibaba: Simulator, sign: Sign, action: str, query: dict[str, str], code: str
) -> None:
    answer = await alibaba().send(sign(action, query))

    assert (answer.status_code, answer.json()["Code"]) == (404, code)
