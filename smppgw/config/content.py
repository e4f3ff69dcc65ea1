"""``[[content]]``: what texts may not say, and where their links may lead."""

import re
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from smppgw.config.kinds import Class, Names, OneOrMany, Section
from smppgw.config.routes import Status
from smppgw.core.routing.patterns import WILDCARD
from smppgw.core.values import one_or_many

_HOST: Final = re.compile(r"[-\w]{1,63}(?:\.[-\w]{1,63})*")


def _host(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise ValueError(f'{value!r} is no host: write "example.com", which has all its subdomains with it')
    return value.lower()


def _pattern(value: str) -> str:
    if not value.strip(WILDCARD):
        raise ValueError(f"{value!r} fits every text")
    return value


class ContentSection(Section):
    """One rule; it refuses what fits ``text``, and what links to elsewhere than ``links``."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    accounts: Names = ()
    """Whose texts it is about; (): all."""
    traffic_class: Annotated[tuple[Class, ...], OneOrMany] = ()
    """(): all."""
    text: Annotated[tuple[Annotated[str, AfterValidator(_pattern)], ...], BeforeValidator(one_or_many)] = ()
    """``*`` stands for any characters; case makes no difference."""
    links: Annotated[tuple[Annotated[str, AfterValidator(_host)], ...], BeforeValidator(one_or_many)] | None = None
    """Hosts; None: links may lead anywhere, (): there may be none."""
    status: Status | None = None
    """The command_status that refuses; None: ESME_RSUBMITFAIL."""

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.text and self.links is None:
            raise ValueError("refuses nothing: name patterns in text, or hosts in links")
        return self
