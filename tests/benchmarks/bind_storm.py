"""`python -m tests.benchmarks.bind_storm`: what thousands of binds a minute cost somebody who only submits.

Three storms against the real daemon, one after the other: an account that binds and leaves again and again, guesses at
its password, and names nobody has; before them as long a calm, to compare with on a machine that others use too.
Figures, not assertions: response times of the bystander, how late the event loop of the daemon was, and its CPU.
"""

import argparse
import asyncio
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from smppgw.smpp.pdu import BindTransceiver, Unbind
from tests.benchmarks.whole_life import cpu_s, simulator
from tests.e2e.configuration import PASSWORD, SYSTEM_ID, configuration
from tests.e2e.daemon import TRUE_DAEMON, Daemon
from tests.e2e.esme import Esme, bind, connect, submit

BYSTANDER = '\n[[accounts]]\nsystem_id = "bystander"\npassword = "secret"\ncountry = "DE"\n'
STORMS: dict[str, Callable[[int], tuple[str, str]] | None] = {
    "calm": None,
    "the right password": lambda number: (SYSTEM_ID, PASSWORD),
    "guesses at it": lambda number: (SYSTEM_ID, f"guess{number}"),
    "names nobody has": lambda number: (f"nobody{number}", PASSWORD),
}


async def one_bind(port: int, login: tuple[str, str], statuses: Counter[int]) -> None:
    try:
        esme = await connect(port)
        answer = await esme.request(BindTransceiver(system_id=login[0], password=login[1], interface_version=0x34))
        statuses[answer.command_status] += 1
        if answer.command_status == 0:
            await esme.request(Unbind())
        esme.transport.abort()
    except ConnectionError:
        statuses[-1] += 1


async def watch(esme: Esme, waits_s: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await esme.submit(submit("491511234567", registered_delivery=0))
        waits_s.append(time.perf_counter() - began)
        await asyncio.sleep(0.01)


async def storm(daemon: Daemon, name: str, binds: int, per_min: int) -> None:
    bystander = await bind(daemon.smpp_port, system_id="bystander")
    waits_s: list[float] = []
    statuses: Counter[int] = Counter()
    lags_before, cpu_before = await lags(daemon), cpu_s(daemon.process.pid)
    watching = asyncio.create_task(watch(bystander, waits_s))
    began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for number in range(binds):
            await asyncio.sleep(max(0.0, began + number * 60 / per_min - time.perf_counter()))
            if login := STORMS[name]:
                tasks.create_task(one_bind(daemon.smpp_port, login(number), statuses))
    watching.cancel()
    cpu = (cpu_s(daemon.process.pid) - cpu_before) / (time.perf_counter() - began)
    waits_s.sort()
    p50, p99, worst = (waits_s[int((len(waits_s) - 1) * share)] * 1e3 for share in (0.5, 0.99, 1))
    told = ", ".join(f"{count} {'cut' if status < 0 else hex(status)}" for status, count in statuses.items())
    late = (await lags(daemon)) - lags_before
    print(
        f"{name}: {told or 'no binds'}; bystander p50 {p50:.1f}, p99 {p99:.1f}, worst {worst:.1f} ms; "
        f"loop late {', '.join(f'<= {edge} s: {count}' for edge, count in late.items())}; {cpu:.0%} of a core",
        flush=True,
    )
    await bystander.unbind()


async def lags(daemon: Daemon) -> Counter[str]:
    """Return how often a timer of the daemon's loop was so late, by the upper edge in seconds."""
    name = r'smppgw_event_loop_lag_seconds_bucket\{le="([^"]+)"\} (\S+)'
    exposition = (await daemon.get("/metrics")).text
    counts = [(found[1], int(float(found[2]))) for found in re.finditer(name, exposition)]
    before = (0, *(count for _, count in counts))
    return Counter({edge: count - less for (edge, count), less in zip(counts, before, strict=False)})


async def measure(binds: int, per_min: int) -> None:
    carrier, url = simulator()
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(Path(folder), configuration(retarus=url, account="max_tps = 1000" + BYSTANDER))
        try:
            await daemon.start(*TRUE_DAEMON)
            for name in STORMS:
                await storm(daemon, name, binds, per_min)
        finally:
            await daemon.dispose()
            carrier.terminate()
            carrier.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binds", type=int, default=5000)
    parser.add_argument("--per-min", type=int, default=5000)
    options = parser.parse_args()
    asyncio.run(measure(options.binds, options.per_min))


if __name__ == "__main__":
    main()
