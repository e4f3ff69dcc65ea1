"""How many PDUs came and went, for the counters of operations. Numbers only, no names and no addresses."""

from typing import Final

UNKNOWN: Final = 0
"""The key for all commands that SMPP v3.4 does not know, so that no peer can make the books grow."""


class Tally:
    """PDUs by command_id, over all sessions that share it; the numbers only grow."""

    __slots__ = ("received", "sent")

    def __init__(self) -> None:
        self.received: dict[int, int] = {}
        self.sent: dict[int, int] = {}

    def receive(self, command_id: int) -> None:
        """One more came."""
        self.received[command_id] = self.received.get(command_id, 0) + 1

    def send(self, command_id: int) -> None:
        """One more goes out."""
        self.sent[command_id] = self.sent.get(command_id, 0) + 1
