"""Which carriers a message may take: the first rule that matches it, less the carriers that cannot take it.

Rules are compiled once, because every message asks. What a carrier can take, and why not, comes in from the caller.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from smppgw.core.model import Decision

_WILDCARD: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a rule asks of a message: every field must hold; an empty one holds for all."""

    accounts: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    """ISO 3166-1 alpha-2; "" stands for numbers of no country."""
    prefixes: tuple[str, ...] = ()
    """Starts of the recipient's E.164 digits, with or without plus."""
    senders: tuple[str, ...] = ()
    """Senders as carriers take them, case-sensitive; ``*`` stands for any characters, also none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One entry of ``[[routes]]``."""

    name: str
    match: Match = Match()
    carriers: tuple[str, ...]
    """In the order in which they are tried."""


@dataclass(frozen=True, slots=True)
class Query:
    """What rules look at."""

    account: str
    country: str
    recipient: str
    """E.164 digits without plus."""
    sender: str


class Router:
    """The routes of a configuration. Immutable: a reload builds another one."""

    __slots__ = ("_compiled",)

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._compiled = tuple(
            (
                frozenset(rule.match.accounts),
                frozenset(country.upper() for country in rule.match.countries),
                tuple(prefix.removeprefix("+") for prefix in rule.match.prefixes),
                _compile_senders(rule.match.senders),
                rule,
            )
            for rule in rules
        )

    def candidates(self, query: Query) -> Rule | None:
        """Return the first rule that matches; None where none does."""
        for accounts, countries, prefixes, sender_matches, rule in self._compiled:
            if (
                (not accounts or query.account in accounts)
                and (not countries or query.country in countries)
                and (not prefixes or query.recipient.startswith(prefixes))
                and (sender_matches is None or sender_matches(query.sender))
            ):
                return rule
        return None


def decide(rule: Rule, checks: Sequence[tuple[str, str | None]]) -> Decision | None:
    """Decide on the candidates of a rule.

    Args:
        rule: What ``Router.candidates`` found.
        checks: For each carrier, in order: None if it can take the message, else the reason why not.

    Returns:
        The decision, the same object for equal arguments; None when no candidate is left.
    """
    return _decide(rule.name, tuple(checks))


@lru_cache(maxsize=4096)
def _decide(rule: str, checks: tuple[tuple[str, str | None], ...]) -> Decision | None:
    carriers = tuple(carrier for carrier, reason in checks if reason is None)
    dropped = tuple((carrier, reason) for carrier, reason in checks if reason is not None)
    return Decision(rule, carriers, dropped) if carriers else None


def _compile_senders(senders: tuple[str, ...]) -> Callable[[str], bool] | None:
    """Compile sender patterns without regular expressions, whose worst case nobody sees in a configuration."""
    if not senders:
        return None
    exact = frozenset(sender for sender in senders if _WILDCARD not in sender)
    patterns = tuple(tuple(sender.split(_WILDCARD)) for sender in senders if _WILDCARD in sender)
    if not patterns:
        return exact.__contains__
    return lambda sender: sender in exact or any(_fits(sender, pattern) for pattern in patterns)


def _fits(sender: str, pattern: tuple[str, ...]) -> bool:
    """Match the pieces of a pattern between its wildcards, the first and last of them at the ends."""
    first, *middle, last = pattern
    if not sender.startswith(first):
        return False
    at = len(first)
    for piece in middle:
        at = sender.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return sender.endswith(last) and len(sender) - len(last) >= at
