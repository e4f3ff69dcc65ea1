"""``[[routes]]``: which carriers a message may take. The first match wins."""

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field

from smppgw.config.kinds import Countries, Names, Prefixes, Section

_LATER: Final = frozenset({"least-cost", "weighted", "quality", "tiered", "sticky"})


def _strategy(value: object) -> object:
    if value in _LATER:
        raise ValueError(f"strategy {value!r} is not available in this version; use failover")
    return value


class RouteMatch(Section):
    """What a message must be like; an absent key matches everything, a list any of its values."""

    account: Names = ()
    country: Countries = ()
    prefix: Prefixes = ()
    """Start of the recipient's number, digits with country code."""
    sender: Names = ()
    """``*`` stands for any characters."""


class Route(Section):
    """One rule."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    match: RouteMatch = RouteMatch()
    carriers: Annotated[Names, Field(min_length=1)]
    """In the order in which they are tried."""
    strategy: Annotated[Literal["failover"], BeforeValidator(_strategy)] = "failover"
