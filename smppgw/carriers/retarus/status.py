"""Rows of ``GET /sms`` to status reports. Pure: no call, no clock.

The table is that of docs.retarus.com, "SMS outbound status codes REST", for jobs with ``statusRequested``; the codes
are the gateway's own. A row counts only where both our reference and the number are those of a message we asked about.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

import msgspec

from smppgw.carriers.http import read_json, redact
from smppgw.core.codes import ErrorCode
from smppgw.core.model import MessageId, Outcome, Sent
from smppgw.core.verdict import StatusReport


class Row(msgspec.Struct, rename="camel", gc=False):
    """One recipient as Retarus shows it; every field may be missing."""

    dst: str | None = None
    process_status: str | None = None
    status: str | None = None
    customer_ref: str | None = None
    reason: str | None = None
    finished_ts: str | None = None


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a status says."""

    outcome: Outcome
    error: ErrorCode = ErrorCode.NONE
    final: bool = True
    nothing_left: bool = False
    """Whether it proves that Retarus sent nothing."""


ENROUTE: Final = Meaning(Outcome.ENROUTE, final=False)
ACCEPTED_ONLY: Final = Meaning(Outcome.ENROUTE, final=False)
"""DONE/SUC_ACC of a job that asked for notifications: one may still come."""
KILLED: Final = Meaning(Outcome.UNKNOWN, ErrorCode.KILLED)
"""Sent, then stopped: it may have arrived, so not DELETED. Final only with a ``finishedTs``."""
FAILED: Final = Meaning(Outcome.UNDELIVERABLE, ErrorCode.UNDELIVERABLE)
UNDOCUMENTED: Final = Meaning(Outcome.UNKNOWN, ErrorCode.UNKNOWN_STATUS)

TABLE: Final[Mapping[tuple[str, str], Meaning]] = {
    ("DONE", "SUC_FIN"): Meaning(Outcome.DELIVERED),
    ("DONE", "SUC_ACC"): ACCEPTED_ONLY,
    ("DONE", "INVALID_DST"): Meaning(Outcome.UNDELIVERABLE, ErrorCode.INVALID_NUMBER),
    ("DONE", "BLOCKED"): Meaning(Outcome.REJECTED, ErrorCode.BLOCKED),
    ("DONE", "TIMEOUT"): Meaning(Outcome.EXPIRED, ErrorCode.VALIDITY_EXCEEDED),
    ("DONE", "CON_ERR"): Meaning(Outcome.UNDELIVERABLE, ErrorCode.NO_ROUTE, nothing_left=True),
    ("DONE", "FAILED_FIN"): FAILED,
    ("DONE", "NOT_ACC_FIN"): Meaning(Outcome.REJECTED, ErrorCode.NOT_ACCEPTED, nothing_left=True),
    # "In most cases, the SMS has arrived anyway" (docs.retarus.com/sms/paths): must never lead to a second send.
    ("DONE", "SEND_ERR"): Meaning(Outcome.UNKNOWN, ErrorCode.CARRIER_FAULT),
    ("DONE", "STATUS_ERR"): Meaning(Outcome.UNKNOWN, ErrorCode.STATUS_LOST),
    ("CANCELED", ""): Meaning(Outcome.DELETED, ErrorCode.CANCELLED),
    ("CANCELED", "NOT_ACC_REC"): Meaning(Outcome.DELETED, ErrorCode.CANCELLED_LATE),
}
"""The documented pairs of ``processStatus`` and ``status``."""

ANY_STATUS: Final[Mapping[str, Meaning]] = {
    "OPEN": ENROUTE,
    "RUNNING": ENROUTE,
    "KILL": KILLED,
    "DONE": UNDOCUMENTED,
}
"""What a ``processStatus`` means with any other ``status``; one that is not here is unknown and not final."""

BY_STATE: Final[Mapping[int, Meaning]] = {
    3: Meaning(Outcome.EXPIRED, ErrorCode.VALIDITY_EXCEEDED),
    4: Meaning(Outcome.DELETED, ErrorCode.CANCELLED_LATE),
    5: FAILED,
    7: Meaning(Outcome.UNKNOWN, ErrorCode.STATUS_LOST),
    8: Meaning(Outcome.REJECTED, ErrorCode.NOT_ACCEPTED),
}
"""FAILED_FIN by the SMPP ``message_state`` that its ``reason`` names; any other state is ignored."""

