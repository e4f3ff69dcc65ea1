"""The workers wired to each other: a message goes the whole way, and its receipt comes back."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, date
from functools import partial
from pathlib import Path

import pytest

from smppgw.app.crew import Crew, new_batch_id
from smppgw.app.front import Front
from smppgw.carriers.loopback import Loopback, LoopbackConfig
from smppgw.core.bind_rates import BindRate
from smppgw.core.lockout import LockoutRules
from smppgw.core.optout import Consent, Optouts, Wish, Words
from smppgw.core.rates import Exchange, RateCard
from smppgw.core.routing.rules import Match, Rule, candidates
from smppgw.core.routing.table import Router
from smppgw.core.screening import Screens
from smppgw.ops.clock import Clock
from smppgw.smpp import receipt, udh
from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.pdu import CancelSm, DeliverSm, ReplaceSm, SubmitSmResp
from smppgw.smpp.settings import SessionSettings
from smppgw.smpp.tally import Tally
from smppgw.store.sqlite import SqliteStore
from smppgw.workers import dispatch, poll
from smppgw.workers.pricing import Prices
from smppgw.workers.reception import SERVES
from smppgw.workers.reconcile import Reconciler
from tests.workers.fakes import RECIPIENT, FakePasswords, Peer, metrics_for, policy, submit, value_of
from tests.workers.front import ids

ROUTER = Router(
    [
        Rule(name="beta", match=Match(prefixes=("44",)), candidates=candidates("beta")),
        Rule(name="both", match=Match(prefixes=("46",)), candidates=candidates("alpha", "beta")),
        Rule(name="rest", candidates=candidates("alpha")),
    ]
)
CARD = RateCard.parse(["prefix,price,currency", ",0.05,EUR"], "card")


class Billing(Loopback):
    """A carrier that tells what it bills."""

    billing_zone = UTC

    async def billed_parts(self, day: date) -> int | None:
        return 0


class Office:
    """A crew at work, over a real store, with carriers that answer at once."""

    def __init__(self, store: SqliteStore, alpha: type[Loopback] = Loopback) -> None:
        clock = Clock()
        self.clock = clock
        self.optouts = Optouts({})
        self.metrics = metrics_for()
        config = LoopbackConfig(final_delay=0.0, poll_first=0.01)
        policies = {"acme": policy(screens=Screens(words=Words(["STOP"], ["START"])))}
        self.crew = Crew(
            store=store,
            carriers={
                "alpha": alpha("alpha", config, clock=clock.wall),
                "beta": Loopback("beta", config, clock=clock.wall),
            },
            policies=policies,
            router=ROUTER,
            prices=Prices({"alpha": CARD}, Exchange(), "EUR"),
            budgets=(),
            optouts=self.optouts,
            open_front=partial(
                Front,
                store=store,
                policies=policies,
                ids=ids(),
                passwords=FakePasswords(),
                lockout_rules=LockoutRules(),
                bind_rate=BindRate.of(per_s=10.0),
                callees={},
                session_settings=SessionSettings(serves=SERVES),
                tally=Tally(),
                receipt_window=10,
                clock=clock,
                metrics=self.metrics,
            ),
            outgoing_kept_s=1e6,
            messages_kept_s=1e6,
            clock=clock,
            metrics=self.metrics,
        )

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            for worker in self.crew.stoppable:
                tasks.create_task(worker.run())
            receipts = tasks.create_task(self.crew.front.receipts.run())
            try:
                yield
            finally:
                for worker in self.crew.stoppable:
                    worker.stop()
                receipts.cancel()

    async def peer(self) -> Peer:
        peer = Peer(self.crew.front.reception, self.clock, settings=SessionSettings(serves=SERVES))
        assert (await peer.bind()).command_status == CommandStatus.ESME_ROK
        return peer


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    monkeypatch.setattr(dispatch, "IDLE_S", 0.02)
    monkeypatch.setattr(poll, "IDLE_S", 0.005)
    clock = Clock()
    store = await SqliteStore.open(tmp_path / "crew.db", wall=clock.wall, monotonic=clock.monotonic)
    yield Office(store)
    await store.aclose()


async def whole_way(peer: Peer, *submits: object) -> tuple[dict[str, str], list[DeliverSm]]:
    """Take responses and receipts until each submit has both; acknowledge; return stat by id, and the receipts."""
    ids: set[str] = set()
    stats: dict[str, str] = {}
    receipts: list[DeliverSm] = []
    while not (len(ids) == len(submits) and ids == set(stats)):
        for pdu in await peer.got():
            if isinstance(pdu, SubmitSmResp):
                assert pdu.command_status == CommandStatus.ESME_ROK
                ids.add(pdu.message_id)
            elif isinstance(pdu, DeliverSm):
                said = receipt.parse(pdu.short_message)
                assert said is not None
                assert said.message_id in ids, "the receipt came before the response"
                stats[said.message_id] = said.state.name
                receipts.append(pdu)
                peer.acknowledge(pdu)
    return stats, receipts


async def test_a_message_goes_the_whole_way(office: Office) -> None:
    submits = [submit(n, destination_addr=f"49171000{n:04}") for n in range(100, 130)]
    submits.append(submit(1, destination_addr="491710000001"))
    submits.append(submit(2, destination_addr="447700900123"))

    async with office.working():
        peer = await office.peer()
        peer.send(*submits)
        stats, receipts = await whole_way(peer, *submits)

    assert sorted(stats.values()) == ["DELIVERED"] * 31 + ["UNDELIVERABLE"]
    assert len(receipts) == 32
    assert value_of(office.metrics, "messages_total", account="acme", carrier="alpha") == 31
    assert value_of(office.metrics, "messages_total", account="acme", carrier="beta") == 1
    assert value_of(office.metrics, "cost_total", account="acme", carrier="alpha", currency="EUR") == pytest.approx(
        1.55
    )
    assert value_of(
        office.metrics, "part_price_sum", **{"carrier": "alpha", "class": "transactional"}
    ) == pytest.approx(1.55)
    finished = {"account": "acme", "carrier": "alpha", "state": "delivered"}
    assert value_of(office.metrics, "messages_finished_total", **finished) == 30

    office.crew.show_routing()
    assert value_of(office.metrics, "route_decisions_total", rule="rest", result="routed") == 31
    assert value_of(office.metrics, "carrier_delivery_ratio", **{"carrier": "alpha", "class": "transactional"}) == 1


async def test_what_never_left_its_carrier_is_sent_by_the_next_and_billed_by_it_alone(office: Office) -> None:
    """Both alike: beta too takes it and sends it nowhere, and is the last one."""
    submits = [submit(1, destination_addr="467100000004"), submit(2, destination_addr="467100000104")]

    async with office.working():
        peer = await office.peer()
        peer.send(*submits)
        stats, _ = await whole_way(peer, *submits)

    assert sorted(stats.values()) == ["DELIVERED", "UNDELIVERABLE"]
    money = {"account": "acme", "carrier": "alpha", "currency": "EUR"}
    assert value_of(office.metrics, "cost_total", **money) == pytest.approx(0.10)
    assert value_of(office.metrics, "cost_corrections_total", direction="down", **money) == pytest.approx(0.05)
    assert value_of(office.metrics, "messages_passed_on_total", carrier="alpha") == 1
    assert value_of(office.metrics, "messages_total", account="acme", carrier="beta") == 1


async def test_only_a_carrier_that_tells_what_it_bills_is_compared_with_the_ledger(tmp_path: Path) -> None:
    clock = Clock()
    store = await SqliteStore.open(tmp_path / "crew.db", wall=clock.wall, monotonic=clock.monotonic)

    office = Office(store, Billing)

    reconcilers = [worker for worker in office.crew.stoppable if isinstance(worker, Reconciler)]
    assert [worker._name for worker in reconcilers] == ["alpha"]
    await store.aclose()


async def test_who_opts_out_gets_nothing_of_what_waits(office: Office) -> None:
    peer = await office.peer()
    peer.send(submit(1), submit(2, destination_addr="491710000100"))
    await peer.got(2)

    office.optouts.note("acme", Wish(RECIPIENT, Consent.WITHDRAWN))
    async with office.working():
        receipts = await peer.receipts(2)

    said = [receipt.parse(pdu.short_message) for pdu in receipts]
    assert {pdu.source_addr: one and one.state.name for pdu, one in zip(receipts, said, strict=True)} == {
        RECIPIENT: "REJECTED", "491710000100": "DELIVERED",
    }  # fmt: skip


async def test_each_part_of_a_text_gets_its_receipt(office: Office) -> None:
    parts = [submit(n, esm_class=0x40, short_message=udh.encode(udh.of_part(9, 3, n)) + b"part") for n in (3, 1, 2)]

    async with office.working():
        peer = await office.peer()
        peer.send(*parts)
        stats, _ = await whole_way(peer, *parts)

    assert list(stats.values()) == ["DELIVERED"] * 3
    assert value_of(office.metrics, "messages_total", account="acme", carrier="alpha") == 1


async def test_a_reload_holds_from_the_next_message_on(office: Office) -> None:
    async with office.working():
        peer = await office.peer()
        peer.send(submit(4))
        await whole_way(peer, submit(4))
        office.crew.reload(
            {"acme": policy(), "new": policy(system_id="new")},
            Router([Rule(name="all", candidates=candidates("beta"))]),
            Prices({}, Exchange(), "EUR"),
        )
        peer.send(submit(5))
        await whole_way(peer, submit(5))

    assert value_of(office.metrics, "messages_total", account="acme", carrier="beta") == 1
    office.crew.show_routing()
    assert value_of(office.metrics, "route_decisions_total", rule="all", result="routed") == 1
    assert value_of(office.metrics, "route_decisions_total", rule="none", result="routed") == 0


async def test_a_reload_holds_for_the_next_replacement(office: Office) -> None:
    peer = await office.peer()
    peer.send(submit(1))
    (answer,) = await peer.got()
    assert isinstance(answer, SubmitSmResp)

    office.crew.reload(
        {"acme": policy()}, Router([Rule(name="all", candidates=candidates("beta"))]), Prices({}, Exchange(), "EUR")
    )
    peer.send(ReplaceSm(sequence_number=2, message_id=answer.message_id, source_addr="ACME", registered_delivery=1))
    (replaced,) = await peer.got()
    async with office.working():
        told, *_ = await peer.receipts(1)

    assert replaced.command_status == CommandStatus.ESME_ROK
    assert told.short_message.startswith(f"id:{answer.message_id} ".encode())
    assert value_of(office.metrics, "messages_total", account="acme", carrier="beta") == 1


async def test_what_is_cancelled_is_counted_and_told(office: Office) -> None:
    async with office.working():
        peer = await office.peer()
        peer.send(submit(1, schedule_delivery_time="000000010000000R"))
        (answer,) = await peer.got()
        assert isinstance(answer, SubmitSmResp)
        peer.send(CancelSm(sequence_number=2, message_id=answer.message_id, source_addr="ACME"))
        _, told = await peer.got(2)

    assert isinstance(told, DeliverSm)
    deleted = {"account": "acme", "carrier": "none", "state": "deleted"}
    assert value_of(office.metrics, "messages_finished_total", **deleted) == 1


def test_batch_ids_are_unique_and_of_the_form_that_carriers_take() -> None:
    made = {new_batch_id() for _ in range(100)}

    assert len(made) == 100
    assert all(len(batch) <= 32 and batch.isascii() and batch.isalnum() for batch in made)
