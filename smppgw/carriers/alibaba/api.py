"""One call to Dysmsapi, and its answer in one shape whichever of the three families it belongs to (alibaba.md 1.2).

The body is the authority where it can be read; what it says becomes a verdict through the tables of ``codes``. Reasons
hold the carrier's code and nothing else: its messages quote the request, number and values included.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import httpx2 as httpx
import msgspec

from smppgw.carriers.alibaba.beijing import next_hour, next_minute
from smppgw.carriers.alibaba.chain import Chain
from smppgw.carriers.alibaba.codes import Kind, Refusal, code_word, number_window
from smppgw.carriers.alibaba.config import AlibabaAccount
from smppgw.carriers.alibaba.credentials import CredentialSource, FixedKey, RenewedKey
from smppgw.carriers.alibaba.key_file import read_key_file
from smppgw.carriers.alibaba.signature import Call, Credentials, canonical_query, date_of, signed_headers
from smppgw.carriers.http import (
    MAX_RETRY_AFTER_S,
    Answer,
    CallOutcome,
    Lost,
    NotSent,
    Observer,
    Operation,
    call,
    client,
    not_sent,
    outcome_of,
    read_json,
    read_refusal,
    redact,
    request,
    retry_after,
)
from smppgw.core.model import Attempt
from smppgw.core.verdict import Deferred, Doubtful, Evidence, PauseCause, Rejected, Verdict

METHOD: Final = "POST"
OK: Final = "OK"
ACCOUNT_PAUSE_S: Final = 60.0
"""Keys, money and permissions seldom mend themselves within a minute."""
KEY_PAUSE_S: Final = 5.0
"""Another access key is being fetched, or looked for."""
QUOTA_PAUSE_S: Final = 600.0
"""A limit ends at midnight or at the month's end, or when somebody raises it; that is looked for every ten minutes."""
MAX_ANSWER_OCTETS: Final = 1024 * 1024
"""Of a list: 50 rows with texts of 500 characters, each written as six octets, and room for as much again."""

_KEY_REFUSED: Final = ("InvalidAccessKeyId", "InvalidSecurityToken")
"""How codes begin that say that the key is not, or no longer, known."""

_Body = TypeVar("_Body")


class _Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What every answer may hold; some gateways write the names small (alibaba.md 1.2)."""

    upper: str | None = msgspec.field(default=None, name="Code")
    lower: str | None = msgspec.field(default=None, name="code")
    response: str | None = msgspec.field(default=None, name="ResponseCode")
    upper_message: str | None = msgspec.field(default=None, name="Message")
    lower_message: str | None = msgspec.field(default=None, name="message")


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A complete answer, read as far as all answers are alike."""

    answer: Answer
    code: str | None
    """What the platform calls the result; None where the body is not readable."""
    message: str = ""
    """The platform's sentence about it; may quote the request, so it goes nowhere."""
    is_another_key_near: bool = False
    """Whether the key was refused, and another one is there or being fetched."""

    @property
    def is_ok(self) -> bool:
        """Whether the call did what it was asked."""
        return self.answer.status == httpx.codes.OK and self.code == OK


@dataclass(frozen=True, slots=True)
class _NoKey(NotSent):
    """There is nothing to sign with at the moment."""


