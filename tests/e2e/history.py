"""What an ESME saw and what the carrier took, and whether the gateway kept its promises in between. Pure.

The promises are those of the design page, section 1: accepted means durable, never twice, every receipt once unless its
acknowledgement was lost in a kill, and then with the same state.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One deliver_sm that came."""

    message_id: str
    destination: str
    stat: str
    life: int
    """Of the daemon: 1 before the first kill, 2 between the first and the second, ..."""


@dataclass(slots=True)
class History:
    """The ESME's side. Every submit has a destination of its own."""

    answered: dict[str, str] = field(default_factory=dict)
    """Destination per message_id that came with ESME_ROK."""
    unanswered: set[str] = field(default_factory=set)
    """Destinations of submits whose connection ended before the answer."""
    refused: set[str] = field(default_factory=set)
    """Destinations of submits that were answered with an error."""
    reused_ids: list[str] = field(default_factory=list)
    delivered: list[Delivered] = field(default_factory=list)

    def answer(self, message_id: str, destination: str) -> None:
        """Note an ESME_ROK."""
        if message_id in self.answered:
            self.reused_ids.append(message_id)
        self.answered[message_id] = destination


def violations(history: History, taken: Iterable[str], *, repeats_per_kill: int) -> list[str]:
    """Return every broken promise in words; empty when all were kept.

    Args:
        history: What the ESME saw.
        taken: Destinations the carrier accepted, once per acceptance.
        repeats_per_kill: How many receipts may be in flight at one time: receipt window times binds.
    """
    copies = Counter(taken)
    return [
        *(f"message_id {each} was given twice" for each in history.reused_ids),
        *_carrier_side(history, copies),
        *_receipts_owed(history),
        *_receipts_come(history, repeats_per_kill),
    ]


def _carrier_side(history: History, copies: Counter[str]) -> list[str]:
    answered = set(history.answered.values())
    known = answered | history.unanswered
    return [
        *(f"{each} was answered ESME_ROK and never reached the carrier" for each in answered - copies.keys()),
        *(f"{each} reached the carrier {count} times" for each, count in copies.items() if count > 1),
        *(f"{each} reached the carrier and was not submitted, or refused" for each in copies.keys() - known),
    ]


def _receipts_owed(history: History) -> list[str]:
    come = {each.message_id for each in history.delivered}
    return [f"message {each} has no receipt" for each in history.answered if each not in come]


def _receipts_come(history: History, repeats_per_kill: int) -> list[str]:
    by_id: defaultdict[str, list[Delivered]] = defaultdict(list)
    for each in history.delivered:
        by_id[each.message_id].append(each)
    repeats = Counter(each.life for same in by_id.values() for each in same[:-1])
    return [
        *(fault for same in by_id.values() for fault in _one_id(history, same)),
        *(
            f"{count} receipts of life {life} came again, {repeats_per_kill} are allowed"
            for life, count in repeats.items()
            if count > repeats_per_kill
        ),
    ]


def _one_id(history: History, same: list[Delivered]) -> list[str]:
    """Return what is wrong with the receipts of one message."""
    message_id, destination = same[0].message_id, same[0].destination
    faults = []
    if history.answered.get(message_id, destination) != destination:
        faults.append(f"the receipt of {message_id} names {destination}")
    if message_id not in history.answered and destination not in history.unanswered:
        faults.append(f"a receipt for {message_id}, which was never submitted")
    if len({each.stat for each in same}) > 1:
        faults.append(f"receipts of {message_id} differ: {sorted({each.stat for each in same})}")
    if len({each.life for each in same}) < len(same):
        faults.append(f"the receipt of {message_id} came twice without a kill between")
    return faults
