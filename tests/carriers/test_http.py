"""One HTTP call: what is known after it, against real sockets that break at every place."""

import asyncio
import gzip
import logging
import socket
import ssl
import struct
import threading
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smppgw.carriers.http import (
    MAX_OCTETS,
    Answer,
    CallOutcome,
    Lost,
    NotSent,
    Operation,
    Result,
    Unobserved,
    call,
    client,
    not_sent,
    outcome_of,
    read_json,
    read_refusal,
    redact,
    request,
    retry_after,
)
from smppgw.core.codes import ErrorCode
from smppgw.core.verdict import Accepted, Deferred, Doubtful, PauseCause, Rejected, Verdict

CERTIFICATES = Path(__file__).parents[1] / "data" / "tls"
NOW = 1_700_000_000.0
BODY = b'{"messages":[]}'
FAR = 20.0
"""A deadline that a test on one machine does not reach."""
NEAR = 0.05
"""A deadline that is meant to be reached."""

Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(
    peer: Peer, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """Serve every connection with ``peer``, give the host of a request, and wait for the end of every connection."""
    served: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await peer(reader, writer)
            writer.close()
            await writer.wait_closed()
        except (ConnectionError, asyncio.IncompleteReadError):
            writer.close()  # the client went away, which some tests are about

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.add(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(accept, host, port, ssl=tls)
    async with server:
        yield f"{'https' if tls else 'http'}://{host}:{server.sockets[0].getsockname()[1]}"
        async with asyncio.timeout(FAR):
            await asyncio.gather(*served)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    return head + await reader.readexactly(length)


def saying(octets: bytes, *, then_wait: bool = False) -> Peer:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(octets)
        await writer.drain()
        if then_wait:
            await reader.read()

    return peer


def http_answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers))
    return head.encode() + b"\r\n" + body


async def call_once(
    host: str, *, deadline_s: float = FAR, max_octets: int = MAX_OCTETS, connect_s: float = FAR
) -> Result:
    async with client(connect_s=connect_s) as http:
        sent = request(host, "/rest/v1/jobs?a=%7e", method="POST", headers={"X-Test": "1"}, body=BODY)
        return await call(http, sent, deadline_s=deadline_s, max_octets=max_octets)


async def call_handler(handler: Callable[[httpx.Request], httpx.Response]) -> Result:
    async with client(transport=httpx.MockTransport(handler)) as http:
        return await call(http, request("http://127.0.0.1", "/", headers={}), deadline_s=FAR)


# What goes out.


async def test_the_request_leaves_as_written() -> None:
    seen: list[bytes] = []

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_request(reader))
        writer.write(http_answer(b"{}"))

    async with listening(peer) as host:
        await call_once(host)

    lines = seen[0].split(b"\r\n")
    assert lines[0] == b"POST /rest/v1/jobs?a=%7e HTTP/1.1"
    assert sorted(lines[1:-2]) == sorted(
        [
            b"Host: " + host.removeprefix("http://").encode(),
            b"X-Test: 1",
            b"Accept-Encoding: identity",
            b"Content-Length: %d" % len(BODY),
        ]
    )
    assert lines[-1] == BODY


async def test_neither_cookies_nor_proxies_of_the_machine_change_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    seen: list[bytes] = []

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            seen.append(await read_request(reader))
            writer.write(http_answer(b"{}", "200 OK", "Set-Cookie: a=b; Path=/"))

    async with listening(peer) as host, client() as http:
        for _ in range(2):
            await call(http, request(host, "/", headers={}), deadline_s=FAR)
        assert len(http.cookies) == 0

    assert seen[0] == seen[1]


async def test_a_connection_is_used_again() -> None:
    connections = 0

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while True:
            await read_request(reader)
            writer.write(http_answer(b"{}"))

    async with listening(peer) as host, client() as http:
        for _ in range(3):
            assert isinstance(await call(http, request(host, "/", headers={}), deadline_s=FAR), Answer)

    assert connections == 1


async def test_a_redirect_is_an_answer() -> None:
    async with listening(saying(http_answer(b"", "302 Found", "Location: http://127.0.0.1:1/"))) as host:
        result = await call_once(host)

    assert isinstance(result, Answer)
    assert result.status == 302


