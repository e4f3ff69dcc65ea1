"""What an account may not send, whatever a route would say to it, and what becomes of what it may. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from smppgw.core.content import ContentRule
from smppgw.core.model import Decision
from smppgw.core.optout import Words

ANYWHERE: Final = "*"
"""In ``Screens.sender_for``: countries that it does not name."""


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


class Respelling(StrEnum):
    """How far a text may be changed to fit the GSM alphabet (`core.transliteration`)."""

    PUNCTUATION = "punctuation"
    LOSSY = "lossy"
    """Accents may go too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screens:
    """What an account screens its messages for; an account without any of it has no ``Screens`` at all."""

    assigned_numbers: bool = False
    """Whether a recipient's number must be one that its country assigns."""
    senders: Callable[[str], bool] | None = None
    """Tells whether a sender, as carriers take it, may be used; None: any may."""
    sender_for: Mapping[str, str] = field(default_factory=dict)
    """What the sender becomes, by the recipient's country or `ANYWHERE`; where neither is named, it stays."""
    words: Words | None = None
    """By which recipients opt out and in again; None: they cannot."""
    content: tuple[ContentRule, ...] = ()
    respelling: Respelling | None = None
    """None: texts stay as they are."""
    duplicates_s: float | None = None
    """How long the same sender, recipient and text count as a repetition; None: they never do."""

    def sender_in(self, country: str) -> str | None:
        """Return what the sender becomes for recipients of a country; None: it stays."""
        return self.sender_for.get(country) or self.sender_for.get(ANYWHERE)

    def signed(self, decision: Decision, country: str) -> Decision:
        """Return the decision with the sender for a country, unless its route has named another."""
        sender = self.sender_in(country) if self.sender_for else None
        return decision if sender is None or decision.sender is not None else decision._replace(sender=sender)
