"""Each record is one line, whatever a peer wrote into it."""

import json
import logging
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smppgw.ops import logs

Log = Callable[[Callable[[Any], None]], str]

HOSTILE = [
    "a\r\n{\"event\":\"forged\"}",
    "\x1b[2J\x1b[31mred",
    "%s%n%d {0} {x!r}",
    "abc\u202edef\u2066",
    "\u2028\u2029\x85\x0b\x0c",
    "\x00\x7f\x9b",
    '"}\\u000a{"',
    "\ud800",
    "\ufeff\u200b",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _afterwards() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., str]:
    """Everything that is logged by a function."""

    def call(act: Callable[[Any], object], log_format: str = "json", level: str = "info") -> str:
        with (tmp_path / "log").open("w+", encoding="utf-8") as stream:
            pipe = logs.configure(log_format, level, stream)
            act(structlog.get_logger())
            pipe.close(5)
            stream.seek(0)
            return stream.read()

    return call


def only_record(text: str) -> dict[str, Any]:
    [line] = text.splitlines()
    record = json.loads(line)
    assert isinstance(record, dict)
    return record


def test_a_record_has_time_level_event_and_facts(written: Callable[..., str]) -> None:
    record = only_record(written(lambda log: log.info("batch submitted", carrier="retarus", messages=12)))

    at = datetime.fromisoformat(record.pop("ts"))
    assert at.utcoffset() == timedelta(0)
    assert record == {"level": "info", "event": "batch submitted", "carrier": "retarus", "messages": 12}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_one_json_object_on_one_line(written: Callable[..., str], text: str) -> None:
    output = written(lambda log: log.info("submit refused", sender=text, **{"k" + text: 1}))

    record = only_record(output)
    assert record["event"] == "submit refused"
    assert all(character.isprintable() for character in output.removesuffix("\n"))


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(st.characters(codec=None)))
def test_any_text_is_one_json_object_on_one_line(written: Callable[..., str], text: str) -> None:
    assert only_record(written(lambda log: log.info("x", text=text)))["event"] == "x"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_one_line_on_a_console_too(written: Callable[..., str], text: str) -> None:
    output = written(lambda log: log.info("submit refused", sender=text), log_format="console")

    assert len(output.splitlines()) == 1
    assert "\x1b" not in output


def fail_with_a_secret(log: Any) -> None:
    in_a_local_variable = "hunter" + str(len("xx"))
    try:
        raise ValueError("password=hunter3\n{}\x1b[0m " + str(len(in_a_local_variable)))
    except ValueError:
        log.exception("worker failed")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_shows_no_local_variables_and_no_secrets(written: Callable[..., str], log_format: str) -> None:
    output = written(fail_with_a_secret, log_format=log_format)

    assert "ValueError" in output
    assert "hunter2" not in output
    assert "hunter3\n" not in output
    assert "\x1b" not in output


def test_a_traceback_is_one_json_object(written: Callable[..., str]) -> None:
    assert "Traceback" in only_record(written(fail_with_a_secret))["exception"]


def test_what_libraries_log_comes_in_the_same_form(written: Callable[..., str]) -> None:
    output = written(lambda _: logging.getLogger("lib").warning("to %s\n", "+4917612345612"))

    record = only_record(output)
    assert (record["event"], record["logger"], record["message"]) == (
        "library message", "lib", "to +49176*****12\\n",
    )  # fmt: skip


def test_a_librarys_wrong_format_string_does_no_harm(written: Callable[..., str]) -> None:
    output = written(lambda _: logging.getLogger("lib").warning("%d %d", "x"))

    assert only_record(output)["message"] == "%d %d"


def test_what_is_below_the_level_is_not_written(written: Callable[..., str]) -> None:
    output = written(lambda log: (log.info("a"), log.warning("b")), level="warning")

    assert only_record(output)["event"] == "b"


def test_auto_is_json_where_nobody_looks(written: Callable[..., str]) -> None:
    assert only_record(written(lambda log: log.info("x"), log_format="auto"))["event"] == "x"


def test_a_stream_that_nobody_reads_does_not_hold_the_logger_up() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream, os.fdopen(reading) as reader:
        pipe = logs.configure("json", "info", stream)
        log = structlog.get_logger()

        for _ in range(12_000):
            log.info("x", filling="y" * 100)
        pipe.close(0.01)

        assert pipe.dropped > 0
        reader.close()  # lets the thread go before its descriptor belongs to somebody else
        pipe.close(5)
