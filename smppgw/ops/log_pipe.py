"""Log lines to a file descriptor without ever holding up the event loop.

A thread writes; a bounded queue stands between. When nobody reads the other end, or the disk is full, lines are dropped
and counted; logging neither blocks nor raises. The descriptor is written directly: a buffered stream would be locked at
the interpreter's exit if its reader hangs.
"""

import os
import queue
import select
import threading
from typing import Final

MAX_LINES: Final = 10_000
_BURST: Final = 256
"""Lines joined into one write."""


class LogPipe:
    """Takes lines from any thread; `close` waits for what is queued, but not for ever."""

    def __init__(self, descriptor: int, *, max_lines: int = MAX_LINES) -> None:
        """Start the thread.

        Args:
            descriptor: Where lines go; it stays open.
            max_lines: How many may wait.
        """
        self._descriptor = descriptor
        self._lines: queue.Queue[str | None] = queue.Queue(max_lines)
        self._lost = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._write_all, name="log", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Lines lost so far: nobody read them, or they could not be written."""
        return self._lost

    def write(self, line: str) -> None:
        """Queue one line, without its line break."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._drop(1)

    def close(self, timeout_s: float = 1.0) -> None:
        """Write what is queued and end the thread; after ``timeout_s`` the rest is left."""
        try:
            self._lines.put(None, timeout=timeout_s)
        except queue.Full:
            return
        self._thread.join(timeout_s)

    def _drop(self, lines: int) -> None:
        with self._lock:
            self._lost += lines

    def _write_all(self) -> None:
        more = True
        while more:
            burst, more = self._take()
            try:
                self._write(("\n".join(burst) + "\n").encode("utf-8", "backslashreplace") if burst else b"")
            except OSError:  # EPIPE, ENOSPC, EBADF: the daemon goes on without its log
                self._drop(len(burst))

    def _take(self) -> tuple[list[str], bool]:
        """Wait for a line, take those behind it too; False when the end is reached."""
        burst: list[str] = []
        line = self._lines.get()
        while line is not None:
            burst.append(line)
            if len(burst) == _BURST:
                return burst, True
            try:
                line = self._lines.get_nowait()
            except queue.Empty:
                return burst, True
        return burst, False

    def _write(self, octets: bytes) -> None:
        while octets:
            try:
                octets = octets[os.write(self._descriptor, octets) :]
            except BlockingIOError:  # somebody else made the descriptor non-blocking
                select.select([], [self._descriptor], [])
