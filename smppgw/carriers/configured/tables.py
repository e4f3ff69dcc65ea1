"""The tables of a section of ``type = "http"``: what an answer, a status, a look-up and a push are like.

``docs/HTTP_CARRIER.md`` explains each key to operators. A model only holds values; what they say together is held
against each other in ``checks``.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from smppgw.carriers.configured.kinds import (
    MAX_MESSAGES,
    AskBody,
    AskText,
    AskUrl,
    Error,
    Headers,
    ManyPath,
    MatchText,
    Method,
    Name,
    OnePath,
    SendBody,
    State,
    Status,
    StatusVerdict,
    Success,
    Verdict,
)
from smppgw.core.values import Seconds


class Table(BaseModel):
    """A table of the section."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Each(Table):
    """One element of the body per message."""

    at: OnePath
    """Where the list stands in the body; ``.``: the body is the list."""
    item: SendBody


class KeyIn(Table):
    """Where ``key`` goes: exactly one of the three."""

    header: Name | None = None
    query: str | None = None
    body: str | None = None
    prefix: str = ""
    """What stands before it, in a header."""


class AnswerRows(Table):
    """Where an answer to a request that sends speaks of messages one by one."""

    at: ManyPath
    """The list."""
    where: OnePath | None = None
    """What tells the message, in a row; None: the rows stand in the order of the messages."""
    equals: MatchText | None = None
    """What ``where`` is for a message."""
    id: OnePath | None = None
    parts: OnePath | None = None
    code: OnePath | None = None
    codes: dict[str, Verdict] = {}


class AskRows(Table):
    """Where an answer to a question speaks of messages one by one."""

    at: ManyPath
    where: OnePath
    equals: AskText


class Answer(Table):
    """What an answer to a request that sends means."""

    success: tuple[Success, ...] = (200, 201, 202)
    """HTTP statuses of answers that may be an acceptance."""
    format: Literal["json", "text"] = "json"
    separators: Annotated[str, Field(min_length=1, max_length=16)] = " "
    """What divides the words of a text."""
    id: OnePath | None = None
    """The carrier's own id: of the message, or of the whole call."""
    id_header: Name | None = None
    """A header with it, instead."""
    parts: OnePath | None = None
    """Billed parts."""
    code: OnePath | None = None
    codes: dict[str, Verdict] = {}
    statuses: dict[Status, StatusVerdict] = {}
    """HTTP statuses that mean something else than usual; "code": the codes decide."""
    rows: AnswerRows | None = None


class Reading(Table):
    """Where a status says what became of a message, and in which words."""

    state: OnePath
    states: Annotated[dict[str, State], Field(min_length=1)]
    error: OnePath | None = None
    errors: dict[str, Error] = {}
    ended_at: OnePath | None = None
    parts: OnePath | None = None


class Ask(Table):
    """A request that asks."""

    url: AskUrl
    method: Method = "GET"
    headers: Headers = {}
    query: dict[str, AskText] = {}
    body: AskBody | None = None
    body_type: Literal["json", "form"] = "json"


class StatusPoll(Ask, Reading):
    """How the outcome is asked for."""

    max_messages: Annotated[int, Field(ge=1, le=MAX_MESSAGES)] = 100
    """Ids in one question, where it asks for ``{refs}``."""
    rows: AskRows | None = None


class LookUp(Ask):
    """How it is asked whether a doubtful call was taken."""

    id: OnePath | None = None
    absent: tuple[Status, ...] = ()
    """HTTP statuses that prove that it was not."""
    rows: AskRows | None = None


class InboundFields(Table):
    """Where a push brings a text that somebody sent to us."""

    key: OnePath
    sender: OnePath
    destination: OnePath
    text: OnePath
    at: OnePath | None = None


class Push(Table):
    """What the carrier tells by calls of its own."""

    rows: ManyPath | None = None
    """The list of reports; None: a push is one report."""
    batch: OnePath | None = None
    ref: OnePath | None = None
    recipient: OnePath | None = None
    state: OnePath | None = None
    states: dict[str, State] = {}
    """Empty: those of ``status``; ``errors`` too."""
    error: OnePath | None = None
    errors: dict[str, Error] = {}
    ended_at: OnePath | None = None
    parts: OnePath | None = None
    inbound: InboundFields | None = None
    wait: Annotated[Seconds, Field(gt=0)] = 3600.0
    """How long a doubt that no look-up can resolve waits for a push; of effect with ``batch``."""
    reply: Annotated[str, Field(pattern=r"^[ -~]{0,200}$")] = "OK"
    """What the pusher wants to hear, with HTTP 200."""
