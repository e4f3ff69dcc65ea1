"""Open the database file: lock, durability, schema.

Refuses rather than guesses: a second daemon, a file that others may read, a newer schema, a damaged file, or a SQLite
that does not keep ``synchronous=FULL`` all end the start with a sentence that says what to do.
"""

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Final

from smppgw.store.base import StoreError

_CHECKED_OCTETS: Final = 256 * 1024 * 1024
"""Files up to this size are checked whole at start; a larger one would keep the daemon from being ready."""

_PRAGMAS: Final = (
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = OFF",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -65536",  # KiB
    "PRAGMA wal_autocheckpoint = 4000",  # pages; the checkpoint runs in the writer thread, after a commit
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA busy_timeout = 5000",
)


@contextlib.contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def lock(path: Path) -> int:
    """Take the lock file beside the database; return its descriptor, which holds the lock while it is open.

    Raises:
        StoreError: Another daemon has it, or the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as fault:
        raise StoreError(f"{path} cannot be used: {fault}") from fault
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise StoreError(f"another smppgw uses {path}; one daemon per store") from None
    return descriptor


def connect(path: Path) -> sqlite3.Connection:
    """Open the database for the writer, creating or upgrading it.

    Raises:
        StoreError: The file cannot be used; the text says why and what to do.
    """
    with in_our_terms(path):
        with _umask(0o077):
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
        try:
            if path.stat().st_mode & 0o077:
                raise StoreError(f"{path} can be read by others, and it holds texts and numbers: chmod 600 {path}")
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


@contextlib.contextmanager
def in_our_terms(path: Path) -> Iterator[None]:
    """Raise faults of the database as ``StoreError``, with what to do about a damaged file."""
    try:
        yield
    except sqlite3.Error as fault:
        code = getattr(fault, "sqlite_errorcode", 0) & 0xFF
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            raise _damaged(path, str(fault)) from fault
        raise StoreError(f"{path} cannot be used: {fault}; it was left as it is") from fault


def _damaged(path: Path, finding: str) -> StoreError:
    return StoreError(
        f"{path} is damaged ({' '.join(finding.split())}); it was left as it is. Copy it away with its -wal file, "
        f"then try: sqlite3 {path} .recover"
    )


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open a second connection that can only read, for figures that must not hold up the writer."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA query_only = ON")
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
        raise StoreError(f"{path} is on a filesystem without shared memory, which the write-ahead log needs")
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    # An answered submit must survive a power cut: nothing less than FULL syncs the log at each commit.
    if connection.execute("PRAGMA synchronous").fetchone()[0] != 2:
        raise StoreError("this SQLite does not keep synchronous=FULL, so an accepted message could be lost")
    if path.stat().st_size <= _CHECKED_OCTETS:
        _check(connection, path)
    _upgrade(connection, path)


def _check(connection: sqlite3.Connection, path: Path) -> None:
    finding = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if finding != "ok":
        raise _damaged(path, finding)


def schemas() -> tuple[str, ...]:
    """Return the numbered schema files, oldest first."""
    folder = files("smppgw.store") / "schema" / "sqlite"
    found = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    return tuple(entry.read_text() for entry in found)


def _upgrade(connection: sqlite3.Connection, path: Path) -> None:
    known = schemas()
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(known):
        raise StoreError(f"{path} has schema {version}, this smppgw knows {len(known)}: use the newer version again")
    for number in range(version, len(known)):
        # One transaction per file: a kill in the middle leaves the version before.
        connection.executescript(f"BEGIN IMMEDIATE;\n{known[number]}\nPRAGMA user_version = {number + 1};\nCOMMIT;")
