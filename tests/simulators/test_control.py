"""The paths under /_sim of both simulators."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

Simulator = Callable[..., httpx2.AsyncClient]
Sign = Callable[..., httpx2.Request]

JOB = {
    "options": {"src": "Shop", "customerRef": "batch-1", "statusRequested": True},
    "messages": [
        {"text": "one", "recipients": [{"dst": "+4917612345678", "customerRef": "m-1"}, {"dst": "017612345679"}]},
        {"text": "two", "recipients": [{"dst": "+4917612345670"}]},
    ],
}
SMS = {
    "PhoneNumbers": "13900000099,8613900000098",
    "SignName": "阿里云",
    "TemplateCode": "SMS_100000001",
    "TemplateParam": '{"code":"1234"}',
    "OutId": "batch-2",
}
GLOBE = {"To": "85212345678", "Message": "hello", "From": "Shop", "TaskId": "batch-3"}


async def test_retarus_shows_one_row_per_recipient(retarus: Simulator) -> None:
    client = retarus()
    ref = (await client.post("/de2/rest/v1/jobs", json=JOB)).json()["jobId"]

    rows = (await client.get("/_sim/messages")).json()

    assert {row.pop("sms_id")[:2] for row in rows} == {"S."}
    same = {
        "ref": ref,
        "from": "Shop",
        "parts": 1,
        "billed_parts": 1,
        "batch_ref": "batch-1",
        "accepted_at": 1767323045.0,
        "datacenter": "de2",
    }
    assert rows == [
        same | {"to": "+4917612345678", "text": "one", "our_ref": "m-1"},
        same | {"to": "+4917612345679", "text": "one", "our_ref": None},
        same | {"to": "+4917612345670", "text": "two", "our_ref": None},
    ]


async def test_alibaba_shows_the_rows_of_both_services(alibaba: Simulator, sign: Sign) -> None:
    client = alibaba()
    biz_id = (await client.send(sign("SendSms", SMS))).json()["BizId"]
    message_id = (await client.send(sign("SendMessageToGlobe", GLOBE, version="2018-05-01"))).json()["MessageId"]

    rows = (await client.get("/_sim/messages")).json()

    otp = {
        "ref": biz_id,
        "from": "阿里云",
        "text": "您的验证码为：1234，请勿泄露于他人！",
        "parts": 1,
        "billed_parts": 1,
        "our_ref": None,
        "batch_ref": "batch-2",
        "template": "SMS_100000001",
        "accepted_at": 1767323045.0,
        "datacenter": "mainland",
    }
    assert rows == [
        otp | {"to": "+8613900000099"},
        otp | {"to": "+8613900000098"},
        {
            "ref": message_id,
            "to": "+85212345678",
            "from": "Shop",
            "text": "hello",
            "parts": 1,
            "billed_parts": 1,
            "our_ref": None,
            "batch_ref": "batch-3",
            "template": None,
            "accepted_at": 1767323045.0,
            "datacenter": "international",
        },
    ]


@pytest.mark.parametrize(("suffix", "billed"), [("0003", 1), ("0004", 0), ("0014", 1), ("0015", 1), ("0099", 1)])
async def test_retarus_bills_all_that_left(retarus: Simulator, suffix: str, billed: int) -> None:
    client = retarus()
    job = {"messages": [{"text": "one", "recipients": [{"dst": f"+49176123{suffix}"}]}]}
    await client.post("/de2/rest/v1/jobs", json=job)

    (row,) = (await client.get("/_sim/messages")).json()

    assert (row["parts"], row["billed_parts"]) == (1, billed)


@pytest.mark.parametrize(("suffix", "mainland"), [("0003", 0), ("0004", 0), ("0010", 1), ("0015", 1), ("0099", 1)])
async def test_alibaba_bills_the_mainland_by_receipt_and_the_rest_by_submit(
    alibaba: Simulator, sign: Sign, suffix: str, mainland: int
) -> None:
    client = alibaba()
    await client.send(sign("SendSms", SMS | {"PhoneNumbers": f"1390000{suffix}"}))
    await client.send(sign("SendMessageToGlobe", GLOBE | {"To": f"8521234{suffix}"}, version="2018-05-01"))

    rows = (await client.get("/_sim/messages")).json()

    assert [row["billed_parts"] for row in rows] == [mainland, 1]


async def test_nothing_accepted_is_an_empty_array(retarus: Simulator) -> None:
    assert (await retarus().get("/_sim/messages")).content == b"[]"


async def test_many_rows_are_one_array(alibaba: Simulator, sign: Sign) -> None:
    client = alibaba(frequency_limits=False)
    numbers = ",".join(["13900000099"] * 1000)
    for _ in range(2):
        await client.send(sign("SendSms", SMS | {"PhoneNumbers": numbers}))

    assert len((await client.get("/_sim/messages")).json()) == 2000


async def test_stats_count_calls_messages_and_recipients(retarus: Simulator) -> None:
    client = retarus()
    await client.post("/de2/rest/v1/jobs", json=JOB)
    await client.post("/de2/rest/v1/jobs", content=b"nonsense")
    await client.get("/de2/rest/v1/sms")
    await client.get("/de2/rest/v1/jobs")
    await client.get("/de2/rest/v1/version")

    stats = (await client.get("/_sim/stats")).json()

    calls = {"send": 2, "status": 1, "lookup": 1, "templates": 0, "statistics": 0, "version": 1}
    assert stats == {"calls": calls, "messages": 2, "recipients": 3}


async def test_alibaba_counts_a_query_without_biz_id_as_lookup(alibaba: Simulator, sign: Sign) -> None:
    client = alibaba()
    query = {"PhoneNumber": "13900000099", "SendDate": "20260102", "PageSize": "10", "CurrentPage": "1"}
    await client.send(sign("SendSms", SMS))
    await client.send(sign("QuerySendDetails", query))
    await client.send(sign("QuerySendDetails", query | {"BizId": "1^0"}))
    await client.send(sign("QueryMessage", {"MessageId": "1"}, version="2018-05-01"))
    await client.send(sign("QuerySmsTemplateList"))
    await client.send(sign("QuerySendStatistics"))

    stats = (await client.get("/_sim/stats")).json()

    calls = {"send": 1, "status": 2, "lookup": 1, "templates": 1, "statistics": 1, "version": 0}
    assert stats == {"calls": calls, "messages": 1, "recipients": 2}


async def test_reset_forgets_messages_counts_and_duplicates(retarus: Simulator) -> None:
    client = retarus()
    job = JOB | {"options": {"duplicateDetection": True}}
    await client.post("/de2/rest/v1/jobs", json=job)

    await client.post("/_sim/reset")

    stats = (await client.get("/_sim/stats")).json()
    assert (stats["messages"], stats["recipients"], stats["calls"]["send"]) == (0, 0, 0)
    assert (await client.post("/de2/rest/v1/jobs", json=job)).status_code == 201


async def test_an_ordered_fault_is_told_back_with_its_defaults(retarus: Simulator) -> None:
    answer = await retarus().post("/_sim/faults", json={"operation": "send", "fault": "latency", "seconds": 2})

    told = answer.json()
    assert (answer.status_code, told["operation"], told["fault"], told["seconds"]) == (200, "send", "latency", 2.0)
    assert (told["count"], told["datacenter"]) == (1, None)


async def test_reset_forgets_faults(retarus: Simulator) -> None:
    client = retarus()
    await client.post("/_sim/faults", json={"operation": "version", "fault": "status", "code": 500})

    await client.post("/_sim/reset")

    assert (await client.get("/de2/rest/v1/version")).status_code == 200


async def test_reset_forgets_frequencies_and_nonces(alibaba: Simulator, sign: Sign) -> None:
    client = alibaba()
    request = sign("SendSms", SMS)
    await client.send(request)

    await client.post("/_sim/reset")

    assert (await client.send(request)).json()["Code"] == "OK"


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"operation": "send"},
        {"operation": "cook", "fault": "latency"},
        {"operation": "send", "fault": "earthquake"},
        {"operation": "send", "fault": "latency", "count": 0},
        {"operation": "send", "fault": "latency", "seconds": -1},
        {"operation": "send", "fault": "status", "code": 99},
        {"operation": "send", "fault": "latency", "secs": 1},
        {"operation": "send", "fault": "latency", "datacenter": "us1"},
        {"operation": "templates", "fault": "latency"},
    ],
)
async def test_a_fault_that_could_never_happen_is_refused(retarus: Simulator, fault: dict[str, Any]) -> None:
    answer = await retarus().post("/_sim/faults", json=fault)

    assert answer.status_code == 400
    assert answer.text.strip()


async def test_a_fault_that_is_no_json_is_refused(retarus: Simulator) -> None:
    assert (await retarus().post("/_sim/faults", content=b"\xff")).status_code == 400
