"""A trace in words: who, where it stands, each step with its time, what it costs, what is next. At most 100 columns."""

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from smppgw.core.codes import ErrorCode
from smppgw.core.model import Address, Belief, Decision, Outcome, OutgoingKind, Stage
from smppgw.core.tracing import InboundTrace, LedgerEntry, Owed, OwedState, Trace, TracedCall, TracedPart
from smppgw.core.values import amount
from smppgw.ops.masks import escape
from smppgw.smpp.consts import MessageState
from smppgw.smpp.receipt import STATS
from smppgw.workers.translate import status_name

WIDTH: Final = 100
_LABEL: Final = 12
_TIME: Final = 25
_WORD: Final = 15

_KINDS: Final = {
    OutgoingKind.RECEIPT: "receipt",
    OutgoingKind.INTERMEDIATE: "notice",
    OutgoingKind.INBOUND: "delivery",
    OutgoingKind.ALERT: "alert",
}


def day_and_time(at: float) -> str:
    """Write a time to the second."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"


def _minute(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"


def wrapped(first: str, rest: str, text: str) -> list[str]:
    """Cut a text into lines, the first one behind ``first``, the others behind ``rest``."""
    return textwrap.wrap(
        escape(text),
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]


def story(trace: Trace, now: float, *, with_text: bool) -> Iterator[str]:
    """Tell a trace; ``now`` in Unix seconds."""
    yield from _labelled("message", _who(trace))
    yield from _labelled("text", _what(trace))
    if with_text:
        yield escape(f"{'':<{_LABEL}}{trace.text}")
    yield from _labelled("state", _standing(trace))
    yield "steps, UTC"
    yield from _steps_in_words(_steps(trace))
    yield from _sections("costs", _costs(trace))
    yield from _sections("next", _next(trace, now))
    yield from _sections("missing", _missing(trace))


def inbound_story(text: InboundTrace, *, with_text: bool) -> Iterator[str]:
    """Tell of a text that came in."""
    what = f"{text.key} from {_address(text.source)} to {_address(text.destination)}, by {text.carrier}, for account"
    yield from _labelled("inbound", f"{what} {text.account}, {len(text.text)} characters")
    if with_text:
        yield escape(f"{'':<{_LABEL}}{text.text}")
    yield "steps, UTC"
    steps = [_Step(text.at, "sent", ["by its sender, as the carrier says"])]
    yield from _steps_in_words([*steps, *(_owed_step(owed, "") for owed in text.owed)])


def _labelled(label: str, text: str) -> list[str]:
    return wrapped(f"{label:<{_LABEL}}", " " * _LABEL, text)


def _sections(label: str, sentences: Iterable[str]) -> Iterator[str]:
    for place, sentence in enumerate(sentences):
        yield from _labelled("" if place else label, sentence)


# --- who it is, and where it stands -----------------------------------------------------------------------------------


def _who(trace: Trace) -> str:
    ids = list(dict.fromkeys(part.message_id for part in trace.parts))
    sender = trace.sender or "the carrier's own sender"
    country = trace.country or "of no country"
    return f"{', '.join(ids)} of account {trace.account}, from {sender} to +{trace.recipient} ({country})"


def _what(trace: Trace) -> str:
    if _was_whole(trace) or trace.stage is Stage.ASSEMBLING:
        told = f"{_count(len(trace.text), 'character')}, {trace.traffic_class.name.lower()}"
    else:
        told = f"never complete, {trace.traffic_class.name.lower()}"
    if trace.billed_parts is not None and trace.decision is not None:
        told += f", {trace.billed_parts} SMS"
    if trace.flash:
        told += ", to be shown at once (flash)"
    if replaced := sum(part.replaced for part in trace.parts):
        told += f"; {_count(replaced, 'octet')} meant nothing in their alphabet and became ?"
    return told


def _was_whole(trace: Trace) -> bool:
    """Whether all that was to come has come: only then a text is routed."""
    return trace.decision is not None or trace.stage is Stage.UNROUTED


def _standing(trace: Trace) -> str:
    if trace.outcome is None:
        return _STAGES[trace.stage].format(carrier=trace.carrier)
    told = trace.outcome.name.lower()
    if trace.done_at is not None and (took_s := trace.done_at - trace.accepted_at) >= 0:
        told += f" after {_took(took_s)}"
    return told + (f": err {trace.error:03d}, {trace.error.meaning}" if trace.error else "")


_STAGES: Final = {
    Stage.ASSEMBLING: "waits for its other parts",
    Stage.UNROUTED: "complete, about to be routed",
    Stage.SCHEDULED: "waits for its time",
    Stage.QUEUED: "queued for {carrier}",
    Stage.SENDING: "on its way to {carrier}",
    Stage.DOUBTFUL: "in doubt: {carrier} may or may not have it",
    Stage.PARKED: "held for a person to decide: {carrier} may or may not have it",
    Stage.AWAITING_STATUS: "with {carrier}, which has not told the outcome yet",
}


# --- steps ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Step:
    at: float
    word: str
    sentences: list[str] = field(default_factory=list)


def _steps_in_words(steps: Iterable[_Step]) -> Iterator[str]:
    day = ""
    for step in steps:
        at = datetime.fromtimestamp(round(step.at, 3), UTC)
        shown, day = (day != f"{at:%Y-%m-%d}"), f"{at:%Y-%m-%d}"
        time = f"{day if shown else '':<10} {at:%H:%M:%S}.{at.microsecond // 1000:03d}"
        first = f"  {time:<{_TIME}}{step.word:<{_WORD}}"
        rest = " " * len(first)
        for place, sentence in enumerate(step.sentences or [""]):
            yield from wrapped(rest if place else first, rest, sentence)


def _steps(trace: Trace) -> Iterator[_Step]:
    several = len(trace.parts) > 1 or trace.assembly is not None
    for place, part in enumerate(trace.parts):
        yield _accepted(part, trace, is_first=place == 0, several=several)
    whole_at = max((part.accepted_at for part in trace.parts if not part.repeated), default=trace.accepted_at)
    if several and _was_whole(trace):
        yield _joined(trace, whole_at)
    if trace.decision is not None:
        yield _Step(whole_at, "routed", list(_routing(trace.decision)))
    calls = [step for call in trace.calls for step in _call(call, trace)]
    yield from calls
    owed = [(owed, _of_part(part, several=several)) for part in trace.parts for owed in part.owed]
    yield from (_owed_step(one, whose) for one, whose in owed if one.kind is OutgoingKind.INTERMEDIATE)
    if trace.outcome is not None and trace.done_at is not None:
        after = calls[-1].at if calls else whole_at
        yield _Step(trace.done_at, trace.outcome.name.lower(), _ending(trace, after))
    yield from (_owed_step(one, whose) for one, whose in owed if one.kind is not OutgoingKind.INTERMEDIATE)


def _accepted(part: TracedPart, trace: Trace, *, is_first: bool, several: bool) -> _Step:
    command = part.operation.name.lower()
    told = f"{command} {part.message_id}"
    if several and part.number is not None:
        total = f" of {trace.assembly.total}" if trace.assembly else ""
        told = f"part {part.number}{total}, {told}"
    if part.repeated:
        told += ", the same part again or too late: its text does not count"
    sentences = [told]
    if is_first:
        sentences.append(f"from {_address(part.source)} to {_address(part.destination)}")
        sentences.append(f"data_coding {part.data_coding}, {_asks(part)}, valid until {_minute(trace.expires_at)}")
        if trace.schedule_at is not None:
            sentences.append(f"not to be sent before {day_and_time(trace.schedule_at)}")
        if trace.assembly is not None:
            sentences.append(f"parts are known by reference {trace.assembly.reference}")
    return _Step(part.accepted_at, "accepted", sentences)


def _joined(trace: Trace, whole_at: float) -> _Step:
    count = len({part.number for part in trace.parts if not part.repeated})
    if trace.assembly is not None and count < trace.assembly.total:
        told = f"{count} of {trace.assembly.total} parts, because the time was over; (...) stands for the others"
        return _Step(trace.assembly.deadline_at, "joined", [told])
    return _Step(whole_at, "joined", [f"{_count(count, 'part')} to one text"])


def _address(address: Address) -> str:
    if not address.addr:
        return "nobody"
    return f"{address.addr} (ton {address.ton}, npi {address.npi})"


_RECEIPTS: Final = ("no receipt", "with receipt", "receipt of a failure only", "receipt of success only")
"""By registered_delivery, bits 0 and 1 (SMPP v3.4, 5.2.17; 3 is a 5.0 value)."""


def _asks(part: TracedPart) -> str:
    told = _RECEIPTS[part.registered_delivery & 3]
    return f"{told} and notice" if part.registered_delivery & 16 else told


def _routing(decision: Decision) -> Iterator[str]:
    way = f": {', then '.join(decision.carriers)}" if decision.carriers else ": no carrier is left"
    yield f"by route {decision.rule} ({decision.strategy}){way}"
    yield from (f"not {carrier}: {reason}" if carrier else reason for carrier, reason, _ in decision.dropped)
    for belief in decision.beliefs:
        yield f"{belief.carrier} then: {_belief(belief)}"
    if decision.sender is not None:
        yield f"its sender becomes {decision.sender}"
    if decision.hold_until is not None:
        yield f"held until {day_and_time(decision.hold_until)}"


def _belief(belief: Belief) -> str:
    told = [f"{amount(belief.price)} a part" if belief.price is not None else "price unknown"]
    if belief.delivery_pct is not None:
        told.append(f"{belief.delivery_pct} % delivered lately")
    if belief.latency_s is not None:
        told.append(f"in {belief.latency_s} s")
    if belief.is_down:
        told.append("took nothing at that moment")
    return ", ".join(told)


def _call(call: TracedCall, trace: Trace) -> Iterator[_Step]:
    others = f" with {_count(call.messages - 1, 'other message')}" if call.messages > 1 else ""
    sentences = [f"{call.carrier} at {call.host}{others}", f"as call {call.batch}, message {trace.number}"]
    sentences += _doubt(call)
    yield _Step(call.prepared_at, "called", sentences)
    booking = next((one for one in trace.ledger if one.batch == call.batch and one.is_booking), None)
    if booking is not None:
        ref = [f"its reference: {trace.ref}"] if trace.ref is not None and call.is_current else []
        polled = [f"asked {_count(call.polls, 'time')} for its status"] if call.polls else []
        passed_on = [] if call.is_current else ["it said later that it sent nothing: queued again"]
        yield _Step(booking.at, "taken", [f"by {call.carrier}", *ref, *polled, *passed_on])
    elif call.settled_at is not None and (result := _result(call, trace)):
        yield _Step(call.settled_at, *result)


def _doubt(call: TracedCall) -> Iterator[str]:
    if call.repeats:
        yield f"no clear answer; the identical request repeated {_count(call.repeats, 'time')}"
    if call.lookups:
        clear = f"{call.clean_lookups} of them with a clear answer"
        yield f"looked for at the carrier {_count(call.lookups, 'time')}, {clear}"
    if call.copy_arrived:
        yield "the carrier said that an earlier copy had arrived"


def _result(call: TracedCall, trace: Trace) -> tuple[str, list[str]] | None:
    """Say what came of a call that the ledger knows nothing of."""
    if not call.is_current:
        certain = "it certainly was not taken, and was queued again"
        unsure = "not taken, or in doubt and sent anew by on_doubt"
        word, told = ("queued again", unsure) if trace.may_be_twice else ("not taken", certain)
        return word, [f"{told}; the log says why, under batch={call.batch}"]
    if trace.stage in {Stage.DOUBTFUL, Stage.PARKED}:
        found = "a copy has arrived, but it is not found there yet" if call.copy_arrived else "nobody knows yet"
        return "in doubt", [found]
    if trace.outcome in {None, Outcome.DELIVERED}:
        return None
    if trace.error is ErrorCode.OUTCOME_UNKNOWN:
        return "in doubt", ["nobody could tell whether the carrier had taken it"]
    return "refused", [f"by {call.carrier}"]


def _ending(trace: Trace, after: float) -> list[str]:
    told = [f"the carrier: {trace.detail}"] if trace.detail else []
    if trace.done_at is not None and trace.done_at < after:
        told.append("the time is that of the carrier's clock")
    return told


def _of_part(part: TracedPart, *, several: bool) -> str:
    return f" for part {part.number}" if several and part.number is not None else ""


def _owed_step(owed: Owed, whose: str) -> _Step:
    if owed.kind is OutgoingKind.INBOUND:
        told = "to the account"
    elif owed.kind is OutgoingKind.ALERT:
        told = "that the phone can be reached again"
    else:
        told = f"{STATS[MessageState(owed.outcome)]} {owed.error:03d}{whose}"
    return _Step(owed.created_at, _KINDS[owed.kind], [f"{told}, {_fate(owed)}"])


def _fate(owed: Owed) -> str:
    tries = _count(owed.tries, "try", "tries")
    refusal = "" if owed.status is None else f", last answer {status_name(owed.status)}"
    match owed.state:
        case OwedState.PENDING:
            return f"not acknowledged yet after {tries}{refusal}"
        case OwedState.ACKNOWLEDGED:
            took_s = (owed.settled_at or owed.created_at) - owed.created_at
            return f"acknowledged after {_took(took_s)} and {tries}"
        case OwedState.REFUSED:
            return f"refused by its ESME after {tries}{refusal}"
        case OwedState.KEPT_TOO_LONG:
            return f"given up after {tries}: nobody took it in [store] receipts_retention{refusal}"
        case OwedState.SUPERSEDED:
            return "not sent: the message ended before"


# --- money, the future, and what is gone ------------------------------------------------------------------------------


def _costs(trace: Trace) -> Iterator[str]:
    corrected = {entry.batch for entry in trace.ledger if not entry.is_booking}
    for entry in trace.ledger:
        what = f"{_price(entry)} for {_count(entry.parts, 'part')}"
        if entry.is_booking:
            is_confirmed = entry.is_final and entry.cost is not None and entry.batch not in corrected
            yield f"{what}, booked when {entry.carrier} took it{' and confirmed since' if is_confirmed else ''}"
        elif entry.parts:
            yield f"corrected to {what}: the last word of {entry.carrier}"
        else:
            yield f"corrected to nothing: by its last word {entry.carrier} does not bill it"


def _price(entry: LedgerEntry) -> str:
    if entry.cost is None:
        return "an unknown price"
    return f"{amount(entry.cost.micros)} {entry.cost.currency}"


def _next(trace: Trace, now: float) -> Iterator[str]:
    if trace.stage is not Stage.FINAL:
        yield from _coming(trace, now)
        if trace.stage in {Stage.UNROUTED, Stage.SCHEDULED, Stage.QUEUED}:
            yield f"expires {_when(trace.expires_at, now)} if it still waits then"
        return
    pending = [owed for part in trace.parts for owed in part.owed if owed.state is OwedState.PENDING]
    for owed in pending:
        yield f"the {_KINDS[owed.kind]} goes out {_when(owed.due_at, now)}, if {trace.account} is bound to take it"
    if not pending:
        yield "nothing: all is done"


def _coming(trace: Trace, now: float) -> Iterator[str]:
    call = next((call for call in trace.calls if call.is_current), None)
    call_due = "soon" if call is None or call.due_at is None else _when(call.due_at, now)
    due = "at once" if trace.due_at is None else _when(trace.due_at, now)
    match trace.stage:
        case Stage.ASSEMBLING if trace.assembly is not None:
            came = {part.number for part in trace.parts if not part.repeated}
            lacking = [str(number) for number in range(1, trace.assembly.total + 1) if number not in came]
            fate = "what came is sent" if trace.assembly.send_incomplete else "the text fails"
            yield f"waits for part {', '.join(lacking)}; without it {fate} {_when(trace.assembly.deadline_at, now)}"
        case Stage.UNROUTED:
            yield "it is routed at once"
        case Stage.SCHEDULED:
            yield f"queued for {trace.carrier} {due}"
        case Stage.QUEUED if trace.is_leased:
            yield f"a call to {trace.carrier} is being made; without one it is queued again {due}"
        case Stage.QUEUED:
            yield f"sent {due} when {trace.carrier} takes messages, after what was queued before it"
        case Stage.SENDING:
            yield f"the answer of the call; without one it is in doubt {call_due}"
        case Stage.DOUBTFUL:
            if call is not None and call.copy_arrived:
                yield f"the call is looked up {call_due}; it is never sent anew"
            else:
                yield f"the call is repeated or looked up {call_due}; it is never sent anew unless on_doubt says so"
        case Stage.PARKED:
            yield f"ends as unknown {due}, if nobody has decided by then"
        case Stage.AWAITING_STATUS:
            yield f"{trace.carrier} is asked for its status {call_due}, unless a push comes first"


def _missing(trace: Trace) -> Iterator[str]:
    if trace.lost_call:
        yield "the call that it was with is no longer in the store"
    if trace.calls_searched_to is not None:
        yield f"calls before {day_and_time(trace.calls_searched_to)} were not looked through for earlier ones of it"
    if trace.stage is Stage.FINAL and trace.assembly is None and any(part.number for part in trace.parts):
        yield "the wait for its parts is no longer in the store: reference, number of parts and deadline"


def _when(at: float, now: float) -> str:
    if at <= now:
        return "now" if now - at < 1 else f"now (due since {day_and_time(at)})"
    return f"in {_took(at - now)} ({day_and_time(at)})"


def _took(span_s: float) -> str:
    """Write a span as people say it, with two units at most."""
    if span_s < 1:
        return f"{span_s * 1000:.0f} ms"
    if span_s < 120:
        return f"{span_s:.1f} s"
    minutes, seconds = divmod(int(span_s), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    start = next(place for place, (count, _) in enumerate(units) if count)
    return " ".join(f"{count} {unit}" for count, unit in units[start : start + 2] if count)


def _count(count: int, one: str, several: str | None = None) -> str:
    return f"{count} {one if count == 1 else several or f'{one}s'}"
