"""From what a rule asks to what decides quickly: a part for the index, and tests for the rest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from smppgw.core.model import Message
from smppgw.core.routing import patterns
from smppgw.core.routing.rules import Match, Rule, SenderKind
from smppgw.core.routing.shares import place

_SHOWN: Final = 4

Test: TypeAlias = Callable[[Message, float], bool]
"""Whether a message fits at a time, Unix seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """A rule that is ready to be asked; equal to nothing but itself."""

    rule: Rule
    accounts: frozenset[str]
    countries: frozenset[str]
    prefixes: tuple[str, ...]
    tests: tuple[Test, ...]
    """What the index does not settle; all of them must hold."""
    words: tuple[str, ...]
    """For each test, what is said of a message that fails it."""

    def is_for(self, account: str, country: str, digits: str) -> bool:
        """Whether it may be for messages of an account to a country and to numbers that begin with ``digits``."""
        return (
            (not self.accounts or account in self.accounts)
            and (not self.countries or country in self.countries)
            and (not self.prefixes or digits.startswith(self.prefixes))
        )

    def unmet(self, message: Message, at: float) -> str | None:
        """Say, for people, which of its fields does not hold for a message; None: it matches."""
        for field, wanted, found in (
            ("account", self.accounts, message.account),
            ("country", self.countries, message.country),
        ):
            if wanted and found not in wanted:
                return f"{field} {found or 'of none'} is not {_either(sorted(wanted))}"
        if self.prefixes and not message.recipient.startswith(self.prefixes):
            return f"the number does not begin with {_either(self.prefixes)}"
        for test, words in zip(self.tests, self.words, strict=True):
            if not test(message, at):
                return words
        return None


def compile_rule(rule: Rule) -> Compiled:
    """Make a rule ready."""
    match = rule.match
    tests = _tests(rule.name, match)
    return Compiled(
        rule=rule,
        accounts=frozenset(match.accounts),
        countries=frozenset(country.upper() for country in match.countries),
        prefixes=tuple(prefix.removeprefix("+") for prefix in match.prefixes),
        tests=tuple(test for test, _ in tests),
        words=tuple(words for _, words in tests),
    )


def _tests(name: str, match: Match) -> list[tuple[Test, str]]:
    """Return the cheap tests first, each with what is said of a message that fails it."""
    tests: list[tuple[Test, str]] = []
    if match.traffic_classes:
        classes = frozenset(match.traffic_classes)
        wanted = _either([one.name.lower() for one in match.traffic_classes])
        tests.append((lambda message, at: message.traffic_class in classes, f"its class is not {wanted}"))
    if match.data_codings:
        codings = frozenset(match.data_codings)
        wanted = _either([str(one) for one in match.data_codings])
        tests.append((lambda message, at: message.data_coding in codings, f"its data_coding is not {wanted}"))
    if match.parts is not None:
        least, most = match.parts
        tests.append((lambda message, at: least <= message.parts <= most, f"it has not {least} to {most} parts"))
    if match.sender_kind is not None:
        is_numeric = match.sender_kind is SenderKind.NUMERIC
        words = f"its sender is not {match.sender_kind}"
        tests.append((lambda message, at: message.sender_is_number is is_numeric, words))
    if match.senders:
        fits = patterns.compiled(match.senders)
        tests.append((lambda message, at: fits(message.sender), f"its sender is not {_either(match.senders)}"))
    if match.hours:
        hours = match.hours
        tests.append((lambda message, at: any(span.hold(at) for span in hours), "it is outside its hours"))
    if match.percentage is not None:
        share = match.percentage / 100
        words = f"the recipient is not among its {match.percentage:g} %"
        tests.append((lambda message, at: place(name, message.recipient) <= share, words))
    return tests


def _either(values: Sequence[str]) -> str:
    """List a few of them."""
    shown = [value or "of none" for value in values[:_SHOWN]]
    return " or ".join(shown) + (" or others" if len(values) > _SHOWN else "")


def covers(general: Match, special: Match) -> bool:
    """Whether every message of ``special`` is one of ``general``: behind it, ``special`` is never reached.

    False also where that would take more than a look at the fields; a percentage or hours make a rule cover nothing
    but its like.
    """
    return (
        _holds(general.accounts, special.accounts)
        and _holds(general.countries, special.countries)
        and (not general.prefixes or _all(special.prefixes, lambda one: one.startswith(general.prefixes)))
        and (not general.senders or _all(special.senders, lambda one: _any_covers(general.senders, one)))
        and general.sender_kind in (None, special.sender_kind)
        and _holds(general.traffic_classes, special.traffic_classes)
        and _holds(general.data_codings, special.data_codings)
        and (general.parts is None or _within(special.parts, general.parts))
        and general.hours in ((), special.hours)
        and general.percentage in (None, 100)
    )


def overlap(one: Match, other: Match) -> bool:
    """Whether a message can fit both, as far as lists of names tell."""
    return (
        _meet(one.accounts, other.accounts)
        and _meet(one.countries, other.countries)
        and _meet(one.traffic_classes, other.traffic_classes)
        and _meet(one.data_codings, other.data_codings)
        and (not one.prefixes or not other.prefixes or _prefixes_meet(one.prefixes, other.prefixes))
    )


def _holds(general: tuple[object, ...], special: tuple[object, ...]) -> bool:
    return not general or (bool(special) and set(special) <= set(general))


def _all(values: tuple[str, ...], holds: Callable[[str], bool]) -> bool:
    return bool(values) and all(map(holds, values))


def _any_covers(senders: tuple[str, ...], sender: str) -> bool:
    return any(patterns.covers(general, sender) for general in senders)


def _within(special: tuple[int, int] | None, general: tuple[int, int]) -> bool:
    return special is not None and general[0] <= special[0] and special[1] <= general[1]


def _meet(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    return not one or not other or not set(one).isdisjoint(other)


def _prefixes_meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return any(a.startswith(b) or b.startswith(a) for a in one for b in other)
