"""Templates: what they say, and that no value is ever read as one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.carriers.configured.template import Kind, Template, Value

VOCABULARY = {
    "text": Kind.TEXT,
    "sender": Kind.TEXT,
    "recipient": Kind.DIGITS,
    "parts": Kind.NUMBER,
    "flash": Kind.FLAG,
    "recipients": Kind.LIST,
}
VALUES: dict[str, Value] = {
    "text": "Grüße {parts}",
    "sender": "",
    "recipient": "4915112345678",
    "parts": 2,
    "flash": True,
    "recipients": ("1", "2"),
}


def filled(template: str, **changes: Value) -> Value | None:
    return Template.parse(template, VOCABULARY).value((VALUES | changes).__getitem__)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", ""),
        ("plain", "plain"),
        ("{text}", "Grüße {parts}"),
        ("+{recipient}", "+4915112345678"),
        ("{recipient:number}", 4915112345678),
        ("{parts}", 2),
        ("{parts:text}", "2"),
        ("{parts} of {parts}", "2 of 2"),
        ("{flash}", True),
        ("flash={flash}", "flash=true"),
        ("{flash?1:0}", "1"),
        ("{recipients}", ("1", "2")),
        ("{recipients:,}", "1,2"),
        ("{recipients:<}", "1<2"),
        ("[{recipients:; }]", "[1; 2]"),
        ("{{text}}", "{text}"),
        ("{{{parts}}}", "{2}"),
        ("{text:hex}", "Grüße {parts}".encode("utf-16-be").hex().upper()),
    ],
)
def test_a_template_says(text: str, value: Value) -> None:
    assert filled(text) == value


@pytest.mark.parametrize("text", ["{sender}", "from {sender}", "{sender}{sender}", "{flash?:0}"])
def test_what_has_only_empty_values_is_left_out(text: str) -> None:
    assert filled(text) is None


def test_an_empty_value_beside_another_is_just_empty() -> None:
    assert filled("{sender}/{recipient}") == "/4915112345678"


def test_an_empty_list_is_left_out() -> None:
    assert filled("{recipients}", recipients=()) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{recipent}", "did you mean {recipient}?"),
        ("{0.__class__}", "no placeholder"),
        ("{text.__class__}", "no placeholder"),
        ("{text!r}", "no placeholder"),
        ("{}", "no placeholder"),
        ("{text", "stands alone"),
        ("text}", "stands alone"),
        ("{{text}", "stands alone"),
        ("{text:upper}", "there is {text:hex}"),
        ("{text:number}", "there is {text:hex}"),
        ("{parts:number}", "there is {parts:text}"),
        ("{flash:text}", "there is {flash?yes:no}"),
        ("{parts?1:0}", "not a flag"),
        ("to {recipients}", "a list stands alone"),
    ],
)
def test_what_is_no_template_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        Template.parse(text, VOCABULARY)

    assert reason in str(caught.value)


@given(st.text(min_size=1) | st.sampled_from(["{0.__class__}", "${text}", "{{7*7}}", "{text}", "%s", "{recipients:,}"]))
def test_a_value_is_never_read_as_a_template(value: str) -> None:
    assert filled("<{text}>", text=value) == f"<{value}>"


@given(st.text(alphabet="{}text:?,0 ", max_size=12))
def test_any_text_is_a_template_or_is_refused(text: str) -> None:
    try:
        template = Template.parse(text, VOCABULARY)
    except ValueError:
        return
    template.value(VALUES.__getitem__)


@given(st.text())
def test_a_text_with_its_braces_doubled_stands_for_itself(text: str) -> None:
    assert filled(text.replace("{", "{{").replace("}", "}}")) == text
