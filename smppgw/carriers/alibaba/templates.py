"""From a free text to the approved template that says exactly this.

Alibaba's mainland service takes no texts, only a template's code and the values of its variables; an ESME knows
nothing of that. So the text is matched against every approved template: whole, character for character, with no
normalising, so that what the recipient reads is what was submitted.

Pure, and bounded in steps whatever text and templates look like: a search by hand instead of a regular expression.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

MAX_STEPS: Final = 5_000
"""Values tried for one text, over all templates: some milliseconds."""

_VARIABLE: Final = re.compile(r"\$\{([^${}]+)\}")
_SIGNATURE: Final = re.compile(r"【([^【】]{1,50})】(?P<after>.*)|(?P<before>.*)【([^【】]{1,50})】", re.DOTALL)
_OTP_LENGTHS: Final = (4, 6)
_LENGTHS: Final = (1, 35)
"""Shortest and longest value of a variable (API error code ``isv.PARAM_LENGTH_LIMIT``)."""


@dataclass(frozen=True, slots=True)
class Match:
    """A template and the values that make it the text."""

    template_code: str
    params: tuple[tuple[str, str], ...]
    """Name and value of each variable, in the order of first use."""


@dataclass(frozen=True, slots=True)
class NoMatch:
    """No template says this."""

    nearest: str | None
    """Code of the template that came closest; None where none came close."""
    reason: str
    """Where it went apart; never a part of the text."""


@dataclass(frozen=True)
class Template:
    """One approved template: literal, variable, literal, variable, ..., literal."""

    code: str
    content: str
    is_otp: bool = False

    @cached_property
    def literals(self) -> tuple[str, ...]:
        """What stands around the variables: always one more than there are variables."""
        return tuple(_VARIABLE.split(self.content)[::2])

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The variables in their order; a name may come twice."""
        return tuple(_VARIABLE.split(self.content)[1::2])

    @cached_property
    def weight(self) -> int:
        """Literal characters: of two templates that fit, the one that leaves less to its variables is meant."""
        return sum(map(len, self.literals))

    @property
    def lengths(self) -> tuple[int, int]:
        """Shortest and longest value."""
        return _OTP_LENGTHS if self.is_otp else _LENGTHS

    @cached_property
    def rests(self) -> tuple[tuple[int, int], ...]:
        """Shortest and longest text from each variable to the end."""
        shortest, longest = self.lengths
        return tuple(
            (shortest * (len(self.names) - at) + literal, longest * (len(self.names) - at) + literal)
            for at in range(len(self.names))
            for literal in [sum(map(len, self.literals[at + 1 :]))]
        )

    def takes(self, value: str) -> bool:
        """Whether a value of a legal length may stand for a variable."""
        return not self.is_otp or (value.isascii() and value.isalnum())


@dataclass(slots=True)
class _Budget:
    """Steps left for one text."""

    left: int = MAX_STEPS

    def spend(self) -> bool:
        """Take one step; False when there is none."""
        self.left -= 1
        return self.left >= 0


@dataclass(frozen=True)
class TemplateSet:
    """The approved templates of an account; never changes, is replaced as a whole."""

    templates: tuple[Template, ...] = ()

    @classmethod
    def of(cls, templates: Iterable[Template]) -> "TemplateSet":
        """Order templates so that the first that fits is the right one: most literal characters, then code."""
        return cls(tuple(sorted(templates, key=lambda each: (-each.weight, each.code))))

    def match(self, text: str) -> Match | NoMatch:
        """Find the template whose rendering is exactly ``text``, which has no signature any more."""
        budget = _Budget()
        for template in self.templates:
            if _may_fit(template, text) and (values := _Search(template, text, budget).values()) is not None:
                return Match(template.code, tuple(dict(zip(template.names, values, strict=True)).items()))
            if budget.left <= 0:
                return NoMatch(template.code, f"gave up after {MAX_STEPS} steps")
        return self._near_miss(text)

    def _near_miss(self, text: str) -> NoMatch:
        if not self.templates:
            return NoMatch(None, "there is no approved template")
        nearest = max(self.templates, key=lambda each: _likeness(each, text))
        if not _likeness(nearest, text):
            return NoMatch(None, f"begins like none of the {len(self.templates)} approved templates")
        found, of = _literals_found(nearest, text), len(nearest.literals)
        if found < of:
            return NoMatch(nearest.code, f"its literal text {found + 1} of {of} does not follow")
        if not nearest.names or not text.endswith(nearest.literals[-1]):
            return NoMatch(nearest.code, "more text follows its last literal")
        return NoMatch(nearest.code, f"a value does not fit its variable: {_rule(nearest)}")


