"""What the international service says to a send. Pure.

A call for several has one answer: ``MessageIdList``, ``FailedList`` and ``SuccessCount``. No page says which id belongs
to which number; that the ids come in the order of the numbers that did not fail is only likely. So an id is a hint
where to ask, and whose it is says QueryMessage (``globe_statuses``). And the answer counts only when everything in it
adds up; otherwise all that is known is that the call arrived.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from smppgw.carriers.alibaba.api import Reply
from smppgw.carriers.http import read_json
from smppgw.core.codes import ErrorCode
from smppgw.core.model import CarrierRef
from smppgw.core.verdict import Accepted, Deferred, Doubtful, Evidence, Rejected, Verdict

_MESSAGE_ID: Final = re.compile(r"[!-~]{1,64}")
_SEGMENTS: Final = re.compile(r"[1-9][0-9]?")
_NOT_UP: Final = Doubtful("OK, but its counts do not add up", Evidence.ARRIVED)
_FAILED: Final = Rejected(ErrorCode.PARAMETER_REFUSED, "on FailedList, without a reason", whole_batch=True)
"""Sent again in a smaller call, and at last alone, where the platform has to name the reason."""


class _Sent(msgspec.Struct, frozen=True, rename="pascal"):
    message_id: str
    segments: int | str | None = None
    """Text in the documentation's sample."""


class _Several(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """Lists are JSON in a text in the documentation; real ones do no harm."""

    message_id_list: Any = None
    failed_list: Any = None
    success_count: int | str | None = None


_SENT: Final = msgspec.json.Decoder(_Sent)
_SEVERAL: Final = msgspec.json.Decoder(_Several)


def accepted(reply: Reply) -> Accepted | Doubtful:
    """Read an OK to a call for one number."""
    body = read_json(_SENT, reply.answer.body)
    if body is None or not _MESSAGE_ID.fullmatch(body.message_id):
        return Doubtful("OK without a MessageId", Evidence.ARRIVED)
    return Accepted(CarrierRef(body.message_id), parts=_parts(body.segments))


def several(reply: Reply, numbers: Sequence[str]) -> list[Verdict]:
    """Read an OK to a call for several numbers, all different; one verdict for each, in their order."""
    body = read_json(_SEVERAL, reply.answer.body) or _Several()
    ids, failed = _texts(body.message_id_list), _texts(body.failed_list)
    if ids is None or failed is None:
        return [_NOT_UP] * len(numbers)
    refused = {number.removeprefix("+") for number in failed}
    if not _adds_up(ids, failed, refused, str(body.success_count), numbers):
        return [_NOT_UP] * len(numbers)
    following = iter(ids)
    return [_FAILED if number in refused else Accepted(CarrierRef(next(following))) for number in numbers]


def of_several(verdict: Verdict) -> Verdict:
    """Say what the refusal of a whole call means for each of its messages.

    What may be the fault of one number is looked for by halving the call; nobody else has to wait for it.
    """
    match verdict:
        case Rejected():
            return replace(verdict, whole_batch=True)
        case Deferred(whole_carrier=False):
            return Rejected(ErrorCode.FREQUENCY_LIMIT, verdict.reason, whole_batch=True)
        case _:
            return verdict


def _adds_up(ids: list[str], failed: list[str], refused: set[str], success: str, numbers: Sequence[str]) -> bool:
    return (
        refused <= set(numbers)
        and len(refused) == len(failed)
        and len(ids) == len(numbers) - len(failed)
        and success == str(len(ids))
        and max(Counter(ids).values(), default=1) == 1
        and all(map(_MESSAGE_ID.fullmatch, ids))
    )


def _texts(value: Any) -> list[str] | None:
    """Read a list of texts or whole numbers, or a text that holds one; absent or empty is an empty list."""
    if isinstance(value, str) and value:
        value = read_json(msgspec.json.Decoder(list[Any]), value.encode("utf-8", "replace"))
        if value is None:
            return None
    if value is None or value == "":
        return []
    if not isinstance(value, list) or not all(isinstance(each, str) or type(each) is int for each in value):
        return None
    return [str(each) for each in value]


def _parts(segments: int | str | None) -> int | None:
    """Read the number of billed segments; what is no small count is not known."""
    count = str(segments)
    return int(count) if _SEGMENTS.fullmatch(count) else None
