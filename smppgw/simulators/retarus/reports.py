"""What the look-ups answer: shapes only, camel case on the wire."""

from datetime import UTC, datetime

import msgspec


class RecipientReport(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    """One row of `GET /sms`."""

    sms_id: str
    dst: str
    process_status: str
    status: str
    customer_ref: str
    reason: str | None = None
    sent_ts: str | None = None
    finished_ts: str | None = None


class JobReport(msgspec.Struct, rename="camel", gc=False):
    """The answer of `GET /jobs/{jobId}`."""

    job_id: str
    src: str
    encoding: str
    billcode: str
    status_requested: bool
    flash: bool
    validity_min: int
    customer_ref: str | None
    qos: str
    receipt_ts: str
    recipient_ids: list[str]
    finished_ts: str | msgspec.UnsetType = msgspec.UNSET


class Row(msgspec.Struct, gc=False):
    """One row of `GET /_sim/messages`."""

    ref: str
    sms_id: str
    to: str
    sender: str | None = msgspec.field(name="from")
    text: str
    """As the handset shows it: replaced and cut as the options say."""
    parts: int
    billed_parts: int
    """What the bill has of it in the end."""
    our_ref: str | None
    batch_ref: str | None
    accepted_at: float
    datacenter: str


def timestamp(at: float) -> str:
    """Unix seconds as Retarus writes times."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
