"""Who wants nothing more from an account, and the words by which he says so. Pure.

A text counts only if it is nothing but such a word: "Stop!" does, "Please stop by at five" does not, because who is
opted out by mistake gets no more one-time passwords.
"""

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

STOP_WORDS: Final = (
    "STOP", "STOPALL", "UNSUBSCRIBE", "OPTOUT", "REVOKE", "CANCEL", "END", "QUIT",
    "STOPP", "ABMELDEN", "ARRET", "DESABONNER", "BAJA", "ALTO", "TD", "退订",
)  # fmt: skip
"""Those that American carriers ask for (CTIA, Messaging Principles, 5.1.3), and those of some other languages."""
START_WORDS: Final = ("START", "UNSTOP")
"""Not YES, which answers all kinds of questions."""
_LONGEST: Final = 40
"""Characters of a text that can be nothing but a word."""


class Consent(Enum):
    """What a recipient says about further messages."""

    WITHDRAWN = "withdrawn"
    GIVEN = "given"


@dataclass(frozen=True, slots=True)
class Wish:
    """What an inbound text says about further messages."""

    recipient: str
    """Whose wish it is: E.164 digits."""
    consent: Consent


@dataclass(frozen=True, slots=True, kw_only=True)
class Optout:
    """One recipient who has opted out of one account."""

    account: str
    recipient: str
    """E.164 digits."""
    since: float
    """Unix seconds."""
    source: str
    """The carrier that brought his text."""


class Words:
    """The words of an account; letters alone count: case, accents, spaces and punctuation make no difference."""

    __slots__ = ("_meanings",)

    def __init__(self, stop: Iterable[str], start: Iterable[str]) -> None:
        """Take the words; one that stands in both lists stops."""
        self._meanings = {
            **{letters(word): Consent.GIVEN for word in start},
            **{letters(word): Consent.WITHDRAWN for word in stop},
        }

    def reads(self, text: str) -> Consent | None:
        """Say what an inbound text says about further messages; None: nothing."""
        return self._meanings.get(letters(text)) if len(text) <= _LONGEST else None


def letters(text: str) -> str:
    """Return what of a text tells words apart."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", text.casefold())))


class Optouts:
    """The recipients who have opted out, by account, in memory, because every message asks.

    What the store had at the start is a sorted array of 8 octets a number; what came since are sets beside it.
    """

    __slots__ = ("_by_account",)

    def __init__(self, stored: Mapping[str, Sequence[int]]) -> None:
        """Take over what the store has: per account the integers of E.164 digits, in ascending order."""
        self._by_account = {account: _Numbers(numbers) for account, numbers in stored.items()}

    def has(self, account: str, recipient: str) -> bool:
        """Whether a recipient, in E.164 digits, wants nothing more from an account."""
        numbers = self._by_account.get(account)
        return numbers is not None and int(recipient) in numbers

    def note(self, account: str, wish: Wish) -> None:
        """Take up what the store has just been told."""
        self._by_account.setdefault(account, _Numbers(())).note(int(wish.recipient), wish.consent)


class _Numbers:
    """Numbers that are looked for much more often than they change."""

    __slots__ = ("_added", "_removed", "_stored")

    def __init__(self, stored: Sequence[int]) -> None:
        self._stored = stored
        self._added: set[int] = set()
        self._removed: set[int] = set()

    def note(self, number: int, consent: Consent) -> None:
        now, before = (self._added, self._removed) if consent is Consent.WITHDRAWN else (self._removed, self._added)
        now.add(number)
        before.discard(number)

    def __contains__(self, number: int) -> bool:
        if number in self._added:
            return True
        at = bisect_left(self._stored, number)
        return at < len(self._stored) and self._stored[at] == number and number not in self._removed
