"""Requests: where each value goes, and that it never becomes more than a value."""

import json
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.carriers.configured.body import compile_body, is_flat, with_each
from smppgw.carriers.configured.fields import SEND
from smppgw.carriers.configured.path import JsonPath
from smppgw.carriers.configured.request import Shape, Url, Written, with_query
from smppgw.carriers.configured.template import Template, Value, Values

VALUES: dict[str, Value] = {
    "text": "Hello",
    "sender": "",
    "recipient": "4915112345678",
    "recipient_plus": "+4915112345678",
    "batch_id": "7f3a",
    "parts": 2,
    "flash": False,
    "recipients": ("491", "492"),
}
NASTY = [
    '"},{"to":"+491","x":"',
    "&to=491&x=",
    "#fragment?x=1",
    "../../admin",
    "%00%26",
    "{0.__class__}",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "{recipient}",
    "\r\nX-Injected: 1",
    "\x00",
    "grüße 你好 😀",
]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1) | st.sampled_from(NASTY)


def values(**changes: Value) -> Values:
    return (VALUES | changes).__getitem__


def shape(
    url: str = "https://api.example/v1", body: Any = None, query: dict[str, str] | None = None, **changes: Any
) -> Shape:
    return Shape(
        **{
            "url": Url.parse(url, SEND),
            "query": {name: Template.parse(text, SEND) for name, text in (query or {}).items()},
            "body": None if body is None else compile_body(body, SEND),
            "is_json": True,
            "charset": "utf-8",
            **changes,
        }
    )


def document(body: Any, **changes: Value) -> Any:
    return json.loads(shape(body=body).write(values(**changes)).body)


# JSON.


def test_constants_stay_and_a_lone_placeholder_keeps_its_kind() -> None:
    body = {"to": ["{recipient}"], "n": "{parts}", "s": "{parts:text}", "flash": "{flash}", "k": [1, True, {"x": 0.5}]}

    assert document(body) == {
        "to": ["4915112345678"],
        "n": 2,
        "s": "2",
        "flash": False,
        "k": [1, True, {"x": 0.5}],
    }


def test_a_list_is_a_list_or_joined() -> None:
    assert document({"to": "{recipients}", "csv": "{recipients:,}"}) == {"to": ["491", "492"], "csv": "491,492"}


def test_what_is_empty_is_left_out_and_so_is_a_table_that_had_nothing_else() -> None:
    body = {"from": "{sender}", "options": {"from": "{sender}"}, "tags": ["{sender}", "a"], "empty": {}}

    assert document(body) == {"tags": ["a"], "empty": {}}


def test_a_body_that_is_all_empty_is_still_one() -> None:
    assert document({"from": "{sender}"}) == {}


def test_each_message_has_an_item_of_its_own() -> None:
    body = with_each(
        compile_body({"batch": "{batch_id}"}, SEND), JsonPath.parse("a.list"), compile_body("{text}", SEND)
    )

    written = (
        shape()
        .__class__(url=Url.parse("https://api.example", SEND), query={}, body=body, is_json=True, charset="utf-8")
        .write(values(), [values(text="one"), values(text="two")])
    )

    assert json.loads(written.body) == {"batch": "7f3a", "a": {"list": ["one", "two"]}}


def test_the_body_can_be_the_list() -> None:
    body = with_each(None, JsonPath.parse("."), compile_body({"to": "{recipient}"}, SEND))

    written = Shape(url=Url.parse("https://x", SEND), query={}, body=body, is_json=True, charset="utf-8").write(
        values(), [values(), values(recipient="2")]
    )

    assert json.loads(written.body) == [{"to": "4915112345678"}, {"to": "2"}]


@pytest.mark.parametrize("at", ["taken", "taken.deeper", "list[0]"])
def test_a_list_has_no_place_where_something_else_is(at: str) -> None:
    with pytest.raises(ValueError, match="body"):
        with_each(compile_body({"taken": "x", "list": []}, SEND), JsonPath.parse(at), "")


@given(TEXTS)
def test_no_value_breaks_out_of_json(text: str) -> None:
    body = {"a": {"text": "{text}"}, "b": ["<{text}>"], "to": "{recipient}"}

    assert document(body, text=text) == {"a": {"text": text}, "b": [f"<{text}>"], "to": "4915112345678"}


# Forms and queries.


@given(TEXTS)
def test_no_value_breaks_out_of_a_form(text: str) -> None:
    written = shape(body={"to": "{recipient}", "text": "{text}"}, is_json=False).write(values(text=text))

    assert parse_qsl(written.body.decode("ascii"), keep_blank_values=True) == [("to", "4915112345678"), ("text", text)]


@given(TEXTS)
def test_no_value_breaks_out_of_a_query(text: str) -> None:
    written = shape(url="https://x/send?user=me", query={"text": "{text}", "to": "{recipient}"}).write(
        values(text=text)
    )

    path, _, query = written.target.partition("?")
    assert path == "/send"
    assert parse_qsl(query, keep_blank_values=True) == [("user", "me"), ("text", text), ("to", "4915112345678")]


@given(TEXTS)
def test_no_value_breaks_out_of_a_path(text: str) -> None:
    written = shape(url="https://x/to/{text}/end").write(values(text=text))

    assert written.target.isascii()
    first, *middle, last = written.target.removeprefix("/").split("/")
    assert (first, last) == ("to", "end")
    assert [unquote(step) for step in middle] == [text]


