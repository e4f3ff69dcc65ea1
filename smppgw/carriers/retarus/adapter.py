"""Retarus as a carrier: one job per batch, doubts looked up by our reference, outcomes by polling.

What each HTTP answer to ``POST /jobs`` means follows the manual's table and reliability.md 1.2: 409 has no job id and
means that an earlier copy arrived; 500 may mean refused or taken, so it is doubtful as every 5xx is. An attempt stays
at its datacentre for ever, because nobody documents that duplicates are found across the two.
"""

import asyncio
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import quote

import httpx2 as httpx
import msgspec

from smppgw.carriers.base import CarrierLimits
from smppgw.carriers.http import (
    Answer,
    Lost,
    NotSent,
    Observer,
    Operation,
    Result,
    Unobserved,
    client,
    not_sent,
    outcome_of,
    read_json,
    read_refusal,
)
from smppgw.carriers.probing import Probe
from smppgw.carriers.retarus import inbound, job, probing, status
from smppgw.carriers.retarus.blackout import DAY_S
from smppgw.carriers.retarus.centers import LOOK_UPS_AT_ONCE, Api, Centers, Nothing, Remembered
from smppgw.carriers.retarus.config import RetarusConfig, SendTo
from smppgw.carriers.retarus.lookup import JOB_ID, Lookup
from smppgw.carriers.retarus.reach import Center
from smppgw.core.model import Attempt, Batch, CarrierRef, Message, MessageId, Outcome, Sent
from smppgw.core.verdict import Accepted, Doubtful, Evidence, PushContents, Rejected, StatusReport, Verdict

FENCE_S: Final = 600.0 - 60.0
"""``duplicateDetection`` looks back ten minutes (vendor code, sms/job.go); a minute is kept in hand."""
DEADLINE_S: Final = 49 * 3600.0
"""The longest validity, 48 h, and an hour; a day more where hours without delivery may put it off."""
LONGEST_S: Final = 60.0
"""Of one round of polls: a dead datacentre must not hold up what the other one knows."""
MAX_STATUS_OCTETS: Final = 4 << 20
"""3000 rows without paging are about 1 MB."""
ROOM: Final = 20_000


class _Created(msgspec.Struct, rename="camel"):
    job_id: str


_CREATED: Final = msgspec.json.Decoder(_Created)


