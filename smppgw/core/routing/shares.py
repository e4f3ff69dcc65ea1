"""A recipient's place between 0 and 1: always the same for one name, on every machine and after every restart.

What is chosen by it is spread evenly over recipients, and is independent between two names.
"""

import math
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from smppgw.core.routing.rules import Candidate

_OCTETS: Final = 7
"""56 bits: a float holds them exactly."""
_RANGE: Final = float(1 << (8 * _OCTETS))


def place(name: str, recipient: str) -> float:
    """Return the place of a recipient, above 0 and at most 1."""
    digest = blake2b(f"{name}\0{recipient}".encode("utf-8", "surrogatepass"), digest_size=_OCTETS).digest()
    return (int.from_bytes(digest, "big") + 1) / _RANGE


def by_weight(candidates: Sequence[Candidate], recipient: str) -> list[Candidate]:
    """Put candidates in an order in which each comes first with the probability of its weight.

    Rendezvous hashing: a carrier that is added or taken away moves only the recipients that it gains or loses.
    """

    def score(candidate: Candidate) -> float:
        # -log(place) is exponentially distributed; the least of several belongs to each by its weight.
        return -math.log(place(candidate.carrier, recipient)) / candidate.weight if candidate.weight else math.inf

    return sorted(candidates, key=score)
