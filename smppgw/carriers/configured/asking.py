"""Questions about messages, and which part of an answer is about whom. Pure: no call, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smppgw.carriers.configured.answers import by_name, plain
from smppgw.carriers.configured.document import Document
from smppgw.carriers.configured.fields import Asking, ask
from smppgw.carriers.configured.request import Shape, Written
from smppgw.carriers.configured.tables import AskRows
from smppgw.carriers.configured.template import Values
from smppgw.core.model import Sent

REFS: Final = "refs"
Rows = Sequence[Document]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request, and the messages that its answer is about."""

    written: Written
    about: tuple[Sent, ...]


def questions(shape: Shape, sent: Sequence[Sent], *, at_once: int) -> list[Question]:
    """Write the questions that all messages need: equal ones are asked once, ``{refs}`` takes many together.

    Args:
        shape: Of the question.
        sent: Messages that are asked about, of one call or of several.
        at_once: Ids in one question with ``{refs}``.
    """
    if REFS in shape.whole:
        groups = [sent[start : start + at_once] for start in range(0, len(sent), at_once)]
        return [_question(shape, group, tuple(one.ref or "" for one in group)) for group in groups]
    asked: dict[Written, list[Sent]] = {}
    for one in sent:
        asked.setdefault(_written(shape, one), []).append(one)
    return [Question(written=written, about=tuple(members)) for written, members in asked.items()]


def _question(shape: Shape, about: Sequence[Sent], refs: tuple[str, ...]) -> Question:
    return Question(written=_written(shape, about[0], refs), about=tuple(about))


def _written(shape: Shape, one: Sent, refs: tuple[str, ...] = ()) -> Written:
    return shape.write(_values(one, refs))


def assigned(rows: AskRows | None, about: Sequence[Sent], document: Document) -> list[tuple[Sent, Rows]] | None:
    """Return each message with the parts of the answer that are about it; None: the answer has no such parts."""
    if rows is None:
        return [(one, [document]) for one in about] if len(about) == 1 else None
    found = rows.at.rows(document)
    if found is None:
        return None
    table = by_name(found, rows.where)
    return [(one, table.get(plain(rows.equals.text(_values(one))), [])) for one in about]


def _values(one: Sent, refs: tuple[str, ...] = ()) -> Values:
    return ask(Asking(batch=one.batch, one=one, refs=refs))
