"""How well carriers deliver, from our own outcomes: rolling rates per carrier, country and traffic class.

An outcome counts for half after ``HALF_LIFE`` later ones, or after ``FADES_S`` seconds: a carrier that has recovered is
believed again, and one that nobody asks is forgotten. Only what says something about the carrier counts: delivered,
and what failed on its way. A number that does not exist, a block list or a validity that ended in our own queue says
nothing.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from smppgw.core.codes import ErrorCode
from smppgw.core.model import Outcome, TrafficClass
from smppgw.core.routing.market import Standing

HALF_LIFE: Final = 20
"""Outcomes."""
FADES_S: Final = 3600.0
ENOUGH: Final = 10.0
"""Outcomes, weighed, that a standing must rest on."""
_DECAY: Final[float] = 0.5 ** (1 / HALF_LIFE)

_NOT_THE_CARRIERS: Final = frozenset({
    ErrorCode.INVALID_NUMBER, ErrorCode.BLOCKED, ErrorCode.CANCELLED, ErrorCode.CANCELLED_LATE,
    ErrorCode.NOT_ON_SERVICE, ErrorCode.SUBSCRIBER_ABNORMAL, ErrorCode.HANDSET_FAULT, ErrorCode.FREQUENCY_LIMIT,
    ErrorCode.CONTENT_REFUSED, ErrorCode.TEMPLATE_MISMATCH, ErrorCode.SENDER_REFUSED, ErrorCode.EXPIRED_IN_GATEWAY,
    ErrorCode.NO_CARRIER, ErrorCode.PARTS_MISSING,
})  # fmt: skip
"""Errors that another carrier would have met too."""
_FAILED: Final = frozenset({Outcome.UNDELIVERABLE, Outcome.EXPIRED, Outcome.REJECTED})


@dataclass(slots=True)
class _Record:
    at: float
    weight: float = 0.0
    delivered: float = 0.0
    latency_s: float = 0.0
    """Sum over the delivered ones, weighed like them."""

    def fade(self, at: float) -> float:
        """Return by how much what is known has faded at ``at``."""
        return math.exp2(-max(at - self.at, 0.0) / FADES_S)


def is_delivery(outcome: Outcome, error: ErrorCode | int) -> bool | None:
    """Say what an outcome tells of its carrier: True delivered, False failed, None nothing."""
    if outcome is Outcome.DELIVERED:
        return True
    if outcome in _FAILED and error not in _NOT_THE_CARRIERS:
        return False
    return None


class Quality:
    """The records of all carriers."""

    __slots__ = ("_carriers", "_records")

    def __init__(self) -> None:
        self._records: dict[tuple[str, str, TrafficClass], _Record] = {}
        self._carriers: dict[str, None] = {}  # those of the records, in the order in which they came

    def record(
        self, carrier: str, country: str, traffic_class: TrafficClass, *, delivered: bool, latency_s: float, at: float
    ) -> None:
        """Take in one outcome; ``at`` and ``latency_s`` in seconds."""
        key = (carrier, country, traffic_class)
        record = self._records.get(key)
        if record is None:
            record = self._records[key] = _Record(at)
            self._carriers[carrier] = None
        kept = _DECAY * record.fade(at)
        record.at = max(record.at, at)
        record.weight = record.weight * kept + 1
        record.delivered = record.delivered * kept + delivered
        record.latency_s = record.latency_s * kept + (latency_s if delivered else 0.0)

    def standing(self, carrier: str, country: str, traffic_class: TrafficClass, at: float) -> Standing | None:
        """Return how a carrier does; None where too little is known, or it was too long ago."""
        record = self._records.get((carrier, country, traffic_class))
        if record is None:
            return None
        outcomes = record.weight * record.fade(at)
        if outcomes < ENOUGH:
            return None
        latency_s = record.latency_s / record.delivered if record.delivered else 0.0
        return Standing(round(100 * record.delivered / record.weight), latency_s, round(outcomes))

    def standings(self, country: str, traffic_class: TrafficClass, at: float) -> Mapping[str, Standing]:
        """Return how all carriers do with one country and class; those of which too little is known are missing."""
        found = {}
        for carrier in self._carriers:
            standing = self.standing(carrier, country, traffic_class, at)
            if standing is not None:
                found[carrier] = standing
        return found

    def by_class(self, at: float) -> Mapping[tuple[str, TrafficClass], Standing]:
        """Return how carriers do with each class, over all countries of which enough is known."""
        found: dict[tuple[str, TrafficClass], list[Standing]] = {}
        for carrier, _, traffic_class, standing in self.everything(at):
            found.setdefault((carrier, traffic_class), []).append(standing)
        return {key: _together(standings) for key, standings in found.items()}

    def everything(self, at: float) -> Iterator[tuple[str, str, TrafficClass, Standing]]:
        """Yield everything that is known, for metrics and people."""
        for carrier, country, traffic_class in list(self._records):
            standing = self.standing(carrier, country, traffic_class, at)
            if standing is not None:
                yield carrier, country, traffic_class, standing


def _together(standings: Sequence[Standing]) -> Standing:
    """Return the mean of several, each for as much as it rests on."""
    outcomes = sum(each.outcomes for each in standings)
    pct = sum(each.delivery_pct * each.outcomes for each in standings) / outcomes
    latency_s = sum(each.latency_s * each.outcomes for each in standings) / outcomes
    return Standing(round(pct), latency_s, outcomes)
