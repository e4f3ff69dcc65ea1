"""An answer to a request that sends, to one verdict per message. Pure: no call, no clock.

The rule is that of reliability.md 1.2, and the configuration can only fill it in: accepted is what a complete answer of
a success status proves, by the id and the code that were named; refused is what a table says, or a plain 4xx; what is
left is in doubt. A 5xx is doubt whatever it says, unless the configuration names that very status.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from smppgw.carriers.configured import document as documents
from smppgw.carriers.configured.document import UNREADABLE, Document, carrier_id, scalar
from smppgw.carriers.configured.path import JsonPath
from smppgw.carriers.configured.shown import code_word
from smppgw.carriers.configured.tables import Answer as Rules
from smppgw.carriers.configured.tables import AnswerRows
from smppgw.carriers.configured.words import Meaning, Refusal, Say
from smppgw.carriers.http import (
    ACCOUNT_PAUSE_S,
    Answer,
    Lost,
    NotSent,
    Result,
    not_sent,
    read_refusal,
    retry_after,
)
from smppgw.core.model import CarrierRef, MessageId
from smppgw.core.verdict import Accepted, Deferred, Doubtful, Evidence, PauseCause, Rejected, Verdict

QUOTA_PAUSE_S: Final = 600.0
"""A daily or monthly limit is looked at again after so long."""
_TIMEOUT: Final = 408
_CONFLICT: Final = 409


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """The messages of a call, in the order in which the request names them."""

    messages: Sequence[MessageId]
    names: Callable[[], Sequence[str] | None]
    """What ``equals`` is for each message; None where that cannot be read back from the attempt."""
    is_fenced: bool
    """Whether a repeat is taken for what it is."""


def read(result: Result, rules: Rules, called: Called, now: float) -> dict[MessageId, Verdict]:
    """Say what became of each message of a call."""
    match result:
        case NotSent():
            return dict.fromkeys(called.messages, not_sent(result))
        case Lost(reason):
            return dict.fromkeys(called.messages, Doubtful(reason))
    verdicts = _read(result, rules, called, now)
    if isinstance(verdicts, dict):
        return verdicts
    if isinstance(verdicts, Rejected) and len(called.messages) > 1:
        verdicts = replace(verdicts, whole_batch=True)
    return dict.fromkeys(called.messages, verdicts)


def _read(answer: Answer, rules: Rules, called: Called, now: float) -> Verdict | dict[MessageId, Verdict]:
    """Return the verdict on the call, or those on its messages."""
    meant = rules.statuses.get(answer.status)
    if meant not in {None, Say.CODE}:
        return _verdict(meant, f"http {answer.status}", answer, now)
    is_success = answer.status in rules.success
    usual = Doubtful(f"http {answer.status} without proof") if is_success else _refusal(answer, called, now)
    if not is_success and meant is None and isinstance(usual, Doubtful):
        return usual
    document = read_document(answer.body, rules)
    if document is UNREADABLE:
        return usual
    if rules.code is not None:
        meaning, reason = _coded(answer, rules.code, rules.codes, document)
        if meaning is None:
            return replace(usual, reason=reason)
        if meaning is not Say.ACCEPTED:
            return _verdict(meaning, reason, answer, now)
    if not is_success:
        return usual
    return _proven(answer, rules, called, document, now)


def _proven(
    answer: Answer, rules: Rules, called: Called, document: Document, now: float
) -> Verdict | dict[MessageId, Verdict]:
    """Read an answer that speaks of success."""
    shared = _shared_id(answer, rules, document)
    if rules.rows is None:
        if shared is None and _names_id(rules):
            return Doubtful(f"http {answer.status} without an id")
        return _accepted(shared, rules.parts, document)
    if shared is None and _names_id(rules) and rules.rows.id is None:
        return Doubtful(f"http {answer.status} without an id")
    found = _assigned(rules.rows, called, document)
    return {
        message: _of_row(answer, rules.rows, rows[0], shared, now)
        if len(rows) == 1
        else Doubtful(f"http {answer.status}: it says nothing of this message, or too much")
        for message, rows in zip(called.messages, found, strict=True)
    }


def _of_row(answer: Answer, rules: AnswerRows, row: Document, shared: str | None, now: float) -> Verdict:
    if rules.code is not None:
        meaning, reason = _coded(answer, rules.code, rules.codes, row)
        if meaning is None:
            return Doubtful(reason)
        if meaning is not Say.ACCEPTED:
            return _verdict(meaning, reason, answer, now)
    own = shared if rules.id is None else carrier_id(rules.id.get(row))
    if own is None and rules.id is not None:
        return Doubtful(f"http {answer.status} without an id")
    return _accepted(own, rules.parts, row)


def _assigned(rules: AnswerRows, called: Called, document: Document) -> list[list[Document]]:
    """Return the rows that speak of each message: one each, where the answer is as it should be."""
    rows = rules.at.rows(document) or []
    nothing: list[list[Document]] = [[] for _ in called.messages]
    if rules.where is None:
        return [[row] for row in rows] if len(rows) == len(called.messages) else nothing
    names, table = called.names(), by_name(rows, rules.where)
    return nothing if names is None else [table.get(plain(name), []) for name in names]


def by_name(rows: Sequence[Document], where: JsonPath) -> dict[str, list[Document]]:
    """Return rows by what stands at ``where`` in them."""
    table: dict[str, list[Document]] = {}
    for row in rows:
        if name := plain(scalar(where.get(row))):
            table.setdefault(name, []).append(row)
    return table


def plain(name: str) -> str:
    """Return a name as it is compared: a number with its plus or without is the same."""
    return name.removeprefix("+")


def read_document(body: bytes, rules: Rules) -> Document:
    """Read the body of an answer as the configuration has it."""
    return documents.read_json(body) if rules.format == "json" else documents.read_text(body, rules.separators)


def _names_id(rules: Rules) -> bool:
    return rules.id is not None or rules.id_header is not None


def _shared_id(answer: Answer, rules: Rules, document: Document) -> str | None:
    if rules.id_header is not None:
        return carrier_id(answer.headers.get(rules.id_header.lower()))
    return None if rules.id is None else carrier_id(rules.id.get(document))


def _accepted(ref: str | None, parts: JsonPath | None, document: Document) -> Accepted:
    return Accepted(
        None if ref is None else CarrierRef(ref), None if parts is None else documents.parts(parts.get(document))
    )


def _coded(
    answer: Answer, path: JsonPath, codes: Mapping[str, Meaning], document: Document
) -> tuple[Meaning | None, str]:
    """Return what the code of an answer means, and how to tell it; "*" stands for any that is there, "" for none."""
    code = scalar(path.get(document))
    meaning = codes.get(code) if code in codes or not code else codes.get("*")
    shown = code_word(code, codes)
    return meaning, f"http {answer.status}, code {shown}" if code else f"http {answer.status} without a code"


def _refusal(answer: Answer, called: Called, now: float) -> Deferred | Rejected | Doubtful:
    if answer.status == _CONFLICT and called.is_fenced:
        # Said of a copy that came before, or is still being worked at: its answer is had by a repeat.
        return Doubtful("http 409: an equal request came before")
    return read_refusal(answer, now)


def _verdict(meaning: Meaning | None, reason: str, answer: Answer, now: float) -> Verdict:
    match meaning:
        case Refusal():
            return Rejected(meaning.error, reason, meaning.outcome, meaning.may_fail_over)
        case Say.ARRIVED:
            return Doubtful(reason, Evidence.ARRIVED)
        case Say.LATER:
            return Deferred(reason, not_before=retry_after(answer, now))
        case Say.THROTTLED:
            return _paused(reason, PauseCause.THROTTLE, retry_after(answer, now))
        case Say.LOGIN:
            return _paused(reason, PauseCause.LOGIN, now + ACCOUNT_PAUSE_S)
        case Say.MONEY:
            return _paused(reason, PauseCause.MONEY, now + ACCOUNT_PAUSE_S)
        case Say.QUOTA:
            return _paused(reason, PauseCause.QUOTA, now + QUOTA_PAUSE_S)
        case _:
            return Doubtful(reason)


def _paused(reason: str, cause: PauseCause, until: float | None) -> Deferred:
    return Deferred(reason, not_before=until, whole_carrier=True, pause=cause)
