"""Pushes: a simulated carrier calls its customer, by the carrier's own rules of timeout and retry.

What is pushed, and what answer counts as one, says the carrier; here is when, how often, and what came of it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence

import httpx2
import msgspec

from smppgw.simulators.calls import Sleep
from smppgw.simulators.faults import FaultKind, Faults, Operation

Row = Mapping[str, object]
Heard = Callable[[int, bytes], bool]
"""Whether an answer, status and body, tells the pusher that its push was taken."""


class PushRules(msgspec.Struct, frozen=True, kw_only=True):
    """How a carrier pushes."""

    timeout_s: float
    retries_s: tuple[float, ...]
    """Pauses before the second try, the third, and so on; then the push is dropped."""
    heard: Heard


class Delivery(msgspec.Struct, kw_only=True):
    """One try of one push, as `GET /_sim/pushes` shows it."""

    kind: str
    """What was pushed, in the carrier's word."""
    rows: int
    attempt: int
    """From 1."""
    outcome: str
    """`taken`, `refused` (another answer than the pusher wants), `timeout` or `lost`."""
    status: int | None
    """Of HTTP, where there was an answer."""
    at: float
    """Unix seconds, when the try began."""


class Pusher:
    """Pushes to one address."""

    def __init__(
        self,
        url: str | None,
        rules: PushRules,
        *,
        faults: Faults,
        places: frozenset[str],
        clock: Callable[[], float],
        sleep: Sleep,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.url = url
        """None: nothing is pushed."""
        self.deliveries: list[Delivery] = []
        self._rules = rules
        self._faults = faults
        self._places = places
        self._clock = clock
        self._sleep = sleep
        self._transport = transport
        self._tasks: set[asyncio.Task[None]] = set()

    def push(self, kind: str, body: bytes, content_type: str, rows: int = 1) -> None:
        """Bring a push on its way; an ordered fault may bring it twice, or later."""
        if self.url is None:
            return
        fault = self._faults.take(Operation.PUSH, self._places)
        delay_s = fault.seconds if fault and fault.fault is FaultKind.LATENCY else 0.0
        for _ in range(2 if fault and fault.fault is FaultKind.DUPLICATE else 1):
            task = asyncio.create_task(self._deliver(self.url, kind, body, content_type, rows, delay_s))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def forget(self) -> None:
        """Back to the start: nothing on its way, nothing on record."""
        for task in self._tasks:
            task.cancel()
        self.deliveries = []

    async def _deliver(self, url: str, kind: str, body: bytes, content_type: str, rows: int, delay_s: float) -> None:
        async with httpx2.AsyncClient(transport=self._transport, trust_env=False, verify=False) as http:
            for attempt, pause_s in enumerate((delay_s, *self._rules.retries_s), start=1):
                if pause_s:
                    await self._sleep(pause_s)
                at = self._clock()
                outcome, status = await self._try(http, url, body, content_type)
                self.deliveries.append(
                    Delivery(kind=kind, rows=rows, attempt=attempt, outcome=outcome, status=status, at=at)
                )
                if outcome == "taken":
                    return

    async def _try(self, http: httpx2.AsyncClient, url: str, body: bytes, content_type: str) -> tuple[str, int | None]:
        try:
            async with asyncio.timeout(self._rules.timeout_s):
                answer = await http.post(url, content=body, headers={"content-type": content_type}, timeout=None)
        except TimeoutError:
            return "timeout", None
        except httpx2.HTTPError:
            return "lost", None
        taken = self._rules.heard(answer.status_code, answer.content)
        return "taken" if taken else "refused", answer.status_code


class Gatherer:
    """Keeps rows until they are due, and hands on what is due together."""

    def __init__(
        self,
        hand_on: Callable[[Sequence[Row]], None],
        *,
        delay_s: float,
        most: int,
        clock: Callable[[], float],
        sleep: Sleep,
    ) -> None:
        """Wait for rows.

        Args:
            hand_on: Gets those that are due.
            delay_s: How long each row is kept.
            most: Rows handed on at once.
            clock: Unix seconds.
            sleep: Waits.
        """
        self._hand_on = hand_on
        self._delay_s = delay_s
        self._most = most
        self._clock = clock
        self._sleep = sleep
        self._waiting: deque[tuple[float, Row]] = deque()
        self._task: asyncio.Task[None] | None = None

    def add(self, rows: Sequence[Row]) -> None:
        """Keep rows from now on."""
        due_at = self._clock() + self._delay_s
        self._waiting.extend((due_at, row) for row in rows)
        if self._waiting and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._run())

    def forget(self) -> None:
        """Hand on nothing of what waits."""
        self._waiting.clear()

    async def _run(self) -> None:
        while self._waiting:
            wait_s = self._waiting[0][0] - self._clock()
            if wait_s > 0:
                await self._sleep(wait_s)
            now = self._clock()
            due: list[Row] = []
            while self._waiting and self._waiting[0][0] <= now and len(due) < self._most:
                due.append(self._waiting.popleft()[1])
            if due:
                self._hand_on(due)
