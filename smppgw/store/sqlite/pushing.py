"""Pushes: kept as they came, and later turned into final states, costs, and texts for accounts."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from smppgw.core.disposition import Taken
from smppgw.core.model import Cost, Message, MessageId, Outcome, OutgoingKind, PushId, Stage
from smppgw.core.verdict import PushedReport
from smppgw.store.base import Contradiction, InboundText, Lease, Push, PushEffects, Reported, StoreError
from smppgw.store.sqlite import calls, ledger, notifying, optouts, orphans, rows
from smppgw.store.sqlite.concluding import conclude
from smppgw.store.sqlite.meta import reserve_ids
from smppgw.store.sqlite.passing_on import is_settled
from smppgw.store.sqlite.queues import Queues
from smppgw.store.sqlite.reporting import REPORTABLE, end_of
from smppgw.store.sqlite.rows import OUTBOX_KINDS, Row, json_ids, ms, seconds

_MOST_KEPT: Final = 10_000
"""Pushes that wait; more are refused, so that the carrier keeps them."""
_SETTLED_BY_PROOF: Final = frozenset[int]({Stage.DOUBTFUL, Stage.PARKED})
"""Where a report that is not final tells something new: the carrier has the message."""


# --- the journal ------------------------------------------------------------------------------------------------------


def keep(db: sqlite3.Connection, carrier: str, content_type: str, body: bytes, now: float) -> None:
    """Keep a push, unless too many wait."""
    if db.execute("SELECT due_ms FROM pushes LIMIT 1 OFFSET ?", (_MOST_KEPT - 1,)).fetchone():
        raise StoreError(f"{_MOST_KEPT} pushes wait already")
    db.execute(
        "INSERT INTO pushes (carrier, content_type, body, received_ms, due_ms) VALUES (?,?,?,?,?)",
        (carrier, content_type, body, ms(now), ms(now)),
    )


def lease(db: sqlite3.Connection, limit: int, lease: Lease, now: float) -> tuple[Lease, list[Push]]:
    """Lease pushes that are due, first come first."""
    found = db.execute(
        """SELECT id, carrier, content_type, body, received_ms, tries FROM pushes WHERE due_ms <= ?
           ORDER BY due_ms, id LIMIT ?""",
        (ms(now), limit),
    ).fetchall()
    db.executemany(
        "UPDATE pushes SET token = ?, due_ms = ? WHERE id = ?",
        ((lease.token, ms(lease.until), row[0]) for row in found),
    )
    return lease, [
        Push(
            id=PushId(row[0]),
            carrier=row[1],
            content_type=row[2],
            body=row[3],
            received_at=seconds(row[4]),
            tries=row[5],
        )
        for row in found
    ]


def _let_go(db: sqlite3.Connection, push: Push, again_at: float | None, lease: Lease, now: float) -> bool:
    """Remove a push, or put it off; False where the lease no longer covers it."""
    ours = "id = ? AND token = ? AND due_ms > ?"
    covered = (push.id, lease.token, ms(now))
    if again_at is None:
        return db.execute(f"DELETE FROM pushes WHERE {ours}", covered).rowcount == 1  # noqa: S608 - a constant
    return (
        db.execute(
            f"UPDATE pushes SET token = NULL, due_ms = ?, tries = tries + 1 WHERE {ours}",  # noqa: S608 - as above
            (ms(again_at), *covered),
        ).rowcount
        == 1
    )


# --- whom a report is about -------------------------------------------------------------------------------------------


class _Match(NamedTuple):
    """The message that a report is about."""

    message: MessageId
    recipient: str
    stage: int
    outcome: int
    """ENROUTE while it is not final."""
    attempt: int
    parts: int
    called: int
    """Messages of its call."""


_COLUMNS: Final = f"m.id, m.recipient, m.stage, coalesce(m.outcome, {Outcome.ENROUTE:d}), m.attempt, m.parts"
_BY_BATCH: Final = f"""SELECT {_COLUMNS}, json_array_length(a.messages) FROM attempts a JOIN json_each(a.messages) j
    JOIN messages m ON m.id = j.value AND m.attempt = a.id WHERE a.batch = ? AND a.carrier = ?"""  # noqa: S608
_BY_REF: Final = f"SELECT {_COLUMNS}, 1 FROM messages m WHERE m.ref = ? AND m.carrier = ? AND m.attempt IS NOT NULL"  # noqa: S608


def _matches(db: sqlite3.Connection, carrier: str, reports: Sequence[PushedReport]) -> list[_Match | None]:
    """Say for each report which message it is about.

    Only the attempt that a message is with now counts: what became of an earlier one was settled before.
    """
    found: dict[tuple[str, str | None], list[Row]] = {}

    def find(statement: str, value: str | None, recipient: str) -> _Match | None:
        key = (statement, value)
        if key not in found:
            found[key] = [] if value is None else db.execute(statement, (value, carrier)).fetchall()
        row = orphans.only(found[key], recipient)
        match = None if row is None else _Match._make(row)
        # Without a number, the one that is left of several may not be the one that is meant.
        return match if match is None or recipient or match.called == 1 else None

    return [find(_BY_BATCH, one.batch, one.recipient) or find(_BY_REF, one.ref, one.recipient) for one in reports]


def _proves_taken(report: PushedReport, match: _Match) -> bool:
    """Whether a report brings the proof that the carrier took the message; the answer of a call may still come."""
    return report.final or match.stage in _SETTLED_BY_PROOF


def unbooked(db: sqlite3.Connection, carrier: str, reports: Sequence[PushedReport]) -> list[Message | None]:
    """Return the messages that the reports prove taken while the ledger lacks their cost."""
    wanted = [
        match.message if match is not None and _proves_taken(report, match) and not _is_booked(db, match) else None
        for report, match in zip(reports, _matches(db, carrier, reports), strict=True)
    ]
    found = db.execute(
        rows.SELECT_MESSAGE + "WHERE m.id IN (SELECT value FROM json_each(?))",  # noqa: S608 - constants
        (json_ids([number for number in wanted if number is not None]),),
    )
    messages = {row[0]: rows.message(row) for row in found}
    return [None if number is None else messages[number] for number in wanted]


def _is_booked(db: sqlite3.Connection, match: _Match) -> bool:
    key = (match.attempt, match.message)
    return bool(db.execute("SELECT 1 FROM costs WHERE attempt = ? AND message = ? AND kind = 0", key).fetchone())


# --- what it changes --------------------------------------------------------------------------------------------------

Known = Sequence[tuple[PushedReport, _Match]]


def settle(
    db: sqlite3.Connection,
    queues: Queues,
    push: Push,
    reports: Sequence[PushedReport],
    costs: Mapping[MessageId, Cost],
    inbound: Sequence[InboundText],
    again_at: float | None,
    lease: Lease,
    now: float,
) -> PushEffects | None:
    """Store all that a push says, if the lease still covers it."""
    if not _let_go(db, push, again_at, lease, now):
        return None
    matches = list(zip(reports, _matches(db, push.carrier, reports), strict=True))
    known = [(report, match) for report, match in matches if match is not None]
    unknown = [report for report, match in matches if match is None and report.final]
    strange = [report for report in unknown if not is_settled(db, push.carrier, report)]
    booked = _book(db, push.carrier, known, costs, now)
    reported = _end(db, queues, known, now)
    return PushEffects(
        booked=booked,
        finished=reported.finished,
        corrected=reported.corrected,
        passed_on=reported.passed_on,
        contradictions=tuple(_contradictions(known)),
        orphans=orphans.wait(db, push.carrier, strange, ms(now)),
        delivered=frozenset(text.key for text in inbound if _deliver(db, push.carrier, text, ms(now))),
    )


def _book(
    db: sqlite3.Connection, carrier: str, known: Known, costs: Mapping[MessageId, Cost], now: float
) -> frozenset[MessageId]:
    """Book what the reports prove taken, and note the carrier's ids that no answer has brought."""
    taken: dict[int, list[tuple[MessageId, Taken]]] = {}
    for report, match in known:
        if _proves_taken(report, match):
            taking = Taken(report.ref, report.parts or match.parts, costs.get(match.message))
            taken.setdefault(match.attempt, []).append((match.message, taking))
    db.executemany(
        "UPDATE messages SET ref = ? WHERE id = ? AND ref IS NULL",
        ((taking.ref, number) for some in taken.values() for number, taking in some if taking.ref is not None),
    )
    return frozenset().union(*(ledger.book(db, attempt, carrier, some, ms(now)) for attempt, some in taken.items()))


