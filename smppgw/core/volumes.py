"""How many parts each carrier has taken in this calendar month, UTC: what tiers and commitments go by."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

_LONGER_THAN_ANY_S: Final = 32 * 86_400


class Volumes:
    """Counts of one month; a time in the next one begins anew."""

    __slots__ = ("_month_ends", "_parts", "moves")

    def __init__(self) -> None:
        """Nothing is counted yet."""
        self._month_ends = 0.0
        self._parts: dict[str, int] = {}
        self.moves = 0
        """Parts counted up or down since the beginning: no count has moved farther than this has."""

    def taken(self, carrier: str, at: float) -> int:
        """Return the count of a carrier in the month of ``at``, Unix seconds."""
        self._turn(at)
        return self._parts.get(carrier, 0)

    def all_taken(self, at: float) -> Mapping[str, int]:
        """Return the counts of all carriers in the month of ``at``, Unix seconds; a look, not a copy."""
        self._turn(at)
        return self._parts

    def add(self, carrier: str, parts: int, at: float) -> None:
        """Count parts that a carrier took at a time, Unix seconds; fewer than none takes some back."""
        self._turn(at)
        self._parts[carrier] = self._parts.get(carrier, 0) + parts
        self.moves += abs(parts)

    def restore(self, parts: Mapping[str, int], at: float) -> None:
        """Take up the counts of the month of ``at``, as the ledger has them."""
        for carrier, count in parts.items():
            self.add(carrier, count - self.taken(carrier, at), at)

    def _turn(self, at: float) -> None:
        if at >= self._month_ends:
            self._parts.clear()
            self._month_ends = end_of_month(at)


def begin_of_month(at: float) -> float:
    """Return the first moment of the month of ``at``, Unix seconds, UTC."""
    moment = datetime.fromtimestamp(at, UTC)
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp()


def end_of_month(at: float) -> float:
    """Return the first moment of the month after that of ``at``, Unix seconds, UTC."""
    return begin_of_month(begin_of_month(at) + _LONGER_THAN_ANY_S)
