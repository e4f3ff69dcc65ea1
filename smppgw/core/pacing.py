"""How fast something may go: token buckets for accounts (``max_tps``) and carriers (``calls_per_s``).

A bucket grants or refuses; it never waits, and it asks no clock.
"""

_DRIFT = 1e-9
"""Forgiven shortfall in tokens: a thousand times a thousandth of a token is not always a whole one in floats. What was
forgiven stays owed, so that it cannot add up."""


class TokenBucket:
    """Grants ``rate`` tokens a second, and at most ``burst`` at once."""

    __slots__ = ("_at", "_tokens", "burst", "rate")

    def __init__(self, rate: float, burst: float, now: float = 0.0) -> None:
        """Start full.

        Args:
            rate: Tokens per second.
            burst: Most tokens that can be saved up.
            now: Seconds of any clock that the later calls use too.

        Raises:
            ValueError: The rate is not positive, or the burst is under one token.
        """
        if rate <= 0 or burst < 1:
            raise ValueError(f"a bucket of {burst} tokens at {rate}/s never grants one")
        self.rate = rate
        self.burst = burst
        self._tokens = burst
        self._at = now

    def take(self, now: float, n: int = 1) -> bool:
        """Take ``n`` tokens if they are there; more than ``burst`` never are. A clock that steps back adds none."""
        self._fill(now)
        if self._tokens + _DRIFT < n:
            return False
        self._tokens -= n
        return True

    def take_together(self, now: float, n: int) -> bool:
        """Take ``n`` tokens for what cannot be divided: more than ``burst`` are lent where the bucket is full."""
        self._fill(now)
        if self._tokens + _DRIFT < min(n, self.burst):
            return False
        self._tokens -= n
        return True

    def charge(self, now: float, n: int) -> None:
        """Take ``n`` tokens for what has been granted already; those that are not there are lent."""
        self._fill(now)
        self._tokens -= n

    def load(self, now: float) -> float:
        """Return how much of the burst is used up, 0 to 1; more where tokens were lent."""
        self._fill(now)
        return 1.0 - self._tokens / self.burst

    def wait_s(self, now: float) -> float:
        """Return the seconds until one token can be taken; 0 if it can be now."""
        self._fill(now)
        return 0.0 if self._tokens + _DRIFT >= 1 else (1 - self._tokens) / self.rate

    def _fill(self, now: float) -> None:
        # After a step back counting goes on from the new time: until the clock has caught up could be hours.
        self._tokens = min(self.burst, self._tokens + max(0.0, now - self._at) * self.rate)
        self._at = now


class YieldingBucket(TokenBucket):
    """A bucket of carrier calls that gets slower when the carrier says "too many", and finds its way back."""

    __slots__ = ("_full_rate", "_yielded_at")

    SLOWEST = 1 / 16
    """Of the full rate."""
    STEP = 1 / 50
    """Of the full rate, regained with each call that was not throttled."""
    AGAIN_S = 1.0
    """Calls that were in flight together are throttled together, and count as one."""

    def __init__(self, rate: float, burst: float, now: float = 0.0) -> None:
        super().__init__(rate, burst, now)
        self._full_rate = rate
        self._yielded_at = now - self.AGAIN_S

    def give_way(self, now: float) -> None:
        """Halve the rate, and keep no tokens saved up; at most once a second."""
        if now - self._yielded_at < self.AGAIN_S:
            return
        self._fill(now)
        self._yielded_at = now
        self._tokens = min(self._tokens, 1.0)
        self.rate = max(self.rate / 2, self._full_rate * self.SLOWEST)

    def recover(self, now: float) -> None:
        """Come a step nearer to the full rate."""
        if self.rate < self._full_rate:
            self._fill(now)
            self.rate = min(self._full_rate, self.rate + self._full_rate * self.STEP)
