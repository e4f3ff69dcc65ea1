"""What may be written in the GSM alphabet, held against another implementation of it."""

import unicodedata

import gsm0338
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.core.transliteration import PUNCTUATION, plain, plainest

ORACLE = gsm0338.Codec()
EUROPEAN = "".join(
    character for character in map(chr, range(0xC0, 0x180)) if unicodedata.category(character) in {"Lu", "Ll"}
)
"""Letters of Latin-1 and Latin Extended-A."""


def is_gsm(text: str) -> bool:
    try:
        ORACLE.encode(text)
    except UnicodeError:
        return False
    return True


GSM = ORACLE.decode(bytes(octet for octet in range(128) if octet != 0x1B))[0] + "€[]{}~^|\\"


def test_what_is_in_the_alphabet_stays() -> None:
    assert plain(GSM) == plainest(GSM) == GSM


@given(st.text())
def test_a_second_time_changes_nothing_more(text: str) -> None:
    assert plain(plain(text)) == plain(text)
    assert plainest(plainest(text)) == plainest(text) == plainest(plain(text))


def test_plain_punctuation_is_in_the_alphabet_and_was_needed() -> None:
    for code, replacement in PUNCTUATION.items():
        assert not is_gsm(chr(code))
        assert is_gsm(str(replacement))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("“It’s”\u00a0–\u2009«so»…", '"It\'s" - "so"...'),
        ("a\u0308 u\u0308", "ä ü"),
        ("soft\u00adhyphen\ufeff", "softhyphen"),
        ("line\u2028line\ttab", "line\nline tab"),
        ("Ἑλλάς 短信 😀 résumé ç", "Ἑλλάς 短信 😀 résumé ç"),
    ],
)
def test_punctuation_becomes_plain_and_letters_stay(text: str, written: str) -> None:
    assert plain(text) == unicodedata.normalize("NFC", written)


def test_no_letter_of_europe_is_beyond_the_alphabet_when_accents_may_go() -> None:
    left = [character for character in EUROPEAN if not is_gsm(plainest(character))]

    assert left == []


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Résumé à Łódź, garçon, œuf", "Résumé à Lodz, garcon, oeuf"),
        ("Árvíztűrő tükörfúrógép", "Arviztürö tükörfurogép"),
        ("A\u0300\u0300 x\u0301", "A x"),
        ("1 ≠ 2 ≮ 3", "1 ≠ 2 ≮ 3"),
        ("n\u0336o\u0336", "n\u0336o\u0336"),
        ("İyi akşamlar, ığdır", "Iyi aksamlar, igdir"),
        ("Ἑλλάς 短信 Привет й 한 😀", "Ἑλλάς 短信 Привет й 한 😀"),
    ],
)
def test_accents_go_where_they_may_and_other_scripts_stay(text: str, written: str) -> None:
    assert plainest(text) == written
