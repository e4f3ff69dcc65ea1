"""Daemons forked from an interpreter that has imported everything: to import takes longer than most tests do.

Between order and daemon stands a keeper, whose child the daemon is: it tells the daemon's number, and how it ended.
What a fork cannot show, the start of the program itself, is shown where a test starts ``TRUE_DAEMON``, and by the demo.
"""

import asyncio
import functools
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from smppgw.cli import main

ORDER_OCTETS = 1 << 18


class Forked:
    """A daemon at work; what tests use of ``asyncio.subprocess.Process``."""

    def __init__(self, pid: int, stdout: asyncio.StreamReader, fate: asyncio.StreamReader) -> None:
        self.pid = pid
        self.stdout = stdout
        self._end = asyncio.create_task(self._until_end(fate))

    @property
    def returncode(self) -> int | None:
        """The exit code, as of a subprocess; None while it runs."""
        return self._end.result() if self._end.done() else None

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        """Wait for its end; return the exit code."""
        return await asyncio.shield(self._end)

    async def _until_end(self, fate: asyncio.StreamReader) -> int:
        return int(await fate.read())


async def fork(arguments: Sequence[str], *, folder: Path, environ: Mapping[str, str], limit: int) -> Forked:
    """Run ``smppgw`` with these arguments in a folder; ``limit`` is that of a line of its output, octets."""
    order = json.dumps({"arguments": arguments, "folder": str(folder), "environ": dict(environ)}).encode()
    output, output_of_child = os.pipe()
    fate, fate_of_child = os.pipe()
    try:
        socket.send_fds(_warm()[0], [order], [output_of_child, fate_of_child])
    finally:
        os.close(output_of_child)
        os.close(fate_of_child)
    stdout, told = await _reader(output, limit), await _reader(fate, limit)
    return Forked(int(await told.readline()), stdout, told)


async def _reader(pipe: int, limit: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=limit)
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(pipe, "rb"))
    return reader


@functools.cache
def _warm() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """Return where orders go, and the interpreter behind it; it ends when this process does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.warm", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    return ours, process


def _serve(door: socket.socket) -> None:
    importlib.import_module("smppgw.cli.run")
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers are not waited for
    while True:
        order, descriptors, _, _ = socket.recv_fds(door, ORDER_OCTETS, 2)
        if not order:
            return
        if os.fork() == 0:
            door.close()
            _keep(order, *descriptors)
            return
        for descriptor in descriptors:
            os.close(descriptor)


def _keep(order: bytes, output: int, fate: int) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if (pid := os.fork()) == 0:
        os.close(fate)
        _become(json.loads(order), output)
        return
    os.close(output)
    os.write(fate, b"%d\n" % pid)
    _, status = os.waitpid(pid, 0)
    os.write(fate, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _become(order: dict[str, Any], output: int) -> None:
    """Be the daemon; the interpreter ends as it does after any program."""
    for standard in (1, 2):
        os.dup2(output, standard)
    os.close(output)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environ"])
    main(order["arguments"], prog_name="smppgw")


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