async def test_the_library_logs_no_request(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async with listening(saying(http_answer(b"{}"))) as host:
        await call_once(host)

    assert [record.name for record in caplog.records if record.name.startswith("http")] == []


# What is known afterwards.


async def test_a_complete_answer_is_an_answer() -> None:
    async with listening(saying(http_answer(b'{"a":1}', "201 Created", "X-Id: 7"))) as host:
        result = await call_once(host)

    assert isinstance(result, Answer)
    assert (result.status, result.headers["x-id"], result.body) == (201, "7", b'{"a":1}')


async def test_a_refused_connection_is_not_sent() -> None:
    async with listening(saying(b"")) as host:
        pass

    assert await call_once(host) == NotSent("ConnectError")


async def test_an_unknown_host_is_not_sent() -> None:
    result = await call_once("http://nowhere.invalid")

    assert isinstance(result, NotSent)


class Resolver:
    """Stands in for the system's: answers for one name only, with addresses of the test's choice."""

    NAME = "carrier.example"

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: list[str] | OSError = []
        self.threads: list[int] = []
        self.held = threading.Event()
        self.held.set()
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self)

    def __call__(self, host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in (self.NAME, self.NAME.encode()):
            return self._real(host, port, *args, **kwargs)
        self.threads.append(threading.get_ident())
        self.held.wait(FAR)
        if isinstance(self.answers, OSError):
            raise self.answers
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (answer, port)) for answer in self.answers]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    return Resolver(monkeypatch)


def port_of(host: str) -> int:
    return int(host.rpartition(":")[2])


@pytest.mark.parametrize("code", [socket.EAI_AGAIN, socket.EAI_NONAME, socket.EAI_FAIL])
async def test_a_name_that_cannot_be_resolved_is_not_sent(resolver: Resolver, code: int) -> None:
    resolver.answers = socket.gaierror(code, "no")

    assert await call_once(f"http://{Resolver.NAME}") == NotSent("ConnectError")


async def test_a_slow_resolver_holds_up_nobody_else_and_ends_as_not_sent(resolver: Resolver) -> None:
    resolver.held.clear()
    try:
        result = await call_once(f"http://{Resolver.NAME}", connect_s=NEAR)
    finally:
        resolver.held.set()

    assert result == NotSent("ConnectTimeout")
    assert threading.get_ident() not in resolver.threads


async def test_every_address_of_a_name_is_tried(resolver: Resolver) -> None:
    resolver.answers = ["127.0.0.2", "127.0.0.1"]  # nobody listens at the first
    async with listening(saying(http_answer(b"{}"))) as host:
        result = await call_once(f"http://{Resolver.NAME}:{port_of(host)}")

    assert isinstance(result, Answer)


async def test_a_name_is_resolved_anew_for_each_connection(resolver: Resolver) -> None:
    def naming(name: bytes) -> Peer:
        return saying(http_answer(name, "200 OK", "Connection: close"))

    async with (
        listening(naming(b"old")) as old,
        listening(naming(b"new"), host="127.0.0.2", port=port_of(old)),
        client(connect_s=FAR) as http,
    ):
        bodies = []
        for name in ("127.0.0.1", "127.0.0.2"):
            resolver.answers = [name]
            result = await call(
                http, request(f"http://{Resolver.NAME}:{port_of(old)}", "/", headers={}), deadline_s=FAR
            )
            assert isinstance(result, Answer)
            bodies.append(result.body)

    assert bodies == [b"old", b"new"]


async def test_a_failed_tls_handshake_is_not_sent() -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 this is not TLS\r\n")
        await reader.read()

    async with listening(peer) as host:
        result = await call_once(host.replace("http:", "https:"))

    assert isinstance(result, NotSent)


def certified(name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{name}.pem", CERTIFICATES / f"{name}.key")
    return context


async def call_over_tls(certificate: str, authority: str, host: str = "127.0.0.1") -> tuple[Result, list[bytes]]:
    """Call a TLS server; return what is known then, and the requests that it could read."""
    seen: list[bytes] = []

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_request(reader))
        writer.write(http_answer(b"{}"))
        await writer.drain()

    trusted = CERTIFICATES / f"{authority}.pem"
    async with (
        listening(peer, host=host, tls=certified(certificate)) as url,
        client(connect_s=FAR, ca_file=trusted) as http,
    ):
        result = await call(http, request(url, "/", headers={"Authorization": "Basic c2VjcmV0"}), deadline_s=FAR)
    return result, seen


