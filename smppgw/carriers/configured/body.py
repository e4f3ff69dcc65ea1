"""The body of a request as the configuration has it: constant structure with placeholders in its texts. Pure.

A value never becomes structure: it is put into a leaf, and the whole is encoded as JSON or as a form at the end.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from smppgw.carriers.configured.path import JsonPath, Step
from smppgw.carriers.configured.template import Hole, Template, Values, Vocabulary, written

Place = tuple[str | int, ...]
"""Where something stands in the configuration."""
Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class PerMessage:
    """A list with one element per message."""

    item: "Node"


Node = Template | PerMessage | Mapping[str, Any] | tuple[Any, ...] | str | int | float | bool
"""A body, or a part of it: tables and lists of nodes, down to templates and constants."""


class BodyFaults(ValueError):  # noqa: N818 # several faults of the operator's file, not one error of ours
    """A body cannot be compiled.

    Attributes:
        faults: Where and why, at least one.
    """

    def __init__(self, faults: Sequence[tuple[Place, str]]) -> None:
        super().__init__(faults)
        self.faults = faults


class _Nothing(Enum):
    LEFT_OUT = "left out"


_LEFT_OUT: Final = _Nothing.LEFT_OUT


def compile_body(raw: object, vocabulary: Vocabulary) -> Node:
    """Compile a body.

    Raises:
        BodyFaults: Some of its texts are no templates, or it holds what JSON has not.
    """
    faults: list[tuple[Place, str]] = []
    node = _compiled(raw, vocabulary, (), faults)
    if faults:
        raise BodyFaults(faults)
    return node


def _compiled(raw: object, vocabulary: Vocabulary, place: Place, faults: list[tuple[Place, str]]) -> Node:
    match raw:
        case dict():
            return {key: _compiled(value, vocabulary, (*place, key), faults) for key, value in raw.items()}
        case list():
            return tuple(_compiled(value, vocabulary, (*place, at), faults) for at, value in enumerate(raw))
        case str():
            try:
                template = Template.parse(raw, vocabulary)
            except ValueError as fault:
                faults.append((place, str(fault)))
                return raw
            return template if template.names else template.text(_no_values)
        case bool() | int():
            return raw
        case float() if math.isfinite(raw):
            return raw
    faults.append((place, "should be a text, a number, true or false, a list or a table"))
    return ""


def _no_values(name: str) -> str:
    raise KeyError(name)


def with_each(node: Node | None, at: JsonPath, item: Node) -> Node:
    """Put a list with one ``item`` per message into a body.

    Raises:
        ValueError: Something else is there already, or the path does not lead through tables.
    """
    if not at.steps:
        if node:
            raise ValueError("the body has something else at its top")
        return PerMessage(item)
    return _put({} if node is None else node, at.steps, PerMessage(item))


def _put(node: Node, steps: tuple[Step, ...], each: PerMessage) -> Node:
    key, *rest = steps
    if not isinstance(node, Mapping) or not isinstance(key, str):
        raise ValueError("should lead through tables of the body")
    if not rest:
        if key in node:
            raise ValueError("the body has something else there")
        return {**node, key: each}
    return {**node, key: _put(node.get(key, {}), tuple(rest), each)}


def templates(node: Node | None) -> list[Template]:
    """Return the templates of a body that speak of the call as a whole: not those of ``PerMessage``."""
    match node:
        case Template():
            return [node]
        case Mapping():
            return [found for child in node.values() for found in templates(child)]
        case tuple():
            return [found for child in node for found in templates(child)]
        case _:
            return []


def fill(node: Node, whole: Values, each: Sequence[Values]) -> Any:
    """Return the document: ``whole`` speaks of the call, ``each`` of its messages in their order."""
    filled = _filled(node, whole, each)
    return {} if filled is _LEFT_OUT else filled


def _filled(node: Node, whole: Values, each: Sequence[Values]) -> Any:
    """Fill a node in; a member of a table or a list is left out where all its placeholders are empty."""
    match node:
        case Template():
            value = node.value(whole)
            return _LEFT_OUT if value is None else list(value) if isinstance(value, tuple) else value
        case PerMessage(item):
            return [fill(item, values, ()) for values in each]
        case Mapping():
            members = {key: _filled(child, whole, each) for key, child in node.items()}
            kept = {key: value for key, value in members.items() if value is not _LEFT_OUT}
            return kept if kept or not members else _LEFT_OUT
        case tuple():
            return [value for child in node if (value := _filled(child, whole, each)) is not _LEFT_OUT]
        case _:
            return node


def fields(node: Mapping[str, Any], whole: Values) -> Pairs:
    """Return the fields of a flat body, or of a query: a list that stands alone comes as several of one name."""
    pairs: Pairs = []
    for name, child in node.items():
        value = child.value(whole) if isinstance(child, Template) else child
        if isinstance(value, tuple):
            pairs += [(name, one) for one in value]
        elif value is not None:
            pairs.append((name, written(value)))
    return pairs


def is_flat(node: Node) -> bool:
    """Say whether a body can be written as a form."""
    return isinstance(node, Mapping) and not any(
        isinstance(child, Mapping | tuple | PerMessage) for child in node.values()
    )


def find(node: Node, name: str) -> tuple[tuple[Step, ...], Hole] | None:
    """Say where in a document the values of a placeholder will stand that is the whole of a text."""
    match node:
        case Template():
            return ((), node.only) if node.only is not None and node.only.name == name else None
        case PerMessage(item):
            return _under(None, find(item, name))
        case Mapping():
            return next((found for key, child in node.items() if (found := _under(key, find(child, name)))), None)
        case tuple():
            return next((found for child in node if (found := _under(None, find(child, name)))), None)
        case _:
            return None


def _under(step: Step, found: tuple[tuple[Step, ...], Hole] | None) -> tuple[tuple[Step, ...], Hole] | None:
    return None if found is None else ((step, *found[0]), found[1])
