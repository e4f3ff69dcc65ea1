"""Budgets at work: who is refused with what, what is held, and that many binds at once never share a rest."""

import asyncio
import random
from collections import Counter
from typing import Any

import pytest
import structlog

from smppgw.core.budgets import AtLimit, Budget, Period, Scope, Unpriced
from smppgw.core.codes import ErrorCode
from smppgw.core.disposition import Finished, Taken
from smppgw.core.model import BatchId, Cost, DropKind, Dropped, Outcome
from smppgw.core.rates import Exchange, RateCard
from smppgw.smpp import udh
from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.fields import SmeAddress
from smppgw.smpp.pdu import Pdu, ReplaceSm, SubmitMulti, SubmitMultiResp, SubmitSm, SubmitSmResp
from smppgw.store.base import StoreError
from smppgw.workers.pricing import Prices
from tests.workers.fakes import START, Depot, FakeClock, Peer, attempt_for, policy, submit, value_of
from tests.workers.front import Front

OK, FAILED = CommandStatus.ESME_ROK, CommandStatus.ESME_RSUBMITFAIL
PRICE = 50_000
"""Of a part by alpha; by beta it is twice that."""
CARDS = {
    name: RateCard.parse(["prefix,price,currency", f",{price},EUR"], name)
    for name, price in (("alpha", "0.05"), ("beta", "0.10"))
}
PRICES = Prices(CARDS, Exchange(), "EUR")
MIDNIGHT = 1_700_006_400.0


def budget(parts: int = 10, **changes: Any) -> Budget:
    """So many parts by the dearest candidate, which is beta."""
    made: dict[str, Any] = {
        "scope": Scope.ACCOUNT,
        "name": "acme",
        "period": Period.DAY,
        "limit": 2 * parts * PRICE,
        "status": FAILED,
    }
    return Budget(**made | changes)


def front_with(depot: Depot, time: FakeClock, *budgets: Budget, prices: Prices = PRICES, **changes: Any) -> Front:
    return Front(depot, time, policies={"acme": policy(**changes)}, budgets=budgets, cards=prices)


async def answers(peer: Peer, *pdus: Pdu) -> list[int]:
    peer.send(*pdus)
    return [pdu.command_status for pdu in sorted(await peer.got(len(pdus)), key=lambda pdu: pdu.sequence_number)]


def some(count: int, **changes: Any) -> list[SubmitSm]:
    return [submit(number, **changes) for number in range(1, count + 1)]


async def settle(depot: Depot, *costs: int | None, carrier: str = "alpha", **ending: Any) -> None:
    """Let one call with all that is queued for a carrier be taken at these costs, or end so."""
    now = depot.time.now
    lease, messages = await depot.real.lease(carrier, 1000, until=now + 60, now=now)
    numbers = [message.id for message in messages]
    attempt = attempt_for(*numbers, batch=BatchId(f"of {numbers[0]}"))
    await depot.real.begin(attempt, carrier, lease, now)
    fates = {
        number: ending.get("end") or Taken(None, 1, None if cost is None else Cost(cost, "EUR", cost))
        for number, cost in zip(numbers, costs or [None] * len(numbers), strict=True)
    }
    await depot.real.settle(attempt.batch, fates, lease=lease, now=now, due_at=now + 5)


# --- at the limit -----------------------------------------------------------------------------------------------------


async def test_what_fits_is_taken_and_the_rest_is_refused_with_the_status(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, budget(3, status=0x400))
    peer = await front.bound_peer()

    got = await answers(peer, *some(5))

    assert got == [OK, OK, OK, 0x400, 0x400]
    assert value_of(front.metrics, "budget_refused_total", scope="account", name="acme", period="day") == 2


async def test_fifty_binds_at_once_do_not_share_a_rest(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, budget(120), max_binds=50)
    peers = [await front.bound_peer() for _ in range(50)]
    gate = depot.scripted.hold("accept")

    for peer in peers:  # none of them is stored before all have come
        peer.send(*some(4))
    gate.set()
    got = Counter([pdu.command_status for peer in peers for pdu in await peer.got(4)])

    assert got == {OK: 120, FAILED: 80}
    assert await depot.stages() == {"queued": 120}


