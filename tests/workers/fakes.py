"""What workers are tested with: a clock that stands still, peers without sockets, carriers and stores with scripts."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, cast

from prometheus_client import CollectorRegistry

from smppgw.carriers.base import Carrier, CarrierLimits
from smppgw.core.assembly import AssemblyRule
from smppgw.core.billing import BilledOn
from smppgw.core.bind_rates import BindRate
from smppgw.core.codes import ErrorCode
from smppgw.core.disposition import Disposition, Finished, Taken
from smppgw.core.ids import IdForm
from smppgw.core.model import (
    Address,
    Attempt,
    Batch,
    BatchId,
    CarrierRef,
    Decision,
    DoubtRule,
    Message,
    MessageId,
    Operation,
    Outcome,
    Segment,
    SegmentId,
    Sent,
    Submission,
    SubmissionId,
    TrafficClass,
)
from smppgw.core.rates import Exchange
from smppgw.core.retry import PollSchedule
from smppgw.core.routing.rules import Rule
from smppgw.core.routing.table import Router
from smppgw.core.verdict import Accepted, Doubtful, Evidence, Rejected, StatusReport, Verdict
from smppgw.ops.clock import Clock
from smppgw.ops.metrics import Metrics
from smppgw.ops.passwords import Passwords
from smppgw.smpp.aio import Connection, Handler
from smppgw.smpp.consts import BindType, CommandStatus
from smppgw.smpp.framer import Framer
from smppgw.smpp.pdu import BindTransceiver, DeliverSm, DeliverSmResp, Outbind, Pdu, SubmitSm, decode, encode
from smppgw.smpp.receipt import Dialect
from smppgw.smpp.session import Session
from smppgw.smpp.settings import SessionSettings
from smppgw.smpp.text import Alphabet, alphabets
from smppgw.store.base import Store
from smppgw.store.sqlite import SqliteStore
from smppgw.workers.market import LiveMarket
from smppgw.workers.policy import AccountPolicy
from smppgw.workers.pricing import Prices
from smppgw.workers.routes import Routes

START: Final = 1_700_000_000.0
"""2023-11-14 22:13:20 UTC."""
RECIPIENT: Final = "491710000099"
WAIT_S: Final = 5.0
"""How long a test waits for what must happen; nothing is concluded from the time it takes."""


class FakeClock:
    """Stands still until it is told; the monotonic clock goes along with the wall clock."""

    def __init__(self) -> None:
        self.now = START
        self.ticked = 1000.0

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self.ticked += seconds

    @property
    def clock(self) -> Clock:
        return Clock(wall=lambda: self.now, monotonic=lambda: self.ticked)


def metrics_for(accounts: Iterable[str] = ("acme", "bolt"), carriers: Iterable[str] = ("alpha", "beta")) -> Metrics:
    return Metrics(
        CollectorRegistry(), accounts=tuple(accounts), carriers=tuple(carriers), currency="EUR", version="0", store="x"
    )


def value_of(metrics: Metrics, name: str, /, **labels: str) -> float:
    """Return the value of one series; 0 where there is none yet."""
    return metrics._registry.get_sample_value(f"smppgw_{name}", labels) or 0.0


def policy(**changes: Any) -> AccountPolicy:
    made = AccountPolicy(
        system_id="acme",
        password_hash="hash of secret",
        allowed_networks=None,
        max_binds=4,
        bind_types=frozenset(BindType),
        bind_rate=BindRate.of(per_s=10.0),
        max_tps=1000.0,
        window=100,
        country="DE",
        alphabets=alphabets(Alphabet.GSM7),
        dialect=Dialect(),
        id_form=IdForm.DECIMAL,
        validity_s=3600.0,
        traffic_class=TrafficClass.TRANSACTIONAL,
        assembly_s=120.0,
    )
    return replace(made, **changes)


def routes_over(rules: Sequence[Rule], carriers: Mapping[str, Carrier], time: FakeClock) -> Routes:
    """Return a routing table over carriers that cost nothing, are up, and of which nothing is known."""
    market = LiveMarket(carriers, Prices({}, Exchange(), "EUR"), lambda: (), time.clock)
    return Routes(Router(rules), market, lambda: 0.5)


def submit(sequence_number: int = 1, **changes: Any) -> SubmitSm:
    """Make a submit_sm that nothing is wrong with."""
    fields: dict[str, Any] = {
        "source_addr_ton": 5,
        "source_addr": "ACME",
        "dest_addr_ton": 1,
        "dest_addr_npi": 1,
        "destination_addr": RECIPIENT,
        "registered_delivery": 1,
        "short_message": b"hello",
    }
    return SubmitSm(sequence_number=sequence_number, **(fields | changes))


# --- peers ------------------------------------------------------------------------------------------------------------


class FakeTransport(asyncio.Transport):
    """Keeps what is written; a socket that breaks when it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.protocol: asyncio.Protocol | None = None
        self.pdus: list[Pdu] = []
        self.changed = asyncio.Event()
        self.aborted = False
        self.closing = False
        self._framer = Framer()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.pdus += [decode(frame) for frame in self._framer.feed(bytes(data))]
        self.changed.set()

    def abort(self) -> None:
        self.aborted = True
        self.close()

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            self.changed.set()
            if self.protocol is not None:
                asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    def is_closing(self) -> bool:
        return self.closing

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Any will do."""

    def pause_reading(self) -> None:
        """Nobody reads here."""

    def resume_reading(self) -> None:
        """Nobody reads here."""


class Peer:
    """An ESME on a connection without a socket; everything between the octets and the handler is real."""

    def __init__(
        self,
        handler: Handler,
        clock: Clock,
        host: str = "10.0.0.1",
        settings: SessionSettings | None = None,
        *,
        called: str | None = None,
        on_bound: Callable[[Connection], None] = lambda connection: None,
        on_closed: Callable[[Connection], None] = lambda connection: None,
    ) -> None:
        """Connect, or be called by this name."""
        session = Session(settings or SessionSettings(), clock.monotonic())
        if called is not None:
            session.outbind(Outbind())
        self.transport = FakeTransport()
        self.connection = Connection(
            handler,
            session,
            clock=clock.monotonic,
            peername=(host, 40_000),
            on_bound=on_bound,
            on_closed=on_closed,
            called=called,
        )
        self.transport.protocol = self.connection
        self.connection.connection_made(self.transport)

    def send(self, *pdus: Pdu) -> None:
        """Let these PDUs come in one read."""
        self.connection.data_received(b"".join(map(encode, pdus)))

    async def got(self, count: int = 1) -> list[Pdu]:
        """Wait until at least so many PDUs were written since the last look; return and forget them."""
        await self.until(lambda: len(self.transport.pdus) >= count)
        pdus, self.transport.pdus = self.transport.pdus, []
        return pdus

    async def receipts(self, count: int) -> list[DeliverSm]:
        return [pdu for pdu in await self.got(count) if isinstance(pdu, DeliverSm)]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not condition():
                self.transport.changed.clear()
                await self.transport.changed.wait()

    async def bind(self, pdu: Pdu | None = None) -> Pdu:
        """Bind, as acme where nothing else is said; return the answer."""
        self.send(pdu or BindTransceiver(system_id="acme", password="secret", interface_version=0x34))
        return (await self.got())[0]

    def acknowledge(self, *receipts: Pdu, status: int = CommandStatus.ESME_ROK) -> None:
        self.send(*(DeliverSmResp(sequence_number=one.sequence_number, command_status=status) for one in receipts))

    def vanish(self) -> None:
        """Break the connection."""
        self.connection.connection_lost(None)


class FakePasswords(Passwords):
    """Knows one password, and answers when ``gate`` is open."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked: list[tuple[str, str | None]] = []
        self.changed = asyncio.Event()

    async def verify(self, system_id: str, password: str, password_hash: str | None) -> bool:
        self.asked.append((system_id, password_hash))
        self.changed.set()
        await self.gate.wait()
        return password_hash is not None and password_hash == f"hash of {password}"


