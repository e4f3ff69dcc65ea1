"""data_coding, decoding and counting; `smsutil` is the oracle of the counts."""

import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st
from smsutil.codecs import GSM_CHARSET

from smppgw.smpp import gsm7, text, udh
from smppgw.smpp.text import Alphabet, Count, Decoded

ESC = "\x1b"
GSM_TEXTS = st.text(alphabet=GSM_CHARSET.replace(ESC, ""), min_size=1, max_size=500)
DENSE_TEXTS = st.text(alphabet="a€[", min_size=150, max_size=500)
UNICODE_TEXTS = st.text(alphabet="a你😀é", min_size=1, max_size=300)
ANY_TEXTS = st.one_of(GSM_TEXTS, DENSE_TEXTS, UNICODE_TEXTS, st.text())
ALPHABETS = st.sampled_from(Alphabet)


@pytest.mark.parametrize(
    ("data_coding", "alphabet"),
    [
        (0x01, Alphabet.ASCII),
        (0x02, Alphabet.BINARY),
        (0x03, Alphabet.LATIN1),
        (0x04, Alphabet.BINARY),
        (0x05, Alphabet.SHIFT_JIS),
        (0x06, Alphabet.CYRILLIC),
        (0x07, Alphabet.HEBREW),
        (0x08, Alphabet.UCS2),
        (0x09, None),
        (0x0A, None),
        (0x0D, None),
        (0x0E, None),
        (0x0F, None),
        (0x10, Alphabet.GSM7),
        (0x13, Alphabet.GSM7),
        (0x14, Alphabet.BINARY),
        (0x17, Alphabet.BINARY),
        (0x18, Alphabet.UCS2),
        (0x1B, Alphabet.UCS2),
        (0x1C, None),
        (0x1F, None),
        (0x20, None),
        (0x3F, None),
        (0x40, None),
        (0xBF, None),
        (0xC8, None),
        (0xE0, None),
        (0xEF, None),
        (0xF0, Alphabet.GSM7),
        (0xF3, Alphabet.GSM7),
        (0xF4, Alphabet.BINARY),
        (0xF5, Alphabet.BINARY),
        (0xF8, Alphabet.GSM7),  # bit 3 is reserved and ignored
        (0xFF, Alphabet.BINARY),
    ],
)
def test_data_coding_names_its_alphabet(data_coding: int, alphabet: Alphabet | None) -> None:
    found = text.alphabets(Alphabet.UTF8)[data_coding]

    assert found is alphabet


@pytest.mark.parametrize("default", Alphabet)
def test_data_coding_0_is_what_the_account_says(default: Alphabet) -> None:
    found = text.alphabets(default)[0]

    assert found is default


def test_other_data_codings_are_read_as_the_account_says_and_the_rest_as_ever() -> None:
    read = text.alphabets(Alphabet.GSM7, {1: Alphabet.LATIN1, 0xFF: Alphabet.UTF8})

    usual = text.alphabets(Alphabet.GSM7)
    assert len(read) == len(usual) == 256
    changed = {coding: read[coding] for coding in range(256) if read[coding] is not usual[coding]}
    assert changed == {1: Alphabet.LATIN1, 0xFF: Alphabet.UTF8}


@pytest.mark.parametrize(
    ("data_coding", "expected"),
    [
        (0, None),
        (3, None),
        (8, None),
        (0x0F, None),
        (0x10, 0),
        (0x12, 2),
        (0x18, 0),
        (0x1F, 3),
        (0x20, None),
        (0x30, 0),  # compressed, and flash
        (0x50, None),
        (0xC0, None),
        (0xD0, None),
        (0xE3, None),
        (0xF0, 0),
        (0xF5, 1),
        (0xFF, 3),
    ],
)
def test_message_class_is_0_for_flash(data_coding: int, expected: int | None) -> None:
    found = text.message_class(data_coding)

    assert found == expected


