"""What QueryMessage says, and about whom. Pure.

An id that came with a call for several may be another message's of the same call: there an answer belongs to the
number it names, and to nobody when it names none.

Source: alibabacloud.com QueryMessage (2018-05-01).
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from smppgw.carriers.alibaba.beijing import read_mail_date
from smppgw.carriers.alibaba.codes import code_word, globe_ending
from smppgw.carriers.http import redact
from smppgw.core.model import MessageId, Outcome, Sent
from smppgw.core.verdict import StatusReport


class Status(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """The answer of QueryMessage, as far as it matters."""

    message_id: str | None = None
    to: str | None = None
    status: int | str | None = None
    error_code: str | None = None
    receive_date: str | None = None


STATUS: Final = msgspec.json.Decoder(Status)


def owner(status: Status, asked: Sent, sent: Sequence[Sent], *, shared: bool) -> Sent | None:
    """Say whose status this is.

    Args:
        status: The answer to the id of ``asked``.
        asked: For whom it was asked.
        sent: All that were asked for, of any call.
        shared: Whether calls may have had several messages.
    """
    if status.message_id not in (None, asked.ref):
        return None
    if not shared:
        return asked if status.to is None or _is_number(status.to, asked.recipient) else None
    number = (status.to or "").removeprefix("+")
    return next((one for one in sent if one.batch == asked.batch and one.recipient == number), None)


def reports(found: Iterable[tuple[Sent, Status]]) -> list[StatusReport]:
    """Turn statuses into reports, one for each message: the first one of a message counts."""
    by_message: dict[MessageId, StatusReport] = {}
    for one, status in found:
        by_message.setdefault(one.message, _report(status, one.message))
    return list(by_message.values())


def _is_number(shown: str, recipient: str) -> bool:
    """Compare the number of an answer, perhaps with digits starred out, to ours."""
    plain = shown.removeprefix("+")
    return len(plain) == len(recipient) and all(a in ("*", b) for a, b in zip(plain, recipient, strict=True))


def _report(answer: Status, message: MessageId) -> StatusReport:
    code = answer.error_code or ""
    detail, at = redact(code_word(code) or ""), read_mail_date(answer.receive_date or "")
    end = globe_ending(str(answer.status), code, received=bool(answer.receive_date))
    if end is None:
        return StatusReport(message=message, outcome=Outcome.ENROUTE, final=False, detail=detail)
    return StatusReport(
        message=message,
        outcome=end.outcome,
        final=True,
        error=end.error,
        detail=detail,
        at=at,
        nothing_left=end.nothing_left,
    )
