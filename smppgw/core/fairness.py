"""Fair order between accounts: start-time fair queueing with one integer per message.

Each queue (carrier and traffic class) has a virtual time: the number of the message drawn last. A new message gets the
number after its account's last one, but never less than the virtual time. Sorted by these numbers, accounts with
messages waiting take turns, and one with a single message does not wait for another's hundred thousand.
"""

from dataclasses import dataclass, field


@dataclass(slots=True)
class FairQueue:
    """The virtual time of one queue, and the last number of each account in it."""

    drawn: int = 0
    last: dict[str, int] = field(default_factory=dict)

    def number(self, account: str) -> int:
        """Return the place of the account's next message."""
        place = max(self.drawn, self.last.get(account, 0)) + 1
        self.last[account] = place
        return place

    def resume(self, place: int) -> int:
        """Return the place of a message that was drawn before and waits again: never behind what was not drawn yet.

        Numbers start anew with a restart, so its own may be far ahead of the present virtual time.
        """
        return min(place, self.drawn)

    def draw(self, place: int) -> None:
        """Note that the message at ``place`` was drawn."""
        self.drawn = max(self.drawn, place)

    def restore(self, account: str, place: int) -> None:
        """Take up an account's last number again after a restart."""
        self.last[account] = max(self.last.get(account, 0), place)
