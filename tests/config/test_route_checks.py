"""Routes that are never reached, that meet half-way, or that ask for prices nobody has."""

from typing import Any

import pytest

from smppgw.config.faults import ConfigFaults, Fault
from tests.config.conftest import Load

TWO = '[carriers.loop]\ntype = "loopback"\n[carriers.other]\ntype = "loopback"'


def routes(*matches: str, **more: str) -> dict[str, Any]:
    written = [
        f'[[routes]]\nname = "r{number}"\ncarriers = ["loop"]\nmatch = {{ {match} }}\n'
        for number, match in enumerate(matches, start=1)
    ]
    return {"carriers": TWO, "routes": "\n".join(written)} | more


def faults(load_text: Load, **parts: Any) -> tuple[Fault, ...]:
    with pytest.raises(ConfigFaults) as caught:
        load_text(**parts)
    return caught.value.faults


@pytest.mark.parametrize(
    ("general", "special"),
    [
        ("", 'country = "DE"'),
        ('country = ["DE", "FR"]', 'country = "DE"'),
        ('prefix = "49"', 'prefix = ["4917", "4930"]'),
        ('sender = "*"', 'sender = "ACME"'),
        ('parts = "1-9"', "parts = 3"),
        ('country = "DE"', 'country = "DE"'),
        ("percentage = 100", 'account = "legacy"'),
    ],
)
def test_a_route_behind_one_that_takes_all_of_it_is_a_fault(load_text: Load, general: str, special: str) -> None:
    (fault,) = faults(load_text, **routes(general, special))

    assert fault.path == "routes[r2]"
    assert "is never reached (line 15): route r1 (line 10) takes all it could match" in fault.reason
    assert fault.suggestion == "put it before r1"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('country = "DE"', ""),  # the usual default at the end
        ('country = "DE"', 'country = "FR"'),
        ("percentage = 50", ""),
        ('hours = "08:00-20:00"', ""),
        ('prefix = "4917"', 'prefix = "49"'),
        ('traffic_class = "otp"', 'traffic_class = "marketing"'),
    ],
)
def test_ordinary_routes_are_neither_faults_nor_warnings(load_text: Load, first: str, second: str) -> None:
    assert load_text(**routes(first, second)).warnings == ()


def test_two_routes_that_meet_half_way_are_a_warning_that_says_who_wins(load_text: Load) -> None:
    settings = load_text(**routes('country = "DE"', 'traffic_class = "otp"'))

    assert settings.warnings == ("routes[r2] (line 15) overlaps with r1, which comes first and wins",)


def test_a_price_in_another_currency_is_a_fault(load_text: Load) -> None:
    (fault,) = faults(load_text, routes='[[routes]]\nname = "r"\ncarriers = ["loop"]\nmax_price = "0.1 USD"')

    assert (fault.path, fault.reason) == ("routes[r].max_price", "is in USD, [rates] currency is EUR")


def test_a_route_by_price_over_carriers_without_prices_is_a_warning(load_text: Load) -> None:
    settings = load_text(routes='[[routes]]\nname = "r"\ncarriers = ["loop"]\nstrategy = "least-cost"')

    assert settings.warnings == ("routes[r] asks for prices, and has none for loop; without_price decides",)
