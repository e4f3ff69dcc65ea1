"""The only place that asks the machine for the time. Everybody else gets a `Clock`, or just `now`, as an argument."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Two clocks: one for records, one for durations. A test hands in its own."""

    wall: Callable[[], float] = time.time
    """Unix seconds; may jump. For records only."""
    monotonic: Callable[[], float] = time.monotonic
    """Seconds since some moment; never jumps. For timers and durations."""
