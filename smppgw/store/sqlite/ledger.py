"""The ledger: a hand-off is booked with it, and settled once, by the first word of its carrier that is the last one.

Both stand in the transaction that stores what they follow from, so no replay and no death books or corrects twice. A
correction costs what the booking cost per part: the card, tier and exchange rate in force then, whatever was loaded
since. Per part the booking divides evenly in the currency of the card; in the reporting currency a correction is
rounded half up to the micro-unit.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Final

from smppgw.core.disposition import Taken
from smppgw.core.model import MessageId, Outcome
from smppgw.store.base import Correction
from smppgw.store.sqlite import budgets
from smppgw.store.sqlite.finishing import End
from smppgw.store.sqlite.rows import json_ids, seconds

_CONFIRM: Final = """UPDATE costs SET final = 1
    WHERE attempt = ? AND message IN (SELECT value FROM json_each(?)) AND kind = 0 AND final = 0"""
_SETTLE: Final = """UPDATE costs SET final = 1, stands = parts = ?
    WHERE attempt = ? AND message = ? AND kind = 0 AND final = 0
    RETURNING account, carrier, parts, micros, reporting_micros, at_ms"""
_CORRECT: Final = """INSERT INTO costs
    SELECT attempt, message, 1, account, carrier, country, traffic_class, ?, ?, currency, ?, at_ms, 1, 1
    FROM costs WHERE attempt = ? AND message = ? AND kind = 0"""


def book(
    db: sqlite3.Connection, attempt: int, carrier: str, taken: Sequence[tuple[MessageId, Taken]], now_ms: int
) -> set[MessageId]:
    """Enter what messages of an attempt are expected to cost; return those that were not there before."""
    found = db.execute("SELECT message FROM costs WHERE attempt = ? AND kind = 0", (attempt,)) if taken else ()
    before = {row[0] for row in found}
    # The key keeps a replay from booking twice.
    db.executemany(
        """INSERT OR IGNORE INTO costs (attempt, message, kind, account, carrier, country, traffic_class, parts,
               micros, currency, reporting_micros, at_ms)
           SELECT ?, id, 0, account, ?, country, traffic_class, ?, ?, ?, ?, ? FROM messages WHERE id = ?""",
        (
            (
                attempt, carrier, taking.parts,
                taking.cost and taking.cost.micros, taking.cost and taking.cost.currency,
                taking.cost and taking.cost.reporting_micros, now_ms, number,
            )
            for number, taking in taken
        ),
    )  # fmt: skip
    new = {number: taking.cost for number, taking in taken if number not in before}
    budgets.book(db, carrier, new)
    return set(new)


def settle(db: sqlite3.Connection, ends: Iterable[End]) -> list[Correction]:
    """Confirm or correct what was booked for messages that have ended; return what was corrected.

    An end that nobody is sure of leaves its booking open: it is paid for, unless the carrier says something later.
    """
    confirmed: dict[int | None, list[int]] = {}
    corrections: list[Correction | None] = []
    for end in ends:
        if end.parts is not None:
            corrections.append(_correct(db, end, end.parts))
        elif end.outcome is not Outcome.UNKNOWN:
            confirmed.setdefault(end.attempt, []).append(end.message)
    db.executemany(_CONFIRM, ((attempt, json_ids(messages)) for attempt, messages in confirmed.items()))
    return [correction for correction in corrections if correction is not None]


def _correct(db: sqlite3.Connection, end: End, parts: int) -> Correction | None:
    key = (end.attempt, end.message)
    booked = db.execute(_SETTLE, (parts, *key)).fetchone()
    if booked is None or booked[2] == parts:
        return None
    account, carrier, before, micros, reporting, at_ms = booked
    corrected = _scaled(reporting, parts, before)
    db.execute(_CORRECT, (parts, _scaled(micros, parts, before), corrected, *key))
    if corrected is not None:
        budgets.correct(db, end.message, carrier, corrected - reporting)
    return Correction(
        message=end.message,
        account=account,
        carrier=carrier,
        parts=parts - before,
        reporting_micros=None if corrected is None else corrected - reporting,
        booked_at=seconds(at_ms),
    )


def _scaled(micros: Any, parts: int, before: int) -> int | None:
    """Return what so many parts cost where ``before`` of them cost ``micros``, rounding half up."""
    return None if micros is None else (2 * micros * parts + before) // (2 * before)
