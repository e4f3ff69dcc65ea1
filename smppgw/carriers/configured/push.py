"""The body of one push, as the configuration reads it: reports about our messages, and texts for us. Pure.

Raises nothing for what comes: what makes no sense is counted, and costs only itself.
"""

import re
from typing import Final

from smppgw.carriers.configured import reports
from smppgw.carriers.configured.document import UNREADABLE, Document, carrier_id, read_form, read_json, scalar
from smppgw.carriers.configured.path import JsonPath
from smppgw.carriers.configured.reports import Reader
from smppgw.carriers.configured.tables import InboundFields, Push, StatusPoll
from smppgw.core.model import BatchId, CarrierRef
from smppgw.core.verdict import Inbound, PushContents, PushedReport

_NUMBER: Final = re.compile(r"(?:\+|00)?([0-9]{5,15})")
_INTERNATIONAL: Final = re.compile(r"(?:\+|00)([1-9][0-9]{6,14})|([1-9][0-9]{9,14})")
_ADDRESS: Final = re.compile(r"[^\x00-\x1f\x7f]{1,40}")


class PushReader:
    """Reads the pushes of one carrier."""

    def __init__(self, push: Push, status: StatusPoll | None) -> None:
        """Take the configuration; words that the push does not explain are those of ``status``."""
        self._push = push
        self._reader: Reader | None = None
        if push.state is not None:
            self._reader = Reader(
                state=push.state,
                states=push.states or (status.states if status else {}),
                error=push.error,
                errors=push.errors or (status.errors if status else {}),
                ended_at=push.ended_at,
                parts=push.parts,
            )

    def read(self, body: bytes, content_type: str) -> PushContents:
        """Read a push: a form where it says that it is one, else JSON."""
        document = read_form(body) if "x-www-form-urlencoded" in content_type.lower() else read_json(body)
        rows = [document] if self._push.rows is None else self._push.rows.rows(document)
        if document is UNREADABLE or rows is None:
            return PushContents(unreadable=1)
        items = [self._row(row) for row in rows]
        return PushContents(
            reports=tuple(item for item in items if isinstance(item, PushedReport)),
            inbound=tuple(item for item in items if isinstance(item, Inbound)),
            unreadable=items.count(None),
        )

    def _row(self, row: Document) -> PushedReport | Inbound | None:
        """Read a row: one that brings a text is inbound, whatever else it has."""
        inbound = self._push.inbound
        if inbound is not None and isinstance(inbound.text.get(row), str):
            return _inbound(row, inbound)
        return None if self._reader is None else self._report(row, self._reader)

    def _report(self, row: Document, reader: Reader) -> PushedReport | None:
        said = reports.read(row, reader)
        batch, ref = _id(row, self._push.batch), _id(row, self._push.ref)
        if said is None or (batch is None and ref is None):
            return None
        number = _NUMBER.fullmatch("" if self._push.recipient is None else scalar(self._push.recipient.get(row)))
        return PushedReport(
            batch=None if batch is None else BatchId(batch),
            ref=None if ref is None else CarrierRef(ref),
            recipient="" if number is None else number[1],
            outcome=said.outcome,
            final=said.final,
            error=said.error,
            detail=said.detail,
            at=said.at,
            parts=said.parts,
            nothing_left=said.nothing_left,
        )


def _inbound(row: Document, fields: InboundFields) -> Inbound | None:
    key, text = carrier_id(fields.key.get(row)), fields.text.get(row)
    sender, destination = (_address(scalar(path.get(row))) for path in (fields.sender, fields.destination))
    if key is None or sender is None or destination is None or not isinstance(text, str):
        return None
    return Inbound(
        key=key,
        sender=sender,
        destination=destination,
        text=text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
        at=reports.read_time(row, fields.at),
    )


def _address(shown: str) -> str | None:
    """Return a number as ``+`` and digits where it is certainly international, else as it is; None: no address."""
    if found := _INTERNATIONAL.fullmatch(shown):
        return f"+{found[1] or found[2]}"
    return shown if _ADDRESS.fullmatch(shown) else None


def _id(row: Document, path: JsonPath | None) -> str | None:
    return None if path is None else carrier_id(path.get(row))
