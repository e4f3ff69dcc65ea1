"""Budgets: what is read, and what `check` names as nonsense."""

from typing import Any

import pytest

from smppgw.config.budgets import BudgetLimit
from smppgw.config.faults import ConfigFaults
from smppgw.core.budgets import AtLimit, Period, Unpriced
from tests.config.conftest import HASH, Load

CARD = '[carriers.loop]\ntype = "loopback"\nrates = "loop.csv"\n'


def budgets(*written: str, of_carrier: bool = False) -> dict[str, Any]:
    """Parts of a configuration whose account, or carrier, has these budgets."""
    line = f"budgets = [{', '.join(f'{{ {one} }}' for one in written)}]"
    account = f'[[accounts]]\nsystem_id = "legacy"\npassword_hash = "{HASH}"\n'
    return {
        "accounts": account if of_carrier else account + line,
        "carriers": CARD + (line if of_carrier else ""),
    }


def load_priced(load_text: Load, tmp_path: Any, **parts: Any) -> Any:
    (tmp_path / "loop.csv").write_text("prefix,price,currency\n,0.05,EUR\n")
    return load_text(**parts)


def faults(load_text: Load, tmp_path: Any, **parts: Any) -> dict[str, str]:
    with pytest.raises(ConfigFaults) as caught:
        load_priced(load_text, tmp_path, **parts)
    return {fault.path: fault.reason for fault in caught.value.faults}


def test_a_budget_has_defaults_that_refuse(load_text: Load, tmp_path: Any) -> None:
    settings = load_priced(load_text, tmp_path, **budgets('period = "day", limit = "50 EUR"'))

    (account,) = settings.accounts
    assert account.budgets == (
        BudgetLimit(
            period=Period.DAY,
            limit=(50_000_000, "EUR"),
            warn=80,
            at_limit=AtLimit.REFUSE,
            status=0x45,
            unpriced=Unpriced.REFUSE,
        ),
    )
    assert (settings.carrier_budgets, settings.warnings) == ({}, ())


def test_a_carrier_has_budgets_beside_the_keys_of_its_adapter(load_text: Load, tmp_path: Any) -> None:
    hourly = 'period = "hour", limit = "5.5 EUR", at_limit = "hold", status = "0x401", unpriced = "allow", warn = 50'

    settings = load_priced(load_text, tmp_path, **budgets(hourly, of_carrier=True))

    (found,) = settings.carrier_budgets["loop"]
    assert (found.period, found.limit, found.at_limit) == (Period.HOUR, (5_500_000, "EUR"), AtLimit.HOLD)
    assert (found.status, found.unpriced, found.warn) == (0x401, Unpriced.ALLOW, 50)


@pytest.mark.parametrize(
    ("written", "key", "reason"),
    [
        ('period = "week", limit = "5 EUR"', "period", "should be one of hour, day, month"),
        ('period = "day", limit = "0 EUR"', "limit", "a limit of 0 lets nothing through"),
        ('period = "day", limit = "5"', "limit", "no amount of money"),
        ('period = "day", limit = "-5 EUR"', "limit", "no amount of money"),
        ('period = "day", limit = "5 USD"', "limit", "is in USD, [rates] currency is EUR"),
        ('period = "day", limit = "5 EUR", warn = 101', "warn", "less than or equal to 100"),
        ('period = "day", limit = "5 EUR", warn = 0', "warn", "greater than or equal to 1"),
        ('period = "day", limit = "5 EUR", status = "ESME_ROK"', "status", "no status that refuses"),
        ('period = "day", limit = "5 EUR", at_limit = "wait"', "at_limit", "'refuse', 'hold' or 'cheaper'"),
        ('period = "day", limit = "5 EUR", unpriced = "guess"', "unpriced", "'refuse' or 'allow'"),
        ('period = "day", limt = "5 EUR"', "limt", "is no known key"),
        ('limit = "5 EUR"', "period", "is required"),
    ],
)
def test_nonsense_is_named(load_text: Load, tmp_path: Any, written: str, key: str, reason: str) -> None:
    for of_carrier, owner in ((False, "accounts[legacy]"), (True, "carriers.loop")):
        found = faults(load_text, tmp_path, **budgets(written, of_carrier=of_carrier))

        assert reason in found[f"{owner}.budgets[0].{key}"]


def test_two_budgets_for_one_period_are_a_fault(load_text: Load, tmp_path: Any) -> None:
    twice = budgets(
        'period = "day", limit = "5 EUR"', 'period = "hour", limit = "5 EUR"', 'period = "day", limit = "6 EUR"'
    )

    assert faults(load_text, tmp_path, **twice) == {"accounts[legacy].budgets[2].period": "has a day budget already"}


def test_cheaper_is_nothing_for_a_carrier(load_text: Load, tmp_path: Any) -> None:
    cheaper = budgets('period = "day", limit = "5 EUR", at_limit = "cheaper"', of_carrier=True)

    assert list(faults(load_text, tmp_path, **cheaper)) == ["carriers.loop.budgets[0].at_limit"]


@pytest.mark.parametrize("of_carrier", [False, True])
@pytest.mark.parametrize(("unpriced", "then"), [("refuse", "is passed over"), ("allow", "is not counted")])
def test_budgets_without_rate_cards_are_a_warning(
    load_text: Load, *, of_carrier: bool, unpriced: str, then: str
) -> None:
    parts = budgets(f'period = "day", limit = "5 EUR", unpriced = "{unpriced}"', of_carrier=of_carrier)
    parts["carriers"] = parts["carriers"].replace('rates = "loop.csv"\n', "")

    (warning,) = load_text(**parts).warnings

    assert "without a rate card what could go by loop" in warning
    assert warning.endswith(then)


def test_the_zone_of_budgets_is_one(load_text: Load, tmp_path: Any) -> None:
    wrong = faults(load_text, tmp_path, more='[rates]\nbudget_zone = "Europe/Bärlin"')

    assert list(wrong) == ["rates.budget_zone"]
