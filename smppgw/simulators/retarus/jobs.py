"""One data centre's jobs: taken, found again, shown.

A job is kept as the octets the client sent and decoded again when somebody asks, which is smaller than anything made
of objects: a load run leaves millions of recipients behind. The clock is an argument.
"""

import dataclasses
import hashlib
import math
from collections.abc import Iterator

import msgspec

from smppgw.simulators.retarus import lifecycle
from smppgw.simulators.retarus.handset import shown_text
from smppgw.simulators.retarus.ids import Ids, sms_id
from smppgw.simulators.retarus.job_request import (
    VALIDITY_MIN,
    JobOptions,
    JobRequest,
    Message,
    Recipient,
    RefusalError,
    decode,
    instant,
    interval,
)
from smppgw.simulators.retarus.options import RetarusOptions
from smppgw.simulators.retarus.reports import JobReport, RecipientReport, Row, timestamp

DUPLICATE_WINDOW_S = 600.0
DEFAULT_VALIDITY_MIN = 2880


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job that was taken; times in Unix seconds."""

    job_id: str
    stem: str
    body: bytes
    options: JobOptions
    accepted_at: float
    starts_at: float
    final_at: float
    """When the last recipient is final; infinity if one never is."""
    messages: int
    recipients: int


class Center:
    """A data centre: its jobs and the duplicates it remembers."""

    def __init__(self, name: str, options: RetarusOptions) -> None:
        self.name = name
        self._options = options
        self._ids = Ids(options.seed ^ sum(name.encode()))
        self.forget()

    def forget(self) -> None:
        """Back to the start."""
        self._jobs: dict[str, Job] = {}
        self._seen: dict[bytes, float] = {}
        self.messages = 0
        self.recipients = 0

    def take(self, request: JobRequest, body: bytes, now: float) -> Job:
        """Store a valid job.

        Raises:
            RefusalError: 409, an equal job with `duplicateDetection` was taken less than ten minutes ago.
        """
        options = request.options or JobOptions()
        if options.duplicate_detection:
            self._check_duplicate(body, now)
        job = self._job(request, options, body, now)
        self._jobs[job.job_id] = job
        self.messages += job.messages
        self.recipients += job.recipients
        return job

    def find(self, job_id: str, now: float) -> Job | None:
        """A job of this data centre, once it is visible."""
        job = self._jobs.get(job_id)
        return job if job is not None and self._is_visible(job, now) else None

    def listed(self, start: float, end: float, *, is_open: bool | None, now: float) -> list[str]:
        """Ids of the visible jobs received between two times, oldest first; `is_open` None: finished ones too."""
        return [
            job.job_id
            for job in self._jobs.values()
            if start <= job.accepted_at <= end
            and self._is_visible(job, now)
            and (is_open is None or (now < job.final_at) is is_open)
        ]

    def reports(self, job: Job, now: float) -> list[RecipientReport]:
        """The rows of `GET /sms`."""
        usual = self._timing(job, job.starts_at)
        stamps: dict[float, str] = {}
        rows: list[RecipientReport] = []
        for index, recipient in enumerate(decode(job.body).recipients):
            dst = recipient.dst or ""
            timing = self._timing(job, _start(job, recipient)) if recipient.blackout_periods else usual
            shown = lifecycle.state(lifecycle.way_of(dst), timing, now)
            rows.append(
                RecipientReport(
                    sms_id(job.stem, index),
                    lifecycle.international(dst),
                    shown.process_status,
                    shown.status,
                    recipient.customer_ref or dst,
                    shown.reason,
                    _stamp(shown.sent_at, stamps),
                    _stamp(shown.finished_at, stamps),
                )
            )
        return rows

    def report(self, job: Job, now: float) -> JobReport:
        """The answer of `GET /jobs/{jobId}`."""
        options = job.options
        return JobReport(
            job_id=job.job_id,
            src=options.src or "Retarus",
            encoding=(options.encoding or "STANDARD").lower(),
            billcode=options.billcode or "",
            status_requested=bool(options.status_requested),
            flash=bool(options.flash),
            validity_min=_clamped_validity(options.validity_min),
            customer_ref=options.customer_ref,
            qos=(options.qos or "NORMAL").upper(),
            receipt_ts=timestamp(job.accepted_at),
            recipient_ids=[sms_id(job.stem, index) for index in range(job.recipients)],
            finished_ts=timestamp(job.final_at) if now >= job.final_at else msgspec.UNSET,
        )

    def rows(self) -> Iterator[bytes]:
        """Every recipient taken, as JSON without the brackets, one piece per job."""
        for job in list(self._jobs.values()):
            yield msgspec.json.encode(list(self._rows_of(job)))[1:-1]

    def _rows_of(self, job: Job) -> Iterator[Row]:
        index = 0
        for message in decode(job.body).messages or ():
            text, parts = shown_text(message.text or "", job.options)
            for recipient in message.recipients or ():
                yield self._row(job, index, recipient, text, parts)
                index += 1

    def _row(self, job: Job, index: int, recipient: Recipient, text: str, parts: int) -> Row:
        return Row(
            ref=job.job_id,
            sms_id=sms_id(job.stem, index),
            to=lifecycle.international(recipient.dst or ""),
            sender=job.options.src,
            text=text,
            parts=parts,
            billed_parts=parts if lifecycle.is_billed(lifecycle.way_of(recipient.dst or "")) else 0,
            our_ref=recipient.customer_ref,
            batch_ref=job.options.customer_ref,
            accepted_at=job.accepted_at,
            datacenter=self.name,
        )

    def _job(self, request: JobRequest, options: JobOptions, body: bytes, now: float) -> Job:
        stem = self._ids.stem(now)
        messages: list[Message] = request.messages or []
        starts_at = now if options.job_period is None else max(now, instant(options.job_period))
        job = Job(
            job_id=self._ids.job_id(stem),
            stem=stem,
            body=body,
            options=options,
            accepted_at=now,
            starts_at=_after_blackouts(starts_at, options.blackout_periods),
            final_at=math.inf,
            messages=len(messages),
            recipients=sum(len(message.recipients or ()) for message in messages),
        )
        return dataclasses.replace(job, final_at=self._final_at(job, request))

    def _final_at(self, job: Job, request: JobRequest) -> float:
        usual = self._timing(job, job.starts_at)
        return max(
            lifecycle.final_at(
                lifecycle.way_of(recipient.dst or ""),
                self._timing(job, _start(job, recipient)) if recipient.blackout_periods else usual,
            )
            for recipient in request.recipients
        )

    def _timing(self, job: Job, starts_at: float) -> lifecycle.Timing:
        return lifecycle.Timing(
            accepted_at=job.accepted_at,
            starts_at=starts_at,
            final_delay=self._options.final_delay,
            status_requested=bool(job.options.status_requested),
        )

    def _is_visible(self, job: Job, now: float) -> bool:
        return now >= job.accepted_at + self._options.visible_after

    def _check_duplicate(self, body: bytes, now: float) -> None:
        self._forget_old_duplicates(now)
        canonical = msgspec.json.encode(msgspec.json.decode(body), order="sorted")
        digest = hashlib.sha256(canonical).digest()
        if digest in self._seen:
            raise RefusalError(409, "duplicate")
        self._seen[digest] = now

    def _forget_old_duplicates(self, now: float) -> None:
        while self._seen:
            oldest = next(iter(self._seen))
            if now - self._seen[oldest] <= DUPLICATE_WINDOW_S:
                return
            del self._seen[oldest]


def _clamped_validity(wanted: int | None) -> int:
    if wanted is None:
        return DEFAULT_VALIDITY_MIN
    return min(max(wanted, VALIDITY_MIN[0]), VALIDITY_MIN[-1]) if wanted else 0


def _start(job: Job, recipient: Recipient) -> float:
    """A recipient's own blackout periods replace the job's (vendor code, sms/job.go)."""
    earliest = job.accepted_at
    if job.options.job_period is not None:
        earliest = max(earliest, instant(job.options.job_period))
    return _after_blackouts(earliest, recipient.blackout_periods)


def _after_blackouts(at: float, periods: list[str] | None) -> float:
    for start, end in sorted(interval(period) for period in periods or ()):
        if start <= at < end:
            at = end
    return at


def _stamp(at: float | None, known: dict[float, str]) -> str | None:
    if at is None:
        return None
    if at not in known:
        known[at] = timestamp(at)
    return known[at]
