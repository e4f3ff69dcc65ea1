"""The section of one Retarus account in the configuration."""

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from smppgw.carriers.config import PushedConfig
from smppgw.carriers.retarus.blackout import Window, parse
from smppgw.core.values import BY_ACCOUNT, ROTATES, Secret

MAX_RECIPIENTS: Final = 3000
"""Recipients of one job (developers.retarus.com, postJob)."""

_DAY_MIN: Final = 1440
_BASE_URL: Final = re.compile(r"https?://[^/?#@\s]+(?:/[!-~]*)?")


class SendTo(StrEnum):
    """Where jobs go: a datacentre, or the name that the two share."""

    DE2 = "de2"
    DE1 = "de1"
    EU = "eu"


def _base_url(url: str) -> str:
    if not _BASE_URL.fullmatch(url) or "?" in url or "#" in url:
        raise ValueError('write "https://host/path", without a login, a query or a fragment')
    return url.rstrip("/")


def _login(username: str) -> str:
    if ":" in username or not username.isprintable():
        raise ValueError("a login name has no colon and no control characters (RFC 7617)")
    return username


def _windows(written: object) -> tuple[Window, ...]:
    each = [written] if isinstance(written, str) else written
    if not isinstance(each, list | tuple) or not all(isinstance(one, str) for one in each):
        raise ValueError('write ["20:00-08:00 Europe/Berlin"]')
    windows = tuple(map(parse, each))
    if sum(window.minutes for window in windows) >= _DAY_MIN:
        raise ValueError("together they leave no time of the day")
    return windows


BaseUrl = Annotated[str, AfterValidator(_base_url)]
Billcode = Annotated[str, Field(min_length=1, max_length=70)]
Windows = Annotated[tuple[Window, ...], BeforeValidator(_windows)]


class BaseUrls(BaseModel):
    """Where the three hosts are; a test points them at a simulator."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    de2: BaseUrl = "https://sms4a.de2.retarus.com/rest/v1"
    de1: BaseUrl = "https://sms4a.de1.retarus.com/rest/v1"
    eu: BaseUrl = "https://sms4a.eu.retarus.com/rest/v1"


class InboundFields(BaseModel):
    """What the parts of an inbound text are called in its push (docs.retarus.com, SMS to applications)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = "smsId"
    time: str = "storeTs"
    sender: str = "src"
    destination: str = "dst"
    text: str = "text"


class RetarusConfig(PushedConfig):
    """One login (EAS "Login ID") at Retarus."""

    type: Literal["retarus"] = "retarus"
    username: Annotated[str, Field(min_length=1), AfterValidator(_login)]
    password: Annotated[Secret | None, ROTATES] = None
    password_file: Path | None = None
    credential: str | None = None
    send_to: SendTo = SendTo.DE2
    base_urls: BaseUrls = BaseUrls()
    max_batch: Annotated[int, Field(ge=1, le=MAX_RECIPIENTS)] = 500
    """Messages per job."""
    billcode: Billcode | None = None
    billcodes: Annotated[Mapping[str, Billcode], BY_ACCOUNT] = {}
    """By account; the others have ``billcode``."""
    blackout: Annotated[Mapping[str, Windows], BY_ACCOUNT] = {}
    """By account: when nothing is delivered."""
    inbound_fields: InboundFields = InboundFields()
    express_from: Annotated[int, Field(ge=0, le=255)] | None = None
    """Smallest ``priority_flag`` that is sent as EXPRESS, which costs extra; None: none is."""

    @model_validator(mode="after")
    def _has_password(self) -> Self:
        if self.password is None and self.password_file is None and self.credential is None:
            raise ValueError("one of password_file, credential or password is needed")
        return self
