"""Waiting for another process, always with a bound.

A process of its own sends no event that a test could wait for, so this is the one place where tests look again and
again.
"""

import asyncio
from collections.abc import Awaitable, Callable

LIMIT_S = 30.0
"""For what takes a second on an idle machine."""
_LOOK_S = 0.05


async def until(look: Callable[[], Awaitable[bool]], what: str, limit_s: float = LIMIT_S) -> None:
    """Look until it is true; fail with `what` when that takes too long."""
    try:
        async with asyncio.timeout(limit_s):
            while not await look():  # noqa: ASYNC110 # no event reaches us from there
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        raise AssertionError(f"not within {limit_s:g} s: {what}") from None
