"""`python -m tests.benchmarks.reload`: how long the event loop stands still while the configuration is read anew.

A whole gateway with a hundred routes and six carriers, each with a card of 20,000 lines, reloads while a client submits
on the same event loop, and a timer looks every millisecond how late it is: by the clock, and by the CPU that the
process has used meanwhile, which is what the pause would be on a machine that nobody else uses. Figures, no assertions.
"""

import asyncio
import contextlib
import random
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog

from smppgw import app
from smppgw.app.gateway import Gateway
from smppgw.ops.clock import Clock
from tests.benchmarks.routing import CARRIERS, COUNTRIES, lines_of_card
from tests.e2e.esme import Esme, bind, submit

ROUNDS = 5
STRATEGIES = ("failover", "weighted", "least-cost", "quality", "tiered", "volume", "sticky")
LISTENERS = """
[smpp]
listen = "127.0.0.1:0"
[http]
listen = "127.0.0.1:0"
[store]
url = "sqlite:gateway.db"
[[accounts]]
system_id = "legacy"
password = "secret"
country = "DE"
max_tps = 1000
"""


def configuration() -> str:
    carriers = [f'[carriers.{name}]\ntype = "loopback"\nrates = "{name}.csv"\n' for name in CARRIERS]
    countries = list(COUNTRIES)
    routes = [
        f'[[routes]]\nname = "r{number}"\n'
        f'match = {{ prefix = ["{COUNTRIES[countries[number % len(countries)]]}{number:02d}"] }}\n'
        f'strategy = "{STRATEGIES[number % len(STRATEGIES)]}"\nmax_price = "0.095 EUR"\ncarriers = {list(CARRIERS)}\n'
        for number in range(99)
    ]
    rest = f'[[routes]]\nname = "rest"\ncarriers = {list(CARRIERS)}\n'
    return "\n".join([LISTENERS, *carriers, *routes, rest])


def write_files(folder: Path) -> Path:
    """Write cards and configuration; return where the latter is."""
    chance = random.Random(1)
    for name in CARRIERS:
        (folder / f"{name}.csv").write_text("\n".join(lines_of_card(chance)), encoding="utf-8")
    file = folder / "smppgw.toml"
    file.write_text(configuration(), encoding="utf-8")
    return file


async def submit_on(esme: Esme) -> None:
    while True:
        await esme.submit(submit("491511234567", registered_delivery=0))
        await asyncio.sleep(0.005)


class Pauses:
    """The longest pauses of the event loop, in seconds."""

    def __init__(self) -> None:
        self.by_clock = 0.0
        self.by_cpu = 0.0

    async def watch(self) -> None:
        while True:
            clock, cpu = time.perf_counter(), time.process_time()
            await asyncio.sleep(0.001)
            self.by_clock = max(self.by_clock, time.perf_counter() - clock - 0.001)
            self.by_cpu = max(self.by_cpu, time.process_time() - cpu)


@contextlib.asynccontextmanager
async def watched() -> AsyncIterator[Pauses]:
    pauses = Pauses()
    task = asyncio.create_task(pauses.watch())
    yield pauses
    await asyncio.sleep(0.5)  # for what is left behind
    task.cancel()


async def seen(log: Sequence[Mapping[str, Any]], event: str, times: int) -> Mapping[str, Any]:
    """Wait until something was logged so often; return the last time."""
    while len(found := [each for each in log if each["event"] == event]) < times:  # noqa: ASYNC110 # a log has no event
        await asyncio.sleep(0.01)
    return found[-1]


async def measure(file: Path, log: Sequence[Mapping[str, Any]]) -> None:
    gateway = Gateway(lambda: app.read(file, {}), Clock(), {})
    running = asyncio.create_task(gateway.run())
    ready = await seen(log, "ready", 1)
    esme = await bind(int(ready["smpp"][0].rpartition(":")[2]))
    submitting = asyncio.create_task(submit_on(esme))
    for turn in range(1, ROUNDS + 1):
        began = time.process_time()
        async with watched() as reloading:
            gateway.reload()
            await seen(log, "configuration reloaded", turn)
            spent_s = time.process_time() - began
        async with watched() as calm:
            await asyncio.sleep(2.0)
        print(
            f"round {turn}: longest pause {reloading.by_cpu * 1e3:.0f} ms of CPU, {reloading.by_clock * 1e3:.0f} by "
            f"the clock, in a reload of {spent_s:.1f} s of CPU; without one {calm.by_cpu * 1e3:.0f} and "
            f"{calm.by_clock * 1e3:.0f}; at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB",
            flush=True,
        )
    submitting.cancel()
    gateway.stop()
    await running


def main() -> None:
    sys.setswitchinterval(app.SWITCH_S)
    with tempfile.TemporaryDirectory() as folder, structlog.testing.capture_logs() as log:
        asyncio.run(measure(write_files(Path(folder)), log))


if __name__ == "__main__":
    main()
