"""What the service manager hears."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from smppgw.ops.systemd import Notifier, watchdog_interval_s


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """A stand-in for systemd's socket, and its name in NOTIFY_SOCKET."""
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(path if request.param == "path" else "\0" + path)
        listener.settimeout(5)
        yield path if request.param == "path" else "@" + path, listener


@pytest.mark.parametrize(
    ("say", "heard"),
    [
        (lambda n: n.ready("42 binds,\n0 queued"), b"READY=1\nSTATUS=42 binds, 0 queued"),
        (lambda n: n.reloading(12.5), b"RELOADING=1\nMONOTONIC_USEC=12500000"),
        (lambda n: n.stopping(), b"STOPPING=1"),
        (lambda n: n.status("a\nREADY=1"), b"STATUS=a READY=1"),
        (lambda n: n.watchdog(), b"WATCHDOG=1"),
    ],
)
def test_each_call_is_one_datagram(
    manager: tuple[str, socket.socket], say: Callable[[Notifier], None], heard: bytes
) -> None:
    name, listener = manager

    say(Notifier({"NOTIFY_SOCKET": name}))

    assert listener.recv(1024) == heard


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "/nonexistent/notify"}])
def test_without_a_service_manager_nothing_happens(environ: dict[str, str]) -> None:
    Notifier(environ).ready("up")


def test_a_manager_that_does_not_read_does_not_block(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(path)
        notifier = Notifier({"NOTIFY_SOCKET": path})

        for _ in range(5000):  # far more than a datagram socket queues
            notifier.watchdog()


@pytest.mark.parametrize(
    ("environ", "interval_s"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, None),
        ({}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_fed_twice_as_often_as_it_must(environ: dict[str, str], interval_s: float | None) -> None:
    assert watchdog_interval_s(environ, pid=7) == interval_s


def test_the_watchdogs_pid_is_this_process_unless_told() -> None:
    environ = {"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": str(os.getpid())}

    assert watchdog_interval_s(environ) == 1.0
