"""The figures of a load run."""

from collections.abc import Sequence
from dataclasses import dataclass

from smppgw.load.ledger import Ledger
from smppgw.load.plan import Plan
from smppgw.load.refusal import status_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came out; rates in messages per second, times in seconds, None where there is nothing to measure."""

    messages: int
    """Planned submits."""
    sent: int
    accepted: int
    errors: dict[str, int]
    """Refused submits by the name of their command_status."""
    unanswered: int
    """Submits that were sent and never answered."""
    accepted_per_s: float | None
    """First submit to last response."""
    response_p50_s: float | None
    response_p99_s: float | None
    receipts: int
    """Messages whose receipt came."""
    receipts_per_s: float | None
    """First to last receipt."""
    receipt_p50_s: float | None
    """Submit to receipt."""
    receipt_p99_s: float | None
    whole_life_per_s: float | None
    """Receipts from the first submit to the last receipt."""
    missing_receipts: int
    duplicate_receipts: int
    unknown_ids: int
    """Receipts for a message_id that no response had."""
    repeated_ids: int
    """Responses with a message_id that another one had."""
    unreadable: int
    """PDUs that fit nothing here."""
    stats: dict[str, int]
    """Receipts by stat."""
    timed_out: bool
    """Nothing happened for the time the plan allows, and the run was not finished."""
    seconds: float
    """First submit to the end."""
    client_cpu_us: float | None
    """What the client itself cost: CPU microseconds per message sent."""

    @property
    def ok(self) -> bool:
        """Whether every message was accepted, and every receipt that was due came exactly once."""
        faults = (self.missing_receipts, self.duplicate_receipts, self.unknown_ids, self.repeated_ids, self.unreadable)
        return self.accepted == self.messages and not self.timed_out and not any(faults)


def summarise(plan: Plan, ledger: Ledger, *, timed_out: bool, ended_at: float, cpu_s: float) -> Result:
    """Make figures of a ledger; `ended_at` is on its clock."""
    responses = sorted(ledger.response_s)
    receipts = sorted(ledger.receipt_s)
    begun = ledger.first_submit_at
    return Result(
        messages=plan.messages,
        sent=ledger.sent,
        accepted=ledger.accepted,
        errors={status_name(status): count for status, count in sorted(ledger.refusals.items())},
        unanswered=ledger.sent - ledger.answered,
        accepted_per_s=_rate(ledger.accepted, ledger.last_response_at - begun),
        response_p50_s=percentile(responses, 50),
        response_p99_s=percentile(responses, 99),
        receipts=ledger.receipts,
        receipts_per_s=_rate(ledger.receipts, ledger.last_receipt_at - ledger.first_receipt_at),
        receipt_p50_s=percentile(receipts, 50),
        receipt_p99_s=percentile(receipts, 99),
        whole_life_per_s=_rate(ledger.receipts, ledger.last_receipt_at - begun),
        missing_receipts=ledger.missing if plan.receipts else 0,
        duplicate_receipts=ledger.duplicates,
        unknown_ids=ledger.unknown_ids,
        repeated_ids=ledger.repeated_ids,
        unreadable=ledger.unreadable,
        stats=dict(sorted(ledger.stats.items())),
        timed_out=timed_out,
        seconds=ended_at - begun if ledger.sent else 0.0,
        client_cpu_us=cpu_s * 1e6 / ledger.sent if ledger.sent else None,
    )


def percentile(ordered: Sequence[float], percent: int) -> float | None:
    """The nearest-rank percentile of ascending values; None where there are none."""
    if not ordered:
        return None
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(rank, 1) - 1]


def _rate(count: int, seconds: float) -> float | None:
    return count / seconds if count and seconds > 0 else None
