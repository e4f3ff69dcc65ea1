"""Texts with placeholders, such as ``{recipient}``, ``{flash?1:0}`` or ``{recipients:,}``, compiled once.

The values are data: they are never read as templates, and what puts a text into a URL, a form or JSON escapes it there.
A brace that is meant is written twice. Pure.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Self

Value = str | int | bool | tuple[str, ...]
Values = Callable[[str], Value]
"""The value of each placeholder, by name."""


class Kind(Enum):
    """What the value of a placeholder is."""

    TEXT = "text"
    DIGITS = "text of digits"
    NUMBER = "number"
    FLAG = "flag"
    LIST = "list"
    """Of texts."""


Vocabulary = Mapping[str, Kind]
"""The placeholders that there are in one place."""

_FORMS: Final[Mapping[Kind, set[str]]] = {
    Kind.TEXT: {"hex"},
    Kind.DIGITS: {"number"},
    Kind.NUMBER: {"text"},
    Kind.FLAG: set(),
}
"""How a value can be written beside as it is; a list takes any separator."""

_TOKEN: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_HOLE: Final = re.compile(r"([a-z_]+)(?::([^?]+)|\?([^:?]*):([^:?]*))?")


@dataclass(frozen=True, slots=True)
class Hole:
    """One placeholder of a template."""

    name: str
    form: str = ""
    """How the value is written; the separator of a list; "" for as it is."""
    choice: tuple[str, str] | None = None
    """What stands for true and for false."""

    def fill(self, values: Values) -> Value:
        """Return the value, in the form that is asked for."""
        value = values(self.name)
        if self.choice is not None:
            return self.choice[0] if value else self.choice[1]
        if isinstance(value, tuple):
            return self.form.join(value) if self.form else value
        match self.form:
            case "hex":
                return str(value).encode("utf-16-be").hex().upper()
            case "number":
                return int(value)
            case "text":
                return str(value)
            case _:
                return value


@dataclass(frozen=True, slots=True)
class Template:
    """A text with holes in it."""

    parts: tuple[str | Hole, ...]

    @classmethod
    def parse(cls, text: str, vocabulary: Vocabulary) -> Self:
        """Compile a text.

        Args:
            text: With placeholders of the vocabulary.
            vocabulary: Those that have a value where this text stands.

        Raises:
            ValueError: A placeholder is unknown, or cannot be written so; the text says which.
        """
        parts: list[str | Hole] = []
        at = 0
        for token in _TOKEN.finditer(text):
            parts.append(text[at : token.start()])
            parts.append(_part(token, vocabulary))
            at = token.end()
        parts.append(text[at:])
        template = cls(tuple(_joined(parts)))
        if len(template.parts) > 1 and any(
            vocabulary[hole.name] is Kind.LIST and not hole.form for hole in template.holes
        ):
            raise ValueError("a list stands alone, or is joined: write {recipients:,}")
        return template

    @property
    def holes(self) -> tuple[Hole, ...]:
        """Its placeholders."""
        return tuple(part for part in self.parts if isinstance(part, Hole))

    @property
    def names(self) -> frozenset[str]:
        """Names of its placeholders."""
        return frozenset(hole.name for hole in self.holes)

    @property
    def only(self) -> Hole | None:
        """The placeholder that it consists of, if it is nothing else."""
        return self.parts[0] if len(self.parts) == 1 and isinstance(self.parts[0], Hole) else None

    def value(self, values: Values) -> Value | None:
        """Fill it in; a lone placeholder keeps its kind. None: all its placeholders are empty, so it is left out."""
        filled = [part if isinstance(part, str) else part.fill(values) for part in self.parts]
        holes = [value for value, part in zip(filled, self.parts, strict=True) if isinstance(part, Hole)]
        if holes and all(value in ("", ()) for value in holes):
            return None
        return filled[0] if len(filled) == 1 else "".join(map(written, filled))

    def text(self, values: Values) -> str:
        """Fill it in as a text; "" where it is left out."""
        value = self.value(values)
        return "" if value is None else written(value)


def written(value: Value) -> str:
    """Write a single value as a text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _part(token: "re.Match[str]", vocabulary: Vocabulary) -> str | Hole:
    if token[0] in {"{{", "}}"}:
        return token[0][0]
    if token[1] is None:
        raise ValueError(f"a {token[0]} stands alone: write it twice where it is meant")
    hole = _HOLE.fullmatch(token[1])
    if hole is None or hole[1] not in vocabulary:
        raise ValueError(f"{token[0]} is no placeholder here{_hint(token[1], vocabulary)}")
    choice = None if hole[3] is None else (hole[3], hole[4])
    _check(hole[1], hole[2] or "", choice, vocabulary[hole[1]])
    return Hole(hole[1], hole[2] or "", choice)


def _check(name: str, form: str, choice: tuple[str, str] | None, kind: Kind) -> None:
    """Hold what is asked of a placeholder against its kind."""
    if choice is not None and kind is not Kind.FLAG:
        raise ValueError(f"{{{name}?...}} cannot choose: {name} is a {kind.value}, not a flag")
    allowed = _FORMS.get(kind, {form})
    if form and form not in allowed:
        known = ", ".join(f"{{{name}:{one}}}" for one in sorted(allowed)) or f"{{{name}?yes:no}}"
        raise ValueError(f"{{{name}:{form}}} is no form of a {kind.value}: there is {known}")


def _hint(word: str, vocabulary: Vocabulary) -> str:
    name = re.split("[:?]", word)[0]
    if close := difflib.get_close_matches(name, vocabulary, n=1):
        return f": did you mean {{{close[0]}}}?"
    return ": " + " ".join(f"{{{name}}}" for name in vocabulary) if len(vocabulary) <= 8 else ""


def _joined(parts: list[str | Hole]) -> list[str | Hole]:
    """Put neighbouring texts together, and leave empty ones out."""
    joined: list[str | Hole] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    return joined
