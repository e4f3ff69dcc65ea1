"""Alibaba Cloud SMS outside mainland China, Dysmsapi 2018-05-01: free text, one number per call.

A call without an answer cannot be found again: QueryMessage wants the MessageId that only the answer would have told
(our ``TaskId`` comes back in pushes alone). So a doubt waits for nothing, and ``resolve`` says so without a call.

Sources: alibabacloud.com SendMessageToGlobe, QueryMessage, error codes 180674.
"""

import asyncio
import math
import re
import secrets
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Final

import httpx2 as httpx
import msgspec

from smppgw.carriers.alibaba.api import METHOD, Api, Reply
from smppgw.carriers.alibaba.beijing import read_mail_date
from smppgw.carriers.alibaba.codes import DELIVERED, EXPIRED, code_word, ending, globe_refusal
from smppgw.carriers.alibaba.config import AlibabaGlobeConfig
from smppgw.carriers.alibaba.signature import canonical_query, date_of
from smppgw.carriers.base import CarrierLimits
from smppgw.carriers.http import Observer, Operation, Unobserved, read_json, redact
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Attempt, Batch, CarrierRef, Message, MessageId, Outcome, Sent, TrafficClass
from smppgw.core.verdict import Accepted, Doubtful, Evidence, Rejected, StatusReport, Verdict

VERSION: Final = "2018-05-01"
DEADLINE_S: Final = 72 * 3600.0
MAX_TEXT: Final = 2000
"""Characters (SendMessageToGlobe, ``Message``)."""

_NUMBER: Final = re.compile(r"[1-9][0-9]{6,14}")
_MAINLAND: Final = re.compile(r"861[0-9]{10}")
_SENDER: Final = re.compile(r"[0-9]{1,15}|(?=[0-9]*[A-Za-z])[A-Za-z0-9]{1,11}")
_MESSAGE_ID: Final = re.compile(r"[!-~]{1,64}")
_COUNT: Final = re.compile(r"[1-9][0-9]?")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_TYPES: Final = {TrafficClass.OTP: "OTP", TrafficClass.TRANSACTIONAL: "NOTIFY", TrafficClass.MARKETING: "MKT"}
_FAILED: Final = (2, "2")
_EXPIRED: Final = (6, "6")
"""``Status``. 1 and 3 changed places between editions of the documentation, so they decide nothing."""


class _Sent(msgspec.Struct, frozen=True, rename="pascal"):
    message_id: str
    segments: int | str | None = None
    """Text in the documentation's sample."""


