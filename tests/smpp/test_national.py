"""National languages against the tables of 3GPP TS 23.038, annex A, written out whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.smpp import gsm7, national, text, udh
from smppgw.smpp.gsm7 import REPLACEMENT, Decoded
from smppgw.smpp.national import Language
from smppgw.smpp.text import Alphabet

ESC = 0x1B
ESCAPED = "·"
SEPTETS = bytes(septet for septet in range(128) if septet != ESC)

# A.3.1 and A.3.3, sixteen septets to a line; a dot that is not one stands for ESC.
LOCKING = {
    Language.TURKISH: (
        "@£$¥€éùıòÇ\nĞğ\rÅå"
        "Δ_ΦΓΛΩΠΨΣΘΞ·ŞşßÉ"
        " !\"#¤%&'()*+,-./"
        "0123456789:;<=>?"
        "İABCDEFGHIJKLMNO"
        "PQRSTUVWXYZÄÖÑÜ§"
        "çabcdefghijklmno"
        "pqrstuvwxyzäöñüà"
    ),
    Language.PORTUGUESE: (
        "@£$¥êéúíóç\nÔô\rÁá"
        "Δ_ªÇÀ∞^\\€Ó|·ÂâÊÉ"
        " !\"#º%&'()*+,-./"
        "0123456789:;<=>?"
        "ÍABCDEFGHIJKLMNO"
        "PQRSTUVWXYZÃÕÚÜ§"
        "~abcdefghijklmno"
        "pqrstuvwxyzãõ`üà"
    ),
}
# A.2.1 to A.2.3; a blank stands for no character.
SINGLE = {
    Language.TURKISH: (
        "          \f     "
        "    ^           "
        "        {}     \\"
        "            [~] "
        "|      Ğ İ      "
        "   Ş            "
        "   ç € ğ ı      "
        "   ş            "
    ),
    Language.SPANISH: (
        "         ç\f     "
        "    ^           "
        "        {}     \\"
        "            [~] "
        "|Á       Í     Ó"
        "     Ú          "
        " á   €   í     ó"
        "     ú          "
    ),
    Language.PORTUGUESE: (
        "     ê   ç\fÔô Áá"
        "  ΦΓ^ΩΠΨΣΘ     Ê"
        "        {}     \\"
        "            [~] "
        "|À       Í     Ó"
        "     Ú     ÃÕ   "
        " Â   €   í     ó"
        "     ú     ãõ  â"
    ),
}
DEFAULT_BASIC = "".join(gsm7.decode(bytes((septet,))).text for septet in range(128))

CHOICES = [(single, locking) for single in (None, *SINGLE) for locking in (None, *LOCKING)]
ALL_LANGUAGES = st.one_of(st.none(), st.integers(0, 255))


def decode(octets: bytes, single: int | None = None, locking: int | None = None) -> Decoded:
    return gsm7.decode(octets, national.tables(single, locking))


@pytest.mark.parametrize("language", LOCKING)
def test_a_locking_shift_gives_septets_their_other_meaning(language: Language) -> None:
    decoded = decode(SEPTETS, locking=language)

    assert decoded == Decoded(text=LOCKING[language].replace(ESCAPED, ""), replaced=0)


@pytest.mark.parametrize("language", SINGLE)
def test_a_single_shift_gives_escaped_septets_their_other_meaning(language: Language) -> None:
    read = [decode(bytes((ESC, septet)), single=language).text for septet in SEPTETS]

    # An ESC without a character becomes a replacement, and the septet keeps its basic meaning (23.038, 6.2.1.1).
    shifted = zip(SINGLE[language], DEFAULT_BASIC, strict=True)
    expected = [character if character != " " else REPLACEMENT + basic for character, basic in shifted]
    del expected[ESC]
    assert read == expected


def test_a_septet_without_a_shifted_meaning_keeps_that_of_the_locking_table() -> None:
    decoded = decode(bytes((ESC, 0x04)), single=Language.TURKISH, locking=Language.TURKISH)

    assert decoded == Decoded(text=REPLACEMENT + "€", replaced=1)


@pytest.mark.parametrize(
    ("octets", "single", "locking", "expected"),
    [
        (b"\x1b\x73u \x1b\x67\x1b\x69", Language.TURKISH, None, "şu ğı"),
        (b"\x1du \x0c\x07", None, Language.TURKISH, "şu ğı"),
        (b"\x1du \x1b\x67\x07", Language.TURKISH, Language.TURKISH, "şu ğı"),
        (b"\x1b\x41rbol, coraz\x1b\x6fn", Language.SPANISH, None, "Árbol, corazón"),
        (b"S\x1b\x7bo Jo\x1b\x7bo", Language.PORTUGUESE, None, "São João"),
        (b"S\x7bo Jo\x7bo \x1b\x7b", Language.PORTUGUESE, Language.PORTUGUESE, "São João ã"),
        (b"\x18 \x1be", None, Language.PORTUGUESE, "€ €"),
        (b"\x1b\x1b\x73", Language.TURKISH, None, "?ş"),  # the second ESC starts a pair
        (b"\x1d\x80", None, Language.TURKISH, "ş?"),
    ],
)
def test_texts_read_as_their_writers_meant_them(
    octets: bytes, single: int | None, locking: int | None, expected: str
) -> None:
    assert decode(octets, single, locking).text == expected


@pytest.mark.parametrize("language", LOCKING)
def test_no_character_stands_twice_in_a_locking_table(language: Language) -> None:
    assert len(set(national.LOCKING[language])) == 128


@given(st.sampled_from(CHOICES), st.data())
def test_what_the_tables_hold_comes_back(choice: tuple[int | None, int | None], data: st.DataObject) -> None:
    single, locking = choice
    septets = encoder(single, locking)
    original = data.draw(st.text(alphabet=sorted(septets), max_size=40))

    decoded = decode(b"".join(septets[character] for character in original), single, locking)

    assert decoded == Decoded(text=original, replaced=0)


def encoder(single: int | None, locking: int | None) -> dict[str, bytes]:
    """Septets by character, from the tables above; blanks are not encoded."""
    basic = DEFAULT_BASIC if locking is None else LOCKING[Language(locking)]
    extension = "" if single is None else SINGLE[Language(single)]
    shifted = {character: bytes((ESC, septet)) for septet, character in enumerate(extension)}
    plain = {character: bytes((septet,)) for septet, character in enumerate(basic) if septet != ESC}
    return {character: octets for character, octets in (shifted | plain).items() if character != " "}


@given(st.binary(), ALL_LANGUAGES, ALL_LANGUAGES)
def test_any_octets_decode_in_any_language(octets: bytes, single: int | None, locking: int | None) -> None:
    decoded = decode(octets, single, locking)

    assert decoded.replaced or REPLACEMENT not in decoded.text or b"?" in octets
    assert len(decoded.text) <= len(octets)


@pytest.mark.parametrize(("single", "locking"), CHOICES)
def test_no_table_of_the_three_languages_is_missing(single: int | None, locking: int | None) -> None:
    assert national.missing(single, locking) is None


@pytest.mark.parametrize(
    ("single", "locking", "words"),
    [
        (0, None, "single shift table of language 0x00"),  # reserved
        (4, None, "single shift table of language 0x04"),  # Bengali
        (None, 13, "locking shift table of language 0x0D"),  # Urdu
        (None, 2, "locking shift table of language 0x02"),  # Spanish has none
        (1, 14, "locking shift table of language 0x0E"),
        (255, 255, "single shift table of language 0xFF"),
    ],
)
def test_a_table_that_is_missing_is_named(single: int | None, locking: int | None, words: str) -> None:
    assert national.missing(single, locking) == words


def test_a_language_that_is_missing_reads_as_the_default_one() -> None:
    assert decode(b"\x04\x1be", single=4, locking=13) == Decoded(text="è€", replaced=0)


@pytest.mark.parametrize(
    ("alphabet", "octets", "expected"),
    [
        (Alphabet.GSM7, b"\x1b\x73", "ş"),
        (Alphabet.GSM7_PACKED, gsm7.pack(b"\x1b\x73", fill=gsm7.fill_bits(4)), "ş"),
        (Alphabet.UCS2, b"\x1b\x73", "\u1b73"),
        (Alphabet.LATIN1, b"\x1b\x73", "\x1bs"),
    ],
)
def test_a_shift_holds_for_the_gsm_alphabet_only(alphabet: Alphabet, octets: bytes, expected: str) -> None:
    header, rest = udh.parse(b"\x03\x24\x01\x01" + octets)

    assert text.decode(rest, alphabet, header).text == expected
