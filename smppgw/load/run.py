"""A load run from the first bind to the last figure.

Every wait is bounded by the plan's timeout, counted from the last thing that happened. Refused submits are counted,
never repeated.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from smppgw.load.connection import Connection
from smppgw.load.ledger import Ledger
from smppgw.load.plan import Plan, Submits
from smppgw.load.result import Result, summarise
from smppgw.load.supply import Supply

_PACE_S: Final = 0.01
"""How often the rate is looked at."""

_UNBIND_S: Final = 5.0
"""How long a server may take to let us go."""


async def run(plan: Plan, *, clock: Callable[[], float] = time.perf_counter) -> Result:
    """Bind, submit, wait for what is due, unbind.

    Raises:
        BindRefusedError: The server refused a bind.
        OSError: It could not be reached (TimeoutError where it did not answer in time).
        ValueError: The plan's destination prefix is no prefix of a number.
        LocalProtocolError: The plan's source, text or credentials do not fit into a PDU.
    """
    submits = Submits(plan)
    supply = Supply(plan.messages, plan.rate)
    ledger = Ledger(messages=plan.messages, receipts=plan.receipts)
    changed = asyncio.Event()

    def connection() -> Connection:
        return Connection(
            submits=submits, supply=supply, ledger=ledger, window=plan.window, clock=clock, changed=changed.set
        )

    connections: list[Connection] = []
    try:
        await _bind(plan, connection, connections)
        cpu_s = time.process_time()
        async with asyncio.TaskGroup() as group:
            pacer = group.create_task(_submit(connections, supply, paced=plan.rate is not None))
            timed_out = not await _finished(plan, ledger, connections, changed, clock)
            pacer.cancel()
        ended_at, cpu_s = clock(), time.process_time() - cpu_s
        await _unbind(connections)
    finally:
        await _close(connections)
    return summarise(plan, ledger, timed_out=timed_out, ended_at=ended_at, cpu_s=cpu_s)


async def _bind(plan: Plan, connection: Callable[[], Connection], connections: list[Connection]) -> None:
    """Open the binds one after the other, as a server's limits on connects would want it."""
    loop = asyncio.get_running_loop()
    for _ in range(plan.binds):
        async with asyncio.timeout(plan.timeout_s):
            _, protocol = await loop.create_connection(connection, plan.host, plan.port)
            connections.append(protocol)
            await protocol.bind(plan.system_id, plan.password)


async def _submit(connections: Sequence[Connection], supply: Supply, *, paced: bool) -> None:
    """Start all binds; with a rate, wake them, each in turn first, until nothing is left to send."""
    order = deque(connections)
    for one in order:
        one.start()
    while paced and not supply.empty:
        await asyncio.sleep(_PACE_S)
        order.rotate(1)
        for one in order:
            one.start()


async def _finished(
    plan: Plan,
    ledger: Ledger,
    connections: Sequence[Connection],
    changed: asyncio.Event,
    clock: Callable[[], float],
) -> bool:
    """Wait until the ledger is complete, or all connections are gone (true), or time has run out (false)."""
    ledger.progress_at = clock()
    while not ledger.complete and not all(one.closed.done() for one in connections):
        remaining_s = ledger.progress_at + plan.timeout_s - clock()
        if remaining_s <= 0:
            return False
        changed.clear()
        try:
            async with asyncio.timeout(remaining_s):
                await changed.wait()
        except TimeoutError:
            continue
    return True


async def _unbind(connections: Sequence[Connection]) -> None:
    open_ones = [one for one in connections if not one.closed.done()]
    if not open_ones:
        return
    try:
        async with asyncio.timeout(_UNBIND_S):
            await asyncio.gather(*(one.unbind() for one in open_ones))
    except TimeoutError:
        return


async def _close(connections: Sequence[Connection]) -> None:
    """Close what is still open, and let asyncio finish with it."""
    for one in connections:
        one.abort()
    await asyncio.gather(*(one.closed for one in connections))