_REASON: Final = re.compile(r"message_state:\s*([A-Z_]{1,32})\s*\[([0-9A-Fa-f]{1,8})\]")
_STATE_NAMES: Final = {
    "ENROUTE": 1, "DELIVERED": 2, "EXPIRED": 3, "DELETED": 4, "UNDELIVERABLE": 5, "ACCEPTED": 6, "UNKNOWN": 7,
    "REJECTED": 8,
}  # fmt: skip
_WORD: Final = re.compile(r"[A-Za-z0-9_]{1,32}")
_DAY_S: Final = 86400.0

_ROWS: Final = msgspec.json.Decoder(list[Row])
_LOOSE_ROWS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_ROW: Final = msgspec.json.Decoder(Row)


def read_rows(body: bytes) -> list[Row] | None:
    """Decode the answer of ``GET /sms``; one bad row spoils only itself. None: it is no list."""
    if (rows := read_json(_ROWS, body)) is not None:
        return rows
    loose = read_json(_LOOSE_ROWS, body)
    return None if loose is None else [row for raw in loose if (row := read_json(_ROW, bytes(raw))) is not None]


def reports(rows: Iterable[Row], sent: Iterable[Sent], now: float, *, last_call: Meaning | None) -> list[StatusReport]:
    """Match rows with the messages asked about; a message without a row has no report.

    Args:
        rows: Of one job.
        sent: Messages of that job.
        now: Unix seconds.
        last_call: What a bare SUC_ACC means now that the deadline is near; None: not yet.
    """
    asked = {str(one.message): one for one in sent}
    found: dict[MessageId, StatusReport] = {}
    for row in rows:
        one = asked.get(row.customer_ref or "")
        if one is None or not _is_same_number(row.dst, one.recipient):
            continue
        known = found.get(one.message)
        if known is None or not known.final:
            found[one.message] = _report(row, one, now, last_call)
    return list(found.values())


def _report(row: Row, one: Sent, now: float, last_call: Meaning | None) -> StatusReport:
    meaning = meaning_of(row)
    if meaning is ACCEPTED_ONLY and last_call is not None:
        meaning = last_call
    return StatusReport(
        message=one.message,
        outcome=meaning.outcome,
        final=meaning.final,
        error=meaning.error,
        detail=_detail(row),
        at=_instant(row.finished_ts, one.sent_at, now) if meaning.final else None,
        nothing_left=meaning.nothing_left,
    )


def meaning_of(row: Row) -> Meaning:
    """Read one row by the tables."""
    process_status, status = row.process_status or "", row.status or ""
    meaning = TABLE.get((process_status, status)) or ANY_STATUS.get(process_status, ENROUTE)
    if meaning is FAILED:
        return BY_STATE.get(state_of(row.reason), FAILED)
    if meaning is KILLED and not row.finished_ts:
        return ENROUTE
    return meaning


def state_of(reason: str | None) -> int:
    """Read the SMPP ``message_state`` in a ``reason``; 0 where there is none, or its name and its number differ.

    Only one sample is published: ``message_state:DELIVERED [00000002] (Final) (Message is delivered to destination.)``.
    """
    match = _REASON.search(reason or "")
    if match is None:
        return 0
    state = int(match[2], 16)
    return state if _STATE_NAMES.get(match[1]) == state else 0


def _detail(row: Row) -> str:
    words = f"{_word(row.process_status)}/{_word(row.status)}"
    if row.status == "FAILED_FIN" and (state := state_of(row.reason)):
        return f"{words} message_state {state}"
    return words


@lru_cache(maxsize=256)
def _word(text: str | None) -> str:
    # Documented words pass; anything longer or stranger could quote the message.
    if not text:
        return ""
    return redact(text) if _WORD.fullmatch(text) else "?"


def _is_same_number(dst: str | None, recipient: str) -> bool:
    return dst is not None and dst.removeprefix("+") == recipient


def _instant(text: str | None, sent_at: float, now: float) -> float | None:
    """Read a timestamp; None where it is missing, or a day and more from what can be true."""
    try:
        date = datetime.fromisoformat(text or "")
        at = date.replace(tzinfo=date.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None
    return at if sent_at - _DAY_S <= at <= now + _DAY_S else None
