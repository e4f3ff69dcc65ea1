"""Pushes are kept before they are answered; strangers learn nothing, not even which carriers there are."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from ipaddress import ip_network

import httpx2 as httpx
import pytest
import structlog
from starlette.applications import Starlette

from smppgw.carriers.base import PushAnswer
from smppgw.core.values import Secret
from smppgw.store.base import StoreError, StoreFullError
from smppgw.web import pushes
from smppgw.web.pushes import MAX_OCTETS, Door, PushEntrance
from smppgw.web.serving import serve

SECRET = "correct-horse-battery"
ANSWER = PushAnswer("application/json", b'{"code":0}')
HERE = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
ELSEWHERE = (ip_network("192.0.2.0/24"),)
LIMIT_S = 10


@dataclass
class Journal:
    """Keeps pushes in a list, when its gate is open."""

    kept: list[tuple[str, str, bytes, float]] = field(default_factory=list)
    fault: Exception | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def keep_push(self, carrier: str, content_type: str, body: bytes, now: float) -> None:
        self.asked.set()
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        self.kept.append((carrier, content_type, body, now))


@dataclass
class House:
    """An entrance with three doors."""

    journal: Journal = field(default_factory=Journal)
    counted: list[tuple[str, str]] = field(default_factory=list)
    has_counted: asyncio.Event = field(default_factory=asyncio.Event)
    rings: int = 0

    def push(self, carrier: str, result: str) -> None:
        self.counted.append((carrier, result))
        self.has_counted.set()

    def ring(self) -> None:
        self.rings += 1

    def app(self) -> Starlette:
        entrance = PushEntrance(
            {
                "alibaba": Door(Secret(SECRET), None, ANSWER),
                "near": Door(Secret(SECRET), HERE, PushAnswer("text/plain", b"OK")),
                "far": Door(Secret(SECRET), ELSEWHERE, ANSWER),
            },
            journal=self.journal,
            counts=self,
            clock=lambda: 17.0,
            on_kept=self.ring,
        )
        return Starlette(routes=entrance.routes())

    @contextlib.asynccontextmanager
    async def client(self, proxies: tuple[str, ...] = ()) -> AsyncIterator[httpx.AsyncClient]:
        """Serve it for real."""
        async with (
            asyncio.timeout(LIMIT_S),
            serve(self.app(), "127.0.0.1", 0, proxies) as (_, port),
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
        ):
            yield http


@pytest.fixture
def house() -> House:
    return House()


async def test_a_push_is_kept_as_it_came_and_its_sender_hears_what_it_wants_to(house: House) -> None:
    async with house.client() as http:
        answer = await http.post(f"/push/alibaba/{SECRET}", content=b"\x00\xff[]", headers={"content-type": "x/y"})

    assert (answer.status_code, answer.content) == (200, ANSWER.body)
    assert answer.headers["content-type"] == "application/json"
    assert house.journal.kept == [("alibaba", "x/y", b"\x00\xff[]", 17.0)]
    assert (house.rings, house.counted) == (1, [("alibaba", "stored")])


async def test_the_answer_leaves_only_when_the_push_is_kept(house: House) -> None:
    house.journal.gate.clear()
    async with house.client() as http:
        pushing = asyncio.create_task(http.post(f"/push/alibaba/{SECRET}", content=b"1"))
        await house.journal.asked.wait()
        assert not pushing.done()
        house.journal.gate.set()

        assert (await pushing).status_code == 200


@pytest.mark.parametrize("fault", [StoreError("busy"), StoreFullError("full")])
async def test_what_cannot_be_kept_is_asked_for_again(house: House, fault: Exception) -> None:
    house.journal.fault = fault
    async with house.client() as http:
        answer = await http.post(f"/push/alibaba/{SECRET}", content=b"1")

    assert answer.status_code == 503
    assert (house.rings, house.counted) == (0, [("alibaba", "failed")])


WRONG = {
    "unknown carrier": "/push/nobody/" + SECRET,
    "wrong secret": "/push/alibaba/" + SECRET[:-1] + "Y",
    "half a secret": "/push/alibaba/" + SECRET[:5],
    "longer secret": "/push/alibaba/" + SECRET + "x",
    "other case": "/push/alibaba/" + SECRET.upper(),
    "not even text": "/push/alibaba/%ff%00",
    "wrong source": "/push/far/" + SECRET,
    "the carrier in capitals": "/push/ALIBABA/" + SECRET,
    "no such path": "/push/alibaba",
}


@pytest.mark.parametrize("path", WRONG.values(), ids=WRONG)
async def test_whatever_is_wrong_is_the_same_404(house: House, path: str) -> None:
    async with house.client() as http:
        answer = await http.post(path, content=b"1")
        nothing = await http.post("/nothing", content=b"1")

    assert answer.status_code == nothing.status_code == 404
    assert answer.content == nothing.content
    assert list(answer.headers) == list(nothing.headers)
    assert house.journal.kept == []


async def test_a_stranger_can_name_no_series(house: House) -> None:
    async with house.client() as http:
        await http.post("/push/nobody/x", content=b"1")
        await http.post("/push/alibaba/x", content=b"1")

    assert house.counted == [("", "refused"), ("alibaba", "refused")]


async def test_the_secret_is_in_no_log_whatever_happens(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.journal.fault = ZeroDivisionError("a bug")
    with caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as logs:
        async with house.client() as http:
            assert (await http.post(f"/push/alibaba/{SECRET}", content=b"1")).status_code == 500
            house.journal.fault = StoreError("busy")
            await http.post(f"/push/alibaba/{SECRET}", content=b"1")
            await http.post(f"/push/far/{SECRET}", content=b"1")
            await http.post(f"/push/nobody/{SECRET}", content=b"1")
            await http.post(f"/push/alibaba/{SECRET}", content=b"x" * (MAX_OCTETS + 1))
            await http.get(f"/push/alibaba/{SECRET}")

    assert "a bug" in caplog.text
    ours = [record for record in caplog.records if not record.name.startswith("httpx2")]  # this test's own client
    assert SECRET not in "".join(caplog.handler.format(record) for record in ours)
    assert SECRET not in str(logs)
    assert [line["reason"] for line in logs if line["event"] == "push refused"] == ["source", "carrier"]


async def test_a_door_shows_nothing_of_its_secret() -> None:
    door = Door(Secret(SECRET), None, ANSWER)

    assert SECRET not in repr(door) + str({name: getattr(door, name) for name in Door.__slots__})


async def test_only_post_is_answered(house: House) -> None:
    async with house.client() as http:
        answers = [await http.request(verb, f"/push/alibaba/{SECRET}") for verb in ("GET", "PUT", "HEAD")]

    assert {answer.status_code for answer in answers} == {405}


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_is_too_long_is_refused(house: House, chunked: bool) -> None:
    async def stream() -> AsyncIterator[bytes]:
        for _ in range(8):
            yield b"x" * 65_536

    async with house.client() as http:
        fits = await http.post(f"/push/alibaba/{SECRET}", content=b"x" * MAX_OCTETS)
        answer = await http.post(f"/push/alibaba/{SECRET}", content=stream() if chunked else b"x" * (MAX_OCTETS + 1))
        again = await http.post(f"/push/alibaba/{SECRET}", content=b"1")

    assert (fits.status_code, answer.status_code, again.status_code) == (200, 413, 200)
    assert [len(kept[2]) for kept in house.journal.kept] == [MAX_OCTETS, 1]
    assert ("alibaba", "too_large") in house.counted


async def test_a_body_that_does_not_come_is_not_waited_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushes, "READ_S", 0.05)
    async with asyncio.timeout(LIMIT_S), serve(house.app(), "127.0.0.1", 0) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"POST /push/alibaba/{SECRET} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345".encode())

        status = await reader.readline()

        writer.close()
        await writer.wait_closed()
    assert b" 408 " in status
    assert house.counted == [("alibaba", "timeout")]
    assert house.journal.kept == []


async def test_half_a_body_is_not_kept(house: House) -> None:
    async with asyncio.timeout(LIMIT_S), serve(house.app(), "127.0.0.1", 0) as (_, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"POST /push/alibaba/{SECRET} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345".encode())
        writer.write_eof()
        await house.has_counted.wait()
        writer.close()
        await writer.wait_closed()

    assert house.counted == [("alibaba", "timeout")]
    assert house.journal.kept == []


async def test_a_source_that_is_expected_is_let_in(house: House) -> None:
    async with house.client() as http:
        answer = await http.post(f"/push/near/{SECRET}", content=b"1")

    assert (answer.status_code, answer.text) == (200, "OK")


@pytest.mark.parametrize(
    ("proxies", "status"),
    [
        pytest.param((), 404, id="nobody may speak for others"),
        pytest.param(("127.0.0.1/32",), 200, id="the proxy may"),
        pytest.param(("192.0.2.9",), 404, id="another proxy may"),
    ],
)
async def test_only_a_known_proxy_may_say_who_it_speaks_for(
    house: House, proxies: tuple[str, ...], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")  # of no effect
    async with house.client(proxies) as http:
        answer = await http.post(
            f"/push/far/{SECRET}", content=b"1", headers={"x-forwarded-for": "10.0.0.1, 192.0.2.7"}
        )

    assert answer.status_code == status


async def test_a_hundred_pushes_at_once_are_all_kept(house: House) -> None:
    async with house.client() as http:
        answers = await asyncio.gather(
            *(http.post(f"/push/alibaba/{SECRET}", content=b"%d" % number) for number in range(100))
        )

    assert {answer.status_code for answer in answers} == {200}
    assert sorted(int(kept[2]) for kept in house.journal.kept) == list(range(100))
