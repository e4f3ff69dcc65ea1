"""Delivery receipts: the text every ESME parses by its own old rules, and the TLVs of 3.4 beside it.

The specification only proposes the text (SMPP 3.4, appendix B), so its variants are values: `Dialect`. Rendering lies
on the way of every message: it may not raise on what a peer wrote, nor let that change the shape of the text.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from smppgw.smpp import tlv
from smppgw.smpp.consts import MessageState, Tag
from smppgw.smpp.tlv import Tlvs

TEXT_CHARACTERS: Final = 20
"""How much of the message a receipt repeats."""

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


class DateFormat(Enum):
    """How a dialect writes its dates, as strftime has it; the specification's is to the minute."""

    MINUTES = "%y%m%d%H%M"
    SECONDS = "%y%m%d%H%M%S"
    CENTURY_SECONDS = "%Y%m%d%H%M%S"


_FORMATS_BY_DIGITS: Final = {10: DateFormat.MINUTES, 12: DateFormat.SECONDS, 14: DateFormat.CENTURY_SECONDS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one family of message centres writes receipts."""

    dates: DateFormat = DateFormat.MINUTES
    utc_offset_min: int = 0
    """The zone of the dates, in minutes ahead of UTC."""
    counts: bool = True
    """Whether `sub:` and `dlvrd:` are there."""
    text_label: str = "text"
    """`text` or `Text`."""
    text_characters: int = TEXT_CHARACTERS
    """0 leaves the text empty."""
    tlvs: bool = True
    """Whether the TLVs go along. A peer below 3.4 gets none, whatever this says: the session knows its version."""


DIALECTS: Final = MappingProxyType({"standard": Dialect()})


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
    head = (
        f"id:{receipt.message_id} {counts}submit date:{submitted} done date:{done} "
        f"stat:{STATS[receipt.state].value} err:{receipt.err:03} {dialect.text_label}:"
    )
    return head.encode("ascii", "replace") + _safe(receipt.text[: dialect.text_characters])


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
    return _written(int(at // step_s) * step_s + dialect.utc_offset_min * 60, dialect.dates)


@lru_cache(maxsize=4096)
def _written(local_s: int, dates: DateFormat) -> str:
    # strftime costs more than all the rest of a receipt, and the receipts of a minute share it
    return datetime.fromtimestamp(local_s, UTC).strftime(dates.value)


def tlvs(receipt: Receipt, dialect: Dialect) -> Tlvs:
    """Build receipted_message_id, message_state and, for a failure with a code, network_error_code.

    The network type is always GSM (3) and the code our own, as with Clickatell; absent on success.
    """
    if not dialect.tlvs:
        return ()
    always = (
        tlv.of_text(Tag.RECEIPTED_MESSAGE_ID, receipt.message_id),
        tlv.of_int(Tag.MESSAGE_STATE, receipt.state),
    )
    if receipt.state is MessageState.DELIVERED or not receipt.err:
        return always
    network_error = bytes((_NETWORK_TYPE_GSM,)) + receipt.err.to_bytes(2, "big")
    return (*always, (Tag.NETWORK_ERROR_CODE, network_error))


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
    return datetime.strptime(digits, dates.value).replace(tzinfo=UTC).timestamp()
