"""The search for the values that make a template the text: whole, character for character, with no normalising.

Bounded in steps whatever text and template look like: a search by hand instead of a regular expression. Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from smppgw.carriers.alibaba.templates import Template

MAX_STEPS: Final = 2_500
"""Values tried for one text, over all templates: some milliseconds."""


@dataclass(slots=True)
class Budget:
    """Steps left for one text."""

    left: int = MAX_STEPS

    @property
    def is_spent(self) -> bool:
        """Whether the search was given up."""
        return self.left < 0

    def spend(self, steps: int) -> bool:
        """Take steps; False when there are not so many left, and from then on."""
        if self.left < 0:
            return False
        self.left -= steps
        return self.left >= 0


def straight(template: Template, text: str) -> tuple[tuple[str, str], ...] | None:
    """Take the nearest end of each value, which is what the search would try first, and mostly all there is.

    Args:
        template: Its first literal is known to stand at the start of the text.
        text: To be said by it.
    """
    literals, names = template.literals, template.names
    if not names:
        return () if text == literals[0] else None
    at, last, values = len(literals[0]), len(names) - 1, dict[str, str]()
    for variable, name in enumerate(names):
        literal, rule = literals[variable + 1], template.rules[variable]
        if name in values:
            end = at + len(values[name])
            fits = text.startswith(values[name], at) and text.startswith(literal, end)
        elif variable == last:
            end = len(text) - len(literal)
            fits = rule.shortest <= end - at <= rule.longest and text.endswith(literal)
        else:
            end = text.find(literal, at + rule.shortest, min(at + rule.longest, len(text)) + len(literal))
            fits = end >= 0
        if not fits or not rule.takes(text[at:end]):
            return None
        values[name] = text[at:end]
        at = end + len(literal)
    return tuple(values.items()) if at == len(text) else None


@dataclass(slots=True)
class Search:
    """A depth-first search for the values of one template, shortest value first."""

    template: Template
    text: str
    budget: Budget
    deepest: int = 0
    """The last variable for which a value was looked for."""
    bound: dict[str, str] = field(default_factory=dict)
    dead: set[tuple[int, int, tuple[str, ...]]] = field(default_factory=set)
    """Places that are known to lead nowhere: variable, position, values of the variables that come again."""

    def params(self) -> tuple[tuple[str, str], ...] | None:
        """Return name and value of each variable; None when the text does not fit, or the budget is spent."""
        first = self.template.literals[0]
        if not self.template.names:
            return () if self.text == first else None
        if not self.text.startswith(first) or not self._fits(0, len(first)):
            return None
        return tuple((name, self.bound[name]) for name in dict.fromkeys(self.template.names))

    def _fits(self, variable: int, at: int) -> bool:
        if variable == len(self.template.names):
            return at == len(self.text)
        shortest, longest = self.template.rests[variable]
        if not shortest <= len(self.text) - at <= longest:
            return False
        again = self.template.repeated[variable]
        place = (variable, at, tuple(self.bound[name] for name in again))
        if place in self.dead:
            return False
        self.deepest = max(self.deepest, variable)
        name, rule = self.template.names[variable], self.template.rules[variable]
        is_bound = name in self.bound
        literal_length = len(self.template.literals[variable + 1])
        for end in self._ends(variable, at):
            if not self.budget.spend(1 + len(again)):
                return False
            self.bound[name] = value = self.text[at:end]
            if rule.takes(value) and self._fits(variable + 1, end + literal_length):
                return True
            if not is_bound:
                del self.bound[name]
        self.dead.add(place)
        return False

    def _ends(self, variable: int, at: int) -> Iterator[int]:
        """Where the value may end so that the literal after it follows, nearest first."""
        text, literal, rule = self.text, self.template.literals[variable + 1], self.template.rules[variable]
        if (known := self.bound.get(self.template.names[variable])) is not None:
            if text.startswith(known, at) and text.startswith(literal, at + len(known)):
                yield at + len(known)
        elif variable == len(self.template.names) - 1:
            end = len(text) - len(literal)
            if rule.shortest <= end - at <= rule.longest and text.endswith(literal):
                yield end
        else:
            last = min(at + rule.longest, len(text)) + len(literal)
            end = text.find(literal, at + rule.shortest, last)
            while end >= 0:
                yield end
                end = text.find(literal, end + 1, last)