async def test_a_certificate_of_the_trusted_authority_is_taken() -> None:
    result, seen = await call_over_tls("server", "ca")

    assert isinstance(result, Answer)
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("certificate", "authority", "host"),
    [
        pytest.param("lapsed", "lapsed-ca", "127.0.0.1", id="expired"),
        pytest.param("server", "ca", "127.0.0.2", id="of another host"),
        pytest.param("server", "other-ca", "127.0.0.1", id="of another authority"),
        pytest.param("client", "ca", "127.0.0.1", id="no certificate of a server"),
    ],
)
async def test_a_bad_certificate_ends_the_call_before_anything_left(
    certificate: str, authority: str, host: str
) -> None:
    result, seen = await call_over_tls(certificate, authority, host)

    assert result == NotSent("ConnectError")
    assert seen == []


async def test_what_speaks_no_tls_is_not_asked_without_it() -> None:
    seen: list[bytes] = []

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read(5))
        writer.write(http_answer(b"{}"))

    async with listening(peer) as host:
        result = await call_once(host.replace("http:", "https:"))

    assert isinstance(result, NotSent)
    assert [octets[:1] for octets in seen] == [b"\x16"]  # a handshake, once, and never a request


async def test_a_handshake_that_never_ends_is_not_sent() -> None:
    async with listening(silence) as host:
        result = await call_once(host.replace("http:", "https:"), connect_s=NEAR)

    assert result == NotSent("ConnectTimeout")


async def test_the_deadline_never_cuts_a_handshake_off() -> None:
    # It would leave the socket open; ``listening`` waits for the end of each connection.
    async with listening(silence) as host:
        result = await call_once(host.replace("http:", "https:"), deadline_s=4 * NEAR)

    assert result == NotSent("ConnectTimeout")


async def test_a_deadline_while_still_connecting_is_not_sent() -> None:
    class Connecting(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await request.extensions["trace"]("connection.connect_tcp.started", {})
            await asyncio.Event().wait()
            raise AssertionError

    async with client(transport=Connecting()) as http:
        result = await call(http, request("http://127.0.0.1", "/", headers={}), deadline_s=NEAR)

    assert result == NotSent("no complete answer within 0.05 s")


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def test_a_full_pool_is_not_sent() -> None:
    arrived, enough = asyncio.Event(), asyncio.Event()

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        arrived.set()
        await enough.wait()

    async with listening(peer) as host, client(connect_s=NEAR, max_connections=1) as http:
        first = asyncio.create_task(call(http, request(host, "/", headers={}), deadline_s=FAR))
        await asyncio.wait_for(arrived.wait(), FAR)
        second = await call(http, request(host, "/", headers={}), deadline_s=FAR)
        enough.set()
        await first

    assert second == NotSent("PoolTimeout")


async def call_impatiently(peer: Peer) -> Result:
    """Call with a near deadline over a connection that stands already: a busy machine must not spend it on that."""

    async def after_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(http_answer(b"{}"))
        await peer(reader, writer)

    async with listening(after_one) as host, client(connect_s=FAR) as http:
        first = await call(http, request(host, "/", headers={}), deadline_s=FAR)
        assert isinstance(first, Answer)
        return await call(http, request(host, "/", headers={}), deadline_s=NEAR, max_octets=1 << 30)


async def test_silence_after_the_request_is_lost() -> None:
    assert await call_impatiently(silence) == Lost("no complete answer within 0.05 s")


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", id="body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Long: ", id="headers"),
        pytest.param(b"", id="status line"),
    ],
)
async def test_a_trickle_does_not_stretch_the_deadline(start: bytes) -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(start)
        while not reader.at_eof():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0)

    assert isinstance(await call_impatiently(peer), Lost)


WHOLE = http_answer(b'{"jobId":"J.1"}', "201 Created", "Content-Type: application/json")


@pytest.mark.parametrize("length", range(len(WHOLE)))
async def test_an_answer_cut_anywhere_is_lost(length: int) -> None:
    async with listening(saying(WHOLE[:length])) as host:
        result = await call_once(host)

    assert isinstance(result, Lost)


@pytest.mark.parametrize("octets", [1, 20, 60, 100])
@pytest.mark.parametrize("is_reset", [True, False])
async def test_a_request_cut_anywhere_is_lost(octets: int, is_reset: bool) -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(octets)
        if is_reset:
            # Zero linger: close() sends RST.
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async with listening(peer) as host:
        result = await call_once(host)

    assert isinstance(result, Lost)


