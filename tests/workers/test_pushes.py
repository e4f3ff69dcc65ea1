"""What pushes say is done once, whatever happens meanwhile; what they do not say in words of ours is put aside."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import structlog

from smppgw.carriers.base import PushAnswer
from smppgw.core.billing import BilledOn
from smppgw.core.model import BatchId, CarrierRef, MessageId, Outcome, OutgoingKind
from smppgw.core.optout import Optouts, Words
from smppgw.core.rates import Exchange, RateCard
from smppgw.core.screening import Screens
from smppgw.core.verdict import Accepted, Doubtful, Inbound, PushContents, PushedReport
from smppgw.store.base import Finish, Reported, StoreError
from smppgw.workers.pricing import Prices
from smppgw.workers.pushes import AGAIN_S, AT_ONCE, KEPT_S, LEASE_S, Pushed
from tests.workers.crewing import Crewing
from tests.workers.fakes import Depot, FakeClock, all_get, attempt_for, policy, value_of
from tests.workers.front import final

CARD = RateCard.parse(["prefix,price,currency", "49,0.05,EUR"], "card")
PRICES = Prices({"alpha": CARD}, Exchange(), "EUR")
FIRST, SECOND = "491710000000", "491710000001"
"""Recipients of what ``Depot.submit`` submits."""


@dataclass
class FakePusher:
    """Knows what each body holds."""

    bodies: dict[bytes, PushContents] = field(default_factory=dict)
    billed_on: BilledOn = BilledOn.SUBMIT
    push_answer: PushAnswer = field(default_factory=lambda: PushAnswer("text/plain", b"OK"))

    def read_push(self, body: bytes, content_type: str) -> PushContents:
        if body == b"bug":
            raise ZeroDivisionError("secret text")
        return self.bodies.get(body, PushContents(unreadable=1))


class Office:
    """A worker for pushes, and whom it tells."""

    def __init__(self, depot: Depot, time: FakeClock) -> None:
        self.depot, self.time = depot, time
        self.crew = Crewing(depot, time, prices=PRICES)
        self.pusher = FakePusher()
        self.optouts = Optouts({})
        self.finished: list[Finish] = []
        self.reported: list[Reported] = []
        self.taken: list[tuple[str, int]] = []
        self.inbound: list[tuple[str, str]] = []
        self.pushed = Pushed(
            carriers={"alpha": self.pusher},
            store=depot.store,
            policies={"acme": policy(inbound=("1234", "49157*")), "bolt": policy(system_id="bolt", inbound=("55",))},
            prices=PRICES,
            optouts=self.optouts,
            clock=time.clock,
            metrics=self.crew.metrics,
            on_reported=self._hear,
            on_taken=lambda carrier, parts: self.taken.append((carrier, parts)),
            parts_this_month=lambda carrier: 0,
            on_inbound=lambda account, inbound: self.inbound.append((account, inbound.text)),
        )

    def _hear(self, reported: Reported) -> None:
        self.finished += reported.finished
        self.reported.append(reported)

    async def push(self, *reports: PushedReport, inbound: Sequence[Inbound] = (), unreadable: int = 0) -> None:
        """Let a push come, and work on all that are due."""
        await self.keep(*reports, inbound=inbound, unreadable=unreadable)
        await self.pushed.turn()

    async def keep(self, *reports: PushedReport, inbound: Sequence[Inbound] = (), unreadable: int = 0) -> None:
        contents = PushContents(reports=reports, inbound=tuple(inbound), unreadable=unreadable)
        body = repr(contents).encode()
        self.pusher.bodies[body] = contents
        await self.depot.real.keep_push("alpha", "x/y", body, self.time.now)

    async def kept(self) -> int:
        """How many pushes there are still, due or not."""
        _, found = await self.depot.real.lease_pushes(1000, until=self.time.now, now=self.time.now + 10 * KEPT_S)
        return len(found)

    def counted(self, name: str, **labels: str) -> float:
        return value_of(self.crew.metrics, name, carrier="alpha", **labels)

    async def begin(self) -> tuple[MessageId, BatchId]:
        """Bring one message to its call, which does not end."""
        (number,) = await self.depot.submit()
        now = self.time.now
        lease, _ = await self.depot.real.lease("alpha", 1, until=now + 60, now=now)
        attempt = attempt_for(number, batch=BatchId(f"call {number}"))
        await self.depot.real.begin(attempt, "alpha", lease, now)
        return number, attempt.batch


@pytest.fixture
def office(depot: Depot, time: FakeClock) -> Office:
    return Office(depot, time)


def said(batch: BatchId | None, recipient: str = FIRST, **changes: Any) -> PushedReport:
    made = PushedReport(batch=batch, recipient=recipient, outcome=Outcome.DELIVERED, final=True)
    return replace(made, **changes)


def text(**changes: Any) -> Inbound:
    return replace(Inbound(key="in-1", sender="+4915111", destination="1234", text="STOP", at=5.0), **changes)


async def test_a_report_ends_its_message_and_books_it_at_todays_price(office: Office) -> None:
    number, batch = await office.begin()

    await office.push(said(batch, parts=3))

    assert [finish.message for finish in office.finished] == [number]
    assert await office.depot.owed() == [(f"id{number}", "delivered", 0)]
    assert (office.counted("messages_total", account="acme"), office.counted("parts_total", account="acme")) == (1, 3)
    assert office.counted("cost_total", account="acme", currency="EUR") == pytest.approx(0.15)
    assert office.taken == [("alpha", 3)]
    assert await office.kept() == 0


async def test_the_parts_of_the_message_count_where_the_report_names_none(office: Office) -> None:
    _, batch = await office.begin()

    await office.push(said(batch))

    assert office.counted("cost_total", account="acme", currency="EUR") == pytest.approx(0.05)


async def test_a_pushed_failure_at_a_carrier_that_bills_on_delivery_is_taken_off_the_bill(office: Office) -> None:
    number, batch = await office.begin()
    office.pusher.billed_on = BilledOn.DELIVERY

    await office.push(said(batch, outcome=Outcome.UNDELIVERABLE))

    (correction,) = office.reported[0].corrected
    assert (correction.message, correction.parts, correction.reporting_micros) == (number, -1, -50_000)
    assert office.counted("cost_total", account="acme", currency="EUR") == pytest.approx(0.05)


async def test_what_a_push_has_booked_the_answer_does_not_count_again(office: Office) -> None:
    office.crew.carrier.gate.clear()
    await office.depot.submit()
    async with office.crew.working():
        office.crew.ring()
        ((attempt,),) = [await office.crew.carrier.calls(1)]
        await office.push(said(attempt.batch))
        office.crew.carrier.gate.set()
        await office.depot.scripted.until("settle done")

    assert office.counted("messages_total", account="acme") == 1
    assert office.counted("cost_total", account="acme", currency="EUR") == pytest.approx(0.05)
    assert len(await office.depot.owed()) == 1
    assert await office.depot.stages() == {}


async def test_what_the_answer_has_booked_a_push_does_not_count_again(office: Office) -> None:
    await office.depot.submit()
    await office.crew.send_all()

    await office.push(said(BatchId("batch1")))

    assert office.counted("messages_total", account="acme") == 1
    assert office.counted("cost_total", account="acme", currency="EUR") == pytest.approx(0.05)
    assert office.taken == []
    assert len(office.finished) == 1


async def test_two_pushes_about_one_message_count_it_once(office: Office) -> None:
    _, batch = await office.begin()
    for _ in range(3):
        await office.keep(said(batch))

    await office.pushed.turn()

    assert (len(office.finished), office.counted("messages_total", account="acme")) == (1, 1)


async def test_a_push_about_a_doubtful_message_resolves_it(office: Office, time: FakeClock) -> None:
    carrier = office.crew.carrier
    carrier.default = all_get(Doubtful("lost"))
    carrier.lookup_resolves = False
    carrier.limits = replace(carrier.limits, push_wait_s=3600)
    (number,) = await office.depot.submit()
    await office.crew.send_all()
    time.advance(2)
    doubts = office.crew.doubts()
    await doubts.turn()
    assert await office.depot.stages() == {"doubtful": 1}

    await office.push(said(BatchId("batch1")))

    assert await office.depot.owed() == [(f"id{number}", "delivered", 0)]
    assert office.counted("messages_total", account="acme") == 1
    time.advance(3600)
    assert not await doubts.turn()


async def test_many_pushes_share_their_turns_and_each_is_done(office: Office) -> None:
    numbers = await office.depot.submit(2 * AT_ONCE + 5)
    await office.crew.send_all()
    for n in range(len(numbers)):
        await office.keep(said(BatchId("batch1"), f"4917100{n:05}"))

    while await office.pushed.turn():
        pass

    assert {finish.message for finish in office.finished} == set(numbers)
    assert await office.kept() == 0


async def test_a_ring_wakes_the_worker(office: Office) -> None:
    _, batch = await office.begin()
    async with office.crew.working(office.pushed):
        await office.depot.scripted.until("lease_pushes done")
        await office.keep(said(batch))
        office.pushed.bell.ring()
        await office.depot.scripted.until("settle_push done")

    assert len(office.finished) == 1


@pytest.mark.parametrize("verb", ["lease_pushes", "unbooked", "settle_push"])
async def test_a_store_that_fails_for_a_moment_loses_nothing(office: Office, time: FakeClock, verb: str) -> None:
    _, batch = await office.begin()
    office.depot.scripted.fail(verb, StoreError("busy"))
    await office.keep(said(batch))
    async with office.crew.working(office.pushed):
        await office.depot.scripted.until(verb)

    time.advance(LEASE_S)
    await office.pushed.turn()

    assert len(office.finished) == 1
    assert await office.kept() == 0


async def test_a_report_of_an_unknown_message_waits_without_effect(office: Office) -> None:
    await office.depot.submit()
    await office.crew.send_all()

    await office.push(said(None, ref=CarrierRef("M.7")))

    assert office.finished == []
    assert await office.depot.stages() == {"awaiting_status": 1}
    assert await office.kept() == 0


async def test_it_ends_its_message_when_the_answer_brings_the_id(office: Office) -> None:
    await office.push(said(None, ref=CarrierRef("M.7")))
    (number,) = await office.depot.submit()
    office.crew.carrier.default = all_get(Accepted(CarrierRef("M.7")))

    await office.crew.send_all()

    assert [finish.message for finish in office.crew.finished] == [number]
    assert await office.depot.owed() == [(f"id{number}", "delivered", 0)]


async def test_another_end_than_the_first_is_told_without_number_or_text(office: Office) -> None:
    number, batch = await office.begin()
    await office.push(said(batch))

    with structlog.testing.capture_logs() as logs:
        await office.push(said(batch, outcome=Outcome.EXPIRED))

    (line,) = [line for line in logs if line["log_level"] == "warning"]
    assert (line["message"], line["stands"], line["reported"]) == (number, "delivered", "expired")
    assert FIRST not in str(logs)


# --- inbound texts ----------------------------------------------------------------------------------------------------


async def test_a_text_goes_to_the_account_that_owns_the_number(office: Office) -> None:
    await office.push(inbound=[text(), text(key="2", destination="+4915799912345"), text(key="3", destination="55")])

    assert sorted(office.inbound) == [("acme", "STOP"), ("acme", "STOP"), ("bolt", "STOP")]
    assert office.counted("inbound_messages_total", account="acme") == 2
    now = office.time.now
    _, leased = await office.depot.real.lease_outgoing({"acme": 9, "bolt": 9}, until=now, now=now)
    assert [(one.account, one.kind, one.text) for one in leased] == [
        ("acme", OutgoingKind.INBOUND, "STOP"),
        ("acme", OutgoingKind.INBOUND, "STOP"),
        ("bolt", OutgoingKind.INBOUND, "STOP"),
    ]


async def test_a_text_that_comes_again_is_told_once(office: Office) -> None:
    await office.push(inbound=[text(), text()])
    await office.push(inbound=[text()])

    assert office.inbound == [("acme", "STOP")]
    assert office.counted("inbound_messages_total", account="acme") == 1


async def test_who_opts_out_is_heeded_at_once_and_his_text_delivered_all_the_same(office: Office) -> None:
    words = Screens(words=Words(["STOP"], ["START"]))
    office.pushed.reload({"acme": policy(inbound=("1234",), screens=words)}, PRICES)
    sender = "+4915111111111"

    with structlog.testing.capture_logs() as logs:
        await office.push(inbound=[text(sender=sender)])
    out = office.optouts.has("acme", sender[1:])
    await office.push(inbound=[text(key="2", sender=sender, text="Start")])
    await office.push(inbound=[text(sender=sender)])  # the first one again

    assert out
    assert not office.optouts.has("acme", sender[1:])
    assert await office.depot.real.optouts() == {}
    assert office.inbound == [("acme", "STOP"), ("acme", "Start")]
    assert [(line["event"], line["consent"]) for line in logs] == [("opt-out", "withdrawn")]
    assert sender[1:] not in str(logs)


async def test_nobody_is_opted_out_by_a_text_that_could_not_be_stored(office: Office) -> None:
    words = Screens(words=Words(["STOP"], ["START"]))
    office.pushed.reload({"acme": policy(inbound=("1234",), screens=words)}, PRICES)
    office.depot.scripted.fail("settle_push", StoreError("busy"))

    await office.push(inbound=[text(sender="+4915111111111")])
    before = office.optouts.has("acme", "4915111111111")
    office.time.advance(LEASE_S)
    await office.pushed.turn()

    assert not before
    assert office.optouts.has("acme", "4915111111111")


async def test_a_text_that_nobody_owns_is_tried_again_until_somebody_does(office: Office, time: FakeClock) -> None:
    with structlog.testing.capture_logs() as logs:
        await office.push(inbound=[text(destination="777")])
        for _ in range(2):
            time.advance(AGAIN_S)
            await office.pushed.turn()
    assert office.inbound == []

    office.pushed.reload({"bolt": policy(system_id="bolt", inbound=("777",))}, PRICES)
    time.advance(AGAIN_S)
    await office.pushed.turn()

    assert office.inbound == [("bolt", "STOP")]
    assert office.counted("inbound_messages_total", account="_unknown") == 1
    assert [line["destination"] for line in logs] == ["777"]  # told once
    assert await office.kept() == 0


async def test_a_text_that_nobody_owns_is_given_up_after_a_day(office: Office, time: FakeClock) -> None:
    await office.push(inbound=[text(destination="777")])

    time.advance(KEPT_S - 1)
    await office.pushed.turn()
    assert await office.kept() == 1
    time.advance(1)
    await office.pushed.turn()

    assert await office.kept() == 0


async def test_its_companions_are_delivered_at_once_and_once(office: Office, time: FakeClock) -> None:
    await office.push(said(None, ref=CarrierRef("M.7")), inbound=[text(), text(key="2", destination="777")])
    time.advance(AGAIN_S)
    await office.pushed.turn()

    assert office.inbound == [("acme", "STOP")]
    time.advance(KEPT_S)
    assert (await office.depot.real.sweep(outgoing_kept_s=9e9, now=time.now)).unmatched == {"alpha": 1}


async def test_a_number_is_shortened_in_the_log(office: Office) -> None:
    with structlog.testing.capture_logs() as logs:
        await office.push(inbound=[text(destination="+4930123456789")])

    assert "4930123456789" not in str(logs)
    assert "STOP" not in str(logs)


# --- what cannot be read ----------------------------------------------------------------------------------------------


async def test_what_cannot_be_read_is_put_aside_for_a_day_and_told_once(office: Office, time: FakeClock) -> None:
    with structlog.testing.capture_logs() as logs:
        await office.depot.real.keep_push("alpha", "", b"secret text", time.now)
        for _ in range(3):
            await office.pushed.turn()
            time.advance(KEPT_S / 3 - 1)
        assert await office.kept() == 1
        time.advance(5)
        await office.pushed.turn()

    assert [line["log_level"] for line in logs] == ["warning"]
    assert "secret text" not in str(logs)
    assert office.counted("pushes_total", result="unreadable") == 1
    assert await office.kept() == 0


async def test_a_bad_row_costs_the_others_nothing(office: Office) -> None:
    number, batch = await office.begin()

    await office.push(said(batch), inbound=[text()], unreadable=1)

    assert [finish.message for finish in office.finished] == [number]
    assert office.inbound == [("acme", "STOP")]
    assert await office.kept() == 1  # to be looked at


async def test_what_was_put_aside_is_not_counted_again_when_it_goes(office: Office, time: FakeClock) -> None:
    await office.push(said(None, ref=CarrierRef("M.7")), unreadable=1)
    time.advance(KEPT_S)
    swept = await office.depot.real.sweep(outgoing_kept_s=9e9, now=time.now)

    await office.pushed.turn()

    time.advance(KEPT_S)
    again = await office.depot.real.sweep(outgoing_kept_s=9e9, now=time.now)
    assert (swept.unmatched, again.unmatched) == ({"alpha": 1}, {})


async def test_a_push_that_came_before_a_long_stop_is_still_read(office: Office, time: FakeClock) -> None:
    number, batch = await office.begin()
    await office.keep(said(batch), inbound=[text(destination="777")])
    time.advance(2 * KEPT_S)

    await office.pushed.turn()

    assert [finish.message for finish in office.finished] == [number]
    assert await office.kept() == 0


async def test_a_push_of_a_carrier_that_is_gone_is_put_aside(office: Office, time: FakeClock) -> None:
    await office.depot.real.keep_push("gone", "", b"x", time.now)

    await office.pushed.turn()

    assert await office.kept() == 1


@pytest.mark.parametrize(
    "poison",
    [
        pytest.param(lambda office: office.depot.real.keep_push("alpha", "", b"bug", office.time.now), id="adapter"),
        pytest.param(lambda office: office.keep(inbound=[text(text="\udc00")]), id="text"),
    ],
)
async def test_a_push_that_meets_a_bug_stops_nobody_and_does_not_come_again_for_ever(
    office: Office, time: FakeClock, poison: Callable[[Office], Any]
) -> None:
    number, batch = await office.begin()
    with structlog.testing.capture_logs() as logs:
        await poison(office)
        await office.keep(said(batch))
        await office.pushed.turn()
        time.advance(LEASE_S)
        await office.pushed.turn()

    assert [finish.message for finish in office.finished] == [number]
    assert [line["event"] for line in logs] == ["push failed, put aside"]
    assert await office.kept() == 1
    time.advance(KEPT_S)
    await office.pushed.turn()
    assert await office.kept() == 0


async def test_a_text_that_no_pdu_can_hold_is_put_aside(office: Office) -> None:
    await office.push(inbound=[text(text="x" * 153 * 256), text(key="2", sender="a sender of more than 20 octets")])

    assert office.inbound == []
    assert await office.kept() == 1


async def test_a_push_and_a_poll_at_once_end_a_message_once(office: Office, time: FakeClock) -> None:
    numbers = await office.depot.submit(40)
    await office.crew.send_all()
    for n in range(40):
        await office.keep(said(BatchId("batch1"), f"4917100{n:05}"))
    time.advance(10)
    office.crew.carrier.reports = [[final(number) for number in numbers]]
    async with office.crew.working(office.crew.poller(), office.pushed):
        await office.depot.scripted.until("report done")
        await office.depot.scripted.until("settle_push done", 40)

    ended = [finish.message for finish in (*office.finished, *office.crew.finished)]
    assert sorted(ended) == sorted(numbers)
    assert len(await office.depot.owed()) == 40


async def test_nothing_is_leased_after_stop(office: Office) -> None:
    office.pushed.stop()

    async with asyncio.timeout(5):
        await office.pushed.run()

    assert "lease_pushes" not in office.depot.scripted.log
