"""What Retarus refuses about a job, and with which status."""

from typing import Any

import msgspec
import pytest

from smppgw.simulators.retarus.job_request import MAX_RECIPIENTS, RefusalError, read


def a_job(**options: Any) -> dict[str, Any]:
    return {"messages": [{"text": "hello", "recipients": [{"dst": "+4917600000000"}]}], "options": options}


def status_of(job: Any, *, strict: bool = False) -> int:
    """201 if it is taken."""
    body = job if isinstance(job, bytes) else msgspec.json.encode(job)
    try:
        read(body, strict=strict)
    except RefusalError as refused:
        return refused.status
    return 201


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"\xff", 400),
        (b'{"messages":{}}', 400),
        (b'{"messages":[{"text":1,"recipients":[{"dst":"+4917600000000"}]}]}', 400),
        (b"{}", 422),
        (b'{"messages":[]}', 422),
        (b'{"messages":[{"recipients":[{"dst":"+4917600000000"}]}]}', 422),
        (b'{"messages":[{"text":"a"}]}', 422),
        (b'{"messages":[{"text":"a","recipients":[]}]}', 422),
        (b'{"messages":[{"text":"a","recipients":[{}]}]}', 422),
        (b'{"messages":[{"text":"a","recipients":[{"dst":""}]}]}', 422),
        (b'{"messages":[{"text":"a","recipients":[{"dst":"+4917600000000"}]}]}', 201),
    ],
)
def test_a_body_must_be_a_job(body: bytes, status: int) -> None:
    assert status_of(body) == status


@pytest.mark.parametrize(
    ("option", "value", "status"),
    [
        ("encoding", "utf-16", 201),
        ("encoding", "UCS2", 400),
        ("qos", "express", 201),
        ("qos", "FAST", 400),
        ("invalidCharacters", "to_utf16", 201),
        ("invalidCharacters", "DROP", 400),
        ("src", "+491760000000", 201),
        ("src", "123456789012345678901", 400),
        ("src", "Retarus 1-&", 201),
        ("src", "ABCDEFGHIJKL", 400),
        ("src", "Zürich", 400),
        ("src", "", 400),
        ("billcode", "b" * 70, 201),
        ("billcode", "b" * 71, 400),
        ("statusRequested", "true", 400),
        ("validityMin", "5", 400),
        ("validityMin", 1, 201),
        ("maxParts", 99, 201),
        ("jobPeriod", "2018-07-09T11:25:24.683+02:00", 201),
        ("jobPeriod", "tomorrow", 400),
        ("jobPeriod", "2018-07-09T11:25:24", 400),
        ("blackoutPeriods", ["2018-10-25T18:00Z/2018-10-26T07:00Z"], 201),
        ("blackoutPeriods", ["2018-10-25T18:00Z"], 400),
        ("blackoutPeriods", ["2018-10-26T18:00Z/2018-10-25T07:00Z"], 400),
        ("unheardOf", 1, 201),
    ],
)
def test_an_option_must_have_a_known_value(option: str, value: object, status: int) -> None:
    assert status_of(a_job(**{option: value})) == status


@pytest.mark.parametrize("option", [{"unheardOf": 1}, {"validityMin": 4}, {"validityMin": 2881}, {"maxParts": 21}])
def test_strictness_refuses_what_is_otherwise_ignored_or_clamped(option: dict[str, Any]) -> None:
    assert status_of(a_job(**option), strict=False) == 201
    assert status_of(a_job(**option), strict=True) == 400


def test_a_complete_job_passes_strictness() -> None:
    job = a_job(validityMin=0, maxParts=20, src="Retarus", customerRef="batch")
    job["messages"][0]["recipients"][0]["customerRef"] = "message"

    assert status_of(job, strict=True) == 201


def test_a_recipients_own_blackout_periods_are_checked() -> None:
    job = a_job()
    job["messages"][0]["recipients"][0]["blackoutPeriods"] = ["never"]

    assert status_of(job) == 400


@pytest.mark.parametrize(("extra", "status"), [(0, 201), (1, 422)])
def test_three_thousand_recipients_are_the_most(extra: int, status: int) -> None:
    job = a_job()
    half = [{"dst": "+4917600000000"}] * (MAX_RECIPIENTS // 2)
    job["messages"] = [{"text": "a", "recipients": half}, {"text": "b", "recipients": half + half[:extra]}]

    assert status_of(job) == status


@pytest.mark.parametrize(
    ("text", "options", "status"),
    [
        ("中", {"invalidCharacters": "REFUSE"}, 422),
        ("中", {"invalidCharacters": "REFUSE", "encoding": "UTF-16"}, 201),
        ("[€]", {"invalidCharacters": "REFUSE"}, 201),
        ("中", {"invalidCharacters": "TRANSLITERATE"}, 500),
        ("ë", {"invalidCharacters": "TRANSLITERATE"}, 201),
        ("中", {"invalidCharacters": "TO_UTF16"}, 201),
        ("中", {}, 201),
    ],
)
def test_foreign_characters_are_judged_as_the_options_say(text: str, options: dict[str, Any], status: int) -> None:
    job = a_job(**options)
    job["messages"][0]["text"] = text

    assert status_of(job) == status
