"""Where accounts may write to, and what they may spend there, beside routes and rates."""

import pytest

from smppgw.config.destinations import allowed_countries
from smppgw.config.faults import ConfigFaults
from tests.config.conftest import HASH, Load

ROUTES = """[[routes]]
name = "german"
match = { country = ["DE", "AT"] }
carriers = ["loop"]
[[routes]]
name = "french"
match = { country = "FR", account = "other" }
carriers = ["loop"]
[[routes]]
name = "never"
match = { country = "CU" }
refuse = "ESME_RINVDSTADR"
[[routes]]
name = "default"
carriers = ["loop"]"""


def account(more: str) -> str:
    return f"""[[accounts]]
system_id = "legacy"
password_hash = "{HASH}"
{more}
[[accounts]]
system_id = "other"
password_hash = "{HASH}\""""


@pytest.mark.parametrize(
    ("written", "countries"),
    [
        ("", None),
        ('countries = ["DE", "CH"]', {"DE", "CH"}),
        ('countries = "routes"', {"DE", "AT"}),
        ('countries = ["routes", "CH"]', {"DE", "AT", "CH"}),
    ],
)
def test_countries_are_those_that_the_account_or_its_routes_name(
    load_text: Load, written: str, countries: set[str] | None
) -> None:
    settings = load_text(accounts=account(written), routes=ROUTES)

    assert allowed_countries(settings.accounts[0], settings.routes) == countries


@pytest.mark.parametrize(
    ("written", "path", "words"),
    [
        ("countries = []", "countries", "leaves no country"),
        ('countries = "routes"', "countries", "leaves no country"),
        ('countries = ["XX"]', "countries", "no country with telephone numbers"),
        ('pumping = { prefix_spend = ["1 EUR/h", "9 USD/d"] }', "pumping.prefix_spend", "is in USD, [rates] currency"),
        ('pumping = { watch_from = "1 USD" }', "pumping.watch_from", "is in USD, [rates] currency is EUR"),
        ('pumping = { prefix_spent = "1 EUR/h" }', "pumping.prefix_spent", ""),
    ],
)
def test_what_refuses_everything_or_cannot_be_counted_is_a_fault(
    load_text: Load, written: str, path: str, words: str
) -> None:
    with pytest.raises(ConfigFaults) as caught:
        load_text(accounts=account(written))

    (fault,) = caught.value.faults
    assert fault.path.startswith(f"accounts[legacy].{path}")
    assert words in fault.reason


@pytest.mark.parametrize(
    ("written", "warnings"), [("", 0), ("pumping = {}", 0), ('pumping = { prefix_spend = "1 EUR/h" }', 1)]
)
def test_limits_of_money_without_any_price_are_warned_of(load_text: Load, written: str, warnings: int) -> None:
    found = load_text(accounts=account(written)).warnings

    assert [text.startswith("accounts[legacy].pumping asks for prices") for text in found] == [True] * warnings
