"""Workers wait for their pace, and no longer."""

import pytest

from smppgw.carriers.base import CarrierLimits
from smppgw.core.pacing import TokenBucket
from smppgw.workers.pace import Occasions, pace, until_due
from tests.workers.fakes import FakeClock


async def test_while_there_are_tokens_nobody_waits(time: FakeClock, pauses: list[float]) -> None:
    bucket = TokenBucket(10, burst=3, now=time.ticked)

    for _ in range(3):
        await pace(bucket, time.clock)

    assert pauses == []


async def test_without_a_token_the_wait_is_until_the_next(time: FakeClock, pauses: list[float]) -> None:
    bucket = TokenBucket(10, burst=1, now=time.ticked)

    for _ in range(3):
        await pace(bucket, time.clock)

    assert pauses[0] == pytest.approx(0.1)
    assert sum(pauses) == pytest.approx(0.2)


async def test_waiting_alone_takes_nothing(time: FakeClock) -> None:
    bucket = TokenBucket(10, burst=1, now=time.ticked)
    bucket.take(time.ticked)

    await until_due(bucket, time.clock)

    assert bucket.take(time.ticked)


def test_where_nothing_is_said_calls_of_several_are_not_scarce(time: FakeClock) -> None:
    occasions = Occasions(CarrierLimits(max_messages=100), time.clock)

    assert not occasions.are_scarce
    assert [occasions.take() for _ in range(3)] == [True] * 3


def test_a_scarce_occasion_is_taken_once(time: FakeClock) -> None:
    occasions = Occasions(CarrierLimits(max_messages=100, batches_per_s=1.0), time.clock)

    taken = [occasions.take(), occasions.take()]
    time.advance(1.0)

    assert [*taken, occasions.take()] == [True, False, True]


async def test_only_a_call_of_several_waits_for_an_occasion(time: FakeClock, pauses: list[float]) -> None:
    occasions = Occasions(CarrierLimits(max_messages=100, batches_per_s=1.0), time.clock)
    occasions.take()

    await occasions.wait(1)
    single = list(pauses)
    await occasions.wait(2)

    assert single == []
    assert sum(pauses) == pytest.approx(1.0)
