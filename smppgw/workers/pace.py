"""The only place where workers sleep: for their pace, and until the store takes writes again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog

from smppgw.carriers.base import CarrierLimits
from smppgw.core.pacing import TokenBucket
from smppgw.ops.clock import Clock
from smppgw.store.base import LeaseLostError, StoreError, StoreFailedError

_log = structlog.get_logger()

T = TypeVar("T")

STORE_AGAIN_S: Final = 0.5


async def pace(bucket: TokenBucket, clock: Clock) -> None:
    """Take a token, as soon as there is one."""
    while not bucket.take(clock.monotonic()):
        await until_due(bucket, clock)


async def until_due(bucket: TokenBucket, clock: Clock) -> None:
    """Wait until there is a token, and leave it there."""
    while (wait_s := bucket.wait_s(clock.monotonic())) > 0:  # noqa: ASYNC110 - nobody could set an event
        await asyncio.sleep(wait_s)


class Occasions:
    """When a call of several messages may go, for all who make calls of one carrier together."""

    def __init__(self, limits: CarrierLimits, clock: Clock) -> None:
        """Start with one occasion; ``are_scarce`` is False where such calls may go as often as any."""
        self.are_scarce = limits.batches_per_s is not None
        self._clock = clock
        self._bucket = TokenBucket(limits.batches_per_s or 1.0, 1, clock.monotonic())

    def take(self) -> bool:
        """Take the occasion, if there is one now."""
        return not self.are_scarce or self._bucket.take(self._clock.monotonic())

    async def wait(self, messages: int) -> None:
        """Wait until a call of so many messages may go."""
        if self.are_scarce and messages > 1:
            await pace(self._bucket, self._clock)


async def store_while_leased(write: Callable[[], Awaitable[T]], *, until: float, clock: Clock) -> T:
    """Write what must not be forgotten: a disk that is full for a moment must not turn a verdict into a doubt.

    Args:
        write: A verb of the store; when it raises, nothing was written, so it may be called again.
        until: Unix seconds, end of the lease; afterwards the last error is raised.
        clock: Time.

    Raises:
        StoreError: It could not be written as long as the lease lasted, or cannot be at all.
    """
    while True:
        try:
            return await write()
        except (LeaseLostError, StoreFailedError):
            raise
        except StoreError as fault:
            if clock.wall() + STORE_AGAIN_S >= until:
                raise
            _log.warning("store refuses a write, tried again", reason=str(fault))
        await asyncio.sleep(STORE_AGAIN_S)
