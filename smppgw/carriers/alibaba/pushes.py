"""What the platform pushes: receipts of the mainland (SmsReport) and of abroad, and inbound texts (SmsUp). Pure.

A body is an array of rows; one object alone, as the queue variant has it, is read too. Numbers come as text or not,
most fields may be missing, and a row that makes no sense costs only itself. The codes are those of polls. Sources:
help.aliyun.com 101867 (SmsReport), 101508 (SmsUp), 197995 (GlobeSmsReport), smsreport-http-intl.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from smppgw.carriers.alibaba.beijing import read_mail_date, read_time
from smppgw.carriers.alibaba.codes import ARRIVED, Ending, code_word, ending, globe_ending
from smppgw.carriers.base import PushAnswer
from smppgw.carriers.http import read_json, redact
from smppgw.core.codes import ErrorCode
from smppgw.core.model import BatchId, CarrierRef, Outcome
from smppgw.core.verdict import Inbound, PushContents, PushedReport

ANSWER: Final = PushAnswer("application/json", '{"code":0,"msg":"接收成功"}'.encode())
"""The pusher wants HTTP 200 and a number as ``code``, within 700 ms; else it comes again after 1, 5 and 10 minutes."""

Row = Mapping[str, Any]

_BODY: Final = msgspec.json.Decoder(list[Any] | dict[str, Any])
_MAINLAND: Final = re.compile(r"(?:\+|00)?(?:86)?(1[0-9]{10})")
_NUMBER: Final = re.compile(r"\+?([0-9]{5,15})")
_CODE: Final = re.compile(r"[0-9]{1,20}")
_COUNT: Final = re.compile(r"[1-9][0-9]?")
_FLAGS: Final = {"true": True, "false": False}


def read_mainland(body: bytes) -> PushContents:
    """Read rows of SmsReport and SmsUp."""
    return _contents(body, _mainland_row)


def read_globe(body: bytes) -> PushContents:
    """Read rows of the international report, in either spelling of its fields."""
    return _contents(body, _globe_row)


def _contents(body: bytes, read: Callable[[Row], PushedReport | Inbound | None]) -> PushContents:
    found = read_json(_BODY, body)
    if found is None:
        return PushContents(unreadable=1)
    rows = found if isinstance(found, list) else [found]
    items = [read(row) if isinstance(row, dict) else None for row in rows]
    return PushContents(
        reports=tuple(item for item in items if isinstance(item, PushedReport)),
        inbound=tuple(item for item in items if isinstance(item, Inbound)),
        unreadable=items.count(None),
    )


def _mainland_row(row: Row) -> PushedReport | Inbound | None:
    number = _mainland_number(_text(row.get("phone_number")))
    if number is None:
        return None
    return _inbound(row, number) if "dest_code" in row else _sms_report(row, number)


def _sms_report(row: Row, recipient: str) -> PushedReport | None:
    """``success`` decides, the code explains (alibaba.md 4.3)."""
    code, is_success = _text(row.get("err_code")), _FLAGS.get(_text(row.get("success")).lower())
    if is_success is None:
        return None
    return _report(
        ARRIVED if is_success else ending(code),
        code,
        batch=_text(row.get("out_id")),
        ref=_text(row.get("biz_id")),
        recipient=recipient,
        at=read_time(_text(row.get("report_time"))),
        parts=_parts(row.get("sms_size")),
    )


def _inbound(row: Row, sender: str) -> Inbound | None:
    destination, content, sent = _text(row.get("dest_code")), row.get("content"), _text(row.get("send_time"))
    if not _CODE.fullmatch(destination) or not isinstance(content, str):
        return None
    return Inbound(
        key=_text(row.get("sequence_id")) or _digest(sender, destination, sent, content),
        sender=f"+{sender}",
        destination=destination,
        text=content,
        at=read_time(sent),
    )


def _digest(*facts: str) -> str:
    """Make a key where the platform gives none (older accounts): the same facts are the same text."""
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()


def _globe_row(row: Row) -> PushedReport | None:
    """Read a row of the international report (alibaba.md 5)."""
    fields = {name.lower().replace("_", ""): _text(value) for name, value in row.items()}
    found = _NUMBER.fullmatch(fields.get("to", ""))
    if found is None or not fields.get("status"):
        return None
    code, received = fields.get("errorcode", ""), fields.get("receivedate", "")
    return _report(
        globe_ending(fields["status"], code, received=bool(received)),
        code,
        batch=fields.get("taskid", ""),
        ref=fields.get("messageid", ""),
        recipient=found[1],
        at=read_time(received) or read_mail_date(received),
        parts=_parts(fields.get("smssize")),
    )


def _report(
    end: Ending | None, code: str, *, batch: str, ref: str, recipient: str, at: float | None, parts: int | None
) -> PushedReport | None:
    """Make a report; None where it names no message. ``end`` is None while there is none."""
    if not batch and not ref:
        return None
    return PushedReport(
        batch=BatchId(batch) if batch else None,
        ref=CarrierRef(ref) if ref else None,
        recipient=recipient,
        outcome=Outcome.ENROUTE if end is None else end.outcome,
        final=end is not None,
        error=ErrorCode.NONE if end is None else end.error,
        detail=redact(code_word(code) or ""),
        at=at,
        parts=parts,
        nothing_left=end is not None and end.nothing_left,
    )


def _mainland_number(shown: str) -> str | None:
    """Return E.164 digits of a number that may lack its country code; other numbers have theirs."""
    if found := _MAINLAND.fullmatch(shown):
        return f"86{found[1]}"
    found = _NUMBER.fullmatch(shown)
    return None if found is None else found[1]


def _text(value: object) -> str:
    """Return a text, or a number as text; "" for what is neither."""
    if isinstance(value, bool):
        return str(value)
    return str(value) if isinstance(value, str | int) else ""


def _parts(size: object) -> int | None:
    count = _text(size)
    return int(count) if _COUNT.fullmatch(count) else None
