"""``[accounts.pumping]``: what an account's messages are watched for, and what is too much."""

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from smppgw.config.kinds import Duration, OneOrMany, Prefixes, Section
from smppgw.config.routes import Price, Status
from smppgw.core.values import parse_flow, parse_money
from smppgw.smpp.consts import CommandStatus


def _spend(value: Any) -> Any:
    """Read "1 EUR/h" as millionths, currency and seconds."""
    if not isinstance(value, str):
        return value
    amount, window_s = parse_flow(value)
    return (*parse_money(amount), window_s)


def _messages(value: Any) -> Any:
    """Read "100/h" as messages and seconds."""
    if not isinstance(value, str):
        return value
    amount, window_s = parse_flow(value)
    if not (amount.isascii() and amount.isdecimal() and int(amount) > 0):
        raise ValueError(f'{value!r} is no number of messages per time: write "100/h"')
    return int(amount), window_s


Spend = Annotated[tuple[int, str, float], BeforeValidator(_spend)]
"""Millionths, currency, seconds; written "1 EUR/h"."""
Messages = Annotated[tuple[int, float], BeforeValidator(_messages)]
"""Messages, seconds; written "100/h"."""
Spends = Annotated[tuple[Spend, ...], OneOrMany]


class PumpingSettings(Section):
    """A prefix is a number without its last digits."""

    allowed_prefixes: Prefixes = ()
    """Numbers that are not watched and never blocked."""
    last_digits: Annotated[int, Field(ge=2, le=4)] = 4
    """How many digits a prefix lacks of a number."""
    watch_from: Price | None = None
    """Price of a part from which a number is watched; None: every number is."""
    prefix_spend: Spends = ()
    """All of them hold."""
    prefix_messages: Annotated[tuple[Messages, ...], OneOrMany] = ()
    country_spend: Spends = ()
    sequence_numbers: Annotated[int, Field(ge=0, le=1000)] = 15
    """How many close numbers in a prefix are still nothing; 0: any number of them is."""
    sequence_distance: Annotated[int, Field(ge=1, le=20)] = 3
    sequence_window: Duration = 86_400.0
    """How long a number is remembered at most."""
    widen_after: Annotated[int, Field(ge=0, le=1000)] = 3
    """How many blocked prefixes of a country block all of it; 0: none do."""
    block_for: Duration = 86_400.0
    status: Status = CommandStatus.ESME_RSUBMITFAIL.value
    """The command_status of what is refused."""

    @property
    def asks_for_prices(self) -> bool:
        """Whether it makes a difference what a number costs."""
        return any(self.amounts.values())

    @property
    def amounts(self) -> dict[str, list[tuple[int, str]]]:
        """Every amount of money, by its key."""
        return {
            "watch_from": [self.watch_from] if self.watch_from else [],
            "prefix_spend": [spend[:2] for spend in self.prefix_spend],
            "country_spend": [spend[:2] for spend in self.country_spend],
        }

    @model_validator(mode="after")
    def _watches_something(self) -> Self:
        if not (self.sequence_numbers or self.prefix_spend or self.prefix_messages or self.country_spend):
            raise ValueError("watches nothing: name a limit, or leave the section out")
        for key, spends in (("prefix_spend", self.prefix_spend), ("country_spend", self.country_spend)):
            least = self.watch_from[0] if self.watch_from else 1
            if any(amount < least for amount, _, _ in spends):
                raise ValueError(f"{key}: nothing that is watched could ever be sent for so little")
        return self
