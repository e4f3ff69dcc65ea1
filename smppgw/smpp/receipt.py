"""Delivery receipts: the text every ESME parses by its own old rules, and the TLVs of 3.4 beside it.

The specification only proposes the text (SMPP 3.4, appendix B), so its variants are values: `dialects`. Rendering lies
on the way of every message: it may not raise on what a peer wrote, nor let that change the shape of the text.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from smppgw.smpp import tlv
from smppgw.smpp.consts import MessageState, Tag
from smppgw.smpp.dialects import DIALECTS, TEXT_CHARACTERS, DateFormat, Dialect, id_in_text
from smppgw.smpp.tlv import Tlvs

__all__ = [
    "DIALECTS", "STATES", "STATS", "TEXT_CHARACTERS", "DateFormat", "Dialect", "Receipt", "Stat", "parse", "render",
    "tlvs",
]  # fmt: skip

_NETWORK_TYPE_GSM: Final = 3


class Stat(StrEnum):
    """The word for a message state, seven characters each."""

    ENROUTE = "ENROUTE"
    DELIVRD = "DELIVRD"
    EXPIRED = "EXPIRED"
    DELETED = "DELETED"
    UNDELIV = "UNDELIV"
    ACCEPTD = "ACCEPTD"
    UNKNOWN = "UNKNOWN"
    REJECTD = "REJECTD"


STATS: Final = MappingProxyType(
    {
        MessageState.ENROUTE: Stat.ENROUTE,
        MessageState.DELIVERED: Stat.DELIVRD,
        MessageState.EXPIRED: Stat.EXPIRED,
        MessageState.DELETED: Stat.DELETED,
        MessageState.UNDELIVERABLE: Stat.UNDELIV,
        MessageState.ACCEPTED: Stat.ACCEPTD,
        MessageState.UNKNOWN: Stat.UNKNOWN,
        MessageState.REJECTED: Stat.REJECTD,
    }
)
STATES: Final = MappingProxyType({stat: state for state, stat in STATS.items()})


_FORMATS_BY_DIGITS: Final = {10: DateFormat.MINUTES, 12: DateFormat.SECONDS, 14: DateFormat.CENTURY_SECONDS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a receipt says."""

    message_id: str
    state: MessageState
    submitted_at: float
    """Unix seconds."""
    done_at: float
    """Unix seconds."""
    err: int = 0
    """The gateway's three-digit code, 0 to 999."""
    text: str = ""
    """The head of the message."""
    sub: int = 1
    dlvrd: int | None = None
    """None: `sub` where the state is DELIVERED, else 0."""


def render(receipt: Receipt, dialect: Dialect) -> bytes:
    """Write the receipt's text, for a short_message with data_coding 0; never raises, whatever the message's text."""
    submitted = _date(receipt.submitted_at, dialect)
    done = _date(receipt.done_at, dialect)
    counts = f"sub:{receipt.sub:03} dlvrd:{_delivered(receipt):03} " if dialect.counts else ""
    fields = (
        f"id:{id_in_text(receipt.message_id, dialect)} {counts}submit date:{submitted} done date:{done} "
        f"stat:{STATS[receipt.state]} err:{receipt.err:03}"
    )
    if dialect.text_label is None:
        return fields.encode("ascii", "replace")
    text = receipt.text[: dialect.text_characters] if dialect.fixed_text is None else dialect.fixed_text
    return f"{fields} {dialect.text_label}:".encode("ascii", "replace") + _safe(text)


def _delivered(receipt: Receipt) -> int:
    if receipt.dlvrd is not None:
        return receipt.dlvrd
    return receipt.sub if receipt.state is MessageState.DELIVERED else 0


_UNSAFE: Final = frozenset(b"$@[\\]^_`{|}~")  # printable, but something else in GSM 03.38
_SAFE_OCTETS: Final = bytes(
    octet if 0x20 <= octet < 0x7F and octet not in _UNSAFE else ord("?") for octet in range(256)
)


def _safe(text: str) -> bytes:
    """Keep what reads the same in ASCII and in GSM 03.38: data_coding 0 is read as either. The rest becomes `?`."""
    return text.encode("ascii", "replace").translate(_SAFE_OCTETS)


def _date(at: float, dialect: Dialect) -> str:
    step_s = 60 if dialect.dates is DateFormat.MINUTES else 1
    return _written(int(at // step_s) * step_s, dialect.zone, dialect.dates)


@lru_cache(maxsize=4096)
def _written(at_s: int, zone: tzinfo, dates: DateFormat) -> str:
    # strftime costs more than all the rest of a receipt, and the receipts of a minute share it
    return datetime.fromtimestamp(at_s, zone).strftime(dates)


def tlvs(receipt: Receipt, dialect: Dialect) -> Tlvs:
    """Build those of receipted_message_id, message_state and network_error_code that the dialect has.

    The id is that of the response, whatever the text makes of it. A network_error_code tells a failure that has a
    code: its network type is always GSM (3), the code our own, as with Clickatell.
    """
    wanted = dialect.tlvs
    found = []
    if Tag.RECEIPTED_MESSAGE_ID in wanted:
        found.append(tlv.of_text(Tag.RECEIPTED_MESSAGE_ID, receipt.message_id))
    if Tag.MESSAGE_STATE in wanted:
        found.append(tlv.of_int(Tag.MESSAGE_STATE, receipt.state))
    if Tag.NETWORK_ERROR_CODE in wanted and receipt.err and receipt.state is not MessageState.DELIVERED:
        found.append((Tag.NETWORK_ERROR_CODE, bytes((_NETWORK_TYPE_GSM,)) + receipt.err.to_bytes(2, "big")))
    return tuple(found)


_RECEIPT: Final = re.compile(
    r"id:(?P<id>\S*) "
    r"(?:sub:(?P<sub>[0-9]{1,3}) )?(?:dlvrd:(?P<dlvrd>[0-9]{1,3}) )?"
    r"submit date:(?P<submitted>[0-9]{10,14}) done date:(?P<done>[0-9]{10,14}) "
    r"stat:(?P<stat>[A-Z]{7})(?: err:(?P<err>[0-9]{1,3}))?(?: text:(?P<text>.*))?",
    re.IGNORECASE | re.DOTALL,
)


def parse(octets: bytes) -> Receipt | None:
    """Read a receipt in any dialect, its dates as UTC; None where the text is none."""
    match = _RECEIPT.fullmatch(octets.decode("latin-1"))
    if match is None:
        return None
    try:
        return Receipt(
            message_id=match["id"],
            state=STATES[Stat(match["stat"].upper())],
            submitted_at=_read(match["submitted"]),
            done_at=_read(match["done"]),
            err=int(match["err"] or 0),
            text=match["text"] or "",
            sub=int(match["sub"] or 1),
            dlvrd=None if match["dlvrd"] is None else int(match["dlvrd"]),
        )
    except (KeyError, ValueError):
        return None


def _read(digits: str) -> float:
    dates = _FORMATS_BY_DIGITS[len(digits)]
    return datetime.strptime(digits, dates).replace(tzinfo=UTC).timestamp()
