"""The simulators over real sockets: addresses, lost connections, concurrent calls."""

import asyncio
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from smppgw.simulators.alibaba import AlibabaOptions, alibaba_app
from smppgw.simulators.retarus import RetarusOptions, retarus_app
from smppgw.simulators.serving import running

DEADLINE_S = 10.0
JOBS = "/de2/rest/v1/jobs"
JOB = {"messages": [{"text": "hello", "recipients": [{"dst": "+4917612345678"}]}]}


def an_app(**options: Any) -> Starlette:
    return retarus_app(RetarusOptions(username="user", password="password", visible_after=0.0, **options))


def a_client(url: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=url, auth=("user", "password"), timeout=DEADLINE_S)


@pytest.fixture(params=["reset_before", "reset_after"])
def reset(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_a_free_port_is_found_and_served() -> None:
    async with running(an_app()) as url, a_client(url) as client:
        answer = await client.post(JOBS, json=JOB)

    assert url.startswith("http://127.0.0.1:")
    assert answer.status_code == 201


async def test_a_taken_port_is_an_os_error() -> None:
    async with running(an_app()) as url:
        with pytest.raises(OSError, match="in use"):
            async with running(an_app(), port=int(url.rpartition(":")[2])):
                pass


async def test_an_error_inside_the_context_comes_out_as_it_is() -> None:
    with pytest.raises(KeyError):
        async with running(an_app()):
            raise KeyError


async def test_nobody_listens_afterwards() -> None:
    async with running(an_app()) as url:
        pass

    async with a_client(url) as client:
        with pytest.raises(httpx2.ConnectError):
            await client.post(JOBS, json=JOB)


async def test_a_reset_sends_not_one_octet_and_breaks_the_connection(reset: str) -> None:
    async with running(an_app()) as url, a_client(url) as client:
        await client.post("/_sim/faults", json={"operation": "version", "fault": reset})
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(b"GET /de2/rest/v1/version HTTP/1.1\r\nHost: sim\r\n\r\n")

        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(1), DEADLINE_S)

        writer.close()


async def test_a_client_sees_a_reset_and_can_come_again(reset: str) -> None:
    async with running(an_app()) as url, a_client(url) as client:
        await client.post("/_sim/faults", json={"operation": "send", "fault": reset})
        with pytest.raises(httpx2.NetworkError):
            await client.post(JOBS, json=JOB)

        again = await client.post(JOBS, json=JOB)
        stats = (await client.get("/_sim/stats")).json()

    assert again.status_code == 201
    assert stats["recipients"] == {"reset_before": 1, "reset_after": 2}[reset]


async def test_a_reset_leaves_no_word_in_the_log(reset: str, caplog: pytest.LogCaptureFixture) -> None:
    async with running(an_app()) as url, a_client(url) as client:
        await client.post("/_sim/faults", json={"operation": "send", "fault": reset})
        with pytest.raises(httpx2.NetworkError):
            await client.post(JOBS, json=JOB)

    assert [each for each in caplog.records if each.name.startswith("uvicorn")] == []


async def test_other_connections_live_through_a_reset(reset: str) -> None:
    async with running(an_app()) as url, a_client(url) as client, a_client(url) as other:
        await other.get("/_sim/stats")
        await client.post("/_sim/faults", json={"operation": "send", "fault": reset})
        with pytest.raises(httpx2.NetworkError):
            await client.post(JOBS, json=JOB)

        answer = await other.post(JOBS, json=JOB)

    assert answer.status_code == 201


async def test_calls_are_served_side_by_side() -> None:
    waiting = asyncio.Event()
    release = asyncio.Event()

    async def wait(_seconds: float) -> None:
        waiting.set()
        await release.wait()

    options = RetarusOptions(username="user", password="password", accept_delay=1.0)
    async with running(retarus_app(options, sleep=wait)) as url, a_client(url) as client:
        send = asyncio.create_task(client.post(JOBS, json=JOB))
        await asyncio.wait_for(waiting.wait(), DEADLINE_S)

        version = await client.get("/de2/rest/v1/version")
        release.set()
        answer = await send

    assert (version.status_code, answer.status_code) == (200, 201)


async def test_a_long_query_may_come_in_pieces() -> None:
    app = alibaba_app(AlibabaOptions(access_key_id="id", access_key_secret="secret"))
    numbers = "%2C".join(["008613900000099"] * 3000)  # 54 kB
    head = f"GET /?PhoneNumbers={numbers} HTTP/1.1\r\nHost: sim\r\nConnection: close\r\n".encode()

    async with running(app) as url, a_client(url) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(head)
        await client.get("/_sim/stats")  # meanwhile the server has read the first piece
        writer.write(b"\r\n")
        answer = await asyncio.wait_for(reader.read(), DEADLINE_S)
        writer.close()

    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"InvalidAction.NotFound" in answer
