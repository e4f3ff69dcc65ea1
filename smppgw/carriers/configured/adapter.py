"""A carrier whose requests and answers are described in the configuration: ``type = "http"``.

It knows no provider. What is sent is written by ``request``, what comes back is read by ``answers``, ``asking`` and
``reports``; here is only the order of things, and the calls.
"""

import math
import re
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import Final

import httpx2 as httpx

from smppgw.carriers.base import CarrierLimits, PushAnswer
from smppgw.carriers.configured import answers, fields
from smppgw.carriers.configured.answers import Called
from smppgw.carriers.configured.calls import Calls
from smppgw.carriers.configured.config import HttpCarrierConfig
from smppgw.carriers.configured.fields import Saying
from smppgw.carriers.configured.headers import filled, mark
from smppgw.carriers.configured.inquiry import AT_ONCE, MAX_OCTETS, Inquiry
from smppgw.carriers.configured.naming import Names
from smppgw.carriers.configured.probing import probe
from smppgw.carriers.configured.push import PushReader
from smppgw.carriers.configured.request import Written
from smppgw.carriers.configured.shapes import send_shape
from smppgw.carriers.http import CallOutcome, Observer, Operation, Unobserved, client, outcome_of
from smppgw.carriers.probing import Probe
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Attempt, Batch, BatchId, Message, MessageId, Outcome, Sent
from smppgw.core.retry import PollSchedule
from smppgw.core.verdict import Doubtful, PushContents, Rejected, StatusReport, Verdict

DEADLINE_S: Final = 49 * 3600.0
"""The longest validity that is usual, 48 h, and an hour."""
FENCE_MARGIN_S: Final = 60.0

_RECIPIENT: Final = re.compile(r"[0-9]{1,15}")


