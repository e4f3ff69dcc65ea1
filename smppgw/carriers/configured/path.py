"""Where a value stands in an answer: ``messages[0].status.name``, compiled when the configuration is loaded.

A path names keys and places, nothing else: it calls nothing, filters nothing, and takes as many steps as it is long.
What is not there is None, whatever stands in its place. Pure.
"""

import re
from dataclasses import dataclass
from typing import Any, Final, Self

MAX_OCTETS: Final = 256
MAX_STEPS: Final = 16

_STEP: Final = re.compile(r"\.?([A-Za-z0-9_@$-]+)|\[(\*|[0-9]{1,4})\]|\[\"([^\"\\]+)\"\]")

Step = str | int | None
"""A key, a place in a list, or None for every element of a list."""


@dataclass(frozen=True, slots=True)
class JsonPath:
    """Steps from the top of a document; no steps: the document itself."""

    text: str
    steps: tuple[Step, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Compile a path: ``.`` for the value itself, ``a.b``, ``a[0]``, ``a[*]``, ``["any key"]``.

        Raises:
            ValueError: It is no path; the text says what is wrong.
        """
        if text == ".":
            return cls(text, ())
        if len(text) > MAX_OCTETS:
            raise ValueError(f"a path has at most {MAX_OCTETS} characters")
        steps: list[Step] = []
        at = 0
        while at < len(text):
            step = _STEP.match(text, at)
            # A dot stands between two steps, so never at the start, and not before a bracket.
            if step is None or (step[1] is not None and (step[0][0] == ".") is (at == 0)):
                raise ValueError(
                    f'{text!r} is no path at character {at + 1}: write "a.b[0].c", "." for the value itself'
                )
            steps.append(_read(step))
            at = step.end()
        if not 0 < len(steps) <= MAX_STEPS:
            raise ValueError(f"a path has 1 to {MAX_STEPS} steps")
        return cls(text, tuple(steps))

    @property
    def is_many(self) -> bool:
        """Whether it can lead to several values."""
        return None in self.steps

    def get(self, document: Any) -> Any:
        """Return the value at a path that is not ``is_many``; None where it leads nowhere."""
        for step in self.steps:
            document = _child(document, step)
        return document

    def rows(self, document: Any) -> list[Any] | None:
        """Return the elements of the list at this path; None where there is no list.

        With ``[*]``, what stands behind it in every element, lists put end to end; an element that lacks it is left
        out.
        """
        found = [document]
        for step in self.steps:
            found = _all(found) if step is None else [_child(one, step) for one in found]
        if self.is_many:
            return _flat(found)
        return found[0] if isinstance(found[0], list) else None


def _read(step: "re.Match[str]") -> Step:
    if step[2] is not None:
        return None if step[2] == "*" else int(step[2])
    return step[1] or step[3]


def _child(value: Any, step: Step) -> Any:
    if isinstance(step, str):
        return value.get(step) if isinstance(value, dict) else None
    if isinstance(step, int) and isinstance(value, list) and step < len(value):
        return value[step]
    return None


def _all(values: list[Any]) -> list[Any]:
    return [element for value in values if isinstance(value, list) for element in value]


def _flat(values: list[Any]) -> list[Any]:
    flat: list[Any] = []
    for value in values:
        if isinstance(value, list):
            flat += value
        elif value is not None:
            flat.append(value)
    return flat
