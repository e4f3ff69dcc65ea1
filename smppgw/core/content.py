"""Rules about what a text says, and where its links lead. Pure.

Patterns have ``*`` for any characters and are no regular expressions: each is tried in time proportional to the text.
"""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from smppgw.core.links import is_within, linked_hosts
from smppgw.core.model import TrafficClass
from smppgw.core.routing import patterns


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentRule:
    """One rule; it keeps back what fits a pattern, and what links to elsewhere."""

    name: str
    traffic_classes: frozenset[TrafficClass] = frozenset()
    """Whose texts it is about; empty: all."""
    text: Callable[[str], bool] | None = None
    """Tells whether a text, `folded`, may not be sent; None: any may."""
    hosts: frozenset[str] | None = None
    """Where links may lead, in lower case, subdomains included; None: anywhere."""
    status: int | None = None
    """The command_status that refuses; None: the usual one."""


def folded(text: str) -> str:
    """Return a text without the differences that no reader minds: of case, width, and the like."""
    return unicodedata.normalize("NFKC", text).casefold()


def compiled(texts: Iterable[str]) -> Callable[[str], bool]:
    """Return what tells whether a text, `folded`, fits one of these patterns."""
    return patterns.compiled([folded(text) for text in texts])


def offended(rules: Sequence[ContentRule], text: str, traffic_class: TrafficClass) -> ContentRule | None:
    """Return the first rule that keeps a text back."""
    concerned = [rule for rule in rules if not rule.traffic_classes or traffic_class in rule.traffic_classes]
    if not concerned:
        return None
    read = folded(text)
    hosts = linked_hosts(text) if any(rule.hosts is not None for rule in concerned) else ()
    for rule in concerned:
        if rule.text is not None and rule.text(read):
            return rule
        if rule.hosts is not None and not all(is_within(host, rule.hosts) for host in hosts):
            return rule
    return None
