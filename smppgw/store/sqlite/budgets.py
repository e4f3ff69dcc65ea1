"""What budgets have used: a sum per pot, and with each message what it has taken out of which.

Both change in the transaction of what causes the change, so that a sum is at any time that of its messages: what they
reserve while they are open, what was booked once a carrier has them, nothing when they ended without one. What ended
without anybody knowing whether it was sent stays as reserved. Messages without charges cost no statement.

Only what is reserved has to fit. What is booked and corrected is what the carrier says, and counts in full. Of two
copies that ``on_doubt = "resend"`` lets go out, one is reserved, as the ledger will know one.
"""

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from smppgw.core.budgets import Charge, Period, Pot, Scope
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Cost, MessageId
from smppgw.store.base import BudgetSpentError
from smppgw.store.sqlite.rows import json_ids

MAY_HAVE_COST: Final = frozenset({ErrorCode.OUTCOME_UNKNOWN, ErrorCode.CANCELLED_LATE})
"""Ends of messages that may have been sent all the same."""
_KEPT_MS: Final = 32 * 86_400_000
"""Longer than any period."""

_THIS: Final = "scope = ? AND name = ? AND period = ? AND start_ms = ?"
_RESERVE: Final = """INSERT INTO budgets (scope, name, period, start_ms, used, most)
    VALUES (:scope, :name, :period, :start_ms, :micros, :most)
    ON CONFLICT DO UPDATE SET used = used + excluded.used, most = excluded.most
    WHERE used + excluded.used <= excluded.most OR excluded.used = 0"""


@dataclass(slots=True)
class _Share:
    """What a message has taken out of one pot."""

    pot: Pot
    asked: int
    """What it reserved at acceptance."""
    held: int
    """What of that is reserved now."""
    booked: int

    def belongs_to(self, carriers: Collection[str]) -> bool:
        """Whether it is of the account, or of one of these carriers."""
        return self.pot.scope is Scope.ACCOUNT or self.pot.name in carriers

    @property
    def used(self) -> int:
        """What the pot has less for it."""
        return self.held + self.booked


class _Changes:
    """What is to be written: shares of messages, and what that moves in the pots."""

    def __init__(self) -> None:
        self._messages: list[tuple[str, int]] = []
        self._moves: dict[Pot, int] = {}

    def change(self, message: int, shares: Sequence[_Share], change: Callable[[_Share], None]) -> None:
        """Change each share of a message."""
        before = [share.used for share in shares]
        for share in shares:
            change(share)
        for share, used in zip(shares, before, strict=True):
            self._moves[share.pot] = self._moves.get(share.pot, 0) + share.used - used
        self._messages.append((_write(shares), message))

    def store(self, db: sqlite3.Connection) -> None:
        """Write it."""
        db.executemany("UPDATE messages SET charges = ? WHERE id = ?", self._messages)
        db.executemany(
            f"UPDATE budgets SET used = used + ? WHERE {_THIS}",  # noqa: S608 - a constant
            ((micros, *pot) for pot, micros in self._moves.items() if micros),
        )


def _read(text: str) -> list[_Share]:
    return [
        _Share(Pot(Scope(scope), name, Period(period), start_ms), asked, held, booked)
        for scope, name, period, start_ms, asked, held, booked in json.loads(text)
    ]


def _write(shares: Sequence[_Share]) -> str:
    rows = [[*share.pot, share.asked, share.held, share.booked] for share in shares]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def text(charges: Sequence[Charge]) -> str | None:
    """Return what stands with a message that has reserved so much; None where it is nothing."""
    if not charges:
        return None
    return _write([_Share(charge.pot, charge.micros, charge.micros, 0) for charge in charges])


def reserve(db: sqlite3.Connection, charges: Iterable[Charge]) -> None:
    """Take charges out of their pots, all of them together.

    Raises:
        BudgetSpentError: One of them does not fit; the transaction has to be rolled back.
    """
    sums: dict[Pot, tuple[int, int]] = {}
    for charge in charges:
        sums[charge.pot] = sums.get(charge.pot, (0, 0))[0] + charge.micros, charge.limit
    for pot, (micros, most) in sums.items():
        values = {**pot._asdict(), "micros": micros, "most": most}
        if micros > most or db.execute(_RESERVE, values).rowcount != 1:
            raise BudgetSpentError(f"the {pot.period.name.lower()} budget of {pot.name} is used up")


