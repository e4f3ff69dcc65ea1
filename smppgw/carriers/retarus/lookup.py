"""Finding the job of a doubtful attempt: "did you take it?" (reliability.md 1.2).

Retarus lists job ids by time only, so each unknown job is read once and its ``customerRef`` compared with the batch id.
What belongs to which batch is remembered, so that the next look-up reads only what is new. "Not found" is said only
when both datacentres listed everything and every job was read; anything less is a look-up that failed.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlencode

import msgspec

from smppgw.carriers.http import Operation, read_json
from smppgw.carriers.retarus.centers import Api, Nothing, Remembered
from smppgw.carriers.retarus.reach import Center
from smppgw.core.model import Attempt, BatchId, CarrierRef
from smppgw.core.verdict import Evidence

JOB_ID: Final = re.compile(r"J\.[!-~]{18,38}")
"""As documented, ``J\\..{18,38}``, less what is not printable ASCII."""

PAGE: Final = 1000
STEP: Final = 900
"""Pages overlap: a job that ends between two pages moves the ones behind it forward."""
MAX_PAGES: Final = 20
MAX_READS: Final = 500
"""Jobs read per datacentre and look-up; what is left over is read by the next one."""
READS_AT_ONCE: Final = 8
BEFORE_S: Final = 120.0
AFTER_S: Final = 1800.0
"""The window around an attempt: clocks may differ, and the attempt is repeated for ten minutes at most."""
LONGEST_S: Final = 120.0
"""Of a whole look-up."""
ROOM: Final = 20_000


class _Listed(msgspec.Struct, rename="camel"):
    job_id: str


class _Job(msgspec.Struct, rename="camel"):
    job_id: str
    customer_ref: str | None = None


_LIST: Final = msgspec.json.Decoder(list[_Listed])
_JOB: Final = msgspec.json.Decoder(_Job)


class Lookup:
    """Looks for jobs, and remembers those it has seen."""

    def __init__(self, api: Api, clock: Callable[[], float]) -> None:
        self._api = api
        self._clock = clock
        self._batch_of: Remembered[str, str] = Remembered(ROOM)
        self._job_of: Remembered[BatchId, CarrierRef] = Remembered(ROOM)

    def remember(self, job: CarrierRef, batch: BatchId) -> None:
        """Take note of a job whose batch is known."""
        self._batch_of.put(job, batch)
        self._job_of.put(batch, job)

    async def find(self, attempt: Attempt, centers: Sequence[Center]) -> CarrierRef | Evidence:
        """Look for the job of an attempt.

        Returns:
            Its id; ``ABSENT`` after a complete look-up without it; ``NONE`` when the look-up was not complete.
        """
        if known := self._job_of.get(attempt.batch):
            return known
        try:
            async with asyncio.timeout(LONGEST_S):
                return await self._find_in(centers, attempt)
        except TimeoutError:
            return Evidence.NONE

    async def _find_in(self, centers: Sequence[Center], attempt: Attempt) -> CarrierRef | Evidence:
        evidence = Evidence.ABSENT
        for center in centers:
            is_complete = await self._learn(center, attempt.prepared_at)
            if found := self._job_of.get(attempt.batch):
                return found
            if not is_complete:
                evidence = Evidence.NONE
        return evidence

    async def _learn(self, center: Center, at: float) -> bool:
        """Read the jobs around a time that are not known yet; False when that is not all of them."""
        listed = await self._list(center, at)
        if listed is None:
            return False
        unknown = [job for job in listed if self._batch_of.get(job) is None]
        for start in range(0, min(len(unknown), MAX_READS), READS_AT_ONCE):
            if not await self._read_all(center, unknown[start : start + READS_AT_ONCE]):
                return False
        return len(unknown) <= MAX_READS

    async def _read_all(self, center: Center, jobs: Sequence[str]) -> bool:
        async with asyncio.TaskGroup() as group:
            reads = [group.create_task(self._read(center, job)) for job in jobs]
        return all(read.result() for read in reads)

    async def _read(self, center: Center, job: str) -> bool:
        path = f"/jobs/{quote(job, safe='')}"
        found = await self._api.get(
            center, path, Operation.LOOKUP, lambda body: read_json(_JOB, body), now=self._clock(), max_octets=1 << 20
        )
        if isinstance(found, Nothing) or found.job_id != job:
            return False
        self.remember(CarrierRef(job), BatchId(found.customer_ref or ""))
        return True

    async def _list(self, center: Center, at: float) -> list[str] | None:
        """List all jobs around a time, open ones first: one that ends meanwhile is then listed twice, not never."""
        found: dict[str, None] = {}
        for is_open in ("true", "false"):
            if (jobs := await self._list_all(center, at, is_open)) is None:
                return None
            found.update(dict.fromkeys(jobs))
        return list(found)

    async def _list_all(self, center: Center, at: float, is_open: str) -> list[str] | None:
        found: list[str] = []
        for page in range(MAX_PAGES):
            jobs = await self._api.get(
                center, self._path(at, is_open, page), Operation.LOOKUP, _job_ids, now=self._clock()
            )
            if isinstance(jobs, Nothing):
                return None
            found += jobs
            if len(jobs) < PAGE:
                return found
        return None

    def _path(self, at: float, is_open: str, page: int) -> str:
        until = min(self._clock(), at + AFTER_S)
        return list_path(at - BEFORE_S, until, is_open=is_open, offset=page * STEP, limit=PAGE)


def list_path(since: float, until: float, *, is_open: str, offset: int = 0, limit: int) -> str:
    """Write path and query of ``GET /jobs``: ids of the jobs received between two times."""
    window = {"fromTs": _timestamp(since), "toTs": _timestamp(until)}
    query = {"jobIdsOnly": "true", "open": is_open, **window, "offset": offset, "limit": limit}
    return "/jobs?" + urlencode(query)


def _job_ids(body: bytes) -> list[str] | None:
    listed = read_json(_LIST, body)
    if listed is None or not all(JOB_ID.fullmatch(job.job_id) for job in listed):
        return None
    return [job.job_id for job in listed]


def _timestamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