class Api:
    """One account at one endpoint."""

    def __init__(
        self,
        carrier: str,
        config: AlibabaAccount,
        *,
        version: str,
        meaning: Callable[[str], Refusal | None],
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        observer: Observer,
        transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        self._credentials = _source(carrier, config, clock)
        self._carrier = carrier
        self._config = config
        self._version = version
        self._meaning = meaning
        self._clock = clock
        self._monotonic = monotonic
        self._observer = observer
        self._http = client(
            connect_s=config.connect_timeout,
            # As many queries as sends, and a list now and then: polls must not take the places of sends.
            max_connections=2 * config.max_in_flight + 2,
            ca_file=config.ca_file,
            transport=transport,
        )

    @property
    def problem(self) -> str | None:
        """Why there is no access key, or no fresh one; None: all is well."""
        return self._credentials.problem

    async def ready(self) -> None:
        """Fetch the access key where it is not fixed, and keep it fresh from then on. Never raises; bounded."""
        await self._credentials.start()

    async def send(
        self,
        attempt: Attempt,
        *,
        action: str,
        accepted: Callable[[Reply], Verdict],
        refused: Callable[[Reply | NotSent | Lost], Verdict] | None = None,
    ) -> Verdict:
        """Send an attempt, signed anew, and read the answer.

        Args:
            attempt: Goes out as it was stored.
            action: What it asks for.
            accepted: Reads an answer that says OK.
            refused: Reads anything else; absent: the method of that name.
        """
        started = self._monotonic()
        result = await self._call(
            action,
            host=attempt.host,
            query=attempt.target.partition("?")[2],
            nonce=attempt.nonce or "",
            date=attempt.date or "",
            deadline_s=self._config.send_timeout,
            content_type=attempt.content_type,
            body=attempt.body,
        )
        if isinstance(result, Reply) and result.is_ok:
            verdict: Verdict = accepted(result)
        else:
            verdict = (refused or self.refused)(result)
        self._observer.called(self._carrier, Operation.SEND, outcome_of(verdict), self._monotonic() - started)
        return verdict

    async def ask(
        self, operation: Operation, action: str, parameters: Mapping[str, str], decoder: msgspec.json.Decoder[_Body]
    ) -> _Body | Deferred | Doubtful | Rejected:
        """Ask a question that changes nothing; anything but a body says why there is no answer."""
        started = self._monotonic()
        result = await self._question(action, parameters)
        found = read_json(decoder, result.answer.body) if isinstance(result, Reply) and result.is_ok else None
        refused = self.refused(result)
        outcome = outcome_of(refused) if found is None else CallOutcome.OK
        self._observer.called(self._carrier, operation, outcome, self._monotonic() - started)
        return refused if found is None else found

    async def fetch(
        self, operation: Operation, action: str, parameters: Mapping[str, str]
    ) -> tuple[Reply | NotSent | Lost, float]:
        """Ask a question that changes nothing; return what came of it, and how many seconds it took."""
        started = self._monotonic()
        result = await self._question(action, parameters)
        seconds = self._monotonic() - started
        is_ok = isinstance(result, Reply) and result.is_ok
        self._observer.called(
            self._carrier, operation, CallOutcome.OK if is_ok else outcome_of(self.refused(result)), seconds
        )
        return result, seconds

    def refused(self, result: Reply | NotSent | Lost) -> Deferred | Doubtful | Rejected:
        """Say what a call means that was not answered with OK, or whose OK cannot be read."""
        match result:
            case _NoKey():
                return self._without_key(result.reason)
            case NotSent():
                return not_sent(result)
            case Lost():
                return Doubtful(result.reason)
            case _:
                return self._read(result)

    async def aclose(self) -> None:
        """Fetch no more access keys and close the connections."""
        await self._credentials.stop()
        await self._http.aclose()

    async def _question(self, action: str, parameters: Mapping[str, str]) -> Reply | NotSent | Lost:
        return await self._call(
            action,
            host=self._config.endpoint,
            query=canonical_query(parameters),
            nonce=secrets.token_hex(16),
            date=date_of(self._clock()),
            deadline_s=self._config.lookup_timeout,
        )

    async def _call(
        self,
        action: str,
        *,
        host: str,
        query: str,
        nonce: str,
        date: str,
        deadline_s: float,
        content_type: str | None = None,
        body: bytes = b"",
    ) -> Reply | NotSent | Lost:
        credentials = self._credentials.current()
        if credentials is None:
            return _NoKey(f"no access key: {self.problem or 'it has expired'}")
        rpc = Call(
            action=action,
            version=self._version,
            method=METHOD,
            authority=httpx.URL(host).netloc.decode("ascii"),
            query=query,
            nonce=nonce,
            date=date,
            body=body,
            content_type=content_type,
        )
        # Without it the gateway may answer in XML (alibaba.md 1).
        headers = {"accept": "application/json", **signed_headers(rpc, credentials)}
        result = await call(
            self._http,
            request(host, f"/?{query}", method=METHOD, headers=headers, body=body),
            deadline_s=deadline_s,
            max_octets=MAX_ANSWER_OCTETS,
        )
        if not isinstance(result, Answer):
            return result
        reply = _reply(result)
        if reply.code and reply.code.startswith(_KEY_REFUSED) and self._credentials.refused(credentials):
            return replace(reply, is_another_key_near=True)
        return reply

    def _without_key(self, reason: str) -> Deferred:
        until = self._clock() + KEY_PAUSE_S
        return Deferred(reason, not_before=until, whole_carrier=True, pause=PauseCause.LOGIN)

    def _read(self, reply: Reply) -> Deferred | Doubtful | Rejected:
        status, now = reply.answer.status, self._clock()
        meaning = self._meaning(reply.code) if reply.code else None
        reason = f"http {status}: {redact(reply.code)}" if reply.code else f"http {status}"
        if meaning and meaning.kind is Kind.ARRIVED:
            return Doubtful(reason, Evidence.ARRIVED)
        if (status != httpx.codes.OK and not 400 <= status < 500) or status == httpx.codes.REQUEST_TIMEOUT:
            return Doubtful(reason)
        if reply.is_another_key_near:
            return self._without_key(reason)
        if status != httpx.codes.OK and (pause_until := _retry_after(reply.answer, now)):
            return Deferred(reason, not_before=pause_until, whole_carrier=True, pause=PauseCause.THROTTLE)
        if meaning:
            return _verdict(number_window(meaning, reply.message), reason, reply.answer, now)
        if status == httpx.codes.OK:
            # A code that nobody wrote down, or none, proves nothing.
            return Doubtful(reason)
        usual = read_refusal(reply.answer, now)
        return replace(usual, reason=reason) if reply.code else usual


def _source(carrier: str, config: AlibabaAccount, clock: Callable[[], float]) -> CredentialSource:
    if config.access_key_id is not None and config.access_key_secret is not None:
        return FixedKey(
            Credentials(
                access_key_id=config.access_key_id,
                access_key_secret=config.access_key_secret,
                security_token=config.security_token,
            )
        )
    if (file := config.access_key_file) is not None:
        return RenewedKey(carrier, lambda _is_doubted: read_key_file(file), clock)
    return RenewedKey(carrier, Chain().load, clock)


def _verdict(meaning: Refusal, reason: str, answer: Answer, now: float) -> Deferred | Doubtful | Rejected:
    match meaning.kind:
        case Kind.MESSAGE | Kind.NUMBER_DAY:
            return Rejected(meaning.error, reason, meaning.outcome)
        case Kind.RECIPIENT:
            return Rejected(meaning.error, reason, meaning.outcome, may_fail_over=False)
        case Kind.ACCOUNT:
            return Deferred(reason, not_before=now + ACCOUNT_PAUSE_S, whole_carrier=True, pause=PauseCause.LOGIN)
        case Kind.MONEY:
            return Deferred(reason, not_before=now + ACCOUNT_PAUSE_S, whole_carrier=True, pause=PauseCause.MONEY)
        case Kind.QUOTA:
            return Deferred(reason, not_before=now + QUOTA_PAUSE_S, whole_carrier=True, pause=PauseCause.QUOTA)
        case Kind.THROTTLE:
            until = retry_after(answer, now)
            return Deferred(reason, not_before=until, whole_carrier=True, pause=PauseCause.THROTTLE)
        case Kind.NUMBER_MINUTE:
            return Deferred(reason, not_before=next_minute(now))
        case Kind.NUMBER_HOUR:
            return Deferred(reason, not_before=next_hour(now))
        case Kind.AMBIGUOUS:
            return Doubtful(reason)
        case Kind.ARRIVED:
            return Doubtful(reason, Evidence.ARRIVED)


def _reply(answer: Answer) -> Reply:
    envelope = read_json(_ENVELOPE, answer.body) or _Envelope()
    return Reply(
        answer=answer,
        code=code_word(envelope.upper or envelope.lower or envelope.response),
        message=envelope.upper_message or envelope.lower_message or "",
    )


def _retry_after(answer: Answer, now: float) -> float | None:
    """Read ``x-acs-retry-after``, milliseconds; zero, negative numbers and garbage are no answer."""
    text = answer.headers.get("x-acs-retry-after", "").strip()
    if not re.fullmatch(r"[0-9]{1,12}", text) or not int(text):
        return None
    return now + min(int(text) / 1000, MAX_RETRY_AFTER_S)
