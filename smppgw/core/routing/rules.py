"""What a rule says: which messages it is for, which carriers they may take, and in which order these are tried."""

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

from smppgw.core.model import TrafficClass
from smppgw.core.routing.hours import Hours


class Strategy(StrEnum):
    """How the candidates of a rule are put in order."""

    FAILOVER = "failover"
    """As the rule names them."""
    WEIGHTED = "weighted"
    """By weight, but always the same for one recipient."""
    LEAST_COST = "least-cost"
    QUALITY = "quality"
    """By what the gateway itself has seen: delivery rate, then latency."""
    TIERED = "tiered"
    """As the rule names them, but a tier below the wanted delivery rate waits behind the others."""
    VOLUME = "volume"
    """Who has not had its committed volume this month comes first."""
    STICKY = "sticky"
    """Who delivered to this recipient last comes first."""


class SenderKind(StrEnum):
    """What a sender is."""

    NUMERIC = "numeric"
    ALPHANUMERIC = "alphanumeric"


class WithoutPrice(StrEnum):
    """What becomes of a candidate whose price nobody knows, where the price matters."""

    LAST = "last"
    """It is tried after those with a price."""
    DROP = "drop"
    """It is not tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a rule asks of a message: every field must hold; an empty one holds for all."""

    accounts: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    """ISO 3166-1 alpha-2; "" stands for numbers of no country."""
    prefixes: tuple[str, ...] = ()
    """Starts of the recipient's E.164 digits."""
    senders: tuple[str, ...] = ()
    """Senders as carriers take them, case-sensitive; ``*`` stands for any characters, also none."""
    sender_kind: SenderKind | None = None
    traffic_classes: tuple[TrafficClass, ...] = ()
    data_codings: tuple[int, ...] = ()
    parts: tuple[int, int] | None = None
    """Least and most SMS that the text is billed as."""
    hours: tuple[Hours, ...] = ()
    """Any of them."""
    percentage: float | None = None
    """Of the recipients; one recipient is always in or always out."""


@dataclass(frozen=True, kw_only=True)
class Constraints:
    """What a candidate must be like; None: no matter."""

    max_price: int | None = None
    """Per part, in millionths of the reporting currency."""
    without_price: WithoutPrice = WithoutPrice.LAST
    min_delivery_pct: int | None = None
    """Of the messages that ended, as far as the gateway has seen enough of them."""
    max_latency_s: float | None = None
    """From the acceptance by the carrier to the final state, in the mean."""

    @cached_property
    def least_pct(self) -> int:
        """The delivery rate below which a carrier does not meet them."""
        return 0 if self.min_delivery_pct is None else self.min_delivery_pct

    @cached_property
    def longest_s(self) -> float:
        """The latency above which a carrier does not meet them."""
        return math.inf if self.max_latency_s is None else self.max_latency_s


@dataclass(frozen=True, slots=True)
class Candidate:
    """A carrier that a rule names."""

    carrier: str
    weight: int = 1
    """For ``weighted``."""
    commitment: int = 0
    """Parts a month, for ``volume``."""


PRICED: Final = frozenset({Strategy.LEAST_COST})
"""Strategies that need prices."""
OBSERVED: Final = frozenset({Strategy.QUALITY, Strategy.TIERED})
"""Strategies that need to know how carriers have done."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One entry of ``[[routes]]``."""

    name: str
    match: Match = Match()
    candidates: tuple[Candidate, ...] = ()
    strategy: Strategy = Strategy.FAILOVER
    constraints: Constraints = Constraints()
    exploration: float = 0.05
    """Share of the messages of ``quality`` that go to a candidate taken at random, so that one that has recovered is
    found again."""
    tier_delivery_pct: int = 90
    """The delivery rate below which a tier of ``tiered`` is passed over."""
    sender: str | None = None
    """What the sender becomes."""
    hold: Hours | None = None
    """Messages wait until a time within."""
    refuse: int | None = None
    """The command_status of a rule that takes nothing."""

    @cached_property
    def is_priced(self) -> bool:
        """Whether it asks what candidates cost."""
        return self.constraints.max_price is not None or self.strategy in PRICED

    @cached_property
    def is_observed(self) -> bool:
        """Whether it asks how candidates have done."""
        constraints = self.constraints
        asks = constraints.min_delivery_pct is not None or constraints.max_latency_s is not None
        return asks or self.strategy in OBSERVED


def candidates(*carriers: str) -> tuple[Candidate, ...]:
    """Return these carriers as candidates that differ in nothing but their names."""
    return tuple(map(Candidate, carriers))