class HttpCarrier:
    """One account at a provider that speaks HTTP."""

    problem: str | None = None

    def __init__(
        self,
        name: str,
        config: HttpCarrierConfig,
        *,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        observer: Observer | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Make the carrier; it opens no connection before the first call.

        Args:
            name: Of the section in the configuration.
            config: With its secrets loaded.
            clock: Unix seconds.
            monotonic: Seconds, for durations.
            observer: Counts calls.
            transport: Stands in for the network in tests.
        """
        self.name = name
        self.limits = CarrierLimits(
            max_messages=config.max_messages,
            # Rows of answers are told apart by the number, in one way or another.
            distinct_recipients=config.max_messages > 1,
            calls_per_s=config.calls_per_s,
            max_in_flight=config.max_in_flight,
            linger_s=config.linger,
            fence_s=config.fence_for - FENCE_MARGIN_S if config.fence_for and config.fence else None,
            push_wait_s=config.push.wait if config.push and config.push.state and config.push.batch else None,
        )
        self.polls: PollSchedule = config.polls(DEADLINE_S)
        self.on_doubt = config.on_doubt
        self.billed_on = config.billed_on
        self.lookup_resolves = config.lookup is not None
        self._config = config
        self._clock = clock
        self._shape = send_shape(config)
        self._group = sorted((self._shape.whole & fields.OF_ONE) - fields.TIMED)
        self._groups_by_end = bool(self._shape.whole & fields.TIMED)
        self.push_answer = PushAnswer("text/plain", (config.push.reply if config.push else "").encode("ascii"))
        self._pushes = None if config.push is None else PushReader(config.push, config.status)
        self._http = client(
            connect_s=config.connect_timeout,
            max_connections=config.max_in_flight + AT_ONCE,
            ca_file=config.ca_file,
            transport=transport,
        )
        self._calls = Calls(name, config, self._http, monotonic, observer or Unobserved())
        self._inquiry = Inquiry(config, self._calls, clock)
        rows = config.answer.rows
        self._names = Names(None if rows is None else rows.equals, self._shape)

    def check(self, message: Message) -> Rejected | None:
        """Refuse what no request could carry."""
        if message.parts > self._config.max_parts:
            return Rejected(ErrorCode.PARAMETER_REFUSED, f"{message.parts} parts, it takes {self._config.max_parts}")
        if not _RECIPIENT.fullmatch(message.recipient):
            return Rejected(ErrorCode.INVALID_NUMBER, "the recipient is no E.164 number")
        try:
            for text in (message.text, message.sender, message.service_type):
                text.encode("utf-8")
                text.encode(self._config.charset)
        except UnicodeEncodeError:
            return Rejected(ErrorCode.PARAMETER_REFUSED, f"a text that cannot be written in {self._config.charset}")
        return None

    def group_key(self, message: Message) -> Hashable:
        """What the request says once for all its messages must be equal."""
        if self._config.max_messages == 1 or not (self._group or self._groups_by_end):
            return None
        values = fields.say(self._saying(message, BatchId(""), (message,), now=0.0))
        end = self._end(message) if self._groups_by_end else None
        return (end, *(values(name) for name in self._group))

    def prepare(self, batch: Batch, now: float) -> Attempt:
        """Write the request, without what proves who we are."""
        sayings = [self._saying(one, batch.id, batch.messages, now) for one in batch.messages]
        written = self._shape.write(fields.say(sayings[0]), [fields.say(saying) for saying in sayings])
        return Attempt(
            batch=batch.id,
            host=written.host,
            method=self._config.method,
            target=written.target,
            content_type=written.content_type,
            body=written.body,
            nonce=mark(filled(self._config.headers, batch.id)),
            date=None,
            prepared_at=now,
            messages=tuple(message.id for message in batch.messages),
        )

    async def send(self, attempt: Attempt) -> Mapping[MessageId, Verdict]:
        """Make the call."""
        if attempt.host != self._shape.url.host:
            # Prepared under another configuration: our key must not go to a host that is no longer named.
            return dict.fromkeys(attempt.messages, Doubtful("the carrier has another address now"))
        headers = filled(self._config.headers, attempt.batch)
        if attempt.nonce != mark(headers):
            # The carrier may know a repeat by a header: without it, or with a new one, it would be another message.
            return dict.fromkeys(attempt.messages, Doubtful("the requests have other headers now"))
        made = await self._calls.make(
            Operation.SEND,
            attempt.method,
            Written(host=attempt.host, target=attempt.target, content_type=attempt.content_type, body=attempt.body),
            headers,
            deadline_s=self._config.send_timeout,
            max_octets=MAX_OCTETS,
        )
        called = Called(
            messages=attempt.messages,
            names=lambda: self._names.of(attempt),
            is_fenced=self.limits.fence_s is not None,
        )
        verdicts = answers.read(made.result, self._config.answer, called, self._clock())
        made.ended(_outcome(verdicts.values()))
        return verdicts

    async def resolve(self, attempt: Attempt, sent: Sequence[Sent]) -> Mapping[MessageId, Verdict]:
        """Ask for the messages by our reference."""
        if self._config.lookup is None:
            return {one.message: Doubtful("nothing can be looked up here") for one in sent}
        return await self._inquiry.look_up(self._config.lookup, sent)

    async def statuses(self, sent: Sequence[Sent]) -> Sequence[StatusReport]:
        """Ask for the outcome, or say that there will never be one."""
        if self._config.status is not None:
            return await self._inquiry.outcomes(self._config.status, sent)
        if self._config.ends_accepted:
            return [StatusReport(message=one.message, outcome=Outcome.ACCEPTED, final=True) for one in sent]
        return ()

    def read_push(self, body: bytes, content_type: str) -> PushContents:
        """Read the body of one push."""
        return PushContents(unreadable=1) if self._pushes is None else self._pushes.read(body, content_type)

    async def ready(self) -> None:
        """Nothing has to be known before the first message."""

    async def probe(self) -> Sequence[Probe]:
        """Ask what the section says; nothing where it says nothing."""
        return await probe(self._config, self._calls)

    async def aclose(self) -> None:
        """Close connections."""
        await self._http.aclose()

    def _saying(self, message: Message, batch: BatchId, messages: tuple[Message, ...], now: float) -> Saying:
        return Saying(
            batch=batch,
            message=message,
            messages=messages,
            sender=self._config.sender,
            expires_at=self._end(message),
            now=now,
            longest_s=self._config.longest_validity,
        )

    def _end(self, message: Message) -> float:
        return message.expires_at if self._config.max_messages == 1 else shared_end(message)


def shared_end(message: Message) -> float:
    """Round the end of validity up to a step that grows with it: 1 minute up to two hours, 15 from a day on.

    Messages of one campaign, accepted over some minutes, then travel together, and none is held back by more than about
    a sixty-fourth of its validity.
    """
    validity_min = (message.expires_at - message.accepted_at) / 60
    step_s = 60 * min(max(int(validity_min // 64), 1), 15)
    return math.ceil(message.expires_at / step_s) * step_s


def _outcome(verdicts: Collection[Verdict]) -> CallOutcome:
    """Name the outcome of a call: ok when at least one message was taken."""
    outcomes = [outcome_of(verdict) for verdict in verdicts]
    return CallOutcome.OK if CallOutcome.OK in outcomes else outcomes[0]