async def test_a_part_costs_a_part(depot: Depot, time: FakeClock) -> None:
    peer = await front_with(depot, time, budget(4)).bound_peer()
    two_parts = {"short_message": b"x" * 200}

    assert await answers(peer, *some(2, **two_parts), submit(3)) == [OK, OK, FAILED]


async def test_a_destination_of_several_that_does_not_fit_is_named(depot: Depot, time: FakeClock) -> None:
    peer = await front_with(depot, time, budget(2)).bound_peer()
    numbers = ("491710000001", "491710000002", "491710000003")
    several = tuple(SmeAddress(dest_addr_ton=1, dest_addr_npi=1, destination_addr=number) for number in numbers)

    peer.send(SubmitMulti(sequence_number=1, source_addr="ACME", dest_address=several, short_message=b"hello"))
    (answer,) = await peer.got()

    assert isinstance(answer, SubmitMultiResp)
    assert answer.command_status == OK
    refused = [(one.destination_addr, one.error_status_code) for one in answer.unsuccess_sme]
    assert refused == [("491710000003", FAILED)]


async def test_held_messages_wait_for_the_next_day_and_use_up_that_one(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, budget(2, at_limit=AtLimit.HOLD), validity_s=86_400.0)
    peer = await front.bound_peer()

    assert await answers(peer, *some(5)) == [OK, OK, OK, OK, FAILED]  # two days, and the third is too far
    assert await depot.stages() == {"queued": 2, "scheduled": 2}

    time.now = MIDNIGHT
    await depot.real.sweep(outgoing_kept_s=1e6, now=time.now)
    await front.spending.look()

    assert await depot.stages() == {"queued": 4}
    assert value_of(front.metrics, "budget_used_ratio", scope="account", name="acme", period="day") == 1.0


async def test_the_cheaper_candidate_goes_on_where_the_dearer_no_longer_fits(depot: Depot, time: FakeClock) -> None:
    peer = await front_with(depot, time, budget(1)).bound_peer()

    assert await answers(peer, submit(1)) == [OK]  # 0.10 reserved for beta
    await settle(depot, PRICE)  # 0.05 by alpha: as much is left
    front = front_with(depot, time, budget(1))
    await front.spending.look()
    peer = await front.bound_peer()
    assert await answers(peer, *some(2)) == [OK, FAILED]

    _, (message,) = await depot.real.lease("alpha", 9, until=time.now + 9, now=time.now)
    assert message.decision is not None
    assert message.decision.carriers == ("alpha",)
    assert message.decision.dropped == (
        Dropped("beta", "the day budget of account acme is used up", DropKind.OVER_BUDGET),
    )


async def test_the_budget_of_a_carrier_leaves_its_messages_to_the_next(depot: Depot, time: FakeClock) -> None:
    of_alpha = budget(scope=Scope.CARRIER, name="alpha", limit=2 * PRICE)
    front = front_with(depot, time, of_alpha)
    peer = await front.bound_peer()

    assert await answers(peer, *some(3)) == [OK] * 3

    assert Counter(front.queued) == {"alpha": 1, "beta": 1}
    _, by_beta = await depot.real.lease("beta", 9, until=time.now + 9, now=time.now)
    assert len(by_beta) == 1
    assert front.tally.drops == {("german", "alpha", DropKind.OVER_BUDGET): 1}


@pytest.mark.parametrize(("unpriced", "status"), [(Unpriced.ALLOW, OK), (Unpriced.REFUSE, FAILED)])
async def test_what_has_no_price_follows_the_written_rule(
    depot: Depot, time: FakeClock, unpriced: Unpriced, status: int
) -> None:
    nothing = Prices({}, Exchange(), "EUR")
    peer = await front_with(depot, time, budget(unpriced=unpriced), prices=nothing).bound_peer()

    assert await answers(peer, submit(1)) == [status]


async def test_another_account_is_none_of_its_business(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, budget(1, name="bolt"))
    peer = await front.bound_peer()

    assert await answers(peer, *some(5)) == [OK] * 5
    assert await depot.real.spent([budget(name="bolt").pot(time.now)]) == {}


# --- long texts, replacements -----------------------------------------------------------------------------------------


def parts(first: int) -> list[SubmitSm]:
    return [
        submit(first + n, esm_class=0x40, short_message=udh.encode(udh.of_part(first, 2, n + 1)) + b"x" * 150)
        for n in range(2)
    ]


