"""What an account is screened for, as a value."""

from smppgw.core.model import Decision
from smppgw.core.screening import ANYWHERE, Screens

DECISION = Decision("german", ("alpha",))


def test_the_sender_for_a_country_is_named_or_that_for_anywhere() -> None:
    screens = Screens(sender_for={"US": "12025550100", ANYWHERE: "ACME"})

    assert [screens.sender_in(country) for country in ("US", "DE", "")] == ["12025550100", "ACME", "ACME"]
    assert Screens(sender_for={"US": "12025550100"}).sender_in("DE") is None


def test_a_decision_has_the_sender_for_the_country_unless_its_route_names_one() -> None:
    screens = Screens(sender_for={"US": "12025550100"})
    named = Decision("german", ("alpha",), sender="SHOP")

    assert screens.signed(DECISION, "US").sender == "12025550100"
    assert screens.signed(DECISION, "DE") is DECISION
    assert screens.signed(named, "US") is named
