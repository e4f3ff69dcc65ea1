"""Routing: the first rule that matches, and a decision that says why."""

import pytest

from smppgw.core.model import Decision
from smppgw.core.routing import Match, Query, Router, Rule, decide

QUERY = Query("legacy", "DE", "491711234567", "Shop")


@pytest.mark.parametrize(
    ("match", "matches"),
    [
        (Match(), True),
        (Match(accounts=("legacy",)), True),
        (Match(accounts=("other", "legacy")), True),
        (Match(accounts=("other",)), False),
        (Match(accounts=("LEGACY",)), False),
        (Match(countries=("DE",)), True),
        (Match(countries=("de",)), True),
        (Match(countries=("AT", "CH")), False),
        (Match(prefixes=("49171",)), True),
        (Match(prefixes=("+49171",)), True),
        (Match(prefixes=("43", "49")), True),
        (Match(prefixes=("49172",)), False),
        (Match(prefixes=("4917112345678",)), False),  # longer than the number
        (Match(senders=("Shop",)), True),
        (Match(senders=("shop",)), False),
        (Match(senders=("Sho",)), False),
        (Match(accounts=("legacy",), countries=("DE",), prefixes=("49",), senders=("Shop",)), True),
        (Match(accounts=("legacy",), countries=("FR",), prefixes=("49",), senders=("Shop",)), False),
        (Match(accounts=("legacy",), countries=("DE",), prefixes=("33",), senders=("Shop",)), False),
        (Match(accounts=("legacy",), countries=("DE",), prefixes=("49",), senders=("Bank",)), False),
    ],
)
def test_a_rule_matches_when_every_field_it_names_holds(match: Match, matches: bool) -> None:
    router = Router([Rule(name="only", match=match, carriers=("a",))])

    found = router.candidates(QUERY)

    assert (found is not None) is matches


@pytest.mark.parametrize(
    ("pattern", "sender", "matches"),
    [
        ("*", "", True),
        ("*", "Shop", True),
        ("Sh*", "Shop", True),
        ("Sh*", "Sh", True),
        ("Sh*", "sh", False),
        ("*op", "Shop", True),
        ("*op", "opS", False),
        ("S*p", "Shop", True),
        ("S*p", "Sp", True),
        ("S*p", "Shops", False),
        ("ab*ba", "aba", False),  # the ends must not overlap
        ("ab*ba", "abba", True),
        ("*ho*", "Shop", True),
        ("*ho*", "Soph", False),
        ("a*b*c", "a1b2c", True),
        ("a*b*c", "abc", True),
        ("a*b*c", "acb", False),
        ("a*bc*c", "abc", False),
        ("**", "x", True),
        (".*", "Shop", False),  # no regular expression
        ("4917*", "491711234567", True),
    ],
)
def test_a_star_stands_for_any_characters(pattern: str, sender: str, matches: bool) -> None:
    router = Router([Rule(name="only", match=Match(senders=("exact", pattern)), carriers=("a",))])

    found = router.candidates(Query("legacy", "DE", "491711234567", sender))

    assert (found is not None) is matches


def test_exact_senders_match_beside_patterns() -> None:
    router = Router([Rule(name="only", match=Match(senders=("", "Sh*")), carriers=("a",))])

    assert router.candidates(Query("legacy", "DE", "491711234567", "")) is not None
    assert router.candidates(Query("legacy", "DE", "491711234567", "Bank")) is None


def test_numbers_of_no_country_match_the_empty_country() -> None:
    router = Router([Rule(name="satellites", match=Match(countries=("",)), carriers=("a",))])

    assert router.candidates(Query("legacy", "", "870773111632", "Shop")) is not None
    assert router.candidates(QUERY) is None


def test_the_first_matching_rule_wins() -> None:
    rules = [
        Rule(name="china", match=Match(countries=("CN",)), carriers=("alibaba",)),
        Rule(name="germany", match=Match(countries=("DE",)), carriers=("retarus",)),
        Rule(name="default", carriers=("alibaba",)),
    ]

    found = Router(rules).candidates(QUERY)

    assert found is rules[1]


def test_without_a_matching_rule_there_is_no_route() -> None:
    assert Router([]).candidates(QUERY) is None


RULE = Rule(name="default", carriers=("a", "b", "c"))


@pytest.mark.parametrize(
    ("checks", "decision"),
    [
        ([("a", None), ("b", None)], Decision("default", ("a", "b"), ())),
        ([("b", None), ("a", None)], Decision("default", ("b", "a"), ())),
        ([("a", "no template"), ("b", None)], Decision("default", ("b",), (("a", "no template"),))),
        (
            [("a", None), ("b", "too long"), ("c", "sender")],
            Decision("default", ("a",), (("b", "too long"), ("c", "sender"))),
        ),
        ([("a", "too long"), ("b", "sender")], None),
        ([], None),
    ],
)
def test_a_decision_names_candidates_in_order_and_why_others_were_dropped(
    checks: list[tuple[str, str | None]], decision: Decision | None
) -> None:
    assert decide(RULE, checks) == decision


def test_equal_messages_share_one_decision() -> None:
    first = decide(RULE, [("a", None), ("b", "sender")])
    second = decide(Rule(name="default", carriers=("a", "b")), [("a", None), ("b", "sender")])

    assert first is second
