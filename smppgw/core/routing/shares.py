"""A recipient's place between 0 and 1: always the same for one name, on every machine and after every restart.

What is chosen by it is spread evenly over recipients, and is independent between two names.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from math import log
from typing import Final

from smppgw.core.routing.rules import Candidate

_OCTETS: Final = 7
"""56 bits: a float holds them exactly."""
_RANGE: Final = float(1 << (8 * _OCTETS))
_PRIME: Final = (1 << 61) - 1
_LOG_PRIME: Final = math.log(_PRIME)


def place(name: str, recipient: str) -> float:
    """Return the place of a recipient, above 0 and at most 1."""
    digest = blake2b(f"{name}\0{recipient}".encode("utf-8", "surrogatepass"), digest_size=_OCTETS).digest()
    return (int.from_bytes(digest, "big") + 1) / _RANGE


def by_weight(candidates: Sequence[Candidate], recipient: str) -> list[Candidate]:
    """Put candidates in an order in which each comes first with the probability of its weight.

    Rendezvous hashing: a carrier that is added or taken away moves only the recipients that it gains or loses. One hash
    of the recipient is multiplied by a number of each carrier, modulo a prime: every product is spread as evenly as the
    hash, any two go their own ways, and it takes half as long as a hash for each.
    """
    seed = _nonzero(recipient)
    # -log(place) is exponentially distributed; the least of several belongs to each by its weight.
    scores = [
        (_LOG_PRIME - log(seed * _multiplier(each.carrier) % _PRIME)) / each.weight if each.weight else math.inf
        for each in candidates
    ]
    return [candidates[index] for index in sorted(range(len(scores)), key=scores.__getitem__)]


@lru_cache(maxsize=1024)
def _multiplier(carrier: str) -> int:
    return _nonzero(carrier)


def _nonzero(text: str) -> int:
    """Return a hash from 1 up to the prime."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) % (_PRIME - 1) + 1
