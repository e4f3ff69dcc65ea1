"""Recipients who have opted out."""

import sqlite3
import threading
from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence

from smppgw.core.optout import Consent, Optout, Wish
from smppgw.store.sqlite.rows import seconds


def note(db: sqlite3.Connection, account: str, wish: Wish, source: str, now_ms: int) -> None:
    """Write a wish down; who has opted out already stays as he is."""
    recipient = int(wish.recipient)
    if wish.consent is Consent.WITHDRAWN:
        db.execute("INSERT OR IGNORE INTO optouts VALUES (?,?,?,?)", (account, recipient, now_ms, source))
    else:
        db.execute("DELETE FROM optouts WHERE account = ? AND recipient = ?", (account, recipient))


def stored(db: sqlite3.Connection, turn: threading.Lock) -> Mapping[str, Sequence[int]]:
    """Return per account who has opted out, in ascending order, at 8 octets each."""
    found: defaultdict[str, array[int]] = defaultdict(lambda: array("q"))
    with turn:
        for account, recipient in db.execute("SELECT account, recipient FROM optouts ORDER BY account, recipient"):
            found[account].append(recipient)
    return found


def listed(db: sqlite3.Connection, account: str | None) -> list[Optout]:
    """Return who has opted out, of one account or of any."""
    found = db.execute(
        "SELECT account, recipient, since_ms, source FROM optouts WHERE account = coalesce(?, account) ORDER BY 1, 2",
        (account,),
    )
    return [
        Optout(account=name, recipient=str(number), since=seconds(since_ms), source=source)
        for name, number, since_ms, source in found
    ]
