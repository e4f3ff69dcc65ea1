"""``[[routes]]``: which carriers a message may take, in which order, at what price. The first match wins."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf, field_validator, model_validator

from smppgw.config.kinds import Class, Countries, Duration, Names, OneOrMany, Prefixes, Section, SenderAddress
from smppgw.core.routing.hours import Hours, parse_hours
from smppgw.core.routing.rules import Match, SenderKind, Strategy, WithoutPrice
from smppgw.core.values import parse_money
from smppgw.smpp.consts import CommandStatus

_VENDORS_OWN = range(0x400, 0x500)
"""command_status values that SMPP v3.4, 5.1.3, leaves to message centres."""


def _hours(value: object) -> object:
    return parse_hours(value) if isinstance(value, str) else value


def _parts(value: object) -> object:
    """Read "2-4", "3" or 3 as least and most."""
    first, _, last = str(value).partition("-")
    if not (first.isdecimal() and (last or first).isdecimal()):
        raise ValueError(f'{value!r} is no number of parts: write 1, "2" or "2-4"')
    least, most = int(first), int(last or first)
    if not 1 <= least <= most:
        raise ValueError(f"{value!r}: the first is at least 1, and not above the second")
    return least, most


def _price(value: object) -> object:
    return parse_money(value) if isinstance(value, str) else value


def _status(value: object) -> object:
    """Read a command_status by name or number."""
    try:
        if isinstance(value, str) and value in CommandStatus.__members__:
            status = CommandStatus[value].value
        else:
            status = int(str(value), 0)
    except ValueError:
        raise ValueError(f'{value!r} is no command_status: write "ESME_RSUBMITFAIL" or "0x45"') from None
    if status == CommandStatus.ESME_ROK or (status not in _VENDORS_OWN and status not in set(CommandStatus)):
        raise ValueError(f"0x{status:X} is no status that refuses: one of SMPP, or 0x400 to 0x4FF")
    return status


def _data_coding(value: int) -> int:
    if not 0 <= value <= 0xFF:
        raise ValueError(f"{value} is no data_coding: 0 to 255")
    return value


def _many(value: object) -> object:
    return [value] if isinstance(value, int | str) else value


Span = Annotated[InstanceOf[Hours], BeforeValidator(_hours)]
Status = Annotated[int, BeforeValidator(_status)]
Percent = Annotated[int, Field(ge=0, le=100)]
Price = Annotated[tuple[int, str], BeforeValidator(_price)]
"""Millionths and currency; written "0.08 EUR"."""
Amounts = dict[str, Annotated[int, Field(ge=0, le=10**12)]]


class RouteMatch(Section):
    """What a message must be like; an absent key matches everything, a list any of its values."""

    account: Names = ()
    country: Countries = ()
    prefix: Prefixes = ()
    """Start of the recipient's number, digits with country code."""
    sender: Names = ()
    """``*`` stands for any characters."""
    sender_kind: SenderKind | None = None
    traffic_class: Annotated[tuple[Class, ...], OneOrMany] = ()
    data_coding: Annotated[tuple[Annotated[int, AfterValidator(_data_coding)], ...], BeforeValidator(_many)] = ()
    parts: Annotated[tuple[int, int] | None, BeforeValidator(_parts)] = None
    hours: Annotated[tuple[Span, ...], OneOrMany] = ()
    percentage: Annotated[float, Field(gt=0, le=100)] | None = None
    """Of the recipients."""

    def rule_match(self) -> Match:
        """Return it as routing has it."""
        return Match(
            accounts=self.account,
            countries=self.country,
            prefixes=self.prefix,
            senders=self.sender,
            sender_kind=self.sender_kind,
            traffic_classes=self.traffic_class,
            data_codings=self.data_coding,
            parts=self.parts,
            hours=self.hours,
            percentage=self.percentage,
        )


class Route(Section):
    """One rule."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    match: RouteMatch = RouteMatch()
    carriers: Names = ()
    """In the order in which they are tried, unless ``strategy`` says otherwise."""
    strategy: Strategy = Strategy.FAILOVER
    weights: Amounts = Field(default_factory=dict)
    """For ``weighted``, by carrier; 1 where it names none."""
    commitments: Amounts = Field(default_factory=dict)
    """For ``volume``: parts a month, by carrier."""
    exploration: Annotated[float, Field(ge=0, le=0.5)] = 0.05
    """For ``quality``: share of the messages that go to any candidate."""
    tier_delivery: Percent = 90
    """For ``tiered``: the delivery rate below which a tier is passed over."""
    max_price: Price | None = None
    """For one part."""
    without_price: WithoutPrice = WithoutPrice.LAST
    min_delivery: Percent | None = None
    max_latency: Duration | None = None
    sender: SenderAddress | None = None
    """What the sender becomes."""
    hold: Span | None = None
    """Messages wait until a time within."""
    refuse: Status | None = None
    """The command_status of a rule that takes nothing."""

    @field_validator("strategy", mode="before")
    @classmethod
    def _is_known(cls, value: Any) -> Any:
        if value not in set(Strategy):
            raise ValueError(f"should be one of {', '.join(Strategy)}")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.refuse is None and not self.carriers:
            raise ValueError("names no carriers, and no status to refuse with")
        if self.refuse is not None and self.carriers:
            raise ValueError("refuse takes no carriers: nothing is sent")
        for key, strategy in (("weights", Strategy.WEIGHTED), ("commitments", Strategy.VOLUME)):
            amounts: Amounts = getattr(self, key)
            if amounts and self.strategy is not strategy:
                raise ValueError(f'{key} are for strategy = "{strategy}"')
            if strangers := sorted(amounts.keys() - set(self.carriers)):
                raise ValueError(f"{key}: {', '.join(strangers)} is not among its carriers")
        if self.weights and not any(self.weights.get(carrier, 1) for carrier in self.carriers):
            raise ValueError("weights: all are 0")
        return self
