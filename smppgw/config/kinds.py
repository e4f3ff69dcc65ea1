"""The kinds of values that sections are made of, beyond those of ``core.values``. Each refuses in plain words."""

import re
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from smppgw.config.reading import suggest
from smppgw.core.inbound import read_pattern
from smppgw.core.model import TrafficClass
from smppgw.core.numbers import is_country
from smppgw.core.values import one_or_many, parse_duration, parse_rate
from smppgw.smpp.text import Alphabet

UTC_NAME: Final = "UTC"

_DATA_CODING: Final = re.compile(r"0x[0-9A-Fa-f]{1,2}|[0-9]{1,3}")
_TEXT_ALPHABETS: Final = tuple(alphabet.value for alphabet in Alphabet if alphabet is not Alphabet.BINARY)
_TRAFFIC_CLASSES: Final = {member.name.lower(): member for member in TrafficClass}


class Section(BaseModel):
    """A table of the file: frozen, no unknown keys, and no values in what pydantic says about faults."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _not_bool(value: object) -> object:
    # pydantic would take true for 1
    if isinstance(value, bool):
        raise ValueError("should be a number, not true or false")
    return value


def read_country(value: str) -> str:
    """Check a country.

    Raises:
        ValueError: It has no telephone numbers; the text may know what was meant.
    """
    if is_country(value):
        return value
    hint = f': write "{value.upper()}"' if is_country(value.upper()) else ' (ISO 3166-1 alpha-2, such as "DE")'
    raise ValueError(f"{value!r} is no country with telephone numbers{hint}")


def _prefix(value: str) -> str:
    digits = value.removeprefix("+")
    if not (digits.isascii() and digits.isdecimal()):
        raise ValueError(f'{value!r} is no number prefix: write digits with country code, such as "4915"')
    return digits


def _sender(value: str) -> str:
    fits = 1 <= len(value) <= (15 if value.isdecimal() else 11)
    if not (fits and value.isascii() and value.isprintable()):
        raise ValueError("a sender is up to 15 digits, or up to 11 printable ASCII characters")
    return value


def _system_id(value: str) -> str:
    # SMPP v3.4, 4.1.1: a C-octet string of at most 16 octets with its closing NUL.
    if not 1 <= len(value) <= 15:
        raise ValueError(f"should have 1 to 15 characters, not {len(value)}")
    if not (value.isascii() and value.isprintable()):
        raise ValueError("should be printable ASCII")
    return value


def parse_zone(value: str) -> str:
    """Check the name of a time zone.

    Raises:
        ValueError: There is no such one; the text may know what was meant.
    """
    if value == UTC_NAME or value in available_timezones():
        return value
    hint = suggest(value, available_timezones()) or 'write an IANA name, such as "Europe/Berlin"'
    raise ValueError(f"{value!r} is no time zone: {hint}")


def _data_codings(value: object) -> tuple[tuple[int, Alphabet], ...]:
    if not isinstance(value, dict) or not value:
        raise ValueError('should be a table, such as { "1" = "gsm7" }')
    found: dict[int, Alphabet] = {}
    for key, alphabet in value.items():
        data_coding = _data_coding(str(key))
        if data_coding in found:
            raise ValueError(f"names data_coding {data_coding} twice")
        if alphabet not in _TEXT_ALPHABETS:
            raise ValueError(f"{alphabet!r} is no alphabet: {suggest(str(alphabet), _TEXT_ALPHABETS)}")
        found[data_coding] = Alphabet(alphabet)
    return tuple(found.items())


def _data_coding(key: str) -> int:
    value = int(key, 16 if key.startswith("0x") else 10) if _DATA_CODING.fullmatch(key) else -1
    if not 0 <= value <= 255:
        raise ValueError(f'{key!r} is no data_coding: write "1" to "255", or "0x01" to "0xFF"')
    if value == 0:
        raise ValueError("names data_coding 0, which is default_alphabet")
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
Pace = Annotated[float, BeforeValidator(parse_rate), BeforeValidator(_not_bool), Field(gt=0, allow_inf_nan=False)]
"""Events per second; written "50/s", "300/min", "1000/h"."""
Country = Annotated[str, AfterValidator(read_country)]
Prefix = Annotated[str, AfterValidator(_prefix)]
InboundNumbers = Annotated[tuple[Annotated[str, AfterValidator(read_pattern)], ...], BeforeValidator(one_or_many)]
"""In their plain form (`core.inbound`)."""
SenderAddress = Annotated[str, AfterValidator(_sender)]
"""What a sender becomes."""
SystemId = Annotated[str, AfterValidator(_system_id)]
Zone = Annotated[str, AfterValidator(parse_zone)]
"""A time zone of the IANA database."""
DataCodings = Annotated[tuple[tuple[int, Alphabet], ...], BeforeValidator(_data_codings)]
"""data_coding, 1 to 255, and what it stands for; written as a table."""
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