@pytest.mark.parametrize(
    ("octets", "alphabet", "expected"),
    [
        (b"\x00@\x1be", Alphabet.GSM7, "@¡€"),
        (bytes.fromhex("e8329bfd4697d9ec37"), Alphabet.GSM7_PACKED, "hellohello"),
        (b"", Alphabet.GSM7_PACKED, ""),
        (b"\x00@", Alphabet.ASCII, "\x00@"),
        (b"Stra\xdfe", Alphabet.LATIN1, "Straße"),
        ("Straße €".encode(), Alphabet.UTF8, "Straße €"),
        (b"\x4f\x60\x59\x7d", Alphabet.UCS2, "你好"),
        (b"\xd8\x3d\xde\x00", Alphabet.UCS2, "😀"),
        (b"\x82\xb1\x82\xf1", Alphabet.SHIFT_JIS, "こん"),
        (b"\xbf\xe0\xd8", Alphabet.CYRILLIC, "При"),
        (b"\xf9\xec", Alphabet.HEBREW, "של"),
        (b"\x00\xff", Alphabet.BINARY, "\x00ÿ"),
    ],
)
def test_octets_read_in_their_alphabet(octets: bytes, alphabet: Alphabet, expected: str) -> None:
    decoded = text.decode(octets, alphabet)

    assert decoded == Decoded(text=expected, replaced=0)


@pytest.mark.parametrize(
    ("octets", "alphabet", "expected", "replaced"),
    [
        (b"a\xffb", Alphabet.GSM7, "a?b", 1),
        (b"a\xe4\xf6b", Alphabet.ASCII, "a??b", 2),
        (b"Gr\xfc\xdfe", Alphabet.UTF8, "Gr??e", 2),  # Latin-1 from an account that promised UTF-8
        (b"\xed\xa0\x80", Alphabet.UTF8, "???", 3),  # a surrogate in UTF-8
        ("�".encode(), Alphabet.UTF8, "�", 0),  # sent as such
        (b"\x00a\x00", Alphabet.UCS2, "a?", 1),  # odd length
        (b"\x00", Alphabet.UCS2, "?", 1),
        (b"\xd8\x3d\x00a", Alphabet.UCS2, "?a", 1),  # high surrogate alone
        (b"\xde\x00\x00a", Alphabet.UCS2, "?a", 1),  # low surrogate alone
        (b"\x00a\xd8\x3d", Alphabet.UCS2, "a?", 1),  # pair cut in two
        (b"\x00a\xd8\x3d\xde", Alphabet.UCS2, "a??", 2),
        (b"\xd8\x3d\xde\x00\x00", Alphabet.UCS2, "😀?", 1),
        (b"a\x82", Alphabet.SHIFT_JIS, "a?", 1),
        (b"\xa1", Alphabet.HEBREW, "?", 1),
    ],
)
def test_bad_octets_are_replaced_and_counted(octets: bytes, alphabet: Alphabet, expected: str, replaced: int) -> None:
    decoded = text.decode(octets, alphabet)

    assert decoded == Decoded(text=expected, replaced=replaced)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        ("050003110b01 906536fb0d", "Hello"),  # six octets of header: one bit of filling
        ("06080412340302 c8329bfd06", "Hello"),  # seven: none
        ("03240101 d8cc43", "ş!"),  # four: three bits; ESC 0x1B << 3 | s 0x73 << 10 | ! 0x21 << 17
    ],
)
def test_packed_septets_start_on_a_septet_boundary_behind_the_header(octets: str, expected: str) -> None:
    header, rest = udh.parse(bytes.fromhex(octets))

    decoded = text.decode(rest, Alphabet.GSM7_PACKED, header)

    assert decoded == Decoded(text=expected, replaced=0)


@given(GSM_TEXTS, st.integers(0, 0x20))
def test_packed_text_comes_back_from_behind_any_header(original: str, octets: int) -> None:
    fill = gsm7.fill_bits(octets + 3)
    header, rest = udh.parse(udh.encode([(0x70, bytes(octets))]) + gsm7.pack(gsm7.encode(original), fill))

    decoded = text.decode(rest, Alphabet.GSM7_PACKED, header)

    # A last septet of seven bits may be filling or `@`: nothing tells (`gsm7.unpack`).
    assert decoded.text in (original, original.removesuffix("@"))


@given(st.binary(), ALPHABETS)
def test_any_octets_decode_to_well_formed_text(octets: bytes, alphabet: Alphabet) -> None:
    decoded = text.decode(octets, alphabet)

    assert decoded.text.encode().decode() == decoded.text


