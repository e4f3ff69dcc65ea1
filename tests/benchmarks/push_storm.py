"""`python -m tests.benchmarks.push_storm`: how long a carrier waits for the answer to a push, while messages flow.

The real daemon and a simulator as processes. An ESME submits at a steady rate; a carrier pushes one report after the
other, then many at once, as Alibaba does after a pause. Figures, not assertions: Alibaba gives up after 700 ms and
comes again a minute later, so the worst answer is the one to look at.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx2 as httpx

from tests.benchmarks.whole_life import cpu_s, simulator
from tests.e2e.configuration import configuration
from tests.e2e.daemon import TRUE_DAEMON, Daemon
from tests.e2e.esme import Esme, bind, submit

SECRET = "0123456789abcdef"
Push = Callable[[], Coroutine[Any, Any, float]]


async def submitting(esme: Esme, per_s: int) -> None:
    """Submit evenly; answers are taken as they come."""
    began, number = time.perf_counter(), 0
    while True:
        number += 1
        await asyncio.sleep(max(0.0, began + number / per_s - time.perf_counter()))
        _ = esme.request(submit(f"49151{number % 10**7:07}", registered_delivery=0))


def pusher(http: httpx.AsyncClient, url: str, rows: int) -> Push:
    """Make what pushes reports of messages that nobody knows, and returns the seconds until the answer."""
    pushed = 0

    async def push() -> float:
        nonlocal pushed
        pushed += 1
        reports = [{"To": f"6591{row:06}", "Status": "1", "TaskId": f"{pushed} {row}"} for row in range(rows)]
        began = time.perf_counter()
        answer = await http.post(url, json=reports)
        assert answer.status_code == 200, answer.status_code
        return time.perf_counter() - began

    return push


async def evenly(push: Push, count: int, per_s: int) -> list[float]:
    """Push at a rate, without waiting for answers."""
    pushes = []
    for _ in range(count):
        pushes.append(asyncio.create_task(push()))
        await asyncio.sleep(1 / per_s)
    return await asyncio.gather(*pushes)


async def at_once(push: Push, count: int, times: int) -> list[float]:
    """Push many together, again and again."""
    return [wait_s for _ in range(times) for wait_s in await asyncio.gather(*(push() for _ in range(count)))]


def tell(name: str, waits_s: list[float], cpu: float) -> None:
    waits_s.sort()
    p50, p99, worst = (waits_s[int((len(waits_s) - 1) * share)] * 1e3 for share in (0.5, 0.99, 1))
    late = sum(wait_s > 0.7 for wait_s in waits_s)
    print(
        f"{name}: {len(waits_s)} pushes; p50 {p50:.0f}, p99 {p99:.0f}, worst {worst:.0f} ms, {late} over 700 ms; "
        f"{cpu:.0%} of a core",
        flush=True,
    )


async def measure(per_s: int) -> None:
    carrier, url = simulator()
    with tempfile.TemporaryDirectory() as folder:
        text = configuration(
            retarus=url,
            account="max_tps = 100000\nwindow = 10000",
            carrier=f'push_secret = "{SECRET}"',
            alibaba=url,
            http='push_listen = "127.0.0.1:0"',
            intl=f'push_secret = "{SECRET}"',
        )
        daemon = Daemon(Path(folder), text)
        try:
            await daemon.start(*TRUE_DAEMON)
            esme = await bind(daemon.smpp_port)
            load = asyncio.create_task(submitting(esme, per_s))
            at = f"http://{daemon.events('ready')[-1]['pushes']}/push/alibaba-intl/{SECRET}"
            limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
            async with httpx.AsyncClient(trust_env=False, timeout=30, limits=limits) as http:
                for rows in (1, 50):
                    push = pusher(http, at, rows)
                    for name, pushing in (
                        (f"{rows} rows, 30 a second", evenly(push, 300, 30)),
                        (f"{rows} rows, 100 at once", at_once(push, 100, 5)),
                    ):
                        began, spent = time.perf_counter(), cpu_s(daemon.process.pid)
                        waits_s = await pushing
                        used = cpu_s(daemon.process.pid) - spent
                        tell(f"{per_s} submits a second; {name}", waits_s, used / (time.perf_counter() - began))
                        await asyncio.sleep(2)
            load.cancel()
        finally:
            await daemon.dispose()
            carrier.terminate()
            carrier.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--per-s", type=int, default=200)
    asyncio.run(measure(parser.parse_args().per_s))


if __name__ == "__main__":
    main()
