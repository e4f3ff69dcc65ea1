"""What an ESME asks about its submissions: find, cancel, replace.

Every statement that begins with what the ESME wrote names the account too, so nobody can reach, or learn of, what
belongs to somebody else. Only what waits changes: what was handed to a carrier is out of reach. A lease does not
protect a message from its ESME: the message loses the token, and the call that was to take it begins without it.
"""

import sqlite3
import threading
from collections.abc import Iterable, Sequence
from typing import Final

from smppgw.core.codes import ErrorCode
from smppgw.core.model import WAITING, MessageId, Outcome, Stage
from smppgw.core.operations import Addressed, Found, IdKey, Named, Original, Replacement, Standing
from smppgw.store.base import Finish, StoreError
from smppgw.store.sqlite import budgets, rows
from smppgw.store.sqlite.accepting import give_up, start
from smppgw.store.sqlite.finishing import End, finish
from smppgw.store.sqlite.queues import Queues
from smppgw.store.sqlite.rows import Row, json_ids, ms, ms_or_none, seconds

_AT_ONCE: Final = 1000
"""Texts that one cancel ends at most, as with a sweep."""
_AFTER_ALL: Final = (1 << 63) - 1

# A whole text of one submission for one destination, certainly not taken by anybody.
_REPLACEABLE: Final = f"""m.stage IN ({Stage.SCHEDULED:d}, {Stage.QUEUED:d}) AND m.text IS NULL
    AND m.possible_duplicate = 0 AND NOT EXISTS (
        SELECT 1 FROM segments other WHERE other.submission = u.id AND other.submission <> other.id)"""  # noqa: S608 - stages

_OURS: Final = "u.source_addr = :source_addr AND (:service_type IS NULL OR u.service_type = :service_type)"


# --- find -------------------------------------------------------------------------------------------------------------


def find(db: sqlite3.Connection, named: Named) -> Found | None:
    """Return where a submission stands; None where the account has no such one."""
    submission = _submission(db, named)
    if submission is None:
        return None
    segments = _segments(db, submission, named.destination_addr)
    original = db.execute(
        rows.SELECT_MESSAGE.replace(" FROM messages m", ", u.esm_class FROM messages m")
        + f"WHERE m.id = ? AND m.account = ? AND {_REPLACEABLE}",
        (submission, named.account),
    ).fetchone()
    return Found(
        standings=tuple(map(_standing, segments)),
        original=None if original is None else Original(rows.message(original), original[22]),
    )


def _submission(db: sqlite3.Connection, named: Named) -> int | None:
    for key in named.keys:
        row = db.execute(
            "SELECT id FROM submissions WHERE id = ? AND account = ? AND message_id = ? AND source_addr = ?",
            (newest(db, key), named.account, key.message_id, named.source_addr),
        ).fetchone()
        if row is not None:
            return int(row[0])
    return None


def newest(db: sqlite3.Connection, key: IdKey) -> int:
    """Return the last number given out that has this id: those before it are older than anything that is kept."""
    last: int = db.execute("SELECT value FROM meta WHERE key = 'next_id'").fetchone()[0] - 1
    return key.number + max(last - key.number, 0) // key.domain * key.domain


def _segments(db: sqlite3.Connection, submission: int, destination_addr: str) -> list[Row]:
    """Return the segments of a submission, each with its message as far as there is one."""
    columns = """SELECT s.id, s.assembly, m.id, m.stage, m.outcome, m.error, m.done_ms, m.possible_duplicate
        FROM segments s LEFT JOIN messages m ON m.id = s.message"""
    found = db.execute(
        f"""{columns} WHERE s.id = :number AND :addr IN ('', s.destination_addr) UNION ALL
            {columns} WHERE s.submission = :number AND s.submission <> s.id AND :addr IN ('', s.destination_addr)""",
        {"number": submission, "addr": destination_addr},
    )
    return sorted(found)


def _standing(row: Row) -> Standing:
    _, _, _, stage, outcome, error, done_ms, _ = row
    if stage != Stage.FINAL:
        return Standing(Stage.ASSEMBLING if stage is None else Stage(stage))
    return Standing(Stage.FINAL, Outcome(outcome), ErrorCode(error), seconds(done_ms))


# --- cancel -----------------------------------------------------------------------------------------------------------


def cancel_named(db: sqlite3.Connection, named: Named, now: float) -> list[Finish] | None:
    """End what of a submission still waits; None where the account has no such submission.

    A part takes the whole text with it: the other parts alone are not what anybody wrote.
    """
    submission = _submission(db, named)
    if submission is None:
        return None
    found = _segments(db, submission, named.destination_addr)
    assemblies = {row[1] for row in found if row[2] is None}
    return _cancel(db, ((row[2], row[7]) for row in found if row[2] is not None), assemblies, now)


