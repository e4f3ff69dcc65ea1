"""Retarus against the simulated service: two implementations of one manual that share no code."""

from collections.abc import AsyncIterator

import httpx2 as httpx
import pytest

from smppgw.carriers.retarus import Retarus, RetarusConfig
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Attempt, Batch, CarrierRef, Message, Outcome
from smppgw.core.verdict import Accepted, Doubtful, Evidence, StatusReport
from smppgw.simulators.retarus.app import retarus_app
from smppgw.simulators.retarus.options import RetarusOptions
from tests.carriers.contract import BATCH, NOW, message, sent_of

BASE = "http://127.0.0.1"


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


async def no_wait(_seconds: float) -> None:
    return None


class World:
    """A carrier, its simulated service, and the clock that both look at."""

    def __init__(self, send_to: str = "de2", **section: object) -> None:
        self.clock = Clock()
        self.section = section
        options = RetarusOptions(username="u", password="p", final_delay=10.0, visible_after=2.0, strict=True)
        self.transport = httpx.ASGITransport(retarus_app(options, self.clock, no_wait))
        self.carrier = self.new_carrier(send_to)

    def new_carrier(self, send_to: str = "de2") -> Retarus:
        """Make a carrier that remembers nothing, as after a restart."""
        urls = {name: f"{BASE}/{name}/rest/v1" for name in ("de2", "de1", "eu")}
        section = {"username": "u", "password": "p", "send_to": send_to, "base_urls": urls, **self.section}
        return Retarus(
            "retarus",
            RetarusConfig.model_validate(section),
            clock=self.clock,
            monotonic=lambda: 0.0,
            transport=self.transport,
        )

    def prepare(self, *messages: Message) -> Attempt:
        return self.carrier.prepare(Batch(id=BATCH, messages=messages), self.clock.now)

    async def accepted(self) -> list[dict[str, object]]:
        async with httpx.AsyncClient(transport=self.transport) as http:
            rows: list[dict[str, object]] = (await http.get(f"{BASE}/_sim/messages")).json()
            return rows

    async def fault(self, **fault: object) -> None:
        async with httpx.AsyncClient(transport=self.transport) as http:
            (await http.post(f"{BASE}/_sim/faults", json=fault)).raise_for_status()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    yield world
    await world.carrier.aclose()


HELLO = message(1, "4915112345678", "Hello")
LONG = message(2, "4915112345679", "Grüße " * 70, parts=3, sender="ACME")
CHINESE = message(3, "8613812345678", "您好，世界", sender="4930123456", sender_is_number=True, flash=True)


@pytest.mark.parametrize("one", [HELLO, LONG, CHINESE])
async def test_a_text_arrives_whole_with_our_references(world: World, one: Message) -> None:
    verdicts = await world.carrier.send(world.prepare(one))

    (row,) = await world.accepted()
    assert isinstance(verdicts[one.id], Accepted)
    assert (row["to"], row["text"], row["our_ref"], row["batch_ref"]) == (
        "+" + one.recipient,
        one.text,
        str(one.id),
        BATCH,
    )
    assert (row["parts"], row["datacenter"]) == (one.parts, "de2")
    assert (row["from"] or "").removeprefix("+") == one.sender  # type: ignore[attr-defined] # JSON of the simulator


async def statuses(world: World, one: Message) -> list[StatusReport]:
    attempt = world.prepare(one)
    verdicts = await world.carrier.send(attempt)
    verdict = verdicts[one.id]
    assert isinstance(verdict, Accepted)
    world.clock.now += 30.0
    return list(await world.carrier.statuses(sent_of(attempt, (one,), verdict.ref)))


@pytest.mark.parametrize(
    ("digits", "outcome", "error"),
    [
        ("0001", Outcome.UNDELIVERABLE, ErrorCode.INVALID_NUMBER),
        ("0002", Outcome.REJECTED, ErrorCode.BLOCKED),
        ("0003", Outcome.EXPIRED, ErrorCode.VALIDITY_EXCEEDED),
        ("0004", Outcome.UNDELIVERABLE, ErrorCode.NO_ROUTE),
        ("0005", Outcome.UNDELIVERABLE, ErrorCode.UNDELIVERABLE),
        ("0008", Outcome.REJECTED, ErrorCode.NOT_ACCEPTED),
        ("0010", Outcome.UNKNOWN, ErrorCode.CARRIER_FAULT),
        ("0012", Outcome.DELETED, ErrorCode.CANCELLED),
        ("0014", Outcome.UNKNOWN, ErrorCode.KILLED),
        ("0016", Outcome.UNKNOWN, ErrorCode.UNKNOWN_STATUS),
        ("0017", Outcome.UNDELIVERABLE, ErrorCode.UNDELIVERABLE),
        ("1234", Outcome.DELIVERED, ErrorCode.NONE),
    ],
)
async def test_every_scripted_outcome_is_read(world: World, digits: str, outcome: Outcome, error: ErrorCode) -> None:
    (report,) = await statuses(world, message(1, "491511234" + digits, "Hello"))

    assert (report.outcome, report.error, report.final) == (outcome, error, True)


