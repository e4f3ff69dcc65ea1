"""Budgets: calendar periods, who fits where, and that no order of messages goes over a limit."""

from collections import defaultdict
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smppgw.core.budgets import (
    Afforded,
    AtLimit,
    Budget,
    Charge,
    Obstacle,
    Period,
    Pot,
    Scope,
    Spending,
    Unpriced,
    afford,
    span,
)

NOON = datetime(2026, 3, 10, 12, 20, tzinfo=UTC).timestamp()
LATER = NOON + 10 * 86_400
BERLIN = ZoneInfo("Europe/Berlin")
KOLKATA = ZoneInfo("Asia/Kolkata")


def iso(at: float, zone: tzinfo = UTC) -> str:
    return datetime.fromtimestamp(at, zone).strftime("%m-%d %H:%M")


def budget(scope: Scope = Scope.ACCOUNT, name: str = "acme", period: Period = Period.DAY, **changes: Any) -> Budget:
    fields: dict[str, Any] = {"limit": 100, "status": 0x45} | changes
    return Budget(scope=scope, name=name, period=period, **fields)


def used(*amounts: tuple[Budget, int], at: float = NOON) -> Spending:
    spending = Spending()
    spending.learn({budget.pot(at): micros for budget, micros in amounts}, ())
    return spending


def ask(
    *candidates: tuple[str, int | None],
    account: tuple[Budget, ...] = (),
    carriers: tuple[Budget, ...] = (),
    spending: Spending | None = None,
    expires_at: float = LATER,
) -> Afforded | Obstacle:
    by_name = {one.name: tuple(other for other in carriers if other.name == one.name) for one in carriers}
    return afford(candidates, account, by_name, spending or Spending(), at=NOON, expires_at=expires_at)


# --- periods ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("period", "zone", "at", "begins", "ends"),
    [
        (Period.HOUR, UTC, "2026-03-10 12:20", "03-10 12:00", "03-10 13:00"),
        (Period.HOUR, KOLKATA, "2026-03-10 12:20", "03-10 12:00", "03-10 13:00"),
        (Period.DAY, UTC, "2026-03-10 00:00", "03-10 00:00", "03-11 00:00"),
        (Period.DAY, BERLIN, "2026-03-10 23:59", "03-10 00:00", "03-11 00:00"),
        (Period.DAY, BERLIN, "2026-03-29 12:00", "03-29 00:00", "03-30 00:00"),  # of 23 hours
        (Period.DAY, BERLIN, "2026-10-25 02:30", "10-25 00:00", "10-26 00:00"),  # of 25
        (Period.MONTH, UTC, "2026-02-28 23:59", "02-01 00:00", "03-01 00:00"),
        (Period.MONTH, BERLIN, "2026-12-31 23:59", "12-01 00:00", "01-01 00:00"),
    ],
)
def test_a_period_is_one_of_the_calendar(period: Period, zone: tzinfo, at: str, begins: str, ends: str) -> None:
    first, last = span(period, datetime.fromisoformat(at).replace(tzinfo=zone).timestamp(), zone)

    assert (iso(first, zone), iso(last, zone)) == (begins, ends)


@given(at=st.floats(1.7e9, 1.9e9), zone=st.sampled_from([UTC, BERLIN, KOLKATA, ZoneInfo("America/Sao_Paulo")]))
@settings(max_examples=200, deadline=None)
def test_every_time_lies_in_the_period_it_is_given(at: float, zone: tzinfo) -> None:
    for period in Period:
        first, last = span(period, at, zone)
        assert first <= at < last
        assert span(period, last, zone)[0] == last


def test_the_pot_of_a_time_is_its_period() -> None:
    hourly = budget(period=Period.HOUR)

    assert hourly.pot(NOON) == Pot(Scope.ACCOUNT, "acme", Period.HOUR, round(NOON - 20 * 60) * 1000)
    assert hourly.pot(NOON) == hourly.pot(NOON + 39 * 60) != hourly.pot(NOON + 40 * 60)
    assert iso(hourly.ends_at(NOON)) == "03-10 13:00"


# --- who fits ---------------------------------------------------------------------------------------------------------


def test_what_fits_to_the_last_millionth_is_reserved() -> None:
    daily = budget()

    found = ask(("alpha", 30), account=(daily,), spending=used((daily, 70)))

    assert found == Afforded(("alpha",), (), (Charge(daily.pot(NOON), 30, 100),), NOON)


