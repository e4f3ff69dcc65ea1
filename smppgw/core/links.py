"""Find what a phone would show as a link. Pure.

A scheme or ``www.`` makes a link of anything; without them a name needs a common top-level domain, of a country or one
of those below, and is none where only a space is missing between two sentences ("Bis morgen.In Eile"). What follows a
host is its own affair. Not found are links that a reader must put together himself ("evil dot com").
"""

import re
import unicodedata
from collections.abc import Collection, Iterator
from typing import Final

from smppgw.core.numbers import is_country

_GENERIC: Final = frozenset({
    "app", "biz", "buzz", "cfd", "click", "club", "com", "dev", "edu", "eu", "fun", "gov", "icu", "info", "life",
    "link", "live", "mobi", "net", "online", "org", "page", "pro", "sbs", "shop", "site", "space", "store", "su",
    "tech", "top", "uk", "vip", "website", "work", "world", "xyz",
})  # fmt: skip
_RUN: Final = re.compile(r"[-!#$%&*+./0-9:=?@A-Z\\_a-z~À-ɏͰ-ӿ]+")
"""Characters of URLs, with the letters of names that are not English: in Chinese no space stands before a link."""
_END_OF_HOST: Final = re.compile(r"[/?#\\]")
_NAME: Final = re.compile(r"(?!-)[-\w]{1,63}(?:\.[-\w]{1,63})+")
_FULL_STOPS: Final = str.maketrans("。｡", "..")


def linked_hosts(text: str) -> list[str]:
    """Return the hosts that a text links to, in lower case; "" for a link whose host cannot be read."""
    shown = unicodedata.normalize("NFKC", text).translate(_FULL_STOPS)
    return [host.lower() for run in _RUN.findall(shown) if "." in run or "://" in run for host in _hosts(run)]


def is_within(host: str, allowed: Collection[str]) -> bool:
    """Whether a host is one of these, or a subdomain of one; all in lower case."""
    while host not in allowed:
        _, dot, host = host.partition(".")
        if not dot:
            return False
    return True


def _hosts(run: str) -> Iterator[str]:
    before, scheme, behind = run.partition("://")
    if scheme and not _END_OF_HOST.search(before):
        yield _authority(behind)
    else:  # none, or one inside the path of another link
        before = run
    for piece in before.split(":"):
        name, path = _split(piece)
        if _is_link(name, path):
            yield name.strip(".")


def _authority(behind: str) -> str:
    """Return the host of what stands behind ``://``: a login and a port are no part of it (RFC 3986, 3.2)."""
    host = _split(behind)[0].rpartition("@")[2].partition(":")[0]
    return host.strip(".!*&=+$%~")


def _split(piece: str) -> tuple[str, str]:
    """Cut a piece where its host ends."""
    end = _END_OF_HOST.search(piece)
    name, path = (piece, "") if end is None else (piece[: end.start()], piece[end.start() :])
    return name.strip(".!*&=+$%~_-"), path


def _is_link(name: str, path: str) -> bool:
    if not _NAME.fullmatch(name):
        return False  # an e-mail address too
    top = name.rpartition(".")[2]
    if name.lower().startswith("www."):
        return True
    return (top.lower() in _GENERIC or is_country(top.upper())) and (len(path) > 1 or not top.istitle())
