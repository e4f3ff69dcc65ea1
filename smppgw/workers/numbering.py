"""Numbers for submissions, in blocks: one write to the store serves thousands of messages."""

import asyncio
from typing import Final

from smppgw.store.base import Store

_BLOCK: Final = 10_000
"""Numbers reserved at once; a restart loses at most so many of them, and there are enough."""


class Numbering:
    """Hands out numbers that were never given out before."""

    __slots__ = ("_end", "_lock", "_next", "_store")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._next = self._end = 0
        self._lock = asyncio.Lock()

    async def take(self, count: int) -> int:
        """Return the first of ``count`` numbers in a row."""
        if self._end - self._next < count:
            async with self._lock:
                if self._end - self._next < count:
                    self._next = await self._store.reserve_ids(_BLOCK + count)
                    self._end = self._next + _BLOCK + count
        first = self._next
        self._next += count
        return first
