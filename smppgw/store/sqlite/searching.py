"""From a clue to messages. Exact readings go by keys; a telephone number has no index, and is looked for newest first.

An index by recipient would cost every message a place at random, for a question that people ask now and then. Each
statement is a moment of its own, so that a long search keeps no old pages from the daemon.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Final

from smppgw.core.codes import ErrorCode
from smppgw.core.model import Outcome, Stage
from smppgw.core.operations import IdKey
from smppgw.core.tracing import Clue, FoundBy, InboundTrace, Sighting, Sightings
from smppgw.store.sqlite import tracing
from smppgw.store.sqlite.operations import newest
from smppgw.store.sqlite.rows import Row, seconds

SEARCHED: Final = 2_000_000
"""Messages that are looked at for a telephone number, at most; about two seconds where they are in memory."""
_STEP: Final = 50_000

_MESSAGES: Final = """SELECT m.id, m.account, u.message_id, m.recipient, m.accepted_ms, m.carrier, m.stage, m.outcome,
    m.error FROM messages m JOIN submissions u ON u.id = m.submission """
_WAITING: Final = f"""SELECT s.id, u.account, u.message_id, s.recipient, u.accepted_ms, '', {Stage.ASSEMBLING:d}, NULL,
    NULL FROM segments s JOIN submissions u ON u.id = s.submission """  # noqa: S608 - a constant
_OF_SUBMISSION: Final = f"""{_MESSAGES} WHERE m.id IN (
        SELECT message FROM segments WHERE id = :number UNION
        SELECT message FROM segments WHERE submission = :number AND submission <> id)
    UNION ALL {_WAITING} WHERE s.id = :number AND s.message IS NULL
    UNION ALL {_WAITING} WHERE s.submission = :number AND s.submission <> s.id AND s.message IS NULL"""  # noqa: S608 - constants
_OF_NUMBER: Final = f"""{_MESSAGES} WHERE m.id = coalesce((SELECT message FROM segments WHERE id = :number), :number)
    UNION ALL {_WAITING} WHERE s.id = :number AND s.message IS NULL"""  # noqa: S608 - as above
_OF_CALL: Final = f"""{_MESSAGES} WHERE m.id IN (
    SELECT j.value FROM attempts a JOIN json_each(a.messages) j WHERE a.batch = ?)"""  # noqa: S608 - as above
_WAITING_FOR: Final = f"""{_WAITING} WHERE s.message IS NULL AND s.assembly IN (
    SELECT id FROM assemblies WHERE recipient = ? AND state = 0)"""  # noqa: S608 - as above


def search(db: sqlite3.Connection, clue: Clue, limit: int) -> Sightings:
    """Find what a clue leads to; a telephone number is looked for only where no other reading leads anywhere."""
    found = {sighting.number: sighting for sighting in reversed(list(_exact(db, clue)))}
    inbound = tracing.inbound_of_key(db, clue.ref, limit) if clue.ref else []
    gone = tuple(key.message_id for key in clue.keys if not found and _was_given_out(db, key))
    if found or inbound or clue.phone is None:
        return _cut(list(found.values()), inbound, limit, gone=gone)
    return _by_phone(db, clue.phone, limit, gone)


def _cut(
    messages: Sequence[Sighting], inbound: Sequence[InboundTrace], limit: int, *, gone: tuple[str, ...] = ()
) -> Sightings:
    newest_first = sorted(messages, key=lambda sighting: sighting.number, reverse=True)
    return Sightings(
        messages=tuple(newest_first[:limit]), inbound=tuple(inbound), more=len(newest_first) > limit, gone=gone
    )


def _exact(db: sqlite3.Connection, clue: Clue) -> Iterator[Sighting]:
    """Yield what the readings of a clue lead to by keys, the likelier ones first."""
    for key in clue.keys:
        number = newest(db, key)
        told = db.execute("SELECT 1 FROM submissions WHERE id = ? AND message_id = ?", (number, key.message_id))
        if told.fetchone():
            yield from _sightings(db, _OF_SUBMISSION, {"number": number}, FoundBy.MESSAGE_ID)
    if clue.ref:
        yield from _sightings(db, f"{_MESSAGES} WHERE m.ref = ?", (clue.ref,), FoundBy.CARRIER_REFERENCE)
        yield from _sightings(db, _OF_CALL, (clue.ref,), FoundBy.CALL)
    if clue.number is not None:
        yield from _sightings(db, _OF_NUMBER, {"number": clue.number}, FoundBy.NUMBER)


def _was_given_out(db: sqlite3.Connection, key: IdKey) -> bool:
    number = newest(db, key)
    last: int = db.execute("SELECT value FROM meta WHERE key = 'next_id'").fetchone()[0] - 1
    return 0 < number <= last


def _by_phone(db: sqlite3.Connection, phone: str, limit: int, gone: tuple[str, ...]) -> Sightings:
    found = _sightings(db, _WAITING_FOR, (phone,), FoundBy.RECIPIENT)
    searched, below = 0, (1 << 63) - 1
    while below and searched < SEARCHED and len(found) <= limit:
        count, first = db.execute(
            "SELECT count(*), min(id) FROM (SELECT id FROM messages WHERE id < ? ORDER BY id DESC LIMIT ?)",
            (below, _STEP),
        ).fetchone()
        between = (first, below, phone)
        statement = f"{_MESSAGES} WHERE m.id >= ? AND m.id < ? AND m.recipient = ?"
        found += _sightings(db, statement, between, FoundBy.RECIPIENT) if count else []
        searched, below = searched + count, first if count == _STEP else 0
    cut = _cut(found, tracing.inbound_from(db, phone, limit), limit, gone=gone)
    return Sightings(
        messages=cut.messages,
        inbound=cut.inbound,
        more=cut.more,
        gone=gone,
        searched=searched,
        searched_to=_accepted_at(db, below) if below else None,
    )


def _accepted_at(db: sqlite3.Connection, message: int) -> float | None:
    row = db.execute("SELECT accepted_ms FROM messages WHERE id >= ? ORDER BY id LIMIT 1", (message,)).fetchone()
    return None if row is None else seconds(row[0])


def _sightings(
    db: sqlite3.Connection, statement: str, parameters: Sequence[object] | dict[str, int], by: FoundBy
) -> list[Sighting]:
    return [_sighting(row, by) for row in db.execute(statement, parameters).fetchall()]


def _sighting(row: Row, by: FoundBy) -> Sighting:
    return Sighting(
        number=row[0],
        found_by=by,
        account=row[1],
        message_id=row[2],
        recipient=row[3],
        accepted_at=seconds(row[4]),
        carrier=row[5],
        stage=Stage(row[6]),
        outcome=None if row[7] is None else Outcome(row[7]),
        error=ErrorCode(row[8] or 0),
    )
