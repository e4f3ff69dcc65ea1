"""Which submit goes next, and whether its time has come. No clock of its own."""


class Supply:
    """Hands out the places of a run's messages, each once, never faster than the rate."""

    def __init__(self, messages: int, rate: float | None) -> None:
        """Hold the places 0 to `messages` - 1; `rate` is in messages per second, None for no limit."""
        self._messages = messages
        self._rate = rate
        self._taken = 0
        self._started_at: float | None = None

    @property
    def empty(self) -> bool:
        """Whether all were handed out."""
        return self._taken >= self._messages

    def take(self, wanted: int, now: float) -> range:
        """Up to `wanted` places that may be sent now; the first call starts the clock of the rate."""
        if self._started_at is None:
            self._started_at = now
        due = self._messages
        if self._rate is not None:
            due = min(due, 1 + int((now - self._started_at) * self._rate))
        first = self._taken
        self._taken = max(first, min(first + wanted, due))
        return range(first, self._taken)
