"""The datacentres of Retarus: which to use, and one authenticated call to one of them.

A job lives only in the datacentre that took it, and nothing in an answer names that one. So jobs go to a datacentre by
name, look-ups ask the likely one first and then the other, and where a job was seen is remembered as long as there is
room; all of it is advice that a restart may forget.
"""

import asyncio
import base64
from collections.abc import Callable
from enum import Enum
from typing import Final, Generic, TypeVar

import httpx2 as httpx

from smppgw.carriers.http import (
    MAX_OCTETS,
    Answer,
    CallOutcome,
    Lost,
    NotSent,
    Observer,
    Operation,
    Result,
    call,
    outcome_of,
    read_refusal,
    request,
)
from smppgw.carriers.retarus.config import BaseUrls, RetarusConfig, SendTo
from smppgw.carriers.retarus.reach import Center, Reach
from smppgw.core.model import Attempt

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")

LOOK_UPS_AT_ONCE: Final = 8
"""Limits are not documented; the client has room for these beside the calls that send."""

_LOOK_UP: Final = {
    SendTo.DE2: (SendTo.DE2, SendTo.DE1),
    SendTo.DE1: (SendTo.DE1, SendTo.DE2),
    SendTo.EU: (SendTo.DE2, SendTo.DE1),
}
"""The shared name leads a look-up to either datacentre by chance, so it is never asked."""


class Nothing(Enum):
    """Why a look-up gave nothing."""

    FAILED = "failed"
    """Not in this datacentre (404, and 500 by vendor code), or no answer: the other one may know."""
    REFUSED = "refused"
    """The other datacentre would say the same: wrong login, throttled, not a job id."""


class Remembered(Generic[K, V]):
    """A mapping that forgets its oldest entries."""

    def __init__(self, room: int) -> None:
        self._entries: dict[K, V] = {}
        self._room = room

    def get(self, key: K) -> V | None:
        """Return what is remembered."""
        return self._entries.get(key)

    def put(self, key: K, value: V) -> None:
        """Remember, and forget the oldest entry when there is no room."""
        self._entries[key] = value
        if len(self._entries) > self._room:
            del self._entries[next(iter(self._entries))]


class Centers:
    """The hosts in the order in which they are used."""

    def __init__(self, config: RetarusConfig) -> None:
        self._all = {name: _center(name, config.base_urls) for name in SendTo}
        self.to_send = [self._all[name] for name in dict.fromkeys((config.send_to, *_LOOK_UP[config.send_to]))]
        """Where new jobs go, the configured one first."""
        self._look_up = [self._all[name] for name in _LOOK_UP[config.send_to]]

    def of(self, attempt: Attempt) -> Center | None:
        """Return where an attempt goes; None where the configuration no longer knows that place."""
        for center in self._all.values():
            if center.host == attempt.host and attempt.target.startswith(center.path + "/"):
                return center
        return None

    def to_look_up(self, first: SendTo | None = None, host: str | None = None) -> list[Center]:
        """Return both datacentres, the likely one first: by name, else by host, else as configured."""
        return sorted(self._look_up, key=lambda center: (center.name != first, center.host != host))


class Api:
    """Authenticated calls, each reported to the observer."""

    def __init__(
        self,
        name: str,
        config: RetarusConfig,
        http: httpx.AsyncClient,
        monotonic: Callable[[], float],
        observer: Observer,
    ) -> None:
        if config.password is None:
            raise ValueError(f"carrier {name}: the password was not loaded")
        self._name = name
        self._config = config
        self._password = config.password
        self._http = http
        self._monotonic = monotonic
        self._observer = observer
        self._slots = asyncio.Semaphore(LOOK_UPS_AT_ONCE)
        self.reach = Reach(name, monotonic, self._is_up)

    async def post(self, attempt: Attempt) -> tuple[Result, Callable[[CallOutcome], None]]:
        """Send an attempt; the caller reads the answer and reports its outcome with the function returned."""
        self.reach.look()
        began = self._monotonic()
        sent = request(
            attempt.host,
            attempt.target,
            method=attempt.method,
            headers={**self._headers(), "Content-Type": attempt.content_type or "application/json"},
            body=attempt.body,
        )
        result = await call(self._http, sent, deadline_s=self._config.send_timeout)
        seconds = self._monotonic() - began
        return result, lambda outcome: self._observer.called(self._name, Operation.SEND, outcome, seconds)

    async def get(
        self,
        center: Center,
        path: str,
        operation: Operation,
        read: Callable[[bytes], T | None],
        *,
        now: float,
        max_octets: int = MAX_OCTETS,
    ) -> T | Nothing:
        """Ask one datacentre, when one of the places for look-ups is free and anybody can be reached there."""
        self.reach.look()
        if not self.reach.may_ask(center):
            return Nothing.FAILED
        async with self._slots:
            result, seconds = await self._get(center, path, max_octets)
        match result:
            case NotSent():
                self.reach.unreachable(center)
            case Answer():
                self.reach.answered(center)
        found, outcome = _read(result, read, now)
        self._observer.called(self._name, operation, outcome, seconds)
        return found

    async def fetch(self, center: Center, path: str, operation: Operation) -> tuple[Result, float]:
        """Ask, whatever is known of the datacentre; return what came of it, and how many seconds it took."""
        result, seconds = await self._get(center, path, MAX_OCTETS)
        self._observer.called(self._name, operation, _read(result, bytes, 0.0)[1], seconds)
        return result, seconds

    def _headers(self) -> dict[str, str]:
        # Anew for each call: the password may have been changed in its file.
        login = f"{self._config.username}:{self._password.reveal()}".encode()
        return {"Authorization": "Basic " + base64.b64encode(login).decode(), "Accept": "application/json"}

    async def _is_up(self, center: Center) -> bool:
        result, _ = await self.fetch(center, "/version", Operation.VERSION)
        return isinstance(result, Answer) and result.status < httpx.codes.INTERNAL_SERVER_ERROR

    async def _get(self, center: Center, path: str, max_octets: int) -> tuple[Result, float]:
        asked = request(center.host, center.path + path, headers=self._headers())
        began = self._monotonic()
        result = await call(self._http, asked, deadline_s=self._config.lookup_timeout, max_octets=max_octets)
        return result, self._monotonic() - began


def _read(result: Result, read: Callable[[bytes], T | None], now: float) -> tuple[T | Nothing, CallOutcome]:
    match result:
        case NotSent():
            return Nothing.FAILED, CallOutcome.DEFERRED
        case Lost():
            return Nothing.FAILED, CallOutcome.DOUBTFUL
        case Answer(status=200, body=body):
            value = read(body)
            return (Nothing.FAILED, CallOutcome.DOUBTFUL) if value is None else (value, CallOutcome.OK)
        case Answer():
            return _nothing(result.status), outcome_of(read_refusal(result, now))


def _nothing(status: int) -> Nothing:
    return Nothing.REFUSED if status in {400, 401, 403, 429} else Nothing.FAILED


def _center(name: SendTo, urls: BaseUrls) -> Center:
    url = {SendTo.DE2: urls.de2, SendTo.DE1: urls.de1, SendTo.EU: urls.eu}[name]
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return Center(name, f"{scheme}://{authority}", slash + path)
