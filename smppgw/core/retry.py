"""When to try again, as values: backoff between calls, the schedule of status polls, the way out of a doubt.

Pure: the caller brings the time and the jitter.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Delays that grow by a factor up to a ceiling."""

    first_s: float = 1.0
    factor: float = 2.0
    longest_s: float = 300.0

    def delay_s(self, tries: int, jitter: float = 0.5) -> float:
        """Return the wait after ``tries`` failures; ``jitter`` in 0..1 moves it by up to a fifth either way."""
        # The exponent is capped: 2.0 ** 1100 overflows, and every ceiling is reached long before.
        plain = min(self.first_s * self.factor ** min(max(tries - 1, 0), 64), self.longest_s)
        return plain * (0.8 + 0.4 * jitter)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollSchedule:
    """When a carrier is asked for the outcome, and when asking ends (CONTRACT.md section 3)."""

    backoff: Backoff = Backoff(first_s=5.0, factor=1.6, longest_s=300.0)
    deadline_s: float = 49 * 3600.0
    """Seconds after the attempt at which a message without final status ends as UNKNOWN."""

    def next_at(self, polls: int, now: float, jitter: float = 0.5) -> float:
        """Return the time of the next poll after ``polls`` earlier ones."""
        return now + self.backoff.delay_s(polls + 1, jitter)
