"""Alibaba Cloud SMS for mainland China, Dysmsapi 2017-05-25: template messages, one number per call.

Free texts find their template in ``templates``. While no list of templates could be loaded, messages wait instead of
being refused: such a message gets an attempt that names no template, and ``send`` never puts one of those on the wire.

Doubt is looked up: QuerySendDetails by number and day, the row with our batch id as ``OutId``. Nothing is repeated.
Sources: help.aliyun.com SendSms 55284, error codes 101346.
"""

import asyncio
import re
import secrets
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Final

import httpx2 as httpx
import msgspec

from smppgw.carriers.alibaba.api import METHOD, Api, Reply
from smppgw.carriers.alibaba.catalogue import LOAD_S, Catalogue
from smppgw.carriers.alibaba.codes import refusal
from smppgw.carriers.alibaba.config import AlibabaConfig
from smppgw.carriers.alibaba.details import Details
from smppgw.carriers.alibaba.signature import canonical_query, date_of
from smppgw.carriers.alibaba.templates import Match, NoMatch, split_signature
from smppgw.carriers.base import CarrierLimits
from smppgw.carriers.http import Observer, Unobserved, read_json
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Attempt, Batch, CarrierRef, Message, MessageId, Outcome, Sent
from smppgw.core.verdict import Accepted, Deferred, Doubtful, Rejected, StatusReport, Verdict

VERSION: Final = "2017-05-25"
DEADLINE_S: Final = 72 * 3600.0
"""A network's receipt may come up to three days after the message."""
MAX_CONTENT: Final = 500
"""Characters of signature, its brackets and text."""

_NUMBER: Final = re.compile(r"861[0-9]{10}")
_BIZ_ID: Final = re.compile(r"[!-~]{1,64}")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


class _SendSms(msgspec.Struct, frozen=True, rename="pascal"):
    biz_id: str


_SEND_SMS: Final = msgspec.json.Decoder(_SendSms)


