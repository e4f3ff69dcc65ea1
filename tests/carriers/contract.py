"""What every HTTP adapter must pass: subclass ``CarrierContract``, fill its holes, and pytest runs the suite.

The holes are those under "What the adapter's own test module says". Everything goes through a ``MockTransport``:
no network, no clock, no sleep.
"""

import asyncio
import gzip
import json
import logging
import re
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, ClassVar

import httpx2 as httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from smppgw.carriers import http as edge
from smppgw.carriers.base import Admits, Carrier
from smppgw.carriers.http import CallOutcome, Observer, Operation, Unobserved, outcome_of
from smppgw.carriers.probing import Probe, Probing
from smppgw.core.model import Attempt, Batch, BatchId, CarrierRef, Message, MessageId, Outcome, Sent, TrafficClass
from smppgw.core.verdict import (
    Accepted,
    Deferred,
    Doubtful,
    Evidence,
    PauseCause,
    Rejected,
    StatusReport,
    Verdict,
)

Handler = Callable[[httpx.Request], httpx.Response]

NOW = 1_700_000_000.0
BATCH = BatchId("7f3a9c0d1e2b4f5a8b6c7d8e9f0a1b2c")

STATUSES = (
    100, 101, 199, 202, 204, 206, 226, 299, 300, 301, 302, 303, 304, 307, 308, 399,
    400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 413, 414, 415, 418, 421, 422, 425, 426,
    429, 431, 451, 499,
    500, 501, 502, 503, 504, 505, 507, 508, 511, 520, 522, 524, 529, 599,
)  # fmt: skip
"""200 and 201 are the success answers; what stands in them is another matter. The tests run through them in a loop: as
cases of their own, times the carriers, they would be a quarter of all cases."""

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
MAYBE_SENT = (
    httpx.WriteError,
    httpx.WriteTimeout,
    httpx.ReadError,
    httpx.ReadTimeout,
    httpx.CloseError,
    httpx.RemoteProtocolError,
    httpx.LocalProtocolError,
    httpx.ProxyError,
    httpx.DecodingError,
    httpx.TooManyRedirects,
    ConnectionResetError,
    BrokenPipeError,
)

GARBAGE = (
    b"",
    b" ",
    b"null",
    b"true",
    b"0",
    b"NaN",
    b'""',
    b"[]",
    b"{}",
    b"[{}]",
    b'{"jobId":null}',
    b'{"jobId":12345678901234567890123456}',
    b'{"Code":null}',
    b'{"Code":["OK"]}',
    b"\xef\xbb\xbf{}",
    b"\xff\xfe{\x00}\x00",
    b"<html><body>200 OK</body></html>",
    b"OK",
    b"[" * 5000,
    b'{"a":' * 5000,
    b'{"x":"\xff\xff"}',
    b"\x00" * 1000,
)

BOMB = gzip.compress(b"[" * (64 << 20), mtime=0)
"""64 KiB that become 64 MiB."""
MOST_OCTETS = 8 << 20
"""No answer is read further than this, whatever it is for."""
SOON_S = 0.01

_LONG_DIGITS = re.compile(r"\d{5,}")


def message(number: int, recipient: str, text: str, **changes: Any) -> Message:
    """Make a message, accepted at NOW and valid for a day."""
    values: dict[str, Any] = {
        "id": MessageId(number),
        "account": "legacy",
        "recipient": recipient,
        "country": "DE",
        "sender": "",
        "sender_is_number": False,
        "text": text,
        "parts": 1,
        "flash": False,
        "traffic_class": TrafficClass.TRANSACTIONAL,
        "priority_flag": 0,
        "service_type": "",
        "vendor_tlvs": b"",
        "accepted_at": NOW,
        "expires_at": NOW + 86400.0,
    }
    return Message(**{**values, **changes})


def sent_of(attempt: Attempt, messages: Iterable[Message], ref: CarrierRef | None) -> list[Sent]:
    """Make what a store would hand out for polling."""
    return [
        Sent(
            message=one.id,
            batch=attempt.batch,
            account=one.account,
            recipient=one.recipient,
            sent_at=attempt.prepared_at,
            accepted_at=one.accepted_at,
            ref=ref,
            host=attempt.host,
        )
        for one in messages
    ]


