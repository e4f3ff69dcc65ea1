"""Rate cards, exchange rates and costs. Arithmetic stands in the comments; 1 EUR = 1,000,000 micros."""

from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.core.model import Cost, TrafficClass
from smppgw.core.rate_files import RateFault, RateFaults
from smppgw.core.rates import Exchange, Price, RateCard, cost

HEADER = "prefix,country,mccmnc,class,price,currency,valid_from,valid_to,from_volume"
OTP, TRANSACTIONAL, MARKETING = TrafficClass


def at(year: int, month: int, day: int, hour: int = 0) -> float:
    return datetime(year, month, day, hour, tzinfo=UTC).timestamp()


NOW = at(2026, 3, 31, 12)


def card(*rows: str) -> RateCard:
    return RateCard.parse([HEADER, *rows], "test.csv")


def price(
    card: RateCard,
    recipient: str = "491711234567",
    country: str = "DE",
    traffic_class: TrafficClass = TRANSACTIONAL,
    parts: int = 1,
    when: float = NOW,
    taken: int = 0,
) -> int | None:
    found = card.price(recipient, country, traffic_class, parts, when, taken)
    return None if found is None else found.micros


def test_a_price_is_per_part() -> None:
    found = card("49,,,,0.075,EUR,,,").price("491711234567", "DE", TRANSACTIONAL, 3, NOW, 0)

    assert found == Price(225_000, "EUR")  # 3 * 0.075


@pytest.mark.parametrize(
    ("recipient", "micros"),
    [
        ("491711234567", 30_000),
        ("49171", 30_000),
        ("491721234567", 20_000),
        ("4915", 10_000),
        ("331", 1_000),
        ("", 1_000),
    ],
)
def test_the_longest_prefix_wins(recipient: str, micros: int) -> None:
    rates = card(",,,,0.001,EUR,,,", "49,,,,0.01,EUR,,,", "+4917,,,,0.02,EUR,,,", "49171,,,,0.03,EUR,,,")

    assert price(rates, recipient, "") == micros


@pytest.mark.parametrize(
    ("country", "traffic_class", "micros"),
    [
        ("DE", OTP, 4_000_000),
        ("DE", MARKETING, 3_000_000),
        ("AT", OTP, 2_000_000),
        ("AT", MARKETING, 1_000_000),
    ],
)
def test_among_rows_of_a_prefix_country_then_class_decide(
    country: str, traffic_class: TrafficClass, micros: int
) -> None:
    rates = card(",,,,1,EUR,,,", ",,,otp,2,EUR,,,", ",DE,,,3,EUR,,,", ",DE,,otp,4,EUR,,,")

    assert price(rates, country=country, traffic_class=traffic_class) == micros


def test_a_row_for_the_country_wins_over_one_for_the_class() -> None:
    rates = card(",,,otp,2,EUR,,,", ",DE,,,3,EUR,,,")

    assert price(rates, traffic_class=OTP) == 3_000_000


def test_a_longer_prefix_that_does_not_fit_leaves_the_shorter_one() -> None:
    rates = card("49,,,,0.01,EUR,,,", "49171,,,otp,0.02,EUR,,,")

    assert price(rates, traffic_class=MARKETING) == 10_000


def test_what_the_card_does_not_know_has_no_price() -> None:
    assert price(card("43,,,,0.01,EUR,,,")) is None


@pytest.mark.parametrize(
    ("when", "micros"),
    [
        (at(2025, 12, 31, 23), None),
        (at(2026, 1, 1), 10_000),
        (at(2026, 1, 31, 23), 10_000),
        (at(2026, 2, 1), None),
    ],
)
def test_days_of_validity_are_both_inclusive_and_utc(when: float, micros: int | None) -> None:
    rates = card("49,,,,0.01,EUR,2026-01-01,2026-01-31,")

    assert price(rates, when=when) == micros


@pytest.mark.parametrize(("when", "micros"), [(at(2026, 3, 30), 10_000), (at(2026, 4, 1), 20_000)])
def test_a_new_price_replaces_the_open_ended_one_from_its_day_on(when: float, micros: int) -> None:
    rates = card("49,,,,0.01,EUR,,,", "49,,,,0.02,EUR,2026-04-01,,")

    assert price(rates, when=when) == micros


TIERS = ("49,,,,0.03,EUR,,,0", "49,,,,0.02,EUR,,,1000", "49,,,,0.01,EUR,,,5000")


@pytest.mark.parametrize("rows", [TIERS, TIERS[::-1]])
@pytest.mark.parametrize(
    ("taken", "micros"), [(0, 30_000), (999, 30_000), (1000, 20_000), (4999, 20_000), (5000, 10_000), (10**9, 10_000)]
)
def test_the_highest_tier_that_is_reached_is_the_price(rows: tuple[str, ...], taken: int, micros: int) -> None:
    assert price(card(*rows), taken=taken) == micros


def test_a_message_that_crosses_a_tier_has_one_price() -> None:
    assert price(card(*TIERS), parts=3, taken=999) == 90_000  # 3 * 0.03


