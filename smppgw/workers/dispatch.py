"""Queued messages of one carrier -> lease -> batches -> attempt stored -> call -> settle.

When a call may go, what is queued goes at once; while all slots are busy, what arrives waits and shares the next call,
so latency is nothing at low load and the batch grows with the load. The failure rules are in ``core.disposition``.
The order of the two commits is what keeps a message from being sent twice: the attempt is stored before its first byte
leaves, and a process that dies between the two leaves a doubt, never a queued message.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final

import structlog

from smppgw.carriers.base import Carrier
from smppgw.core.coalesce import choose, plan
from smppgw.core.disposition import Disposition, Doubted, Requeued, Taken, dispose
from smppgw.core.doubt import REPEATS
from smppgw.core.health import Circuit
from smppgw.core.model import Attempt, Batch, BatchId, Message, MessageId
from smppgw.core.pacing import TokenBucket
from smppgw.core.retry import Backoff
from smppgw.core.verdict import Deferred, Doubtful, Evidence, Verdict
from smppgw.ops.clock import Clock
from smppgw.ops.metrics import Metrics
from smppgw.store.base import Lease, LeaseLostError, Store, StoreError
from smppgw.workers.bell import Bell
from smppgw.workers.calling import Settlement
from smppgw.workers.pace import Occasions, pace, store_while_leased, until_due

_log = structlog.get_logger()

LEASE_S: Final = 120.0
"""Longer than the longest call of any carrier, its wait for a slot included."""
CALL_S: Final = 65.0
"""What must be left of a lease when a call begins: more than the longest ``send_timeout``, because a verdict that comes
after the end of its lease counts for nothing."""
IDLE_S: Final = 1.0
DIVERTED_AT_ONCE: Final = 1000
DIVERT_AGAIN_S: Final = 5.0
"""Until the queue behind an open circuit is looked at again, after a look that found nothing to divert."""
AGAIN: Final = Backoff(first_s=1.0, factor=2.0, longest_s=300.0)
"""Waits of a message that every candidate has deferred."""


class Dispatcher:
    """Sends what is queued for one carrier."""

    def __init__(
        self,
        *,
        carrier: Carrier,
        store: Store,
        settlement: Settlement,
        circuit: Circuit,
        occasions: Occasions,
        clock: Clock,
        metrics: Metrics,
        new_batch_id: Callable[[], BatchId],
        jitter: Callable[[], float],
        on_queued: Callable[[Iterable[str]], None],
        reachable: Callable[[], Collection[str]],
    ) -> None:
        self._carrier = carrier
        self._store = store
        self._settlement = settlement
        self._circuit = circuit
        self._clock = clock
        self._metrics = metrics
        self._new_batch_id = new_batch_id
        self._jitter = jitter
        self._on_queued = on_queued
        self._reachable = reachable
        limits = carrier.limits
        self._bucket = TokenBucket(limits.calls_per_s, max(limits.max_in_flight, 1), clock.monotonic())
        self._occasions = occasions
        self._slots = asyncio.Semaphore(limits.max_in_flight)
        self._paused_until = 0.0
        self._divert_at = 0.0
        self._stopping = asyncio.Event()
        self.bell = Bell()
        """Rung when something was queued for this carrier."""

    def stop(self) -> None:
        """Begin no more calls; ``run`` returns when those in flight are settled."""
        self._stopping.set()
        self.bell.ring()

    async def run(self) -> None:
        """Send until stopped."""
        async with asyncio.TaskGroup() as calls:
            while not self._stopping.is_set():
                await self._slots.acquire()
                try:
                    batches = await self._next_batches()
                except StoreError as fault:
                    _log.error("queue not read", carrier=self._carrier.name, reason=str(fault))
                    batches = None
                if batches is None:
                    self._slots.release()
                    await self.bell.wait(IDLE_S)
                    continue
                await self._start(calls, *batches)

    async def _next_batches(self) -> tuple[Lease, list[tuple[Message, ...]]] | None:
        """Lease what one call can carry, once a call may go; None when there is nothing to do now."""
        if not await self._may_call():
            return None
        now = self._clock.wall()
        limits = self._carrier.limits
        if limits.linger_s:
            await asyncio.sleep(limits.linger_s)
        room = self._room()
        lease, messages = await self._store.lease(self._carrier.name, room, until=now + LEASE_S, now=now)
        if not messages:
            return None
        if len(messages) == room:
            self.bell.ring()  # there may be more
        batches = plan(messages, self._carrier.group_key, limits.max_messages, limits.distinct_recipients)
        if self._occasions.are_scarce:
            batches, left = choose(messages, batches, limits.batch_from)
            if left:
                await self._release(left, lease)
                self.bell.ring()
        return lease, batches

    def _room(self) -> int:
        """Return how many messages to lease: one while calls of several are scarce and none may go now.

        The occasion is taken with the look, whatever comes of it: leasing many for nothing has its price too.
        """
        return self._carrier.limits.max_messages if self._occasions.take() else 1

    async def _may_call(self) -> bool:
        """Wait for the pace of calls; False while the carrier is paused or its circuit is open."""
        now = self._clock.monotonic()
        if self._circuit.wait_s(now) > 0:
            await self._divert(now)
            return False
        if now < self._paused_until:
            return False
        # Waited for before the lease, so that what arrives meanwhile shares the call; taken only with a call at hand.
        await until_due(self._bucket, self._clock)
        return not self._stopping.is_set()

    async def _divert(self, now: float) -> None:
        """Let what is queued behind an open circuit take its next candidate."""
        if now < self._divert_at:
            return
        diverted = await self._store.divert(self._carrier.name, self._reachable(), DIVERTED_AT_ONCE)
        if not diverted:
            self._divert_at = now + DIVERT_AGAIN_S
            return
        _log.warning("queue diverted from an open circuit", carrier=self._carrier.name, to=list(diverted))
        self._on_queued(diverted)

    async def _start(self, calls: asyncio.TaskGroup, lease: Lease, batches: Sequence[tuple[Message, ...]]) -> None:
        """Start a call for each batch; the first uses the slot that is held already."""
        for place, messages in enumerate(batches):
            if place:
                await self._slots.acquire()
            await pace(self._bucket, self._clock)
            now = self._clock.monotonic()
            if self._stopping.is_set() or not self._circuit.allow(now):
                self._slots.release()
                await self._release(messages, lease)
                continue
            calls.create_task(self._call(messages, lease), name=f"call {self._carrier.name}")

    async def _release(self, messages: Sequence[Message], lease: Lease) -> None:
        try:
            await self._store.release([message.id for message in messages], lease)
        except StoreError as fault:
            _log.error("messages not given back, their lease ends by itself", reason=str(fault))

    async def _call(self, messages: tuple[Message, ...], lease: Lease) -> None:
        """Store the attempt, send it, settle it; a slot is held from before until after."""
        try:
            if self._clock.wall() > lease.until - CALL_S:
                raise LeaseLostError("too little of the lease is left for a call")
            attempt = self._carrier.prepare(Batch(id=self._new_batch_id(), messages=messages), self._clock.wall())
            await store_while_leased(
                lambda: self._store.begin(attempt, self._carrier.name, lease, self._clock.wall()),
                until=lease.until - CALL_S,
                clock=self._clock,
            )
            verdicts = await self._send(attempt)
            await self._settle(attempt, messages, verdicts, lease)
        except LeaseLostError as fault:
            _log.warning("batch dropped before sending", carrier=self._carrier.name, reason=str(fault))
            await self._release(messages, lease)  # those that it still covers
        except StoreError as fault:
            # Whatever was sent by now is found as a doubt when the lease ends.
            _log.error("call not stored", carrier=self._carrier.name, reason=str(fault))
        except Exception as fault:  # noqa: BLE001 - a bug that one batch meets; what was sent becomes a doubt, as above
            _log.error("call failed", carrier=self._carrier.name, messages=len(messages), exc_info=fault)
        finally:
            self._slots.release()
            self.bell.ring()

    async def _send(self, attempt: Attempt) -> Mapping[MessageId, Verdict]:
        self._metrics.batch(self._carrier.name, len(attempt.messages))
        verdicts = await self._carrier.send(attempt)
        self._learn(verdicts)
        return verdicts

    def _learn(self, verdicts: Mapping[MessageId, Verdict]) -> None:
        """Hold back further calls where the cause was the carrier as a whole."""
        whole = [v for v in verdicts.values() if isinstance(v, Deferred) and v.whole_carrier]
        now = self._clock.monotonic()
        before = self._circuit.state(now)
        self._circuit.record(not whole and not all(map(_is_silence, verdicts.values())), now)
        if whole and whole[0].not_before is not None:
            self._paused_until = max(self._paused_until, now + whole[0].not_before - self._clock.wall())
        after = self._circuit.state(now)
        if before != after:
            self._metrics.circuit(self._carrier.name, after.value)
            _log.warning("carrier circuit", carrier=self._carrier.name, state=after.value)

    async def _settle(
        self, attempt: Attempt, messages: tuple[Message, ...], verdicts: Mapping[MessageId, Verdict], lease: Lease
    ) -> None:
        now = self._clock.wall()
        dispositions = {
            message.id: dispose(
                message, verdicts[message.id], batch_size=len(messages), backoff=AGAIN, jitter=self._jitter(), now=now
            )
            for message in messages
        }
        due_at = self._next_step_at(dispositions.values(), now)
        if not await self._settlement.settle(attempt.batch, messages, dispositions, lease=lease, due_at=due_at):
            _log.warning("lease lost during a call", carrier=self._carrier.name, batch=attempt.batch)
            return
        self._on_queued({step.carrier for step in dispositions.values() if isinstance(step, Requeued)})
        self._tell(attempt, verdicts, dispositions.values())

    def _next_step_at(self, dispositions: Iterable[Disposition], now: float) -> float:
        if any(isinstance(step, Doubted) for step in dispositions):
            return now + REPEATS.delay_s(1, self._jitter())
        return self._carrier.polls.next_at(0, now, self._jitter())

    def _tell(
        self, attempt: Attempt, verdicts: Mapping[MessageId, Verdict], dispositions: Iterable[Disposition]
    ) -> None:
        accepted = sum(isinstance(step, Taken) for step in dispositions)
        if accepted == len(verdicts):
            _log.debug("batch accepted", carrier=self._carrier.name, batch=attempt.batch, messages=accepted)
            return
        reasons = sorted({getattr(verdict, "reason", "") for verdict in verdicts.values()} - {""})
        _log.warning(
            "batch not accepted whole",
            carrier=self._carrier.name,
            batch=attempt.batch,
            messages=len(verdicts),
            accepted=accepted,
            verdicts=sorted({type(verdict).__name__.lower() for verdict in verdicts.values()}),
            reasons=reasons[:5],
        )


def _is_silence(verdict: Verdict) -> bool:
    """Whether a call brought no sign that the carrier works: going on would turn the whole queue into doubts."""
    return isinstance(verdict, Doubtful) and verdict.evidence is Evidence.NONE
