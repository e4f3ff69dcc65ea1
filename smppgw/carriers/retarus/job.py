"""Messages to the ``JobRequest`` of ``POST /jobs``. Pure: no call, no clock.

Everything that changes what is sent or paid is always written out: an option left out takes the default of the login,
which an operator may change in EAS without our knowing. ``jobPeriod`` is not used: what is scheduled waits here, so
that ``cancel_sm`` stays true.
"""

import math
import re
from typing import Final, NamedTuple

import msgspec

from smppgw.carriers.retarus.blackout import DAY_S, Window, periods
from smppgw.carriers.retarus.config import RetarusConfig
from smppgw.core.alphabet import fits_gsm7
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Batch, Message
from smppgw.core.verdict import Rejected

MAX_PARTS: Final = 20
"""A longer text would be cut off without a word (developers.retarus.com, postJob, maxParts)."""
VALIDITY_MIN: Final = (5, 2880)
"""Minutes; values outside may be refused or clamped, the sources differ."""

TO_UTF16: Final = "TO_UTF16"
"""A character that Retarus does not take for GSM makes the text longer, never poorer."""
REFUSE: Final = "REFUSE"
UTF_16_PARTS: Final = (70, 67)
"""Characters of a text in one part, and of each part of a longer one."""

STANDARD: Final = "STANDARD"
UTF_16: Final = "UTF-16"

_SENDER: Final = re.compile(r"\+?[0-9]{1,20}|[a-zA-Z0-9 !-/:-@\[-`{-~]{1,11}")
"""``src`` as the manual has it (vendor code, sms/job.go)."""
_RECIPIENT: Final = re.compile(r"[0-9]{1,15}")


class GroupKey(NamedTuple):
    """What is said once per job."""

    src: str
    encoding: str
    flash: bool
    expires_min: int
    """End of validity in minutes since 1970, rounded up."""
    express: bool
    billcode: str
    """"" for none."""
    blackout: tuple[Window, ...]


class _Recipient(msgspec.Struct, rename="camel", gc=False):
    dst: str
    customer_ref: str


class _Text(msgspec.Struct, gc=False):
    text: str
    recipients: list[_Recipient]


class _Options(msgspec.Struct, rename="camel", gc=False, kw_only=True):
    src: str | msgspec.UnsetType
    encoding: str
    billcode: str | msgspec.UnsetType
    status_requested: bool = True
    flash: bool
    customer_ref: str
    validity_min: int
    max_parts: int
    invalid_characters: str
    qos: str
    duplicate_detection: bool
    blackout_periods: list[str] | msgspec.UnsetType


class _Job(msgspec.Struct, gc=False):
    options: _Options
    messages: list[_Text]


_ENCODER: Final = msgspec.json.Encoder()


def refusal(message: Message) -> Rejected | None:
    """Say why Retarus can never take a message, or None."""
    if message.parts > MAX_PARTS:
        return Rejected(ErrorCode.PARAMETER_REFUSED, f"{message.parts} parts, Retarus takes {MAX_PARTS}")
    if not _RECIPIENT.fullmatch(message.recipient):
        return Rejected(ErrorCode.INVALID_NUMBER, "the recipient is no E.164 number")
    src = _src(message)
    if src and not _SENDER.fullmatch(src):
        return Rejected(
            ErrorCode.SENDER_REFUSED, "the sender is neither a number nor 1 to 11 printable ASCII characters"
        )
    if not _is_unicode(message.text):
        return Rejected(ErrorCode.PARAMETER_REFUSED, "the text is not valid Unicode")
    return None


def group_key(message: Message, config: RetarusConfig) -> GroupKey:
    """Say what must be equal for messages to share a job."""
    return GroupKey(
        src=_src(message),
        encoding=STANDARD if fits_gsm7(message.text) else UTF_16,
        flash=message.flash,
        expires_min=_expires_min(message),
        express=config.express_from is not None and message.priority_flag >= config.express_from,
        billcode=config.billcodes.get(message.account) or config.billcode or "",
        blackout=config.blackout.get(message.account, ()),
    )


def write(batch: Batch, config: RetarusConfig, now: float) -> bytes:
    """Write the body of ``POST /jobs`` for messages that share one group key and passed ``refusal``."""
    key = group_key(batch.messages[0], config)
    validity_min = _validity_min(key.expires_min, now)
    most_parts = max(_most_parts(message, key.encoding) for message in batch.messages)
    options = _Options(
        src=key.src or msgspec.UNSET,
        encoding=key.encoding,
        billcode=key.billcode or msgspec.UNSET,
        flash=key.flash,
        customer_ref=batch.id,
        validity_min=validity_min,
        max_parts=min(most_parts, MAX_PARTS),
        invalid_characters=TO_UTF16 if most_parts <= MAX_PARTS else REFUSE,
        qos="EXPRESS" if key.express else "NORMAL",
        duplicate_detection=config.fence,
        # A period may put the end of a message's validity off: by a day at most.
        blackout_periods=periods(key.blackout, now, now + validity_min * 60 + DAY_S) or msgspec.UNSET,
    )
    return _ENCODER.encode(_Job(options, _texts(batch.messages)))


def _texts(messages: tuple[Message, ...]) -> list[_Text]:
    """Let equal texts share one entry; each recipient keeps its own reference."""
    recipients: dict[str, list[_Recipient]] = {}
    for message in messages:
        recipient = _Recipient("+" + message.recipient, str(message.id))
        recipients.setdefault(message.text, []).append(recipient)
    return [_Text(text, members) for text, members in recipients.items()]


def _src(message: Message) -> str:
    return "+" + message.sender if message.sender_is_number and message.sender else message.sender


def _expires_min(message: Message) -> int:
    """Round the end of validity up to a step that grows with it: 1 minute up to two hours, 15 from a day on.

    Messages of one campaign, accepted over some minutes, then travel together, and none is held back by more than about
    a sixty-fourth of its validity.
    """
    validity_min = (message.expires_at - message.accepted_at) / 60
    step = min(max(int(validity_min // 64), 1), 15)
    return math.ceil(message.expires_at / 60 / step) * step


def _validity_min(expires_min: int, now: float) -> int:
    shortest, longest = VALIDITY_MIN
    return min(max(math.ceil(expires_min - now / 60), shortest), longest)


def _most_parts(message: Message, encoding: str) -> int:
    """Count the parts of a text, or those that it would have in UTF-16: by its alphabet Retarus may come to that.

    ``maxParts`` below what Retarus counts would cut the text off without a word.
    """
    if encoding == UTF_16:
        return message.parts
    single, each = UTF_16_PARTS
    length = len(message.text)  # all that GSM has is one unit of UTF-16
    return max(message.parts, 1 if length <= single else math.ceil(length / each))


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
