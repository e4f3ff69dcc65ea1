"""The HTTP listener inside somebody else's loop."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator

import httpx2 as httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from smppgw.web import serving
from smppgw.web.serving import ListenError, serve

LIMIT_S = 10


async def hello(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


APP = Starlette(routes=[Route("/", hello)])


@contextlib.asynccontextmanager
async def limited() -> AsyncIterator[tuple[str, int]]:
    async with asyncio.timeout(LIMIT_S), serve(APP, "127.0.0.1", 0) as address:
        yield address


async def ask(port: int) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as http:
        return await http.get(f"http://127.0.0.1:{port}/")


async def test_it_answers_as_long_as_the_context_lasts() -> None:
    async with limited() as (_, port):
        answer = await ask(port)

    assert answer.text == "hello"
    with pytest.raises(httpx.ConnectError):
        await ask(port)


async def test_it_does_not_tell_what_it_is_made_of() -> None:
    async with limited() as (_, port):
        answer = await ask(port)

    assert "server" not in answer.headers


async def test_it_leaves_the_signals_alone() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)

    async with limited():
        during = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)

    assert during == before


async def test_an_address_in_use_is_a_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(ListenError, match=f"^cannot listen on 127.0.0.1:{port}: Address already in use$"):
            async with serve(APP, "127.0.0.1", port):
                pytest.fail("it must not come this far")


async def test_an_address_of_another_machine_is_a_clear_error() -> None:
    with pytest.raises(ListenError, match=r"^cannot listen on 192\.0\.2\.1:1: Cannot assign requested address$"):
        async with serve(APP, "192.0.2.1", 1):
            pytest.fail("it must not come this far")


async def test_it_logs_warnings_only(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")

    async with limited():
        pass

    assert [record.message for record in caplog.records if record.name.startswith("uvicorn")] == []


async def test_a_fault_inside_the_context_comes_out_and_ends_the_server() -> None:
    with pytest.raises(RuntimeError, match="inside"):
        async with limited() as (_, port):
            raise RuntimeError("inside")

    with pytest.raises(httpx.ConnectError):
        await ask(port)


async def test_a_storm_of_connections_is_refused_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "MAX_CONNECTIONS", 3)
    async with limited() as (_, port):
        streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]

        answer = await ask(port)

        for _, writer in streams:
            writer.close()
            await writer.wait_closed()
    assert answer.status_code == 503
