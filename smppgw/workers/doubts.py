"""Doubtful attempts of one carrier: repeat the identical request inside the fence, look up, wait, end by rule.

The protocol is reliability.md 1.2, the steps are decided by ``core.doubt``. Nothing here ever sends a second request
that the carrier could take for a new one: a repeat is byte for byte the stored attempt, at the same host, inside the
carrier's own duplicate fence. While a doubt waits for a push, nothing is done about it: who stores the push ends it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Final

import structlog

from smppgw.carriers.base import Carrier
from smppgw.core.codes import ErrorCode
from smppgw.core.disposition import Disposition, Doubted, Finished, Parked, Requeued, dispose_repeat
from smppgw.core.doubt import DoubtProgress, DoubtStep, may_resend, next_step, wait_s
from smppgw.core.model import DoubtRule, Message, MessageId, Outcome
from smppgw.core.pacing import TokenBucket
from smppgw.core.verdict import Doubtful, Evidence, Verdict
from smppgw.ops.clock import Clock
from smppgw.ops.metrics import Metrics
from smppgw.store.base import DueDoubt, Lease, Store, StoreError
from smppgw.workers.bell import Bell
from smppgw.workers.calling import Settlement
from smppgw.workers.pace import Occasions, pace

_log = structlog.get_logger()

LEASE_S: Final = 300.0
"""A look-up may make many calls."""
IDLE_S: Final = 0.5
_AT_ONCE: Final = 8
_WAYS: Final[Mapping[type[Disposition], str]] = {Finished: "unknown", Parked: "parked", Requeued: "resent"}
"""How a doubt ends that nothing resolved, by metric label."""


class Doubts:
    """Resolves the doubts of one carrier."""

    def __init__(
        self,
        *,
        carrier: Carrier,
        store: Store,
        settlement: Settlement,
        occasions: Occasions,
        clock: Clock,
        metrics: Metrics,
        jitter: Callable[[], float],
        on_queued: Callable[[set[str]], None],
    ) -> None:
        self._carrier = carrier
        self._store = store
        self._settlement = settlement
        self._occasions = occasions
        self._clock = clock
        self._metrics = metrics
        self._jitter = jitter
        self._on_queued = on_queued
        limits = carrier.limits
        self._bucket = TokenBucket(limits.calls_per_s, max(limits.max_in_flight, 1), clock.monotonic())
        self._stopping = False
        self.bell = Bell()

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopping = True
        self.bell.ring()

    async def run(self) -> None:
        """Resolve until stopped."""
        while not self._stopping:
            try:
                if not await self.turn():
                    await self.bell.wait(IDLE_S)
            except StoreError as fault:
                _log.error("doubts not stored", carrier=self._carrier.name, reason=str(fault))
                await self.bell.wait(IDLE_S)

    async def turn(self) -> bool:
        """Take the next step of every doubt that is due; False when none was."""
        now = self._clock.wall()
        lease, due = await self._store.lease_doubts(self._carrier.name, _AT_ONCE, until=now + LEASE_S, now=now)
        async with asyncio.TaskGroup() as steps:
            for doubt in due:
                steps.create_task(self._step_safely(doubt, lease))
        return bool(due)

    async def _step_safely(self, doubt: DueDoubt, lease: Lease) -> None:
        try:
            await self._step(doubt, lease)
        except StoreError as fault:
            _log.error("doubt not stored, tried again", carrier=self._carrier.name, reason=str(fault))
        except Exception as fault:  # noqa: BLE001 - a bug that one answer meets; tried again when the lease ends
            _log.error("doubt failed", carrier=self._carrier.name, batch=doubt.attempt.batch, exc_info=fault)

    async def _step(self, doubt: DueDoubt, lease: Lease) -> None:
        # Before the step is chosen: the fence must not end while it waits.
        await pace(self._bucket, self._clock)
        await self._occasions.wait(len(doubt.attempt.messages))
        limits = self._carrier.limits
        step = next_step(
            doubt.progress,
            fence_s=limits.fence_s,
            lookup_resolves=self._carrier.lookup_resolves,
            push_wait_s=None if doubt.holds_up_polls else limits.push_wait_s,
            now=self._clock.wall(),
        )
        match step:
            case DoubtStep.REPEAT:
                verdicts = await self._carrier.send(doubt.attempt)
                progress = replace(doubt.progress, repeats=doubt.progress.repeats + 1)
            case DoubtStep.LOOK_UP:
                verdicts = await self._carrier.resolve(doubt.attempt, doubt.sent)
                progress = self._after_lookup(doubt.progress, verdicts)
            case DoubtStep.WAIT:
                await self._wait(doubt, lease)
                return
            case DoubtStep.END:
                await self._end(doubt, lease)
                return
        await self._store_step(doubt, progress, verdicts, lease, step)

    def _after_lookup(self, progress: DoubtProgress, verdicts: Mapping[MessageId, Verdict]) -> DoubtProgress:
        clean = all(isinstance(v, Doubtful) and v.evidence is Evidence.ABSENT for v in verdicts.values())
        first_absent_at = progress.first_absent_at
        if clean and first_absent_at is None:
            first_absent_at = self._clock.wall()
        return replace(
            progress,
            lookups=progress.lookups + 1,
            clean_lookups=progress.clean_lookups + clean,
            first_absent_at=first_absent_at,
        )

    async def _store_step(
        self,
        doubt: DueDoubt,
        progress: DoubtProgress,
        verdicts: Mapping[MessageId, Verdict],
        lease: Lease,
        step: DoubtStep,
    ) -> None:
        dispositions: dict[MessageId, Disposition] = {
            message.id: dispose_repeat(message.parts, verdicts[message.id]) for message in doubt.messages
        }
        open_still = [each for each in dispositions.values() if isinstance(each, Doubted)]
        if any(each.evidence is Evidence.ARRIVED for each in open_still):
            progress = replace(progress, evidence=Evidence.ARRIVED)
        now = self._clock.wall()
        _log.info(
            "doubt resolved" if not open_still else "doubt goes on",
            carrier=self._carrier.name,
            batch=doubt.attempt.batch,
            step=step.name.lower(),
            messages=len(doubt.messages),
            open=len(open_still),
        )
        if len(open_still) == len(dispositions):
            due_at = now + wait_s(progress, self._jitter())
            await self._store.note_doubt(doubt.attempt.batch, progress, lease=lease, due_at=due_at)
            return
        due_at = self._carrier.polls.next_at(0, now, self._jitter())
        await self._settlement.settle(doubt.attempt.batch, doubt.messages, dispositions, lease=lease, due_at=due_at)

    async def _wait(self, doubt: DueDoubt, lease: Lease) -> None:
        """Leave a doubt alone until no push can come any more."""
        due_at = doubt.progress.prepared_at + (self._carrier.limits.push_wait_s or 0.0)
        await self._store.note_doubt(doubt.attempt.batch, doubt.progress, lease=lease, due_at=due_at)
        _log.info(
            "doubt waits for a push",
            carrier=self._carrier.name,
            batch=doubt.attempt.batch,
            messages=len(doubt.messages),
            wait_s=round(due_at - self._clock.wall()),
        )

    async def _end(self, doubt: DueDoubt, lease: Lease) -> None:
        """End a doubt that nothing resolved, by the carrier's written rule."""
        rule = self._carrier.on_doubt
        ending = {message.id: self._ending(message, rule, doubt.progress.evidence) for message in doubt.messages}
        settled = await self._settlement.settle(
            doubt.attempt.batch, doubt.messages, ending, lease=lease, due_at=self._clock.wall()
        )
        if settled:
            self._tell_end(doubt, ending.values())
            self._on_queued({step.carrier for step in ending.values() if isinstance(step, Requeued)})

    def _tell_end(self, doubt: DueDoubt, ending: Collection[Disposition]) -> None:
        """Log and count what ended by rule; a message that is sent anew may arrive twice."""
        ways = Counter(_WAYS[type(step)] for step in ending)
        _log.warning(
            "doubt ended unresolved",
            carrier=self._carrier.name,
            batch=doubt.attempt.batch,
            messages=len(ending),
            rule=self._carrier.on_doubt.value,
            possible_duplicates=ways["resent"],
        )
        for way, messages in ways.items():
            self._metrics.doubts_ended(self._carrier.name, way, messages)

    def _ending(self, message: Message, rule: DoubtRule, evidence: Evidence) -> Disposition:
        if may_resend(rule, evidence):
            return Requeued(message.carrier, None, message.tries, message.batch_cap, possible_duplicate=True)
        if rule is DoubtRule.PARK:
            return Parked()
        return Finished(Outcome.UNKNOWN, ErrorCode.OUTCOME_UNKNOWN)
