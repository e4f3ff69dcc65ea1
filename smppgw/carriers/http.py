"""One HTTP call to a carrier, and what is known after it: the edge where "sent" and "not sent" are told apart.

Every adapter calls through here, so that the rule of reliability.md 1.2 stands in one place: a call either got a
complete answer, or provably never began, or nobody knows. Nothing here raises for what a carrier or the network does,
and no reason made here holds a credential, a number or a text. It may not decide what to do next: that is the workers'.
"""

import asyncio
import logging
import re
import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import httpx2 as httpx
import msgspec

from smppgw.core.codes import ErrorCode
from smppgw.core.verdict import Accepted, Deferred, Doubtful, PauseCause, Rejected, Verdict

T = TypeVar("T")

MAX_OCTETS: Final = 256 * 1024
"""Largest answer read, after decompression; a look-up of many messages may ask for more."""
MAX_RETRY_AFTER_S: Final = 600.0
"""A carrier may ask for a pause; it may not switch itself off for a day by a mistake in one header."""
ACCOUNT_PAUSE_S: Final = 60.0
"""Wrong credentials and an empty purse seldom mend themselves within a minute."""
KEEPALIVE_S: Final = 20.0
"""Idle connections are dropped by us before the peer does it: a request on a connection that is just being closed is
doubtful. Servers and balancers in front of them usually wait 60 s or more."""


class Operation(StrEnum):
    """What a call is for (metric label ``operation``)."""

    SEND = "send"
    STATUS = "status"
    LOOKUP = "lookup"
    TEMPLATES = "templates"
    STATISTICS = "statistics"
    VERSION = "version"


class CallOutcome(StrEnum):
    """How a call went as a whole (metric label ``outcome``): ``OK`` when at least one message was taken or found."""

    OK = "ok"
    REJECTED = "rejected"
    DEFERRED = "deferred"
    DOUBTFUL = "doubtful"


class Observer(Protocol):
    """Somebody who counts calls: metrics, given by the application."""

    def called(self, carrier: str, operation: Operation, outcome: CallOutcome, seconds: float) -> None:
        """Take note of one call that ended. Must not raise and must not wait."""


class Unobserved:
    """Nobody counts."""

    def called(self, carrier: str, operation: Operation, outcome: CallOutcome, seconds: float) -> None:
        """Take note of nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A complete answer, whatever it says."""

    status: int
    headers: Mapping[str, str]
    """Names in any case."""
    body: bytes
    """Decompressed."""


@dataclass(frozen=True, slots=True)
class NotSent:
    """No octet of the request left this machine: the carrier cannot have it. Certain."""

    reason: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The request, or a part of it, left, and no complete answer came: nobody knows."""

    reason: str


Result = Answer | NotSent | Lost


def client(
    *,
    connect_s: float = 5.0,
    max_connections: int = 10,
    ca_file: Path | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:
    """Build the client of one carrier.

    Args:
        connect_s: Longest wait for a free place in the pool, for TCP with DNS, and for TLS, each; at most a quarter of
            the deadline of a call.
        max_connections: Calls at once, to all hosts together; more wait.
        ca_file: Certificates to trust instead of the system's, PEM.
        transport: Stands in for the network in tests.
    """
    _silence_the_library()
    return httpx.AsyncClient(
        transport=transport,
        verify=ssl.create_default_context(cafile=ca_file) if ca_file else True,
        # A proxy variable or a .netrc of the machine must not lead messages or passwords elsewhere.
        trust_env=False,
        # A redirect would carry credentials to a host that nobody configured.
        follow_redirects=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        timeout=httpx.Timeout(connect_s),
        limits=httpx.Limits(
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=KEEPALIVE_S,
        ),
    )


def request(
    host: str, target: str, *, method: str = "GET", headers: Mapping[str, str], body: bytes = b""
) -> httpx.Request:
    """Write one request.

    Args:
        host: Scheme and authority, without path.
        target: Path and query; goes on the wire exactly so.
        method: In capitals.
        headers: All but Host, Content-Length and Accept-Encoding.
        body: Empty for none.
    """
    return httpx.Request(
        method,
        host + target,
        # Compressed answers would save little and cost a bomb's worth of care.
        headers={**headers, "Accept-Encoding": "identity"},
        content=body or None,
        extensions={"target": target.encode("ascii")},
    )


async def call(
    http: httpx.AsyncClient, request: httpx.Request, *, deadline_s: float, max_octets: int = MAX_OCTETS
) -> Result:
    """Make one call and say what is known of it.

    A connection that the peer closed while it was idle ends here as ``Lost`` too when that shows only after the
    request was written: the peer may have read it first.

    Args:
        http: Made by ``client``.
        request: Made by ``request``; it may be used for one call only.
        deadline_s: For the whole call, from the wait for a connection to the last octet of the answer.
        max_octets: A longer answer is ``Lost``.
    """
    way = _Way()
    request.extensions.update(trace=way.trace, timeout=_timeouts(http, deadline_s))
    try:
        async with asyncio.timeout(deadline_s):
            return await _exchange(http, request, max_octets)
    except TimeoutError:
        reason = f"no complete answer within {deadline_s:g} s"
        return NotSent(reason) if way.ended_before_sending else Lost(reason)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        return Lost(_name(error)) if way.sending else NotSent(_name(error))
    except (httpx.HTTPError, httpx.StreamError, OSError) as error:
        return Lost(_name(error))


async def _exchange(http: httpx.AsyncClient, request: httpx.Request, max_octets: int) -> Answer | Lost:
    response = await http.send(request, auth=None, stream=True)
    try:
        body = await _read(response, max_octets)
    finally:
        await response.aclose()
    if body is None:
        return Lost(f"http {response.status_code}: the answer is longer than {max_octets} octets or badly compressed")
    return Answer(status=response.status_code, headers=response.headers, body=body)


async def _read(response: httpx.Response, max_octets: int) -> bytes | None:
    """Read a body; None: too long, or not decompressible."""
    octets = bytearray()
    # The raw stream: the library's own decompression has no limit.
    async for chunk in _stream(response):
        octets += chunk
        if len(octets) > max_octets:
            return None
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    return bytes(octets) if coding in {"", "identity"} else _decompressed(bytes(octets), coding, max_octets)


def _stream(response: httpx.Response) -> httpx.AsyncByteStream:
    if not isinstance(response.stream, httpx.AsyncByteStream):
        raise TypeError("an asynchronous client gives asynchronous answers")
    return response.stream


def _decompressed(octets: bytes, coding: str, max_octets: int) -> bytes | None:
    if coding not in {"gzip", "x-gzip", "deflate"}:
        return None
    machine = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        body = machine.decompress(octets, max_octets + 1)
    except zlib.error:
        return None
    return body if machine.eof and len(body) <= max_octets else None


class _Way:
    """How far one request came, told by the transport."""

    __slots__ = ("connecting", "sending")

    def __init__(self) -> None:
        self.connecting = False
        self.sending = False

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Take an event of httpcore2 (its "trace" extension)."""
        if event.startswith("connection."):
            self.connecting = True
        elif event.endswith("send_request_headers.started"):
            self.sending = True

    @property
    def ended_before_sending(self) -> bool:
        # Silence proves nothing: a transport that tells no events may well have sent.
        return self.connecting and not self.sending


