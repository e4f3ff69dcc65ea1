"""Reads lists of templates: pages of QuerySmsTemplateList, and the file that may stand in for them.

The platform's list is read forgivingly (one odd row must not stop all messages); a file is the operator's own, and
every fault of it is named. May not do I/O but for ``read_template_file``.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from smppgw.carriers.alibaba.matching import TemplateSet
from smppgw.carriers.alibaba.templates import Scene, Template
from smppgw.carriers.http import read_json

MAX_CONTENT: Final = 1000
"""Longest template read, in characters; the platform's own limit is 500."""

_SCENES: Final = frozenset(Scene)
"""What is not among them is for other services: 3 international, 7 digital (multimedia)."""
_PASSED: Final = "AUDIT_STATE_PASS"
_APPROVED: Final = 1


class TemplateRow(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """One row of ``SmsTemplateList`` (QuerySmsTemplateList, 2017-05-25), as far as it matters."""

    template_code: str
    template_content: str
    outer_template_type: int
    audit_status: str = _PASSED
    variable_attribute: str | None = None
    """JSON in a text, of GetSmsTemplate; the list has none, a file may."""


class TemplatePage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of QuerySmsTemplateList."""

    rows: list[msgspec.Raw] = msgspec.field(default_factory=list, name="SmsTemplateList")
    total: int = msgspec.field(default=0, name="TotalCount")


# Not strict: counts and kinds come as numbers and as text.
PAGE: Final = msgspec.json.Decoder(TemplatePage, strict=False)
_ROW: Final = msgspec.json.Decoder(TemplateRow, strict=False)
_ATTRIBUTES: Final = msgspec.json.Decoder(dict[str, str])


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The short form of a row in a file: that of ``smppgw simulate alibaba --templates``."""

    code: str
    type: int
    content: str
    status: int = _APPROVED
    attributes: dict[str, str] = msgspec.field(default_factory=dict)

    def row(self) -> TemplateRow:
        return TemplateRow(
            template_code=self.code,
            template_content=self.content,
            outer_template_type=self.type,
            audit_status=_PASSED if self.status == _APPROVED else "",
            variable_attribute=msgspec.json.encode(self.attributes).decode(),
        )


@dataclass(frozen=True, slots=True)
class TemplateList:
    """All templates of an account for mainland texts; never changes, is replaced as a whole."""

    approved: TemplateSet
    others: TemplateSet
    """In review, refused or cancelled: what would fit one of these is told so."""


class TemplateFileError(ValueError):
    """A template file cannot be used."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(path, fault)
        self.path = path
        self.fault = fault

    def __str__(self) -> str:
        return f"{self.path}: {self.fault}"


def read_template_file(path: Path) -> TemplateList:
    """Read templates from a JSON array of rows, or of ``{"code", "type", "content", "status"?, "attributes"?}``.

    Raises:
        TemplateFileError: It cannot be read, or an entry is faulty; its number is named, counted from 1.
    """
    try:
        entries = msgspec.json.decode(path.read_bytes(), type=list[msgspec.Raw])
    except OSError as error:
        raise TemplateFileError(path, error.strerror or type(error).__name__) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise TemplateFileError(path, f"no JSON array of templates: {error}") from error
    return template_list(_file_row(path, number, entry) for number, entry in enumerate(entries, start=1))


def page_rows(page: TemplatePage) -> Iterator[TemplateRow]:
    """Read the rows of a page; one that cannot be understood is passed over."""
    for raw in page.rows:
        if row := read_json(_ROW, raw):
            yield row


def template_list(rows: Iterable[TemplateRow]) -> TemplateList:
    """Sort out what is for mainland texts, and what of it is approved."""
    mainland = [row for row in rows if row.outer_template_type in _SCENES and len(row.template_content) <= MAX_CONTENT]
    return TemplateList(
        approved=TemplateSet.of(_template(row) for row in mainland if row.audit_status == _PASSED),
        others=TemplateSet.of(_template(row) for row in mainland if row.audit_status != _PASSED),
    )


def read_attributes(text: str | None) -> Mapping[str, str]:
    """Read ``VariableAttribute``, JSON in a text, with a newline at its end in samples; nothing where it is none."""
    return read_json(_ATTRIBUTES, (text or "").encode("utf-8", "replace")) or {}


def _template(row: TemplateRow) -> Template:
    scene = Scene(row.outer_template_type)
    return Template(row.template_code, row.template_content, scene, read_attributes(row.variable_attribute))


def _file_row(path: Path, number: int, entry: msgspec.Raw) -> TemplateRow:
    try:
        row = _either(entry)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise TemplateFileError(path, f"template {number}: {error}") from error
    if len(row.template_content) > MAX_CONTENT:
        raise TemplateFileError(path, f"template {number}: longer than {MAX_CONTENT} characters")
    return row


def _either(entry: msgspec.Raw) -> TemplateRow:
    if "TemplateCode" in msgspec.json.decode(entry, type=dict[str, msgspec.Raw]):
        return _ROW.decode(entry)
    return msgspec.json.decode(entry, type=_Entry).row()
