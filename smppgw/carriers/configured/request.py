"""One kind of request, compiled: its URL, its query and its body, to be filled in. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import parse_qsl, quote, urlencode

import msgspec

from smppgw.carriers.configured import body as bodies
from smppgw.carriers.configured.body import Node
from smppgw.carriers.configured.document import UNREADABLE, read_json
from smppgw.carriers.configured.path import JsonPath
from smppgw.carriers.configured.template import Hole, Template, Values, Vocabulary, written

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"

_URL: Final = re.compile(r"(https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?)(/.*)?", re.DOTALL)
_TARGET: Final = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]*")
"""What a path with its query is made of (RFC 3986, 3.3 and 3.4)."""
_MAX_PORT: Final = 65535
_LOCAL: Final = re.compile(r"http://(?:localhost|127\.[0-9.]+|\[::1\])(?::[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Url:
    """An address with placeholders behind the host."""

    host: str
    """Scheme and authority, in small letters, without a port that goes without saying."""
    target: Template
    """Path and query."""

    @classmethod
    def parse(cls, text: str, vocabulary: Vocabulary) -> Self:
        """Compile an address.

        Raises:
            ValueError: It is none, or a placeholder is wrong.
        """
        found = _URL.fullmatch(text)
        if found is None or int(found[2] or 0) > _MAX_PORT:
            raise ValueError('write "https://host/path", without a login; placeholders stand in the path or behind it')
        target = Template.parse(found[3] or "/", vocabulary)
        if not all(_TARGET.fullmatch(part) for part in target.parts if isinstance(part, str)):
            raise ValueError("a path has letters, digits and some signs, and no fragment: write others as %XX")
        if any(vocabulary[hole.name].value == "list" and not hole.form for hole in target.holes):
            raise ValueError("a list in an address is joined: write {refs:,}")
        host = found[1].lower()
        return cls(host.removesuffix(":443" if host.startswith("https:") else ":80"), target)

    @property
    def is_private(self) -> bool:
        """Whether nobody on the way can read what is sent there: TLS, or this machine."""
        return self.host.startswith("https:") or _LOCAL.fullmatch(self.host) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A request, complete but for its headers and for who we are."""

    host: str
    target: str
    content_type: str | None
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a kind of request is like."""

    url: Url
    query: Mapping[str, Template]
    body: Node | None
    is_json: bool
    charset: str
    """Of the URL and of a form; JSON is always UTF-8."""

    @property
    def whole(self) -> frozenset[str]:
        """Names of the placeholders that speak of the call as a whole."""
        templates = [self.url.target, *self.query.values(), *bodies.templates(self.body)]
        return frozenset(name for template in templates for name in template.names)

    def write(self, whole: Values, each: Sequence[Values] = ()) -> Written:
        """Fill it in; ``whole`` speaks of the call, ``each`` of its messages in their order."""
        return Written(
            host=self.url.host,
            target=self._target(whole),
            content_type=None if self.body is None else JSON if self.is_json else FORM,
            body=b"" if self.body is None else self._body(self.body, whole, each),
        )

    def _target(self, whole: Values) -> str:
        target = "".join(
            part if isinstance(part, str) else quote(written(part.fill(whole)), safe="", encoding=self.charset)
            for part in self.url.target.parts
        )
        return with_query(target, bodies.fields(self.query, whole), self.charset)

    def _body(self, body: Node, whole: Values, each: Sequence[Values]) -> bytes:
        if self.is_json:
            return msgspec.json.encode(bodies.fill(body, whole, each))
        if not isinstance(body, Mapping):
            raise TypeError("a form is a table")
        return urlencode(bodies.fields(body, whole), encoding=self.charset).encode("ascii")

    def places(self, name: str) -> "Places | None":
        """Say where the values of a placeholder can be read back from what was written; None: nowhere."""
        if self.body is not None and (found := bodies.find(self.body, name)):
            steps, hole = found
            return Places(None if self.is_json else str(steps[0]), JsonPath("", steps), hole, self.charset)
        for key, template in self.query.items():
            if template.only is not None and template.only.name == name:
                return Places(key, None, template.only, self.charset)
        return None


@dataclass(frozen=True, slots=True)
class Places:
    """Where the values of one placeholder stand in a written request."""

    field: str | None
    """Name of the field, in a form or a query."""
    path: JsonPath | None
    """In a body; None: in the query."""
    hole: Hole
    charset: str

    def read(self, target: str, body: bytes) -> list[str]:
        """Read them back, in their order."""
        if self.field is None:
            found = self._from_json(body)
        else:
            text = target.partition("?")[2] if self.path is None else body.decode("ascii")
            pairs = parse_qsl(text, keep_blank_values=True, encoding=self.charset)
            found = [value for name, value in pairs if name == self.field]
        if self.hole.form and self.hole.form != "number":
            return [one for value in found for one in value.split(self.hole.form)]
        return found

    def _from_json(self, body: bytes) -> list[str]:
        document = read_json(body)
        if document is UNREADABLE or self.path is None:
            return []
        rows: Any = self.path.rows(document) if self.path.is_many else self.path.get(document)
        return [str(value) for value in (rows if isinstance(rows, list) else [rows])]


def with_query(target: str, pairs: bodies.Pairs, charset: str = "utf-8") -> str:
    """Return a path with more fields in its query."""
    if not pairs:
        return target
    joint = "" if target.endswith(("?", "&")) else "&" if "?" in target else "?"
    return target + joint + urlencode(pairs, quote_via=quote, safe="", encoding=charset)
