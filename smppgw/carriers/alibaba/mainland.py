"""Alibaba Cloud SMS for mainland China, Dysmsapi 2017-05-25: template messages, many of one template in a call.

Messages become signature, template and values in ``wording``, by the lists that ``catalogue`` keeps fresh. While no
list of templates could be loaded, messages wait instead of being refused; a batch that has no template when it is
prepared, because the lists have just changed, gets an attempt that names none, and ``send`` never makes a call of it.

Doubt: inside the fence the identical request is repeated, ``SignatureNonceUsed`` proves that an earlier copy came;
otherwise QuerySendDetails is asked by number and day for the row with our batch id as ``OutId``.
Sources: help.aliyun.com SendSms 55284, SendBatchSms 66041, error codes 101346.
"""

import asyncio
import re
import secrets
from collections.abc import Callable, Coroutine, Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

import httpx2 as httpx
import msgspec

from smppgw.carriers.alibaba import probing, pushes
from smppgw.carriers.alibaba.api import METHOD, Api, Reply
from smppgw.carriers.alibaba.batches import is_about_lists, of_batch
from smppgw.carriers.alibaba.beijing import BEIJING
from smppgw.carriers.alibaba.catalogue import REST_S, Catalogue
from smppgw.carriers.alibaba.codes import refusal
from smppgw.carriers.alibaba.config import AlibabaConfig
from smppgw.carriers.alibaba.details import Details
from smppgw.carriers.alibaba.frequency import Frequency, Subject
from smppgw.carriers.alibaba.letters import Letter, action_of, parts_of, read, write
from smppgw.carriers.alibaba.signature import date_of
from smppgw.carriers.alibaba.statistics import Statistics
from smppgw.carriers.alibaba.templates import Template
from smppgw.carriers.alibaba.wording import Reader, Wording
from smppgw.carriers.base import CarrierLimits
from smppgw.carriers.http import Lost, NotSent, Observer, Unobserved, read_json
from smppgw.carriers.probing import Probe
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Attempt, Batch, CarrierRef, Message, MessageId, Outcome, Sent
from smppgw.core.verdict import Accepted, Deferred, Doubtful, PushContents, Rejected, StatusReport, Verdict

VERSION: Final = "2017-05-25"
DEADLINE_S: Final = 72 * 3600.0
"""A network's receipt may come up to three days after the message."""
FENCE_S: Final = 840.0
"""A nonce is refused a second time for as long as its date is taken, 15 minutes; one is kept in hand."""
ASKING_S: Final = 60.0
"""Longest time for the statuses of a batch: one call for each message. Well under the lease of a poll."""
LOOK_UP_S: Final = 240.0
"""The same for a look-up, and the lease of a doubt."""

_NUMBER: Final = re.compile(r"861[0-9]{10}")
_BIZ_ID: Final = re.compile(r"[!-~]{1,64}")


class _Taken(msgspec.Struct, frozen=True, rename="pascal"):
    biz_id: str


_TAKEN: Final = msgspec.json.Decoder(_Taken)


