"""How one worker wakes another: a bell that remembers one ring."""

import asyncio


class Bell:
    """Rung any number of times, it wakes its one waiter once."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake the waiter, now or as soon as it waits."""
        self._event.set()

    async def wait(self, timeout_s: float) -> None:
        """Wait for a ring, or for the time to pass."""
        if not self._event.is_set():
            try:
                async with asyncio.timeout(timeout_s):
                    await self._event.wait()
            except TimeoutError:
                pass
        self._event.clear()
