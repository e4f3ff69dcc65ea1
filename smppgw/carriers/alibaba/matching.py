"""From a free text to the approved template that says exactly this.

Of several that fit, the one with the most literal characters is meant, and of equals the one with the lowest code: the
same text always finds the same template. An index by first and last literal leaves a handful to be searched. Pure.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeVar

from smppgw.carriers.alibaba.search import MAX_STEPS, Budget, Search, straight
from smppgw.carriers.alibaba.templates import Match, NoMatch, Template

_LITERALS_A_STEP: Final = 2
"""Literals that are looked for in the time of one step of the search."""
_CONSIDERED: Final = 100
"""Templates among which the nearest is looked for."""

_What = TypeVar("_What")
_Tails = tuple[tuple[int, dict[str, list[int]]], ...]
_Heads = tuple[tuple[int, dict[str, _Tails]], ...]


@dataclass(frozen=True)
class TemplateSet:
    """Templates in the order in which they are meant; never changes, is replaced as a whole."""

    templates: tuple[Template, ...] = ()

    @classmethod
    def of(cls, templates: Iterable[Template]) -> "TemplateSet":
        """Order templates so that the first that fits is the right one: most literal characters, then code."""
        return cls(tuple(sorted(templates, key=lambda each: (-each.weight, each.code))))

    @cached_property
    def by_code(self) -> dict[str, Template]:
        """The templates by their codes."""
        return {template.code: template for template in self.templates}

    def match(self, text: str) -> Match | NoMatch:
        """Find the template whose rendering is exactly ``text``, which has no signature any more."""
        budget = Budget()
        for template in self._candidates(text):
            # A look has its price too: two hundred templates of a hundred literals each add up.
            if budget.spend(len(template.literals) // _LITERALS_A_STEP):
                if (params := straight(template, text)) is not None:
                    return Match(template, params)
                if not _has_literals(template, text):
                    continue
                if (params := Search(template, text, budget).params()) is not None:
                    return Match(template, params)
            if budget.is_spent:
                return NoMatch(template.code, f"gave up after {MAX_STEPS} steps")
        return self._near_miss(text)

    @cached_property
    def _heads(self) -> _Heads:
        """Places of templates by first and last literal; each kind of literal in groups of one length."""
        by_head: dict[str, dict[str, list[int]]] = {}
        for place, template in enumerate(self.templates):
            tails = by_head.setdefault(template.literals[0], {})
            tails.setdefault(template.literals[-1] if template.names else "", []).append(place)
        return _by_length({head: _by_length(tails) for head, tails in by_head.items()})

    @cached_property
    def _sorted(self) -> list[tuple[str, str]]:
        """First literal and code, in the order of characters: what begins most alike stands side by side."""
        return sorted((template.literals[0], template.code) for template in self.templates)

    def _candidates(self, text: str) -> Iterator[Template]:
        """Templates whose first and last literal are there, in their order."""
        places: list[int] = []
        for head_length, heads in self._heads:
            for tail_length, tails in heads.get(text[:head_length], ()):
                places += tails.get(text[len(text) - tail_length :], ())
        places.sort()
        return (self.templates[place] for place in places)

    def _beginning(self, text: str) -> list[Template]:
        """Templates whose first literal is there, in their order."""
        places = [
            place
            for head_length, heads in self._heads
            for _, tails in heads.get(text[:head_length], ())
            for found in tails.values()
            for place in found
        ]
        return [self.templates[place] for place in sorted(places)]

    def _near_miss(self, text: str) -> NoMatch:
        """Explain by the template that shares the most literal characters with the text."""
        if not self.templates:
            return NoMatch(None, "there is no approved template")
        nearest, shared, found = None, 0, 0
        for template in self._beginning(text)[:_CONSIDERED]:
            likeness, literals = _likeness(template, text)
            if likeness > shared:
                nearest, shared, found = template, likeness, literals
        code, alike = self._most_alike(text)
        if alike > shared:
            return NoMatch(code, f"it goes another way at character {alike + 1}")
        if nearest is None:
            return NoMatch(None, f"begins like none of the {len(self.templates)} approved templates")
        return NoMatch(nearest.code, _explained(nearest, text, found))

    def _most_alike(self, text: str) -> tuple[str, int]:
        """Return the template whose first literal has the longest beginning in common with the text, and how long."""
        place = bisect_left(self._sorted, (text, ""))
        neighbours = self._sorted[max(place - 1, 0) : place + 1]
        return max(((code, _common(head, text)) for head, code in neighbours), key=lambda each: each[1])


def _by_length(by_literal: dict[str, _What]) -> tuple[tuple[int, dict[str, _What]], ...]:
    lengths: dict[int, dict[str, _What]] = {}
    for literal, what in by_literal.items():
        lengths.setdefault(len(literal), {})[literal] = what
    return tuple(lengths.items())


def _common(one: str, other: str) -> int:
    """Length of the beginning that two texts share."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _has_literals(template: Template, text: str) -> bool:
    """Whether all the literals stand in the text, in their order; the first is known to."""
    at = len(template.literals[0])
    for literal in template.literals[1:]:
        if (at := text.find(literal, at)) < 0:
            return False
        at += len(literal)
    return True


def _likeness(template: Template, text: str) -> tuple[int, int]:
    """How many characters of how many literals stand in the text, in their order; the first is known to."""
    at = shared = len(template.literals[0])
    for found, literal in enumerate(template.literals[1:], start=1):
        if (at := text.find(literal, at)) < 0:
            return shared, found
        at += len(literal)
        shared += len(literal)
    return shared, len(template.literals)


def _explained(nearest: Template, text: str, found: int) -> str:
    if found < len(nearest.literals):
        return f"its literal text {found + 1} of {len(nearest.literals)} does not follow"
    if not nearest.names or not text.endswith(nearest.literals[-1]):
        return "more text follows its last literal"
    search = Search(nearest, text, Budget())
    search.params()
    return (
        f"a value does not fit its variable ${{{nearest.names[search.deepest]}}}: {nearest.rules[search.deepest].words}"
    )
