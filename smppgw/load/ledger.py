"""What became of every submit of a load run: answers, receipts, and what should not happen.

One ledger serves all binds, because a receipt may come on another bind than its submit, and even before the response to
it was read. Times are seconds of one monotonic clock.
"""

from array import array
from collections import Counter


class Ledger:
    """Counts and latencies; the connections write it, `result.summarise` reads it."""

    def __init__(self, *, messages: int, receipts: bool) -> None:
        """Expect so many submits, and receipts for those that are accepted or not."""
        self._messages = messages
        self._receipts = receipts
        self.sent = 0
        self.accepted = 0
        self.answered = 0
        self.lost = 0
        """Submits whose connection ended before the answer."""
        self.refusals: Counter[int] = Counter()
        """Error responses by command_status."""
        self.stats: Counter[str] = Counter()
        """Receipts by their stat, duplicates included."""
        self.duplicates = 0
        """Receipts beyond the first of a message."""
        self.repeated_ids = 0
        """Responses whose message_id another response had before."""
        self.unreadable = 0
        """Receipts without an id, other deliver_sm, and malformed PDUs."""
        self.response_s = array("d")
        """Submit to response."""
        self.receipt_s = array("d")
        """Submit to receipt."""
        self.first_submit_at = 0.0
        self.last_response_at = 0.0
        self.first_receipt_at = 0.0
        self.last_receipt_at = 0.0
        self.progress_at = 0.0
        """When something expected last happened."""
        self._waiting: dict[str, float] = {}
        self._early: dict[str, float] = {}
        self._done: set[str] = set()

    @property
    def receipts(self) -> int:
        """Messages whose receipt has come."""
        return len(self.receipt_s)

    @property
    def missing(self) -> int:
        """Accepted messages without a receipt."""
        return len(self._waiting)

    @property
    def unknown_ids(self) -> int:
        """Receipts for ids that no response has named."""
        return len(self._early)

    @property
    def complete(self) -> bool:
        """Whether nothing is to be waited for any more."""
        return self.answered + self.lost >= self._messages and not (self._receipts and self._waiting)

    def submitted(self, count: int, now: float) -> None:
        """Note that submits were written."""
        self.first_submit_at = self.first_submit_at or now
        self.sent += count
        self.progress_at = now

    def accept(self, message_id: str, sent_at: float, now: float) -> None:
        """Note a response with ESME_ROK."""
        self.accepted += 1
        self._answer(sent_at, now)
        if message_id in self._waiting or message_id in self._done:
            self.repeated_ids += 1
        elif message_id in self._early:
            self._settle(message_id, self._early.pop(message_id) - sent_at)
        else:
            self._waiting[message_id] = sent_at

    def refuse(self, status: int, sent_at: float, now: float) -> None:
        """Note an error response, or a generic_nack."""
        self.refusals[status] += 1
        self._answer(sent_at, now)

    def receipt(self, message_id: str, stat: str, now: float) -> None:
        """Note a delivery receipt."""
        self.stats[stat] += 1
        self.first_receipt_at = self.first_receipt_at or now
        self.last_receipt_at = self.progress_at = now
        sent_at = self._waiting.pop(message_id, None)
        if sent_at is not None:
            self._settle(message_id, now - sent_at)
        elif message_id in self._done or message_id in self._early:
            self.duplicates += 1
        else:
            self._early[message_id] = now

    def lose(self, count: int) -> None:
        """Note that so many submits will not be answered any more."""
        self.lost += count

    def _answer(self, sent_at: float, now: float) -> None:
        self.answered += 1
        self.response_s.append(now - sent_at)
        self.last_response_at = self.progress_at = now

    def _settle(self, message_id: str, latency_s: float) -> None:
        self._done.add(message_id)
        self.receipt_s.append(latency_s)