def split_signature(text: str) -> tuple[str | None, str]:
    """Take a leading or trailing ``【signature】`` off a text: the platform adds it by itself."""
    if not (found := _SIGNATURE.fullmatch(text)):
        return None, text
    if found["after"] is not None:
        return found[1], found["after"]
    return found[4], found["before"]


def render(template: Template, match: Match) -> str:
    """Fill a template in, as the platform does: plain substitution."""
    values = dict(match.params)
    return _VARIABLE.sub(lambda found: values[found[1]], template.content)


@dataclass(slots=True)
class _Search:
    """A depth-first search for the values of one template, shortest value first."""

    template: Template
    text: str
    budget: _Budget
    bound: dict[str, str] = field(default_factory=dict)
    dead: set[tuple[int, int, tuple[tuple[str, str], ...]]] = field(default_factory=set)
    """Places that are known to lead nowhere: variable, position, values of the variables that come again."""

    def values(self) -> tuple[str, ...] | None:
        """Return one value for each variable, repeated ones too; None when the text does not fit."""
        first, names = self.template.literals[0], self.template.names
        if not names:
            return () if self.text == first else None
        if not self.text.startswith(first) or not self._fits(0, len(first)):
            return None
        return tuple(self.bound[name] for name in names)

    def _fits(self, variable: int, at: int) -> bool:
        if variable == len(self.template.names):
            return at == len(self.text)
        shortest, longest = self.template.rests[variable]
        if not shortest <= len(self.text) - at <= longest:
            return False
        place = (variable, at, self._binding(variable))
        if place in self.dead:
            return False
        name = self.template.names[variable]
        again = name in self.bound
        for end, following in self._ends(variable, at):
            if not self.budget.spend():
                return False
            self.bound[name] = self.text[at:end]
            if self.template.takes(self.bound[name]) and self._fits(variable + 1, following):
                return True
            if not again:
                del self.bound[name]
        self.dead.add(place)
        return False

    def _ends(self, variable: int, at: int) -> Iterator[tuple[int, int]]:
        """Where the value may end, and where the literal after it ends, nearest first."""
        literal, (shortest, longest) = self.template.literals[variable + 1], self.template.lengths
        if (known := self.bound.get(self.template.names[variable])) is not None:
            ends = iter([at + len(known)] if self.text.startswith(known, at) else [])
        elif variable == len(self.template.names) - 1:
            ends = iter([end] if shortest <= (end := len(self.text) - len(literal)) - at <= longest else [])
        else:
            ends = _occurrences(self.text, literal, at + shortest, min(at + longest, len(self.text)))
        return ((end, end + len(literal)) for end in ends if self.text.startswith(literal, end))

    def _binding(self, variable: int) -> tuple[tuple[str, str], ...]:
        later = self.template.names[variable:]
        return tuple((name, self.bound[name]) for name in sorted(self.bound) if name in later)


def _occurrences(text: str, literal: str, first: int, last: int) -> Iterator[int]:
    """Positions from ``first`` to ``last``, both included, at which a literal stands."""
    at = text.find(literal, first, last + len(literal))
    while at >= 0:
        yield at
        at = text.find(literal, at + 1, last + len(literal))


def _may_fit(template: Template, text: str) -> bool:
    """Rule most templates out at once."""
    return (
        text.startswith(template.literals[0])
        and text.endswith(template.literals[-1])
        and _literals_found(template, text) == len(template.literals)
    )


def _literals_found(template: Template, text: str) -> int:
    """How many of the literals stand in the text, in their order, the first at its start."""
    if not text.startswith(template.literals[0]):
        return 0
    at = len(template.literals[0])
    for found, literal in enumerate(template.literals[1:], start=1):
        if (at := text.find(literal, at)) < 0:
            return found
        at += len(literal)
    return len(template.literals)


def _likeness(template: Template, text: str) -> int:
    return sum(map(len, template.literals[: _literals_found(template, text)]))


def _rule(template: Template) -> str:
    shortest, longest = template.lengths
    return f"{shortest} to {longest} {'letters or digits' if template.is_otp else 'characters'}"
