"""`python -m tests.benchmarks.bind_storm`: what thousands of binds a minute cost somebody who only submits.

Three storms against the real daemon, one after the other: an account that binds and leaves again and again, guesses at
its password, and names nobody has. Figures, not assertions: response times of the bystander, and the worst lag of the
event loop that the daemon saw.
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
from tests.benchmarks.whole_life import simulator
from tests.e2e.configuration import PASSWORD, SYSTEM_ID, configuration
from tests.e2e.daemon import Daemon
from tests.e2e.esme import Esme, bind, connect, submit

BYSTANDER = '\n[[accounts]]\nsystem_id = "bystander"\npassword = "secret"\ncountry = "DE"\n'
STORMS: dict[str, Callable[[int], tuple[str, str]]] = {
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
    watching = asyncio.create_task(watch(bystander, waits_s))
    began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for number in range(binds):
            await asyncio.sleep(max(0.0, began + number * 60 / per_min - time.perf_counter()))
            tasks.create_task(one_bind(daemon.smpp_port, STORMS[name](number), statuses))
    watching.cancel()
    waits_s.sort()
    told = ", ".join(f"{count} {'cut' if status < 0 else hex(status)}" for status, count in statuses.items())
    print(
        f"{name}: {told}; the bystander waits {waits_s[len(waits_s) // 2] * 1e3:.1f} ms (p50), "
        f"{waits_s[len(waits_s) * 99 // 100] * 1e3:.1f} ms (p99), {waits_s[-1] * 1e3:.1f} ms (worst of {len(waits_s)})",
        flush=True,
    )
    await bystander.unbind()


def worst_lag_s(exposition: str) -> str:
    """Return the bucket that holds the latest timer."""
    name = r'smppgw_event_loop_lag_seconds_bucket\{le="([^"]+)"\} (\S+)'
    buckets = [(found[1], float(found[2])) for found in re.finditer(name, exposition)]
    return next(edge for edge, count in buckets if count == buckets[-1][1])


async def measure(binds: int, per_min: int) -> None:
    carrier, url = simulator()
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(Path(folder), configuration(retarus=url, account="max_tps = 1000" + BYSTANDER))
        try:
            await daemon.start()
            for name in STORMS:
                await storm(daemon, name, binds, per_min)
            print("loop never later than", worst_lag_s((await daemon.get("/metrics")).text), "s")
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
