"""Alibaba Cloud SMS from abroad, Dysmsapi 2018-05-01: free text to all countries, templates to mainland China.

Doubt: inside the fence the identical request is repeated, ``SignatureNonceUsed`` proves that an earlier copy came. A
call without an answer cannot be looked up: QueryMessage wants the MessageId that only the answer would have told, and
our ``TaskId`` comes back in pushes alone. So a doubt waits for a push, where any come, and ``resolve`` makes no call.

Several messages share a call only where the section says so (``max_batch``): such a call may go once a second, which is
slower than single calls unless very many wait; its answer does not say which id is whose, nor what each costs; and a
call without an answer puts all of its messages in doubt. Whose status an id tells is then verified by its number.

Sources: alibabacloud.com SendMessageToGlobe, BatchSendMessageToGlobe, QueryMessage, error codes 180674.
"""

import asyncio
import math
import re
import secrets
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Final

import httpx2 as httpx
import structlog

from smppgw.carriers.alibaba import globe_answers, probing, pushes
from smppgw.carriers.alibaba.api import METHOD, Api, Reply
from smppgw.carriers.alibaba.codes import globe_refusal
from smppgw.carriers.alibaba.config import AlibabaGlobeConfig
from smppgw.carriers.alibaba.globe_calls import (
    Action,
    Envelope,
    Letter,
    action_of,
    numbers_of,
    write,
    write_nothing,
    write_template,
)
from smppgw.carriers.alibaba.globe_statuses import STATUS, Status, owner, reports
from smppgw.carriers.alibaba.signature import date_of, percent
from smppgw.carriers.alibaba.template_rows import read_template_file
from smppgw.carriers.alibaba.wording import Lists, Reader, Wording
from smppgw.carriers.base import CarrierLimits
from smppgw.carriers.http import Observer, Operation, Unobserved
from smppgw.carriers.probing import Probe
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Attempt, Batch, CarrierRef, Message, MessageId, Outcome, Sent, TrafficClass
from smppgw.core.verdict import Accepted, Doubtful, Evidence, PushContents, Rejected, StatusReport, Verdict

_log = structlog.get_logger()

VERSION: Final = "2018-05-01"
FENCE_S: Final = 900.0 - 60.0
"""A date is good for 15 minutes and a nonce is remembered for longer; a minute is kept in hand."""
DEADLINE_S: Final = 72 * 3600.0
ASKING_S: Final = 60.0
"""For the statuses of one call: well within the lease of a poll."""
MAX_TEXT: Final = 2000
"""Characters (SendMessageToGlobe, ``Message``)."""
SEVERAL_PER_S: Final = 0.9
"""The platform takes one such call a second; two that leave a second apart may come a little closer."""
MAX_SHARED_OCTETS: Final = 240
"""Of a text in the query of a call for several: a hundred of them make a query of 27 kB, which is as long as the
thousand numbers that the page allows."""

_NUMBER: Final = re.compile(r"[1-9][0-9]{6,14}")
_MAINLAND: Final = re.compile(r"861[0-9]{10}")
_SENDER: Final = re.compile(r"[0-9]{1,15}|(?=[0-9]*[A-Za-z])[A-Za-z0-9]{1,11}")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_TYPES: Final = {TrafficClass.OTP: "OTP", TrafficClass.TRANSACTIONAL: "NOTIFY", TrafficClass.MARKETING: "MKT"}
_STEPS_S: Final = ((6 * 3600.0, 60), (48 * 3600.0, 600), (math.inf, 3600))
"""Validities up to the first may differ by up to the second within a call: each ends with the earliest."""