class _Message(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """The answer of QueryMessage."""

    message_id: str | None = None
    to: str | None = None
    status: int | str | None = None
    error_code: str | None = None
    receive_date: str | None = None


_SENT: Final = msgspec.json.Decoder(_Sent)
_MESSAGE: Final = msgspec.json.Decoder(_Message)


class AlibabaGlobe:
    """One account for all countries but mainland China."""

    def __init__(
        self,
        name: str,
        config: AlibabaGlobeConfig,
        *,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        observer: Observer | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = name
        self.limits = CarrierLimits(
            calls_per_s=config.calls_per_s, max_in_flight=config.max_in_flight, linger_s=config.linger
        )
        self.polls = config.polls(DEADLINE_S)
        self.on_doubt = config.on_doubt
        self.lookup_resolves = False
        self._config = config
        self._free = asyncio.Semaphore(config.max_in_flight)
        self._api = Api(
            name,
            config,
            version=VERSION,
            meaning=globe_refusal,
            clock=clock,
            monotonic=monotonic,
            observer=observer or Unobserved(),
            transport=transport,
        )

    @property
    def problem(self) -> str | None:
        """Why there is no access key; None when there is one."""
        return self._api.problem

    def check(self, message: Message) -> Rejected | None:
        """Say whether number, sender and length are within what the service takes."""
        if message.country == "CN" or _MAINLAND.fullmatch(message.recipient):
            return Rejected(ErrorCode.NO_ROUTE, "mainland China takes templates only")
        if not _NUMBER.fullmatch(message.recipient):
            return Rejected(ErrorCode.INVALID_NUMBER, "not a number of 7 to 15 digits", Outcome.UNDELIVERABLE)
        sender = self._sender(message)
        if sender and not _SENDER.fullmatch(sender):
            return Rejected(ErrorCode.SENDER_REFUSED, "a sender is 11 letters and digits, or 15 digits, at most")
        if len(message.text) > MAX_TEXT:
            return Rejected(ErrorCode.PARAMETER_REFUSED, f"longer than {MAX_TEXT} characters")
        if _SURROGATE.search(message.text):
            return Rejected(ErrorCode.PARAMETER_REFUSED, "half a character in the text")
        return None

    def group_key(self, message: Message) -> Hashable:
        """Nothing shares a call; equal texts from one sender could."""
        return message.sender, message.text

    def prepare(self, batch: Batch, now: float) -> Attempt:
        """Write the SendMessageToGlobe request for the one message of a batch."""
        (message,) = batch.messages
        sender = self._sender(message)
        parameters = {
            "To": message.recipient,
            **({"From": sender} if sender else {}),
            "Message": message.text,
            "Type": _TYPES[message.traffic_class],
            "TaskId": batch.id,
            "ValidityPeriod": str(max(1, math.ceil(min(message.expires_at - now, DEADLINE_S)))),
        }
        return Attempt(
            batch=batch.id,
            host=self._config.endpoint,
            method=METHOD,
            target=f"/?{canonical_query(parameters)}",
            content_type=None,
            body=b"",
            nonce=secrets.token_hex(16),
            date=date_of(now),
            prepared_at=now,
            messages=(message.id,),
        )

    async def send(self, attempt: Attempt) -> Mapping[MessageId, Verdict]:
        """Make the call."""
        verdict = await self._api.send(attempt, action="SendMessageToGlobe", accepted=_accepted)
        return dict.fromkeys(attempt.messages, verdict)

    async def resolve(self, attempt: Attempt, sent: Sequence[Sent]) -> Mapping[MessageId, Verdict]:
        """Find nothing: the service cannot be asked. No look-up will ever say more."""
        nothing = Doubtful("the service cannot look a message up without its id", Evidence.ABSENT)
        return dict.fromkeys((each.message for each in sent), nothing)

    async def statuses(self, sent: Sequence[Sent]) -> Sequence[StatusReport]:
        """Ask for each message whose id is known."""
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(self._status(each, each.ref)) for each in sent if each.ref]
        return [report for task in asked if (report := task.result())]

    async def ready(self) -> None:
        """Fetch the access key; while there is none, ``problem`` says why and messages wait."""
        await self._api.ready()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._api.aclose()

    def _sender(self, message: Message) -> str:
        return message.sender or self._config.sender

    async def _status(self, sent: Sent, ref: CarrierRef) -> StatusReport | None:
        async with self._free:
            answer = await self._api.ask(Operation.STATUS, "QueryMessage", {"MessageId": ref}, _MESSAGE)
        # DATA_NOT_EXIST, the record is not there yet, is one of the answers that say nothing now.
        if not isinstance(answer, _Message) or not _is_of(answer, sent):
            return None
        return _report(answer, sent.message)


def _accepted(reply: Reply) -> Accepted | Doubtful:
    body = read_json(_SENT, reply.answer.body)
    if body is None or not _MESSAGE_ID.fullmatch(body.message_id):
        return Doubtful("OK without a MessageId")
    return Accepted(CarrierRef(body.message_id), parts=_parts(body.segments))


def _parts(segments: int | str | None) -> int | None:
    """Read the number of billed segments; what is no small count is not known."""
    count = str(segments)
    return int(count) if _COUNT.fullmatch(count) else None


def _is_of(answer: _Message, sent: Sent) -> bool:
    return answer.message_id in (None, sent.ref) and _is_number(answer.to, sent.recipient)


def _is_number(shown: str | None, recipient: str) -> bool:
    """Compare the number of an answer, perhaps with digits starred out, to ours; samples lack it at times."""
    if shown is None:
        return True
    plain = shown.removeprefix("+")
    return len(plain) == len(recipient) and all(a in ("*", b) for a, b in zip(plain, recipient, strict=True))


def _report(answer: _Message, message: MessageId) -> StatusReport:
    """Read an answer: the receipt code first, because ``Status`` means two things (alibaba.md 5)."""
    code = answer.error_code or ""
    detail, at = redact(code_word(code) or ""), read_mail_date(answer.receive_date or "")
    if code in DELIVERED and answer.receive_date:
        return StatusReport(message=message, outcome=Outcome.DELIVERED, final=True, detail=detail, at=at)
    if answer.status not in _FAILED + _EXPIRED:
        return StatusReport(message=message, outcome=Outcome.ENROUTE, final=False, detail=detail)
    end = EXPIRED if answer.status in _EXPIRED else ending(code)
    return StatusReport(
        message=message,
        outcome=end.outcome,
        final=True,
        error=end.error,
        detail=detail,
        at=at,
        nothing_left=end.nothing_left,
    )
