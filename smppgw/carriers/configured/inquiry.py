"""A round of questions to the carrier, and what their answers say: was it taken, and what became of it?"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from smppgw.carriers.configured import asking, reports
from smppgw.carriers.configured.answers import read_document
from smppgw.carriers.configured.asking import Question
from smppgw.carriers.configured.calls import Calls
from smppgw.carriers.configured.document import UNREADABLE, Document, carrier_id
from smppgw.carriers.configured.headers import filled
from smppgw.carriers.configured.request import Shape
from smppgw.carriers.configured.section import Section
from smppgw.carriers.configured.shapes import ask_shape
from smppgw.carriers.configured.tables import Ask, LookUp, StatusPoll
from smppgw.carriers.http import Answer, CallOutcome, NotSent, Operation, Result, outcome_of, read_refusal
from smppgw.core.model import CarrierRef, MessageId, Sent
from smppgw.core.verdict import Accepted, Doubtful, Evidence, StatusReport, Verdict

AT_ONCE: Final = 8
"""Limits of questions are seldom documented; the client has room for these beside the calls that send."""
LONGEST_S: Final = 60.0
"""Of one round; what is known by then is told, the rest is asked for again."""
MAX_OCTETS: Final = 1 << 20
"""Of one answer: a thousand rows of a kilobyte."""
_OK: Final = 200
_NOT_NOW: Final = frozenset({401, 403, 429})
"""After one of these the other questions of a round would be answered alike."""

Read = Callable[[Question, Answer], bool]
"""Takes an answer, and says whether it made sense."""


class Inquiry:
    """Asks about messages."""

    def __init__(self, section: Section, calls: Calls, clock: Callable[[], float]) -> None:
        self._section = section
        self._calls = calls
        self._clock = clock
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def look_up(self, lookup: LookUp, sent: Sequence[Sent]) -> dict[MessageId, Verdict]:
        """Ask whether messages were taken; one verdict each."""
        found: dict[MessageId, Verdict] = {one.message: Doubtful("the look-up was not complete") for one in sent}

        def read(question: Question, answer: Answer) -> bool:
            verdicts = self._looked_up(lookup, question, answer)
            found.update(verdicts)
            return bool(verdicts)

        await self._round(lookup, asking.questions(self._shape(lookup), sent, at_once=1), Operation.LOOKUP, read)
        return found

    async def outcomes(self, status: StatusPoll, sent: Sequence[Sent]) -> list[StatusReport]:
        """Ask what became of messages; what cannot be learned now is left out."""
        shape = self._shape(status)
        names = shape.whole if status.rows is None else shape.whole | status.rows.equals.names
        # Nobody has told the carrier's id of a message that was found again without one.
        known = [one for one in sent if one.ref is not None] if names & {"ref", asking.REFS} else list(sent)
        found: list[StatusReport] = []

        def read(question: Question, answer: Answer) -> bool:
            said = self._said(status, question, answer)
            found.extend(said or ())
            return said is not None

        questions = asking.questions(shape, known, at_once=status.max_messages)
        await self._round(status, questions, Operation.STATUS, read)
        return found

    async def _round(self, ask: Ask, questions: Sequence[Question], operation: Operation, read: Read) -> None:
        """Ask all questions, a few at once, for as long as a round may take."""
        is_over = asyncio.Event()

        async def put(question: Question) -> None:
            async with self._slots:
                if not is_over.is_set() and await self._put(ask, question, operation, read) in _NOT_NOW:
                    is_over.set()

        try:
            async with asyncio.timeout(LONGEST_S), asyncio.TaskGroup() as group:
                for question in questions:
                    group.create_task(put(question))
        except TimeoutError:
            pass  # what is known by now is told

    async def _put(self, ask: Ask, question: Question, operation: Operation, read: Read) -> int:
        """Put one question; return the HTTP status of its answer, 0 where there is none."""
        made = await self._calls.make(
            operation,
            ask.method,
            question.written,
            filled(ask.headers, question.about[0].batch),
            deadline_s=self._section.lookup_timeout,
            max_octets=MAX_OCTETS,
        )
        answer = made.result if isinstance(made.result, Answer) else None
        makes_sense = answer is not None and read(question, answer)
        made.ended(CallOutcome.OK if makes_sense else self._failure(made.result))
        return 0 if answer is None else answer.status

    def _failure(self, result: Result) -> CallOutcome:
        match result:
            case NotSent():
                return CallOutcome.DEFERRED
            case Answer(status=status) if status != _OK:
                return outcome_of(read_refusal(result, self._clock()))
            case _:
                return CallOutcome.DOUBTFUL

    def _shape(self, ask: Ask) -> Shape:
        return ask_shape(ask, self._section.charset)

    def _document(self, answer: Answer) -> Document:
        return read_document(answer.body, self._section.answer) if answer.status == _OK else UNREADABLE

    def _looked_up(self, lookup: LookUp, question: Question, answer: Answer) -> dict[MessageId, Verdict]:
        """Say what a look-up proves; nothing where its answer makes no sense."""
        if answer.status in lookup.absent:
            return {one.message: _ABSENT for one in question.about}
        document = self._document(answer)
        about = None if document is UNREADABLE else asking.assigned(lookup.rows, question.about, document)
        verdicts = {one.message: _taken(lookup, rows) for one, rows in about or ()}
        return {message: verdict for message, verdict in verdicts.items() if verdict is not None}

    def _said(self, status: StatusPoll, question: Question, answer: Answer) -> list[StatusReport] | None:
        """Read the states in an answer; None where it makes no sense."""
        document = self._document(answer)
        about = None if document is UNREADABLE else asking.assigned(status.rows, question.about, document)
        if about is None:
            return None
        reader = reports.reader_of(status)
        said = [(one, reports.read(rows[0], reader)) for one, rows in about if len(rows) == 1]
        return [reports.report(one, facts, self._clock()) for one, facts in said if facts is not None]


_ABSENT: Final = Doubtful("no message with this reference", Evidence.ABSENT)


def _taken(lookup: LookUp, rows: Sequence[Document]) -> Verdict | None:
    """Say what the rows about a message prove; None: they make no sense."""
    if not rows:
        return _ABSENT
    if lookup.id is None:
        return Accepted()
    ids = {carrier_id(lookup.id.get(row)) for row in rows}
    if None in ids:
        return None
    # With several ids it was taken all the same, and which one is its own nobody can say.
    return Accepted(CarrierRef(str(ids.pop())) if len(ids) == 1 else None)
