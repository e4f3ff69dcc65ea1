"""Trying the datacentres of Retarus: the version says that somebody is there, an empty list that he knows us.

Nobody documents whether ``/version`` looks at the login, so a list of jobs is asked for beside it: of one second, as
the call is slow. The shared name sends only, so there the version has to do.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec

from smppgw.carriers.http import Answer, Operation, read_json
from smppgw.carriers.probing import Probe, probe_of
from smppgw.carriers.retarus.centers import Api
from smppgw.carriers.retarus.config import SendTo
from smppgw.carriers.retarus.lookup import list_path
from smppgw.carriers.retarus.reach import Center


class _Version(msgspec.Struct, rename="camel"):
    major_version: int
    minor_version: int
    build_number: int


_VERSION: Final = msgspec.json.Decoder(_Version)


async def probe(api: Api, centers: Sequence[Center], now: float) -> list[Probe]:
    """Try each of the datacentres, all at once; takes twice a look-up at most."""
    return await asyncio.gather(*(_probe(api, center, now) for center in centers))


async def _probe(api: Api, center: Center, now: float) -> Probe:
    result, seconds = await api.fetch(center, "/version", Operation.VERSION)
    found = probe_of(center.name.value, result, seconds, _words(result) if isinstance(result, Answer) else "")
    if center.name is SendTo.EU:
        return replace(found, authenticated=None) if found.authenticated else found
    if not found.ok:
        return found
    listed, _ = await api.fetch(center, list_path(now - 1, now, is_open="true", limit=1), Operation.LOOKUP)
    login = probe_of(found.place, listed, 0.0)
    if login.authenticated:
        return replace(found, authenticated=True)
    return replace(found, authenticated=login.authenticated, words=f"{found.words}; list of jobs: {login.words}")


def _words(answer: Answer) -> str:
    version = read_json(_VERSION, answer.body)
    if version is None:
        return "answers, without a version"
    return f"version {version.major_version}.{version.minor_version}, build {version.build_number}"
