"""The kinds of values that sections are made of, beyond those of ``core.values``. Each refuses in plain words."""

from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from smppgw.core.inbound import read_pattern
from smppgw.core.model import TrafficClass
from smppgw.core.numbers import is_country
from smppgw.core.values import one_or_many, parse_duration

_TRAFFIC_CLASSES: Final = {member.name.lower(): member for member in TrafficClass}


class Section(BaseModel):
    """A table of the file: frozen, no unknown keys, and no values in what pydantic says about faults."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _not_bool(value: object) -> object:
    # pydantic would take true for 1
    if isinstance(value, bool):
        raise ValueError("should be a number, not true or false")
    return value


def _country(value: str) -> str:
    if is_country(value):
        return value
    hint = f': write "{value.upper()}"' if is_country(value.upper()) else ' (ISO 3166-1 alpha-2, such as "DE")'
    raise ValueError(f"{value!r} is no country with telephone numbers{hint}")


def _prefix(value: str) -> str:
    digits = value.removeprefix("+")
    if not (digits.isascii() and digits.isdecimal()):
        raise ValueError(f'{value!r} is no number prefix: write digits with country code, such as "4915"')
    return digits


def _system_id(value: str) -> str:
    # SMPP v3.4, 4.1.1: a C-octet string of at most 16 octets with its closing NUL.
    if not 1 <= len(value) <= 15:
        raise ValueError(f"should have 1 to 15 characters, not {len(value)}")
    if not (value.isascii() and value.isprintable()):
        raise ValueError("should be printable ASCII")
    return value


def _traffic_class(value: object) -> object:
    if isinstance(value, TrafficClass):
        return value
    if not isinstance(value, str) or value not in _TRAFFIC_CLASSES:
        raise ValueError(f"should be one of {', '.join(_TRAFFIC_CLASSES)}")
    return _TRAFFIC_CLASSES[value]


Count = Annotated[int, BeforeValidator(_not_bool), Field(ge=1)]
Duration = Annotated[
    float, BeforeValidator(parse_duration), BeforeValidator(_not_bool), Field(gt=0, allow_inf_nan=False)
]
"""Seconds; written "30s", "5m", "2h", "7d"."""
Rate = Annotated[float, BeforeValidator(_not_bool), Field(gt=0, allow_inf_nan=False)]
"""Events per second, a plain number."""
Country = Annotated[str, AfterValidator(_country)]
Prefix = Annotated[str, AfterValidator(_prefix)]
InboundNumbers = Annotated[tuple[Annotated[str, AfterValidator(read_pattern)], ...], BeforeValidator(one_or_many)]
"""In their plain form (`core.inbound`)."""
SystemId = Annotated[str, AfterValidator(_system_id)]
Class = Annotated[TrafficClass, BeforeValidator(_traffic_class)]
Countries = Annotated[tuple[Country, ...], BeforeValidator(one_or_many)]
Prefixes = Annotated[tuple[Prefix, ...], BeforeValidator(one_or_many)]
Names = Annotated[tuple[str, ...], BeforeValidator(one_or_many)]
OneOrMany = BeforeValidator(one_or_many)


def mentions(annotation: Any, kind: type) -> bool:
    """Tell whether a field of this annotation can hold a value of this kind."""
    return annotation is kind or any(mentions(part, kind) for part in getattr(annotation, "__args__", ()))


def fields_of(model: type[BaseModel], kind: type) -> tuple[str, ...]:
    """Names of the fields that can hold a value of this kind, in the order of their declaration."""
    return tuple(name for name, field in model.model_fields.items() if mentions(field.annotation, kind))


def anchored(raw: dict[str, Any], model: type[BaseModel], folder: Path) -> dict[str, Any]:
    """Return the table with its relative paths starting at ``folder``."""
    paths = fields_of(model, Path)
    return {k: str(folder / v) if k in paths and isinstance(v, str) else v for k, v in raw.items()}