def test_a_list_in_a_form_is_a_field_several_times() -> None:
    written = shape(body={"to[]": "{recipients}", "n": 1, "on": True, "from": "{sender}"}, is_json=False).write(
        values()
    )

    assert parse_qs(written.body.decode()) == {"to[]": ["491", "492"], "n": ["1"], "on": ["true"]}
    assert written.content_type == "application/x-www-form-urlencoded"


def test_a_form_has_the_charset_it_is_told() -> None:
    written = shape(body={"text": "{text}"}, is_json=False, charset="iso-8859-1").write(values(text="Grüße"))

    assert written.body == b"text=Gr%FC%DFe"


def test_a_query_alone_has_no_body() -> None:
    written = shape(query={"text": "{text}"}).write(values())

    assert written == Written(host="https://api.example", target="/v1?text=Hello", content_type=None, body=b"")


@pytest.mark.parametrize(
    ("target", "expected"),
    [("/a", "/a?k=v"), ("/a?b=1", "/a?b=1&k=v"), ("/a?", "/a?k=v"), ("/a?b&", "/a?b&k=v")],
)
def test_a_field_is_added_to_any_query(target: str, expected: str) -> None:
    assert with_query(target, [("k", "v")]) == expected


# What was written is read back.


@pytest.mark.parametrize(
    ("one", "name"),
    [
        (shape(body={"messages": [{"to": {"number": "{recipient_plus}"}}]}), "recipient_plus"),
        (shape(body={"to": "{recipients}"}), "recipients"),
        (shape(body={"to": "{recipients:;}"}), "recipients"),
        (shape(body={"to": "{recipients}"}, is_json=False), "recipients"),
        (shape(body={"to": "{recipients:,}"}, is_json=False), "recipients"),
        (shape(query={"to": "{recipients}"}), "recipients"),
        (shape(query={"x": "1", "to": "{recipient:number}"}), "recipient"),
        (shape(body={"to": "{recipient:number}"}), "recipient"),
    ],
)
def test_recipients_are_read_back_from_what_was_written(one: Shape, name: str) -> None:
    written = one.write(values())

    place = one.places(name)

    assert place is not None
    wanted = VALUES[name]
    assert place.read(written.target, written.body) == (list(wanted) if isinstance(wanted, tuple) else [wanted])


def test_recipients_of_a_list_are_read_back_in_order() -> None:
    body = with_each(None, JsonPath.parse("m"), compile_body({"to": ["{recipient}"]}, SEND))
    one = Shape(url=Url.parse("https://x", SEND), query={}, body=body, is_json=True, charset="utf-8")
    written = one.write(values(), [values(recipient=number) for number in ("3", "1", "2")])

    place = one.places("recipient")

    assert place is not None
    assert place.read(written.target, written.body) == ["3", "1", "2"]


def test_a_recipient_inside_a_longer_text_is_not_read_back() -> None:
    assert shape(body={"to": "tel:{recipient}"}).places("recipient") is None


def test_a_body_that_is_not_what_was_written_gives_nothing() -> None:
    place = shape(body={"to": "{recipients}"}).places("recipients")

    assert place is not None
    assert place.read("/", b"{") == []


# Addresses.


@pytest.mark.parametrize(
    ("text", "host", "target"),
    [
        ("https://API.example", "https://api.example", "/"),
        ("https://api.example:443/a", "https://api.example", "/a"),
        ("http://api.example:80/a", "http://api.example", "/a"),
        ("http://127.0.0.1:8080/a?b=c", "http://127.0.0.1:8080", "/a?b=c"),
        ("https://[::1]:8443/a", "https://[::1]:8443", "/a"),
        ("https://x/to/{recipient}", "https://x", "/to/4915112345678"),
        ("https://x/{recipients:,}", "https://x", "/491%2C492"),
    ],
)
def test_an_address_has_a_host_and_a_target(text: str, host: str, target: str) -> None:
    written = shape(url=text).write(values())

    assert (written.host, written.target) == (host, target)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("api.example/send", "https://host/path"),
        ("ftp://api.example", "https://host/path"),
        ("https://user:pw@api.example", "https://host/path"),
        ("https://{recipient}.example/", "https://host/path"),
        ("https://api.example:99999/", "https://host/path"),
        ("https://api.example/a#b", "no fragment"),
        ("https://api.example/a b", "no fragment"),
        ("https://api.example/ü", "no fragment"),
        ("https://api.example/{recipents}", "did you mean {recipients}?"),
        ("https://api.example/{recipients}", "is joined"),
    ],
)
def test_what_is_no_address_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        Url.parse(text, SEND)

    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("text", "is_private"),
    [
        ("https://api.example", True),
        ("http://127.0.0.1:1", True),
        ("http://localhost", True),
        ("http://[::1]/a", True),
        ("http://api.example", False),
        ("http://127.0.0.1.example", False),
        ("http://localhost.example:80", False),
    ],
)
def test_an_address_knows_who_can_listen(text: str, is_private: bool) -> None:
    assert Url.parse(text, SEND).is_private is is_private


@pytest.mark.parametrize(
    ("body", "flat"),
    [({"a": "x", "b": 1}, True), ({"a": {"b": 1}}, False), ({"a": []}, False), ([], False), ("x", False)],
)
def test_a_form_is_flat(body: Any, flat: bool) -> None:
    assert is_flat(compile_body(body, SEND)) is flat
