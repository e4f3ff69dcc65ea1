"""SMPP's times: zones, centuries, calendars and nonsense."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.smpp import times
from smppgw.smpp.times import TimeError


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> float:
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()


NOW = at(2026, 3, 31, 12, 0, 0)
QUARTER_HOURS = st.integers(-48, 48)


def test_the_empty_string_is_no_time() -> None:
    parsed = times.parse("", NOW)

    assert parsed is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("260401120000000+", at(2026, 4, 1, 12, 0, 0)),
        ("260401120000000-", at(2026, 4, 1, 12, 0, 0)),
        ("260401120000500+", at(2026, 4, 1, 12, 0, 0) + 0.5),
        ("260401120000008+", at(2026, 4, 1, 10, 0, 0)),  # local time is two hours ahead of UTC
        ("260401120000008-", at(2026, 4, 1, 14, 0, 0)),
        ("260401120000023+", at(2026, 4, 1, 6, 15, 0)),  # Nepal, 5:45 ahead
        ("260101000000048+", at(2025, 12, 31, 12, 0, 0)),
        ("280229000000000+", at(2028, 2, 29)),
        ("260101000000000+", at(2026, 1, 1)),  # past, yet a time
    ],
)
def test_absolute_time_is_brought_to_utc(value: str, expected: float) -> None:
    parsed = times.parse(value, NOW)

    assert parsed == expected


@pytest.mark.parametrize(
    ("this_year", "digits", "year"),
    [
        (2026, "26", 2026),
        (2026, "75", 2075),
        (2026, "76", 1976),
        (2026, "99", 1999),
        (2099, "00", 2100),
        (2101, "99", 2099),
        (2480, "29", 2529),
        (2480, "30", 2430),
    ],
)
def test_the_century_is_the_one_nearest_to_now(this_year: int, digits: str, year: int) -> None:
    parsed = times.parse(f"{digits}0615000000000+", at(this_year, 6, 1))

    assert parsed == at(year, 6, 15)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("000000000000000R", NOW),
        ("000000000500000R", NOW + 300),
        ("000000235959000R", NOW + 86399),
        ("000002000000000R", at(2026, 4, 2, 12, 0, 0)),
        ("000100000000000R", at(2026, 4, 30, 12, 0, 0)),  # 31 March and a month: April has 30 days
        ("001100000000000R", at(2027, 2, 28, 12, 0, 0)),
        ("001200000000000R", at(2027, 3, 31, 12, 0, 0)),
        ("020610233429000R", at(2028, 10, 11, 11, 34, 29)),  # two years, six months to 30 September, ten days, ...
        ("990000000000000R", at(2125, 3, 31, 12, 0, 0)),
        ("000000000500999R", NOW + 300),  # tenths and offset are ignored
    ],
)
def test_relative_time_counts_from_now(value: str, expected: float) -> None:
    parsed = times.parse(value, NOW)

    assert parsed == expected


@pytest.mark.parametrize(
    "value",
    [
        "241301",
        "2604011200",
        "260401120000",
        "260401120000000",
        "260401120000000+0",
        " 260401120000000+",
        "260401120000000+\n",
        "26040112000000+",
        "260401120000000Z",
        "260401120000000r",
        "٢٦0401120000000+",
        "26-401120000000+",
        "000000+00500000R",
        "0000000005000 0R",
    ],
)
def test_what_is_not_the_format_is_refused(value: str) -> None:
    with pytest.raises(TimeError, match="not YYMMDDhhmmsstnnp"):
        times.parse(value, NOW)


@pytest.mark.parametrize(
    "value",
    [
        "261301120000000+",  # month 13
        "260001120000000+",
        "260400120000000+",
        "260431120000000+",  # 31 April
        "270229120000000+",  # not a leap year
        "260401240000000+",
        "260401126000000+",
        "260401120060000+",
        "260401120000049+",  # more than twelve hours
        "260401120000099-",
        "001300000000000R",
        "000032000000000R",
        "000000240000000R",
        "000000006000000R",
        "000000000060000R",
    ],
)
def test_a_field_out_of_its_range_is_refused(value: str) -> None:
    with pytest.raises(TimeError) as refusal:
        times.parse(value, NOW)

    assert refusal.value.value == value


def test_a_time_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(TimeError):
        times.parse("990000000000000R", at(9990, 1, 1))


def test_a_refusal_cannot_forge_a_log_line() -> None:
    refusal = TimeError("26\nlevel=info", "not YYMMDDhhmmsstnnp")

    assert "\n" not in str(refusal)


@given(st.text(alphabet="0123456789+-R", min_size=16, max_size=16) | st.from_regex(r"[0-9]{15}[-+R]", fullmatch=True))
def test_any_string_is_a_time_or_refused(value: str) -> None:
    try:
        parsed = times.parse(value, NOW)
    except TimeError:
        return

    assert isinstance(parsed, float)


@pytest.mark.parametrize(
    ("quarter_hours", "expected"),
    [(0, "260331120000000+"), (8, "260331140000008+"), (-20, "260331070000020-"), (48, "260401000000048+")],
)
def test_a_time_is_written_in_its_zone(quarter_hours: int, expected: str) -> None:
    written = times.format_absolute(NOW, quarter_hours)

    assert written == expected


@pytest.mark.parametrize(
    ("fraction", "expected"), [(0.04, "260331120000000+"), (0.3, "260331120000300+"), (0.96, "260331120001000+")]
)
def test_a_time_is_written_to_the_nearest_tenth(fraction: float, expected: str) -> None:
    written = times.format_absolute(NOW + fraction)

    assert written == expected


@pytest.mark.parametrize("quarter_hours", [-49, 49])
def test_an_offset_of_more_than_twelve_hours_is_refused(quarter_hours: int) -> None:
    with pytest.raises(ValueError, match="quarter hours"):
        times.format_absolute(NOW, quarter_hours)


@given(st.integers(0, 400_000_000_000), QUARTER_HOURS)
def test_what_is_written_is_read_back_far_into_the_future(tenths: int, quarter_hours: int) -> None:
    moment = tenths / 10

    parsed = times.parse(times.format_absolute(moment, quarter_hours), moment)

    assert parsed == pytest.approx(moment, abs=0.001)
