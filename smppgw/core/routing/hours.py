"""Times of the day and week in a zone: when a rule holds, and until when it holds a message back."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MINUTES: Final = 24 * 60
_HOURS: Final = re.compile(
    r"(?:(?P<days>[a-z]{3}(?:[-,][a-z]{3})*) )?(?P<from>[0-9]{2}:[0-9]{2})-(?P<to>[0-9]{2}:[0-9]{2})(?: (?P<zone>\S+))?"
)


@dataclass(frozen=True, slots=True)
class Hours:
    """A span of minutes on some days of the week, in local time; one that ends before it begins goes past midnight."""

    days: frozenset[int]
    """Days on which the span begins; Monday is 0."""
    first: int
    """Minute of the day, inclusive."""
    last: int
    """Minute of the day, exclusive; equal to ``first``: the whole day."""
    zone: tzinfo = UTC

    def hold(self, at: float) -> bool:
        """Whether ``at``, Unix seconds, lies within."""
        day, minute = _local(int(at // 60), self.zone)
        if self.first < self.last:
            return day in self.days and self.first <= minute < self.last
        return (day in self.days and minute >= self.first) or ((day - 1) % 7 in self.days and minute < self.last)

    def next_at(self, at: float) -> float:
        """Return the first time from ``at`` on that lies within: ``at`` itself, or the next beginning of the span."""
        if self.hold(at):
            return at
        local = datetime.fromtimestamp(at, self.zone)
        for ahead in range(9):  # a week, and a day for what has begun today
            day = (local + timedelta(days=ahead)).replace(hour=0, minute=0, second=0, microsecond=0)
            begin = day.replace(hour=self.first // 60, minute=self.first % 60).timestamp()
            if day.weekday() in self.days and begin >= at:
                return begin
        return at


@lru_cache(maxsize=256)
def _local(minute: int, zone: tzinfo) -> tuple[int, int]:
    """Return weekday and minute of the day; the messages of a minute share it."""
    local = datetime.fromtimestamp(minute * 60, zone)
    return local.weekday(), local.hour * 60 + local.minute


def parse_hours(text: str) -> Hours:
    """Read ``"mon-fri 08:00-20:00 Europe/Berlin"``; without days every day, without a zone UTC.

    Raises:
        ValueError: It is not written so.
    """
    match = _HOURS.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'{text!r} is no span: write "08:00-20:00" or "mon-fri 08:00-20:00 Europe/Berlin"')
    first, last = _minute(match["from"]), _minute(match["to"])
    return Hours(_days(match["days"]), first, last % _MINUTES, _zone(match["zone"]))


def _minute(text: str) -> int:
    hour, minute = int(text[:2]), int(text[3:])
    if minute > 59 or hour * 60 + minute > _MINUTES:
        raise ValueError(f"{text!r} is no time of a day")
    return hour * 60 + minute


def _days(text: str | None) -> frozenset[int]:
    if text is None:
        return frozenset(range(7))
    found: set[int] = set()
    for span in text.split(","):
        ends = span.split("-")
        if len(ends) > 2 or any(day not in _DAYS for day in ends):
            raise ValueError(f"{span!r} is no day or span of days: {', '.join(_DAYS)}")
        first, last = _DAYS.index(ends[0]), _DAYS.index(ends[-1])
        found.update((first + step) % 7 for step in range((last - first) % 7 + 1))
    return frozenset(found)


def _zone(name: str | None) -> tzinfo:
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f'{name!r} is no time zone: write a name like "Europe/Berlin"') from None