def _timeouts(http: httpx.AsyncClient, deadline_s: float) -> dict[str, float | None]:
    # A place in the pool, TCP and TLS may take this long each and must end by their own timeouts: when the deadline
    # cuts a TLS handshake off, httpcore2 2.16 leaves the socket open.
    connect_s = min(http.timeout.connect or deadline_s, deadline_s / 4)
    return {"pool": connect_s, "connect": connect_s, "write": deadline_s, "read": deadline_s}


def _name(error: Exception) -> str:
    # The class only: texts of errors may quote addresses, certificates or what the peer sent.
    return type(error).__name__


def _silence_the_library() -> None:
    # It logs every URL at INFO, and look-ups have numbers in theirs.
    for name in ("httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)


def read_refusal(answer: Answer, now: float) -> Deferred | Rejected | Doubtful:
    """Read an answer that is no success the usual way; an adapter handles first what its carrier means otherwise."""
    reason = f"http {answer.status}"
    match answer.status:
        case 401 | 403:
            return _paused(f"{reason}: login refused", PauseCause.LOGIN, now + ACCOUNT_PAUSE_S)
        case 402:
            return _paused(f"{reason}: payment required", PauseCause.MONEY, now + ACCOUNT_PAUSE_S)
        case 429:
            return _paused(f"{reason}: throttled", PauseCause.THROTTLE, retry_after(answer, now))
        case 408:
            return Doubtful(reason)
        case status if 400 <= status < 500:
            return Rejected(ErrorCode.PARAMETER_REFUSED, reason)
        case _:
            return Doubtful(reason)


def _paused(reason: str, cause: PauseCause, until: float | None) -> Deferred:
    return Deferred(reason, not_before=until, whole_carrier=True, pause=cause)


def not_sent(result: NotSent) -> Deferred:
    """Say what a call that never began means for its messages."""
    return Deferred(f"not sent: {result.reason}", whole_carrier=True)


def retry_after(answer: Answer, now: float) -> float | None:
    """Read ``Retry-After``, seconds or date (RFC 9110, 10.2.3); Unix seconds, at most ten minutes from now."""
    text = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return now + min(float(text), MAX_RETRY_AFTER_S)
    try:
        date = parsedate_to_datetime(text)
        at = date.replace(tzinfo=date.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None
    return min(max(at, now), now + MAX_RETRY_AFTER_S)


def outcome_of(verdict: Verdict) -> CallOutcome:
    """Name the outcome of a call by the verdict on its messages."""
    match verdict:
        case Accepted():
            return CallOutcome.OK
        case Rejected():
            return CallOutcome.REJECTED
        case Deferred():
            return CallOutcome.DEFERRED
        case Doubtful():
            return CallOutcome.DOUBTFUL


def read_json(decoder: msgspec.json.Decoder[T], body: bytes) -> T | None:
    """Decode what a carrier sent; None where it is not what was expected, whatever it is."""
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


_NUMBER: Final = re.compile(r"\d(?:[ ().\-/]?\d){4,}")
_CONTROL: Final = re.compile(r"[^\x20-\x7e\xa0-\U0010ffff]+|[\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


def redact(text: str, *, longest: int = 120) -> str:
    """Make a carrier's own words fit for logs and reasons: no long digits, no control characters, one short line."""
    plain = _NUMBER.sub("***", _CONTROL.sub(" ", text[: 4 * longest]))
    return " ".join(plain.split())[:longest]
