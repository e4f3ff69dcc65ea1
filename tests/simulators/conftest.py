"""A clock that tests move, clients on the bare apps, and a signing client written apart from the simulator."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from itertools import count
from urllib.parse import quote, urlencode

import httpx2
import pytest

from smppgw.simulators.alibaba import AlibabaOptions, alibaba_app
from smppgw.simulators.retarus import RetarusOptions, retarus_app

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()
KEY_ID, SECRET = "LTAI-test", "secret-test"


class Clock:
    """Stands still until it is told."""

    def __init__(self) -> None:
        self.now = START
        self.slept: list[float] = []
        self.on_sleep: Callable[[float], Awaitable[None]] | None = None

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.on_sleep is not None:
            await self.on_sleep(seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def advance(clock: Clock) -> Callable[[float], None]:
    """Move the clock on by seconds."""

    def advance(seconds: float) -> None:
        clock.now += seconds

    return advance


@pytest.fixture
def slept(clock: Clock) -> list[float]:
    """What the simulator waited for, in seconds."""
    return clock.slept


@pytest.fixture
def retarus(clock: Clock) -> Callable[..., httpx2.AsyncClient]:
    """A logged-in client of a fresh simulator; jobs are visible at once."""

    def client(**options: object) -> httpx2.AsyncClient:
        merged = {"username": "user", "password": "pässword", "visible_after": 0.0, "final_delay": 10.0} | options
        app = retarus_app(RetarusOptions(**merged), clock, clock.sleep)  # type: ignore[arg-type]  # options by name
        transport = httpx2.ASGITransport(app=app)
        return httpx2.AsyncClient(transport=transport, base_url="http://sim", auth=("user", "pässword"))

    return client


@pytest.fixture
def alibaba(clock: Clock) -> Callable[..., httpx2.AsyncClient]:
    """A client of a fresh simulator; requests have to be signed."""

    def client(**options: object) -> httpx2.AsyncClient:
        merged = {"access_key_id": KEY_ID, "access_key_secret": SECRET, "final_delay": 10.0} | options
        app = alibaba_app(AlibabaOptions(**merged), clock, clock.sleep)  # type: ignore[arg-type]  # options by name
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://sim")

    return client


@pytest.fixture
def sign(clock: Clock) -> Callable[..., httpx2.Request]:
    """Builds signed requests; every part can be replaced."""
    nonces = count()

    def sign(
        action: str,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        *,
        method: str = "POST",
        version: str = "2017-05-25",
        key_id: str = KEY_ID,
        secret: str = SECRET,
        **replaced: str,
    ) -> httpx2.Request:
        body = urlencode(form).encode() if form else b""
        digest = hashlib.sha256(body).hexdigest()
        headers = {
            "host": "sim",
            "x-acs-action": action,
            "x-acs-version": version,
            "x-acs-date": datetime.fromtimestamp(clock.now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "x-acs-signature-nonce": f"nonce-{next(nonces)}",
            "x-acs-content-sha256": digest,
        }
        if form:
            headers["content-type"] = "application/x-www-form-urlencoded"
        headers |= {name.replace("_", "-"): value for name, value in replaced.items()}
        names = ";".join(sorted(headers))
        target = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in sorted((query or {}).items()))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        request = f"{method}\n/\n{target}\n{lines}\n{names}\n{digest}"
        to_sign = f"ACS3-HMAC-SHA256\n{hashlib.sha256(request.encode()).hexdigest()}"
        signature = hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
        authorization = f"ACS3-HMAC-SHA256 Credential={key_id},SignedHeaders={names},Signature={signature}"
        return httpx2.Request(
            method, f"http://sim/?{target}", headers={**headers, "authorization": authorization}, content=body
        )

    return sign
