"""Spans of the day and week, in the local time of their zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from smppgw.core.routing.hours import parse_hours


def at(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("span", "time", "zone", "holds"),
    [
        ("08:00-20:00", "2026-03-02 08:00", "UTC", True),
        ("08:00-20:00", "2026-03-02 07:59", "UTC", False),
        ("08:00-20:00", "2026-03-02 20:00", "UTC", False),  # the end is not in it
        ("08:00-20:00 Europe/Berlin", "2026-03-02 07:30", "UTC", True),  # 08:30 there
        ("08:00-20:00 Europe/Berlin", "2026-07-02 06:30", "UTC", True),  # summer time
        ("mon-fri 08:00-20:00", "2026-02-28 12:00", "UTC", False),  # a Saturday
        ("sat,sun 08:00-20:00", "2026-02-28 12:00", "UTC", True),
        ("fri-mon 08:00-20:00", "2026-03-01 12:00", "UTC", True),  # over the weekend
        ("20:00-08:00", "2026-03-02 23:00", "UTC", True),
        ("20:00-08:00", "2026-03-03 07:59", "UTC", True),
        ("20:00-08:00", "2026-03-03 08:00", "UTC", False),
        ("mon 20:00-08:00", "2026-03-03 07:00", "UTC", True),  # began on Monday
        ("tue 20:00-08:00", "2026-03-03 07:00", "UTC", False),
        ("00:00-24:00", "2026-03-03 23:59", "UTC", True),
        ("mon 00:00-00:00", "2026-03-02 13:00", "UTC", True),
    ],
)
def test_a_span_holds_in_its_own_time(span: str, time: str, zone: str, holds: bool) -> None:
    assert parse_hours(span).hold(at(time, zone)) is holds


@pytest.mark.parametrize(
    ("span", "now", "then"),
    [
        ("08:00-20:00 Europe/Berlin", "2026-03-02 21:00", "2026-03-03 08:00"),
        ("08:00-20:00 Europe/Berlin", "2026-03-02 07:00", "2026-03-02 08:00"),
        ("08:00-20:00 Europe/Berlin", "2026-03-02 12:34", "2026-03-02 12:34"),
        ("mon-fri 08:00-20:00 Europe/Berlin", "2026-02-27 20:00", "2026-03-02 08:00"),
        ("mon 08:00-20:00 Europe/Berlin", "2026-03-02 20:00", "2026-03-09 08:00"),
        ("08:00-20:00 Europe/Berlin", "2026-03-28 21:00", "2026-03-29 08:00"),  # the clocks go forward in between
        ("20:00-08:00 Europe/Berlin", "2026-03-02 12:00", "2026-03-02 20:00"),
    ],
)
def test_what_is_held_goes_at_the_next_beginning(span: str, now: str, then: str) -> None:
    assert parse_hours(span).next_at(at(now, "Europe/Berlin")) == at(then, "Europe/Berlin")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8-20",
        "08:00",
        "08:00-25:00",
        "08:60-09:00",
        "xyz 08:00-09:00",
        "mon-tue-wed 08:00-09:00",
        "08:00-09:00 Here",
    ],
)
def test_anything_else_is_refused_in_plain_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no "):
        parse_hours(text)