class CallLog:
    """An observer that keeps what it was told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Operation, CallOutcome]] = []

    def called(self, carrier: str, operation: Operation, outcome: CallOutcome, seconds: float) -> None:
        assert seconds >= 0
        self.calls.append((carrier, operation, outcome))


class Wire:
    """A handler that keeps every request and answers with another handler."""

    def __init__(self, answer: Handler) -> None:
        self.requests: list[httpx.Request] = []
        self._answer = answer

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self._answer(request)


def answering(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Handler:
    """Answer every request alike."""
    return lambda _request: httpx.Response(status, content=body, headers=headers)


def breaking(error: type[Exception]) -> Handler:
    """Break every call alike."""

    def handler(_request: httpx.Request) -> httpx.Response:
        raise error("+4915112345678 secret text")

    return handler


class Raw(httpx.AsyncByteStream):
    """A body as it is on the wire: the library decompresses what it is given as a content itself."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._octets


class Endless(httpx.AsyncByteStream):
    """A body without an end, and how much of it was read."""

    def __init__(self) -> None:
        self.octets = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.octets += 65536
            yield b" " * 65536


class Never(httpx.AsyncBaseTransport):
    """A network that takes every request and gives no answer."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.extensions["trace"]("http11.send_request_headers.started", {})
        await asyncio.Event().wait()
        raise AssertionError


def silent(_request: httpx.Request) -> httpx.Response:
    """Stand for a network that must not be used."""
    pytest.fail("a call was made")


class CarrierContract:
    """The suite. A subclass whose name starts with ``Test`` is collected by pytest."""

    # What the adapter's own test module says.

    secrets: ClassVar[Sequence[str]]
    """Credentials given to ``make`` in every form in which they must never be seen; those of ``rotated`` too."""
    ref: ClassVar[CarrierRef]
    """An id as this carrier gives it."""

    async def make(self, transport: httpx.AsyncBaseTransport, *, observer: Observer, rotated: bool = False) -> Carrier:
        """Make the adapter with its clock at NOW; ``rotated`` means with other credentials for the same account."""
        raise NotImplementedError

    def samples(self) -> tuple[Message, ...]:
        """Return messages that pass ``check`` and travel together, as many as one call takes, at most three."""
        raise NotImplementedError

    def success(self, request: httpx.Request) -> httpx.Response:
        """Answer a send request with success for all its messages."""
        raise NotImplementedError

    def final(self, request: httpx.Request) -> httpx.Response:
        """Answer a status request: all samples delivered, and rows of somebody else's messages beside them."""
        raise NotImplementedError

    # Means.

    async def carrier(self, handler: Handler, observer: Observer | None = None, *, rotated: bool = False) -> Carrier:
        return await self.make(httpx.MockTransport(handler), observer=observer or Unobserved(), rotated=rotated)

    async def attempt(self) -> Attempt:
        carrier = await self.carrier(silent)
        try:
            return carrier.prepare(Batch(id=BATCH, messages=self.samples()), NOW)
        finally:
            await carrier.aclose()

    async def verdicts(self, handler: Handler, observer: Observer | None = None) -> list[Verdict]:
        """Send the samples once; checks on the way that each has exactly one verdict that says nothing secret."""
        attempt = await self.attempt()
        carrier = await self.carrier(handler, observer)
        try:
            verdicts = await carrier.send(attempt)
        finally:
            await carrier.aclose()
        assert set(verdicts) == {one.id for one in self.samples()}
        self.assert_silent(str(verdict) for verdict in verdicts.values())
        return list(verdicts.values())

    async def resolved(self, handler: Handler) -> list[Verdict]:
        attempt = await self.attempt()
        carrier = await self.carrier(handler)
        try:
            verdicts = await carrier.resolve(attempt, sent_of(attempt, self.samples(), None))
        finally:
            await carrier.aclose()
        assert set(verdicts) == {one.id for one in self.samples()}
        self.assert_silent(str(verdict) for verdict in verdicts.values())
        return list(verdicts.values())

    async def reports(self, handler: Handler, ref: CarrierRef | None = None) -> Sequence[StatusReport]:
        attempt = await self.attempt()
        carrier = await self.carrier(handler)
        try:
            reports = await carrier.statuses(sent_of(attempt, self.samples(), ref or self.ref))
        finally:
            await carrier.aclose()
        assert {report.message for report in reports} <= {one.id for one in self.samples()}
        assert len({report.message for report in reports}) == len(reports)
        self.assert_silent(report.detail for report in reports)
        return reports

    async def probed(self, handler: Handler) -> Sequence[Probe]:
        """Try the carrier; one that cannot be tried says nothing."""
        carrier = await self.carrier(handler)
        try:
            probes = await carrier.probe() if isinstance(carrier, Probing) else ()
        finally:
            await carrier.aclose()
        self.assert_silent(map(str, probes))
        return probes

    def assert_silent(self, texts: Iterable[str]) -> None:
        """Hold texts for logs and traces against all that must not be in them."""
        forbidden = [*self.secrets, *(one.text for one in self.samples()), *(one.recipient for one in self.samples())]
        for text in texts:
            assert not [word for word in forbidden if word in text]

    def echo(self, status: int) -> Handler:
        """Answer with everything that must not be repeated, in every field that an adapter may read."""
        said = " ".join([*self.secrets, *(f"{one.text} +{one.recipient}" for one in self.samples())])
        fields = ("Code", "Message", "message", "code", "RequestId", "jobId", "BizId", "reason", "status", "error")
        body = json.dumps(dict.fromkeys(fields, said)).encode()
        return answering(status, body, {"content-type": "application/json"})

    # Submitting.

    async def test_success_accepts_every_message(self) -> None:
        verdicts = await self.verdicts(self.success)

        assert all(isinstance(verdict, Accepted) for verdict in verdicts)

    async def test_no_other_http_status_is_acceptance(self) -> None:
        for status in STATUSES:
            verdicts = await self.verdicts(answering(status))

            assert not any(isinstance(verdict, Accepted) for verdict in verdicts), status

    async def test_an_answer_that_proves_nothing_is_doubtful(self) -> None:
        for status in STATUSES:
            if not 400 <= status < 500 or status == 408:
                verdicts = await self.verdicts(answering(status))

                assert all(isinstance(verdict, Doubtful) for verdict in verdicts), status

    @pytest.mark.parametrize(
        ("status", "cause"),
        [
            (401, PauseCause.LOGIN),
            (402, PauseCause.MONEY),
            (403, PauseCause.LOGIN),
            (429, PauseCause.THROTTLE),
        ],
    )
    async def test_login_money_and_throttling_stop_the_carrier_not_the_message(
        self, status: int, cause: PauseCause
    ) -> None:
        verdicts = await self.verdicts(answering(status, headers={"retry-after": "60"}))

        for verdict in verdicts:
            assert isinstance(verdict, Deferred)
            assert (verdict.whole_carrier, verdict.pause, verdict.not_before) == (True, cause, NOW + 60.0)

    async def test_retry_after_is_honoured_up_to_ten_minutes(self) -> None:
        verdicts = await self.verdicts(answering(429, headers={"retry-after": "86400"}))

        assert {verdict.not_before for verdict in verdicts if isinstance(verdict, Deferred)} == {NOW + 600.0}

    @pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
    async def test_a_redirect_is_never_followed(self, status: int) -> None:
        wire = Wire(answering(status, headers={"location": "http://stranger.example/jobs", "refresh": "0; url=/"}))

        await self.verdicts(wire)
        sends = len(wire.requests)
        await self.resolved(wire)
        await self.reports(wire)

        assert sends == 1
        assert "stranger.example" not in {request.url.host for request in wire.requests}

    @pytest.mark.parametrize("error", NEVER_SENT)
    async def test_what_never_left_is_deferred(self, error: type[Exception]) -> None:
        verdicts = await self.verdicts(breaking(error))

        assert all(isinstance(verdict, Deferred) and verdict.whole_carrier for verdict in verdicts)

    @pytest.mark.parametrize("error", MAYBE_SENT)
    async def test_what_may_have_left_is_doubtful(self, error: type[Exception]) -> None:
        verdicts = await self.verdicts(breaking(error))

        assert all(isinstance(verdict, Doubtful) and verdict.evidence is Evidence.NONE for verdict in verdicts)

    @pytest.mark.parametrize("status", [200, 201])
    @pytest.mark.parametrize("body", GARBAGE)
    async def test_success_without_sense_is_doubtful(self, body: bytes, status: int) -> None:
        verdicts = await self.verdicts(answering(status, body))

        assert all(isinstance(verdict, Doubtful) for verdict in verdicts)

    async def test_a_truncated_success_is_doubtful_wherever_it_ends(self) -> None:
        attempt, whole = await self.attempt(), await self._success()
        carrier = await self.carrier(lambda _request: httpx.Response(whole.status_code, content=octets))

        for length in range(len(whole.content)):
            octets = whole.content[:length]
            verdicts = await carrier.send(attempt)
            assert {type(verdict) for verdict in verdicts.values()} == {Doubtful}, length

    @pytest.mark.parametrize("status", [200, 201, 400, 500])
    async def test_an_endless_answer_is_read_no_further_than_it_can_make_sense(self, status: int) -> None:
        endless: list[Endless] = []

        def handler(_request: httpx.Request) -> httpx.Response:
            endless.append(Endless())
            return httpx.Response(status, stream=endless[-1])

        verdicts = await self.verdicts(handler)
        self._assert_unproven(await self.resolved(handler))
        assert list(await self.reports(handler)) == []

        assert all(isinstance(verdict, Doubtful) for verdict in verdicts)
        assert max(body.octets for body in endless) <= MOST_OCTETS

    async def test_a_compressed_bomb_is_an_answer_without_sense(self) -> None:
        headers = {"content-encoding": "gzip", "content-type": "application/json"}

        def handler(_request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, headers=headers, stream=Raw(BOMB))

        tracemalloc.start()
        try:
            verdicts = await self.verdicts(handler)
            resolved = await self.resolved(handler)
            reports = await self.reports(handler)
            _, most_octets = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert all(isinstance(verdict, Doubtful) for verdict in verdicts)
        self._assert_unproven(resolved)
        assert list(reports) == []
        assert most_octets <= 3 * MOST_OCTETS

    async def test_a_network_that_never_answers_is_waited_for_no_longer_than_the_deadline(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        attempt = await self.attempt()
        carrier = await self.make(Never(), observer=Unobserved())
        deadlines: list[float] = []

        def timeout(seconds: float) -> asyncio.Timeout:
            deadlines.append(seconds)
            return asyncio.timeout(SOON_S)

        monkeypatch.setattr(edge, "asyncio", SimpleNamespace(timeout=timeout))
        async with asyncio.timeout(60):
            sent = await carrier.send(attempt)
            resolved = await carrier.resolve(attempt, sent_of(attempt, self.samples(), None))
            reports = await carrier.statuses(sent_of(attempt, self.samples(), self.ref))
        await carrier.aclose()

        assert all(isinstance(verdict, Doubtful) for verdict in sent.values())
        self._assert_unproven(list(resolved.values()))
        assert list(reports) == []
        assert max(deadlines) <= 60.0

    @given(body=st.binary(max_size=200), status=st.integers(200, 599))
    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    async def test_no_octets_make_send_raise(self, body: bytes, status: int) -> None:
        await self.verdicts(answering(status, body))

    @given(data=st.data())
    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    async def test_no_json_makes_send_raise(self, data: st.DataObject) -> None:
        body = data.draw(json_like(json.loads((await self._success()).content)))

        await self.verdicts(answering(200, json.dumps(body).encode()))

    async def test_each_call_is_observed_once_with_its_outcome(self) -> None:
        for handler in (self.success, answering(400), answering(429), answering(503), breaking(httpx.ConnectError)):
            log = CallLog()
            verdicts = await self.verdicts(handler, log)
            sends = [call for call in log.calls if call[1] is Operation.SEND]
            assert [outcome for _, _, outcome in sends] == [outcome_of(verdicts[0])]

    # Repeating.

    async def test_a_repeat_has_the_same_octets(self) -> None:
        wire = Wire(answering(503))
        attempt = await self.attempt()
        carrier = await self.carrier(wire)

        await carrier.send(attempt)
        await carrier.send(attempt)

        assert seen(wire.requests[0]) == seen(wire.requests[1])

    async def test_a_repeat_is_what_was_stored(self) -> None:
        wire = Wire(answering(503))
        attempt = await self.attempt()
        carrier = await self.carrier(wire)

        await carrier.send(attempt)

        (request,) = wire.requests
        assert (request.method, request.content) == (attempt.method, attempt.body)
        assert request.extensions["target"] == attempt.target.encode()
        assert f"{request.url.scheme}://{request.url.netloc.decode()}" == attempt.host

    async def test_a_repeat_is_signed_anew_and_else_the_same(self) -> None:
        wire = Wire(answering(503))
        attempt = await self.attempt()

        for rotated in (False, True):
            carrier = await self.carrier(wire, rotated=rotated)
            await carrier.send(attempt)

        first, second = wire.requests
        assert first.headers["authorization"] != second.headers["authorization"]
        assert seen(first) == seen(second)

    # Secrets.

    async def test_an_attempt_holds_no_credential(self) -> None:
        attempt = await self.attempt()

        stored = " ".join(map(str, (attempt.host, attempt.target, attempt.body, attempt.nonce, attempt.date)))
        assert not [secret for secret in self.secrets if secret in stored]

    @pytest.mark.parametrize("status", [200, 201, 400, 401, 403, 404, 409, 422, 429, 500, 503])
    async def test_an_echo_of_secrets_goes_nowhere(self, status: int, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)

        with capture_logs() as log:
            verdicts = await self.verdicts(self.echo(status))
            await self.resolved(self.echo(status))
            await self.reports(self.echo(status))
            await self.probed(self.echo(status))

        self.assert_silent(record.getMessage() for record in caplog.records if record.name != "asyncio")
        self.assert_silent(map(str, log))
        assert not [str(verdict) for verdict in verdicts if _LONG_DIGITS.search(getattr(verdict, "reason", ""))]

    @pytest.mark.parametrize("error", [*NEVER_SENT, *MAYBE_SENT])
    async def test_a_broken_call_tells_no_secrets(
        self, error: type[Exception], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)

        with capture_logs() as log:
            verdicts = await self.verdicts(breaking(error))
            await self.resolved(breaking(error))
            await self.reports(breaking(error))
            await self.probed(breaking(error))

        told = caplog.text + str(log) + str(verdicts)
        assert "4915112345678" not in told
        assert "secret text" not in told
        self.assert_silent([told])

    async def test_a_probe_says_of_every_status_whether_it_speaks_against_sending(self) -> None:
        for status in STATUSES:
            probed = await self.probed(answering(status))

            assert not [probe for probe in probed if probe.authenticated and not 200 <= status < 300], status
            assert not [probe for probe in probed if probe.ok and status in {401, 403, 500, 502, 503}], status

    # Pure parts.

    async def test_preparing_makes_no_call_and_changes_nothing(self) -> None:
        carrier = await self.carrier(silent)
        batch = Batch(id=BATCH, messages=self.samples())

        first, second = carrier.prepare(batch, NOW), carrier.prepare(batch, NOW)

        assert (first.host, first.method, first.messages) == (second.host, second.method, second.messages)
        assert len(first.body) == len(second.body)
        assert len(first.target) == len(second.target)
        assert first.prepared_at == NOW

    async def test_samples_pass_the_check_and_share_a_call(self) -> None:
        carrier = await self.carrier(silent)

        assert [carrier.check(one) for one in self.samples()] == [None] * len(self.samples())
        assert len({carrier.group_key(one) for one in self.samples()}) == 1

    async def test_what_was_never_sent_is_admitted(self) -> None:
        carrier = await self.carrier(silent)

        refused = [carrier.admit(one, NOW) for one in self.samples()] if isinstance(carrier, Admits) else []

        assert set(refused) <= {None}

    async def test_what_is_not_unicode_is_refused_before_it_can_spoil_a_call(self) -> None:
        carrier = await self.carrier(silent)
        bad = message(9, self.samples()[0].recipient, "\ud83d lone surrogate")

        assert isinstance(carrier.check(bad), Rejected)

    async def test_limits_and_schedules_make_sense(self) -> None:
        carrier = await self.carrier(silent)

        assert carrier.limits.max_messages >= len(self.samples())
        assert carrier.limits.max_in_flight >= 1
        assert carrier.limits.calls_per_s > 0
        assert carrier.limits.fence_s is None or carrier.limits.fence_s > 0
        assert carrier.polls.deadline_s > carrier.polls.backoff.longest_s

    # Doubt.

    async def test_a_failed_look_up_proves_nothing(self) -> None:
        for status in STATUSES:
            self._assert_unproven(await self.resolved(answering(status)))

    @pytest.mark.parametrize("error", [*NEVER_SENT, *MAYBE_SENT])
    async def test_a_broken_look_up_proves_nothing(self, error: type[Exception]) -> None:
        verdicts = await self.resolved(breaking(error))

        self._assert_unproven(verdicts)

    @pytest.mark.parametrize("body", [body for body in GARBAGE if body != b"[]"])
    async def test_a_look_up_without_sense_proves_nothing(self, body: bytes) -> None:
        verdicts = await self.resolved(answering(200, body))

        self._assert_unproven(verdicts)

    # Outcomes.

    async def test_asking_for_nothing_makes_no_call(self) -> None:
        carrier = await self.carrier(silent)

        assert list(await carrier.statuses([])) == []

    async def test_every_message_asked_about_is_reported_once(self) -> None:
        reports = await self.reports(self.final)

        assert {report.message for report in reports} == {one.id for one in self.samples()}
        assert {(report.outcome, report.final) for report in reports} == {(Outcome.DELIVERED, True)}

    async def test_no_http_status_is_an_outcome(self) -> None:
        for status in STATUSES:
            if status >= 200:
                assert list(await self.reports(answering(status))) == [], status

    @pytest.mark.parametrize("error", [*NEVER_SENT, *MAYBE_SENT])
    async def test_a_broken_status_call_is_no_outcome(self, error: type[Exception]) -> None:
        assert list(await self.reports(breaking(error))) == []

    @pytest.mark.parametrize("body", GARBAGE)
    async def test_a_status_answer_without_sense_is_no_outcome(self, body: bytes) -> None:
        reports = await self.reports(answering(200, body))

        assert not [report for report in reports if report.final]

    async def test_half_a_status_answer_is_no_outcome(self) -> None:
        whole = json.dumps(await self._final_document()).encode()

        for length in range(0, len(whole), max(1, len(whole) // 100)):
            assert list(await self.reports(answering(200, whole[:length]))) == [], length

    @given(data=st.data())
    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    async def test_no_json_makes_statuses_raise(self, data: st.DataObject) -> None:
        body = data.draw(json_like(await self._final_document()))

        await self.reports(answering(200, json.dumps(body).encode()))

    def _assert_unproven(self, verdicts: Sequence[Verdict]) -> None:
        for verdict in verdicts:
            assert isinstance(verdict, Doubtful)
            assert verdict.evidence is Evidence.NONE

    async def _success(self) -> httpx.Response:
        wire = Wire(self.success)
        await self.verdicts(wire)
        return self.success(wire.requests[-1])

    async def _final_document(self) -> Any:
        wire = Wire(self.final)
        await self.reports(wire)
        return json.loads(self.final(wire.requests[0]).content)


def seen(request: httpx.Request) -> tuple[str, str, bytes, list[tuple[str, str]]]:
    """Return what a carrier sees of a request, but for its credentials."""
    unsigned = [(name, value) for name, value in request.headers.items() if name != "authorization"]
    return request.method, str(request.url), request.content, unsigned


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def json_like(document: Any) -> st.SearchStrategy[Any]:
    """Make documents that look like one, with any of its values replaced by anything or left out."""
    return _ANYTHING | _varied(document)


def _varied(document: Any) -> st.SearchStrategy[Any]:
    if isinstance(document, dict):
        return st.fixed_dictionaries({}, optional={key: _varied(value) for key, value in document.items()}) | _ANYTHING
    if isinstance(document, list):
        return st.lists(st.one_of([_varied(value) for value in document] or [_ANYTHING]), max_size=4) | _ANYTHING
    return st.just(document) | _ANYTHING
