"""SMPP's times, `YYMMDDhhmmsstnnp` (SMPP 3.4, 7.1.1), to and from Unix seconds.

Strict: a validity misread is a message lost or sent late, so what the specification does not allow is refused with a
reason. No clock here: `now` is an argument.
"""

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import Final

_TIME: Final = re.compile(r"([0-9]{2})" * 6 + r"([0-9])([0-9]{2})([-+R])")
_QUARTER_HOUR_S: Final = 900
_MAX_QUARTER_HOURS: Final = 48
_RELATIVE_MAXIMA: Final = (99, 12, 31, 23, 59, 59)
"""Years, months, days, hours, minutes, seconds (SMPP 3.4, 7.1.1; here a month or a day may be 0)."""


class TimeError(ValueError):
    """A time that cannot be; a session answers ESME_RINVSCHED (0x61) or ESME_RINVEXPIRY (0x62)."""

    def __init__(self, value: str, reason: str) -> None:
        """Keep the field as the peer wrote it, and what is wrong with it."""
        super().__init__(value, reason)
        self.value = value
        self.reason = reason

    def __str__(self) -> str:
        return f"time {self.value!r}: {self.reason}"


def parse(value: str, now: float) -> float | None:
    """Read a schedule_delivery_time or validity_period: Unix seconds, or None for the empty string.

    The year of an absolute time has two digits: of all centuries the one is taken that brings it nearest to now. A
    relative time counts calendar years and months in UTC, and the day is cut to the length of the month. A time in the
    past is a time; whether that is a fault is the caller's business.

    Raises:
        TimeError: not the format, a field out of its range, no such day, or beyond the year 9999.
    """
    if not value:
        return None
    match = _TIME.fullmatch(value)
    if match is None:
        raise TimeError(value, "not YYMMDDhhmmsstnnp")
    *calendar, tenths, quarter_hours = (int(digits) for digits in match.groups()[:-1])
    today = datetime.fromtimestamp(now, UTC)
    try:
        if match[9] == "R":
            return _after(today, calendar)
        return _absolute(today.year, calendar).timestamp() + tenths / 10 - _ahead_s(quarter_hours, match[9])
    except (ValueError, OverflowError) as error:
        raise TimeError(value, str(error)) from error


def _absolute(this_year: int, calendar: list[int]) -> datetime:
    year, month, day, hour, minute, second = calendar
    nearest = this_year + (year - this_year + 50) % 100 - 50
    return datetime(nearest, month, day, hour, minute, second, tzinfo=UTC)


def _ahead_s(quarter_hours: int, sign: str) -> int:
    if quarter_hours > _MAX_QUARTER_HOURS:
        raise ValueError(f"{quarter_hours} quarter hours from UTC")
    return quarter_hours * _QUARTER_HOUR_S * (1 if sign == "+" else -1)


def _after(today: datetime, calendar: list[int]) -> float:
    if any(field > maximum for field, maximum in zip(calendar, _RELATIVE_MAXIMA, strict=True)):
        raise ValueError("a field out of its range")
    years, months, days, hours, minutes, seconds = calendar
    years_more, month0 = divmod(today.month - 1 + months, 12)
    year, month = today.year + years + years_more, month0 + 1
    day = min(today.day, monthrange(year, month)[1])
    start = today.replace(year=year, month=month, day=day)
    return (start + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)).timestamp()


def format_absolute(at: float, quarter_hours: int = 0) -> str:
    """Write a time as `YYMMDDhhmmsstnnp`, to the nearest tenth of a second.

    Args:
        at: Unix seconds.
        quarter_hours: how far the written local time is ahead of UTC, -48 to 48.

    Raises:
        ValueError: no such offset.
    """
    if abs(quarter_hours) > _MAX_QUARTER_HOURS:
        raise ValueError(f"{quarter_hours} quarter hours from UTC")
    seconds, tenths = divmod(round(at * 10), 10)
    local = datetime.fromtimestamp(seconds, UTC) + timedelta(seconds=quarter_hours * _QUARTER_HOUR_S)
    sign = "-" if quarter_hours < 0 else "+"
    return f"{local:%y%m%d%H%M%S}{tenths}{abs(quarter_hours):02}{sign}"
