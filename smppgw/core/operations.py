"""What an ESME may ask about what it submitted: which submission it means, where that stands, what is to replace it.

Values of query_sm, cancel_sm and replace_sm (SMPP v3.4, 4.8 to 4.10). An account is part of every one that names a
message: what belongs to another account does not exist for who asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from smppgw.core.budgets import Charge
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Decision, Message, MessageId, Outcome, SegmentId, Stage


@dataclass(frozen=True, slots=True)
class IdKey:
    """One reading of a message_id: the number it was made from, known only modulo ``domain`` (`core.ids`)."""

    message_id: str
    number: int
    domain: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A submission that an ESME names by its message_id."""

    account: str
    keys: tuple[IdKey, ...]
    """The readings of what the ESME wrote; none where it is no id of ours."""
    source_addr: str
    """As submitted; empty for a submission without one (SMPP v3.4, 4.8.1)."""
    destination_addr: str = ""
    """As submitted; empty for all destinations of the submission."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """Waiting texts that an ESME means without a message_id (SMPP v3.4, 4.9 and 5.2.18)."""

    account: str
    source_addr: str
    """As submitted."""
    recipient: str
    """E.164 digits without plus."""
    service_type: str | None
    """None: any."""
    accepted_before: SegmentId | None = None
    """Only what was accepted before this one; None: everything."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the text of one destination stands."""

    stage: Stage
    outcome: Outcome = Outcome.ENROUTE
    """ENROUTE while it is not final."""
    error: ErrorCode = ErrorCode.NONE
    done_at: float | None = None
    """Unix seconds; None while it is not final."""


@dataclass(frozen=True, slots=True)
class Original:
    """A text that replace_sm may still change."""

    message: Message
    """Its data_coding holds for the new text, because replace_sm has none of its own."""
    esm_class: int
    """Of its submission, for the same reason."""


@dataclass(frozen=True, slots=True)
class Found:
    """A submission that was asked about."""

    standings: tuple[Standing, ...]
    """One per destination, in their order; at least one."""
    original: Original | None
    """None: it cannot be replaced, or not any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """What a waiting text becomes."""

    message: MessageId
    account: str
    text: str
    parts: int
    replaced: int = 0
    """As of a segment."""
    decision: Decision
    schedule_at: float | None
    expires_at: float
    registered_delivery: int
    charges: tuple[Charge, ...] = ()
    """What it reserves of budgets, in place of what the old text did."""


def overall(standings: Sequence[Standing]) -> Standing:
    """Sum up the destinations of one submission, for query_sm has one state only.

    While one of them is open, that one; DELIVERED only where all are; else the first failure. The time is that of the
    last end.
    """
    for standing in standings:
        if standing.stage is not Stage.FINAL:
            return standing
    worst = next((one for one in standings if one.outcome is not Outcome.DELIVERED), standings[0])
    return Standing(Stage.FINAL, worst.outcome, worst.error, max(one.done_at or 0.0 for one in standings))