def test_the_dearest_candidate_is_reserved_because_failover_may_take_it() -> None:
    daily, monthly = budget(), budget(period=Period.MONTH)

    found = ask(("alpha", 10), ("beta", 40), ("gamma", 20), account=(daily, monthly))

    assert isinstance(found, Afforded)
    assert found.charges == (Charge(daily.pot(NOON), 40, 100), Charge(monthly.pot(NOON), 40, 100))


def test_a_later_candidate_that_does_not_fit_is_left_out() -> None:
    daily = budget()

    found = ask(("alpha", 10), ("beta", 40), account=(daily,), spending=used((daily, 70)))

    reason = "the day budget of account acme is used up"
    assert found == Afforded(("alpha",), (("beta", reason),), (Charge(daily.pot(NOON), 10, 100),), NOON)


@pytest.mark.parametrize("at_limit", AtLimit)
def test_what_becomes_of_a_first_candidate_that_does_not_fit(at_limit: AtLimit) -> None:
    daily = budget(at_limit=at_limit)

    found = ask(("alpha", 40), ("beta", 10), account=(daily,), spending=used((daily, 70)))

    match at_limit:
        case AtLimit.REFUSE:
            assert isinstance(found, Obstacle)
        case AtLimit.CHEAPER:
            assert isinstance(found, Afforded)
            assert (found.carriers, found.at) == (("beta",), NOON)
        case AtLimit.HOLD:
            assert isinstance(found, Afforded)
            assert (found.carriers, iso(found.at)) == (("alpha", "beta"), "03-11 00:00")
            assert found.dropped == (("", "waits: the day budget of account acme is used up"),)
            assert found.charges == (Charge(daily.pot(found.at), 40, 100),)


def test_cheaper_refuses_where_nothing_is_cheap_enough() -> None:
    daily = budget(at_limit=AtLimit.CHEAPER)

    assert isinstance(ask(("alpha", 40), ("beta", 31), account=(daily,), spending=used((daily, 70))), Obstacle)


def test_a_hold_goes_past_periods_that_are_used_up_by_what_is_held() -> None:
    hourly = budget(period=Period.HOUR, at_limit=AtLimit.HOLD)
    spending = used((hourly, 90))
    spending.reserve([Charge(hourly.pot(NOON + 3600), 95, 100)])

    found = ask(("alpha", 20), account=(hourly,), spending=spending)

    assert isinstance(found, Afforded)
    assert iso(found.at) == "03-10 14:00"


def test_a_hold_beyond_the_validity_is_a_refusal() -> None:
    hourly = budget(period=Period.HOUR, at_limit=AtLimit.HOLD)
    full = used((hourly, 90))

    assert isinstance(ask(("alpha", 20), account=(hourly,), spending=full, expires_at=NOON + 40 * 60), Obstacle)
    assert isinstance(ask(("alpha", 20), account=(hourly,), spending=full, expires_at=NOON + 40 * 60 + 1), Afforded)


def test_what_no_period_can_ever_pay_is_refused_and_not_held() -> None:
    assert isinstance(ask(("alpha", 101), account=(budget(at_limit=AtLimit.HOLD),)), Obstacle)


def test_two_budgets_that_hold_are_both_waited_for() -> None:
    hourly = budget(period=Period.HOUR, at_limit=AtLimit.HOLD)
    daily = budget(at_limit=AtLimit.HOLD)

    found = ask(("alpha", 20), account=(hourly, daily), spending=used((hourly, 90), (daily, 90)))

    assert isinstance(found, Afforded)
    assert iso(found.at) == "03-11 00:00"


def test_the_budget_of_a_carrier_passes_over_that_carrier() -> None:
    of_alpha = budget(Scope.CARRIER, "alpha")

    found = ask(("alpha", 10), ("beta", 20), carriers=(of_alpha,), spending=used((of_alpha, 95)))

    reason = "the day budget of carrier alpha is used up"
    assert found == Afforded(("beta",), (("alpha", reason),), (), NOON)


