"""A star stands for any characters, and for nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.core.routing import patterns


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
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
def test_a_star_stands_for_any_characters(pattern: str, text: str, fits: bool) -> None:
    assert patterns.compiled(["exact", pattern])(text) is fits


def test_exact_texts_match_beside_patterns() -> None:
    fits = patterns.compiled(["", "Sh*"])

    assert fits("")
    assert not fits("Bank")


@pytest.mark.parametrize(
    ("general", "special", "covers"),
    [
        ("Shop", "Shop", True),
        ("Sh*", "Shop", True),
        ("Sh*", "Sho*", True),
        ("*", "S*p", True),
        ("Shop", "Sh*", False),
        ("Sho*", "Sh*", False),
    ],
)
def test_a_pattern_covers_what_all_fits_it(general: str, special: str, covers: bool) -> None:
    assert patterns.covers(general, special) is covers


@given(st.text("ab*", max_size=5), st.text("ab*", max_size=5), st.text("ab", max_size=6))
def test_what_covers_a_pattern_fits_whatever_fits_that(general: str, special: str, text: str) -> None:
    if patterns.covers(general, special) and patterns.compiled([special])(text):
        assert patterns.compiled([general])(text)
