"""Failover after acceptance: a carrier took a message, and then proves that it sent it nowhere.

The next candidate of the decision that was stored gets it, in the transaction that stores the proof. Only a message
that awaits its status goes this way. One whose call is in doubt, or that may have been sent twice, ends as reported:
the proof is about one copy. So does one whose validity is over, or that has no later candidate for which its budgets
have room. No receipt is owed; who was notified that a carrier has it is not notified again.
"""

import sqlite3
from collections.abc import Iterable
from typing import Final

from smppgw.core.model import DropKind, Dropped, Stage
from smppgw.core.verdict import PushedReport
from smppgw.store.base import PassedOn
from smppgw.store.sqlite import budgets, rows
from smppgw.store.sqlite.finishing import ENDING, End, as_finish, close_in_attempts
from smppgw.store.sqlite.queues import Queues

_FIND: Final = f"""SELECT {ENDING}, m.decision FROM messages m JOIN attempts a ON a.id = m.attempt
    WHERE m.id = ? AND m.attempt = ? AND m.stage = {Stage.AWAITING_STATUS:d} AND NOT m.possible_duplicate
    AND m.expires_ms > ?"""  # noqa: S608 - constants

_NO_ROOM: Final = "its budget has no room any more"

_QUEUE: Final = f"""UPDATE messages SET stage = {Stage.QUEUED:d}, carrier = ?, fair = ?, attempt = NULL, ref = NULL,
    due_ms = NULL, token = NULL, batch_cap = NULL WHERE id = ?"""  # noqa: S608 - a constant


_LEFT: Final = """SELECT 1 FROM attempts a JOIN costs c ON c.attempt = a.id JOIN messages m ON m.id = c.message
    WHERE a.batch = ? AND a.carrier = ? AND c.final = 1 AND m.attempt IS NOT a.id AND ? IN ('', m.recipient) LIMIT 1"""


def pass_on(db: sqlite3.Connection, queues: Queues, ends: Iterable[End], now_ms: int) -> list[PassedOn]:
    """Queue for their next candidate those that provably never left and that may go on; leave the others alone."""
    passed = [_pass_on(db, queues, end, now_ms) for end in ends if end.nothing_left]
    return [each for each in passed if each is not None]


def _pass_on(db: sqlite3.Connection, queues: Queues, end: End, now_ms: int) -> PassedOn | None:
    row = db.execute(_FIND, (end.message, end.attempt, now_ms)).fetchone()
    following = None if row is None else _reserve_following(db, row)
    if following is None:
        return None
    _, account, _, _, _, attempt, _, _, _, traffic_class, *_ = row
    db.execute(_QUEUE, (following, queues.number(following, traffic_class, account), end.message))
    close_in_attempts(db, [attempt])
    return PassedOn(carrier=following, ended=as_finish(row, end))


def is_settled(db: sqlite3.Connection, carrier: str, report: PushedReport) -> bool:
    """Whether a report that fits no message repeats what was known when its message was passed on."""
    return bool(db.execute(_LEFT, (report.batch, carrier, report.recipient)).fetchone())


def _reserve_following(db: sqlite3.Connection, row: rows.Row) -> str | None:
    """Return the next candidate after the carrier that had it, and let its budgets reserve for it.

    A candidate without room in a budget is none any more: nothing that is deferred later may come back to it.
    """
    if row[-1] is None:
        return None
    number, carrier, charges, decision = row[0], row[2], row[12], rows.decision(row[-1])
    carriers = decision.carriers
    affordable = budgets.affordable(db, charges, carriers)
    later = carriers[carriers.index(carrier) + 1 :] if carrier in carriers else ()
    following = next((each for each in later if each in affordable), None)
    if following is None:
        return None
    budgets.reopen(db, number, charges, affordable)
    if affordable != carriers:
        gone = (Dropped(each, _NO_ROOM, DropKind.OVER_BUDGET) for each in carriers if each not in affordable)
        left = decision._replace(carriers=affordable, dropped=(*decision.dropped, *gone))
        db.execute("UPDATE messages SET decision = ? WHERE id = ?", (rows.decision_text(left), number))
    return following