# --- carriers ---------------------------------------------------------------------------------------------------------

Script = Callable[[Attempt], Mapping[MessageId, Verdict]]


def all_get(verdict: Verdict) -> Script:
    """Give every message of a call the same verdict."""
    return lambda attempt: dict.fromkeys(attempt.messages, verdict)


@dataclass
class FakeCarrier:
    """Does what its scripts say, one per call, and then the default; keeps what it was asked."""

    name: str = "alpha"
    limits: CarrierLimits = field(default_factory=lambda: CarrierLimits(max_messages=100, calls_per_s=1000.0))
    polls: PollSchedule = field(default_factory=PollSchedule)
    on_doubt: DoubtRule = DoubtRule.UNKNOWN
    billed_on: BilledOn = BilledOn.SUBMIT
    lookup_resolves: bool = True
    scripts: list[Script] = field(default_factory=list)
    default: Script = field(default_factory=lambda: all_get(Accepted(CarrierRef("J.1"))))
    lookups: list[Script] = field(default_factory=list)
    default_lookup: Script = field(default_factory=lambda: all_get(Doubtful("not found", Evidence.ABSENT)))
    refused: dict[str, Rejected] = field(default_factory=dict)
    """By recipient, what ``check`` says."""
    reports: list[Sequence[StatusReport]] = field(default_factory=list)
    """One answer per poll; then nothing is known."""
    sent: list[Attempt] = field(default_factory=list)
    looked_up: list[tuple[Attempt, Sequence[Sent]]] = field(default_factory=list)
    polled: list[Sequence[Sent]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()

    @property
    def problem(self) -> str | None:
        return None

    def check(self, message: Message) -> Rejected | None:
        return self.refused.get(message.recipient)

    def group_key(self, message: Message) -> Hashable:
        return None

    def prepare(self, batch: Batch, now: float) -> Attempt:
        numbers = tuple(message.id for message in batch.messages)
        return attempt_for(*numbers, batch=batch.id, prepared_at=now, body=repr(numbers).encode())

    async def send(self, attempt: Attempt) -> Mapping[MessageId, Verdict]:
        self.log.append("send")
        self.sent.append(attempt)
        script = self.scripts.pop(0) if self.scripts else self.default
        self.changed.set()
        await self.gate.wait()
        return script(attempt)

    async def resolve(self, attempt: Attempt, sent: Sequence[Sent]) -> Mapping[MessageId, Verdict]:
        self.looked_up.append((attempt, sent))
        script = self.lookups.pop(0) if self.lookups else self.default_lookup
        verdicts = script(attempt)
        return {one.message: verdicts[one.message] for one in sent}

    async def statuses(self, sent: Sequence[Sent]) -> Sequence[StatusReport]:
        self.polled.append(sent)
        self.changed.set()
        await self.gate.wait()
        return self.reports.pop(0) if self.reports else ()

    async def ready(self) -> None:
        """Nothing to fetch."""

    async def aclose(self) -> None:
        """Nothing to close."""

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until what was asked fulfils a condition."""
        async with asyncio.timeout(WAIT_S):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def calls(self, count: int) -> list[Attempt]:
        """Wait until so many calls were made in all."""
        await self.until(lambda: len(self.sent) >= count)
        return self.sent

    @property
    def sizes(self) -> list[int]:
        return [len(attempt.messages) for attempt in self.sent]


def attempt_for(*messages: MessageId, **changes: Any) -> Attempt:
    made = Attempt(
        batch=BatchId("b1"),
        host="https://alpha.example",
        method="POST",
        target="/jobs",
        content_type="application/json",
        body=b"{}",
        nonce=None,
        date=None,
        prepared_at=START,
        messages=messages,
    )
    return replace(made, **changes)


# --- the store --------------------------------------------------------------------------------------------------------


class ScriptedStore:
    """The real store behind a counter where verbs can be held, made to fail, and counted."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.log: list[str] = []
        """``verb`` when it is asked, ``verb done`` when its commit is on disk."""
        self.faults: dict[str, list[Exception]] = {}
        """Raised instead, one per call."""
        self.gates: dict[str, asyncio.Event] = {}
        """Waited for after the real work, before the answer: the commit that takes long."""
        self.changed = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self._store, name)
        return self._scripted(name, verb) if asyncio.iscoroutinefunction(verb) else verb

    def _scripted(self, name: str, verb: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(*args: Any, **kwargs: Any) -> Any:
            self._note(name)
            if self.faults.get(name):
                raise self.faults[name].pop(0)
            answer = await verb(*args, **kwargs)
            if name in self.gates:
                await self.gates[name].wait()
            self._note(f"{name} done")
            return answer

        return call

    def _note(self, what: str) -> None:
        self.log.append(what)
        self.changed.set()

    def fail(self, verb: str, fault: Exception) -> None:
        """Let the next call of a verb fail."""
        self.faults.setdefault(verb, []).append(fault)

    def hold(self, verb: str) -> asyncio.Event:
        """Let calls of a verb wait for the event that is returned."""
        return self.gates.setdefault(verb, asyncio.Event())

    async def until(self, what: str, times: int = 1) -> None:
        """Wait until a line stands in the log so many times."""
        async with asyncio.timeout(WAIT_S):
            while self.log.count(what) < times:
                self.changed.clear()
                await self.changed.wait()


class Depot:
    """A store in a folder, its clock, and short words for bringing messages into it."""

    def __init__(self, real: SqliteStore, time: FakeClock) -> None:
        self.real = real
        self.scripted = ScriptedStore(real)
        self.time = time
        self._last_id = 0

    @classmethod
    async def open(cls, folder: Path, time: FakeClock) -> "Depot":
        clock = time.clock
        return cls(await SqliteStore.open(folder / "depot.db", wall=clock.wall, monotonic=clock.monotonic), time)

    @property
    def store(self) -> Store:
        return cast("Store", self.scripted)

    def number_from(self, last_id: int) -> None:
        """Let ids go on from here."""
        self._last_id = last_id

    def submission(
        self,
        text: str = "hello",
        *,
        recipient: str = RECIPIENT,
        account: str = "acme",
        country: str = "DE",
        carriers: tuple[str, ...] = ("alpha",),
        **changes: Any,
    ) -> Submission:
        self._last_id += 1
        number = self._last_id
        segment = Segment(
            id=SegmentId(number),
            destination=Address(1, 1, recipient),
            recipient=recipient,
            country=country,
            text=text,
            decision=Decision("default", carriers),
        )
        made = Submission(
            id=SubmissionId(number),
            message_id=f"id{number}",
            account=account,
            operation=Operation.SUBMIT_SM,
            accepted_at=self.time.now,
            source=Address(5, 0, "ACME"),
            sender="ACME",
            registered_delivery=1,
            expires_at=self.time.now + 3600,
            segments=(segment,),
        )
        return replace(made, **changes)

    async def accept(self, *submissions: Submission) -> list[MessageId]:
        await self.real.accept(submissions, dict.fromkeys(("acme", "bolt"), AssemblyRule(120.0)), self.time.now)
        return [MessageId(one.segments[0].id) for one in submissions]

    async def submit(self, count: int = 1, **changes: Any) -> list[MessageId]:
        """Accept so many whole texts, each for a recipient of its own where none is given."""
        return await self.accept(
            *(self.submission(f"text {n}", **({"recipient": f"4917100{n:05}"} | changes)) for n in range(count))
        )

    async def end(self, count: int, outcome: Outcome = Outcome.DELIVERED, **changes: Any) -> list[MessageId]:
        """Bring so many messages to their end, each of which owes a receipt."""
        numbers = await self.submit(count, carriers=("ending",), **changes)
        await self.call(Finished(outcome, ErrorCode.NONE))
        return numbers

    async def hand_over(self, count: int, **changes: Any) -> list[MessageId]:
        """Let a carrier take so many messages."""
        numbers = await self.submit(count, carriers=("ending",), **changes)
        await self.call(Taken(None, 1))
        return numbers

    async def call(self, disposition: Disposition, carrier: str = "ending") -> None:
        """Let one call with all that is queued for a carrier end so."""
        now = self.time.now
        lease, messages = await self.real.lease(carrier, 10_000, until=now + 60, now=now)
        numbers = [message.id for message in messages]
        attempt = attempt_for(*numbers, batch=BatchId(f"of {numbers[0]}"))
        await self.real.begin(attempt, carrier, lease, now)
        dispositions = dict.fromkeys(numbers, disposition)
        await self.real.settle(attempt.batch, dispositions, lease=lease, now=now, due_at=now + 5)

    async def report(self, number: MessageId, outcome: Outcome = Outcome.DELIVERED, **changes: Any) -> None:
        """Let a carrier say how a message ended."""
        report = StatusReport(message=number, outcome=outcome, final=True, **changes)
        await self.real.report([report], now=self.time.now)

    async def stages(self) -> dict[str, int]:
        """Return how many messages stand where, by the name of the stage; the empty ones are left out."""
        backlog = await self.real.backlog()
        return {stage.name.lower(): count for stage, count in backlog.messages.items() if count}

    def replaced(self) -> list[int]:
        """Return for each segment how many octets of its text were replaced, in order of ids."""
        with contextlib.closing(sqlite3.connect(self.real._path)) as connection:
            return [row[0] for row in connection.execute("SELECT replaced FROM segments ORDER BY id")]

    def next_doubt_at(self) -> float | None:
        """Return when the next step of a doubt is due, Unix seconds."""
        return self._seconds("SELECT min(due_ms) FROM attempts WHERE state = 1")

    def put_off_until(self) -> float | None:
        """Return when the first of the messages that were put off is due again, Unix seconds."""
        return self._seconds(
            "SELECT min(due_ms) FROM messages WHERE stage = 3 AND due_ms IS NOT NULL AND token IS NULL"
        )

    def _seconds(self, question: str) -> float | None:
        with contextlib.closing(sqlite3.connect(self.real._path)) as connection:
            answer_ms = connection.execute(question).fetchone()[0]
        return None if answer_ms is None else answer_ms / 1000

    async def owed(self, account: str = "acme") -> list[tuple[str, str, int]]:
        """Return id, outcome and error of what is due to an account, in order of ids; it stays due."""
        _, found = await self.real.lease_outgoing({account: 1000}, until=self.time.now, now=self.time.now)
        return sorted((one.message_id, one.outcome.name.lower(), int(one.error)) for one in found)


NO_PRICES: Final = Prices({}, Exchange(), "EUR")
