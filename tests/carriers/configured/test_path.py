"""Paths: what they lead to, and what is no path."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.carriers.configured.path import JsonPath

DOCUMENT = {
    "id": 7,
    "data": {"messages": [{"id": "a", "to": [1, 2]}, {"id": "b", "to": [3]}, {"id": "c"}]},
    "message-id": "x",
    "odd key.": {"@type": "t"},
    "": "nothing",
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (".", DOCUMENT),
        ("id", 7),
        ("data.messages[1].id", "b"),
        ("data.messages[0].to[1]", 2),
        ("message-id", "x"),
        ('["odd key."].@type', "t"),
        ("data.messages[9].id", None),
        ("data.messages.id", None),
        ("id.id", None),
        ("id[0]", None),
        ("data[0]", None),
        ("none", None),
    ],
)
def test_a_path_leads_to_a_value_or_nowhere(path: str, value: Any) -> None:
    assert JsonPath.parse(path).get(DOCUMENT) == value


@pytest.mark.parametrize(
    ("path", "rows"),
    [
        ("data.messages", DOCUMENT["data"]["messages"]),  # type: ignore[index] # it is a table
        ("data.messages[*].id", ["a", "b", "c"]),
        ("data.messages[*].to", [1, 2, 3]),
        ("data.messages[*].to[0]", [1, 3]),
        ("data.messages[*].none", []),
        ("id", None),
        ("none", None),
        ("[*].id", []),
    ],
)
def test_a_path_leads_to_a_list_or_to_none(path: str, rows: Any) -> None:
    assert JsonPath.parse(path).rows(DOCUMENT) == rows


def test_the_whole_document_can_be_the_list() -> None:
    assert JsonPath.parse(".").rows([1, 2]) == [1, 2]


@pytest.mark.parametrize(
    "text",
    [
        "", "..", ".a", "a.", "a..b", "a b", "a[", "a[]", "a[-1]", "a[x]", "a[1:2]", "a[?(@.b)]", "a.*", "$..a()",
        'a["b', 'a[""]', "a[12345]", "ä", "a" * 257, ".".join("a" * 17),
    ],
)  # fmt: skip
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="path"):
        JsonPath.parse(text)


def test_the_place_of_the_fault_is_told() -> None:
    with pytest.raises(ValueError, match="character 4"):
        JsonPath.parse("a.b c")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(_JSON)
def test_no_document_makes_a_path_raise(document: Any) -> None:
    for text in (".", "a", "a[0].b", "[0]", "[*]", "a[*].b[*]"):
        JsonPath.parse(text).get(document)
        JsonPath.parse(text).rows(document)