async def test_what_never_ends_is_enroute(world: World) -> None:
    (report,) = await statuses(world, message(1, "4915112340015", "Hello"))

    assert (report.outcome, report.final) == (Outcome.ENROUTE, False)


async def test_a_message_in_the_hours_without_delivery_waits_for_their_end() -> None:
    # 22:13 UTC to 6:00 UTC the next morning
    world = World(blackout={"legacy": ["20:00-07:00 Europe/Berlin"]}, billcodes={"legacy": "B-1"})
    attempt = world.prepare(HELLO)
    ref: CarrierRef | None = (await world.carrier.send(attempt))[HELLO.id].ref  # type: ignore[union-attr] # Accepted
    sent = sent_of(attempt, (HELLO,), ref)

    world.clock.now += 7.5 * 3600
    (at_night,) = await world.carrier.statuses(sent)
    world.clock.now += 3600
    (in_the_morning,) = await world.carrier.statuses(sent)

    assert (at_night.final, in_the_morning.final) == (False, True)
    await world.carrier.aclose()


async def test_a_fresh_job_has_no_status_yet(world: World) -> None:
    attempt = world.prepare(HELLO)
    verdicts = await world.carrier.send(attempt)

    reports = await world.carrier.statuses(sent_of(attempt, (HELLO,), verdicts[HELLO.id].ref))  # type: ignore[union-attr] # Accepted

    assert reports == []


async def test_a_status_is_found_though_the_shared_name_hides_the_datacentre() -> None:
    for _ in range(4):
        world = World(send_to="eu")
        (report,) = await statuses(world, HELLO)
        assert report.outcome is Outcome.DELIVERED
        await world.carrier.aclose()


async def test_a_repeat_of_a_lost_call_says_that_the_first_arrived(world: World) -> None:
    await world.fault(operation="send", fault="status", code=503, count=1)
    attempt = world.prepare(HELLO)

    first, second, third = [(await world.carrier.send(attempt))[HELLO.id] for _ in range(3)]

    assert isinstance(first, Doubtful)
    assert isinstance(second, Accepted)
    assert isinstance(third, Doubtful)
    assert (first.evidence, third.evidence) == (Evidence.NONE, Evidence.ARRIVED)
    assert len(await world.accepted()) == 1


@pytest.mark.parametrize("later_s", [5.0, 30.0])
async def test_after_a_restart_a_doubtful_job_is_found_by_its_reference(world: World, later_s: float) -> None:
    attempt = world.prepare(HELLO)
    accepted = (await world.carrier.send(attempt))[HELLO.id]
    world.clock.now += later_s

    found = await world.new_carrier().resolve(attempt, sent_of(attempt, (HELLO,), None))

    assert found == {HELLO.id: accepted}


async def test_after_a_restart_a_job_that_never_came_is_absent(world: World) -> None:
    await world.carrier.send(world.carrier.prepare(Batch(id=BATCH[::-1], messages=(LONG,)), NOW))  # type: ignore[arg-type] # text reversed
    world.clock.now += 30.0
    attempt = world.prepare(HELLO)

    found = await world.new_carrier().resolve(attempt, sent_of(attempt, (HELLO,), None))

    assert found == {HELLO.id: Doubtful("no job with this reference", Evidence.ABSENT)}


async def test_the_full_size_of_a_job_is_taken_and_read(world: World) -> None:
    many = tuple(message(n, f"49151{n:07d}", f"Hello {n % 7}") for n in range(20, 3020))
    attempt = world.prepare(*many)
    ref: CarrierRef | None = next(iter((await world.carrier.send(attempt)).values())).ref  # type: ignore[union-attr] # Accepted
    world.clock.now += 30.0

    reports = await world.carrier.statuses(sent_of(attempt, many, ref))

    assert len(reports) == 3000
    assert all(report.final for report in reports)
