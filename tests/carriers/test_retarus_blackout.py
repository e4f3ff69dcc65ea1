"""Hours without delivery, from the clocks of a zone to the instants that Retarus takes."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smppgw.carriers.retarus.blackout import DAY_S, Window, parse, periods

NIGHT = parse("20:00-08:00 Europe/Berlin")
LUNCH = parse("12:00-13:00 Europe/Berlin")


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("written", "minutes"),
    [
        ("20:00-08:00 Europe/Berlin", 720),
        ("12:00-13:00 UTC", 60),
        ("  00:00-23:00   Asia/Kolkata ", 1380),
        ("23:59-00:59 America/New_York", 60),
    ],
)
def test_a_window_is_written_as_hours_and_a_zone(written: str, minutes: int) -> None:
    assert parse(written).minutes == minutes


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("20:00-08:00", "write"),
        ("8-20 UTC", "write"),
        ("24:00-08:00 UTC", "write"),
        ("20:60-08:00 UTC", "write"),
        ("", "write"),
        ("20:00-08:00 Europe/Berlin extra", "write"),
        ("２0:00-08:00 UTC", "write"),
        ("20:00-08:00 Europe/Atlantis", "time zone"),
        ("20:00-08:00 Europe", "time zone"),
        ("20:00-08:00 ../../etc/passwd", "time zone"),
        ("20:00-20:30 UTC", "shorter than an hour"),
        ("20:00-20:00 UTC", "shorter than an hour"),
    ],
)
def test_anything_else_is_refused_in_plain_words(written: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        parse(written)


def test_a_night_is_said_in_utc() -> None:
    # Berlin is an hour ahead in November.
    found = periods([NIGHT], at("2023-11-14T12:00:00Z"), at("2023-11-16T00:00:00Z"))

    assert found == ["2023-11-14T19:00Z/2023-11-15T07:00Z", "2023-11-15T19:00Z/2023-11-16T07:00Z"]


def test_a_period_that_has_begun_is_said_whole() -> None:
    # Half an hour of it would be made an hour, and so end later.
    found = periods([NIGHT], at("2023-11-15T06:30:00Z"), at("2023-11-15T10:00:00Z"))

    assert found == ["2023-11-14T19:00Z/2023-11-15T07:00Z"]


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2023-11-15T07:00:00Z", "2023-11-15T19:00:00Z"),  # from the very end of one to the very start of the next
        ("2023-11-15T09:00:00Z", "2023-11-15T10:00:00Z"),
    ],
)
def test_a_period_that_is_over_or_too_far_away_is_not_said(now: str, until: str) -> None:
    assert periods([NIGHT], at(now), at(until)) == []


def test_several_windows_are_said_in_order_and_none_twice() -> None:
    found = periods([NIGHT, LUNCH, NIGHT], at("2023-11-14T10:00:00Z"), at("2023-11-14T20:00:00Z"))

    assert found == ["2023-11-14T11:00Z/2023-11-14T12:00Z", "2023-11-14T19:00Z/2023-11-15T07:00Z"]


@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        # 26 March 2023: the hour from 2 to 3 is left out. 29 October: it comes twice.
        ("2023-03-25", "2023-03-25T19:00Z", "2023-03-26T06:00Z"),
        ("2023-10-28", "2023-10-28T18:00Z", "2023-10-29T07:00Z"),
    ],
)
def test_a_night_in_which_the_clocks_change_keeps_its_local_hours(day: str, start: str, end: str) -> None:
    assert periods([NIGHT], at(day + "T12:00:00Z"), at(day + "T23:00:00Z")) == [f"{start}/{end}"]


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        ("2023-03-26", 1),  # a window that never comes is an hour all the same, before the change
        ("2023-10-29", 2),  # one that comes twice lasts from the first time to the second
        ("2023-06-01", 1),
    ],
)
def test_the_hour_of_the_change_is_never_empty(day: str, hours: int) -> None:
    start, end = parse("02:00-03:00 Europe/Berlin").on(date.fromisoformat(day))

    assert (end - start) / 3600 == hours


@given(
    now=st.floats(at("2020-01-01T00:00:00Z"), at("2030-01-01T00:00:00Z")),
    length_s=st.floats(300, 3 * DAY_S),
    start=st.integers(0, 1439),
    minutes=st.integers(60, 1439),
    zone=st.sampled_from(["Europe/Berlin", "UTC", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"]),
)
@settings(max_examples=200, deadline=None)
def test_every_local_minute_of_a_window_lies_in_a_period(
    now: float, length_s: float, start: int, minutes: int, zone: str
) -> None:
    end = (start + minutes) % 1440
    window = parse(f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02} {zone}")

    found = [tuple(map(at, period.split("/"))) for period in periods([window], now, now + length_s)]

    assert all(to - since >= 3600 and since < now + length_s and to > now for since, to in found)
    for step in range(7):
        moment = now + length_s * step / 7
        assert _is_within(window, moment) <= any(since <= moment < to for since, to in found)


def _is_within(window: Window, moment: float) -> bool:
    local = datetime.fromtimestamp(moment, UTC).astimezone(window.zone)
    start = window.start.hour * 60 + window.start.minute
    return (local.hour * 60 + local.minute - start) % 1440 < window.minutes
