"""Which messages travel together in one carrier call, and how many are looked at for that.

Only the plan: what a carrier can take comes in as plain numbers, and how fast batches go is for others to say.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Final

from smppgw.core.model import Message


class _Open:
    """A batch that still takes messages."""

    __slots__ = ("messages", "recipients")

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.recipients: set[str] = set()


def plan(
    messages: Sequence[Message],
    key: Callable[[Message], Hashable],
    max_messages: int,
    distinct_recipients: bool = False,
) -> list[tuple[Message, ...]]:
    """Divide messages into batches; every message is in exactly one.

    Order is kept: batches come by their first message, and the batches of one key, put end to end, hold its messages
    as they came. Messages with a ``batch_cap`` travel only with their like, so that what may have spoilt one call
    does not spoil the next one for others. One pass.

    Args:
        messages: In the order in which they should leave.
        key: What must be equal within a call (``Carrier.group_key``).
        max_messages: Most messages per call.
        distinct_recipients: True where a number may stand in a call only once.
    """
    batches: list[list[Message]] = []
    current: dict[Hashable, _Open] = {}
    for message in messages:
        cap = message.batch_cap
        group = (key(message), cap)
        batch = current.get(group)
        if batch is None or (distinct_recipients and message.recipient in batch.recipients):
            batch = current[group] = _Open()
            batches.append(batch.messages)
        batch.messages.append(message)
        batch.recipients.add(message.recipient)
        if len(batch.messages) >= (max_messages if cap is None else min(cap, max_messages)):
            del current[group]
    return [tuple(batch) for batch in batches]


def choose(
    messages: Sequence[Message], batches: Sequence[tuple[Message, ...]], at_least: int
) -> tuple[list[tuple[Message, ...]], Sequence[Message]]:
    """Say what goes now where calls of several are scarce: one such call, or messages one by one; and what stays.

    Args:
        messages: In the order in which they should leave.
        batches: What ``plan`` made of them.
        at_least: Fewest messages that are worth a call of several; so many less one go one by one.
    """
    largest = max(batches, key=len, default=())
    if len(largest) >= at_least:
        going = {message.id for message in largest}
        return [largest], [message for message in messages if message.id not in going]
    return [(message,) for message in messages[: at_least - 1]], messages[at_least - 1 :]


WIDEST: Final = 8
"""Full batches that are leased together at most, so that what is in hand is soon gone."""


def next_width(width: int, leased: int, batches: int, max_messages: int) -> int:
    """Say how many messages to lease next, by what the last lease made.

    Messages of different keys that take turns in the queue would make batches of a few, so more are leased at once,
    until batches are three quarters full. Where nothing shares a call, or the queue is short, nothing is to be won.

    Args:
        width: How many were asked for.
        leased: How many came.
        batches: What they made.
        max_messages: Most messages per call.
    """
    if leased < width or batches == leased:
        return max_messages
    if 4 * leased < 3 * batches * max_messages:
        return min(2 * width, WIDEST * max_messages)
    return width
