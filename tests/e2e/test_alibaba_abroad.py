"""The international service end to end: lost answers, keys that change, many messages in few calls."""

import contextlib
import sqlite3

import httpx2 as httpx
import pytest

from smppgw.smpp.consts import CommandStatus
from tests.e2e.configuration import KEY, configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import bind, submit
from tests.e2e.simulated import Simulated
from tests.e2e.waiting import LIMIT_S

pytestmark = pytest.mark.e2e

NUMBER = "6591234567"


async def started(
    new_daemon: NewDaemon, retarus: Simulated, alibaba: Simulated, intl: str = "", intl_key: str = KEY
) -> Daemon:
    daemon = new_daemon(configuration(retarus=retarus.url, alibaba=alibaba.url, intl=intl, intl_key=intl_key))
    await daemon.start()
    return daemon


@pytest.mark.parametrize(
    ("fault", "stat"),
    [
        pytest.param({"fault": "reset_before"}, "DELIVRD", id="dropped before it was taken"),
        pytest.param({"fault": "status", "code": 503, "count": 3}, "DELIVRD", id="503 three times"),
        pytest.param({"fault": "status", "code": 429, "retry_after": 1}, "DELIVRD", id="429"),
        # The platform has it, proved by SignatureNonceUsed; but nobody can ask what became of it.
        pytest.param({"fault": "reset_after"}, "UNKNOWN", id="taken, then dropped"),
        pytest.param({"fault": "truncated"}, "UNKNOWN", id="taken, half an answer"),
        pytest.param({"fault": "status", "code": 500, "after": True}, "UNKNOWN", id="taken, 500"),
    ],
)
async def test_whatever_becomes_of_an_answer_a_message_is_taken_once_and_no_receipt_is_invented(
    new_daemon: NewDaemon, retarus: Simulated, alibaba: Simulated, fault: dict[str, object], stat: str
) -> None:
    daemon = await started(new_daemon, retarus, alibaba)
    await alibaba.order(operation="send", **fault)
    esme = await bind(daemon.smpp_port)

    message_id = await esme.submit(submit(NUMBER))

    assert await esme.receipt_of(message_id) == stat
    assert [row["to"] for row in await alibaba.rows()] == [f"+{NUMBER}"]


async def test_without_the_fence_nothing_is_repeated(
    new_daemon: NewDaemon, retarus: Simulated, alibaba: Simulated
) -> None:
    daemon = await started(new_daemon, retarus, alibaba, "fence = false")
    await alibaba.order(operation="send", fault="reset_before")
    esme = await bind(daemon.smpp_port)

    message_id = await esme.submit(submit(NUMBER))

    assert await esme.receipt_of(message_id) == "UNKNOWN"
    assert await alibaba.rows() == []
    assert await alibaba.calls("send") == 1


async def test_a_revoked_key_of_the_chain_is_replaced_without_a_restart_and_costs_no_message(
    new_daemon: NewDaemon, retarus: Simulated, alibaba: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The official package finds its keys at a URI, which the simulator serves."""
    for name, value in {
        "ALIBABA_CLOUD_CREDENTIALS_URI": f"{alibaba.url}/_sim/credentials",
        "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
        "ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "true",
        "ALIBABA_CLOUD_CREDENTIALS_FILE": "/nowhere",
        "NO_PROXY": "*",
    }.items():
        monkeypatch.setenv(name, value)
    daemon = await started(new_daemon, retarus, alibaba, intl_key="")
    esme = await bind(daemon.smpp_port)
    first = await esme.receipt_of(await esme.submit(submit(NUMBER)))

    async with httpx.AsyncClient(trust_env=False) as http:
        (await http.delete(f"{alibaba.url}/_sim/credentials", timeout=LIMIT_S)).raise_for_status()
    second = await esme.receipt_of(await esme.submit(submit(NUMBER)))

    assert (first, second) == ("DELIVRD", "DELIVRD")
    assert len(await alibaba.rows()) == 2
    assert len(daemon.events("credentials renewed")) == 2
    assert daemon.other_output == []


async def test_hundreds_of_messages_share_few_calls_and_each_gets_its_own_receipt(
    new_daemon: NewDaemon, retarus: Simulated, alibaba: Simulated
) -> None:
    """Of 300 with 3 bad numbers 297 are taken once, and 3 are refused with their reason."""
    daemon = await started(new_daemon, retarus, alibaba, 'max_batch = 100\ncalls_per_s = "20/s"')
    await alibaba.order(operation="send", fault="status", code=429, retry_after=3, count=1)  # a queue builds up
    esme = await bind(daemon.smpp_port)
    numbers = [f"659{place:07}" for place in range(1000, 1297)] + ["6590000001", "6591110001", "6592220001"]

    answers = [esme.request(submit(number)) for number in numbers]
    for answer in answers:
        assert (await answer).command_status == CommandStatus.ESME_ROK
    stats = {
        number: await esme.receipt_of(getattr(answer.result(), "message_id", ""))
        for number, answer in zip(numbers, answers, strict=True)
    }

    assert {number for number, stat in stats.items() if stat == "DELIVRD"} == set(numbers[:297])
    assert {stats[number] for number in numbers[297:]} == {"UNDELIV"}
    assert sorted(row["to"] for row in await alibaba.rows()) == sorted(f"+{number}" for number in numbers[:297])
    with contextlib.closing(sqlite3.connect(f"file:{daemon.store}?mode=ro", uri=True)) as store:
        sizes = [row[0] for row in store.execute("SELECT json_array_length(messages) FROM attempts")]
        reasons = {row[0] for row in store.execute("SELECT detail FROM messages WHERE outcome = 5")}
    assert max(sizes) > 20
    assert len(sizes) < 200
    assert reasons == {"http 200: MOBILE_NUMBER_ILLEGAL"}
