"""Which recipient ends how: the suffix table of all simulated services.

The last four digits of a number decide, so that a test can ask for an outcome without touching the simulator. This
module only names the outcomes; what each looks like on the wire is said by the service that shows it.
"""

from enum import StrEnum

SUFFIX_DIGITS = 4


class Outcome(StrEnum):
    """What becomes of a message; the value is the number's suffix, empty for every other number."""

    ILLEGAL_NUMBER = "0001"
    BLOCKED = "0002"
    EXPIRED = "0003"
    NO_CONNECTION = "0004"
    UNREACHABLE = "0005"
    CONTENT_REJECTED = "0008"
    NOTHING_KNOWN = "0010"
    """The carrier does not know the end: Retarus SEND_ERR, Alibaba REQUEST_SUCCESS for ever."""
    CANCELED = "0012"
    KILLED = "0014"
    NEVER_FINAL = "0015"
    UNKNOWN_STATUS = "0016"
    GARBAGE_REASON = "0017"
    DELIVERED = ""


_BY_SUFFIX = {outcome.value: outcome for outcome in Outcome}


def outcome_of(number: str) -> Outcome:
    """The outcome that the last four digits of a number ask for."""
    return _BY_SUFFIX.get(number[-SUFFIX_DIGITS:], Outcome.DELIVERED)
