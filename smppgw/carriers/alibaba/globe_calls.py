"""What a call of the international service says, written for an attempt and read back from a stored one. Pure.

SendMessageToGlobe takes one free text for one number, BatchSendMessageToGlobe a text each for several, SendMessage-
WithTemplate a template for one number in mainland China. All parameters stand in the query, as in the platform's own
SDK. The first two carry our batch id as ``TaskId``; the third has no place for it.

Sources: alibabacloud.com SendMessageToGlobe, BatchSendMessageToGlobe (2025-12-11), SendMessageWithTemplate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qs

import msgspec

from smppgw.carriers.alibaba.signature import canonical_query
from smppgw.carriers.alibaba.wording import Wording
from smppgw.core.model import Attempt, BatchId

_NUMBERS: Final = msgspec.json.Decoder(list[str])


class Action(StrEnum):
    """``x-acs-action`` of a send."""

    ONE = "SendMessageToGlobe"
    SEVERAL = "BatchSendMessageToGlobe"
    TEMPLATE = "SendMessageWithTemplate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One free text for one number."""

    number: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What is said once per call."""

    sender: str
    """Empty: the platform's choice."""
    kind: str
    """``Type``: OTP, NOTIFY or MKT; a call for several knows the last two only."""
    validity_s: int


def write(letters: Sequence[Letter], envelope: Envelope, task_id: BatchId) -> str:
    """Write the query for free texts to different numbers."""
    if len(letters) == 1:
        parameters = {"To": letters[0].number, "Message": letters[0].text}
    else:
        # A text for each number, as in the page's example: text i is for number i.
        parameters = {
            "To": _json([letter.number for letter in letters]),
            "Message": _json([letter.text for letter in letters]),
        }
    return canonical_query(
        {
            **parameters,
            **({"From": envelope.sender} if envelope.sender else {}),
            "Type": envelope.kind,
            "TaskId": task_id,
            "ValidityPeriod": str(envelope.validity_s),
        }
    )


def write_template(number: str, wording: Wording, validity_s: int) -> str:
    """Write the query for a template to a number in mainland China."""
    parameters = {
        "To": number,
        "From": wording.sign_name,
        "TemplateCode": wording.template.code,
        "ValidityPeriod": str(validity_s),
    }
    if wording.params:
        parameters["TemplateParam"] = _json(dict(wording.params))
    return canonical_query(parameters)


def write_nothing(task_id: BatchId) -> str:
    """Write a query that names no number, and must not be sent."""
    return canonical_query({"TaskId": task_id})


def action_of(attempt: Attempt) -> Action | None:
    """Name the operation of a stored attempt; None where it must not be sent."""
    parameters = _parameters(attempt)
    if "To" not in parameters:
        return None
    if "TemplateCode" in parameters:
        return Action.TEMPLATE
    return Action.SEVERAL if parameters["To"][0].startswith("[") else Action.ONE


def numbers_of(attempt: Attempt) -> list[str]:
    """Return the numbers of a stored call for several, in the order of its messages."""
    return _NUMBERS.decode(_parameters(attempt)["To"][0])


def _parameters(attempt: Attempt) -> Mapping[str, list[str]]:
    return parse_qs(attempt.target.partition("?")[2], keep_blank_values=True)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
