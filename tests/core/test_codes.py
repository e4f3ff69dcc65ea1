"""The gateway's error codes: what a receipt can carry, and what the documentation says of them."""

import pickle
import re
from pathlib import Path

import pytest

from smppgw.core.codes import ErrorCode

README = Path(__file__).parents[2] / "README.md"
_ROW = re.compile(r"^\| (\d{3}) \| (.+?) \|", re.MULTILINE)


@pytest.mark.parametrize("code", ErrorCode)
def test_a_code_fits_three_digits_of_a_receipt(code: ErrorCode) -> None:
    assert 0 <= code <= 999
    assert re.fullmatch(r"\d{3}", f"{code:03d}")


@pytest.mark.parametrize("code", ErrorCode)
def test_a_code_says_what_it_means(code: ErrorCode) -> None:
    assert len(code.meaning) > 5
    assert "|" not in code.meaning


def test_no_two_codes_mean_the_same() -> None:
    assert len({code.meaning for code in ErrorCode}) == len(ErrorCode)


def test_a_number_from_the_store_is_the_code_again() -> None:
    assert ErrorCode(int(ErrorCode.BLOCKED)) is ErrorCode.BLOCKED
    assert ErrorCode(2).meaning == ErrorCode.BLOCKED.meaning


def test_a_number_that_is_no_code_is_refused() -> None:
    with pytest.raises(ValueError, match="999"):
        ErrorCode(999)


def test_a_code_survives_pickling() -> None:
    assert pickle.loads(pickle.dumps(ErrorCode.NO_ROUTE)) is ErrorCode.NO_ROUTE


def test_the_readme_prints_every_code() -> None:
    rows = _ROW.findall(README.read_text(encoding="utf-8"))
    assert {int(number): meaning for number, meaning in rows} == {int(code): code.meaning for code in ErrorCode}
