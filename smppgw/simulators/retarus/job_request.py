"""The body of `POST /jobs`: its shape, and what Retarus refuses about it.

A refusal is the HTTP status to answer, as the API gives no other reason. No I/O, no clock.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from smppgw.simulators import gsm

MAX_RECIPIENTS = 3000
"""Per job, over all messages (portal, postJob)."""
MAX_BILLCODE = 70
MAX_PARTS = range(1, 21)
VALIDITY_MIN = range(5, 2881)

_SRC = re.compile(r"""\+?[0-9]{1,20}|[a-zA-Z0-9\x20!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,11}""")
_ENUMS = {
    "encoding": {"STANDARD", "UTF-16"},
    "qos": {"EXPRESS", "NORMAL"},
    "invalid_characters": {"REFUSE", "REPLACE", "TO_UTF16", "TRANSLITERATE"},
}


# gc=False: a bench leaves millions of these to a collector that would find no cycle among them.
class Recipient(msgspec.Struct, rename="camel", gc=False):
    """One number of a message."""

    dst: str | None = None
    customer_ref: str | None = None
    blackout_periods: list[str] | None = None


class Message(msgspec.Struct, rename="camel", gc=False):
    """One text and who gets it."""

    text: str | None = None
    recipients: list[Recipient] | None = None


class JobOptions(msgspec.Struct, rename="camel", gc=False):
    """What holds for the whole job; None is what the login's own settings say."""

    src: str | None = None
    encoding: str | None = None
    billcode: str | None = None
    status_requested: bool | None = None
    flash: bool | None = None
    customer_ref: str | None = None
    validity_min: int | None = None
    max_parts: int | None = None
    invalid_characters: str | None = None
    qos: str | None = None
    job_period: str | None = None
    duplicate_detection: bool | None = None
    blackout_periods: list[str] | None = None


class JobRequest(msgspec.Struct, gc=False):
    """A job as the client sent it."""

    messages: list[Message] | None = None
    options: JobOptions | None = None

    @property
    def recipients(self) -> Iterable[Recipient]:
        """All recipients, in the order of the request."""
        return (recipient for message in self.messages or () for recipient in message.recipients or ())


decode = msgspec.json.Decoder(JobRequest).decode
"""Body to `JobRequest`; raises `msgspec.DecodeError` on anything but a JSON object of the right types."""


class RefusalError(Exception):
    """The job is not taken."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.status}: {self.reason}"


def read(body: bytes, *, strict: bool) -> JobRequest:
    """Decode and validate a body.

    Raises:
        RefusalError: with the HTTP status that Retarus answers (manual, sms-jobs; inferred where it is silent).
    """
    try:
        job = decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RefusalError(400, f"not a job: {error}") from error
    options = job.options or JobOptions()
    _check_values(options)
    if strict:
        _check_strictly(msgspec.json.decode(body), options)
    _check_messages(job)
    _check_alphabet(job, options)
    return job


def interval(period: str) -> tuple[float, float]:
    """Start and end of an ISO 8601 interval in Unix seconds.

    Raises:
        ValueError: not `start/end`, a time without a zone, or an end before the start.
    """
    start, end = (instant(each) for each in period.split("/"))
    if end <= start:
        raise ValueError(period)
    return start, end


def instant(text: str) -> float:
    """An ISO 8601 time with a zone in Unix seconds.

    Raises:
        ValueError: anything else.
    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    return at.timestamp()


def _check_values(options: JobOptions) -> None:
    for name, allowed in _ENUMS.items():
        value = getattr(options, name)
        if value is not None and value.upper() not in allowed:
            raise RefusalError(400, f"{name} is none of {sorted(allowed)}")
    if options.src is not None and not _SRC.fullmatch(options.src):
        raise RefusalError(400, "src is no sender id")
    if options.billcode is not None and len(options.billcode) > MAX_BILLCODE:
        raise RefusalError(400, "billcode is too long")
    if options.job_period is not None:
        _check_syntax(instant, options.job_period)
    _check_periods(options.blackout_periods)


def _check_periods(periods: list[str] | None) -> None:
    for period in periods or ():
        _check_syntax(interval, period)


def _check_syntax(parse: Any, text: str) -> None:
    try:
        parse(text)
    except (ValueError, OverflowError) as error:
        raise RefusalError(400, f"not a time: {text}") from error


def _check_messages(job: JobRequest) -> None:
    if not job.messages:
        raise RefusalError(422, "no messages")
    count = 0
    for message in job.messages:
        if message.text is None or not message.recipients:
            raise RefusalError(422, "a message without text or recipients")
        count += len(message.recipients)
        for recipient in message.recipients:
            if not recipient.dst:
                raise RefusalError(422, "a recipient without dst")
            if recipient.blackout_periods:
                _check_periods(recipient.blackout_periods)
    if count > MAX_RECIPIENTS:
        raise RefusalError(422, "more than 3000 recipients")


def _check_alphabet(job: JobRequest, options: JobOptions) -> None:
    rule = (options.invalid_characters or "").upper()
    if rule not in {"REFUSE", "TRANSLITERATE"} or (options.encoding or "").upper() == "UTF-16":
        return
    for message in job.messages or ():
        text = message.text or ""
        if rule == "REFUSE" and not gsm.is_gsm(text):
            raise RefusalError(422, "forbidden characters")
        if rule == "TRANSLITERATE" and gsm.transliterated(text) is None:
            raise RefusalError(500, "a text that cannot be transliterated")


def _check_strictly(raw: Any, options: JobOptions) -> None:
    for found, shape in _objects(raw):
        if unknown := found.keys() - {field.encode_name for field in msgspec.structs.fields(shape)}:
            raise RefusalError(400, f"unknown properties {sorted(unknown)}")
    if options.validity_min not in {None, 0, *VALIDITY_MIN}:
        raise RefusalError(400, "validityMin is out of range")
    if options.max_parts not in {None, *MAX_PARTS}:
        raise RefusalError(400, "maxParts is out of range")


def _objects(raw: Any) -> Iterable[tuple[dict[str, Any], type[msgspec.Struct]]]:
    yield raw, JobRequest
    yield raw.get("options") or {}, JobOptions
    for message in raw.get("messages") or ():
        yield message, Message
        yield from ((recipient, Recipient) for recipient in message.get("recipients") or ())