class Alibaba:
    """One account for mainland China."""

    lookup_resolves = True
    billing_zone = BEIJING
    """Whose midnight divides the days of ``billed_parts``."""
    push_answer = pushes.ANSWER

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
            max_messages=config.max_batch,
            distinct_recipients=True,
            calls_per_s=config.calls_per_s,
            max_in_flight=config.max_in_flight,
            linger_s=config.linger,
            fence_s=FENCE_S if config.fence else None,
            push_wait_s=config.push_wait_s,
        )
        self.polls = config.polls(DEADLINE_S)
        self.on_doubt = config.on_doubt
        self.billed_on = config.billed_on
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
        self._statistics = Statistics(self._api, config.billed_on)
        self._frequency = Frequency(config)
        self._catalogue = Catalogue(name, self._api, file=config.templates, every_s=config.refresh, monotonic=monotonic)
        self._latest_reader = Reader(config, self._catalogue.lists)

    @property
    def problem(self) -> str | None:
        """Why there is no access key, or why the lists could not be loaded the last time; None when all is well."""
        return self._api.problem or self._catalogue.problem

    def check(self, message: Message) -> Rejected | None:
        """Say whether the number is a mainland one, and a template and an approved signature say the text."""
        if message.country != "CN":
            return Rejected(ErrorCode.NO_ROUTE, "the recipient is not in mainland China")
        if not _NUMBER.fullmatch(message.recipient):
            return Rejected(ErrorCode.INVALID_NUMBER, "no mobile number of mainland China", Outcome.UNDELIVERABLE)
        wording = self._wording(message)
        return wording if isinstance(wording, Rejected) else None

    def admit(self, message: Message, now: float) -> Rejected | Deferred | None:
        """Say whether a call now would be refused: no template any more, or too many messages to the number."""
        match self._wording(message):
            case None:
                return _not_loaded(now)
            case Rejected() as refused:
                return refused
            case wording:
                return self._frequency.admit(message.id, _subject(_letter(message, wording), wording.template), now)

    def group_key(self, message: Message) -> Hashable:
        """Let all messages of one template travel together; signatures and values stand beside each number."""
        wording = self._wording(message)
        return wording.template.code if isinstance(wording, Wording) else None

    def prepare(self, batch: Batch, now: float) -> Attempt:
        """Write the SendSms request for one message, SendBatchSms for several."""
        request = write(batch.id, self._letters(batch.messages))
        return Attempt(
            batch=batch.id,
            host=self._config.endpoint,
            method=METHOD,
            target=request.target,
            content_type=request.content_type,
            body=request.body,
            nonce=secrets.token_hex(16),
            date=date_of(now),
            prepared_at=now,
            messages=tuple(message.id for message in batch.messages),
        )

    async def send(self, attempt: Attempt) -> Mapping[MessageId, Verdict]:
        """Make the call; an attempt that names no template ends here without one."""
        action = action_of(attempt)
        if action is None:
            return dict.fromkeys(attempt.messages, self._without_template())
        letters = read(attempt)
        verdict = await self._api.send(
            attempt, action=action, accepted=_accepted, refused=lambda result: self._refused(result, letters)
        )
        for message in attempt.messages:
            self._frequency.decided(message)
        if not isinstance(verdict, Accepted):
            return dict.fromkeys(attempt.messages, verdict)
        self._count(letters, attempt.prepared_at)
        parts = map(self._parts, letters)
        return {message: replace(verdict, parts=each) for message, each in zip(attempt.messages, parts, strict=True)}

    async def resolve(self, attempt: Attempt, sent: Sequence[Sent]) -> Mapping[MessageId, Verdict]:
        """Look for the rows with our batch id, number by number."""
        found: dict[MessageId, Accepted | Doubtful] = {}

        async def look_up(one: Sent) -> None:
            found[one.message] = await self._details.look_up(one, attempt.prepared_at)

        await _within(LOOK_UP_S, [look_up(one) for one in sent])
        taken = {message for message, verdict in found.items() if isinstance(verdict, Accepted)}
        if taken and action_of(attempt):
            letters = zip(attempt.messages, read(attempt), strict=True)
            self._count([letter for message, letter in letters if message in taken], attempt.prepared_at)
        return {one.message: found.get(one.message, Doubtful("the look-up took too long")) for one in sent}

    async def statuses(self, sent: Sequence[Sent]) -> Sequence[StatusReport]:
        """Ask for each message: by number, day and, where it is known, BizId."""
        found: list[StatusReport] = []

        async def ask(one: Sent) -> None:
            if report := await self._details.status(one):
                found.append(report)

        await _within(ASKING_S, [ask(one) for one in sent])
        return found

    async def billed_parts(self, day: date) -> int | None:
        """Ask how many parts the platform bills for a day in Beijing; None when that cannot be learned now."""
        return await self._statistics.parts(day)

    def read_push(self, body: bytes, content_type: str) -> PushContents:
        """Read receipts and inbound texts."""
        return pushes.read_mainland(body)

    async def ready(self) -> None:
        """Fetch the access key and load the lists; when that fails, ``problem`` says why and messages wait."""
        await self._api.ready()
        await self._catalogue.start()

    async def refresh(self) -> None:
        """Load the lists again, from the file or the platform; on failure those there are stay."""
        await self._catalogue.refresh()

    async def probe(self) -> Sequence[Probe]:
        """Ask one harmless question."""
        return await probing.probe(self._api, self._config.endpoint, probing.ONE_TEMPLATE, refusal)

    async def aclose(self) -> None:
        """End the refreshing of lists and close the connections."""
        await self._catalogue.stop()
        await self._api.aclose()

    @property
    def _reader(self) -> Reader:
        if self._latest_reader.lists is not self._catalogue.lists:
            self._latest_reader = Reader(self._config, self._catalogue.lists)
        return self._latest_reader

    def _wording(self, message: Message) -> Wording | Rejected | None:
        return self._reader.read(message.text, message.vendor_tlvs)

    def _letters(self, messages: Sequence[Message]) -> list[Letter]:
        """Return a letter for each message; none at all when not every one has a wording of the same template."""
        letters: list[Letter] = []
        for message in messages:
            wording = self._wording(message)
            if not isinstance(wording, Wording):
                return []
            letters.append(_letter(message, wording))
        return letters if len({letter.template_code for letter in letters}) == 1 else []

    def _without_template(self) -> Deferred:
        if self._catalogue.lists.templates is None:
            return _not_loaded(self._clock())
        return Deferred("the templates have changed meanwhile")

    def _refused(self, result: Reply | NotSent | Lost, letters: Sequence[Letter]) -> Verdict:
        verdict = self._api.refused(result)
        code = result.code if isinstance(result, Reply) else None
        if is_about_lists(code):
            self._catalogue.doubt()
        if len(letters) == 1:
            return verdict
        return of_batch(verdict, code, signatures=len({letter.sign_name for letter in letters}))

    def _count(self, letters: Sequence[Letter], at: float) -> None:
        """Count what was accepted; of a template that is gone the kind is not known any more."""
        for letter in letters:
            if template := self._template(letter):
                self._frequency.count(_subject(letter, template), at)

    def _parts(self, letter: Letter) -> int | None:
        """Return how many parts a letter is billed as; None where its template is gone, or is another one now."""
        template = self._template(letter)
        if template is None or not set(template.names) <= dict(letter.params).keys():
            return None
        return parts_of(f"【{letter.sign_name}】{template.render(dict(letter.params))}")

    def _template(self, letter: Letter) -> Template | None:
        templates = self._catalogue.lists.templates
        return templates.approved.by_code.get(letter.template_code) if templates else None


def _letter(message: Message, wording: Wording) -> Letter:
    return Letter(
        number=message.recipient.removeprefix("86"),
        sign_name=wording.sign_name,
        template_code=wording.template.code,
        params=wording.params,
    )


def _subject(letter: Letter, template: Template) -> Subject:
    return Subject(
        scene=template.scene,
        sign_name=letter.sign_name,
        template_code=letter.template_code,
        number=letter.number,
    )


def _not_loaded(now: float) -> Deferred:
    return Deferred("templates not loaded", not_before=now + REST_S, whole_carrier=True)


async def _within(seconds: float, asking: Sequence[Coroutine[None, None, None]]) -> None:
    """Ask for many things at once, and stop where it takes too long."""
    try:
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
            for each in asking:
                group.create_task(each)
    except TimeoutError:
        pass  # what is known by now is told, the rest is asked for again


def _accepted(reply: Reply) -> Accepted | Doubtful:
    body = read_json(_TAKEN, reply.answer.body)
    if body is None or not _BIZ_ID.fullmatch(body.biz_id):
        return Doubtful("OK without a BizId")
    return Accepted(CarrierRef(body.biz_id))
