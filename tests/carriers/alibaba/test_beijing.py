"""Beijing days, clock windows and dates."""

from datetime import UTC, datetime

import pytest

from smppgw.carriers.alibaba.beijing import (
    day,
    days_of_sending,
    is_night,
    next_hour,
    next_minute,
    next_morning,
    read_mail_date,
    read_time,
)


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> float:
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (utc(2026, 1, 2, 15, 59, 59), "20260102"),
        (utc(2026, 1, 2, 16, 0, 0), "20260103"),
        (utc(2025, 12, 31, 16), "20260101"),
    ],
)
def test_a_day_begins_at_sixteen_utc(at: float, expected: str) -> None:
    assert day(at) == expected


@pytest.mark.parametrize(
    ("at", "now", "expected"),
    [
        # Midnight in Beijing is 16:00 UTC.
        (utc(2026, 1, 2, 3), utc(2026, 1, 4), ("20260102",)),
        (utc(2026, 1, 2, 15, 46), utc(2026, 1, 2, 17), ("20260102", "20260103")),
        (utc(2026, 1, 2, 15, 44), utc(2026, 1, 2, 17), ("20260102",)),
        (utc(2026, 1, 2, 16, 1), utc(2026, 1, 2, 17), ("20260103", "20260102")),
        (utc(2026, 1, 2, 16, 3), utc(2026, 1, 2, 17), ("20260103",)),
        # Asked before midnight: the next day is in the future, and the platform refuses that.
        (utc(2026, 1, 2, 15, 59), utc(2026, 1, 2, 15, 59, 30), ("20260102",)),
        # Our clock was set back since.
        (utc(2026, 1, 2, 15, 59), utc(2026, 1, 1), ("20260102",)),
    ],
)
def test_an_attempt_near_midnight_is_filed_on_either_day(at: float, now: float, expected: tuple[str, ...]) -> None:
    assert days_of_sending(at, now) == expected


def test_windows_end_with_the_clock() -> None:
    now = utc(2026, 1, 2, 14, 3, 17)

    assert (next_minute(now), next_hour(now)) == (utc(2026, 1, 2, 14, 4), utc(2026, 1, 2, 15))


def test_a_full_minute_is_followed_by_the_next() -> None:
    assert next_minute(utc(2026, 1, 2, 14, 3)) == utc(2026, 1, 2, 14, 4)


def test_a_time_without_zone_is_that_of_beijing() -> None:
    assert read_time("2019-01-08 16:44:13") == utc(2019, 1, 8, 8, 44, 13)


@pytest.mark.parametrize("text", ["", "2019-01-08", "2019-13-08 16:44:13", "2019-01-08T16:44:13", "x" * 5000])
def test_what_is_no_time_is_nothing(text: str) -> None:
    assert read_time(text) is None


@pytest.mark.parametrize("text", ["Mon, 24 Dec 2018 16:58:22 +0800", "24 Dec 2018 16:58:22"])
def test_a_mail_date_has_a_zone_or_is_that_of_beijing(text: str) -> None:
    assert read_mail_date(text) == utc(2018, 12, 24, 8, 58, 22)


@pytest.mark.parametrize("text", ["", "yesterday", "Mon, 99 Dec 2018 16:58:22 +0800", "31 Dec 9999 23:59:59 -2359"])
def test_what_is_no_mail_date_is_nothing(text: str) -> None:
    assert read_mail_date(text) is None


@pytest.mark.parametrize(
    ("at", "night", "morning"),
    [
        ("2026-01-02 07:59:59", True, "2026-01-02 08:00:00"),
        ("2026-01-02 08:00:00", False, "2026-01-03 08:00:00"),
        ("2026-01-02 19:59:59", False, "2026-01-03 08:00:00"),
        ("2026-01-02 20:00:00", True, "2026-01-03 08:00:00"),
        ("2026-12-31 23:59:59", True, "2027-01-01 08:00:00"),
    ],
)
def test_the_night_is_from_eight_to_eight(at: str, night: bool, morning: str) -> None:
    now = read_time(at)

    assert now is not None
    assert is_night(now) is night
    assert next_morning(now) == read_time(morning)
