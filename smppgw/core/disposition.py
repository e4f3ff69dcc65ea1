"""What becomes of a message after a carrier call: the failure rules of the gateway, as one pure function.

The rules, in the order in which they matter:

* Accepted: it awaits its status.
* Doubtful: it stays doubtful until its attempt is repeated inside the fence or looked up; never a second send.
* Rejected: another candidate of its route is tried, unless the fault is the recipient's; then it ends.
* Rejected as a whole batch of several: nobody knows whose fault it was; all go again in batches of half the size.
* Deferred: certainly not taken. The next candidate is tried at once; when all have had their turn, the first again
  after a backoff. Where the carrier as a whole is held, its queue waits with it: the first time a message simply stays,
  so that it goes as soon as the hold is over; later times it comes after the others, in case the fault is its own.
* What a carrier says beforehand that it would refuse (``Admits``) goes the same ways, without a call.
* A refusal of a *repeat* says nothing about the first copy: it stays doubtful (reliability.md 1.2).
"""

from dataclasses import dataclass

from smppgw.core.codes import ErrorCode
from smppgw.core.model import CarrierRef, Cost, Message, Outcome
from smppgw.core.retry import Backoff
from smppgw.core.verdict import Accepted, Deferred, Doubtful, Evidence, Rejected, Verdict


@dataclass(frozen=True, slots=True)
class Taken:
    """The carrier has it; its status is awaited."""

    ref: CarrierRef | None
    parts: int
    cost: Cost | None = None
    """None: the price is unknown."""


@dataclass(frozen=True, slots=True)
class Requeued:
    """It is queued again, certainly not taken."""

    carrier: str
    due_at: float | None
    """Unix seconds; None: at once."""
    tries: int
    batch_cap: int | None = None
    possible_duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Doubted:
    """It may or may not have been taken."""

    evidence: Evidence = Evidence.NONE


@dataclass(frozen=True, slots=True)
class Parked:
    """It waits, without a receipt, for a person."""


@dataclass(frozen=True, slots=True)
class Finished:
    """It has ended."""

    outcome: Outcome
    error: ErrorCode
    detail: str = ""


Disposition = Taken | Requeued | Doubted | Parked | Finished


def dispose(
    message: Message, verdict: Verdict, *, batch_size: int, backoff: Backoff, jitter: float, now: float
) -> Disposition:
    """Say what becomes of ``message`` after the first call of its attempt brought ``verdict``."""
    match verdict:
        case Accepted():
            return Taken(verdict.ref, verdict.parts or message.parts)
        case Doubtful():
            return Doubted(verdict.evidence)
        case Deferred():
            return _deferred(message, verdict, backoff, jitter, now)
        case Rejected(whole_batch=True) if batch_size > 1:
            return Requeued(message.carrier, None, message.tries, batch_cap=(batch_size + 1) // 2)
        case Rejected():
            return _rejected(message, verdict)


def dispose_unsent(
    message: Message, verdict: Rejected | Deferred, *, backoff: Backoff, jitter: float, now: float
) -> Requeued | Finished:
    """Say what becomes of ``message`` when its carrier said beforehand that a call would bring ``verdict``."""
    if isinstance(verdict, Deferred):
        return _deferred(message, verdict, backoff, jitter, now)
    return _rejected(message, verdict)


def dispose_repeat(message_parts: int, verdict: Verdict) -> Disposition:
    """Say what becomes of a doubtful message after its attempt was repeated or looked up.

    Only a success counts, and proof that a copy arrived: a refusal of the repeat may well have met the first copy.
    """
    match verdict:
        case Accepted():
            return Taken(verdict.ref, verdict.parts or message_parts)
        case Doubtful():
            return Doubted(verdict.evidence)
        case Deferred() | Rejected():
            return Doubted()


def _deferred(message: Message, verdict: Deferred, backoff: Backoff, jitter: float, now: float) -> Requeued:
    carriers = _candidates(message)
    tries = message.tries + 1
    following = carriers[(carriers.index(message.carrier) + 1) % len(carriers)]
    if tries % len(carriers):
        return Requeued(following, None, tries, message.batch_cap)
    rounds = tries // len(carriers)
    if verdict.holds_carrier and rounds == 1:
        return Requeued(following, None, tries, message.batch_cap)
    delay_s = backoff.delay_s(rounds, jitter)
    not_before = max(verdict.not_before or now, now)
    due_at = not_before + delay_s if verdict.holds_carrier else max(now + delay_s, not_before)
    return Requeued(following, due_at, tries, message.batch_cap)


def _rejected(message: Message, verdict: Rejected) -> Requeued | Finished:
    carriers = _candidates(message)
    place = carriers.index(message.carrier)
    if verdict.may_fail_over and place + 1 < len(carriers):
        return Requeued(carriers[place + 1], None, message.tries)
    return Finished(verdict.outcome, verdict.error, verdict.reason)


def _candidates(message: Message) -> tuple[str, ...]:
    """Return the route's candidates; the present carrier alone where the configuration has lost the route since."""
    carriers = message.decision.carriers if message.decision else ()
    return carriers if message.carrier in carriers else (message.carrier,)
