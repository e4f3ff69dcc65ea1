"""Every fault, seen by a client: what it answers, and whether the call was taken."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

Simulator = Callable[..., httpx2.AsyncClient]
Sign = Callable[..., httpx2.Request]

JOBS = "/de2/rest/v1/jobs"
JOB = {"messages": [{"text": "hello", "recipients": [{"dst": "+4917612345678"}]}]}
SMS = {
    "PhoneNumbers": "13900000099",
    "SignName": "阿里云",
    "TemplateCode": "SMS_100000001",
    "TemplateParam": '{"code":"1234"}',
}


async def ordered(client: httpx2.AsyncClient, fault: str, operation: str = "send", **more: Any) -> None:
    answer = await client.post("/_sim/faults", json={"operation": operation, "fault": fault, **more})
    assert answer.status_code == 200


async def taken(client: httpx2.AsyncClient) -> int:
    return int((await client.get("/_sim/stats")).json()["recipients"])


async def test_latency_delays_the_whole_call(retarus: Simulator, slept: list[float]) -> None:
    client = retarus()
    await ordered(client, "latency", seconds=3.5)

    answer = await client.post(JOBS, json=JOB)

    assert (answer.status_code, slept, await taken(client)) == (201, [3.5], 1)


async def test_slow_after_takes_first_and_waits_then(retarus: Simulator, slept: list[float]) -> None:
    client = retarus()
    await ordered(client, "slow_after", seconds=3.5)

    answer = await client.post(JOBS, json=JOB)

    assert (answer.status_code, slept, await taken(client)) == (201, [3.5], 1)


@pytest.mark.parametrize(("kind", "when_waiting"), [("latency", 0), ("slow_after", 1)])
async def test_what_is_taken_while_it_waits(retarus: Simulator, clock: Any, kind: str, when_waiting: int) -> None:
    client = retarus()
    seen: list[int] = []

    async def look(_seconds: float) -> None:
        seen.append(await taken(client))

    clock.on_sleep = look
    await ordered(client, kind)

    await client.post(JOBS, json=JOB)

    assert seen == [when_waiting]


@pytest.mark.parametrize(("kind", "count"), [("reset_before", 0), ("reset_after", 1)])
async def test_a_reset_gives_no_answer(retarus: Simulator, kind: str, count: int) -> None:
    client = retarus()
    await ordered(client, kind)

    with pytest.raises(ConnectionResetError):
        await client.post(JOBS, json=JOB)

    assert await taken(client) == count


@pytest.mark.parametrize(("after", "count"), [(False, 0), (True, 1)])
async def test_a_status_comes_before_or_after_the_job_is_taken(retarus: Simulator, after: bool, count: int) -> None:
    client = retarus()
    await ordered(client, "status", code=502, after=after)

    answer = await client.post(JOBS, json=JOB)

    assert (answer.status_code, answer.content, await taken(client)) == (502, b"", count)


async def test_a_status_may_say_when_to_come_again(retarus: Simulator) -> None:
    client = retarus()
    await ordered(client, "status", code=429, retry_after=30)

    assert (await client.post(JOBS, json=JOB)).headers["retry-after"] == "30"


@pytest.mark.parametrize(
    ("kind", "more", "body"),
    [
        ("garbage", {}, b"<html>"),
        ("garbage", {"body": "[]"}, b"[]"),
        ("truncated", {}, b'{"jobId"'),
        ("empty", {}, b""),
    ],
)
async def test_a_spoiled_answer_is_a_success_without_sense(
    retarus: Simulator, kind: str, more: dict[str, str], body: bytes
) -> None:
    client = retarus()
    await ordered(client, kind, **more)

    answer = await client.post(JOBS, json=JOB)

    assert (answer.status_code, await taken(client)) == (201, 1)
    assert answer.content.startswith(body)
    assert b"}" not in answer.content


async def test_a_fault_ends_after_its_count(retarus: Simulator) -> None:
    client = retarus()
    await ordered(client, "status", count=2)

    statuses = [(await client.post(JOBS, json=JOB)).status_code for _ in range(3)]

    assert statuses == [503, 503, 201]


@pytest.mark.parametrize(
    ("operation", "path"),
    [("status", "sms?jobId=J.123456789012345678"), ("lookup", "jobs/J.123456789012345678"), ("version", "version")],
)
async def test_each_operation_has_its_faults(retarus: Simulator, operation: str, path: str) -> None:
    client = retarus()
    await ordered(client, "status", operation, code=418)

    assert (await client.get(f"/de2/rest/v1/{path}")).status_code == 418


@pytest.mark.parametrize(("datacenter", "statuses"), [("de1", [201, 503, 201]), ("eu", [201, 201, 503])])
async def test_a_fault_may_belong_to_a_data_center(retarus: Simulator, datacenter: str, statuses: list[int]) -> None:
    client = retarus()
    await ordered(client, "status", datacenter=datacenter)

    answers = [(await client.post(f"/{host}/rest/v1/jobs", json=JOB)).status_code for host in ("de2", "de1", "eu")]

    assert answers == statuses


async def test_a_send_takes_as_long_as_it_was_told(retarus: Simulator, slept: list[float]) -> None:
    client = retarus(accept_delay=0.25)

    await client.post(JOBS, json=JOB)
    await client.get("/de2/rest/v1/version")

    assert slept == [0.25]


async def test_an_alibaba_fault_has_the_gateways_five_fields(alibaba: Simulator, sign: Sign) -> None:
    client = alibaba()
    await ordered(client, "status", code=400, error="Throttling.User", retry_after=1.5)

    answer = await client.send(sign("SendSms", SMS))

    assert (answer.status_code, answer.json()["Code"]) == (400, "Throttling.User")
    assert answer.headers["x-acs-retry-after"] == "1500"
    assert set(answer.json()) == {"RequestId", "HostId", "Code", "Message", "Recommend"}


@pytest.mark.parametrize(
    ("code", "error"), [(500, "InternalError"), (503, "ServiceUnavailable"), (429, "Throttling.User")]
)
async def test_an_alibaba_status_has_its_usual_error(alibaba: Simulator, sign: Sign, code: int, error: str) -> None:
    client = alibaba()
    await ordered(client, "status", code=code)

    answer = await client.send(sign("SendSms", SMS))

    assert (answer.status_code, answer.json()["Code"], await taken(client)) == (code, error, 0)


@pytest.mark.parametrize(
    ("action", "version", "params", "key"),
    [
        ("SendSms", "2017-05-25", SMS, "Code"),
        ("SendMessageToGlobe", "2018-05-01", {"To": "85212345678", "Message": "hello"}, "ResponseCode"),
    ],
)
async def test_an_alibaba_status_of_200_is_a_business_error(
    alibaba: Simulator, sign: Sign, action: str, version: str, params: dict[str, str], key: str
) -> None:
    client = alibaba()
    await ordered(client, "status", code=200, error="isv.AMOUNT_NOT_ENOUGH")

    answer = await client.send(sign(action, params, version=version))

    assert (answer.status_code, answer.json()[key], await taken(client)) == (200, "isv.AMOUNT_NOT_ENOUGH", 0)


@pytest.mark.parametrize(("datacenter", "code"), [("mainland", 503), ("international", 200)])
async def test_an_alibaba_fault_may_belong_to_a_service(
    alibaba: Simulator, sign: Sign, datacenter: str, code: int
) -> None:
    client = alibaba()
    await ordered(client, "status", datacenter=datacenter)

    assert (await client.send(sign("SendSms", SMS))).status_code == code


async def test_a_repeat_after_an_answer_was_lost_meets_its_own_nonce(alibaba: Simulator, sign: Sign) -> None:
    client = alibaba()
    request = sign("SendSms", SMS)
    await ordered(client, "reset_after")
    with pytest.raises(ConnectionResetError):
        await client.send(request)

    repeat = await client.send(request)

    assert (repeat.json()["Code"], await taken(client)) == ("SignatureNonceUsed", 1)


async def test_a_repeat_after_a_call_was_lost_is_taken(alibaba: Simulator, sign: Sign) -> None:
    client = alibaba()
    request = sign("SendSms", SMS)
    await ordered(client, "reset_before")
    with pytest.raises(ConnectionResetError):
        await client.send(request)

    repeat = await client.send(request)

    assert (repeat.json()["Code"], await taken(client)) == ("OK", 1)


@pytest.mark.parametrize(("arrives", "code"), [(True, "SignatureNonceUsed"), (False, "OK")])
async def test_a_refused_call_may_have_used_up_its_nonce(
    alibaba: Simulator, sign: Sign, arrives: bool, code: str
) -> None:
    client = alibaba()
    await ordered(client, "status", code=500, arrives=arrives)
    request = sign("SendSms", SMS)
    refused = await client.send(request)

    repeated = await client.send(request)

    assert (refused.status_code, repeated.json()["Code"]) == (500, code)
    assert await taken(client) == (0 if arrives else 1)


async def test_what_the_business_refused_has_used_up_its_nonce(alibaba: Simulator, sign: Sign) -> None:
    client = alibaba()
    request = sign("SendSms", SMS | {"PhoneNumbers": "13900000001"})

    first = await client.send(request)
    repeated = await client.send(request)

    assert (first.json()["Code"], repeated.json()["Code"]) == ("isv.MOBILE_NUMBER_ILLEGAL", "SignatureNonceUsed")


async def test_a_forged_call_arrives_nowhere(alibaba: Simulator, sign: Sign) -> None:
    client = alibaba()
    await ordered(client, "status", code=500, arrives=True)

    answer = await client.send(sign("SendSms", SMS, secret="wrong"))

    assert answer.json()["Code"] == "SignatureDoesNotMatch"