async def test_a_text_of_several_parts_is_paid_when_it_is_whole_and_ends_with_a_code_where_it_cannot(
    depot: Depot, time: FakeClock
) -> None:
    front = front_with(depot, time, budget(2))
    peer = await front.bound_peer()

    assert await answers(peer, *parts(1), *parts(3)) == [OK] * 4

    (ended,) = front.finished
    assert (ended.outcome, ended.error) == (Outcome.REJECTED, ErrorCode.BUDGET_SPENT)
    assert await depot.stages() == {"queued": 1}


async def test_a_replacement_that_does_not_fit_is_refused_and_the_old_text_stays(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, budget(2), validity_s=86_400.0)
    peer = await front.bound_peer()
    peer.send(submit(1))
    (answer,) = await peer.got()
    assert isinstance(answer, SubmitSmResp)
    new = ReplaceSm(sequence_number=2, message_id=answer.message_id, source_addr="ACME", short_message=b"new")
    used_up = front_with(depot, time, budget(2))
    await used_up.spending.look()
    assert await answers(await used_up.bound_peer(), submit(1)) == [OK]
    await front.spending.look()

    assert await answers(peer, new) == [CommandStatus.ESME_RREPLACEFAIL]
    time.now = MIDNIGHT
    assert await answers(peer, new) == [OK]
    await front.spending.look()
    assert await answers(peer, *some(2)) == [OK, FAILED]


# --- what comes back --------------------------------------------------------------------------------------------------


async def test_what_the_store_refuses_is_free_again(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, budget(1))
    peer = await front.bound_peer()
    depot.scripted.fail("accept", StoreError("no"))

    assert await answers(peer, submit(1)) == [CommandStatus.ESME_RSYSERR]
    assert await answers(peer, submit(2)) == [FAILED]  # nobody has asked the store since
    await front.spending.look()

    assert await answers(peer, submit(3)) == [OK]


async def test_what_ends_without_a_carrier_is_free_again(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, budget(1))
    peer = await front.bound_peer()
    assert await answers(peer, *some(2)) == [OK, FAILED]

    await settle(depot, end=Finished(Outcome.REJECTED, ErrorCode.BLOCKED))
    await front.spending.look()

    assert await answers(peer, submit(3)) == [OK]


async def test_a_look_while_something_is_being_stored_does_not_forget_it(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, budget(1))
    first, second = await front.bound_peer(), await front.bound_peer()
    gate = depot.scripted.hold("accept")

    first.send(submit(1))
    await depot.scripted.until("accept")
    await front.spending.look()

    assert await answers(second, submit(1)) == [FAILED]
    gate.set()
    assert [pdu.command_status for pdu in await first.got()] == [OK]


async def test_where_somebody_else_was_faster_the_answer_is_a_temporary_one(depot: Depot, time: FakeClock) -> None:
    """Another node of the same store, or a failover after acceptance."""
    here, there = (front_with(depot, time, budget(1)) for _ in range(2))
    peer, other = await here.bound_peer(), await there.bound_peer()
    assert await answers(other, submit(1)) == [OK]

    assert await answers(peer, submit(1)) == [CommandStatus.ESME_RSYSERR]
    await here.spending.look()

    assert await answers(peer, submit(2)) == [FAILED]


async def test_after_a_restart_everything_is_known(depot: Depot, time: FakeClock) -> None:
    peer = await front_with(depot, time, budget(3)).bound_peer()
    assert await answers(peer, *some(2)) == [OK, OK]

    front = front_with(depot, time, budget(3))
    await front.spending.look()

    assert await answers(await front.bound_peer(), *some(2)) == [OK, FAILED]


async def test_a_reload_changes_the_limit_and_keeps_what_is_used(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, budget(3))
    peer = await front.bound_peer()
    assert await answers(peer, *some(3)) == [OK] * 3

    front.spending.reload([budget(4)], PRICES)
    assert await answers(peer, *some(2)) == [OK, FAILED]

    front.spending.reload([], PRICES)
    assert await answers(peer, *some(2)) == [OK, OK]
    await front.spending.look()
    shown = front.metrics.exposition().decode()
    assert "budget_used_ratio{" not in shown


