"""How families of message centres write their receipts: data only, `receipt` writes by it.

The specification merely proposes a text (SMPP 3.4, appendix B), and every ESME parses what its first message centre
sent. A profile says what an ESME that was built against one family expects. What a source leaves open is a convention
and marked so. Two things no profile changes, because they would be untrue: the state, and the error code, which means
the same whatever the dialect.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from enum import Enum, StrEnum, auto
from types import MappingProxyType
from typing import Final

from smppgw.smpp.consts import Tag

TEXT_CHARACTERS: Final = 20
"""How much of the message a receipt repeats (SMPP 3.4, appendix B)."""

_ID_AND_STATE: Final = frozenset({Tag.RECEIPTED_MESSAGE_ID, Tag.MESSAGE_STATE})
_ALL_TLVS: Final = _ID_AND_STATE | {Tag.NETWORK_ERROR_CODE}


class DateFormat(StrEnum):
    """How a dialect writes its dates, as strftime has it; the specification's is to the minute."""

    MINUTES = "%y%m%d%H%M"
    SECONDS = "%y%m%d%H%M%S"
    CENTURY_SECONDS = "%Y%m%d%H%M%S"


class IdInText(Enum):
    """How the id of the response comes back in the text of the receipt."""

    AS_ANSWERED = auto()
    DECIMAL = auto()
    """An id that was answered in hexadecimal comes back as the same number in decimal: ten digits, as wide as the
    field of appendix B."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one family of message centres writes receipts."""

    source: str = ""
    """Where this is written down, for people."""
    hex_response: bool = False
    """Whether its submit_sm_resp has ids of eight hexadecimal digits: the account's `message_id` should then say so."""
    ids: IdInText = IdInText.AS_ANSWERED
    dates: DateFormat = DateFormat.MINUTES
    zone: tzinfo = UTC
    """The zone of the dates. No profile has another one, an account may: Kannel and Jasmin write the local time of
    their machine, which only who knew that machine can tell."""
    counts: bool = True
    """Whether `sub:` and `dlvrd:` are there."""
    text_label: str | None = "text"
    """`text` or `Text`; None leaves the field out, so that the error code is the last one."""
    text_characters: int = TEXT_CHARACTERS
    """How much of the message is repeated; 0 leaves the text empty."""
    fixed_text: str | None = None
    """Stands for the head of the message, whatever that is."""
    tlvs: frozenset[Tag] = _ALL_TLVS
    """What goes along where it applies. A peer below 3.4 gets none, whatever this says: the session knows its
    version. receipted_message_id is always the id of the response."""


DIALECTS: Final[Mapping[str, Dialect]] = MappingProxyType({
    "standard": Dialect(
        source="SMPP 3.4, appendix B and 5.3.2.12, .31, .35; the label in lower case is a convention of the field",
    ),
    # It pads the text to twelve characters, and repeats what the carrier reported instead of the message; neither is
    # imitated.
    "kannel": Dialect(
        source="Kannel opensmppbox, gw/opensmppbox.c, generate_smppid and msg_to_pdu",
        hex_response=True,
        tlvs=_ID_AND_STATE,
    ),
    # Its message_id is a UUID, in the text as in the response.
    "jasmin": Dialect(
        source="Jasmin, jasmin/protocols/smpp/operations.py, getReceipt",
        counts=False,
        text_label=None,
        tlvs=_ID_AND_STATE,
    ),
    # Hexadecimal in the response, decimal in the text; the filling zeros are in its examples. It names no TLVs: those
    # here are a convention.
    "vonage": Dialect(
        source="Vonage support, articles 204015663 and 215468998",
        hex_response=True,
        ids=IdInText.DECIMAL,
        fixed_text="none",
        tlvs=_ID_AND_STATE,
    ),
    # It names message_state only; the id beside it, and UTC, are conventions.
    "cm": Dialect(
        source="CM.com, developers.cm.com/messaging/docs/smpp, delivery receipts",
        dates=DateFormat.CENTURY_SECONDS,
        counts=False,
        text_label=None,
        tlvs=_ID_AND_STATE,
    ),
    # SMPP 3.3 answers ids of at most eight hexadecimal digits, and the id of its receipts is decimal: Kannel knows such
    # servers as msg-id-type 0x01. A convention of the field, not a rule of the specification.
    "legacy-3.3": Dialect(
        source="SMPP 3.3, and 3.4, appendix B, for the label; Kannel user guide, msg-id-type",
        hex_response=True,
        ids=IdInText.DECIMAL,
        text_label="Text",
        tlvs=frozenset(),
    ),
})  # fmt: skip
"""The profiles by name (`receipt_profile` of an account)."""

_HEXADECIMAL: Final = re.compile(r"[0-9A-Fa-f]{8}")
"""What fits the message_id of SMPP 3.3. The gateway's decimal ids have ten digits and cannot be taken for one."""


def id_in_text(message_id: str, dialect: Dialect) -> str:
    """Write a message_id as the text of a receipt has it; one that cannot be converted stays as it was answered."""
    if dialect.ids is IdInText.DECIMAL and _HEXADECIMAL.fullmatch(message_id):
        return f"{int(message_id, 16):010}"
    return message_id
