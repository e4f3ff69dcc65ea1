"""The routes of a configuration: finds the first rule that matches. Immutable; a reload builds another one.

Accounts, countries and prefixes settle most rules, and few combinations of them come often, so which rules are left is
remembered per combination: a decision looks at a handful of rules, however many there are.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from smppgw.core.model import Message
from smppgw.core.routing.matching import Compiled, compile_rule
from smppgw.core.routing.rules import Rule

_REMEMBERED: Final = 50_000
"""Combinations; a full memory is begun anew."""


class Router:
    """The routing table."""

    __slots__ = ("_compiled", "_digits", "_left", "_shared")

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._compiled = tuple(map(compile_rule, rules))
        self._digits = max((len(prefix) for one in self._compiled for prefix in one.prefixes), default=0)
        self._left: dict[tuple[str, str, str], tuple[Compiled, ...]] = {}
        self._shared: dict[tuple[Compiled, ...], tuple[Compiled, ...]] = {}

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in their order."""
        return tuple(one.rule for one in self._compiled)

    def rule_for(self, message: Message, at: float) -> Rule | None:
        """Return the first rule that matches a message at a time, Unix seconds; None where none does."""
        key = (message.account, message.country, message.recipient[: self._digits])
        left = self._left.get(key)
        if left is None:
            left = self._remember(key)
        for compiled in left:
            for test in compiled.tests:
                if not test(message, at):
                    break
            else:
                return compiled.rule
        return None

    def trials(self, message: Message, at: float) -> Iterator[tuple[Rule, str | None]]:
        """Yield the rules up to the one that matches, each with why it does not; for people, not for every message."""
        for compiled in self._compiled:
            unmet = compiled.unmet(message, at)
            yield compiled.rule, unmet
            if unmet is None:
                return

    def _remember(self, key: tuple[str, str, str]) -> tuple[Compiled, ...]:
        if len(self._left) >= _REMEMBERED:
            self._left.clear()
            self._shared.clear()
        left = tuple(compiled for compiled in self._compiled if compiled.is_for(*key))
        left = self._left[key] = self._shared.setdefault(left, left)
        return left
