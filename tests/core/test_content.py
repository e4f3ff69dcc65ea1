"""Which texts rules keep back, and that no text makes them slow."""

import time
from typing import Any

import pytest

from smppgw.core.content import ContentRule, compiled, offended
from smppgw.core.model import TrafficClass

LONGEST = 20 * 153
"""Characters of a text of 20 parts."""


def rule(*texts: str, **fields: Any) -> ContentRule:
    return ContentRule(name="one", text=compiled(texts) if texts else None, **fields)


def is_kept_back(text: str, *rules: ContentRule, traffic_class: TrafficClass = TrafficClass.MARKETING) -> bool:
    return offended(rules, text, traffic_class) is not None


@pytest.mark.parametrize("text", ["You have WON money", "ＷＯＮ money", "so: won\nall the money\n!"])
def test_a_text_that_fits_a_pattern_is_kept_back_however_it_is_written(text: str) -> None:
    assert is_kept_back(text, rule("nothing", "*won*money*"))


def test_other_texts_pass() -> None:
    assert not is_kept_back("money won", rule("*won*money*"))
    assert not is_kept_back("Hello")


def test_a_rule_for_some_classes_leaves_others_alone() -> None:
    marketing = rule("*", traffic_classes=frozenset({TrafficClass.MARKETING}))

    assert is_kept_back("Hello", marketing)
    assert not is_kept_back("Hello", marketing, traffic_class=TrafficClass.OTP)


@pytest.mark.parametrize(
    ("text", "kept_back"),
    [
        ("Hello", False),
        ("https://shop.example.com/x", False),
        ("https://example.com https://evil.com", True),
        ("https://example.com.evil.com", True),
        ("https://", True),
    ],
)
def test_links_lead_only_where_they_may(text: str, kept_back: bool) -> None:
    assert is_kept_back(text, rule(hosts=frozenset({"example.com"}))) is kept_back


def test_where_links_may_lead_nowhere_none_passes() -> None:
    assert is_kept_back("example.com", rule(hosts=frozenset()))


def test_the_first_rule_that_keeps_it_back_is_named() -> None:
    rules = [rule("never"), ContentRule(name="links", hosts=frozenset(), status=0x45), rule("*evil*")]

    found = offended(rules, "evil.com", TrafficClass.OTP)

    assert found is rules[1]


@pytest.mark.parametrize(
    "unit", ["a", "a.", "https://", "a:", "/", "@", ".", "ab ", "\u00e9", "\ufdfa", "x.com:", "-."]
)
def test_no_text_makes_a_hundred_rules_slow(unit: str) -> None:
    """Whatever repeats: 100 patterns of 20 wildcards, and a list of links, take a hundredth of this time."""
    text = (unit * LONGEST)[:LONGEST]
    rules = [rule("*".join(["", *"a.:/@" * 4, f"never{n}"])) for n in range(100)]
    begun = time.process_time()

    offended([*rules, rule(hosts=frozenset({"a.com"}))], text, TrafficClass.OTP)

    assert time.process_time() - begun < 2.0