def test_a_tier_that_is_not_reached_leaves_a_more_general_row() -> None:
    assert price(card(",,,,0.05,EUR,,,", "49,,,,0.02,EUR,,,1000"), taken=999) == 50_000


@pytest.mark.parametrize(("taken", "micros"), [(999, 30_000), (1000, 15_000), (5000, 10_000)])
def test_a_later_price_replaces_that_of_its_own_tier(taken: int, micros: int) -> None:
    rates = card(*TIERS, "49,,,,0.015,EUR,2026-03-01,,1000")

    assert price(rates, taken=taken) == micros


def test_a_card_knows_where_its_prices_change() -> None:
    assert card(*TIERS, "43,,,,0.02,EUR,,,2000", "44,,23410,,0.02,EUR,,,7").steps == (1000, 2000, 5000)


def test_rows_for_one_network_are_not_used() -> None:
    rates = card("49,,26201,,0.01,EUR,,,", "49,,,,0.02,EUR,,,")

    assert price(rates) == 20_000


def test_columns_may_be_left_out_and_stand_in_any_order() -> None:
    rates = RateCard.parse(
        ["\ufeff# our prices\n", "\n", " price , currency,prefix\n", ' 0.01 ,EUR,"49"\r\n'], "test.csv"
    )

    assert price(rates) == 10_000


EXCHANGE = Exchange.parse(
    ["date,currency,rate", "2026-03-31,USD,1.25", "2026-03-01,USD,1.6", "2026-03-31,CNY,8", "2026-04-01,USD,2"]
)


@pytest.mark.parametrize(
    ("micros", "currency", "when", "converted"),
    [
        (1_000_000, "USD", NOW, 800_000),  # 1 / 1.25
        (1_000_000, "USD", at(2026, 3, 30, 23), 625_000),  # 1 / 1.6, the rate of 1 March still holds
        (1_000_000, "USD", at(2026, 4, 1), 500_000),
        (1_000_000, "USD", at(2027, 1, 1), 500_000),
        (1_000_000, "USD", at(2026, 2, 28), None),  # before the first rate
        (1_000_000, "GBP", NOW, None),
        (3, "CNY", NOW, 0),  # 0.375
        (4, "CNY", NOW, 1),  # 0.5 is rounded up
        (12, "CNY", NOW, 2),  # 1.5
        (11, "CNY", NOW, 1),  # 1.375
        (0, "CNY", NOW, 0),
    ],
)
def test_money_is_converted_at_the_latest_rate_and_rounded_half_up(
    micros: int, currency: str, when: float, converted: int | None
) -> None:
    assert EXCHANGE.convert(micros, currency, when) == converted


@given(st.integers(0, 10**15), st.integers(1, 10**15), st.integers(0, 12))
def test_a_conversion_is_the_nearest_integer(micros: int, digits: int, decimals: int) -> None:
    rate = Fraction(digits, 10**decimals)
    exchange = Exchange({("USD", 0): rate})

    converted = exchange.convert(micros, "USD", 0.0)

    assert converted is not None
    assert Fraction(-1, 2) <= micros / rate - converted < Fraction(1, 2)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2026-03-31,USD,0", "rate is zero"),
        ("2026-03-31,USD,0.000", "rate is zero"),
        ("2026-03-31,USD,-1", "rate '-1' is not a decimal number"),
        ("2026-03-31,USD,1/0", "rate '1/0' is not a decimal number"),
        ("2026-03-31,dollar,1", "currency 'dollar' is not three capital letters"),
        (",USD,1", "date '' is not a date like 2026-03-31"),
    ],
)
def test_an_exchange_rate_that_cannot_be_read_is_a_fault(row: str, reason: str) -> None:
    with pytest.raises(RateFaults) as caught:
        Exchange.parse(["date,currency,rate", row], "exchange.csv")

    assert caught.value.faults == (RateFault(2, reason),)


def test_two_rates_for_one_day_are_a_fault() -> None:
    with pytest.raises(RateFaults, match="line 3: USD has another rate on this day"):
        Exchange.parse(["date,currency,rate", "2026-03-31,USD,1", "2026-03-31,USD,2"])


def test_without_rates_nothing_is_converted() -> None:
    assert Exchange().convert(1, "USD", NOW) is None


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("49,,,,0.05,EUR,,,", Cost(100_000, "EUR", 100_000)),  # 2 * 0.05, nothing to convert
        ("49,,,,0.05,USD,,,", Cost(100_000, "USD", 80_000)),  # 0.10 / 1.25
        ("49,,,,0.05,GBP,,,", None),  # no rate
        ("43,,,,0.05,EUR,,,", None),  # no price
    ],
)
def test_a_cost_is_known_in_both_currencies_or_not_at_all(row: str, expected: Cost | None) -> None:
    found = cost(
        card(row), EXCHANGE, "EUR", recipient="491711234567", country="DE", traffic_class=OTP, parts=2, at=NOW, taken=0
    )

    assert found == expected
