"""An approved template, and a text in its terms.

Alibaba's mainland service takes no texts, only a template's code and the values of its variables; an ESME knows
nothing of that. How a text finds its template is in ``matching``; this module only says what a template is. Pure.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Final

from smppgw.carriers.alibaba.attributes import Rule, rule_of

VARIABLE: Final = re.compile(r"\$\{([^${}]+)\}")


class Scene(IntEnum):
    """What a template is approved for; the numbers are those of ``OuterTemplateType``."""

    OTP = 0
    NOTIFICATION = 1
    PROMOTION = 2


@dataclass(frozen=True, slots=True)
class Match:
    """A template and the values that make it the text."""

    template: "Template"
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
    """One template: literal, variable, literal, variable, ..., literal."""

    code: str
    content: str
    scene: Scene = Scene.NOTIFICATION
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Attribute per variable, where the platform has told."""

    @cached_property
    def literals(self) -> tuple[str, ...]:
        """What stands around the variables: always one more than there are variables."""
        return tuple(VARIABLE.split(self.content)[::2])

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The variables in their order; a name may come twice."""
        return tuple(VARIABLE.split(self.content)[1::2])

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """What each variable takes, in the order of ``names``."""
        return tuple(rule_of(self.attributes.get(name), is_otp=self.scene is Scene.OTP) for name in self.names)

    @cached_property
    def weight(self) -> int:
        """Literal characters: of two templates that fit, the one that leaves less to its variables is meant."""
        return sum(map(len, self.literals))

    @cached_property
    def rests(self) -> tuple[tuple[int, int], ...]:
        """Shortest and longest text from each variable to the end."""
        found: list[tuple[int, int]] = []
        shortest = longest = 0
        for rule, literal in zip(reversed(self.rules), reversed(self.literals), strict=False):
            shortest += rule.shortest + len(literal)
            longest += rule.longest + len(literal)
            found.append((shortest, longest))
        return tuple(reversed(found))

    @cached_property
    def repeated(self) -> tuple[tuple[str, ...], ...]:
        """For each variable, the names that stand before it and again from it on."""
        return tuple(tuple(sorted(set(self.names[:at]).intersection(self.names[at:]))) for at in range(len(self.names)))

    def render(self, params: Mapping[str, str]) -> str:
        """Fill the template in, as the platform does: plain substitution."""
        return VARIABLE.sub(lambda found: params[found[1]], self.content)