@pytest.mark.parametrize("at_limit", [AtLimit.REFUSE, AtLimit.HOLD])
def test_the_rule_of_a_carrier_counts_where_no_candidate_is_left(at_limit: AtLimit) -> None:
    of_alpha, of_beta = budget(Scope.CARRIER, "alpha", at_limit=at_limit), budget(Scope.CARRIER, "beta")

    found = ask(("alpha", 10), ("beta", 10), carriers=(of_alpha, of_beta), spending=used((of_alpha, 95), (of_beta, 95)))

    if at_limit is AtLimit.HOLD:
        assert isinstance(found, Afforded)
        assert (found.carriers, iso(found.at)) == (("alpha", "beta"), "03-11 00:00")
    else:
        assert isinstance(found, Obstacle)
        assert found.budget is of_alpha


def test_every_candidate_reserves_with_its_own_carrier() -> None:
    daily, of_beta = budget(), budget(Scope.CARRIER, "beta")

    found = ask(("alpha", 10), ("beta", 20), account=(daily,), carriers=(of_beta,))

    assert isinstance(found, Afforded)
    assert set(found.charges) == {Charge(of_beta.pot(NOON), 20, 100), Charge(daily.pot(NOON), 20, 100)}


def test_a_candidate_without_a_price_is_passed_over_or_costs_nothing() -> None:
    strict, lenient = budget(), budget(unpriced=Unpriced.ALLOW)

    assert isinstance(ask(("alpha", None), account=(strict,)), Obstacle)
    passed_over = ask(("alpha", None), ("beta", 10), account=(strict,))
    assert isinstance(passed_over, Afforded)
    assert passed_over.carriers == ("beta",)
    allowed = ask(("alpha", None), account=(lenient,), spending=used((lenient, 100)))
    assert isinstance(allowed, Afforded)
    assert allowed.charges == (Charge(lenient.pot(NOON), 0, 100),)


def test_what_costs_nothing_fits_even_above_the_limit() -> None:
    daily = budget()

    assert isinstance(ask(("alpha", 0), account=(daily,), spending=used((daily, 120))), Afforded)


# --- what is known of the spending ------------------------------------------------------------------------------------


def test_what_was_reserved_since_is_added_to_what_the_store_said() -> None:
    pot = budget().pot(NOON)
    spending = Spending()
    spending.reserve([Charge(pot, 10, 100), Charge(pot, 5, 100), Charge(pot, 0, 100)])

    spending.learn({pot: 12}, [Charge(pot, 10, 100), Charge(pot, 0, 100)])

    assert spending.used(pot) == 17


prices = st.integers(0, 40)
rules = st.builds(
    budget,
    scope=st.sampled_from(Scope),
    name=st.sampled_from(["acme", "bolt", "alpha", "beta"]),
    period=st.sampled_from(Period),
    limit=st.integers(1, 300),
    at_limit=st.sampled_from(AtLimit),
    unpriced=st.sampled_from(Unpriced),
)


@given(
    budgets=st.lists(rules, min_size=1, max_size=5, unique_by=lambda one: (one.scope, one.name, one.period)),
    messages=st.lists(
        st.tuples(st.sampled_from(["acme", "bolt"]), prices, prices, st.integers(0, 5 * 3600), st.booleans()),
        max_size=40,
    ),
)
@settings(max_examples=100, deadline=None)
def test_no_order_of_messages_goes_over_a_limit_whoever_takes_them(
    budgets: list[Budget], messages: list[tuple[str, int, int, int, bool]]
) -> None:
    of_carriers = {
        name: tuple(one for one in budgets if one.scope is Scope.CARRIER and one.name == name)
        for name in ("alpha", "beta")
    }
    spending = Spending()
    cost: defaultdict[Pot, int] = defaultdict(int)
    for account, alpha, beta, ahead_s, dearer in messages:
        own = [one for one in budgets if one.scope is Scope.ACCOUNT and one.name == account]
        price = {"alpha": alpha, "beta": beta}
        found = afford(
            list(price.items()), own, of_carriers, spending, at=NOON + ahead_s, expires_at=NOON + ahead_s + 2 * 86_400
        )
        if isinstance(found, Obstacle):
            continue
        spending.reserve(found.charges)
        taker = (max if dearer else min)(found.carriers, key=lambda name: price[name])
        for one in (*own, *of_carriers[taker]):
            cost[one.pot(found.at)] += price[taker]

    limits = {(one.scope, one.name, one.period): one.limit for one in budgets}
    assert [pot for pot, micros in cost.items() if micros > limits[pot[:3]]] == []