def replace(db: sqlite3.Connection, message: MessageId, before: str | None, charges: Sequence[Charge]) -> None:
    """Let a waiting message reserve something else than what stands with it.

    Raises:
        BudgetSpentError: It does not fit; the transaction has to be rolled back.
    """
    if before is not None:
        end(db, [(message, before, None)])
    reserve(db, charges)
    if before is not None or charges:
        db.execute("UPDATE messages SET charges = ? WHERE id = ?", (text(charges), message))


def book(db: sqlite3.Connection, carrier: str, costs: Mapping[MessageId, Cost | None]) -> None:
    """Put what messages cost in the place of what they reserve; None: as reserved, because the price is unknown.

    A message that is booked a second time, by another attempt, has cost both.
    """
    # Where there are no budgets, no message is looked at.
    found = db.execute(
        """SELECT id, charges FROM messages WHERE EXISTS (SELECT 1 FROM budgets WHERE scope >= 0)
           AND id IN (SELECT value FROM json_each(?)) AND charges IS NOT NULL""",
        (json_ids(list(costs)),),
    ).fetchall()
    changes = _Changes()
    for number, written in found:
        changes.change(number, _read(written), partial(_book, carrier=carrier, cost=costs[number]))
    changes.store(db)


def _book(share: _Share, *, carrier: str, cost: Cost | None) -> None:
    if share.belongs_to((carrier,)):
        share.booked += share.held if cost is None else cost.reporting_micros
    share.held = 0


def end(db: sqlite3.Connection, ended: Iterable[tuple[int, str, str | None]]) -> None:
    """Give back what messages that have ended reserve; what is booked stays.

    Args:
        db: The connection.
        ended: Each message with what stands with it, and with the carrier that may have it: what that one and the
            account reserve stays too. None: nobody has it.
    """
    changes = _Changes()
    for number, written, holder in ended:
        shares = _read(written)
        if any(share.held for share in shares):
            changes.change(number, shares, partial(_give_back, holder=holder))
    changes.store(db)


def _give_back(share: _Share, *, holder: str | None) -> None:
    if holder is None or not share.belongs_to((holder,)):
        share.held = 0


def correct(db: sqlite3.Connection, message: MessageId, carrier: str, delta: int) -> None:
    """Change the used amount of a message by ``delta``, in millionths of the reporting currency.

    For a correction of its booking with this carrier; nothing happens where the message has no budgets, or is gone.
    """

    def add(share: _Share) -> None:
        if share.belongs_to((carrier,)):
            share.booked += delta

    found = db.execute("SELECT charges FROM messages WHERE id = ? AND charges IS NOT NULL", (message,)).fetchone()
    if found is not None:
        changes = _Changes()
        changes.change(message, _read(found[0]), add)
        changes.store(db)


def affordable(db: sqlite3.Connection, written: str | None, carriers: Sequence[str]) -> tuple[str, ...]:
    """Return those candidates that a message may reserve for once more; ``written`` is what stands with it."""
    shares = [] if written is None else _read(written)
    full = {share.pot for share in shares if not _fits(db, share.pot, share.asked - share.held)}
    if any(pot.scope is Scope.ACCOUNT for pot in full):
        return ()
    names = {pot.name for pot in full}
    return tuple(carrier for carrier in carriers if carrier not in names)


def reopen(db: sqlite3.Connection, message: MessageId, written: str | None, carriers: Collection[str]) -> None:
    """Let a message that was booked, but provably not sent, reserve again what it did, for these candidates.

    They are ``affordable``, and its booking has been corrected before.
    """

    def hold(share: _Share) -> None:
        share.held = share.asked if share.belongs_to(carriers) else 0

    if written is not None:
        changes = _Changes()
        changes.change(message, _read(written), hold)
        changes.store(db)


def _fits(db: sqlite3.Connection, pot: Pot, micros: int) -> bool:
    if micros <= 0:
        return True
    found = db.execute(f"SELECT used + ? <= most FROM budgets WHERE {_THIS}", (micros, *pot)).fetchone()  # noqa: S608
    return found is not None and bool(found[0])


def spent(db: sqlite3.Connection, since: Collection[Pot]) -> dict[Pot, int]:
    """Return what is used of these pots and of later ones of the same budgets."""
    used: dict[Pot, int] = {}
    for pot in since:
        found = db.execute(
            "SELECT start_ms, used FROM budgets WHERE scope = ? AND name = ? AND period = ? AND start_ms >= ?", pot
        )
        used |= {pot._replace(start_ms=start_ms): micros for start_ms, micros in found}
    return used


def forget(db: sqlite3.Connection, before_ms: int) -> None:
    """Delete the sums of pots that ended before."""
    db.execute("DELETE FROM budgets WHERE start_ms < ?", (before_ms - _KEPT_MS,))
