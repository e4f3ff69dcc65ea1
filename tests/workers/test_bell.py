"""A bell wakes its waiter once, and remembers one ring."""

import asyncio

from smppgw.workers.bell import Bell
from tests.workers.fakes import WAIT_S


async def test_a_ring_before_the_wait_is_remembered() -> None:
    bell = Bell()
    bell.ring()

    async with asyncio.timeout(WAIT_S):
        await bell.wait(3600.0)


async def test_a_ring_wakes_the_waiter() -> None:
    bell = Bell()
    waiter = asyncio.create_task(bell.wait(3600.0))
    await asyncio.sleep(0)

    bell.ring()

    async with asyncio.timeout(WAIT_S):
        await waiter


async def test_many_rings_wake_once() -> None:
    bell = Bell()
    bell.ring()
    bell.ring()
    await bell.wait(3600.0)

    again = asyncio.create_task(bell.wait(3600.0))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert not again.done()
    again.cancel()


async def test_without_a_ring_the_wait_ends_by_itself() -> None:
    async with asyncio.timeout(WAIT_S):
        await Bell().wait(0.001)
