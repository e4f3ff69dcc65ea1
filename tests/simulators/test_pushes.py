"""Simulated carriers push as the real ones say they do."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

import httpx2
import pytest

from smppgw.simulators.alibaba import AlibabaOptions, alibaba_app
from smppgw.simulators.retarus import RetarusOptions, retarus_app
from tests.simulators.conftest import KEY_ID, SECRET, Clock

Sign = Callable[..., httpx2.Request]

SMS = {"SignName": "阿里云", "TemplateCode": "SMS_100000001", "TemplateParam": '{"code":"1234"}', "OutId": "batch-2"}
HEARD = httpx2.Response(200, json={"code": 0, "msg": "接收成功"})
LIMIT_S = 10


@dataclass
class Customer:
    """Whom the carriers call; gives its scripted answers, then the one that they want to hear."""

    answers: list[httpx2.Response | Exception] = field(default_factory=list)
    got: list[tuple[str, Any]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    is_deaf: bool = False

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        body = request.content.decode()
        self.got.append((str(request.url), json.loads(body) if body.startswith("[") else body))
        self.news.set()
        if self.is_deaf:
            await asyncio.Event().wait()
        answer = self.answers.pop(0) if self.answers else HEARD
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def calls(self, count: int) -> list[Any]:
        """Wait for so many pushes; return their bodies."""
        async with asyncio.timeout(LIMIT_S):
            while len(self.got) < count:
                self.news.clear()
                await self.news.wait()
        return [body for _, body in self.got]


class Town:
    """Both simulated carriers, whose waits move the clock, and their customer."""

    def __init__(self, clock: Clock, sign: Sign) -> None:
        self.clock, self.sign = clock, sign
        self.customer = Customer()

    async def sleep(self, seconds: float) -> None:
        self.clock.slept.append(seconds)
        self.clock.now += seconds
        await asyncio.sleep(0)

    def alibaba(self, **options: Any) -> httpx2.AsyncClient:
        merged: dict[str, Any] = {"push_url": "http://us/push/alibaba/x", "final_delay": 10.0} | options
        made = AlibabaOptions(access_key_id=KEY_ID, access_key_secret=SECRET, **merged)
        app = alibaba_app(made, self.clock, self.sleep, httpx2.MockTransport(self.customer))
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://sim")

    def retarus(self, **options: Any) -> httpx2.AsyncClient:
        made = RetarusOptions(username="user", password="x", **({"push_url": "http://us/push/retarus/x"} | options))
        app = retarus_app(made, self.clock, self.sleep, httpx2.MockTransport(self.customer))
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://sim")

    async def send(self, client: httpx2.AsyncClient, *numbers: str) -> str:
        answer = await client.send(self.sign("SendSms", SMS | {"PhoneNumbers": ",".join(numbers)}))
        ref: str = answer.json()["BizId"]
        return ref

    async def send_abroad(self, client: httpx2.AsyncClient, number: str) -> str:
        query = {"To": number, "Message": "hello", "From": "Shop", "TaskId": "task-1"}
        answer = await client.send(self.sign("SendMessageToGlobe", query, version="2018-05-01"))
        ref: str = answer.json()["MessageId"]
        return ref

    async def deliveries(self, client: httpx2.AsyncClient, count: int) -> list[dict[str, Any]]:
        """Wait until so many tries are on record."""
        async with asyncio.timeout(LIMIT_S):
            while len(found := (await client.get("/_sim/pushes")).json()) < count:  # noqa: ASYNC110 # as below
                await asyncio.sleep(0)  # the record has no event that reaches a client
        rows: list[dict[str, Any]] = found
        return rows


@pytest.fixture
async def town(clock: Clock, sign: Sign) -> AsyncIterator[Town]:
    yield Town(clock, sign)
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


async def test_a_mainland_receipt_comes_when_it_is_final(town: Town) -> None:
    ref = await town.send(town.alibaba(), "13900000099")

    ((row,),) = await town.customer.calls(1)

    assert row == {
        "phone_number": "13900000099",
        "send_time": "2026-01-02 11:04:05",
        "report_time": "2026-01-02 11:04:15",
        "success": True,
        "err_code": "DELIVERED",
        "err_msg": "用户接收成功",
        "sms_size": "1",
        "biz_id": ref,
        "out_id": "batch-2",
    }
    assert town.clock.slept == [10.0]
    assert town.customer.got[0][0] == "http://us/push/alibaba/x"


async def test_an_international_receipt_comes_when_it_is_final(town: Town) -> None:
    ref = await town.send_abroad(town.alibaba(), "85212345678")

    ((row,),) = await town.customer.calls(1)

    assert row == {
        "To": "85212345678",
        "SendDate": "Fri, 02 Jan 2026 11:04:05 +0800",
        "ReceiveDate": "Fri, 02 Jan 2026 11:04:15 +0800",
        "Status": "1",
        "ErrorCode": "success",
        "ErrorDescription": "success",
        "TaskId": "task-1",
        "SmsSize": "1",
        "MessageId": ref,
    }


@pytest.mark.parametrize(
    ("suffix", "success", "code"),
    [
        ("0002", False, "MOBILE_IN_BLACK"),
        ("0003", False, "EXPIRED"),
        ("0016", False, "ZZ:9999"),
        ("1234", True, "DELIVERED"),
    ],
)
async def test_a_mainland_receipt_says_what_a_query_says(town: Town, suffix: str, success: bool, code: str) -> None:
    await town.send(town.alibaba(), f"1390000{suffix}")

    ((row,),) = await town.customer.calls(1)

    assert (row["success"], row["err_code"]) == (success, code)


@pytest.mark.parametrize(
    ("suffix", "status", "code"),
    [("0003", "6", "EXPIRED"), ("0004", "2", "UNDELIV"), ("0008", "2", "REJECTD"), ("0016", "2", "ZZ:9999")],
)
async def test_an_international_receipt_follows_the_suffix(town: Town, suffix: str, status: str, code: str) -> None:
    await town.send_abroad(town.alibaba(), f"8521234{suffix}")

    ((row,),) = await town.customer.calls(1)

    assert (row["Status"], row["ErrorCode"]) == (status, code)


@pytest.mark.parametrize("suffix", ["0010", "0015"])
async def test_what_is_never_final_is_never_pushed(town: Town, suffix: str) -> None:
    client = town.alibaba()
    await town.send(client, f"1390000{suffix}")
    await town.send_abroad(client, f"8521234{suffix}")
    await town.send(client, "13900001234")

    assert [len(body) for body in await town.customer.calls(1)] == [1]


async def test_receipts_that_are_due_together_share_a_push(town: Town) -> None:
    await town.send(town.alibaba(push_rows=3), *(f"1390000{n}" for n in range(1000, 1007)))

    assert [len(body) for body in await town.customer.calls(3)] == [3, 3, 1]


async def test_each_service_has_its_address(town: Town) -> None:
    client = town.alibaba(intl_push_url="http://us/push/intl/y")
    await town.send(client, "13900000099")
    await town.send_abroad(client, "85212345678")
    await town.customer.calls(2)

    assert {url for url, _ in town.customer.got} == {"http://us/push/alibaba/x", "http://us/push/intl/y"}


async def test_nothing_is_pushed_without_an_address_and_one_can_be_given_later(town: Town) -> None:
    client = town.alibaba(push_url=None)
    await town.send(client, "13900000099")
    await client.post("/_sim/pushes", json={"url": "http://us/later"})
    await town.send(client, "13900000098")

    ((row,),) = await town.customer.calls(1)

    assert row["phone_number"] == "13900000098"


@pytest.mark.parametrize(
    ("answer", "outcome", "status"),
    [
        pytest.param(httpx2.Response(503), "refused", 503, id="503"),
        pytest.param(httpx2.Response(200), "refused", 200, id="no body"),
        pytest.param(httpx2.Response(200, json={"code": "0"}), "refused", 200, id="code is no number"),
        pytest.param(httpx2.Response(201, json={"code": 0}), "refused", 201, id="201"),
        pytest.param(httpx2.ConnectError("refused"), "lost", None, id="no connection"),
    ],
)
async def test_what_is_not_heard_is_pushed_again_after_1_5_and_10_minutes(
    town: Town, answer: httpx2.Response | Exception, outcome: str, status: int | None
) -> None:
    client = town.alibaba(final_delay=0.0)
    town.customer.answers = [answer] * 9
    await town.send(client, "13900000099")

    tries = await town.deliveries(client, 4)

    assert town.clock.slept == [60.0, 300.0, 600.0]
    assert [(one["attempt"], one["outcome"], one["status"]) for one in tries] == [
        (attempt, outcome, status) for attempt in (1, 2, 3, 4)
    ]
    assert len(town.customer.got) == 4


async def test_pauses_can_be_scaled_and_end_when_it_is_heard(town: Town) -> None:
    client = town.alibaba(final_delay=0.0, push_retry_scale=0.01)
    town.customer.answers = [httpx2.Response(503)]
    await town.send(client, "13900000099")

    tries = await town.deliveries(client, 2)

    assert [one["outcome"] for one in tries] == ["refused", "taken"]
    assert town.clock.slept == [0.6]


async def test_an_answer_that_takes_longer_than_700_ms_is_none(town: Town) -> None:
    client = town.alibaba(final_delay=0.0)
    town.customer.is_deaf = True
    await town.send(client, "13900000099")

    tries = await town.deliveries(client, 1)

    assert (tries[0]["outcome"], tries[0]["status"]) == ("timeout", None)


async def test_a_push_comes_twice_on_order(town: Town) -> None:
    client = town.alibaba(final_delay=0.0, push_rows=1)
    await client.post("/_sim/faults", json={"operation": "push", "fault": "duplicate", "datacenter": "mainland"})
    await town.send(client, "13900000099")
    await town.send(client, "13900000098")

    bodies = await town.customer.calls(3)

    assert sorted(row["phone_number"] for (row,) in bodies) == ["13900000098", "13900000099", "13900000099"]


async def test_a_push_comes_late_on_order(town: Town) -> None:
    client = town.alibaba(final_delay=0.0)
    await client.post("/_sim/faults", json={"operation": "push", "fault": "latency", "seconds": 7})
    await town.send(client, "13900000099")
    await town.customer.calls(1)

    assert town.clock.slept == [7.0]


@pytest.mark.parametrize(
    "order",
    [{"operation": "push", "fault": "garbage"}, {"operation": "send", "fault": "duplicate"}],
)
async def test_a_fault_that_cannot_be_is_refused(town: Town, order: dict[str, str]) -> None:
    for client in (town.alibaba(), town.retarus()):
        assert (await client.post("/_sim/faults", json=order)).status_code == 400


async def test_alibaba_brings_an_inbound_text(town: Town) -> None:
    client = town.alibaba()
    for _ in range(2):
        await client.post("/_sim/inbound", json={"from": "+8613811110000", "to": "1234", "text": "内容"})

    bodies = await town.customer.calls(2)

    first, second = (row for (row,) in bodies)
    assert first.pop("sequence_id") != second.pop("sequence_id")
    assert first == {
        "phone_number": "13811110000",
        "content": "内容",
        "send_time": "2026-01-02 11:04:05",
        "dest_code": "1234",
    }


async def test_retarus_brings_an_inbound_text(town: Town) -> None:
    client = town.retarus()
    await client.post("/_sim/inbound", json={"from": "+491761", "to": "+491579", "text": "STOP & <go>"})

    (body,) = await town.customer.calls(1)

    fields = {element.tag: element.text for element in ElementTree.fromstring(body)}
    assert str(fields.pop("smsId")).startswith("I.")
    assert fields == {
        "cuNo": "12345",
        "storeTs": "2026-01-02T03:04:05.000+00:00",
        "src": "+491761",
        "dst": "+491579",
        "text": "STOP & <go>",
    }
    tries = await town.deliveries(client, 1)
    assert (tries[0]["kind"], tries[0]["outcome"]) == ("inbound", "taken")


@pytest.mark.parametrize("path", ["/_sim/inbound", "/_sim/pushes"])
async def test_an_order_that_makes_no_sense_is_refused(town: Town, path: str) -> None:
    for client in (town.alibaba(), town.retarus()):
        assert (await client.post(path, content=b'{"form":"x"}')).status_code == 400


async def test_reset_forgets_what_was_to_be_pushed(town: Town) -> None:
    client = town.alibaba(final_delay=0.0)
    town.customer.answers = [httpx2.Response(503)]
    await town.send(client, "13900000099")
    await town.deliveries(client, 1)

    await client.post("/_sim/reset")

    assert (await client.get("/_sim/pushes")).json() == []
