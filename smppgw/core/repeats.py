"""Tell texts that come twice within a short time. Pure.

What was seen is kept in memory only, as keyed hashes, the oldest first; a restart forgets it. Both times are Unix
seconds, and what lies in the future, because the clock was set back, was not seen.
"""

from collections import OrderedDict
from hashlib import blake2b
from typing import Final

MOST: Final = 200_000
"""Texts that are remembered, 40 MB; beyond, the oldest are forgotten before their time."""
_OCTETS: Final = 12


class Repeats:
    """What one account has sent lately."""

    __slots__ = ("_seen_at",)

    def __init__(self) -> None:
        self._seen_at: OrderedDict[bytes, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seen_at)

    def has(self, digest: bytes, now: float, window_s: float) -> bool:
        """Whether it was seen within the window."""
        at = self._seen_at.get(digest)
        return at is not None and 0 <= now - at < window_s

    def note(self, digest: bytes, now: float, window_s: float) -> None:
        """Remember it from now on, and forget what is too old."""
        seen_at = self._seen_at
        seen_at[digest] = now
        seen_at.move_to_end(digest)
        while len(seen_at) > MOST or not 0 <= now - next(iter(seen_at.values())) < window_s:
            seen_at.popitem(last=False)

    def forget(self, digest: bytes) -> None:
        """Act as if it had not been seen."""
        self._seen_at.pop(digest, None)


def digest(secret: bytes, sender: str, recipient: str, text: str) -> bytes:
    """Return what stands for a text; whoever does not know the secret cannot find two texts that share it."""
    return blake2b(f"{sender}\0{recipient}\0{text}".encode(), digest_size=_OCTETS, key=secret).digest()
