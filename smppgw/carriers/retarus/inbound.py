"""Inbound texts that Retarus pushes ("SMS to applications"): XML by default, JSON or a form where it is so configured.

The fields are documented, what is around them is not: so they are found by their names, wherever they stand, and the
names can be configured. XML with a document type is refused at its first octets: entities could not even be declared.
Source: docs.retarus.com, sms-to-applications.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl
from xml.parsers import expat

import msgspec

from smppgw.carriers.base import PushAnswer
from smppgw.carriers.http import read_json
from smppgw.carriers.retarus.config import InboundFields
from smppgw.core.verdict import Inbound, PushContents

ANSWER: Final = PushAnswer("text/plain", b"OK")
"""Which answer is expected is not documented; HTTP 200 is what every pusher takes for success."""

Record = Mapping[str, str]
"""The fields of one text by their names in small letters."""

_JSON: Final = msgspec.json.Decoder()
_INTERNATIONAL: Final = re.compile(r"(?:\+|00)([1-9][0-9]{6,14})|([1-9][0-9]{9,14})")
_ADDRESS: Final = re.compile(r"[ -~]{1,20}")


def read(body: bytes, content_type: str, fields: InboundFields) -> PushContents:
    """Read the texts of a body."""
    names = frozenset(name.lower() for name in fields.model_dump().values())
    try:
        texts = [_inbound(record, fields) for record in _records(body, content_type.lower(), names)]
    except (expat.ExpatError, _RefusedError, ValueError, LookupError, RecursionError):
        texts = [None]
    return PushContents(inbound=tuple(text for text in texts if text), unreadable=texts.count(None))


def _inbound(record: Record, fields: InboundFields) -> Inbound | None:
    def field(name: str) -> str:
        return record.get(name.lower(), "")

    key, sender, destination = field(fields.id), _address(field(fields.sender)), _address(field(fields.destination))
    if not key or sender is None or destination is None or fields.text.lower() not in record:
        return None
    return Inbound(
        key=key, sender=sender, destination=destination, text=field(fields.text), at=_instant(field(fields.time))
    )


def _address(shown: str) -> str | None:
    """Return a number as ``+`` and digits where it is certainly international, else as it is; None: no address."""
    if found := _INTERNATIONAL.fullmatch(shown.replace(" ", "")):
        return f"+{found[1] or found[2]}"
    return shown if _ADDRESS.fullmatch(shown) else None


def _instant(text: str) -> float | None:
    try:
        date = datetime.fromisoformat(text)
        return date.replace(tzinfo=date.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None


# --- the three forms --------------------------------------------------------------------------------------------------


def _records(body: bytes, content_type: str, names: frozenset[str]) -> Iterable[Record]:
    """Return the records of a body: at least one, even if there is nothing in it."""
    found: Sequence[Record]
    if "json" in content_type:
        found = _from_json(read_json(_JSON, body), names)
    elif "x-www-form-urlencoded" in content_type:
        pairs = parse_qsl(body.decode(), keep_blank_values=True)
        found = [{name.lower(): value for name, value in pairs if name.lower() in names}]
    else:
        found = _from_xml(body, names)
    return [record for record in found if record] or [{}]


def _from_json(value: Any, names: frozenset[str]) -> Sequence[Record]:
    """Return what objects hold, the outer before the inner: texts and whole numbers."""
    if isinstance(value, list):
        return [record for item in value for record in _from_json(item, names)]
    if not isinstance(value, dict):
        return []
    plain = {
        name.lower(): str(item)
        for name, item in value.items()
        if name.lower() in names and isinstance(item, str | int) and not isinstance(item, bool)
    }
    return [plain, *_from_json(list(value.values()), names)]


class _RefusedError(Exception):
    """The document may not be read."""


class _Elements:
    """Collects the texts of the elements, and the attributes, of these names, with or without a prefix.

    A name that comes again begins the next record.
    """

    def __init__(self, names: frozenset[str]) -> None:
        self.records: list[dict[str, str]] = [{}]
        self._names = names
        self._text: list[str] = []

    def start(self, _name: str, attributes: Mapping[str, str]) -> None:
        self._text = []
        for name, value in attributes.items():
            self._put(name, value)

    def data(self, text: str) -> None:
        self._text.append(text)

    def end(self, name: str) -> None:
        self._put(name, "".join(self._text))
        self._text = []

    def _put(self, name: str, value: str) -> None:
        plain = name.rpartition(":")[2].lower()
        if plain not in self._names:
            return
        if plain in self.records[-1]:
            self.records.append({})
        self.records[-1][plain] = value


def _from_xml(body: bytes, names: frozenset[str]) -> Sequence[Record]:
    elements = _Elements(names)
    parser = expat.ParserCreate()
    parser.StartElementHandler = elements.start
    parser.CharacterDataHandler = elements.data
    parser.EndElementHandler = elements.end
    parser.StartDoctypeDeclHandler = _refuse
    parser.Parse(body, True)
    return elements.records


def _refuse(*_declaration: object) -> None:
    raise _RefusedError