async def test_a_faulty_look_leaves_the_last_figures(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, budget(1))
    peer = await front.bound_peer()
    assert await answers(peer, submit(1)) == [OK]
    depot.scripted.fail("spent", StoreError("no"))

    with pytest.raises(StoreError):
        await front.spending.look()

    assert await answers(peer, submit(2)) == [FAILED]
    await front.spending.look()
    assert await answers(peer, submit(3)) == [FAILED]


# --- who is told ------------------------------------------------------------------------------------------------------


async def test_somebody_is_told_once_a_period_that_a_budget_runs_out(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, budget(10, warn_pct=80))
    peer = await front.bound_peer()

    with structlog.testing.capture_logs() as log:
        await answers(peer, *some(7))
        await front.spending.look()
        assert not [event for event in log if event["event"] == "budget runs out"]
        await answers(peer, submit(8))
        for _ in range(3):
            await front.spending.look()
        time.now = MIDNIGHT
        await answers(peer, *some(9))
        await front.spending.look()

    told = [event for event in log if event["event"] == "budget runs out"]
    assert [(one["scope"], one["name"], one["period"], one["used_pct"]) for one in told] == [
        ("account", "acme", "day", 80),
        ("account", "acme", "day", 90),
    ]
    assert value_of(front.metrics, "budget_used_ratio", scope="account", name="acme", period="day") == 0.9


async def test_the_worker_looks_until_it_is_stopped(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, budget(1))
    depot.scripted.fail("spent", StoreError("no"))
    task = asyncio.create_task(front.spending.run())

    await depot.scripted.until("spent", 1)
    front.spending.bell.ring()
    await depot.scripted.until("spent done", 1)
    front.spending.stop()

    async with asyncio.timeout(5):
        await task


# --- any prices -------------------------------------------------------------------------------------------------------


async def test_with_any_prices_and_fates_no_more_is_spent_than_there_is(depot: Depot, time: FakeClock) -> None:
    rng = random.Random(5)
    card = [f"4917100{n:02},{rng.randrange(10, 300) / 1000:.3f},EUR" for n in range(20)]
    dearer = [f"4917100{n:02},{rng.randrange(10, 500) / 1000:.3f},EUR" for n in range(20)]
    cards = {
        name: RateCard.parse(["prefix,price,currency", *rows], name)
        for name, rows in (("alpha", card), ("beta", dearer))
    }
    prices = Prices(cards, Exchange(), "EUR")
    budgets = [
        budget(limit=5_000_000, at_limit=AtLimit.CHEAPER),
        budget(limit=3_000_000, scope=Scope.CARRIER, name="beta"),
    ]
    front = Front(depot, time, policies={"acme": policy()}, budgets=budgets, cards=prices)
    peer = await front.bound_peer()
    spent: Counter[str] = Counter()
    taken = 0

    for _ in range(12):
        await answers(peer, *some_to(rng, 15))
        for carrier in ("alpha", "beta"):
            now = time.now
            lease, messages = await depot.real.lease(carrier, 1000, until=now + 60, now=now)
            if not messages:
                continue
            attempt = attempt_for(*(message.id for message in messages), batch=BatchId(f"of {messages[0].id}"))
            await depot.real.begin(attempt, carrier, lease, now)
            fates = {}
            for message in messages:
                cost = prices.of(
                    carrier, message.recipient, message.country, message.traffic_class, message.parts, now, 0
                )
                assert cost is not None
                refused = rng.random() < 0.2
                fates[message.id] = Finished(Outcome.REJECTED, ErrorCode.BLOCKED) if refused else Taken(None, 1, cost)
                spent[carrier] += 0 if refused else cost.reporting_micros
                taken += not refused
            await depot.real.settle(attempt.batch, fates, lease=lease, now=now, due_at=now + 5)
        await front.spending.look()

    assert spent["beta"] <= 3_000_000
    assert 4_500_000 < spent.total() <= 5_000_000
    used = await depot.real.spent([one.pot(START) for one in budgets])
    assert [used[one.pot(START)] for one in budgets] == [spent.total(), spent["beta"]]
    assert taken > 20


def some_to(rng: random.Random, count: int) -> list[SubmitSm]:
    return [submit(n, destination_addr=f"4917100{rng.randrange(20):02}12345"[:12]) for n in range(1, count + 1)]
