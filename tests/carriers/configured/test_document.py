"""What octets become, whatever they are."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.carriers.configured.document import (
    UNREADABLE,
    carrier_id,
    parts,
    read_form,
    read_json,
    read_text,
    scalar,
)
from tests.carriers.contract import GARBAGE


def test_json_is_taken_as_it_is() -> None:
    assert read_json('{"a":[1,null,"ü"]}'.encode()) == {"a": [1, None, "ü"]}


def test_a_byte_order_mark_does_no_harm() -> None:
    assert read_json(b"\xef\xbb\xbf{}") == {}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"NaN", b'{"a":Infinity}', b'{"id":"1","id":"2"}', b'{"a":{"b":1,"b":1}}', b"\xff", b"[" * 100_000,
     b"1" * 5000],
)  # fmt: skip
def test_what_is_not_surely_meant_is_unreadable(body: bytes) -> None:
    assert read_json(body) is UNREADABLE


def test_a_text_is_lines_of_words() -> None:
    assert read_text(b"OK: 12345 | 0.07\r\n\r\nERR: 7\n", ": |") == [["OK", "12345", "0.07"], ["ERR", "7"]]


@pytest.mark.parametrize("body", [b"", b" \n ", b": :"])
def test_a_text_without_words_is_unreadable(body: bytes) -> None:
    assert read_text(body, ": ") is UNREADABLE


def test_signs_that_patterns_know_are_signs() -> None:
    assert read_text(b"a]b^c-d\\e", "]^-\\") == [["a", "b", "c", "d", "e"]]


def test_a_text_is_bounded() -> None:
    lines = read_text(b"a " * 1000 + b"\n" * 10 + b"b\n" * 10_000, " ")

    assert len(lines) <= 2000
    assert max(map(len, lines)) <= 65


def test_a_form_is_a_table_of_the_first_of_each_name() -> None:
    assert read_form(b"a=1&b=%C3%BC&a=2&c=") == {"a": "1", "b": "ü", "c": ""}


@pytest.mark.parametrize("body", [b"\xff=1", b"a=%FF", b"&".join([b"a=1"] * 500)])
def test_a_form_that_is_none_is_unreadable(body: bytes) -> None:
    assert read_form(body) is UNREADABLE


@pytest.mark.parametrize(
    ("value", "text"),
    [("ok ", "ok"), (0, "0"), (True, "true"), (False, "false"), (1.5, "1.5"), (None, ""), ([], ""), ({}, ""),
     ("x" * 201, "")],
)  # fmt: skip
def test_a_code_is_compared_as_text(value: Any, text: str) -> None:
    assert scalar(value) == text


@pytest.mark.parametrize(
    ("value", "expected"),
    [("SM1", "SM1"), (12345, "12345"), ("a/b:c", "a/b:c"), (True, None), (1.5, None), ("", None), ("..", None),
     ("a b", None), ("a\n", "a"), ("x" * 129, None), ("ü1", None), (None, None), (["x"], None), ("\ud83d1", None)],
)  # fmt: skip
def test_an_id_is_short_and_printable(value: Any, expected: str | None) -> None:
    assert carrier_id(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("2", 2), (3, 3), ("0", None), (0, None), (100, None), (-1, None), (True, None), ("x", None)],
)
def test_parts_are_a_small_number(value: Any, expected: int | None) -> None:
    assert parts(value) == expected


@given(st.binary() | st.sampled_from(GARBAGE))
def test_no_octets_raise(body: bytes) -> None:
    read_json(body)
    read_text(body, " :")
    read_form(body)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_any_json_is_read_as_the_library_reads_it(document: Any) -> None:
    assert read_json(json.dumps(document).encode()) == document
