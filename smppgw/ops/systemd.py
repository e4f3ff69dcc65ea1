"""Telling the service manager how the daemon is (sd_notify(3)). Without one, every call does nothing.

Type=notify wants READY; Type=notify-reload wants RELOADING with the monotonic time, then READY again; WatchdogSec=
wants WATCHDOG more often than that.
"""

import os
import socket
from collections.abc import Mapping
from typing import Final

_MICROSECONDS: Final = 1_000_000


class Notifier:
    """The line to the service manager; it never raises and never blocks."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Read ``NOTIFY_SOCKET``: a path, or the name of an abstract socket after ``@``."""
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address

    def ready(self, status: str) -> None:
        """The store is recovered and the listener is open, or a reload is done."""
        self._send(f"READY=1\nSTATUS={_line(status)}")

    def reloading(self, monotonic: float) -> None:
        """A reload begins; ``ready`` ends it.

        Args:
            monotonic: CLOCK_MONOTONIC in seconds.
        """
        self._send(f"RELOADING=1\nMONOTONIC_USEC={int(monotonic * _MICROSECONDS)}")

    def stopping(self) -> None:
        """The drain begins."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for ``systemctl status``."""
        self._send(f"STATUS={_line(text)}")

    def watchdog(self) -> None:
        """The daemon works. To be sent only by somebody who has just seen that it does."""
        self._send("WATCHDOG=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as line:
                line.sendto(text.encode(), self._address)
        except OSError:
            pass  # a service manager that is gone or does not read is no reason to fail


def _line(text: str) -> str:
    return " ".join(text.split())


def watchdog_interval_s(environ: Mapping[str, str], pid: int | None = None) -> float | None:
    """Return how often to send WATCHDOG, half of what the unit allows (sd_watchdog_enabled(3)); None: never.

    Args:
        environ: ``WATCHDOG_USEC`` and, where another process is meant, ``WATCHDOG_PID``.
        pid: Of this process; None asks the system.
    """
    allowed, meant = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not allowed.isdecimal() or int(allowed) == 0:
        return None
    if meant and meant != str(os.getpid() if pid is None else pid):
        return None
    return int(allowed) / _MICROSECONDS / 2
