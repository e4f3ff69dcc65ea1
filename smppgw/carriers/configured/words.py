"""What a configuration may say that a carrier's code or state means: two closed lists of words. Pure.

``codes`` of an answer take a word for a verdict, ``states`` of a status a word for an outcome. Neither list has a way
to say "delivered" of an answer, or "accepted" of silence.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, TypeVar

from smppgw.core.codes import ErrorCode
from smppgw.core.model import Outcome

T = TypeVar("T")


class Say(Enum):
    """What an answer says, when it is no refusal of a message."""

    ACCEPTED = auto()
    """Taken, provided that the id is there too where one is expected."""
    DOUBT = auto()
    """Nobody knows."""
    ARRIVED = auto()
    """An earlier copy of this request came: never send it again."""
    LATER = auto()
    """Not taken, this message may be tried again."""
    THROTTLED = auto()
    """Not taken, too many calls."""
    LOGIN = auto()
    """Not taken, because of who we are: nothing goes until somebody acts."""
    MONEY = auto()
    """Not taken, no credit: nothing goes until somebody acts."""
    QUOTA = auto()
    """Not taken, a daily or monthly limit of the carrier account is used up."""
    CODE = auto()
    """What the code of the answer says; of an HTTP status only."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The message was not taken and will not be."""

    error: ErrorCode
    outcome: Outcome = Outcome.REJECTED
    may_fail_over: bool = True
    """False where the fault is the recipient's."""


Meaning = Say | Refusal


def _recipient(error: ErrorCode, outcome: Outcome = Outcome.UNDELIVERABLE) -> Refusal:
    return Refusal(error, outcome, may_fail_over=False)


VERDICTS: Final[Mapping[str, Meaning]] = {
    **{each.name.lower(): each for each in Say if each is not Say.CODE},
    "rejected": Refusal(ErrorCode.PARAMETER_REFUSED),
    "invalid_number": _recipient(ErrorCode.INVALID_NUMBER),
    "blocked": _recipient(ErrorCode.BLOCKED, Outcome.REJECTED),
    "not_on_service": _recipient(ErrorCode.NOT_ON_SERVICE),
    "subscriber_abnormal": _recipient(ErrorCode.SUBSCRIBER_ABNORMAL),
    "not_provisioned": _recipient(ErrorCode.NOT_PROVISIONED),
    "no_route": Refusal(ErrorCode.NO_ROUTE),
    "not_accepted": Refusal(ErrorCode.NOT_ACCEPTED),
    "frequency_limit": Refusal(ErrorCode.FREQUENCY_LIMIT),
    "content_refused": Refusal(ErrorCode.CONTENT_REFUSED),
    "template_mismatch": Refusal(ErrorCode.TEMPLATE_MISMATCH),
    "sender_refused": Refusal(ErrorCode.SENDER_REFUSED),
    "parameter_refused": Refusal(ErrorCode.PARAMETER_REFUSED),
    "carrier_account": Refusal(ErrorCode.CARRIER_ACCOUNT),
}
"""What a code of an answer can mean."""
STATUSES: Final[Mapping[str, Meaning]] = {
    **{word: meaning for word, meaning in VERDICTS.items() if meaning is not Say.ACCEPTED},
    "code": Say.CODE,
}
"""What an HTTP status can mean: by itself it is never an acceptance."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What a state says of a message."""

    outcome: Outcome
    error: ErrorCode = ErrorCode.NONE
    final: bool = True
    nothing_left: bool = False
    """Whether it proves that the carrier sent nothing, so that another may."""


OUTCOMES: Final[Mapping[str, Ending]] = {
    "enroute": Ending(Outcome.ENROUTE, final=False),
    "delivered": Ending(Outcome.DELIVERED),
    "accepted": Ending(Outcome.ACCEPTED),
    "expired": Ending(Outcome.EXPIRED, ErrorCode.VALIDITY_EXCEEDED),
    "deleted": Ending(Outcome.DELETED, ErrorCode.CANCELLED_LATE),
    "undeliverable": Ending(Outcome.UNDELIVERABLE, ErrorCode.UNDELIVERABLE),
    "rejected": Ending(Outcome.REJECTED, ErrorCode.NOT_ACCEPTED),
    "unknown": Ending(Outcome.UNKNOWN, ErrorCode.STATUS_LOST),
    "not_sent": Ending(Outcome.UNDELIVERABLE, ErrorCode.NO_ROUTE, nothing_left=True),
    **{
        word: Ending(meaning.outcome, meaning.error)
        for word, meaning in VERDICTS.items()
        if isinstance(meaning, Refusal) and word != "rejected"
    },
    "no_route": Ending(Outcome.UNDELIVERABLE, ErrorCode.NO_ROUTE),
    "handset_fault": Ending(Outcome.UNDELIVERABLE, ErrorCode.HANDSET_FAULT),
    "carrier_fault": Ending(Outcome.UNKNOWN, ErrorCode.CARRIER_FAULT),
    "killed": Ending(Outcome.UNKNOWN, ErrorCode.KILLED),
}
"""What a state of a message can mean."""

ERRORS: Final[Mapping[str, ErrorCode]] = {
    word: ending.error for word, ending in OUTCOMES.items() if ending.error is not ErrorCode.NONE
}
"""What a code of a failed message can mean, beside its state."""


def read_word(word: object, known: Mapping[str, T]) -> T:
    """Return what a word of one of the lists means.

    Raises:
        ValueError: It is not in the list.
    """
    if isinstance(word, str) and word in known:
        return known[word]
    close = difflib.get_close_matches(str(word), known, n=1, cutoff=0.85)
    raise ValueError(f"{word!r} is none of {', '.join(known)}" if not close else f'did you mean "{close[0]}"?')
