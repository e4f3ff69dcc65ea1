"""What the engine may ask about carriers while it decides: the gateway's own knowledge of the moment."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from smppgw.core.model import Message
from smppgw.core.verdict import Rejected


@dataclass(frozen=True, slots=True)
class Standing:
    """How a carrier has done lately with messages of one country and class."""

    delivery_pct: int
    """Delivered of those that ended, in percent; what nobody knows counts for neither."""
    latency_s: float
    """From the acceptance by the carrier to the final state, in the mean."""
    outcomes: int
    """How many this rests on; old ones count for less."""
    whole_s: int = field(init=False, compare=False)
    """``latency_s`` as decisions keep it; made here, because many decisions ask."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "whole_s", round(self.latency_s))


Check: TypeAlias = Callable[[Message], Rejected | None]
"""Says why a carrier can never take a message; None: it can."""


class Market(Protocol):
    """Who knows. All answer at once, from memory, and for all carriers together: every message asks."""

    @property
    def checks(self) -> Mapping[str, Check]:
        """By carrier, what says whether it can ever take a message."""

    def part_prices(self, message: Message, at: float) -> Mapping[str, int]:
        """What one part costs, in millionths of the reporting currency; a carrier without a known price is missing."""

    def standings(self, message: Message, at: float) -> Mapping[str, Standing]:
        """How carriers have done lately; one of which too little is known is missing."""

    def down(self) -> Collection[str]:
        """Who takes nothing at the moment: the circuit is open, or it is paused."""

    def parts_this_month(self) -> Mapping[str, int]:
        """How many parts each has taken since the month began, UTC; one that has taken none may be missing."""

    def delivered_last(self, account: str, recipient: str) -> str | None:
        """Which carrier delivered to a recipient of an account last, as far as that is remembered."""
