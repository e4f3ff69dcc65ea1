"""Hours of the day in which an account's messages must not be delivered, as a job says them. Pure: no call, no clock.

Retarus knows instants only, and moves a message that falls into a period to its end. So a daily window becomes the
periods that the messages of one job can meet: those from now until a day after their validity.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

DAY_S: Final = 86400.0
SHORTEST_MIN: Final = 60
"""Retarus widens a shorter period to an hour (vendor code, sms/job.go)."""

_DAY: Final = timedelta(days=1)
_DAY_MIN: Final = 1440
_WRITTEN: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d) +(\S{1,64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Window:
    """The same hours of every day, by the clocks of one zone."""

    start: time
    end: time
    """Where it is not after the start: of the following day."""
    zone: ZoneInfo

    @property
    def minutes(self) -> int:
        """How long it is on an ordinary day; 0 where start and end are equal."""
        start, end = (clock.hour * 60 + clock.minute for clock in (self.start, self.end))
        return (end - start) % _DAY_MIN

    def on(self, day: date) -> tuple[float, float]:
        """Return start and end in Unix seconds; where clocks are changed, the longer reading of the two."""
        last = day if self.end > self.start else day + _DAY
        return self._instant(day, self.start, min), self._instant(last, self.end, max)

    def _instant(self, day: date, clock: time, pick: Callable[[float, float], float]) -> float:
        # An hour that comes twice, or never, has two readings.
        return pick(*(datetime.combine(day, clock.replace(fold=fold), self.zone).timestamp() for fold in (0, 1)))


def parse(written: str) -> Window:
    """Read a window such as ``20:00-08:00 Europe/Berlin``.

    Raises:
        ValueError: It is none; says what is wrong.
    """
    match = _WRITTEN.fullmatch(written.strip())
    if match is None:
        raise ValueError(f'{written!r} is no window: write "20:00-08:00 Europe/Berlin"')
    try:
        zone = ZoneInfo(match[5])
    except (LookupError, OSError, ValueError):  # no such name, a folder, no name at all
        raise ValueError(f"{match[5]!r} is no time zone: write one such as Europe/Berlin") from None
    start, end = (time(int(match[place]), int(match[place + 1])) for place in (1, 3))
    window = Window(start, end, zone)
    if window.minutes < SHORTEST_MIN:
        raise ValueError(f"{written!r} is shorter than an hour, which Retarus would make of it")
    return window


def periods(windows: Iterable[Window], now: float, until: float) -> list[str]:
    """Write the periods that touch the time from ``now`` to ``until`` as ISO 8601 intervals, first ones first."""
    found = sorted({period for window in windows for period in _touching(window, now, until)})
    return [f"{_timestamp(start)}/{_timestamp(end)}" for start, end in found]


def _touching(window: Window, now: float, until: float) -> Iterator[tuple[float, float]]:
    day = datetime.fromtimestamp(now, window.zone).date() - _DAY
    last = datetime.fromtimestamp(until, window.zone).date()
    while day <= last:
        start, end = window.on(day)
        if start < until and end > now:
            yield start, end
        day += _DAY


def _timestamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%MZ")