@given(st.text(), st.sampled_from([Alphabet.UTF8, Alphabet.UCS2]))
def test_unicode_comes_back_as_it_was_encoded(original: str, alphabet: Alphabet) -> None:
    decoded = text.decode(text.encode(original, alphabet), alphabet)

    assert decoded == Decoded(text=original, replaced=0)


@given(st.binary())
def test_binary_loses_nothing(octets: bytes) -> None:
    again = text.encode(text.decode(octets, Alphabet.BINARY).text, Alphabet.BINARY)

    assert again == octets


@pytest.mark.parametrize(
    ("alphabet", "expected"), [(Alphabet.GSM7, b"\x00\x1be"), (Alphabet.GSM7_PACKED, b"\x80\x4d\x19")]
)
def test_encoding_in_the_gsm_alphabet_uses_escape_pairs(alphabet: Alphabet, expected: bytes) -> None:
    octets = text.encode("@€", alphabet)

    assert octets == expected


def test_encoding_what_the_alphabet_lacks_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        text.encode("你", Alphabet.LATIN1)


@pytest.mark.parametrize(
    ("message", "alphabet", "units", "parts"),
    [
        ("", Alphabet.GSM7, 0, 1),
        ("a" * 160, Alphabet.GSM7, 160, 1),
        ("a" * 161, Alphabet.GSM7, 161, 2),
        ("a" * 306, Alphabet.GSM7, 306, 2),  # 2 * 153
        ("a" * 307, Alphabet.GSM7, 307, 3),
        ("€" * 80, Alphabet.GSM7, 160, 1),
        ("€" * 81, Alphabet.GSM7, 162, 2),
        ("€" * 152, Alphabet.GSM7, 304, 2),  # 76 pairs a part, one septet each left over
        ("€" * 153, Alphabet.GSM7, 306, 3),  # 306 = 2 * 153, but the 77th pair would straddle
        ("a" * 152 + "€" + "a" * 152, Alphabet.GSM7, 306, 3),
        ("a" * 151 + "€" + "a" * 153, Alphabet.GSM7, 306, 2),
        ("你" * 70, Alphabet.UCS2, 70, 1),
        ("你" * 71, Alphabet.UCS2, 71, 2),
        ("你" * 134, Alphabet.UCS2, 134, 2),  # 2 * 67
        ("你" * 135, Alphabet.UCS2, 135, 3),
        ("😀" * 35, Alphabet.UCS2, 70, 1),
        ("😀" * 66, Alphabet.UCS2, 132, 2),  # 33 pairs a part
        ("😀" * 67, Alphabet.UCS2, 134, 3),  # 134 = 2 * 67, but the 34th pair would straddle
        ("ç" + "€" * 69, Alphabet.UCS2, 70, 1),  # in UCS-2 the euro sign takes one unit
    ],
)
def test_parts_are_counted(message: str, alphabet: Alphabet, units: int, parts: int) -> None:
    count = text.parts(message)

    assert count == Count(alphabet=alphabet, units=units, parts=parts)


@given(st.one_of(GSM_TEXTS, DENSE_TEXTS, UNICODE_TEXTS))
def test_parts_are_cut_where_the_oracle_cuts_them(message: str) -> None:
    pieces = text.split(message)

    assert pieces == [part.content for part in smsutil.split(message).parts]


@given(ANY_TEXTS)
def test_split_gives_as_many_parts_as_are_counted(message: str) -> None:
    pieces = text.split(message)

    assert len(pieces) == text.parts(message).parts


@given(ANY_TEXTS)
def test_parts_joined_are_the_text(message: str) -> None:
    pieces = text.split(message)

    assert "".join(pieces) == message


@given(st.one_of(DENSE_TEXTS, UNICODE_TEXTS))
def test_every_part_of_several_fits_beside_its_header(message: str) -> None:
    pieces = text.split(message)

    limit = 153 if gsm7.septets(message) is not None else 67
    assert len(pieces) == 1 or all(_units(piece, message) <= limit for piece in pieces)


def test_a_lone_surrogate_is_counted_as_the_unit_it_is() -> None:
    count = text.parts("\ud83d")

    assert count == Count(alphabet=Alphabet.UCS2, units=1, parts=1)


def _units(piece: str, message: str) -> int:
    septets = gsm7.septets(piece) if gsm7.septets(message) is not None else None
    return len(piece.encode("utf-16-be")) // 2 if septets is None else septets
