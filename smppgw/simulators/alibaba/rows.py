"""One row of `GET /_sim/messages`, and how both services put theirs together."""

from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

_PIECE = 500
"""Rows encoded at a time."""


class Row(msgspec.Struct, gc=False, kw_only=True):
    """One recipient of one accepted call."""

    ref: str
    """BizId or MessageId."""
    to: str
    """E.164 with its plus, whatever the service wants on the wire."""
    sender: str = msgspec.field(name="from")
    """Signature or sender id."""
    text: str
    """Without the signature in its brackets."""
    parts: int
    billed_parts: int
    """What the bill has of it in the end."""
    our_ref: None = None
    batch_ref: str | None
    """OutId or TaskId."""
    template: str | None = None
    accepted_at: float
    datacenter: str
    """The service: `mainland` or `international`."""


def pieces(rows: Iterable[Row]) -> Iterator[bytes]:
    """JSON rows joined by commas, some at a time."""
    remaining = iter(rows)
    while piece := list(islice(remaining, _PIECE)):
        yield msgspec.json.encode(piece)[1:-1]
