"""What an account may not send, whatever a route would say to it, and what becomes of what it may. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Why a message is kept back (label ``kind`` of ``smppgw_filtered_total``)."""

    NUMBER = "number"
    """The recipient's number is not assigned to anybody."""
    SENDER = "sender"
    """The account may not use this sender."""
    OPTED_OUT = "opted_out"
    """The recipient wants nothing more from this account."""
    DUPLICATE = "duplicate"
    """The same sender, recipient and text as a moment ago."""
    CONTENT = "content"
    """A rule about texts, or about links in them."""
    COUNTRY = "country"
    """The account does not send to this country."""
    PUMPING = "pumping"
    """It looks like traffic that somebody makes to earn by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screens:
    """What an account screens its messages for; an account without any of it has no ``Screens`` at all."""

    senders: Callable[[str], bool] | None = None
    """Tells whether a sender, as carriers take it, may be used; None: any may."""
