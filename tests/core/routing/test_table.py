"""The first rule that matches, whatever a message looks like."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.core.model import Message, TrafficClass
from smppgw.core.routing.hours import parse_hours
from smppgw.core.routing.matching import compile_rule
from smppgw.core.routing.rules import Match, Rule, SenderKind, candidates
from smppgw.core.routing.table import Router
from tests.core.routing.asking import NOW, routed


def first(match: Match, message: Message, at: float = NOW) -> Rule | None:
    return Router([Rule(name="only", match=match, candidates=candidates("a"))]).rule_for(message, at)


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
        (Match(senders=("Sh*",)), True),
        (Match(sender_kind=SenderKind.ALPHANUMERIC), True),
        (Match(sender_kind=SenderKind.NUMERIC), False),
        (Match(traffic_classes=(TrafficClass.TRANSACTIONAL, TrafficClass.OTP)), True),
        (Match(traffic_classes=(TrafficClass.MARKETING,)), False),
        (Match(data_codings=(0, 8)), True),
        (Match(data_codings=(8,)), False),
        (Match(parts=(1, 2)), True),
        (Match(parts=(2, 9)), False),
        (Match(hours=(parse_hours("tue 22:00-23:00"),)), True),
        (Match(hours=(parse_hours("mon 22:00-23:00"), parse_hours("20:00-22:00"))), False),
        (Match(percentage=100), True),
        (Match(accounts=("legacy",), countries=("DE",), prefixes=("49",), senders=("Shop",)), True),
        (Match(accounts=("legacy",), countries=("FR",), prefixes=("49",), senders=("Shop",)), False),
        (Match(accounts=("legacy",), countries=("DE",), prefixes=("33",), senders=("Shop",)), False),
        (Match(accounts=("legacy",), countries=("DE",), prefixes=("49",), senders=("Bank",)), False),
    ],
)
def test_a_rule_matches_when_every_field_it_names_holds(match: Match, matches: bool) -> None:
    assert (first(match, routed()) is not None) is matches


def test_numbers_of_no_country_match_the_empty_country() -> None:
    satellites = Match(countries=("",))

    assert first(satellites, routed(country="", recipient="870773111632")) is not None
    assert first(satellites, routed()) is None


def test_a_percentage_takes_its_share_of_the_recipients_and_always_the_same_ones() -> None:
    router = Router([Rule(name="trial", match=Match(percentage=20), candidates=candidates("a"))])
    recipients = [f"49171{number:07d}" for number in range(10_000)]

    taken = [recipient for recipient in recipients if router.rule_for(routed(recipient=recipient), NOW)]

    assert 1_800 < len(taken) < 2_200  # five standard deviations of 40
    assert taken == [recipient for recipient in recipients if router.rule_for(routed(recipient=recipient), NOW)]


def test_the_first_matching_rule_wins() -> None:
    rules = [
        Rule(name="china", match=Match(countries=("CN",)), candidates=candidates("alibaba")),
        Rule(name="germany", match=Match(countries=("DE",)), candidates=candidates("retarus")),
        Rule(name="default", candidates=candidates("alibaba")),
    ]

    assert Router(rules).rule_for(routed(), NOW) is rules[1]


def test_without_a_matching_rule_there_is_no_route() -> None:
    assert Router([]).rule_for(routed(), NOW) is None


_WORDS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=2).map(tuple)
_MATCHES = st.builds(
    Match,
    accounts=_WORDS,
    countries=st.lists(st.sampled_from(["DE", "FR", ""]), max_size=2).map(tuple),
    prefixes=st.lists(st.sampled_from(["4", "49", "4917", "33", "3361", "87"]), max_size=2).map(tuple),
    senders=st.lists(st.sampled_from(["Shop", "S*", "*", "Bank"]), max_size=2).map(tuple),
    parts=st.none() | st.sampled_from([(1, 1), (1, 3), (2, 9)]),
)


@given(
    st.lists(_MATCHES, max_size=8),
    st.lists(
        st.fixed_dictionaries({
            "account": st.sampled_from(["a", "b", "z"]),
            "country": st.sampled_from(["DE", "FR", ""]),
            "recipient": st.sampled_from(["491711234567", "4930123456", "33612345678", "870773111632"]),
            "sender": st.sampled_from(["Shop", "Bank", ""]),
            "parts": st.integers(1, 4),
        }),
        max_size=6,
    ),
)  # fmt: skip
def test_what_is_remembered_changes_nothing(matches: list[Match], asked: list[dict[str, Any]]) -> None:
    rules = [Rule(name=str(n), match=match, candidates=candidates("a")) for n, match in enumerate(matches)]
    router = Router(rules)

    for fields in asked:
        message = routed(**fields)
        plain = next((rule for rule in rules if fits(rule, message)), None)
        assert router.rule_for(message, NOW) is plain


def fits(rule: Rule, message: Message) -> bool:
    compiled = compile_rule(rule)
    return compiled.is_for(message.account, message.country, message.recipient) and all(
        test(message, NOW) for test in compiled.tests
    )
