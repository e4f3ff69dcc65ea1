"""Mainland China through the real daemon: doomed calls are not made, and an ESME may name its template."""

import asyncio
import json

import pytest

from smppgw.smpp.consts import CommandStatus, DataCoding
from smppgw.smpp.pdu import SubmitSm
from tests.e2e.configuration import configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import bind, submit
from tests.e2e.simulated import Simulated
from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e

NUMBER = "8613900000100"
CODE = "您的验证码为：{code}，请勿泄露于他人！"
VALUES = json.dumps({"name": "李雷", "order": "A-17", "no": "SF1"})
SHIPPED = "尊敬的李雷，您的订单A-17已发货，快递单号SF1。"


@pytest.fixture
async def in_china(new_daemon: NewDaemon, retarus: Simulated, alibaba: Simulated) -> Daemon:
    daemon = new_daemon(configuration(retarus=retarus.url, alibaba=alibaba.url))
    await daemon.start()
    return daemon


def chinese(text: str, **fields: object) -> SubmitSm:
    return submit(NUMBER, "", data_coding=DataCoding.UCS2, short_message=text.encode("utf-16-be"), **fields)


async def test_no_call_is_made_that_the_cap_of_a_number_would_refuse(in_china: Daemon, alibaba: Simulated) -> None:
    """One password a clock minute: of three that come at once two wait, unless a minute ends just then."""
    esme = await bind(in_china.smpp_port)

    ids = await asyncio.gather(*(esme.submit(chinese(CODE.format(code=code))) for code in ("1111", "2222", "3333")))
    waiting = [asyncio.create_task(esme.receipt_of(message_id)) for message_id in ids]
    await asyncio.wait(waiting, return_when="FIRST_COMPLETED")

    async def are_held_back() -> bool:
        return len(in_china.events("not sent, the carrier would refuse it")) > 0

    await until(are_held_back, "the others are held back")
    assert await alibaba.calls("send") == await alibaba.recipients() <= 2
    for task in waiting:
        task.cancel()


@pytest.mark.parametrize(
    "pdu",
    [
        pytest.param(chinese(f"template:SMS_100000002|{VALUES}"), id="in the text"),
        pytest.param(
            submit(NUMBER, "", tlvs=((0x1501, b"SMS_100000002"), (0x1502, VALUES.encode()))), id="in parameters"
        ),
    ],
)
async def test_an_esme_may_name_its_template(in_china: Daemon, alibaba: Simulated, pdu: SubmitSm) -> None:
    esme = await bind(in_china.smpp_port)

    message_id = await esme.submit(pdu)

    assert await esme.receipt_of(message_id) == "DELIVRD"
    assert [row["text"] for row in await alibaba.rows()] == [SHIPPED]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("template:SMS_100000002", "alibaba: SMS_100000002 has a variable ${name}, for which there is no value"),
        ("template:SMS_7", "alibaba: there is no template of this code"),
        ("您预约的明天服务已确认。", "alibaba: fits SMS_100000004, which is not approved"),
        ("【谁知道】" + SHIPPED, "alibaba: the signature is not approved"),
    ],
)
async def test_what_can_never_be_sent_is_refused_with_its_reason(in_china: Daemon, text: str, reason: str) -> None:
    esme = await bind(in_china.smpp_port)

    answer = await esme.request(chinese(text))

    async def is_told() -> bool:
        return bool(in_china.events("submit refused"))

    await until(is_told, "the refusal stands in the log")
    assert answer.command_status == CommandStatus.ESME_RSUBMITFAIL
    assert [event["reason"] for event in in_china.events("submit refused")] == [reason]
