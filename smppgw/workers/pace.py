"""Wait for a token: the only place where a worker sleeps for its pace."""

import asyncio

from smppgw.core.pacing import TokenBucket
from smppgw.ops.clock import Clock


async def pace(bucket: TokenBucket, clock: Clock) -> None:
    """Take a token, as soon as there is one."""
    while not bucket.take(clock.monotonic()):  # noqa: ASYNC110 - the bucket says how long; nobody could set an event
        await asyncio.sleep(bucket.wait_s(clock.monotonic()))
