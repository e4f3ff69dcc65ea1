"""QuerySendDetails: finds a message again, for its outcome or to resolve a doubt.

The platform is asked by number and Beijing day and answers with rows; ours are told by number and ``OutId``. What it
does not show is proof of nothing unless the list is complete. Source: help.aliyun.com 55289 (2017-05-25).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from smppgw.carriers.alibaba.api import Api
from smppgw.carriers.alibaba.beijing import days_of_sending, read_time
from smppgw.carriers.alibaba.codes import code_word, ending
from smppgw.carriers.alibaba.letters import parts_of
from smppgw.carriers.http import Operation, redact
from smppgw.core.model import CarrierRef, MessageId, Outcome, Sent
from smppgw.core.verdict import Accepted, Doubtful, Evidence, StatusReport

PAGE_SIZE: Final = 50
MAX_PAGES: Final = 20
"""Rows of one number and day that are read: 1,000; the platform's caps per number allow fewer."""

_FAILED: Final = 2
_DELIVERED: Final = 3
"""``SendStatus``; 1 is waiting."""


class _Row(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """One message. It has no BizId."""

    phone_num: str
    send_status: int
    err_code: str | None = None
    receive_date: str | None = None
    out_id: str | None = None
    content: str | None = None
    """With its signature."""


class _Rows(msgspec.Struct, frozen=True):
    rows: list[_Row] = msgspec.field(default_factory=list, name="SmsSendDetailDTO")


class _Page(msgspec.Struct, frozen=True):
    total: int = msgspec.field(name="TotalCount")
    details: _Rows = msgspec.field(default_factory=_Rows, name="SmsSendDetailDTOs")


# Not strict: counts come as numbers and as text (seen in real answers).
_PAGE: Final = msgspec.json.Decoder(_Page, strict=False)


@dataclass(frozen=True, slots=True)
class _Found:
    """Rows of one number and day."""

    rows: tuple[_Row, ...]
    is_whole: bool
    """Whether these are all there are: only then does a missing row prove anything."""


class Details:
    """Questions about messages of one account."""

    def __init__(self, api: Api, clock: Callable[[], float], *, max_in_flight: int) -> None:
        self._api = api
        self._clock = clock
        self._free = asyncio.Semaphore(max_in_flight)

    async def look_up(self, sent: Sent, at: float) -> Accepted | Doubtful:
        """Say whether the platform took a message of an attempt made at ``at``."""
        is_whole = True
        for day in days_of_sending(at, self._clock()):
            found = await self._rows(Operation.LOOKUP, sent.recipient, day)
            if ours := [row for row in found.rows if _is_of(row, sent)]:
                return Accepted(parts=parts_of(ours[0].content) if ours[0].content else None)
            is_whole = is_whole and found.is_whole
        if is_whole:
            return Doubtful("not found", Evidence.ABSENT)
        return Doubtful("the look-up was not complete")

    async def status(self, sent: Sent) -> StatusReport | None:
        """Say what became of a message; None when that cannot be learned now."""
        for day in days_of_sending(sent.sent_at, self._clock()):
            found = await self._rows(Operation.STATUS, sent.recipient, day, sent.ref)
            if ours := [row for row in found.rows if _is_of(row, sent)]:
                # Two rows with one OutId are one message that went out twice: the better end is what happened.
                return _report(max(ours, key=_finality), sent.message)
        return None

    async def _rows(self, operation: Operation, recipient: str, day: str, ref: CarrierRef | None = None) -> _Found:
        parameters = {
            "PhoneNumber": recipient.removeprefix("86"),
            "SendDate": day,
            "PageSize": str(PAGE_SIZE),
            **({"BizId": ref} if ref else {}),
        }
        rows: list[_Row] = []
        for number in range(1, MAX_PAGES + 1):
            page = await self._page(operation, {**parameters, "CurrentPage": str(number)})
            # A count without rows was seen for real (aliyun/alibabacloud-java-sdk#42): no answer either.
            if page is None or (len(rows) < page.total and not page.details.rows):
                break
            rows += page.details.rows
            if len(rows) >= page.total:
                return _Found(tuple(rows), is_whole=True)
        return _Found(tuple(rows), is_whole=False)

    async def _page(self, operation: Operation, parameters: dict[str, str]) -> _Page | None:
        async with self._free:
            page = await self._api.ask(operation, "QuerySendDetails", parameters, _PAGE)
        return page if isinstance(page, _Page) else None


def _is_of(row: _Row, sent: Sent) -> bool:
    """Whether a row is ours: number and OutId; rows of test templates lack the OutId, so a BizId may stand for it."""
    if not _is_number(row.phone_num, sent.recipient):
        return False
    return row.out_id == sent.batch or (not row.out_id and sent.ref is not None)


def _is_number(shown: str, recipient: str) -> bool:
    """Compare a row's number, perhaps with a prefix or with digits starred out, to ours."""
    national = recipient.removeprefix("86")
    tail = shown[-len(national) :]
    return len(tail) == len(national) and all(a in ("*", b) for a, b in zip(tail, national, strict=True))


def _finality(row: _Row) -> int:
    return row.send_status if row.send_status in {_FAILED, _DELIVERED} else 0


def _report(row: _Row, message: MessageId) -> StatusReport:
    """Read a row; ``SendStatus`` decides, the code explains (alibaba.md 4.3)."""
    detail, at = redact(code_word(row.err_code) or ""), read_time(row.receive_date or "")
    if row.send_status == _DELIVERED:
        return StatusReport(message=message, outcome=Outcome.DELIVERED, final=True, detail=detail, at=at)
    if row.send_status == _FAILED:
        end = ending(row.err_code or "")
        return StatusReport(
            message=message,
            outcome=end.outcome,
            final=True,
            error=end.error,
            detail=detail,
            at=at,
            nothing_left=end.nothing_left,
        )
    return StatusReport(message=message, outcome=Outcome.ENROUTE, final=False, detail=detail)