class Alibaba:
    """One account for mainland China."""

    def __init__(
        self,
        name: str,
        config: AlibabaConfig,
        *,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        observer: Observer | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = name
        self.limits = CarrierLimits(
            distinct_recipients=True,
            calls_per_s=config.calls_per_s,
            max_in_flight=config.max_in_flight,
            linger_s=config.linger,
        )
        self.polls = config.polls(DEADLINE_S)
        self.on_doubt = config.on_doubt
        self.lookup_resolves = True
        self._config = config
        self._clock = clock
        self._api = Api(
            name,
            config,
            version=VERSION,
            meaning=refusal,
            clock=clock,
            monotonic=monotonic,
            observer=observer or Unobserved(),
            transport=transport,
        )
        self._details = Details(self._api, clock, max_in_flight=config.max_in_flight)
        self._catalogue = Catalogue(self._api, config.templates, clock=clock, monotonic=monotonic)

    @property
    def problem(self) -> str | None:
        """Why there is no access key, or why the templates could not be loaded the last time; None when all is well."""
        return self._api.problem or self._catalogue.problem

    def check(self, message: Message) -> Rejected | None:
        """Say whether the number is a mainland one and the text says what a template says."""
        if message.country != "CN":
            return Rejected(ErrorCode.NO_ROUTE, "the recipient is not in mainland China")
        if not _NUMBER.fullmatch(message.recipient):
            return Rejected(ErrorCode.INVALID_NUMBER, "no mobile number of mainland China", Outcome.UNDELIVERABLE)
        sign_name, text = self._split(message.text)
        return self._check_signature(sign_name) or _check_length(sign_name, text) or self._check_template(text)

    def group_key(self, message: Message) -> Hashable:
        """Nothing shares a call yet; equal texts could."""
        return message.text

    def prepare(self, batch: Batch, now: float) -> Attempt:
        """Write the SendSms request for the one message of a batch."""
        (message,) = batch.messages
        sign_name, text = self._split(message.text)
        parameters = {
            "PhoneNumbers": message.recipient.removeprefix("86"),
            "SignName": sign_name,
            "OutId": batch.id,
            **self._template_parameters(text),
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
        """Make the call; an attempt that names no template ends here without one."""
        if "TemplateCode=" in attempt.target:
            verdict = await self._api.send(attempt, action="SendSms", accepted=_accepted)
        else:
            verdict = await self._without_template(attempt)
        return dict.fromkeys(attempt.messages, verdict)

    async def resolve(self, attempt: Attempt, sent: Sequence[Sent]) -> Mapping[MessageId, Verdict]:
        """Look for the row with our batch id."""
        async with asyncio.TaskGroup() as tasks:
            asked = {each.message: tasks.create_task(self._details.look_up(each, attempt.prepared_at)) for each in sent}
        return {message: task.result() for message, task in asked.items()}

    async def statuses(self, sent: Sequence[Sent]) -> Sequence[StatusReport]:
        """Ask for each message: by number, day and, where it is known, BizId."""
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(self._details.status(each)) for each in sent]
        return [report for task in asked if (report := task.result())]

    async def ready(self) -> None:
        """Fetch the access key, load the templates; when that fails, ``problem`` says why and messages wait."""
        await self._api.ready()
        await self.refresh()

    async def refresh(self) -> None:
        """Load the templates again, from the file or the platform; on failure those there are stay."""
        await self._catalogue.refresh()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._api.aclose()

    def _split(self, text: str) -> tuple[str, str]:
        sign_name, rest = split_signature(text)
        return sign_name or self._config.sign_name or "", rest

    def _check_signature(self, sign_name: str) -> Rejected | None:
        if not sign_name:
            return Rejected(ErrorCode.SENDER_REFUSED, "no signature in the text, and no default sign_name")
        known = self._config.signatures
        if known and sign_name not in {*known, self._config.sign_name}:
            return Rejected(ErrorCode.SENDER_REFUSED, "the signature in the text is not one of the configured ones")
        return None

    def _check_template(self, text: str) -> Rejected | None:
        match self._match(text):
            case NoMatch(nearest=nearest, reason=reason):
                near = f"; nearest {nearest}" if nearest else ""
                return Rejected(ErrorCode.TEMPLATE_MISMATCH, f"fits no template{near}: {reason}")
        return None

    def _template_parameters(self, text: str) -> dict[str, str]:
        """Name template and values; nothing where no template is known for the text."""
        match self._match(text):
            case Match(template_code=code, params=()):
                return {"TemplateCode": code}
            case Match(template_code=code, params=params):
                return {"TemplateCode": code, "TemplateParam": msgspec.json.encode(dict(params)).decode()}
        return {}

    def _match(self, text: str) -> Match | NoMatch | None:
        templates = self._catalogue.templates
        return None if templates is None else templates.match(text)

    async def _without_template(self, attempt: Attempt) -> Deferred | Rejected:
        await self._catalogue.refresh_if_missing()
        now = self._clock()
        if self._catalogue.templates is None:
            return Deferred("templates not loaded", not_before=now + LOAD_S, whole_carrier=True)
        if attempt.prepared_at <= self._catalogue.loaded_at:
            return Deferred("prepared before the templates were loaded", not_before=now)
        return Rejected(ErrorCode.TEMPLATE_MISMATCH, "fits no template any more")


def _check_length(sign_name: str, text: str) -> Rejected | None:
    if len(sign_name) + 2 + len(text) > MAX_CONTENT:
        return Rejected(ErrorCode.PARAMETER_REFUSED, f"longer than {MAX_CONTENT} characters with its signature")
    if _SURROGATE.search(sign_name + text):
        return Rejected(ErrorCode.PARAMETER_REFUSED, "half a character in the text")
    return None


def _accepted(reply: Reply) -> Accepted | Doubtful:
    body = read_json(_SEND_SMS, reply.answer.body)
    if body is None or not _BIZ_ID.fullmatch(body.biz_id):
        return Doubtful("OK without a BizId")
    return Accepted(CarrierRef(body.biz_id))