class Retarus:
    """One login at Retarus."""

    lookup_resolves = True
    push_answer = inbound.ANSWER
    problem: str | None = None

    def __init__(
        self,
        name: str,
        config: RetarusConfig,
        *,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        observer: Observer | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Make the carrier; it opens no connection before the first call.

        Args:
            name: Of the section in the configuration.
            config: With the password loaded.
            clock: Unix seconds.
            monotonic: Seconds, for durations.
            observer: Counts calls.
            transport: Stands in for the network in tests.
        """
        self.name = name
        self.limits = CarrierLimits(
            max_messages=config.max_batch,
            calls_per_s=config.calls_per_s,
            max_in_flight=config.max_in_flight,
            linger_s=config.linger,
            # Behind the shared name a repeat may reach the other datacentre, which may not know the first copy.
            fence_s=FENCE_S if config.fence and config.send_to is not SendTo.EU else None,
        )
        self.polls = config.polls(DEADLINE_S + (DAY_S if config.blackout else 0.0))
        self.on_doubt = config.on_doubt
        self.billed_on = config.billed_on
        self._config = config
        self._clock = clock
        self._centers = Centers(config)
        self._http = client(
            connect_s=config.connect_timeout,
            max_connections=config.max_in_flight + LOOK_UPS_AT_ONCE + len(SendTo),
            ca_file=config.ca_file,
            transport=transport,
        )
        self._api = Api(name, config, self._http, monotonic, observer or Unobserved())
        self._lookup = Lookup(self._api, clock)
        self._seen_at: Remembered[CarrierRef, SendTo] = Remembered(ROOM)

    def check(self, message: Message) -> Rejected | None:
        """Say whether Retarus can ever take this message."""
        return job.refusal(message)

    def group_key(self, message: Message) -> Hashable:
        """Sender, encoding, class, end of validity, priority, bill code and blackout stand once per job."""
        return job.group_key(message, self._config)

    def prepare(self, batch: Batch, now: float) -> Attempt:
        """Write the job; the datacentre is the configured one unless calls to it failed lately."""
        center = self._api.reach.choose(self._centers.to_send)
        return Attempt(
            batch=batch.id,
            host=center.host,
            method="POST",
            target=center.path + "/jobs",
            content_type="application/json",
            body=job.write(batch, self._config, now),
            nonce=None,
            date=None,
            prepared_at=now,
            messages=tuple(message.id for message in batch.messages),
        )

    async def send(self, attempt: Attempt) -> Mapping[MessageId, Verdict]:
        """Post the job; all its messages share one verdict."""
        result, ended = await self._api.post(attempt)
        verdict = _verdict(result, self._clock(), is_batch=len(attempt.messages) > 1)
        ended(outcome_of(verdict))
        self._learn(attempt, result, verdict)
        return dict.fromkeys(attempt.messages, verdict)

    async def resolve(self, attempt: Attempt, sent: Sequence[Sent]) -> Mapping[MessageId, Verdict]:
        """Look for the job in both datacentres, that of the attempt first."""
        center = self._centers.of(attempt)
        centers = self._centers.to_look_up(center.name if center else None, attempt.host)
        found = await self._lookup.find(attempt, centers)
        verdict: Verdict
        match found:
            case Evidence.ABSENT:
                verdict = Doubtful("no job with this reference", Evidence.ABSENT)
            case Evidence():
                verdict = Doubtful("the look-up was not complete")
            case job_id:
                verdict = Accepted(job_id)
        return {one.message: verdict for one in sent}

    async def statuses(self, sent: Sequence[Sent]) -> Sequence[StatusReport]:
        """Ask once per job, for a minute at most; jobs that gave no answer are left out."""
        jobs: dict[CarrierRef, list[Sent]] = {}
        for one in sent:
            if one.ref is not None and JOB_ID.fullmatch(one.ref):
                jobs.setdefault(one.ref, []).append(one)
        found: list[StatusReport] = []
        try:
            async with asyncio.timeout(LONGEST_S), asyncio.TaskGroup() as group:
                for ref, members in jobs.items():
                    group.create_task(self._poll(ref, members, found))
        except TimeoutError:
            pass  # what is known by now is told, the rest is asked for again
        return found

    def read_push(self, body: bytes, content_type: str) -> PushContents:
        """Read inbound texts; receipts are never pushed."""
        return inbound.read(body, content_type, self._config.inbound_fields)

    async def ready(self) -> None:
        """Nothing has to be known before the first message."""

    async def probe(self) -> Sequence[Probe]:
        """Try every datacentre that jobs may go to."""
        return await probing.probe(self._api, self._centers.to_send, self._clock())

    async def aclose(self) -> None:
        """Close connections."""
        await self._api.reach.aclose()
        await self._http.aclose()

    async def _poll(self, ref: CarrierRef, members: Sequence[Sent], found: list[StatusReport]) -> None:
        self._lookup.remember(ref, members[0].batch)
        rows = await self._rows(ref, members[0].host)
        now = self._clock()
        found += status.reports(rows, members, now, last_call=self._last_call(members[0], now))

    async def _rows(self, ref: CarrierRef, host: str) -> Sequence[status.Row]:
        path = f"/sms?jobId={quote(ref, safe='')}"
        for center in self._centers.to_look_up(self._seen_at.get(ref), host):
            rows = await self._api.get(
                center, path, Operation.STATUS, status.read_rows, now=self._clock(), max_octets=MAX_STATUS_OCTETS
            )
            if rows is Nothing.REFUSED:
                break
            # An empty list is documented nowhere; it can only mean the same as 404.
            if not isinstance(rows, Nothing) and rows:
                self._seen_at.put(ref, center.name)
                return rows
        return ()

    def _last_call(self, one: Sent, now: float) -> status.Meaning | None:
        """Say what a bare SUC_ACC means: nothing final until the last polls before the deadline."""
        left_s = one.sent_at + self.polls.deadline_s - now
        if left_s > 2.5 * self.polls.backoff.longest_s:
            return None
        return status.Meaning(Outcome.ACCEPTED)

    def _learn(self, attempt: Attempt, result: Result, verdict: Verdict) -> None:
        center = self._centers.of(attempt)
        if center is not None:
            self._learn_of(center, result, verdict)
        if isinstance(verdict, Accepted) and verdict.ref is not None:
            self._lookup.remember(verdict.ref, attempt.batch)
            if center is not None and center.name is not SendTo.EU:
                self._seen_at.put(verdict.ref, center.name)

    def _learn_of(self, center: Center, result: Result, verdict: Verdict) -> None:
        if isinstance(result, NotSent):
            self._api.reach.unreachable(center)
        elif isinstance(verdict, Doubtful) and verdict.evidence is Evidence.NONE:
            self._api.reach.silent(center)
        else:
            self._api.reach.worked(center)


def _verdict(result: Result, now: float, *, is_batch: bool) -> Verdict:
    match result:
        case NotSent():
            return not_sent(result)
        case Lost(reason):
            return Doubtful(reason)
        case Answer(status=200 | 201):
            return _created(result)
        case Answer(status=409):
            return Doubtful("http 409: an equal job came before", Evidence.ARRIVED)
    verdict = read_refusal(result, now)
    return replace(verdict, whole_batch=is_batch) if isinstance(verdict, Rejected) else verdict


def _created(answer: Answer) -> Verdict:
    created = read_json(_CREATED, answer.body)
    # Two ids in one object: nobody can say which is ours.
    if created is None or not JOB_ID.fullmatch(created.job_id) or answer.body.count(b'"jobId"') != 1:
        return Doubtful(f"http {answer.status} without a job id")
    return Accepted(CarrierRef(created.job_id))
