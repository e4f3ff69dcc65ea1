"""What the variables of each template take: the lists do not tell, GetSmsTemplate does, one template at a time.

A value that the platform would refuse is then refused before it spoils a batch. Nothing waits for it: what is not known
yet is simply not checked. Source: help.aliyun.com GetSmsTemplate (2017-05-25), ``VariableAttribute``.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import msgspec

from smppgw.carriers.alibaba.api import Api
from smppgw.carriers.alibaba.matching import TemplateSet
from smppgw.carriers.alibaba.template_rows import read_attributes
from smppgw.carriers.alibaba.templates import Template
from smppgw.carriers.http import Operation


class _Details(msgspec.Struct, frozen=True, rename="pascal"):
    variable_attribute: str | None = None


_DETAILS: Final = msgspec.json.Decoder(_Details)


class Variables:
    """Remembers the attributes of one account's templates."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: dict[str, tuple[str, Mapping[str, str]]] = {}
        """By code, the content they are for, and the attributes."""

    def applied(self, templates: TemplateSet) -> TemplateSet:
        """Return the templates with what is known of their variables."""
        return TemplateSet.of(map(self._applied, templates.templates))

    async def learn(self, templates: TemplateSet) -> bool:
        """Ask for what is not known, until the platform refuses; return whether anything was learnt."""
        learnt = False
        for template in templates.templates:
            if not template.names or self._is_known(template):
                continue
            details = await self._api.ask(
                Operation.TEMPLATES, "GetSmsTemplate", {"TemplateCode": template.code}, _DETAILS
            )
            if not isinstance(details, _Details):
                break
            attributes = read_attributes(details.variable_attribute)
            self._known[template.code] = (template.content, attributes)
            learnt = learnt or bool(attributes)
        return learnt

    def _is_known(self, template: Template) -> bool:
        return template.code in self._known and self._known[template.code][0] == template.content

    def _applied(self, template: Template) -> Template:
        if not self._is_known(template):
            return template
        return replace(template, attributes=self._known[template.code][1])
