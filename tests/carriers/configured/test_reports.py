"""States: which are final, what they mean, and when it was."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.carriers.configured.path import JsonPath
from smppgw.carriers.configured.reports import Reader, Said, read, read_time
from smppgw.carriers.configured.words import ERRORS, OUTCOMES, STATUSES, VERDICTS, Refusal, Say, read_word
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Outcome

READER = Reader(
    state=JsonPath.parse("state"),
    states={
        "D": OUTCOMES["delivered"],
        "F": OUTCOMES["undeliverable"],
        "N": OUTCOMES["not_sent"],
        "A": OUTCOMES["accepted"],
        "Q": OUTCOMES["enroute"],
        "0": OUTCOMES["expired"],
        "77001": OUTCOMES["rejected"],
    },
    error=JsonPath.parse("error"),
    errors={"27": ErrorCode.NOT_ON_SERVICE},
    ended_at=JsonPath.parse("at"),
    parts=JsonPath.parse("parts"),
)
AT = 1_700_000_000.0


def said(**row: Any) -> Said | None:
    return read(row, READER)


def facts(**row: Any) -> tuple[Outcome, bool, ErrorCode, str]:
    found = said(**row)
    assert found is not None
    return found.outcome, found.final, found.error, found.detail


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"state": "D", "error": "27"}, (Outcome.DELIVERED, True, ErrorCode.NONE, "D")),
        ({"state": "F"}, (Outcome.UNDELIVERABLE, True, ErrorCode.UNDELIVERABLE, "F")),
        ({"state": "F", "error": 27}, (Outcome.UNDELIVERABLE, True, ErrorCode.NOT_ON_SERVICE, "F/27")),
        ({"state": "F", "error": "28"}, (Outcome.UNDELIVERABLE, True, ErrorCode.UNDELIVERABLE, "F/28")),
        ({"state": "A"}, (Outcome.ACCEPTED, True, ErrorCode.NONE, "A")),
        ({"state": 0}, (Outcome.EXPIRED, True, ErrorCode.VALIDITY_EXCEEDED, "0")),
        ({"state": "77001"}, (Outcome.REJECTED, True, ErrorCode.NOT_ACCEPTED, "77001")),
        ({"state": "Q", "error": "27"}, (Outcome.ENROUTE, False, ErrorCode.NONE, "Q")),
        ({"state": "d"}, (Outcome.ENROUTE, False, ErrorCode.NONE, "d")),
        ({"state": "Hello +4915112345678"}, (Outcome.ENROUTE, False, ErrorCode.NONE, "?")),
        ({"state": "4915112345678"}, (Outcome.ENROUTE, False, ErrorCode.NONE, "***")),
    ],
)
def test_a_state_means_what_the_table_says(row: dict[str, Any], expected: tuple[object, ...]) -> None:
    assert facts(**row) == expected


@pytest.mark.parametrize("row", [{}, {"state": None}, {"state": ""}, {"state": ["D"]}, {"state": "x" * 300}])
def test_without_a_state_nothing_is_said(row: dict[str, Any]) -> None:
    assert said(**row) is None


def test_only_what_proves_that_nothing_left_says_so() -> None:
    found = {state: said(state=state) for state in READER.states}

    assert [state for state, each in found.items() if each and each.nothing_left] == ["N"]


def test_time_and_parts_are_taken_from_the_row() -> None:
    found = said(state="D", at=AT, parts="3")

    assert found is not None
    assert (found.at, found.parts) == (AT, 3)


@pytest.mark.parametrize(
    ("value", "at"),
    [
        (1_700_000_000, AT),
        ("1700000000", AT),
        (1_700_000_000_500, AT + 0.5),
        (1_700_000_000.25, AT + 0.25),
        ("2023-11-14T22:13:20Z", AT),
        ("2023-11-14T22:13:20", AT),
        ("2023-11-14T23:13:20.500+0100", AT + 0.5),
        ("2023-11-14 22:13:20", AT),
        ("Tue, 14 Nov 2023 22:13:20 +0000", AT),
        ("soon", None),
        ("", None),
        (None, None),
        ({}, None),
        ("9" * 30, None),
        ("0001-01-01T00:00:00+14:00", None),
    ],
)
def test_a_time_is_read_in_the_usual_forms(value: Any, at: float | None) -> None:
    assert read_time({"at": value}, JsonPath.parse("at")) == at


@given(st.text() | st.integers() | st.floats() | st.none())
def test_nothing_makes_the_reading_of_a_time_raise(value: Any) -> None:
    read_time({"at": value}, JsonPath.parse("at"))


# Words.


def test_no_word_calls_an_answer_delivered_or_a_status_accepted() -> None:
    assert "delivered" not in VERDICTS
    assert Say.ACCEPTED not in STATUSES.values()


def test_what_may_have_arrived_is_no_refusal_of_a_message() -> None:
    """A refusal lets another carrier send the message."""
    errors = {meaning.error for meaning in VERDICTS.values() if isinstance(meaning, Refusal)}

    assert not errors & {
        ErrorCode.CARRIER_FAULT, ErrorCode.STATUS_LOST, ErrorCode.KILLED, ErrorCode.CANCELLED_LATE,
        ErrorCode.UNDELIVERABLE, ErrorCode.VALIDITY_EXCEEDED,
    }  # fmt: skip


def test_one_word_means_one_error_in_answers_and_in_states() -> None:
    both = {word: meaning for word, meaning in VERDICTS.items() if isinstance(meaning, Refusal) and word in OUTCOMES}

    assert {word: OUTCOMES[word].error for word in both if word != "rejected"} == {
        word: meaning.error for word, meaning in both.items() if word != "rejected"
    }


def test_only_one_word_proves_that_nothing_was_sent() -> None:
    assert [word for word, ending in OUTCOMES.items() if ending.nothing_left] == ["not_sent"]


@pytest.mark.parametrize("word", ["Delivered", "", 1, None, ["delivered"]])
def test_a_word_of_no_list_is_refused(word: object) -> None:
    with pytest.raises(ValueError, match=r"none of|did you mean"):
        read_word(word, OUTCOMES)


def test_no_error_of_a_failed_message_is_no_error() -> None:
    assert ErrorCode.NONE not in ERRORS.values()
