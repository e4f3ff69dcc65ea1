"""Bind requests by a virtual clock: who is counted where."""

import pytest

from smppgw.core.bind_rates import Asked, BindRate, BindRates

ADDRESS = BindRate.of(per_s=0.1)  # six at once
ACCOUNT = BindRate.of(per_s=0.05)  # three at once
HOME, AWAY = "192.0.2.1", "198.51.100.66"
LOOKED_AT = Asked.LOOKED_AT


def rates(remembered: int = 100) -> BindRates:
    made = BindRates(ADDRESS, remembered)
    made.reload({"acme": ACCOUNT, "bolt": ACCOUNT})
    return made


def looked_at(
    rates: BindRates, times: int, account: str = "acme", address: str = HOME, now: float = 0.0, *, at_home: bool
) -> int:
    """Ask so many times; return how many were looked at."""
    return sum(rates.ask(account, address, now, at_home=at_home) is LOOKED_AT for _ in range(times))


@pytest.mark.parametrize(("per_s", "at_least", "burst"), [(5.0, 1.0, 300.0), (0.01, 1.0, 1.0), (0.5, 40.0, 40.0)])
def test_a_minutes_worth_may_come_at_once(per_s: float, at_least: float, burst: float) -> None:
    assert BindRate.of(per_s, at_least) == BindRate(per_s, burst)


def test_an_account_at_home_has_its_own_rate() -> None:
    assert looked_at(rates(), 10, at_home=True) == 3


def test_everybody_else_shares_that_of_the_address() -> None:
    """Whatever name they give, one of an account included."""
    made = rates()

    asked = [looked_at(made, 2, name, at_home=False) for name in ("acme", "bolt", "guess", "more")]

    assert asked == [2, 2, 2, 0]


def test_requests_come_back_at_the_rate() -> None:
    made = rates()
    looked_at(made, 10, at_home=True)

    assert looked_at(made, 10, now=20.0, at_home=True) == 1  # 0.05/s * 20 s


def test_strangers_at_an_address_take_nothing_from_who_is_at_home_there() -> None:
    made = rates()
    looked_at(made, 100, "guess", at_home=False)

    assert looked_at(made, 3, at_home=True) == 3


def test_strangers_elsewhere_take_nothing_from_an_account() -> None:
    """However many addresses give its name."""
    made = rates()
    for number in range(50):
        looked_at(made, 10, "acme", f"198.51.100.{number}", at_home=False)

    assert looked_at(made, 3, at_home=True) == 3


def test_one_account_takes_nothing_from_another() -> None:
    made = rates()
    looked_at(made, 10, "acme", at_home=True)

    assert looked_at(made, 3, "bolt", at_home=True) == 3


def test_addresses_of_one_site_are_one() -> None:
    """The /48 of an IPv6 address, as in a lock-out."""
    made = rates()
    looked_at(made, 6, address="2001:db8:1:1::1", at_home=False)

    assert looked_at(made, 1, address="2001:db8:1:2::1", at_home=False) == 0
    assert looked_at(made, 1, address="2001:db8:2:1::1", at_home=False) == 1


def test_an_account_that_is_gone_counts_as_a_stranger() -> None:
    made = rates()
    made.reload({"bolt": ACCOUNT})

    assert looked_at(made, 10, "acme", at_home=True) == 6


def test_a_reload_forgets_what_was_counted() -> None:
    made = rates()
    looked_at(made, 10, at_home=True)

    made.reload({"acme": BindRate.of(per_s=0.1)})

    assert looked_at(made, 10, at_home=True) == 6


def test_the_first_refusal_of_a_minute_is_news() -> None:
    made = rates()
    looked_at(made, 3, at_home=True)

    asked = [made.ask("acme", HOME, now, at_home=True) for now in (0.0, 1.0, 20.0, 40.0, 59.0, 60.1, 60.2, 61.0)]

    anew, refused = Asked.REFUSED_ANEW, Asked.REFUSED
    assert asked == [anew, refused, LOOKED_AT, LOOKED_AT, refused, LOOKED_AT, anew, refused]


def test_a_thousand_addresses_leave_a_bounded_trace() -> None:
    """The oldest are forgotten; who asks again and again is not among them."""
    made = rates(remembered=10)
    looked_at(made, 6, address=AWAY, at_home=False)

    for number in range(1000):
        looked_at(made, 1, address=f"10.0.{number // 256}.{number % 256}", at_home=False)
        assert looked_at(made, 1, address=AWAY, at_home=False) == 0

    assert len(made._counts) == 10
