"""All that a section of ``type = "http"`` may say: the request, who we are, and the tables of what comes back."""

from typing import Annotated, Literal

from pydantic import Field

from smppgw.carriers.config import PushedConfig
from smppgw.carriers.configured.kinds import MAX_MESSAGES, Headers, Method, SendBody, SendText, SendUrl
from smppgw.carriers.configured.tables import Answer, Ask, Each, KeyIn, LookUp, Push, StatusPoll
from smppgw.core.values import ROTATES, Seconds, Secret


class Section(PushedConfig):
    """One account at a provider that speaks HTTP."""

    type: Literal["http"] = "http"
    url: SendUrl
    method: Method = "POST"
    headers: Headers | None = None
    query: dict[str, SendText] | None = None
    body: SendBody | None = None
    body_type: Literal["json", "form"] = "json"
    charset: Literal["utf-8", "iso-8859-1"] = "utf-8"
    """Of forms and addresses; JSON is always UTF-8."""

    username: Annotated[str, Field(pattern=r"^[^:\x00-\x1f\x7f]+$")] | None = None
    password: Annotated[Secret | None, ROTATES] = None
    token: Annotated[Secret | None, ROTATES] = None
    key: Annotated[Secret | None, ROTATES] = None
    key_in: KeyIn | None = None

    max_messages: Annotated[int, Field(ge=1, le=MAX_MESSAGES)] = 1
    each: Each | None = None
    sender: Annotated[str, Field(max_length=21)] = ""
    """Sender of messages that bring none."""
    max_parts: Annotated[int, Field(ge=1, le=255)] = 255
    longest_validity: Annotated[Seconds, Field(gt=0)] = 48 * 3600.0
    fence_for: Annotated[Seconds, Field(ge=120, le=7 * 86400)] | None = None
    """How long the carrier takes an identical request for the same one; None: it does not."""

    answer: Answer
    status: StatusPoll | None = None
    ends_accepted: bool = False
    """The carrier never tells more: messages end ACCEPTED."""
    lookup: LookUp | None = None
    push: Push | None = None
    probe: Ask | None = None
    """A harmless question for ``smppgw carriers test``; None: a look-up of what never was, where there is one."""
