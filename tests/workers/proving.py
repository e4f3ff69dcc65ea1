"""Carriers whose every call can be broken: the real adapter, workers and store, and a simulator behind a proxy.

Only time is not real. What was accepted is counted in the simulator, by the number, which each message has for itself;
never by what the gateway believes.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, cast

import httpx2 as httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from smppgw.carriers.alibaba import Alibaba, AlibabaConfig, AlibabaGlobe, AlibabaGlobeConfig
from smppgw.carriers.base import Carrier
from smppgw.carriers.configured import HttpCarrier, HttpCarrierConfig
from smppgw.carriers.retarus import Retarus, RetarusConfig
from smppgw.core.health import Circuit
from smppgw.core.values import Secret
from smppgw.simulators.alibaba import AlibabaOptions, alibaba_app
from smppgw.simulators.retarus import RetarusOptions, retarus_app
from smppgw.simulators.serving import running
from tests.e2e.aggregators import SECRET, Idempotent
from tests.e2e.fault_proxy import Break, Fault, FaultProxy, Way
from tests.workers.crewing import Crewing
from tests.workers.fakes import Depot, FakeCarrier, FakeClock

LOGIN: Final = "prover"
AT_ONCE: Final = 100
"""Messages that are brought to their end together: few enough for the fence."""
LATER_S: Final = 600.0
"""Enough for a status to be due."""
_NEVER: Final = 1 << 30
"""Octets: more than any call has."""
_FIRST_ID: Final = 100_000
"""Ids of one width make calls of one length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A carrier that is put to the proof."""

    name: str
    app: Callable[[FakeClock], Starlette]
    make: Callable[[str, FakeClock, dict[str, Any]], Carrier]
    """Given the URL, time and more keys of its section."""
    sends: bytes
    """What the head of a request contains that sends."""
    number: str
    """The first digits of numbers."""
    country: str
    text: str
    finds: bool
    """Whether it can be asked what became of a call without an answer."""


def _retarus_app(time: FakeClock) -> Starlette:
    options = RetarusOptions(username=LOGIN, password=LOGIN, visible_after=0.0, final_delay=0.0)
    return retarus_app(options, lambda: time.now)


def _retarus(url: str, time: FakeClock, keys: dict[str, Any]) -> Carrier:
    urls = {name: f"{url}/{name}/rest/v1" for name in ("de2", "de1", "eu")}
    config = RetarusConfig.model_validate(
        {"username": LOGIN, "password": LOGIN, "base_urls": urls, "max_batch": 1, **keys}
    )
    return Retarus("alpha", config, clock=time.clock.wall, monotonic=time.clock.monotonic)


def _alibaba_app(time: FakeClock) -> Starlette:
    options = AlibabaOptions(access_key_id=LOGIN, access_key_secret=LOGIN, final_delay=0.0)
    return alibaba_app(options, lambda: time.now)


def _mainland(url: str, time: FakeClock, keys: dict[str, Any]) -> Carrier:
    config = AlibabaConfig.model_validate(_account(url) | {"sign_name": "阿里云", "max_batch": 1, **keys})
    return Alibaba("alpha", config, clock=time.clock.wall, monotonic=time.clock.monotonic)


def _globe(url: str, time: FakeClock, keys: dict[str, Any]) -> Carrier:
    config = AlibabaGlobeConfig.model_validate(_account(url) | keys)
    return AlibabaGlobe("alpha", config, clock=time.clock.wall, monotonic=time.clock.monotonic)


def _account(url: str) -> dict[str, Any]:
    return {"endpoint": url, "access_key_id": LOGIN, "access_key_secret": Secret(LOGIN)}


def _http_app(_time: FakeClock) -> Starlette:
    aggregator = Idempotent()

    async def messages(_request: Request) -> JSONResponse:
        return JSONResponse(aggregator.taken)

    return Starlette(routes=[*aggregator.routes(), Route("/_sim/messages", messages)])


def _http(url: str, time: FakeClock, keys: dict[str, Any]) -> Carrier:
    section = {
        "url": f"{url}/messages",
        "headers": {"Idempotency-Key": "{batch_id}"},
        "body": {"to": "{recipient}", "from": "{sender}", "text": "{text}"},
        "token": SECRET,
        "fence_for": "10m",
        "answer": {"id": "id"},
        "status": {"url": f"{url}/messages/{{ref}}", "state": "state", "states": {"delivered": "delivered"}},
    }
    config = HttpCarrierConfig.model_validate(section | keys)
    return HttpCarrier("alpha", config, clock=time.clock.wall, monotonic=time.clock.monotonic)


RETARUS: Final = Subject(
    name="retarus",
    app=_retarus_app,
    make=_retarus,
    sends=b"POST ",
    number="49151",
    country="DE",
    text="Hello",
    finds=True,
)
MAINLAND: Final = Subject(
    name="alibaba",
    app=_alibaba_app,
    make=_mainland,
    sends=b"x-acs-action: SendSms",
    number="86139",
    country="CN",
    text="尊敬的李雷，您的订单A-17已发货，快递单号SF1。",
    finds=True,
)
GLOBE: Final = Subject(
    name="alibaba-globe",
    app=_alibaba_app,
    make=_globe,
    sends=b"x-acs-action: SendMessageToGlobe",
    number="65",
    country="SG",
    text="Hello",
    finds=False,
)
HTTP: Final = Subject(
    name="http",
    app=_http_app,
    make=_http,
    sends=b"POST ",
    number="49151",
    country="DE",
    text="Hello",
    finds=False,
)
SUBJECTS: Final = (RETARUS, MAINLAND, GLOBE, HTTP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fates:
    """What became of messages, by number."""

    numbers: Sequence[str]
    taken: Counter[str]
    """How many times the carrier accepted it."""
    told: dict[str, list[str]]
    """The receipts the ESME is owed: how it ended."""

    @property
    def untrue(self) -> list[str]:
        """Return every receipt that says what did not happen: only UNKNOWN may be said of what was not taken."""
        return [
            f"{number}, taken {self.taken[number]} times, is told {told}"
            for number, told in self.told.items()
            if told != ["unknown"] and (told != ["delivered"] or not self.taken[number])
        ]

    @property
    def unheard(self) -> list[str]:
        """Return what the carrier took and the ESME was not told to be delivered."""
        return [number for number in self.numbers if self.taken[number] and self.told.get(number) != ["delivered"]]


class Proof:
    """One subject at work."""

    def __init__(self, subject: Subject, proxy: FaultProxy, simulator: str, crew: Crewing, depot: Depot) -> None:
        self.crew = crew
        self.depot = depot
        self.proxy = proxy
        self._subject = subject
        self._simulator = simulator
        self._numbers: dict[str, str] = {}
        """By message_id."""
        self._script: Iterator[Fault] = iter(())
        depot.number_from(_FIRST_ID)
        crew.batches = _FIRST_ID
        proxy.choose = self._choose

    async def points(self) -> list[tuple[Way, int]]:
        """Return every place where a call that sends can break: before its first octet, and after each but the last."""
        self._script = iter((Fault(how=Break.SPLIT, way=Way.REQUEST, after=_NEVER),))
        await self._all_through(1)
        await self.settle()
        octets = self.proxy.longest
        return [
            *((Way.REQUEST, after) for after in range(octets[Way.REQUEST] + 1)),
            *((Way.ANSWER, after) for after in range(octets[Way.ANSWER])),
        ]

    async def run(self, faults: Sequence[Fault]) -> Fates:
        """Send a message for each fault, in a first call that meets it, and bring all of them to their ends."""
        for start in range(0, len(faults), AT_ONCE):
            some = faults[start : start + AT_ONCE]
            self._script = iter(some)
            await self._all_through(len(some))
            await self.settle()
        return await self.fates()

    def _choose(self, head: bytes) -> Fault | None:
        return next(self._script, None) if self._subject.sends in head else None

    async def _all_through(self, count: int) -> None:
        """Submit messages and let the dispatcher make a call for each."""
        subject = self._subject
        self.depot.scripted.log.clear()
        for _ in range(count):
            number = f"{subject.number}{len(self._numbers):06}99"
            one = self.depot.submission(subject.text, recipient=number, country=subject.country)
            self._numbers[one.message_id] = number
            await self.depot.accept(one)
        self.crew.ring()
        await self._until_no("queued", "sending", after="settle done", times=count)

    async def settle(self) -> None:
        """Resolve all doubts, and learn all outcomes."""
        doubts, poller, time = self.crew.doubts(), self.crew.poller(), self.crew.time
        while (due_at := self.depot.next_doubt_at()) is not None:
            time.advance(max(due_at - time.now, 0.0) + 0.001)
            await doubts.turn()
        await self._until_no("queued", "sending", after="settle done", times=0)  # what the rule sends anew
        time.advance(LATER_S)
        sent = (await self.depot.stages()).get("awaiting_status", 0)
        self.depot.scripted.log.clear()
        async with _at_work(poller):
            await self._until_no("awaiting_status", after="report done", times=sent)

    async def _until_no(self, *stages: str, after: str, times: int) -> None:
        """Wait until so many verbs are done, and for more where messages still stand in these stages."""
        for done in range(1, times + 1):
            await self.depot.scripted.until(after, done)
        while True:
            seen = self.depot.scripted.log.count(after)  # before the look: what comes meanwhile is worth another one
            if (await self.depot.stages()).keys().isdisjoint(stages):
                return
            if (again_at := self.depot.put_off_until()) is not None:
                await self._bring_back(again_at)
            await self.depot.scripted.until(after, seen + 1)

    async def _bring_back(self, again_at: float) -> None:
        """Let what was put off be due: on a busy machine a call can end before its connection stands."""
        self.crew.time.advance(max(again_at - self.crew.time.now, 0.0) + 0.001)
        await self.depot.real.sweep(outgoing_kept_s=LATER_S, now=self.crew.time.now)
        self.crew.ring()

    async def fates(self) -> Fates:
        async with httpx.AsyncClient(trust_env=False) as http:
            rows: list[dict[str, Any]] = (await http.get(f"{self._simulator}/_sim/messages")).json()
        now = self.depot.time.now
        _, owed = await self.depot.real.lease_outgoing({"acme": 10_000}, until=now, now=now)
        told: dict[str, list[str]] = {}
        for one in owed:
            told.setdefault(self._numbers[one.message_id], []).append(one.outcome.name.lower())
        taken = Counter(row["to"].removeprefix("+") for row in rows)
        return Fates(numbers=tuple(self._numbers.values()), taken=taken, told=told)


@asynccontextmanager
async def _at_work(worker: Any) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(worker.run())
        try:
            yield
        finally:
            worker.stop()


@asynccontextmanager
async def proving(subject: Subject, depot: Depot, time: FakeClock, **keys: Any) -> AsyncIterator[Proof]:
    """Set a subject up; ``keys`` are more of its section."""
    async with running(subject.app(time)) as simulator:
        proxy = FaultProxy(int(simulator.rpartition(":")[2]))
        async with proxy.serving() as port:
            section = {"calls_per_s": 1000.0, **keys}
            carrier = subject.make(f"http://127.0.0.1:{port}", time, section)
            try:
                await carrier.ready()
                crew = Crewing(
                    depot,
                    time,
                    {"alpha": cast("FakeCarrier", carrier)},
                    new_circuit=partial(Circuit, failures=1_000_000),
                )
                async with _at_work(crew.dispatcher):
                    yield Proof(subject, proxy, simulator, crew, depot)
            finally:
                await carrier.aclose()
