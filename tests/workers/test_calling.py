"""What came of a call is stored with its price, and told."""

import asyncio

import pytest

from smppgw.core.codes import ErrorCode
from smppgw.core.disposition import Disposition, Doubted, Finished, Taken
from smppgw.core.model import Attempt, BatchId, CarrierRef, Message, MessageId, Outcome
from smppgw.core.rates import Exchange, RateCard
from smppgw.store.base import Lease
from smppgw.workers.pricing import Prices
from tests.workers.crewing import Crewing
from tests.workers.fakes import Depot, FakeClock, attempt_for, value_of

CARD = RateCard.parse(["prefix,price,currency", "49,0.05,EUR"], "card")
TAKEN = Taken(CarrierRef("J.1"), 2)


class Call:
    """A call of two messages, on its way."""

    def __init__(self, depot: Depot, time: FakeClock, prices: Prices) -> None:
        self.depot, self.time = depot, time
        self.crew = Crewing(depot, time, prices=prices)
        self.lease: Lease
        self.attempt: Attempt
        self.messages: list[Message]

    async def begin(self, lease_s: float = 60, **changes: int) -> list[MessageId]:
        now, numbers = self.time.now, await self.depot.submit(2, **changes)
        self.lease, found = await self.depot.real.lease("alpha", 10, until=now + lease_s, now=now)
        self.messages = list(found)
        self.attempt = attempt_for(*numbers, batch=BatchId(f"b{numbers[0]}"))
        await self.depot.real.begin(self.attempt, "alpha", self.lease, now)
        return numbers

    async def settle(self, *dispositions: Disposition) -> bool:
        by_id = {message.id: each for message, each in zip(self.messages, dispositions, strict=True)}
        return await self.crew.settlement().settle(
            self.attempt.batch, self.messages, by_id, lease=self.lease, due_at=self.time.now + 5
        )

    def counted(self, name: str, **labels: str) -> float:
        return value_of(self.crew.metrics, name, account="acme", carrier="alpha", **labels)


@pytest.fixture
async def call(depot: Depot, time: FakeClock) -> Call:
    return Call(depot, time, Prices({"alpha": CARD}, Exchange(), "EUR"))


async def test_what_was_taken_is_booked(call: Call) -> None:
    await call.begin()

    assert await call.settle(TAKEN, TAKEN)

    assert (call.counted("messages_total"), call.counted("parts_total")) == (2, 4)
    assert call.counted("cost_total", currency="EUR") == pytest.approx(0.2)


async def test_each_message_of_a_call_counts_for_the_tier_of_the_next(depot: Depot, time: FakeClock) -> None:
    card = RateCard.parse(["price,currency,from_volume", "0.05,EUR,0", "0.01,EUR,2"], "card")
    call = Call(depot, time, Prices({"alpha": card}, Exchange(), "EUR"))
    await call.begin()

    assert await call.settle(TAKEN, TAKEN)

    # two parts at 0.05, then two at 0.01
    assert call.counted("cost_total", currency="EUR") == pytest.approx(0.12)


async def test_calls_that_are_settled_at_once_count_for_each_others_tier(depot: Depot, time: FakeClock) -> None:
    card = RateCard.parse(["price,currency,from_volume", "0.05,EUR,0", "0.01,EUR,4"], "card")
    call = Call(depot, time, Prices({"alpha": card}, Exchange(), "EUR"))
    settlement, settling = call.crew.settlement(), []
    for _ in range(2):
        numbers = await call.begin()
        by_id = dict.fromkeys(numbers, TAKEN)
        settling.append(
            settlement.settle(call.attempt.batch, call.messages, by_id, lease=call.lease, due_at=time.now + 5)
        )

    assert await asyncio.gather(*settling) == [True, True]

    # four parts at 0.05, then four at 0.01
    assert call.counted("cost_total", currency="EUR") == pytest.approx(0.24)


async def test_what_ended_is_told(call: Call) -> None:
    first, _ = await call.begin()

    assert await call.settle(Finished(Outcome.REJECTED, ErrorCode.BLOCKED), Doubted())

    assert [finish.message for finish in call.crew.finished] == [first]
    assert call.counted("messages_total") == 0


async def test_who_is_owed_a_notification_is_told(call: Call) -> None:
    await call.begin(registered_delivery=0x11)

    assert await call.settle(TAKEN, Doubted())

    assert call.crew.owed == ["acme"]


async def test_who_asked_for_none_is_not_told(call: Call) -> None:
    await call.begin()

    assert await call.settle(TAKEN, TAKEN)

    assert call.crew.owed == []


async def test_a_lost_lease_books_and_tells_nothing(call: Call) -> None:
    await call.begin(lease_s=10)
    call.time.advance(11)

    settled = await call.settle(TAKEN, Finished(Outcome.REJECTED, ErrorCode.BLOCKED))

    assert not settled
    assert call.crew.finished == []
    assert (call.counted("messages_total"), call.counted("cost_total", currency="EUR")) == (0, 0)
    assert await call.depot.owed() == []


async def test_an_unknown_price_is_no_price(depot: Depot, time: FakeClock) -> None:
    call = Call(depot, time, Prices({}, Exchange(), "EUR"))
    await call.begin()

    assert await call.settle(TAKEN, TAKEN)

    assert call.counted("messages_total") == 2
    assert call.counted("cost_total", currency="EUR") == 0
