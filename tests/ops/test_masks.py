"""What logs may show."""

import unicodedata
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.ops.masks import clean, clean_traceback, escape, hide_secrets, mask_msisdn

SEPARATORS = {"Cc", "Zl", "Zp", "Cs"}


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("4917612345612", "+49176*****12"),
        ("+4917612345612", "+49176*****12"),
        ("491761234", "+49176*****34"),
        ("49176123", "+*****"),
        ("12345", "+*****"),
        ("", "*****"),
        ("Shop", "*****"),
    ],
)
def test_a_number_is_shortened(number: str, shown: str) -> None:
    assert mask_msisdn(number) == shown


@given(st.from_regex(r"[1-9][0-9]{4,14}", fullmatch=True))
def test_a_shortened_number_never_shows_more_than_seven_digits(number: str) -> None:
    assert sum(character.isdigit() for character in mask_msisdn(number)) <= 7


@given(st.text(st.characters(codec=None)))
def test_no_control_character_survives(text: str) -> None:
    escaped = escape(text)

    assert not {unicodedata.category(character) for character in escaped} & SEPARATORS
    assert not set(escaped) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def test_ordinary_text_stays_as_it_is() -> None:
    text = "Grüße, 你好, %s {0} 'quoted' \\"

    assert escape(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "password=hunter2",
        "password: hunter2",
        '{"password": "hunter2"}',
        "{'access_key_secret': 'hunter2'}",
        "security_token=hunter2&x=1",
        "Authorization: Basic aHVudGVyMg==hunter2",
        "Authorization: ACS3-HMAC-SHA256 Credential=x,SignedHeaders=y,Signature=00112233445566778899aabbhunter2",
        "https://me:hunter2@carrier.example/jobs",
        "$argon2id$v=19$m=19456,t=2,p=1$hunter2$hunter2",
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str) -> None:
    hidden = hide_secrets(text)

    assert "hunter2" not in hidden
    assert "***" in hidden


def test_what_does_not_look_like_a_secret_stays() -> None:
    text = "message 1234567890 of batch 7f3a took 0.25 s at 2026-03-31T10:42:05Z"

    assert hide_secrets(text) == text


def test_a_number_with_a_plus_is_shortened_wherever_it_stands() -> None:
    assert hide_secrets("to +4917612345612, please") == "to +49176*****12, please"


@pytest.mark.parametrize("key", ["password", "access_key_secret", "Authorization", "api_key", "X-Token"])
def test_a_value_under_a_secret_key_is_hidden(key: str) -> None:
    assert clean(key, "anything") == "***"


@pytest.mark.parametrize("value", [None, True, 3, 2.5])
def test_plain_values_stay_as_they_are(value: object) -> None:
    assert clean("n", value) is value


def test_what_json_has_no_number_for_becomes_a_text() -> None:
    assert clean("n", inf) == "inf"


def test_values_are_cleaned_all_the_way_down() -> None:
    value = {"a\n": [("b\n", {"password": "x"})], "o": ValueError("c\n")}

    assert clean("v", value) == {"a\\n": [["b\\n", {"password": "***"}]], "o": "c\\n"}


def test_a_traceback_keeps_its_lines_and_nothing_else_that_moves_a_cursor() -> None:
    assert clean_traceback("a\n  b\x1b[31m\r") == "a\n  b\\x1b[31m\\r"
