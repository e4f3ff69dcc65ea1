"""The gateway's own three-digit error codes: the ``err`` of a receipt.

Every carrier's status is mapped into this one table, so that a code means the same thing to the ESME whichever carrier
took the message. The codes are ours, not GSM or MAP causes. README.md prints this table; a test holds it against the
enum.
"""

from enum import IntEnum
from typing import Self


class ErrorCode(IntEnum):
    """What went wrong with one message, for receipts (``err:NNN``), ``network_error_code``, logs and traces."""

    meaning: str

    def __new__(cls, value: int, meaning: str = "") -> Self:
        """Make a member that knows its meaning."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    NONE = 0, "no error"

    INVALID_NUMBER = 1, "the number is not valid, or no mobile number"
    BLOCKED = 2, "the recipient is on a block list or has opted out"
    VALIDITY_EXCEEDED = 3, "sent, but not delivered within its validity"
    NO_ROUTE = 4, "the carrier found no way to the recipient's network; nothing was sent"
    UNDELIVERABLE = 5, "the recipient's network reported failure without a cause"
    NOT_ACCEPTED = 6, "the recipient's network refused the message"
    CARRIER_FAULT = 7, "fault inside the carrier; the message has usually arrived"
    STATUS_LOST = 8, "the carrier lost track of the message after sending it"
    CANCELLED = 9, "cancelled before it was sent"
    CANCELLED_LATE = 10, "cancelled after a first try; it may have arrived"
    KILLED = 11, "stopped at the carrier after sending, without an outcome"
    NOT_ON_SERVICE = 12, "the phone is off, suspended, out of area, or the number is not in service"
    SUBSCRIBER_ABNORMAL = 13, "the subscriber's account is in arrears, ported or otherwise unusable"
    HANDSET_FAULT = 14, "the phone or SIM is full or cannot take the message"
    NOT_PROVISIONED = 15, "the recipient's subscription has no such service"

    FREQUENCY_LIMIT = 20, "too many messages to this recipient within a time window"
    VOLUME_LIMIT = 21, "the daily or monthly limit of the carrier account is used up"

    CONTENT_REFUSED = 30, "the text was refused for what it says"
    TEMPLATE_MISMATCH = 31, "the text fits no approved template, or a value does not fit its variable"
    SENDER_REFUSED = 32, "the sender or signature is not registered, approved or allowed"
    PARAMETER_REFUSED = 33, "the carrier refused a parameter of the message"

    CARRIER_ACCOUNT = 40, "the carrier account lacks permission, service or money"

    BUDGET_SPENT = 50, "a budget of the account, or of every carrier it may take, is used up"

    EXPIRED_IN_GATEWAY = 60, "validity ended while the message still waited in the gateway"
    NO_CARRIER = 61, "no carrier of its route can take the message"
    PARTS_MISSING = 62, "a part of the long message did not come in time"
    OUTCOME_UNKNOWN = 63, "the carrier may or may not have taken the message; it was not sent again"
    NO_STATUS_IN_TIME = 64, "the carrier took the message, but gave no final status by the deadline"
    DESTINATION_BLOCKED = 66, "the account does not write to this country, or pumping of such numbers is suspected"

    UNKNOWN_STATUS = 90, "the carrier reported a status that is in no documentation"
