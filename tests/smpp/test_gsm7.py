"""GSM 03.38 against the oracle `gsm0338`, and packing against octets of real handsets."""

import gsm0338
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.smpp import gsm7

ORACLE = gsm0338.Codec()
EXTENSION = "\f^{}\\[~]|€"
BASIC = ORACLE.decode(bytes(octet for octet in range(128) if octet != gsm7.ESC))[0]
TEXTS = st.text(alphabet=BASIC + EXTENSION)
FILLS = st.integers(0, 6)


@pytest.mark.parametrize("octet", [octet for octet in range(128) if octet != gsm7.ESC])
def test_basic_table_is_that_of_the_oracle(octet: int) -> None:
    text = gsm7.decode(bytes((octet,))).text

    assert text == ORACLE.decode(bytes((octet,)))[0]


@pytest.mark.parametrize("character", EXTENSION)
def test_extension_table_is_that_of_the_oracle(character: str) -> None:
    octets = gsm7.encode(character)

    assert octets == ORACLE.encode(character)[0]


@given(TEXTS)
def test_encoding_is_that_of_the_oracle(text: str) -> None:
    octets = gsm7.encode(text)

    assert octets == ORACLE.encode(text)[0]


@given(TEXTS)
def test_decoding_gives_back_what_was_encoded(text: str) -> None:
    decoded = gsm7.decode(gsm7.encode(text))

    assert decoded == gsm7.Decoded(text=text, replaced=0)


@pytest.mark.parametrize(
    ("octets", "text", "replaced"),
    [
        (b"", "", 0),
        (b"a\x80b\xffc", "a?b?c", 2),
        (b"a\x1b", "a?", 1),  # ESC at the end
        (b"\x1ba", "?a", 1),  # ESC before what is not in the extension table: its basic meaning stays
        (b"\x1b\x1be", "?€", 1),  # the second ESC starts a pair
        (b"\x1be\x1b", "€?", 1),
        (b"\x1b\x80", "??", 2),
        (b"?", "?", 0),  # a question mark of the sender is no replacement
    ],
)
def test_what_has_no_meaning_is_replaced_and_counted(octets: bytes, text: str, replaced: int) -> None:
    decoded = gsm7.decode(octets)

    assert decoded == gsm7.Decoded(text=text, replaced=replaced)


@given(st.binary())
def test_any_octets_decode_to_text_of_the_alphabet(octets: bytes) -> None:
    decoded = gsm7.decode(octets)

    assert set(decoded.text) <= set(BASIC + EXTENSION)


@given(st.binary())
def test_only_illegal_octets_are_counted_as_replaced(octets: bytes) -> None:
    decoded = gsm7.decode(octets)

    assert (decoded.replaced == 0) == (gsm7.encode(decoded.text) == octets)


@pytest.mark.parametrize("text", ["ç", "你", "😀", "\x1b", "ÿ", "`", "aç€", "\ud800"])
def test_a_character_outside_the_alphabet_is_refused(text: str) -> None:
    with pytest.raises(UnicodeEncodeError):
        gsm7.encode(text)


@pytest.mark.parametrize(
    ("text", "septets"),
    [("", 0), ("Hello", 5), ("ÄÖÜ", 3), ("ΔΩ", 2), ("€", 2), ("[Ω]", 5), ("Grüße", 5), ("ç", None), ("Ω你", None)],
)
def test_septets_count_an_escape_pair_as_two(text: str, septets: int | None) -> None:
    counted = gsm7.septets(text)

    assert counted == septets


@pytest.mark.parametrize(
    ("header_octets", "fill"),
    [
        (0, 0),
        (6, 1),  # 48 bits, next multiple of 7 is 49
        (7, 0),  # 56 bits
        (12, 2),  # 96 bits, 98
    ],
)
def test_fill_bits_reach_the_next_septet(header_octets: int, fill: int) -> None:
    bits = gsm7.fill_bits(header_octets)

    assert bits == fill


@pytest.mark.parametrize(
    ("unpacked", "fill", "packed"),
    [
        (b"hellohello", 0, "e8329bfd4697d9ec37"),
        (b"1234567", 0, "31d98c56b3dd00"),
        (b"a", 1, "c2"),  # 0x61 << 1
        (b"", 0, ""),
    ],
)
def test_septets_pack_low_bits_first(unpacked: bytes, fill: int, packed: str) -> None:
    octets = gsm7.pack(unpacked, fill)

    assert octets.hex() == packed


@given(st.lists(st.integers(0, 127)).map(bytes), FILLS)
def test_unpacking_a_known_count_gives_back_what_was_packed(unpacked: bytes, fill: int) -> None:
    again = gsm7.unpack(gsm7.pack(unpacked, fill), fill, count=len(unpacked))

    assert again == unpacked


@given(st.lists(st.integers(1, 127)).map(bytes), FILLS)
def test_unpacking_without_a_count_drops_the_filling(unpacked: bytes, fill: int) -> None:
    again = gsm7.unpack(gsm7.pack(unpacked, fill), fill)

    assert again == unpacked


def test_a_last_at_sign_that_cannot_be_filling_stays() -> None:
    again = gsm7.unpack(gsm7.pack(b"ab\0"))  # 21 bits in 24: three to spare

    assert again == b"ab\0"


@given(st.binary(), FILLS)
def test_any_octets_unpack_to_septets(packed: bytes, fill: int) -> None:
    unpacked = gsm7.unpack(packed, fill)

    assert all(septet < 0x80 for septet in unpacked)
