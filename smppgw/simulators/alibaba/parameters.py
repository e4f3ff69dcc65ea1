"""Reading parameters that are all text on the wire."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TypeVar

import msgspec

from smppgw.simulators.alibaba.answers import BusinessError

BEIJING = timezone(timedelta(hours=8))
"""The platform's windows and, as far as anybody knows, its calendar days and times."""
PAGE_SIZES = range(1, 51)
PAGES = range(1, 1_000_000)

Parameters = Mapping[str, str]
_Shape = TypeVar("_Shape")


def integer(parameters: Parameters, name: str, allowed: range, *, default: int | None = None) -> int:
    """A number within a range; absent or empty is the default.

    Raises:
        BusinessError: `isv.INVALID_PARAMETERS`.
    """
    text = parameters.get(name, "")
    if not text and default is not None:
        return default
    if not (text.isascii() and text.isdecimal() and int(text) in allowed):
        raise invalid(name)
    return int(text)


def day(parameters: Parameters, name: str) -> date:
    """A calendar day, `yyyyMMdd`.

    Raises:
        BusinessError: `isv.INVALID_PARAMETERS`.
    """
    text = parameters.get(name, "")
    try:
        if len(text) != len("yyyyMMdd"):
            raise ValueError(text)
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise invalid(name) from error


def array(parameters: Parameters, name: str, shape: type[_Shape]) -> _Shape:
    """A JSON value in a text; absent is an empty array.

    Raises:
        BusinessError: `isv.INVALID_JSON_PARAM`.
    """
    try:
        return msgspec.json.decode(parameters.get(name) or "[]", type=shape)
    except msgspec.DecodeError as error:
        raise BusinessError("isv.INVALID_JSON_PARAM", f"JSON参数不合法: {name}") from error


def invalid(name: str) -> BusinessError:
    """A parameter that is there, and wrong."""
    return BusinessError("isv.INVALID_PARAMETERS", f"参数异常: {name}")


def beijing(at: float) -> datetime:
    """Unix seconds on the platform's clock."""
    return datetime.fromtimestamp(at, BEIJING)
