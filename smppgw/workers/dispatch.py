"""Queued messages of one carrier -> lease -> batches -> attempt stored -> call -> settle.

When a call may go, what is queued goes at once; while all slots are busy, what arrives waits and shares the next call,
so latency is nothing at low load and the batch grows with the load. The failure rules are in ``core.disposition``.
The order of the two commits is what keeps a message from being sent twice: the attempt is stored before its first byte
leaves, and a process that dies between the two leaves a doubt, never a queued message.

While the circuit is not closed, one message at a time finds out whether the carrier is back; the others stay as they
are, untried, or take their next candidate where one can be reached. A carrier that says why it takes nothing (login,
money, quota, throttling) is paused: somebody is told once when it begins and once when it is over.

Who opts out while a message for him waits does not get it: it ends REJECTED instead of being sent.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final

import structlog

from smppgw.carriers.base import Admits, Carrier
from smppgw.core.coalesce import choose, next_width, plan
from smppgw.core.codes import ErrorCode
from smppgw.core.disposition import Disposition, Doubted, Finished, Requeued, Taken, dispose, dispose_unsent
from smppgw.core.doubt import REPEATS
from smppgw.core.health import Circuit, CircuitState
from smppgw.core.model import Attempt, Batch, BatchId, Message, MessageId, Outcome
from smppgw.core.pacing import YieldingBucket
from smppgw.core.retry import Backoff
from smppgw.core.screening import Kind
from smppgw.core.verdict import Deferred, Doubtful, Evidence, PauseCause, Rejected, Verdict
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
PATIENCE_S: Final = 5.0
"""A carrier that is throttling for no longer keeps its queue: the next candidate may be the dearer one."""
SHORTEST_HOLD_S: Final = 1.0
"""A carrier that asks for no pause at all would be asked without one."""
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
        is_unwanted: Callable[[Message], bool],
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
        self._is_unwanted = is_unwanted
        self._admits = carrier if isinstance(carrier, Admits) else None
        limits = carrier.limits
        self._bucket = YieldingBucket(limits.calls_per_s, max(limits.max_in_flight, 1), clock.monotonic())
        self._occasions = occasions
        self._width = limits.max_messages
        self._slots = asyncio.Semaphore(limits.max_in_flight)
        self._paused: PauseCause | None = None
        self._divert_at = 0.0
        self._diverts = False
        self._stopping = asyncio.Event()
        self.bell = Bell()
        """Rung when something was queued for this carrier."""

    def stop(self) -> None:
        """Begin no more calls; ``run`` returns when those in flight are settled."""
        self._stopping.set()
        self.bell.ring()

    def probe_now(self) -> None:
        """Find out at once whether the carrier is back: the cause of a pause may have been removed."""
        self._circuit.probe_now(self._clock.monotonic())
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
                except Exception as fault:  # noqa: BLE001 - a bug that one message meets; those leased with it wait
                    _log.error("queue not planned", carrier=self._carrier.name, exc_info=fault)
                    batches = None
                if batches is None:
                    self._slots.release()
                    await self.bell.wait(IDLE_S)
                    continue
                await self._start(calls, *batches)

    async def _next_batches(self) -> tuple[Lease, list[tuple[Message, ...]]] | None:
        """Lease what one call can carry, or a few where keys take turns; None when there is nothing to do now."""
        if not await self._may_call():
            return None
        now = self._clock.wall()
        limits = self._carrier.limits
        if limits.linger_s:
            await asyncio.sleep(limits.linger_s)
        width = self._room()
        lease, leased = await self._store.lease(self._carrier.name, width, until=now + LEASE_S, now=now)
        if len(leased) == width:
            self.bell.ring()  # there may be more
        wanted = await self._still_wanted(leased, lease)
        messages = wanted if self._admits is None else await self._admitted(self._admits, wanted, lease)
        batches = plan(messages, self._carrier.group_key, limits.max_messages, limits.distinct_recipients)
        if self._occasions.are_scarce:
            batches = await self._chosen(messages, batches, lease)
        elif width > 1:
            self._width = next_width(width, len(leased), len(batches), limits.max_messages)
        return (lease, batches) if batches else None

    async def _chosen(
        self, messages: Sequence[Message], batches: Sequence[tuple[Message, ...]], lease: Lease
    ) -> list[tuple[Message, ...]]:
        """Return what goes now where calls of several are scarce; give the rest back."""
        chosen, left = choose(messages, batches, self._carrier.limits.batch_from)
        if left:
            await self._give_back(left, lease)
            self.bell.ring()
        return chosen

    async def _still_wanted(self, messages: Sequence[Message], lease: Lease) -> Sequence[Message]:
        """Return the messages whose recipients have not opted out since; end the others."""
        unwanted = [message for message in messages if self._is_unwanted(message)]
        if not unwanted:
            return messages
        ends = {message.id: Finished(Outcome.REJECTED, ErrorCode.BLOCKED) for message in unwanted}
        await self._settlement.put_back(ends, lease=lease)
        for message in unwanted:
            self._metrics.filtered(message.account, Kind.OPTED_OUT)
        _log.info("messages kept back", carrier=self._carrier.name, messages=len(unwanted), kind=Kind.OPTED_OUT)
        return [message for message in messages if message.id not in ends]

    async def _admitted(self, carrier: Admits, messages: Sequence[Message], lease: Lease) -> Sequence[Message]:
        """Return the messages that a call may begin for; put back, or end, what it would be refused for."""
        now = self._clock.wall()
        refused = {message.id: verdict for message in messages if (verdict := carrier.admit(message, now)) is not None}
        if not refused:
            return messages
        dispositions = {
            message.id: dispose_unsent(message, refused[message.id], backoff=AGAIN, jitter=self._jitter(), now=now)
            for message in messages
            if message.id in refused
        }
        await self._settlement.put_back(dispositions, lease=lease)
        self._on_queued({step.carrier for step in dispositions.values() if isinstance(step, Requeued)})
        self._tell_refused(refused)
        if any(isinstance(verdict, Deferred) and verdict.whole_carrier for verdict in refused.values()):
            self._learn(refused)
        return [message for message in messages if message.id not in refused]

    def _room(self) -> int:
        """Return how many messages the next call may risk: one while it has to find out whether the carrier is back.

        And one while calls of several are scarce and none may go now. An occasion is taken with the look, whatever
        comes of it: leasing many for nothing has its price too.
        """
        is_closed = self._circuit.state(self._clock.monotonic()) is CircuitState.CLOSED
        return self._width if is_closed and self._occasions.take() else 1

    async def _may_call(self) -> bool:
        """Wait for the pace of calls; False while the carrier is not to be called."""
        now = self._clock.monotonic()
        if (wait_s := self._circuit.wait_s(now)) > 0:
            is_open = self._circuit.state(now) is CircuitState.OPEN
            if is_open and (self._paused is not PauseCause.THROTTLE or wait_s > PATIENCE_S):
                await self._divert(now)
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
        if not self._diverts:
            _log.warning("queue diverted from an open circuit", carrier=self._carrier.name, to=list(diverted))
        self._diverts = True
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
                await self._give_back(messages, lease)
                continue
            calls.create_task(self._call(messages, lease), name=f"call {self._carrier.name}")

    async def _give_back(self, messages: Sequence[Message], lease: Lease) -> None:
        """Put messages back as they were."""
        as_they_were = {
            message.id: Requeued(message.carrier, None, message.tries, message.batch_cap) for message in messages
        }
        try:
            await self._store.put_back(as_they_were, lease=lease, now=self._clock.wall())
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
            await self._give_back(messages, lease)  # those that it still covers
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
        whole = next((v for v in verdicts.values() if isinstance(v, Deferred) and v.whole_carrier), None)
        now = self._clock.monotonic()
        before = self._circuit.state(now)
        if whole is not None and whole.not_before is not None:
            self._circuit.hold(now + max(whole.not_before - self._clock.wall(), SHORTEST_HOLD_S))
        else:
            self._circuit.record(whole is None and not all(map(_is_silence, verdicts.values())), now)
        if whole is not None and whole.pause is PauseCause.THROTTLE:
            self._bucket.give_way(now)
        else:
            self._bucket.recover(now)
        after = self._circuit.state(now)
        if after is CircuitState.CLOSED:
            self._diverts = False
        if before != after:
            self._metrics.circuit(self._carrier.name, after.value)
        if not self._tell_pause(whole, now) and before != after:
            _log.warning("carrier circuit", carrier=self._carrier.name, state=after.value)

    def _tell_pause(self, whole: Deferred | None, now: float) -> bool:
        """Tell somebody once when a pause begins, and once when it is over; True where the pause says it all."""
        if whole is not None and (cause := _pause_of(whole)) is not None:
            if cause is not self._paused:
                # Throttling passes by itself; all else waits for a person.
                tell = _log.warning if cause is PauseCause.THROTTLE else _log.error
                again_s = round(self._circuit.wait_s(now))
                tell(
                    "carrier paused",
                    carrier=self._carrier.name,
                    cause=cause.value,
                    reason=whole.reason,
                    again_s=again_s,
                )
                self._set_paused(cause)
            return True
        if self._paused is not None and self._circuit.state(now) is CircuitState.CLOSED:
            _log.info("carrier resumed", carrier=self._carrier.name, cause=self._paused.value)
            self._set_paused(None)
            return True
        return False

    def _set_paused(self, cause: PauseCause | None) -> None:
        self._paused = cause
        self._metrics.paused(self._carrier.name, cause)

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
        if all(map(_pause_of, verdicts.values())):
            return  # told when it began
        _log.warning(
            "batch not accepted whole",
            carrier=self._carrier.name,
            batch=attempt.batch,
            messages=len(verdicts),
            accepted=accepted,
            verdicts=sorted({type(verdict).__name__.lower() for verdict in verdicts.values()}),
            reasons=_reasons(verdicts.values()),
        )

    def _tell_refused(self, refused: Mapping[MessageId, Rejected | Deferred]) -> None:
        _log.info(
            "not sent, the carrier would refuse it",
            carrier=self._carrier.name,
            messages=len(refused),
            reasons=_reasons(refused.values()),
        )


def _reasons(verdicts: Iterable[Verdict]) -> list[str]:
    """Return the first few different reasons, for the log."""
    return sorted({getattr(verdict, "reason", "") for verdict in verdicts} - {""})[:5]


def _is_silence(verdict: Verdict) -> bool:
    """Whether a call brought no sign that the carrier works: going on would turn the whole queue into doubts."""
    return isinstance(verdict, Doubtful) and verdict.evidence is Evidence.NONE


def _pause_of(verdict: Verdict) -> PauseCause | None:
    """Return why the carrier as a whole takes nothing until a time that it named; None: it does not say so."""
    return verdict.pause if isinstance(verdict, Deferred) and verdict.holds_carrier else None