def search(reader: sqlite3.Connection, turn: threading.Lock, addressed: Addressed) -> list[int]:
    """Return the numbers of what waits for a recipient; reads all keys of what waits, so never in the writer."""
    try:
        with turn:
            found = reader.execute(
                f"""SELECT m.id FROM messages m INDEXED BY messages_expiry JOIN submissions u ON u.id = m.submission
                    WHERE m.stage <= 3 AND m.recipient = :recipient AND m.account = :account AND {_OURS}
                    LIMIT {_AT_ONCE}""",  # noqa: S608 - constants
                _terms(addressed),
            ).fetchall()
    except sqlite3.Error as fault:
        raise StoreError(str(fault)) from fault
    return [row[0] for row in found]


def _terms(addressed: Addressed) -> dict[str, str | int | None]:
    return {
        "account": addressed.account,
        "recipient": addressed.recipient,
        "source_addr": addressed.source_addr,
        "service_type": addressed.service_type,
        "before": _AFTER_ALL if addressed.accepted_before is None else addressed.accepted_before,
    }


def cancel_addressed(db: sqlite3.Connection, addressed: Addressed, searched: Sequence[int], now: float) -> list[Finish]:
    """End what still waits of what was searched, and texts that wait for parts."""
    terms = _terms(addressed) | {"ids": json_ids(searched)}
    messages = db.execute(
        f"""SELECT m.id, m.possible_duplicate FROM messages m JOIN submissions u ON u.id = m.submission
            WHERE m.id IN (SELECT value FROM json_each(:ids)) AND m.account = :account AND m.recipient = :recipient
            AND m.id < :before AND {_OURS}""",  # noqa: S608 - a constant
        terms,
    ).fetchall()
    assemblies = db.execute(
        f"""SELECT a.id FROM assemblies a WHERE a.recipient = :recipient AND a.account = :account AND a.state = 0
            AND EXISTS (SELECT 1 FROM segments s JOIN submissions u ON u.id = s.submission
                WHERE s.assembly = a.id AND s.id < :before AND {_OURS})""",  # noqa: S608 - a constant
        terms,
    ).fetchall()
    return _cancel(db, messages, {row[0] for row in assemblies}, now)


def _cancel(
    db: sqlite3.Connection, messages: Iterable[tuple[int, int]], assemblies: Iterable[int], now: float
) -> list[Finish]:
    # What waits to be sent a second time may have arrived the first time.
    errors = {number: ErrorCode.CANCELLED_LATE if again else ErrorCode.CANCELLED for number, again in messages}
    errors |= {give_up(db, assembly): ErrorCode.CANCELLED for assembly in sorted(assemblies)}
    ends = [End(MessageId(number), Outcome.DELETED, error, "", ms(now)) for number, error in errors.items()]
    return finish(db, ends, WAITING, ms(now))


# --- replace ----------------------------------------------------------------------------------------------------------


def replace(db: sqlite3.Connection, queues: Queues, replacement: Replacement, now: float) -> bool:
    """Give a waiting text another content, and the way that goes with it; False where it waits no more."""
    found = db.execute(
        f"""SELECT m.stage, m.carrier, m.traffic_class, m.fair, m.submission, m.token, m.charges FROM messages m
            JOIN submissions u ON u.id = m.submission WHERE m.id = ? AND m.account = ? AND {_REPLACEABLE}""",  # noqa: S608 - a constant
        (replacement.message, replacement.account),
    ).fetchone()
    if found is None:
        return False
    budgets.replace(db, replacement.message, found[6], replacement.charges)
    submission = found[4]
    carrier = replacement.decision.carriers[0]
    stage, due_ms = start(replacement.schedule_at, replacement.decision, now)
    db.execute(
        """UPDATE messages SET parts = ?, decision = ?, sender = ?, carrier = ?, stage = ?, due_ms = ?, fair = ?,
           expires_ms = ?, token = NULL, tries = 0, batch_cap = NULL, asks = asks & ? | ? WHERE id = ?""",
        (
            replacement.parts, rows.decision_text(replacement.decision), replacement.decision.sender, carrier, stage,
            due_ms,
            _place(queues, found, replacement.account, carrier, stage), ms(replacement.expires_at),
            rows.ASKS_ALERT, rows.asks_notification(replacement.registered_delivery), replacement.message,
        ),
    )  # fmt: skip
    db.execute(
        "UPDATE segments SET text = ?, replaced = ? WHERE id = ?",
        (replacement.text, replacement.replaced, replacement.message),
    )
    db.execute(
        "UPDATE submissions SET registered_delivery = ?, schedule_ms = ?, expires_ms = ? WHERE id = ?",
        (
            replacement.registered_delivery, ms_or_none(replacement.schedule_at), ms(replacement.expires_at),
            submission,
        ),
    )  # fmt: skip
    return True


def _place(queues: Queues, found: Row, account: str, carrier: str, stage: Stage) -> int:
    """Return the place in the queue: the one it has, where it stays in the same; a scheduled message has none yet."""
    stage_before, carrier_before, traffic_class, fair, _, token, _ = found
    if stage is not Stage.QUEUED:
        return 0
    if stage_before != Stage.QUEUED or carrier != carrier_before:
        return queues.number(carrier, traffic_class, account)
    return int(fair) if token is None else queues.resume(carrier, traffic_class, fair)
