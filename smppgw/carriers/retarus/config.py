"""The section of one Retarus account in the configuration."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from smppgw.carriers.config import PushedConfig
from smppgw.core.values import Secret

MAX_RECIPIENTS: Final = 3000
"""Recipients of one job (developers.retarus.com, postJob)."""

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


BaseUrl = Annotated[str, AfterValidator(_base_url)]


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
    password: Secret | None = None
    password_file: Path | None = None
    credential: str | None = None
    send_to: SendTo = SendTo.DE2
    base_urls: BaseUrls = BaseUrls()
    max_batch: Annotated[int, Field(ge=1, le=MAX_RECIPIENTS)] = 500
    """Messages per job."""
    billcode: Annotated[str, Field(max_length=70)] | None = None
    inbound_fields: InboundFields = InboundFields()
    express_from: Annotated[int, Field(ge=0, le=255)] | None = None
    """Smallest ``priority_flag`` that is sent as EXPRESS, which costs extra; None: none is."""

    @model_validator(mode="after")
    def _has_password(self) -> Self:
        if self.password is None and self.password_file is None and self.credential is None:
            raise ValueError("one of password_file, credential or password is needed")
        return self