class AlibabaGlobe:
    """One account at the international site."""

    lookup_resolves = False

    push_answer = pushes.ANSWER

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
        self._shares = config.max_batch > 1
        self.limits = CarrierLimits(
            max_messages=config.max_batch,
            distinct_recipients=True,
            # Fewer than single calls carry meanwhile are not worth it.
            batch_from=math.floor(config.calls_per_s) + 1,
            batches_per_s=SEVERAL_PER_S if self._shares else None,
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
        self._reader = None
        if config.mainland and config.templates is not None:
            # The site has templates of its own ("Go China"), and no operation that lists them.
            self._reader = Reader(config, Lists(templates=read_template_file(config.templates)))
        self._free = asyncio.Semaphore(config.max_in_flight)
        self._is_order_known_wrong = False
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
        """Say whether number, sender and text are within what the service takes."""
        if _SURROGATE.search(message.text):
            return Rejected(ErrorCode.PARAMETER_REFUSED, "half a character in the text")
        if _is_in_china(message):
            return self._check_china(message)
        if not _NUMBER.fullmatch(message.recipient):
            return Rejected(ErrorCode.INVALID_NUMBER, "not a number of 7 to 15 digits", Outcome.UNDELIVERABLE)
        sender = self._sender(message)
        if sender and not _SENDER.fullmatch(sender):
            return Rejected(ErrorCode.SENDER_REFUSED, "a sender is 11 letters and digits, or 15 digits, at most")
        if len(message.text) > MAX_TEXT:
            return Rejected(ErrorCode.PARAMETER_REFUSED, f"longer than {MAX_TEXT} characters")
        return None

    def group_key(self, message: Message) -> Hashable:
        """Let short notifications and promotions of one sender with about the same validity share a call."""
        is_alone = not self._shares or message.traffic_class is TrafficClass.OTP or _is_in_china(message)
        if is_alone or len(percent(message.text)) > MAX_SHARED_OCTETS:
            return message.id
        return self._sender(message), message.traffic_class, _end_of_validity(message)

    def prepare(self, batch: Batch, now: float) -> Attempt:
        """Write the request: for one number, for several, or for one in mainland China."""
        return Attempt(
            batch=batch.id,
            host=self._config.endpoint,
            method=METHOD,
            target=f"/?{self._query(batch, now)}",
            content_type=None,
            body=b"",
            nonce=secrets.token_hex(16),
            date=date_of(now),
            prepared_at=now,
            messages=tuple(message.id for message in batch.messages),
        )

    async def send(self, attempt: Attempt) -> Mapping[MessageId, Verdict]:
        """Make the call; an attempt that names no number ends here without one."""
        match action_of(attempt):
            case None:
                verdict: Verdict = Rejected(ErrorCode.TEMPLATE_MISMATCH, "fits no template any more")
            case Action.SEVERAL:
                return await self._send_several(attempt)
            case action:
                verdict = await self._api.send(attempt, action=action, accepted=globe_answers.accepted)
        return dict.fromkeys(attempt.messages, verdict)

    async def resolve(self, attempt: Attempt, sent: Sequence[Sent]) -> Mapping[MessageId, Verdict]:
        """Find nothing: the service cannot be asked. No look-up will ever say more."""
        nothing = Doubtful("the service cannot look a message up without its id", Evidence.ABSENT)
        return dict.fromkeys((each.message for each in sent), nothing)

    async def statuses(self, sent: Sequence[Sent]) -> Sequence[StatusReport]:
        """Ask for each message whose id is known."""
        found: list[tuple[Sent, Status]] = []

        async def ask(one: Sent, ref: CarrierRef) -> None:
            status = await self._status(ref)
            if status and (whose := owner(status, one, sent, shared=self._shares)):
                found.append((whose, status))
                self._notice_order(one, whose)

        try:
            async with asyncio.timeout(ASKING_S), asyncio.TaskGroup() as tasks:
                for each in sent:
                    if each.ref:
                        tasks.create_task(ask(each, each.ref))
        except TimeoutError:
            pass  # what is known by now is told, the rest is asked for again
        return reports(found)

    def read_push(self, body: bytes, content_type: str) -> PushContents:
        """Read receipts."""
        return pushes.read_globe(body)

    async def ready(self) -> None:
        """Fetch the access key; while there is none, ``problem`` says why and messages wait."""
        await self._api.ready()

    async def probe(self) -> Sequence[Probe]:
        """Ask one harmless question."""
        return await probing.probe(self._api, self._config.endpoint, probing.NO_MESSAGE, globe_refusal)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._api.aclose()

    def _check_china(self, message: Message) -> Rejected | None:
        if self._reader is None:
            return Rejected(ErrorCode.NO_ROUTE, "mainland China takes templates only")
        if not _MAINLAND.fullmatch(message.recipient):
            return Rejected(ErrorCode.INVALID_NUMBER, "no mobile number of mainland China", Outcome.UNDELIVERABLE)
        wording = self._reader.read(message.text, message.vendor_tlvs)
        return wording if isinstance(wording, Rejected) else None

    def _query(self, batch: Batch, now: float) -> str:
        first = batch.messages[0]
        ends_at = min(message.expires_at for message in batch.messages)
        validity_s = max(1, math.ceil(min(ends_at - now, DEADLINE_S)))
        if _is_in_china(first):
            wording = self._reader and self._reader.read(first.text, first.vendor_tlvs)
            if isinstance(wording, Wording):
                return write_template(first.recipient, wording, validity_s)
            return write_nothing(batch.id)
        letters = [Letter(number=message.recipient, text=message.text) for message in batch.messages]
        envelope = Envelope(sender=self._sender(first), kind=_TYPES[first.traffic_class], validity_s=validity_s)
        return write(letters, envelope, batch.id)

    def _sender(self, message: Message) -> str:
        return message.sender or self._config.sender

    async def _send_several(self, attempt: Attempt) -> Mapping[MessageId, Verdict]:
        numbers = numbers_of(attempt)
        each: list[Verdict] = []

        def read(reply: Reply) -> Verdict:
            each.extend(globe_answers.several(reply, numbers))
            return next((verdict for verdict in each if isinstance(verdict, Accepted)), each[0])

        verdict = await self._api.send(attempt, action=Action.SEVERAL, accepted=read)
        each = each or [globe_answers.of_several(verdict)] * len(numbers)
        return dict(zip(attempt.messages, each, strict=True))

    async def _status(self, ref: CarrierRef) -> Status | None:
        async with self._free:
            answer = await self._api.ask(Operation.STATUS, "QueryMessage", {"MessageId": ref}, STATUS)
        # DATA_NOT_EXIST, the record is not there yet, is one of the answers that say nothing now.
        return answer if isinstance(answer, Status) else None

    def _notice_order(self, asked: Sent, whose: Sent) -> None:
        if asked is not whose and not self._is_order_known_wrong:
            self._is_order_known_wrong = True
            _log.warning("ids of a call for several are not in the order of its numbers", carrier=self.name)


def _is_in_china(message: Message) -> bool:
    return message.country == "CN" or bool(_MAINLAND.fullmatch(message.recipient))


def _end_of_validity(message: Message) -> int:
    """Return the end of validity, coarser for longer ones."""
    validity_s = message.expires_at - message.accepted_at
    step_s = next(step_s for longest_s, step_s in _STEPS_S if validity_s <= longest_s)
    return int(message.expires_at // step_s) * step_s
