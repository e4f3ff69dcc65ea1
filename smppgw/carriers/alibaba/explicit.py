"""A message that names its template itself, in its text or in optional parameters, instead of saying what it says.

In the text: ``template:CODE`` or ``template:CODE|{"name":"value",...}``, the values one JSON object of strings to the
end of the text. In vendor TLVs: code, values as the same JSON object, and signature, each UTF-8; the tags are options.
Whatever begins like one of these is one, and is refused where it is wrong: it never goes out as a plain text. Pure.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from smppgw.carriers.alibaba.templates import Template

PREFIX: Final = "template:"

_TEXT: Final = re.compile(r"template:(?P<code>[A-Za-z0-9_]{1,64})(?:\|(?P<params>\{.*\}))?", re.DOTALL)
_CODE: Final = re.compile(r"[A-Za-z0-9_]{1,64}")

Params = tuple[tuple[str, str], ...]


class ExplicitError(ValueError):
    """What is wrong with a message that names its template; never a part of its values."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A template that was named, and the values for it."""

    code: str
    params: Params
    """Names and values as they came; not checked against the template yet."""


@dataclass(frozen=True, slots=True)
class Tags:
    """The optional parameters that name a template."""

    template: int
    params: int
    signature: int


@dataclass(frozen=True, slots=True)
class Tagged:
    """What the optional parameters of a message say."""

    code: str | None = None
    params: Params | None = None
    signature: str | None = None


def choice_in(text: str) -> Choice | None:
    """Read a text that names its template; None where it does not begin so.

    Raises:
        ExplicitError: It begins so and goes on wrongly.
    """
    if not text.startswith(PREFIX):
        return None
    if not (found := _TEXT.fullmatch(text)):
        raise ExplicitError('write template:CODE or template:CODE|{"name":"value"}')
    return Choice(found["code"], read_params(found["params"]) if found["params"] else ())


def read_tlvs(stream: bytes, tags: Tags) -> Tagged:
    """Read the optional parameters of a message.

    Raises:
        ExplicitError: One of them is not what it should be.
    """
    found = {
        tag: _text(tag, value) for tag, value in _walk(stream) if tag in (tags.template, tags.params, tags.signature)
    }
    code, params = found.get(tags.template), found.get(tags.params)
    if code is not None and not _CODE.fullmatch(code):
        raise ExplicitError(f"TLV 0x{tags.template:04X} is no template code")
    if params is not None and code is None:
        raise ExplicitError(f"TLV 0x{tags.params:04X} comes without 0x{tags.template:04X}")
    return Tagged(code, None if params is None else read_params(params), found.get(tags.signature) or None)


def read_params(text: str) -> Params:
    """Read the values: one JSON object whose members are strings, each name once.

    Raises:
        ExplicitError: It is anything else.
    """
    try:
        pairs = json.loads(text, object_pairs_hook=list, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise ExplicitError("the values are no JSON object") from None
    if not isinstance(pairs, list) or text.lstrip()[:1] != "{":
        raise ExplicitError("the values are no JSON object")
    if not all(isinstance(value, str) for _, value in pairs):
        raise ExplicitError("each value must be a JSON string")
    if len(dict(pairs)) < len(pairs):
        raise ExplicitError("a name comes twice among the values")
    return tuple((name, value) for name, value in pairs)


def fill(template: Template, params: Params) -> Params:
    """Check values against their template; return them in the order of its variables.

    Raises:
        ExplicitError: One is missing, too many, or does not fit.
    """
    values: Mapping[str, str] = dict(params)
    if missing := [name for name in template.names if name not in values]:
        raise ExplicitError(f"{template.code} has a variable ${{{missing[0]}}}, for which there is no value")
    if len(values) > len(set(template.names)):
        raise ExplicitError(f"there are values for which {template.code} has no variable")
    for name, rule in zip(template.names, template.rules, strict=True):
        if not (rule.shortest <= len(values[name]) <= rule.longest and rule.takes(values[name])):
            raise ExplicitError(f"the value of ${{{name}}} does not fit: {rule.words}")
    return tuple((name, values[name]) for name in dict.fromkeys(template.names))


def _walk(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """Read tags and values as they stand on the wire (SMPP v3.4, 3.2.4.1)."""
    at = 0
    while at + 4 <= len(stream):
        tag, length = int.from_bytes(stream[at : at + 2], "big"), int.from_bytes(stream[at + 2 : at + 4], "big")
        yield tag, stream[at + 4 : at + 4 + length]
        at += 4 + length


def _text(tag: int, value: bytes) -> str:
    try:
        # Some libraries end every string with a NUL.
        return value.removesuffix(b"\0").decode("utf-8")
    except UnicodeDecodeError:
        raise ExplicitError(f"TLV 0x{tag:04X} is not UTF-8") from None


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
