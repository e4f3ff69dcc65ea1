"""Trying a configured carrier without sending a message: is it reached, and does it know us?

Optional for an adapter. What a probe says is for people; nothing decides anything by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import httpx2 as httpx

from smppgw.carriers.http import Answer, Lost, NotSent, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What harmless calls found out about one place of a carrier."""

    place: str
    """Datacentre or host."""
    reachable: bool
    """Whether the service answered; a refused login is an answer, a broken gateway in front of it is none."""
    authenticated: bool | None
    """Whether it knows the login; None: the answers do not tell."""
    seconds: float
    """Of the first call."""
    words: str
    """What it said, never a credential, a text or a number."""

    @property
    def ok(self) -> bool:
        """Whether nothing speaks against sending there."""
        return self.reachable and self.authenticated is not False


@runtime_checkable
class Probing(Protocol):
    """A carrier that can be tried."""

    async def probe(self) -> Sequence[Probe]:
        """Make harmless calls to every place that messages may go to, bounded in time. Never raises."""


def probe_of(place: str, result: Result, seconds: float, words: str = "") -> Probe:
    """Read one call by its HTTP status; ``words`` is what a success said."""
    reachable = False
    authenticated: bool | None = None
    match result:
        case NotSent(reason):
            words = f"not reached: {reason}"
        case Lost(reason):
            words = f"no answer: {reason}"
        case Answer(status=401 | 403):
            reachable, authenticated, words = True, False, f"http {result.status}: login refused"
        case Answer() if httpx.codes.is_success(result.status):
            reachable, authenticated = True, True
        case Answer():
            words = f"http {result.status}"
    return Probe(place=place, reachable=reachable, authenticated=authenticated, seconds=seconds, words=words)
