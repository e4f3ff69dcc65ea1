"""Cards that can be read, and still lack something."""

import pytest

from smppgw.core.rate_checks import Reach, remarks, unconvertible
from smppgw.core.rate_files import RateFault
from smppgw.core.rate_rows import read_rows

HEADER = "prefix,country,mccmnc,class,price,currency,valid_from,valid_to,from_volume"


@pytest.mark.parametrize(
    ("rows", "remark"),
    [
        (
            ["49,,,,1,EUR,,2026-03-31,", "49,,,,2,EUR,2026-04-15,,"],
            RateFault(3, "neither this nor line 2 holds from 2026-04-01 to 2026-04-14"),
        ),
        (["49,,,,1,EUR,,,500", "49,,,,2,EUR,,,100"], RateFault(3, "no row holds below from_volume 100")),
        ([",UK,,,1,EUR,,,"], RateFault(2, "no country is called UK")),
        (["49,AT,,,1,EUR,,,"], RateFault(2, "no number of AT begins with 49, they begin with 43")),
        (
            ["49,,26201,,1,EUR,,,"],
            RateFault(2, "this row is not used: the network (mccmnc) of a recipient is not known"),
        ),
        (
            ["49,,,,1,EUR,,,", "49,,26201,,1,EUR,,,", "49,,26202,,1,EUR,,,"],
            RateFault(3, "2 rows, this one first, are not used: the network (mccmnc) of a recipient is not known"),
        ),
    ],
)
def test_what_a_card_lacks_is_remarked(rows: list[str], remark: RateFault) -> None:
    assert remarks(read_rows([HEADER, *rows], "test.csv")) == [remark]


def test_a_card_without_holes_gets_no_remark() -> None:
    rows = ["49,,,,1,EUR,,2026-03-31,", "49,,,,2,EUR,2026-04-01,,", "49,,,,0.5,EUR,,,100", "43,,,otp,1,EUR,,,"]
    rows += ["4917,DE,,,1,EUR,,,", "4,DE,,,1,EUR,,,", "1876,JM,,,1,EUR,,,", ",GB,,,1,EUR,,,"]

    assert remarks(read_rows([HEADER, *rows], "test.csv")) == []


def test_a_currency_without_a_rate_is_named_once() -> None:
    rows = read_rows([HEADER, "1,,,,1,EUR,,,", "2,,,,1,USD,,,", "3,,,,1,GBP,,,", "4,,,,1,GBP,,,"], "test.csv")

    assert list(unconvertible(rows, {"EUR", "USD"})) == [RateFault(4, "there is no exchange rate for GBP")]


@pytest.mark.parametrize(
    ("row", "prefix", "country", "has"),
    [
        (",,,,1,EUR,,,", "49", "DE", True),
        (",DE,,,1,EUR,,,", "49", "DE", True),
        (",AT,,,1,EUR,,,", "49", "DE", False),
        ("4917,,,,1,EUR,,,", "49", "DE", True),
        ("4917,AT,,,1,EUR,,,", "49", "DE", False),
        ("4,,,,1,EUR,,,", "49", "DE", True),
        ("43,,,,1,EUR,,,", "49", "DE", False),
        (",,26201,,1,EUR,,,", "49", "DE", False),
        (",DE,,,1,EUR,,,", "4917", "", True),
        ("49171,,,,1,EUR,,,", "4917", "", True),
        ("49172,,,,1,EUR,,,", "49171", "", False),
        (",DE,,,1,EUR,,,", "", "", True),
    ],
)
def test_a_card_reaches_what_any_of_its_rows_may_fit(row: str, prefix: str, country: str, has: bool) -> None:
    assert Reach(read_rows([HEADER, row], "test.csv")).has(prefix, country) is has
