"""What a call says of each message, written as SendSms or SendBatchSms, and read back from a stored attempt.

One message goes by SendSms, all in the query; several of one template go by SendBatchSms, whose arrays correspond by
index and stand in a form, while template and reference stay in the query: the split that the platform's own SDK makes.
Reading back is for what must be known of a call when its answer comes, perhaps after a restart. Pure.
Source: help.aliyun.com SendSms 55284, SendBatchSms 66041 (2017-05-25).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlencode

import msgspec

from smppgw.carriers.alibaba.explicit import Params
from smppgw.carriers.alibaba.signature import canonical_query
from smppgw.core.model import Attempt, BatchId

FORM: Final = "application/x-www-form-urlencoded"

_ONE_PART: Final = 70
_PER_PART: Final = 67
_ARRAY: Final = msgspec.json.Decoder(list[str])
_VALUES: Final = msgspec.json.Decoder(dict[str, str])
_ALL_VALUES: Final = msgspec.json.Decoder(list[dict[str, str]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message as a call says it."""

    number: str
    """11 digits."""
    sign_name: str
    template_code: str
    params: Params


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The part of an attempt that says what is sent."""

    target: str
    content_type: str | None = None
    body: bytes = b""


def write(out_id: BatchId, letters: Sequence[Letter]) -> Request:
    """Write letters of one template to different numbers; none at all makes a request that names no template."""
    parameters: dict[str, str] = {"OutId": out_id}
    if letters:
        parameters["TemplateCode"] = letters[0].template_code
    if len(letters) > 1:
        return Request(target=f"/?{canonical_query(parameters)}", content_type=FORM, body=_form(letters))
    for letter in letters:
        parameters |= {"PhoneNumbers": letter.number, "SignName": letter.sign_name}
        if letter.params:
            parameters["TemplateParam"] = _json(dict(letter.params))
    return Request(target=f"/?{canonical_query(parameters)}")


def action_of(attempt: Attempt) -> str | None:
    """Name the operation of an attempt; None where it names no template and must not be sent."""
    if "TemplateCode=" not in attempt.target:
        return None
    return "SendBatchSms" if attempt.body else "SendSms"


def read(attempt: Attempt) -> list[Letter]:
    """Read what an attempt says of each message, in the order of its messages."""
    query = parse_qs(attempt.target.partition("?")[2])
    code = query["TemplateCode"][0]
    if not attempt.body:
        values = _VALUES.decode(query.get("TemplateParam", ["{}"])[0])
        return [_letter(query["PhoneNumbers"][0], query["SignName"][0], code, values)]
    form = parse_qs(attempt.body.decode("ascii"))
    numbers, sign_names = (_ARRAY.decode(form[name][0]) for name in ("PhoneNumberJson", "SignNameJson"))
    all_values = _ALL_VALUES.decode(form.get("TemplateParamJson", ["[]"])[0]) or [{}] * len(numbers)
    return [
        _letter(number, sign_name, code, values)
        for number, sign_name, values in zip(numbers, sign_names, all_values, strict=True)
    ]


def parts_of(content: str) -> int:
    """Return the parts a content with its signature is billed as: every character counts one (billing overview)."""
    length = len(content)
    return 1 if length <= _ONE_PART else math.ceil(length / _PER_PART)


def _form(letters: Sequence[Letter]) -> bytes:
    fields = {
        "PhoneNumberJson": _json([letter.number for letter in letters]),
        "SignNameJson": _json([letter.sign_name for letter in letters]),
    }
    if letters[0].params:
        fields["TemplateParamJson"] = _json([dict(letter.params) for letter in letters])
    return urlencode(fields).encode("ascii")


def _letter(number: str, sign_name: str, code: str, values: dict[str, str]) -> Letter:
    return Letter(number=number, sign_name=sign_name, template_code=code, params=tuple(values.items()))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
