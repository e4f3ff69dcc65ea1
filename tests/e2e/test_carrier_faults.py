"""A carrier that fails in every way HTTP knows: each message ends as it should, and never arrives twice."""

import signal
from pathlib import Path

import pytest

from smppgw.smpp.consts import CommandStatus, DataCoding
from smppgw.smpp.pdu import SubmitSm
from tests.e2e.configuration import LOGIN, configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import bind, submit
from tests.e2e.simulated import Simulated
from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e

NUMBER = "4915112345100"
NOBODY = "http://127.0.0.1:9"
"""The discard port: nothing listens there."""
MAX_IN_FLIGHT = 4
"""The default."""


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"fault": "reset_before"}, id="dropped before it was taken"),
        pytest.param({"fault": "reset_after"}, id="taken, then dropped"),
        pytest.param({"fault": "slow_after", "seconds": 1.0}, id="taken, answered late"),
        pytest.param({"fault": "latency", "seconds": 1.0}, id="taken late"),
        pytest.param({"fault": "status", "code": 500}, id="500"),
        pytest.param({"fault": "status", "code": 503}, id="503"),
        pytest.param({"fault": "status", "code": 503, "after": True}, id="taken, 503"),
        pytest.param({"fault": "status", "code": 500, "count": 3}, id="500 three times"),
        pytest.param({"fault": "garbage"}, id="taken, garbage"),
        pytest.param({"fault": "truncated"}, id="taken, half an answer"),
        pytest.param({"fault": "empty"}, id="taken, no body"),
        pytest.param({"fault": "status", "code": 429, "retry_after": 1}, id="429"),
    ],
)
async def test_a_message_is_taken_once_and_gets_its_receipt(
    daemon: Daemon, retarus: Simulated, fault: dict[str, object]
) -> None:
    await retarus.order(operation="send", **fault)
    esme = await bind(daemon.smpp_port)

    message_id = await esme.submit(submit(NUMBER))

    assert await esme.receipt_of(message_id) == "DELIVRD"
    assert [row["to"] for row in await retarus.rows()] == [f"+{NUMBER}"]


async def test_a_refused_login_pauses_the_carrier_until_the_password_is_right(
    new_daemon: NewDaemon, retarus: Simulated, tmp_path: Path
) -> None:
    password = tmp_path / "retarus.password"
    password.write_text("wrong")
    text = configuration(retarus=retarus.url)
    daemon = new_daemon(text.replace(f'password = "{LOGIN}"', f'password_file = "{password.name}"'))
    await daemon.start()
    esme = await bind(daemon.smpp_port)

    async def is_paused() -> bool:
        return bool(daemon.events("carrier paused"))

    numbers = [f"49151123451{place:02}" for place in range(20)]
    answers = [await esme.request(submit(number)) for number in numbers]
    await until(is_paused, "the carrier has refused the login")
    calls, waiting = await retarus.calls("send"), daemon.open_messages()
    gauge = 'smppgw_carrier_paused{carrier="retarus",cause="login"} 1.0'
    is_shown = gauge in (await daemon.get("/metrics")).text
    password.write_text(LOGIN)
    daemon.process.send_signal(signal.SIGHUP)

    ids = [getattr(answer, "message_id", "") for answer in answers]
    assert {await esme.receipt_of(message_id) for message_id in ids} == {"DELIVRD"}
    assert (waiting, is_shown) == (len(numbers), True)
    assert calls <= 1 + MAX_IN_FLIGHT
    assert [event["level"] for event in daemon.events("carrier paused")] == ["error"]
    assert len(daemon.events("carrier resumed")) == 1
    assert sorted(row["to"] for row in await retarus.rows()) == [f"+{number}" for number in numbers]


async def test_with_one_datacentre_gone_messages_go_by_the_other(new_daemon: NewDaemon, retarus: Simulated) -> None:
    text = configuration(retarus=retarus.url)
    daemon = new_daemon(text.replace(f'de2 = "{retarus.url}', f'de2 = "{NOBODY}'))
    await daemon.start()
    esme = await bind(daemon.smpp_port)

    stats = [await esme.receipt_of(await esme.submit(submit(NUMBER))) for _ in range(3)]

    assert stats == ["DELIVRD"] * 3
    assert [row["datacenter"] for row in await retarus.rows()] == ["de1"] * 3
    assert len(daemon.events("datacentre is avoided")) == 1
    assert daemon.events("carrier circuit") == []


@pytest.mark.parametrize("fault", ["reset_before", "garbage", "truncated", "empty"])
async def test_a_failed_status_call_is_made_again(daemon: Daemon, retarus: Simulated, fault: str) -> None:
    await retarus.order(operation="status", fault=fault, count=2)
    esme = await bind(daemon.smpp_port)

    message_id = await esme.submit(submit(NUMBER))

    assert await esme.receipt_of(message_id) == "DELIVRD"


async def test_a_batch_whose_answer_was_lost_is_found_again_whole(daemon: Daemon, retarus: Simulated) -> None:
    await retarus.order(operation="send", fault="reset_after", count=2)
    esme = await bind(daemon.smpp_port)

    numbers = [f"49151{place:08}" for place in range(1000, 1200)]
    answers = [esme.request(submit(number)) for number in numbers]
    for answer in answers:
        assert (await answer).command_status == CommandStatus.ESME_ROK
    stats = {await esme.receipt_of(getattr(answer.result(), "message_id", "")) for answer in answers}

    assert stats == {"DELIVRD"}
    assert sorted(row["to"] for row in await retarus.rows()) == [f"+{number}" for number in numbers]


@pytest.fixture
async def in_china(new_daemon: NewDaemon, retarus: Simulated, alibaba: Simulated) -> Daemon:
    daemon = new_daemon(configuration(retarus=retarus.url, alibaba=alibaba.url))
    await daemon.start()
    return daemon


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"fault": "reset_before"}, id="dropped before it was taken"),
        pytest.param({"fault": "reset_after"}, id="taken, then dropped"),
        pytest.param({"fault": "reset_after", "count": 3}, id="taken, then dropped three times"),
        pytest.param({"fault": "slow_after", "seconds": 1.0}, id="taken, answered late"),
        pytest.param({"fault": "status", "code": 500}, id="500"),
        pytest.param({"fault": "status", "code": 503, "after": True}, id="taken, 503"),
        pytest.param({"fault": "garbage"}, id="taken, garbage"),
        pytest.param({"fault": "truncated"}, id="taken, half an answer"),
        pytest.param({"fault": "status", "code": 429, "retry_after": 1}, id="429"),
    ],
)
async def test_a_batch_to_china_is_taken_once_and_gets_its_receipts(
    in_china: Daemon, alibaba: Simulated, fault: dict[str, object]
) -> None:
    await alibaba.order(operation="send", **fault)
    esme = await bind(in_china.smpp_port)
    numbers = [f"86139{place:08}" for place in range(100, 110)]

    answers = [esme.request(chinese(number)) for number in numbers]
    for answer in answers:
        assert (await answer).command_status == CommandStatus.ESME_ROK
    stats = {await esme.receipt_of(getattr(answer.result(), "message_id", "")) for answer in answers}

    assert stats == {"DELIVRD"}
    assert sorted(row["to"] for row in await alibaba.rows()) == [f"+{number}" for number in numbers]


def chinese(number: str) -> SubmitSm:
    text = "尊敬的李雷，您的订单A-17已发货，快递单号SF1。"
    return submit(number, "", data_coding=DataCoding.UCS2, short_message=text.encode("utf-16-be"))
