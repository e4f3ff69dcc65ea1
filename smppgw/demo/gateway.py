"""The daemon of the demo: `smppgw run` as a child process, and nothing but that.

It has a process group of its own, so that Ctrl-C reaches the demo alone, which then lets the daemon drain. However the
context is left, the child is gone afterwards.
"""

import asyncio
import contextlib
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections import deque
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final, TextIO

from smppgw.demo.errors import DemoError

_START_S: Final = 60.0
_STOP_S: Final = 10.0
"""More than the drain of the demo's configuration."""
_TAIL_LINES: Final = 15
_LINE_OCTETS: Final = 1024 * 1024
_NOT_INHERITED: Final = ("SMPPGW_", "NOTIFY_SOCKET", "WATCHDOG_", "CREDENTIALS_DIRECTORY", "ALIBABA_CLOUD_")
"""Starts of the environment variables that configure a daemon, which may not be the demo's."""


class Gateway:
    """A running daemon."""

    def __init__(self, process: Process, config: Path) -> None:
        self._process = process
        self._ready: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self.config = config
        self.log = config.with_suffix(".log")
        """Everything it has said."""
        self.host = ""
        self.port = 0
        self.http_url = ""

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    @property
    def tail(self) -> list[str]:
        """The last lines of its log."""
        return list(self._tail)

    async def follow(self) -> None:
        """Read what the daemon says until it ends."""
        assert self._process.stdout is not None  # noqa: S101 # it was started with a pipe
        with self.log.open("w", encoding="utf-8") as log:
            async for line in self._process.stdout:
                self._note(line.decode("utf-8", "replace").rstrip("\n"), log)
        code = await self._process.wait()
        if not self._ready.done():
            self._ready.set_exception(DemoError(f"the gateway ended with {code} before it was ready"))

    async def wait_ready(self) -> None:
        """Wait until the daemon accepts binds.

        Raises:
            DemoError: It ended, or takes too long.
        """
        try:
            async with asyncio.timeout(_START_S):
                ready = await self._ready
        except TimeoutError:
            raise DemoError(f"the gateway was not ready within {_START_S:.0f} s") from None
        self.host, _, port = ready["smpp"][0].rpartition(":")
        self.port = int(port)
        self.http_url = f"http://{ready['http']}"

    async def wait_ended(self) -> int:
        """Wait for the process; return its exit code."""
        return await self._process.wait()

    async def stop(self) -> int:
        """Let the daemon drain, or end it where that takes too long; return its exit code."""
        if self._process.returncode is None:
            self._process.terminate()
        try:
            async with asyncio.timeout(_STOP_S):
                return await self._process.wait()
        except TimeoutError:
            return await self._kill()
        finally:
            await self._kill()

    async def _kill(self) -> int:
        if self._process.returncode is None:
            self._process.kill()
        return await self._process.wait()

    def _note(self, line: str, log: TextIO) -> None:
        log.write(f"{line}\n")
        log.flush()
        self._tail.append(line)
        if not self._ready.done() and (ready := _ready(line)) is not None:
            self._ready.set_result(ready)


def _ready(line: str) -> dict[str, Any] | None:
    """Return the facts of the log line that tells the addresses."""
    try:
        said = json.loads(line)
    except ValueError:
        return None
    return said if isinstance(said, dict) and said.get("event") == "ready" else None


@contextlib.asynccontextmanager
async def gateway(config: Path) -> AsyncIterator[Gateway]:
    """Run the daemon as long as the context lasts; its log goes beside the configuration.

    The value may not be ready yet: see ``Gateway.wait_ready``.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "smppgw", "run", "-c", str(config),
        stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, limit=_LINE_OCTETS, env=_environment(os.environ), process_group=0,
    )  # fmt: skip
    daemon = Gateway(process, config)
    following = asyncio.create_task(daemon.follow(), name="gateway log")
    try:
        yield daemon
    finally:
        try:
            await daemon.stop()
        finally:
            await asyncio.wait([following], timeout=1)
            following.cancel()


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not name.startswith(_NOT_INHERITED)}
