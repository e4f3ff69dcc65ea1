"""`smppgw trace`: from what somebody types to all that the store knows of a message. Reads only."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from smppgw.config.settings import Settings
from smppgw.core.ids import IdForm, Ids, is_shaped, readings
from smppgw.core.operations import IdKey
from smppgw.core.tracing import Clue, Sightings, Trace
from smppgw.store.sqlite.archive import SqliteArchive

_PHONE: Final = re.compile(r"(?:\+|00)?([1-9][0-9]{6,14})", re.ASCII)
_PUNCTUATION: Final = re.compile(r"[\s()./-]+")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was found."""

    sightings: Sightings
    traces: tuple[Trace, ...]
    """Of the messages among the sightings: of the only one, or of all where that was asked for."""


def ask(settings: Settings, asked: str, *, limit: int, all_of_them: bool) -> Answer:
    """Find what ``asked`` means.

    Args:
        settings: Names the store; a daemon may have it open.
        asked: A message_id in any form, a carrier's or our own reference, our number, or a telephone number.
        limit: Messages found at most.
        all_of_them: Trace each one, also where there are several.

    Raises:
        StoreError: The store cannot be read.
    """
    with contextlib.closing(SqliteArchive.open(settings.store.path)) as archive:
        sightings = archive.search(_clue(asked.strip(), archive.secret("ids")), limit)
        wanted = sightings.messages if all_of_them or len(sightings.messages) == 1 else ()
        traces = [archive.trace(sighting.number) for sighting in wanted]
    return Answer(sightings=sightings, traces=tuple(trace for trace in traces if trace is not None))


def _clue(asked: str, key: bytes | None) -> Clue:
    phone = _PHONE.fullmatch(_PUNCTUATION.sub("", asked))
    digits = None if phone is None else phone[1]
    if asked.startswith("+"):
        return Clue(ref="", phone=digits)
    return Clue(
        keys=() if key is None else tuple(_keys(asked, key)),
        ref=asked if asked.isprintable() else "",  # what a shell cannot decode is nobody's reference
        number=int(asked) if _NUMBER.fullmatch(asked) else None,
        phone=digits,
    )


def _keys(asked: str, key: bytes) -> Iterator[IdKey]:
    for text in readings(asked):
        for form in IdForm:
            if not is_shaped(text, form):
                continue  # its tables take a tenth of a second to build
            ids = Ids(key, form)
            if (number := ids.internal(text)) is not None:
                yield IdKey(text, number, ids.domain)
