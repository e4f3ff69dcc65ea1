"""The kinds of values that a section of ``type = "http"`` is made of, each compiled as it is read.

What is wrong is told at its own place, all of it at once: a section that loads can be worked with.
"""

import re
from collections.abc import Iterable
from functools import partial
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, PlainValidator, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from smppgw.carriers.configured import fields
from smppgw.carriers.configured.body import BodyFaults, Node, Place, compile_body
from smppgw.carriers.configured.path import JsonPath
from smppgw.carriers.configured.request import Url
from smppgw.carriers.configured.template import Template, Vocabulary
from smppgw.carriers.configured.words import ERRORS, OUTCOMES, STATUSES, VERDICTS, Ending, Meaning, read_word
from smppgw.core.codes import ErrorCode

MAX_MESSAGES: Final = 1000
"""Most messages of one call."""
_VISIBLE: Final = re.compile(r"[ -~]*")


def _text(raw: object, *, vocabulary: Vocabulary) -> Template:
    if isinstance(raw, bool):
        raw = str(raw).lower()
    if not isinstance(raw, str | int):
        raise ValueError("should be a text")
    return Template.parse(str(raw), vocabulary)


def _url(raw: object, *, vocabulary: Vocabulary) -> Url:
    if not isinstance(raw, str):
        raise ValueError("should be a text")
    return Url.parse(raw, vocabulary)


def _body(raw: object, *, vocabulary: Vocabulary) -> Node:
    try:
        return compile_body(raw, vocabulary)
    except BodyFaults as found:
        raise faults(found.faults) from None


def faults(found: Iterable[tuple[Place, str]]) -> ValidationError:
    """Make what pydantic raises for faults at places beneath the present one."""
    return ValidationError.from_exception_data(
        "section",
        [
            InitErrorDetails(type=PydanticCustomError("plain", "{reason}", {"reason": reason}), loc=place, input=None)
            for place, reason in found
        ],
    )


def _path(raw: object, *, many: bool) -> JsonPath:
    if not isinstance(raw, str):
        raise ValueError("should be a text")
    path = JsonPath.parse(raw)
    if path.is_many and not many:
        raise ValueError("leads to one value: [*] has no place in it")
    return path


def _header(raw: object) -> Template:
    template = _text(raw, vocabulary=fields.HEADER)
    if not all(_VISIBLE.fullmatch(part) for part in template.parts if isinstance(part, str)):
        raise ValueError("a header has printable ASCII characters only")
    return template


def _lower(raw: object) -> object:
    return {str(name).lower(): value for name, value in raw.items()} if isinstance(raw, dict) else raw


SendText = Annotated[Template, PlainValidator(partial(_text, vocabulary=fields.SEND))]
SendUrl = Annotated[Url, PlainValidator(partial(_url, vocabulary=fields.SEND))]
SendBody = Annotated[Node, PlainValidator(partial(_body, vocabulary=fields.SEND))]
HeaderText = Annotated[Template, PlainValidator(_header)]
MatchText = Annotated[Template, PlainValidator(partial(_text, vocabulary=fields.MATCH))]
AskText = Annotated[Template, PlainValidator(partial(_text, vocabulary=fields.ASK))]
AskUrl = Annotated[Url, PlainValidator(partial(_url, vocabulary=fields.ASK))]
AskBody = Annotated[Node, PlainValidator(partial(_body, vocabulary=fields.ASK))]
OnePath = Annotated[JsonPath, PlainValidator(partial(_path, many=False))]
ManyPath = Annotated[JsonPath, PlainValidator(partial(_path, many=True))]
Verdict = Annotated[Meaning, PlainValidator(partial(read_word, known=VERDICTS))]
StatusVerdict = Annotated[Meaning, PlainValidator(partial(read_word, known=STATUSES))]
State = Annotated[Ending, PlainValidator(partial(read_word, known=OUTCOMES))]
Error = Annotated[ErrorCode, PlainValidator(partial(read_word, known=ERRORS))]
Status = Annotated[int, Field(ge=100, le=599)]
Success = Annotated[int, Field(ge=200, le=299)]
Method = Literal["GET", "POST", "PUT"]
Name = Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$")]
"""A token (RFC 9110, 5.6.2)."""
Headers = Annotated[dict[Name, HeaderText], BeforeValidator(_lower)]
