"""Run the demo: simulated carriers, the real daemon as a child process, a real client, all on loopback.

What was started is ended on every way out: success, failure, SIGINT, SIGTERM, SIGHUP. Nothing stays on disk.
"""

import asyncio
import contextlib
import signal
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from smppgw.demo import checks, esme, settings
from smppgw.demo.errors import DemoError
from smppgw.demo.esme import Exchange, Part
from smppgw.demo.gateway import Gateway, gateway
from smppgw.demo.rows import make_rows
from smppgw.demo.screen import Screen
from smppgw.demo.script import CASES, further
from smppgw.demo.simulators import Simulators, simulators
from smppgw.demo.ways import read_ways
from smppgw.ops.clock import Clock

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What can be chosen."""

    messages: int = 0
    """Further plain messages."""
    keep: bool = False
    """Whether everything runs on afterwards."""


def run(options: Options, screen: Screen) -> bool:
    """Run the demo; return whether everything came as expected. Wants the main thread, because of the signals."""
    return asyncio.run(_interruptible(options, screen))


async def _interruptible(options: Options, screen: Screen) -> bool:
    show = asyncio.create_task(_show(options, screen))
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, show.cancel)
    try:
        return await show
    except asyncio.CancelledError:
        screen.fail(["interrupted"], [])
        return False


async def _show(options: Options, screen: Screen) -> bool:
    async with contextlib.AsyncExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="smppgw-demo-")))
        carriers = await opened.enter_async_context(simulators())
        screen.step("Carriers", "Retarus and Alibaba Cloud, both simulated, on loopback")
        config = settings.write(folder, retarus_url=carriers.retarus_url, alibaba_url=carriers.alibaba_url)
        daemon = await opened.enter_async_context(gateway(config))
        try:
            return await _watch(options, screen, carriers, daemon, folder / settings.STORE)
        except DemoError as error:
            await daemon.stop()
            screen.fail([str(error)], daemon.tail)
            return False


async def _watch(options: Options, screen: Screen, carriers: Simulators, daemon: Gateway, store: Path) -> bool:
    await daemon.wait_ready()
    screen.step("Gateway", f"smppgw run, process {daemon.pid}, SMPP on {daemon.host}:{daemon.port}, SQLite")
    parts = esme.parts_of(chain(CASES, further(options.messages)))
    exchange = await _converse(screen, daemon, parts)
    code = None if options.keep else await daemon.stop()
    ways = await asyncio.to_thread(read_ways, store)
    problems = checks.find_problems(parts, exchange, ways, await carriers.arrivals())
    if code:
        problems.append(f"the gateway ended with {code}")
    screen.table(make_rows(ways, exchange.receipts))
    if problems:
        screen.fail(problems, daemon.tail)
        return False
    screen.say(f"All {len(parts)} receipts came, once each, and the carriers have what the gateway says they have.")
    if options.keep:
        await _keep(screen, carriers, daemon)
    screen.next_steps()
    return True


async def _converse(screen: Screen, daemon: Gateway, parts: Sequence[Part]) -> Exchange:
    """Let the client do its work in a thread."""
    screen.step("Client", f"smpplib binds as {settings.SYSTEM_ID} and submits {len(parts)} parts")
    clock = Clock()
    started_at = clock.monotonic()
    stop = threading.Event()
    login = (settings.SYSTEM_ID, settings.PASSWORD)
    try:
        with screen.progress(len(parts)) as watcher:
            exchange = await asyncio.to_thread(esme.converse, daemon.host, daemon.port, login, parts, watcher, stop)
    finally:
        stop.set()
    count = sum(map(len, exchange.receipts.values()))
    screen.step("Receipts", f"{count} for {len(parts)} parts, after {clock.monotonic() - started_at:.1f} s")
    return exchange


async def _keep(screen: Screen, carriers: Simulators, daemon: Gateway) -> None:
    """Wait for Ctrl-C.

    Raises:
        DemoError: The gateway ended by itself.
    """
    screen.where(daemon, carriers)
    try:
        code = await daemon.wait_ended()
    except asyncio.CancelledError:  # the way out that was asked for
        return
    raise DemoError(f"the gateway ended with {code}")
