"""Parts and truncation, with the arithmetic of GSM 03.38 and UCS-2."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smppgw.simulators.gsm import Coding, coding_of, is_gsm, parts_of, replaced, transliterated, truncated


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),  # 2 * 153
        ("a" * 307, 3),
        ("€" * 80, 1),  # 160 septets
        ("€" * 81, 2),
        ("€" * 153, 3),  # 76 euro signs fill 152 septets: the 153rd is not split
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("ж" * 134, 2),  # 2 * 67
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 67, 3),  # 33 pairs fill 66 units: the 67th is not split
    ],
)
def test_parts_of_a_text(text: str, parts: int) -> None:
    assert parts_of(text, coding_of(text)) == parts


@given(st.text(max_size=400), st.integers(1, 6))
@settings(max_examples=100)
def test_a_truncated_text_is_a_prefix_that_fits(text: str, max_parts: int) -> None:
    shown = truncated(text, Coding.UTF16, max_parts)

    assert text.startswith(shown)
    assert parts_of(shown, Coding.UTF16) <= max_parts


@given(st.text(max_size=400))
@settings(max_examples=100)
def test_a_text_that_fits_is_not_touched(text: str) -> None:
    assert truncated(text, Coding.UTF16, parts_of(text, Coding.UTF16)) == text


@pytest.mark.parametrize(("text", "similar"), [("ëÇ", "eÇ"), ("“a” – b…", '"a" - b...'), ("é€", "é€"), ("中", None)])
def test_similar_characters_stand_in(text: str, similar: str | None) -> None:
    assert transliterated(text) == similar


def test_a_blank_stands_in_for_a_foreign_character() -> None:
    assert replaced("a中b") == "a b"


def test_extension_table_belongs_to_the_alphabet() -> None:
    assert is_gsm("[{€}]^|~\\")
