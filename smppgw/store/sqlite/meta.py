"""What belongs to the store as a whole: its numbers and its secrets."""

import secrets
import sqlite3


def reserve_ids(db: sqlite3.Connection, count: int) -> int:
    """Reserve so many numbers; return the first."""
    first: int = db.execute("SELECT value FROM meta WHERE key = 'next_id'").fetchone()[0]
    db.execute("UPDATE meta SET value = ? WHERE key = 'next_id'", (first + count,))
    return first


def secret(db: sqlite3.Connection, name: str) -> bytes:
    """Return a secret, made at first use."""
    db.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (f"secret {name}", secrets.token_bytes(32)))
    found = known_secret(db, name)
    assert found is not None  # noqa: S101 - the statement above has made it
    return found


def known_secret(db: sqlite3.Connection, name: str) -> bytes | None:
    """Return a secret; None where it was not made yet."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (f"secret {name}",)).fetchone()
    return None if row is None else row[0]
