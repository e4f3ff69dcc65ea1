"""One mainland message and what the carriers say about it as time goes by. Pure: `now` is an argument."""

import math
from dataclasses import dataclass

import msgspec

from smppgw.simulators.alibaba.templates import Template
from smppgw.simulators.outcomes import Outcome, outcome_of


class Sms(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One accepted message to one number."""

    number: str
    """11 digits."""
    signature: str
    template: Template
    text: str
    """Without the signature."""
    out_id: str
    biz_id: str
    accepted_at: float
    """Unix seconds."""

    @property
    def content(self) -> str:
        """The text as the handset shows it."""
        return f"【{self.signature}】{self.text}"

    @property
    def parts(self) -> int:
        """Billed parts: every character counts one, those of the signature too (sending rules, length)."""
        length = len(self.content)
        return 1 if length <= 70 else math.ceil(length / 67)

    @property
    def billed_parts(self) -> int:
        """By the receipt in the end: a failed message is free, and one of which nothing is heard is not."""
        return 0 if _end_of(self).send_status == _FAILED else self.parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a row of QuerySendDetails says."""

    send_status: int
    """1 waiting, 2 failed, 3 delivered."""
    err_code: str
    received: bool = True
    """Whether there is a ReceiveDate."""


_FAILED = 2
_PENDING = Receipt(send_status=1, err_code="", received=False)
_DELIVERED = Receipt(send_status=3, err_code="DELIVERED")
_RECEIPTS: dict[Outcome, Receipt] = {
    Outcome.BLOCKED: Receipt(send_status=2, err_code="MOBILE_IN_BLACK"),
    Outcome.EXPIRED: Receipt(send_status=2, err_code="EXPIRED"),
    Outcome.NO_CONNECTION: Receipt(send_status=2, err_code="NO_ROUTE"),
    Outcome.UNREACHABLE: Receipt(send_status=2, err_code="MOBILE_NOT_ON_SERVICE"),
    Outcome.CONTENT_REJECTED: Receipt(send_status=2, err_code="CONTENT_KEYWORD"),
    Outcome.NOTHING_KNOWN: Receipt(send_status=1, err_code="REQUEST_SUCCESS", received=False),
    Outcome.NEVER_FINAL: _PENDING,
    Outcome.UNKNOWN_STATUS: Receipt(send_status=2, err_code="ZZ:9999"),
}


def receipt_of(sms: Sms, final_delay: float, now: float) -> Receipt:
    """The state of a message at `now`."""
    if now < sms.accepted_at + final_delay:
        return _PENDING
    return _end_of(sms)


def _end_of(sms: Sms) -> Receipt:
    return _RECEIPTS.get(outcome_of(sms.number), _DELIVERED)
