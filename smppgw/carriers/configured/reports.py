"""What a status, polled or pushed, says of one message. Pure: no call, no clock."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from smppgw.carriers.configured.document import Document, parts, scalar
from smppgw.carriers.configured.path import JsonPath
from smppgw.carriers.configured.shown import code_word
from smppgw.carriers.configured.tables import Reading
from smppgw.carriers.configured.words import OUTCOMES, Ending
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Outcome, Sent
from smppgw.core.verdict import StatusReport

_UNIX: Final = re.compile(r"([0-9]{10})(?:([0-9]{3})|\.[0-9]{1,9})?")
_FIRST_AT: Final = 946_684_800.0
_LAST_AT: Final = 4_102_444_800.0
"""The years 2000 to 2099: what is outside is no time of a message."""
_DAY_S: Final = 86400.0
_ENROUTE: Final = OUTCOMES["enroute"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Where the facts stand, and what their words mean."""

    state: JsonPath
    states: Mapping[str, Ending]
    error: JsonPath | None
    errors: Mapping[str, ErrorCode]
    ended_at: JsonPath | None
    parts: JsonPath | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The facts, as ``core.verdict.StatusReport`` has them."""

    outcome: Outcome
    final: bool
    error: ErrorCode
    detail: str
    at: float | None
    parts: int | None
    nothing_left: bool


def reader_of(reading: Reading) -> Reader:
    """Return what a table of the configuration says."""
    return Reader(
        state=reading.state,
        states=reading.states,
        error=reading.error,
        errors=reading.errors,
        ended_at=reading.ended_at,
        parts=reading.parts,
    )


def report(one: Sent, said: Said, now: float) -> StatusReport:
    """Return the facts as a report about a message; a time that cannot be true is left out."""
    is_true = said.at is not None and one.sent_at - _DAY_S <= said.at <= now + _DAY_S
    return StatusReport(
        message=one.message,
        outcome=said.outcome,
        final=said.final,
        error=said.error,
        detail=said.detail,
        at=said.at if is_true else None,
        parts=said.parts,
        nothing_left=said.nothing_left,
    )


def read(row: Document, reader: Reader) -> Said | None:
    """Read what a row says; None where it has no state. A state that is not in the table is not final."""
    state = scalar(reader.state.get(row))
    if not state:
        return None
    ending = reader.states.get(state, _ENROUTE)
    code = "" if reader.error is None else scalar(reader.error.get(row))
    is_failure = ending.error is not ErrorCode.NONE
    words = [code_word(state, reader.states)] + ([code_word(code, reader.errors)] if is_failure and code else [])
    return Said(
        outcome=ending.outcome,
        final=ending.final,
        error=reader.errors.get(code, ending.error) if is_failure else ErrorCode.NONE,
        detail="/".join(words)[:120],
        at=read_time(row, reader.ended_at) if ending.final else None,
        parts=None if reader.parts is None else parts(reader.parts.get(row)),
        nothing_left=ending.nothing_left,
    )


def read_time(row: Document, path: JsonPath | None) -> float | None:
    """Read a time: ISO 8601, as in mails (RFC 5322), or Unix seconds or milliseconds; UTC where no zone is told."""
    text = "" if path is None else scalar(path.get(row))
    if found := _UNIX.fullmatch(text):
        at: float | None = int(text) / 1000 if found[2] else float(text)
    else:
        at = _date(text, datetime.fromisoformat) or _date(text, parsedate_to_datetime)
    return at if at is not None and _FIRST_AT <= at < _LAST_AT else None


def _date(text: str, read_as: Callable[[str], datetime]) -> float | None:
    try:
        date = read_as(text)
        return date.replace(tzinfo=date.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None
