"""The placeholders there are, and what each stands for. Pure.

The set is closed: a name that is not here is a fault when the configuration is loaded. Three vocabularies: what a
request may say, what its headers may say (only what an attempt keeps), and what a question about messages may say.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from smppgw.carriers.configured.template import Kind, Value, Vocabulary
from smppgw.core.alphabet import fits_gsm7
from smppgw.core.model import BatchId, Message, Sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """What a request speaks of when a template is filled in: a message, among those of its call."""

    batch: BatchId
    message: Message
    messages: tuple[Message, ...]
    sender: str
    """Of messages that bring none."""
    expires_at: float
    now: float
    longest_s: float
    """The longest validity that the carrier takes, in seconds."""


def _plus(digits: str) -> str:
    return f"+{digits}" if digits else ""


def sender_of(message: Message, default: str) -> str:
    """Return the sender of a message, a number without its plus."""
    return message.sender or default


def _sender_plus(saying: Saying) -> str:
    sender = sender_of(saying.message, saying.sender)
    return _plus(sender) if saying.message.sender_is_number and saying.message.sender else sender


def _validity_s(saying: Saying) -> int:
    left_s = min(saying.expires_at - saying.now, saying.longest_s)
    return max(math.ceil(left_s), 1)


def _expires_at(saying: Saying) -> str:
    at = datetime.fromtimestamp(int(saying.now) + _validity_s(saying), UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


Of = Callable[[Saying], Value]

_OF_MESSAGE: Final[Mapping[str, tuple[Kind, Of]]] = {
    "recipient": (Kind.DIGITS, lambda saying: saying.message.recipient),
    "recipient_plus": (Kind.TEXT, lambda saying: _plus(saying.message.recipient)),
    "sender": (Kind.TEXT, lambda saying: sender_of(saying.message, saying.sender)),
    "sender_plus": (Kind.TEXT, _sender_plus),
    "text": (Kind.TEXT, lambda saying: saying.message.text),
    "message_id": (Kind.DIGITS, lambda saying: str(saying.message.id)),
    "account": (Kind.TEXT, lambda saying: saying.message.account),
    "class": (Kind.TEXT, lambda saying: saying.message.traffic_class.name.lower()),
    "country": (Kind.TEXT, lambda saying: saying.message.country),
    "service_type": (Kind.TEXT, lambda saying: saying.message.service_type),
    "priority": (Kind.NUMBER, lambda saying: saying.message.priority_flag),
    "parts": (Kind.NUMBER, lambda saying: saying.message.parts),
    "flash": (Kind.FLAG, lambda saying: saying.message.flash),
    "unicode": (Kind.FLAG, lambda saying: not fits_gsm7(saying.message.text)),
    "validity_s": (Kind.NUMBER, _validity_s),
    "validity_min": (Kind.NUMBER, lambda saying: math.ceil(_validity_s(saying) / 60)),
    "expires_at": (Kind.TEXT, _expires_at),
}
_OF_CALL: Final[Mapping[str, tuple[Kind, Of]]] = {
    "batch_id": (Kind.TEXT, lambda saying: saying.batch),
    "count": (Kind.NUMBER, lambda saying: len(saying.messages)),
    "recipients": (Kind.LIST, lambda saying: tuple(one.recipient for one in saying.messages)),
    "recipients_plus": (Kind.LIST, lambda saying: tuple(_plus(one.recipient) for one in saying.messages)),
}
_SEND: Final = {**_OF_MESSAGE, **_OF_CALL}

SEND: Final[dict[str, Kind]] = {name: kind for name, (kind, _) in _SEND.items()}
"""In the URL, the query and the body of a request that sends."""
HEADER: Final[Vocabulary] = {"batch_id": Kind.TEXT}
"""In headers: they are not stored with the attempt, so they may say only what the attempt itself says."""

OF_ONE: Final = frozenset(_OF_MESSAGE)
"""What stands for one message, not for a call."""
IDENTITY: Final = frozenset({"recipient", "recipient_plus", "message_id"})
"""What no two messages of a call share."""
TIMED: Final = frozenset({"validity_s", "validity_min", "expires_at"})
"""What depends on the end of validity."""


def say(saying: Saying) -> Callable[[str], Value]:
    """Return the values of ``SEND``."""
    return lambda name: _SEND[name][1](saying)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What a question about messages speaks of."""

    batch: BatchId
    one: Sent
    refs: tuple[str, ...] = ()
    """Of all messages that the question is about."""


_ASK: Final[Mapping[str, tuple[Kind, Callable[[Asking], Value]]]] = {
    "ref": (Kind.TEXT, lambda asking: asking.one.ref or ""),
    "refs": (Kind.LIST, lambda asking: asking.refs),
    "recipient": (Kind.DIGITS, lambda asking: asking.one.recipient),
    "recipient_plus": (Kind.TEXT, lambda asking: _plus(asking.one.recipient)),
    "message_id": (Kind.DIGITS, lambda asking: str(asking.one.message)),
    "batch_id": (Kind.TEXT, lambda asking: asking.batch),
}
ASK: Final[dict[str, Kind]] = {name: kind for name, (kind, _) in _ASK.items()}
"""In a request for statuses."""
MATCH: Final[Vocabulary] = {name: kind for name, kind in ASK.items() if name not in {"ref", "refs"}}
"""Beside a row of an answer to a request that sends: what is known of a message from its attempt."""


def ask(asking: Asking) -> Callable[[str], Value]:
    """Return the values of ``ASK``."""
    return lambda name: _ASK[name][1](asking)
