"""`make bench`: messages a second over the whole life, receipts included, and the daemon's CPU for each.

The real daemon and the Retarus simulator as processes, the load client in this one, all on the same machine. Figures,
not assertions: CPU per message is the one to trust on a machine that others use too.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path
from subprocess import PIPE, Popen

import httpx2 as httpx

from smppgw.load.plan import Plan
from smppgw.load.result import Result
from smppgw.load.run import run
from tests.e2e.configuration import LOGIN, PASSWORD, SYSTEM_ID, configuration
from tests.e2e.daemon import TRUE_DAEMON, Daemon

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """Return the CPU seconds a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_mib(pid: int) -> float:
    """Return the resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def simulator() -> "tuple[Popen[str], str]":
    """Start the Retarus simulator; return it with its address."""
    command = [sys.executable, "-m", "smppgw", "simulate", "retarus", "--listen", "127.0.0.1:0", "--username", LOGIN]
    command += ["--password", LOGIN, "--visible-after", "0", "--final-delay", "1"]
    process = Popen(command, stdout=PIPE, stderr=None, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().split()[-1]


async def measure(messages: int, rounds: int) -> None:
    """Run the rounds and print a line for each."""
    carrier, url = simulator()
    with tempfile.TemporaryDirectory() as folder:
        account = "max_tps = 1000000\nmax_binds = 100"
        daemon = Daemon(Path(folder), configuration(retarus=url, account=account, poll_first="5s"))
        try:
            await daemon.start(*TRUE_DAEMON)
            for number in range(1, rounds + 1):
                await one_round(daemon, carrier, number, messages)
            async with httpx.AsyncClient(trust_env=False) as http:
                print("simulator:", (await http.get(f"{url}/_sim/stats")).text)
            metrics = (await daemon.get("/metrics")).text.splitlines()
            print(*(line for line in metrics if line.startswith("smppgw_messages_total{") and SYSTEM_ID in line))
        finally:
            await daemon.dispose()
            carrier.send_signal(signal.SIGINT)
            carrier.wait()


async def one_round(daemon: Daemon, carrier: "Popen[str]", number: int, messages: int) -> None:
    plan = Plan(
        host="127.0.0.1",
        port=daemon.smpp_port,
        system_id=SYSTEM_ID,
        password=PASSWORD,
        binds=50,
        window=50,
        messages=messages,
        receipts=True,
    )
    pids = (daemon.process.pid, carrier.pid)
    before = [cpu_s(pid) for pid in pids]
    result: Result = await run(plan)
    daemon_us, carrier_us = ((cpu_s(pid) - spent) / messages * 1e6 for pid, spent in zip(pids, before, strict=True))
    print(
        f"round {number}: {messages} messages, {result.whole_life_per_s:.0f}/s whole life, "
        f"{daemon_us:.0f} us of the daemon's CPU each, {carrier_us:.0f} us of the simulator's, "
        f"{resident_mib(daemon.process.pid):.0f} MiB resident, "
        f"{'each receipt exactly once' if result.ok else 'NOT ALL RECEIPTS EXACTLY ONCE'}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    asyncio.run(measure(options.messages, options.rounds))


if __name__ == "__main__":
    main()
