"""The lines of a rate card: what is read, and what is a fault."""

from datetime import date

import pytest

from smppgw.core.model import TrafficClass
from smppgw.core.rate_files import RateFault, RateFaults, day_number
from smppgw.core.rate_rows import ALWAYS_FROM, ALWAYS_TO, RateKey, RateRow, gaps, histories, read_rows

HEADER = "prefix,country,mccmnc,class,price,currency,valid_from,valid_to,from_volume"


def card(*rows: str) -> list[RateRow]:
    return read_rows([HEADER, *rows], "test.csv")


def test_a_line_becomes_a_row() -> None:
    first, second = card("+4917,DE,26201,otp,0.075,EUR,2026-03-01,2026-03-31,1000", ",,,,1,USD,,,")

    assert first == RateRow(
        line=2,
        prefix="4917",
        country="DE",
        mccmnc="26201",
        traffic_class=TrafficClass.OTP,
        price=75_000,
        currency="EUR",
        from_day=day_number(date(2026, 3, 1)),
        to_day=day_number(date(2026, 3, 31)),
        from_volume=1000,
    )
    assert first.key == RateKey("4917", "DE", "26201", "otp", 1000)
    assert (second.from_day, second.to_day, second.traffic_class) == (ALWAYS_FROM, ALWAYS_TO, None)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("4x,,,,0.01,EUR,,,", "prefix '4x' is not digits"),
        ("49,Germany,,,0.01,EUR,,,", "country 'Germany' is not two capital letters"),
        ("49,,262,,0.01,EUR,,,", "mccmnc '262' is not five or six digits"),
        ("49,,,sale,0.01,EUR,,,", "class 'sale' is not one of otp, transactional, marketing"),
        ("49,,,,,EUR,,,", "price '' is not an amount with at most six decimals"),
        ("49,,,,-1,EUR,,,", "price '-1' is not an amount with at most six decimals"),
        ("49,,,,1e3,EUR,,,", "price '1e3' is not an amount with at most six decimals"),
        ("49,,,,0.0000001,EUR,,,", "price '0.0000001' is not an amount with at most six decimals"),
        ("49,,,,0.01,eur,,,", "currency 'eur' is not three capital letters"),
        ("49,,,,0.01,EUR,31.03.2026,,", "valid_from '31.03.2026' is not a date like 2026-03-31"),
        ("49,,,,0.01,EUR,,2026-02-30,", "valid_to '2026-02-30' is not a date like 2026-03-31"),
        ("49,,,,0.01,EUR,2026-02-02,2026-02-01,", "valid_to lies before valid_from"),
        ("49,,,,0.01,EUR,,,many", "from_volume 'many' is not a whole number"),
        ("49,,,,0,01,EUR,,,", "10 fields under a header of 9"),
        ('49,,,,"0.01,EUR,,,', "no CSV: unexpected end of data"),
    ],
)
def test_a_row_that_cannot_be_read_is_a_fault(row: str, reason: str) -> None:
    with pytest.raises(RateFaults) as caught:
        card(row)

    assert caught.value.faults == (RateFault(2, reason),)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (
            ["49,,,,0.01,EUR,2026-01-01,2026-03-31,", "49,,,,0.02,EUR,2026-03-01,2026-06-30,"],
            "it holds with line 2 from 2026-03-01 to 2026-03-31",
        ),
        (
            ["49,,,,0.01,EUR,2026-01-01,2026-03-31,", "49,,,,0.02,EUR,2026-03-31,,"],
            "it holds with line 2 from 2026-03-31 to 2026-03-31",
        ),
        (
            # What holds from July on: no price, or the first one again?
            ["49,,,,0.01,EUR,,,", "49,,,,0.02,EUR,2026-04-01,2026-06-30,"],
            "it holds with line 2 from 2026-04-01 to 2026-06-30",
        ),
    ],
)
def test_two_prices_for_one_day_are_a_fault(rows: list[str], reason: str) -> None:
    with pytest.raises(RateFaults) as caught:
        card(*rows)

    assert caught.value.faults == (RateFault(3, reason),)


def test_prices_of_other_things_may_hold_on_one_day() -> None:
    dates = "2026-01-01,2026-06-30"

    card(
        f"49,,,,0.01,EUR,{dates},",
        f"49,DE,,,0.01,EUR,{dates},",
        f"49,,26201,,0.01,EUR,{dates},",
        f"49,,,otp,0.01,EUR,{dates},",
        f"49,,,,0.01,EUR,{dates},1000",
        "49,,,,0.01,EUR,2026-07-01,,",
    )


def test_all_faults_are_told_at_once_with_their_lines() -> None:
    with pytest.raises(RateFaults) as caught:
        card("x,,,,y,EUR,,,", "49,,,,0.01,EUR,,,", "# fine", "49,,,,0.02,EUR,,,", "43,,,,z,EUR,,,")

    assert [fault.line for fault in caught.value.faults] == [2, 2, 5, 6]
    assert str(caught.value).splitlines()[2] == "test.csv, line 5: it says again what line 3 says"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], f"the header is missing: {HEADER}"),
        (["# only a comment"], f"the header is missing: {HEADER}"),
        (["49,,,,0.01,EUR,,,"], "no column is called"),
        (["prefix,prize,currency"], "no column is called 'prize'"),
        (["prefix,currency"], "the column price is missing"),
        (["price,currency,price"], "a column stands there twice"),
    ],
)
def test_a_file_without_a_proper_header_is_a_fault(lines: list[str], reason: str) -> None:
    with pytest.raises(RateFaults) as caught:
        read_rows(lines, "test.csv")

    assert len(caught.value.faults) == 1
    assert caught.value.faults[0].reason.startswith(reason)


def test_the_days_between_two_rows_of_a_key_are_a_gap() -> None:
    rows = card("49,,,,3,EUR,2026-07-01,,", "49,,,,1,EUR,,2026-03-31,", "49,,,,2,EUR,2026-04-01,2026-05-31,")

    ((_, history),) = histories(rows)

    assert [(before.price, after.price) for before, after in gaps(history)] == [(2_000_000, 3_000_000)]
