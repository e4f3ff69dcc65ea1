"""Time as the platform counts it: days, clock minutes and hours in UTC+8, without daylight saving. Pure."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Final

BEIJING: Final = timezone(timedelta(hours=8))

_MORNING_HOUR: Final = 8
_EVENING_HOUR: Final = 20
_CLOCKS_APART_S: Final = 120.0
_DATE_VALID_S: Final = 900.0
"""A request is taken up to 15 minutes after its date (``InvalidTimeStamp.Expired``)."""


def day(at: float) -> str:
    """Name the day, ``yyyyMMdd``."""
    return datetime.fromtimestamp(at, BEIJING).strftime("%Y%m%d")


def days_of_sending(at: float, now: float) -> tuple[str, ...]:
    """Days on which a request made at ``at`` may be filed: the likeliest first, none in the future.

    Around midnight these are two: the platform's clock decides, not ours.
    """
    latest = max(min(at + _DATE_VALID_S, now), at)
    return tuple(dict.fromkeys(map(day, (at, at - _CLOCKS_APART_S, latest))))


def next_minute(now: float) -> float:
    """Return the start of the next clock minute, Unix seconds."""
    return (now // 60 + 1) * 60


def next_hour(now: float) -> float:
    """Return the start of the next clock hour, Unix seconds; whole hours are the same in UTC+8."""
    return (now // 3600 + 1) * 3600


def is_night(now: float) -> bool:
    """Whether it is between 20:00 and 8:00, when no promotions are sent."""
    return not _MORNING_HOUR <= datetime.fromtimestamp(now, BEIJING).hour < _EVENING_HOUR


def next_morning(now: float) -> float:
    """Return the next 8:00, Unix seconds."""
    here = datetime.fromtimestamp(now, BEIJING)
    morning = here.replace(hour=_MORNING_HOUR, minute=0, second=0, microsecond=0)
    return (morning if here < morning else morning + timedelta(days=1)).timestamp()


def read_time(text: str) -> float | None:
    """Read ``yyyy-MM-dd HH:mm:ss`` of Beijing (QuerySendDetails) as Unix seconds."""
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING).timestamp()
    except (ValueError, OverflowError):
        return None


def read_mail_date(text: str) -> float | None:
    """Read a date as mail has it (RFC 5322, 3.3; QueryMessage) as Unix seconds; without a zone it is Beijing's."""
    try:
        at = parsedate_to_datetime(text)
        return (at if at.tzinfo else at.replace(tzinfo=BEIJING)).astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        return None
