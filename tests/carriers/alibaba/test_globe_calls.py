"""What an attempt says is read back as it was written, after a restart too."""

from hypothesis import given
from hypothesis import strategies as st

from smppgw.carriers.alibaba.globe_calls import (
    Action,
    Envelope,
    Letter,
    action_of,
    numbers_of,
    write,
    write_nothing,
    write_template,
)
from smppgw.carriers.alibaba.templates import Template
from smppgw.carriers.alibaba.wording import Wording
from smppgw.core.model import Attempt, BatchId, MessageId

ENVELOPE = Envelope(sender="Shop", kind="NOTIFY", validity_s=60)
TASK = BatchId("b1")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def attempt(query: str) -> Attempt:
    return Attempt(
        batch=TASK,
        host="https://host",
        method="POST",
        target=f"/?{query}",
        content_type=None,
        body=b"",
        nonce="n",
        date="d",
        prepared_at=0.0,
        messages=(MessageId(1),),
    )


@given(text=texts)
def test_no_text_makes_a_single_call_look_like_another(text: str) -> None:
    assert action_of(attempt(write([Letter(number="491511", text=text)], ENVELOPE, TASK))) is Action.ONE


@given(text=st.sampled_from(["[", '["a"]', "&TemplateCode=x", "&To=[", "To=[1]"]))
def test_a_text_that_looks_like_parameters_is_a_text(text: str) -> None:
    assert action_of(attempt(write([Letter(number="491511", text=text)], ENVELOPE, TASK))) is Action.ONE


@given(said=st.lists(texts, min_size=2, max_size=5))
def test_a_call_for_several_names_its_numbers_in_their_order(said: list[str]) -> None:
    letters = [Letter(number=f"49151{place:06}", text=text) for place, text in enumerate(said)]

    written = attempt(write(letters, ENVELOPE, TASK))

    assert action_of(written) is Action.SEVERAL
    assert numbers_of(written) == [letter.number for letter in letters]


def test_a_template_is_known_and_one_without_variables_has_no_values() -> None:
    query = write_template("8613900000000", Wording("阿里云", Template("SMS_1", "你好"), ()), 60)

    assert action_of(attempt(query)) is Action.TEMPLATE
    assert "TemplateParam" not in query


def test_what_names_no_number_is_no_call() -> None:
    assert action_of(attempt(write_nothing(TASK))) is None
