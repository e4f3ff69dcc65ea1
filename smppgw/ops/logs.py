"""Structured logs: one event per line, a short constant name, facts as keys.

``log.info("batch submitted", carrier=..., messages=12)``. JSON for machines, coloured text on a terminal. Never texts,
never whole numbers, never local variables of a traceback; writing never blocks (`log_pipe`).
"""

import json
import logging
import os
import sys
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import structlog

from smppgw.ops.log_pipe import LogPipe
from smppgw.ops.masks import clean, clean_traceback, escape

_FIRST_KEYS: Final = ("ts", "level", "event")
_EXCEPTION: Final = "exception"


class _PipeLogger:
    """The end of structlog's chain: whatever the level, the line goes into the pipe."""

    def __init__(self, pipe: LogPipe) -> None:
        self._pipe = pipe

    def msg(self, line: str) -> None:
        self._pipe.write(line)

    debug = info = warning = warn = error = critical = fatal = exception = log = msg


class _Foreign(logging.Handler):
    """Brings what libraries log through `logging` into the same lines."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = record.getMessage()
        except (TypeError, ValueError):  # a format string that does not fit is the library's fault
            text = str(record.msg)
        structlog.get_logger().log(
            record.levelno, "library message", logger=record.name, message=text, exc_info=record.exc_info
        )


def configure(log_format: str, level: str, stream: TextIO | None = None) -> LogPipe:
    """Set up logging for the process.

    Args:
        log_format: ``json``, ``console``, or ``auto``: console where the stream is a terminal.
        level: ``debug``, ``info``, ``warning`` or ``error``.
        stream: Needs a file descriptor; standard output by default.

    Returns:
        The pipe: its ``dropped`` is worth watching; close it last.
    """
    stream = sys.stdout if stream is None else stream
    stream.flush()
    threshold = getattr(logging, level.upper())
    pipe = LogPipe(stream.fileno())
    on_terminal = stream.isatty()
    as_json = log_format == "json" or (log_format == "auto" and not on_terminal)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            structlog.processors.StackInfoRenderer(),
            # The plain formatter of tracebacks prints no local variables; structlog's others would.
            structlog.processors.format_exc_info,
            _clean_all,
            _as_json if as_json else _console(colours=on_terminal and "NO_COLOR" not in os.environ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=lambda *_: _PipeLogger(pipe),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Foreign()], level=max(threshold, logging.INFO), force=True)
    return pipe


def _clean_all(_logger: Any, _name: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    cleaned = {escape(key): clean(key, value) for key, value in record.items() if key != _EXCEPTION}
    if _EXCEPTION in record:
        cleaned[_EXCEPTION] = clean_traceback(str(record[_EXCEPTION]))
    return cleaned


def _as_json(_logger: Any, _name: str, record: MutableMapping[str, Any]) -> str:
    ordered = {key: record[key] for key in _FIRST_KEYS if key in record} | dict(record)
    return json.dumps(ordered, ensure_ascii=False, separators=(",", ":"))


def _console(*, colours: bool) -> structlog.dev.ConsoleRenderer:
    return structlog.dev.ConsoleRenderer(
        colors=colours, timestamp_key="ts", exception_formatter=structlog.dev.plain_traceback
    )
