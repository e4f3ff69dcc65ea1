"""What a new rate card changes, and when."""

import random
from datetime import date

import pytest

from smppgw.core.rate_diff import Change, differences
from smppgw.core.rate_files import day_number, day_text
from smppgw.core.rate_rows import ALWAYS_TO, RateRow, histories, read_rows
from smppgw.core.rates import RateCard

HEADER = "prefix,country,mccmnc,class,price,currency,valid_from,valid_to,from_volume"
TODAY = day_number(date(2026, 3, 31))


def card(*rows: str) -> list[RateRow]:
    return read_rows([HEADER, *rows], "test.csv")


def said(old: list[RateRow], new: list[RateRow], since_day: int = TODAY) -> list[tuple[str, str, str, str]]:
    return [
        (
            change.change,
            change.key.prefix,
            day_text(change.from_day),
            "" if change.to_day == ALWAYS_TO else day_text(change.to_day),
        )
        for change in differences(old, new, since_day)
    ]


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (["49,,,,1,EUR,,,"], ["49,,,,2,EUR,,,"], Change.DEARER),
        (["49,,,,2,EUR,,,"], ["49,,,,1,EUR,,,"], Change.CHEAPER),
        (["49,,,,1,EUR,,,"], ["49,,,,1,USD,,,"], Change.CURRENCY),
        ([], ["49,,,,1,EUR,,,"], Change.ADDED),
        (["49,,,,1,EUR,,,"], [], Change.REMOVED),
    ],
)
def test_a_price_that_changes_is_named(old: list[str], new: list[str], change: Change) -> None:
    assert said(card(*old), card(*new)) == [(change, "49", "2026-03-31", "")]


@pytest.mark.parametrize(
    "rows", [["49,,,,1,EUR,,,"], ["49,,,,1,EUR,,2026-05-31,", "49,,,,1,EUR,2026-06-01,,"], ["49,,,,1,EUR,2026-01-01,,"]]
)
def test_the_same_price_in_other_lines_is_no_change(rows: list[str]) -> None:
    assert said(card("49,,,,1,EUR,,,"), card(*rows)) == []


def test_a_change_has_the_days_on_which_it_holds() -> None:
    new = card("49,,,,1,EUR,,,", "49,,,,2,EUR,2026-04-01,,", "49,,,,1,EUR,2026-07-01,,")

    assert said(card("49,,,,1,EUR,,,"), new) == [("dearer", "49", "2026-04-01", "2026-06-30")]


def test_a_card_that_begins_later_takes_the_price_of_the_days_before() -> None:
    assert said(card("49,,,,1,EUR,,,"), card("49,,,,2,EUR,2026-04-15,,")) == [
        ("removed", "49", "2026-03-31", "2026-04-14"),
        ("dearer", "49", "2026-04-15", ""),
    ]


def test_what_is_over_does_not_count() -> None:
    assert said(card("49,,,,1,EUR,,2026-03-30,"), card()) == []


def test_keys_are_compared_each_with_itself() -> None:
    old = card("49,,,,1,EUR,,,", "49,DE,,,1,EUR,,,", "49,,26201,,1,EUR,,,", "49,,,otp,1,EUR,,,", "49,,,,1,EUR,,,9")
    new = card("49,,,,1,EUR,,,", "49,DE,,,2,EUR,,,", "49,,26201,,3,EUR,,,", "49,,,otp,4,EUR,,,", "49,,,,5,EUR,,,9")

    assert [change.new.micros for change in differences(old, new, TODAY) if change.new] == [
        5_000_000,
        4_000_000,
        3_000_000,
        2_000_000,
    ]


def test_on_each_day_the_changes_are_those_of_the_prices() -> None:
    chance = random.Random(7)
    for _ in range(100):
        old, new = random_history(chance), random_history(chance)
        changes = differences(old, new, TODAY)

        for day in range(TODAY, TODAY + 40):
            prices = [price_on(day, rows) for rows in (old, new)]
            told = [(change.old, change.new) for change in changes if change.from_day <= day <= change.to_day]
            assert told == ([tuple(prices)] if prices[0] != prices[1] else [])


def random_history(chance: random.Random) -> list[RateRow]:
    """Make rows of one key that follow each other, some with days without a price between them."""
    days = sorted(chance.sample(range(TODAY - 5, TODAY + 35), 2 * chance.randrange(3)))
    spans = list(zip(days[::2], days[1::2], strict=True))
    rows = [f"49,,,,{chance.randrange(1, 4)},EUR,{day_text(first)},{day_text(last)}," for first, last in spans]
    if chance.random() < 0.5:
        rows.append(f"49,,,,{chance.randrange(1, 4)},EUR,{day_text(TODAY + 36)},,")
    return card(*rows)


def price_on(day: int, rows: list[RateRow]) -> object:
    assert len(list(histories(rows))) <= 1
    return RateCard("test", rows).price("49", "", 0, 1, day * 86_400.0, 0)  # type: ignore[arg-type] # any class
