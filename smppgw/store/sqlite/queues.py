"""The fair order of each carrier's queue, kept in memory and restored from the queue's index."""

import sqlite3
from collections import defaultdict

from smppgw.core.fairness import FairQueue


class Queues:
    """One fair queue per carrier and traffic class."""

    def __init__(self) -> None:
        self._queues: defaultdict[tuple[str, int], FairQueue] = defaultdict(FairQueue)

    def restore(self, db: sqlite3.Connection) -> None:
        """Take up the numbers of what is queued; reads the index only, never the table."""
        found = db.execute(
            """SELECT carrier, traffic_class, account, min(fair), max(fair) FROM messages
               INDEXED BY messages_queue WHERE stage = 3 AND due_ms IS NULL GROUP BY carrier, traffic_class, account"""
        )
        for carrier, traffic_class, account, first, last in found:
            queue = self._queues[carrier, traffic_class]
            queue.restore(account, last)
            queue.drawn = first if not queue.drawn else min(queue.drawn, first)

    def number(self, carrier: str, traffic_class: int, account: str) -> int:
        """Return the place of an account's next message in a queue."""
        return self._queues[carrier, traffic_class].number(account)

    def resume(self, carrier: str, traffic_class: int, place: int) -> int:
        """Return the place of a message that was drawn before and waits again."""
        return self._queues[carrier, traffic_class].resume(place)

    def draw(self, carrier: str, traffic_class: int, place: int) -> None:
        """Note that the message at ``place`` was drawn."""
        self._queues[carrier, traffic_class].draw(place)
