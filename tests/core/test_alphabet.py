"""What fits GSM 7-bit: held against the published table."""

import gsm0338
import pytest

from smppgw.core.alphabet import fits_gsm7


def _table_has(character: str) -> bool:
    try:
        gsm0338.Codec().encode(character)
    except UnicodeEncodeError:
        return False
    return True


def test_every_character_is_judged_as_the_table_has_it() -> None:
    wrong = [chr(code) for code in range(0xD800) if fits_gsm7(chr(code)) != _table_has(chr(code))]

    assert wrong == ["\x1b"]  # the way into the extension table is no character of a text


@pytest.mark.parametrize(("text", "fits"), [("", True), ("Hello €", True), ("Привет", False), ("a😀", False)])
def test_one_character_outside_is_enough(text: str, fits: bool) -> None:
    assert fits_gsm7(text) is fits
