"""A table and its model: values, or faults in plain words. pydantic is translated; values are not repeated."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from smppgw.config.faults import Findings

_Model = TypeVar("_Model", bound=BaseModel)

_LISTED: Final = 16
"""The longest list of known keys that still helps."""


def read(
    model: type[_Model], raw: object, path: str, findings: Findings, companions: Sequence[str] = ()
) -> _Model | None:
    """Make the model of a table; None after a fault.

    Args:
        model: What the table must be like.
        raw: The table.
        path: Where it stands, for the faults.
        findings: Where faults go.
        companions: Keys that are known beside the model's, for suggestions.
    """
    if not isinstance(raw, dict):
        findings.fault(path, "should be a table")
        return None
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        for details in error.errors(include_url=False, include_input=False):
            _tell(details, model, path, findings, companions)
        return None


def suggest(word: str, known: Iterable[str]) -> str:
    """Guess which of the known words was meant; list them where there is no guess."""
    words = list(known)
    if close := difflib.get_close_matches(word, words, n=1):
        return f'did you mean "{close[0]}"?'
    return f"known: {', '.join(words)}" if 0 < len(words) <= _LISTED else ""


def _tell(
    details: ErrorDetails, model: type[BaseModel], path: str, findings: Findings, companions: Sequence[str]
) -> None:
    loc = details["loc"]
    where = path + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc)
    if details["type"] == "extra_forbidden":
        owner = _owner(model, loc)
        known = [*owner.model_fields, *(companions if owner is model else ())]
        findings.fault(where, "is no known key", suggest(str(loc[-1]), known))
    elif details["type"] == "missing":
        findings.fault(where, "is required")
    else:
        findings.fault(where, _plain(details["msg"]))


def _owner(model: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel]:
    """Find the model of the table in which the last step of ``loc`` stands."""
    owner = model
    for step in loc[:-1]:
        field = owner.model_fields.get(str(step))
        owner = _model_in(field.annotation) or owner if field else owner
    return owner


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in getattr(annotation, "__args__", ()) if (found := _model_in(part))), None)


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ").removeprefix("Input ")
