"""How many connections may wait for their bind: a cap for all and one per address. Counting only, no sockets."""

from collections import Counter


class Admission:
    """The connections that are not bound yet: whoever connects and never binds must not keep others out."""

    __slots__ = ("_by_host", "_max_per_host", "_max_total", "_total")

    def __init__(self, *, max_total: int, max_per_host: int) -> None:
        self._max_total = max_total
        self._max_per_host = max_per_host
        self._total = 0
        self._by_host: Counter[str] = Counter()

    def enter(self, host: str) -> bool:
        """Count one more of this address; False: there is no room, and it is not counted."""
        if self._by_host[host] >= self._max_per_host or not self.enter_unnamed():
            return False
        self._by_host[host] += 1
        return True

    def leave(self, host: str) -> None:
        """One of this address is bound, or gone."""
        self.leave_unnamed()
        self._by_host[host] -= 1
        if not self._by_host[host]:
            del self._by_host[host]

    def enter_unnamed(self) -> bool:
        """Count one more whose address a proxy has yet to tell; False: there is no room, and it is not counted."""
        if self._total >= self._max_total:
            return False
        self._total += 1
        return True

    def leave_unnamed(self) -> None:
        """One of them has an address now, or is gone."""
        self._total -= 1
