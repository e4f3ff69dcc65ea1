"""The real daemon as a child process that tests start, kill, stop and start again on the same store."""

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2 as httpx

from smppgw.core.model import Stage
from tests.e2e.waiting import LIMIT_S, until
from tests.e2e.warm import Forked, fork

TRUE_DAEMON = ("-m", "smppgw", "run")
"""Started as a user starts it, with every import: four times the CPU of a fork."""
LINE_OCTETS = 1 << 20
"""A log line may hold a traceback."""


class Daemon:
    """One configuration and one store; `life` counts the starts."""

    def __init__(self, folder: Path, configuration: str) -> None:
        self.folder = folder
        self.configuration = folder / "smppgw.toml"
        self.configuration.write_text(configuration, encoding="utf-8")
        self.store = folder / "gateway.db"
        self.life = 0
        self.up = asyncio.Event()
        """Set while it is ready and nobody has ended it."""
        self.log: list[dict[str, Any]] = []
        """Events of all lives."""
        self.other_output: list[str] = []
        """Lines that are no events."""
        self.smpp_port = 0
        self.http_url = ""
        self._process: asyncio.subprocess.Process | Forked | None = None
        self._reading: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()

    async def start(self, *launcher: str) -> None:
        """Start and wait until it is ready: a warm daemon, or what `launcher` starts, such as `TRUE_DAEMON`."""
        self._ready.clear()
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SMPPGW"))}
        if launcher:
            self._process = await self._execute(launcher, environ)
        else:
            arguments = ["run", "-c", str(self.configuration)]
            self._process = await fork(arguments, folder=self.folder, environ=environ, limit=LINE_OCTETS)
        self._reading = asyncio.create_task(self._read(self._process))
        await self._until_ready()
        self.life += 1
        self.up.set()

    async def _execute(self, launcher: Sequence[str], environ: Mapping[str, str]) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *launcher,
            "-c",
            str(self.configuration),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=LINE_OCTETS,
            cwd=self.folder,
            env={**environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )

    async def kill(self) -> None:
        """SIGKILL."""
        self.up.clear()
        self.process.kill()
        await self._wait()

    def terminate(self) -> None:
        """SIGTERM; `wait` for what comes of it."""
        self.up.clear()
        self.process.send_signal(signal.SIGTERM)

    async def wait(self) -> int:
        """Wait for the end; return the exit code."""
        return await self._wait()

    async def stop(self) -> int:
        """SIGTERM, and wait."""
        self.terminate()
        return await self._wait()

    async def dispose(self) -> None:
        """Leave nothing behind."""
        if self._process is not None:
            if self._process.returncode is None:
                self._process.kill()
            await self._wait()

    @property
    def process(self) -> asyncio.subprocess.Process | Forked:
        """The present or last process."""
        assert self._process is not None
        return self._process

    async def get(self, path: str) -> httpx.Response:
        """Ask its HTTP face."""
        async with httpx.AsyncClient(trust_env=False) as http:
            return await http.get(self.http_url + path, timeout=LIMIT_S)

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the log events of a name."""
        return [event for event in self.log if event["event"] == name]

    def open_messages(self) -> int:
        """Return how many stored messages have not ended; safe while it runs and after."""
        return len(self._select("SELECT id FROM messages WHERE stage <> ?", Stage.FINAL))

    def owed_receipts(self) -> int:
        """Return how many stored receipts nobody has acknowledged."""
        return len(self._select("SELECT id FROM outbox WHERE state = 0"))

    def leased_receipts(self) -> int:
        """Return how many of those it holds in memory or in flight."""
        return len(self._select("SELECT id FROM outbox WHERE state = 0 AND token IS NOT NULL"))

    def count(self, table: str) -> int:
        """Return how many rows a table of the store has."""
        return int(self._select(f"SELECT count(*) FROM {table}")[0][0])

    def spent(self) -> dict[str, int]:
        """Return what the ledger has for each carrier, in micro-units of its currency."""
        return dict(self._select("SELECT carrier, sum(micros) FROM ledger GROUP BY carrier"))

    def stored_ids(self) -> set[str]:
        """Return the message_id of every stored submission."""
        return {row[0] for row in self._select("SELECT message_id FROM submissions")}

    def _select(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.store}?mode=ro", uri=True)) as store:
            return store.execute(statement, values).fetchall()

    async def _until_ready(self) -> None:
        ready, ended = asyncio.create_task(self._ready.wait()), asyncio.create_task(self.process.wait())
        await asyncio.wait({ready, ended}, timeout=LIMIT_S, return_when="FIRST_COMPLETED")
        for task in (ready, ended):
            task.cancel()
        assert self._ready.is_set(), f"the daemon did not start: {self.log[-5:]} {self.other_output}"

        async def is_ready() -> bool:
            return (await self.get("/readyz")).status_code == 200

        await until(is_ready, "/readyz says 200")

    async def _read(self, process: asyncio.subprocess.Process | Forked) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                self.other_output.append(line.decode(errors="replace"))
                continue
            self.log.append(event)
            if event["event"] == "ready":
                self.smpp_port = int(event["smpp"][0].rpartition(":")[2])
                self.http_url = f"http://{event['http']}"
                self._ready.set()

    async def _wait(self) -> int:
        async with asyncio.timeout(LIMIT_S * 2):
            code = await self.process.wait()
            assert self._reading is not None
            await self._reading
        self.up.clear()
        return code


NewDaemon = Callable[[str], Daemon]
"""Makes a daemon from the text of its configuration."""