async def test_an_idle_connection_closed_by_the_peer_is_not_used_again() -> None:
    async with listening(saying(http_answer(b"{}"))) as host, client() as http:
        results = []
        for _ in range(3):
            results.append(await call(http, request(host, "/", headers={}), deadline_s=FAR))
            await closed_by_peer()

    assert all(isinstance(result, Answer) for result in results)


async def closed_by_peer() -> None:
    """Let the end of the connection arrive."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_garbage_instead_of_http_is_lost() -> None:
    async with listening(saying(b"220 mail.example ESMTP\r\n")) as host:
        result = await call_once(host)

    assert result == Lost("RemoteProtocolError")


async def test_a_deadline_without_any_news_of_the_way_is_lost() -> None:
    # A transport that tells no events may have sent.
    never = asyncio.Event()

    async def handler(_request: httpx.Request) -> httpx.Response:
        await never.wait()
        return httpx.Response(200)

    async with client(transport=httpx.MockTransport(handler)) as http:
        result = await call(http, request("http://127.0.0.1", "/", headers={}), deadline_s=NEAR)

    assert isinstance(result, Lost)


async def test_a_connect_error_after_the_request_began_is_lost() -> None:
    # Other transports report a connection that broke later so; what was seen on the way wins over the name.
    class Odd(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await request.extensions["trace"]("http11.send_request_headers.started", {})
            raise httpx.ConnectTimeout("late")

    async with client(transport=Odd()) as http:
        result = await call(http, request("http://127.0.0.1", "/", headers={}), deadline_s=FAR)

    assert result == Lost("ConnectTimeout")


async def test_cancellation_is_not_swallowed() -> None:
    arrived = asyncio.Event()

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        arrived.set()
        await reader.read()

    async with listening(peer) as host:
        task = asyncio.create_task(call_once(host))
        await asyncio.wait_for(arrived.wait(), FAR)
        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task


# Bodies.


@pytest.mark.parametrize(("size", "kind"), [(1000, Answer), (1001, Lost)])
async def test_a_body_over_the_cap_is_lost(size: int, kind: type[Result]) -> None:
    async with listening(saying(http_answer(b"x" * size))) as host:
        result = await call_once(host, max_octets=1000)

    assert isinstance(result, kind)


async def test_an_endless_body_is_lost_at_the_cap() -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
            await writer.drain()

    async with listening(peer) as host:
        result = await call_once(host, max_octets=10_000)

    assert isinstance(result, Lost)


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
async def test_a_compressed_answer_nobody_asked_for_is_read(coding: str, pack: Callable[[bytes], bytes]) -> None:
    octets = http_answer(pack(b'{"a":1}'), "200 OK", f"Content-Encoding: {coding}")
    async with listening(saying(octets)) as host:
        result = await call_once(host)

    assert isinstance(result, Answer)
    assert result.body == b'{"a":1}'


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(b"x" * 10_000_000, mtime=0)),
        ("gzip", gzip.compress(b"{}", mtime=0)[:-1]),
        ("gzip", b"{}"),
        ("br", b"{}"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0)),
    ],
)
async def test_bombs_and_broken_compression_are_lost(coding: str, body: bytes) -> None:
    async with listening(saying(http_answer(body, "200 OK", f"Content-Encoding: {coding}"))) as host:
        result = await call_once(host)

    assert isinstance(result, Lost)


@pytest.mark.parametrize("error", [httpx.ReadError, httpx.DecodingError, httpx.StreamClosed, ssl.SSLError, OSError])
async def test_no_error_of_the_network_escapes(error: type[Exception]) -> None:
    def handler(_request: httpx.Request) -> httpx.Response:
        raise error() if error is httpx.StreamClosed else error("+4915112345678")

    assert await call_handler(handler) == Lost(error.__name__)


# Readings.


def answer(status: int, **headers: str) -> Answer:
    return Answer(status=status, headers=httpx.Headers({k.replace("_", "-"): v for k, v in headers.items()}), body=b"")


@pytest.mark.parametrize("status", [400, 404, 405, 413, 415, 422, 451])
def test_a_refusal_is_certain(status: int) -> None:
    assert read_refusal(answer(status), NOW) == Rejected(ErrorCode.PARAMETER_REFUSED, f"http {status}")


@pytest.mark.parametrize("status", [100, 204, 302, 408, 500, 502, 503, 504, 599, 600, 999])
def test_what_may_have_been_taken_is_doubtful(status: int) -> None:
    assert read_refusal(answer(status), NOW) == Doubtful(f"http {status}")


@pytest.mark.parametrize(
    ("status", "words", "cause"),
    [
        (401, "login refused", PauseCause.LOGIN),
        (403, "login refused", PauseCause.LOGIN),
        (402, "payment required", PauseCause.MONEY),
    ],
)
def test_a_refused_login_and_an_empty_purse_pause_the_carrier(status: int, words: str, cause: PauseCause) -> None:
    verdict = read_refusal(answer(status), NOW)

    assert verdict == Deferred(f"http {status}: {words}", not_before=NOW + 60.0, whole_carrier=True, pause=cause)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("0", NOW),
        ("120", NOW + 120),
        (" 7 ", NOW + 7),
        ("601", NOW + 600),
        ("999999999", NOW + 600),
        ("9999999999", None),
        ("-5", None),
        ("1.5", None),
        ("Tue, 14 Nov 2023 22:14:20 GMT", NOW + 60),
        ("Tue, 14 Nov 2023 22:14:20 -0000", NOW + 60),
        ("Tue, 14 Nov 2023 22:00:00 GMT", NOW),
        ("Tue, 14 Nov 2033 22:00:00 GMT", NOW + 600),
        ("soon", None),
        ("", None),
    ],
)
def test_throttling_waits_as_long_as_asked_within_reason(text: str, at: float | None) -> None:
    verdict = read_refusal(answer(429, retry_after=text), NOW)

    assert isinstance(verdict, Deferred)
    assert (verdict.not_before, verdict.whole_carrier, verdict.pause) == (at, True, PauseCause.THROTTLE)


def test_throttling_without_a_time_names_none() -> None:
    assert retry_after(answer(429), NOW) is None


@given(st.text(alphabet=st.characters(codec="latin-1"), max_size=40) | st.from_regex(r"[A-Z][a-z]{2}, [\d :A-Za-z+-]*"))
@settings(max_examples=300, deadline=None)
def test_no_retry_after_raises_or_waits_too_long(text: str) -> None:
    at = retry_after(Answer(status=429, headers={"retry-after": text}, body=b""), NOW)

    assert at is None or NOW <= at <= NOW + 600


def test_what_was_not_sent_waits_for_the_carrier() -> None:
    assert not_sent(NotSent("ConnectError")) == Deferred("not sent: ConnectError", whole_carrier=True)


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        (Accepted(), CallOutcome.OK),
        (Rejected(ErrorCode.BLOCKED, "x"), CallOutcome.REJECTED),
        (Deferred("x"), CallOutcome.DEFERRED),
        (Doubtful("x"), CallOutcome.DOUBTFUL),
    ],
)
def test_every_verdict_has_its_outcome(verdict: Verdict, outcome: CallOutcome) -> None:
    assert outcome_of(verdict) is outcome


def test_the_labels_are_those_of_the_contract() -> None:
    assert set(CallOutcome) == {"ok", "rejected", "deferred", "doubtful"}
    assert set(Operation) == {"send", "status", "lookup", "templates", "statistics", "version"}


def test_nobody_needs_to_count() -> None:
    Unobserved().called("retarus", Operation.SEND, CallOutcome.OK, 0.1)


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"\xff", b'{"a":"x"}', b'{"b":' * 9999, b"\xef\xbb\xbf{}"])
def test_json_that_is_not_as_expected_is_nothing(body: bytes) -> None:
    class Shape(msgspec.Struct):
        a: int

    assert read_json(msgspec.json.Decoder(Shape), body) is None


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("isv.MOBILE_NUMBER_ILLEGAL", "isv.MOBILE_NUMBER_ILLEGAL"),
        ("bad number +4915112345678!", "bad number +***!"),
        ("0151 1234-5678", "***"),
        ("(030) 12.34.56", "(030) ***"),
        ("code 1234", "code 1234"),
        ("٤٩١٥١١", "***"),
        ("a\r\nb\x00c\x1b[31m\u2028d\u202ee", "a b c [31m d e"),
        ("", ""),
    ],
)
def test_numbers_and_control_characters_do_not_pass(said: str, shown: str) -> None:
    assert redact(said) == shown


@given(st.text(max_size=400))
@settings(max_examples=200, deadline=None)
def test_redacted_text_is_one_short_printable_line(text: str) -> None:
    shown = redact(text)

    assert len(shown) <= 120
    assert len(shown.splitlines()) <= 1
    shown.encode()
    assert not any(ord(one) < 0x20 or 0x7F <= ord(one) < 0xA0 for one in shown)
