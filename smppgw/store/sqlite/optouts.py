"""Recipients who have opted out."""

import sqlite3
import threading
from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence

from smppgw.core.optout import Consent, Wish


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
