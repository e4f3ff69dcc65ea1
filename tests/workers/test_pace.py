"""Workers wait for their pace, and no longer."""

import pytest

from smppgw.core.pacing import TokenBucket
from smppgw.workers.pace import pace, until_due
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
