"""What is kept, for people who ask: a connection of its own that can only read, beside the daemon or without it."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from smppgw.core.optout import Optout
from smppgw.core.tracing import Clue, Sightings, Trace
from smppgw.store.base import StoreError
from smppgw.store.sqlite import meta, opening, optouts, searching, tracing


class SqliteArchive:
    """Implements ``smppgw.store.base.Archive``."""

    def __init__(self, path: Path, reader: sqlite3.Connection) -> None:
        self._path = path
        self._reader = reader

    @classmethod
    def open(cls, path: Path) -> "SqliteArchive":
        """Open the file, whether or not a daemon runs on it.

        Raises:
            StoreError: There is none, or it cannot be read.
        """
        if not path.exists():
            raise StoreError(f"there is no {path}: no daemon has run with this configuration yet")
        with opening.in_our_terms(path):
            return cls(path, opening.connect_reader(path))

    def secret(self, name: str) -> bytes | None:
        """See ``Archive``."""
        with opening.in_our_terms(self._path):
            return meta.known_secret(self._reader, name)

    def optouts(self, account: str | None) -> Sequence[Optout]:
        """See ``Archive``."""
        with opening.in_our_terms(self._path):
            return optouts.listed(self._reader, account)

    def search(self, clue: Clue, limit: int) -> Sightings:
        """See ``Archive``."""
        with opening.in_our_terms(self._path):
            return searching.search(self._reader, clue, limit)

    def trace(self, number: int) -> Trace | None:
        """See ``Archive``."""
        with opening.in_our_terms(self._path):
            return tracing.trace(self._reader, number)

    def close(self) -> None:
        """See ``Archive``."""
        self._reader.close()
