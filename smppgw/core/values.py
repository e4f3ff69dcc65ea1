"""Values that configuration models are made of: secrets, durations, rates, money, networks.

Each is written the way an operator would say it ("30s", "50/s", "0.075 EUR") and becomes a plain number with its unit
in the field's name.
"""

import ipaddress
import re
from typing import Annotated, Any, Final

from pydantic import BeforeValidator
from pydantic_core import core_schema

_UNITS_S: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*(ms|s|min|m|h|d)", re.ASCII)
_RATE: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*/\s*(s|min|m|h)", re.ASCII)
_MONEY: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s+([A-Z]{3})", re.ASCII)
_FLOW: Final = re.compile(r"(.{1,40}?)\s*/\s*(min|h|d)", re.ASCII)
_AMOUNT: Final = re.compile(r"(\d{1,12})(?:\.(\d{1,6}))?", re.ASCII)

BY_ACCOUNT: Final = "by account"
"""Marks a field (``Annotated``) whose keys are accounts, so that a name nobody has is a fault."""
ROTATES: Final = "rotates"
"""Marks a secret (``Annotated``) that stands alone, so that its file may be changed while it is in use. A secret that
belongs to a key id is none: both must change together."""


class Secret:
    """A password or key that shows nothing of itself in ``repr``, ``str``, logs or tracebacks."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the secret itself, for the one call that needs it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> core_schema.CoreSchema:
        """Read a secret from a string; write it as stars."""
        return core_schema.no_info_plain_validator_function(
            cls._validate, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def _validate(cls, value: object) -> "Secret":
        if isinstance(value, Secret):
            return value
        if isinstance(value, str):
            return cls(value)
        raise ValueError("a secret is a string")


def parse_duration(value: object) -> object:
    """Turn "30s", "5m" or "2.5 h" into seconds; numbers pass as seconds."""
    if not isinstance(value, str):
        return value
    if not (match := _DURATION.fullmatch(value.strip())):
        raise ValueError(f'{value!r} is no duration: write "500ms", "30s", "5m", "2h" or "7d"')
    return float(match[1]) * _UNITS_S[match[2]]


def parse_rate(value: object) -> object:
    """Turn "50/s" or "300/min" into events per second; numbers pass as per second."""
    if not isinstance(value, str):
        return value
    if not (match := _RATE.fullmatch(value.strip())):
        raise ValueError(f'{value!r} is no rate: write "50/s", "300/min" or "1000/h"')
    return float(match[1]) / _UNITS_S[match[2]]


def parse_money(text: str) -> tuple[int, str]:
    """Turn "0.075 EUR" into millionths and a currency (ISO 4217).

    Raises:
        ValueError: It is not an amount with at most six decimals and a currency.
    """
    if not (match := _MONEY.fullmatch(text.strip())):
        raise ValueError(f'{text!r} is no amount of money: write "0.075 EUR"')
    return micros(match[1]), match[2]


def parse_flow(value: object) -> tuple[str, float]:
    """Turn "1 EUR/h" or "100/d" into what stands before the stroke, and seconds.

    Raises:
        ValueError: It is not something per minute, hour or day.
    """
    if not isinstance(value, str) or not (match := _FLOW.fullmatch(value.strip())):
        raise ValueError(f'{value!r} is nothing per time: write "1 EUR/h" or "100/h", with min, h or d')
    return match[1], _UNITS_S[match[2]]


def micros(amount: str) -> int:
    """Turn a decimal amount with at most six decimals into millionths, exactly.

    Raises:
        ValueError: It is not such an amount.
    """
    if not (match := _AMOUNT.fullmatch(amount.strip())):
        raise ValueError(f"{amount!r} is no decimal amount of at most six decimals, not negative")
    return int(match[1]) * 1_000_000 + int((match[2] or "").ljust(6, "0"))


def amount(micros: int, decimals: int | None = None) -> str:
    """Write millionths as a decimal amount; nothing is rounded.

    Args:
        micros: Any number of them.
        decimals: As many, which must be enough; None: as many as it has, two at least.
    """
    whole, rest = divmod(abs(micros), 1_000_000)
    digits = f"{rest:06d}"
    shown = f"{digits.rstrip('0'):0<2}" if decimals is None else digits[:decimals]
    return f"{'-' if micros < 0 else ''}{whole}.{shown}"


Seconds = Annotated[float, BeforeValidator(parse_duration)]
PerSecond = Annotated[float, BeforeValidator(parse_rate)]


def one_or_many(value: object) -> object:
    """Take one text where a list is expected."""
    return [value] if isinstance(value, str) else value


def parse_network(value: object) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """Turn "10.0.0.0/8" or "192.0.2.7" into a network.

    Raises:
        ValueError: It is none, or has bits beyond its mask.
    """
    try:
        return ipaddress.ip_network(str(value))
    except ValueError:
        pass
    try:
        meant = ipaddress.ip_network(str(value), strict=False)
    except ValueError:
        raise ValueError(f'{value!r} is no network: write "10.0.0.0/8" or "192.0.2.7"') from None
    raise ValueError(f'{value!r} has bits beyond its mask: write "{meant}"')


Network = ipaddress.IPv4Network | ipaddress.IPv6Network
NetworkList = Annotated[tuple[Annotated[Network, BeforeValidator(parse_network)], ...], BeforeValidator(one_or_many)]
