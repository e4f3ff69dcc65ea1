"""Trying an account at Alibaba Cloud: a question that changes nothing, whose answer shows that the signature was taken.

The gateway in front of the service judges key and signature before the service sees a call, so any answer of the
service itself proves the login: one template of the list, or that there is no such message.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import httpx2 as httpx

from smppgw.carriers.alibaba.api import Api, Reply
from smppgw.carriers.alibaba.codes import Kind, Refusal
from smppgw.carriers.http import Operation, redact
from smppgw.carriers.probing import Probe, probe_of

Question = tuple[Operation, str, Mapping[str, str]]

ONE_TEMPLATE: Final[Question] = (Operation.TEMPLATES, "QuerySmsTemplateList", {"PageIndex": "1", "PageSize": "1"})
NO_MESSAGE: Final[Question] = (Operation.STATUS, "QueryMessage", {"MessageId": "0"})


async def probe(api: Api, endpoint: str, question: Question, meaning: Callable[[str], Refusal | None]) -> list[Probe]:
    """Fetch the key where it is not fixed, and ask one question; never raises."""
    await api.ready()
    result, seconds = await api.fetch(*question)
    place = httpx.URL(endpoint).host
    if not isinstance(result, Reply):
        return [probe_of(place, result, seconds)]
    found = probe_of(place, result.answer, seconds, "answers, but not as the service does")
    if result.code is None:
        # A page of somebody in between is no success, whatever its status.
        return [replace(found, reachable=False, authenticated=None) if found.authenticated else found]
    code = meaning(result.code)
    kind = None if code is None else code.kind
    return [
        replace(
            found,
            reachable=kind is not Kind.AMBIGUOUS,
            authenticated=False if kind is Kind.ACCOUNT else found.authenticated,
            words=redact(result.code),
        )
    ]