def _end(db: sqlite3.Connection, queues: Queues, known: Known, now: float) -> Reported:
    """End what the final reports are about; what only proves that a doubt was a success lets it await its status."""
    db.executemany(
        f"UPDATE messages SET stage = {Stage.AWAITING_STATUS:d} WHERE id = ?",  # noqa: S608 - a constant
        ((match.message,) for report, match in known if not report.final and match.stage in _SETTLED_BY_PROOF),
    )
    ends = [end_of(report, MessageId(match.message), match.attempt, now) for report, match in known if report.final]
    reported = conclude(db, queues, ends, REPORTABLE, ms(now))
    for attempt in {match.attempt for _, match in known if match.stage in _SETTLED_BY_PROOF}:
        calls.end_doubt(db, attempt, now)
        notifying.owe_for_attempt(db, attempt, ms(now))
    return reported


def _contradictions(known: Known) -> list[Contradiction]:
    return [
        Contradiction(message=match.message, stands=Outcome(match.outcome), reported=report.outcome)
        for report, match in known
        if report.final and match.stage == Stage.FINAL and match.outcome != report.outcome
    ]


_INSERT_INBOUND: Final = f"""INSERT INTO outbox (id, account, kind, outcome, error, done_ms, created_ms, due_ms,
    source_ton, source_npi, source_addr, destination_ton, destination_npi, destination_addr, data_coding,
    reference, total, number, text, carrier, key)
    VALUES (?,?,{OutgoingKind.INBOUND:d},{Outcome.ENROUTE:d},0,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"""  # noqa: S608


def _deliver(db: sqlite3.Connection, carrier: str, text: InboundText, now_ms: int) -> bool:
    """Owe a text to its account; False where it was owed before."""
    known = db.execute("SELECT 1 FROM outbox WHERE kind = 2 AND carrier = ? AND key = ?", (carrier, text.key))
    if known.fetchone():
        return False
    first, total = reserve_ids(db, len(text.parts)), len(text.parts)
    db.executemany(
        _INSERT_INBOUND,
        (
            (
                (first + place) * OUTBOX_KINDS + OutgoingKind.INBOUND, text.account, ms(text.at), now_ms, now_ms,
                text.source.ton, text.source.npi, text.source.addr,
                text.destination.ton, text.destination.npi, text.destination.addr, text.data_coding,
                first, total, place + 1, part, carrier, text.key,
            )
            for place, part in enumerate(text.parts)
        ),
    )  # fmt: skip
    if text.wish is not None:
        optouts.note(db, text.account, text.wish, carrier, now_ms)
    return True
