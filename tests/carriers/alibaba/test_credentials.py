"""Who signs: a key that is renewed, kept while it lasts, given up when it has expired, doubted when it is refused."""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from structlog.testing import capture_logs

from smppgw.carriers.alibaba import credentials as module
from smppgw.carriers.alibaba.credentials import (
    AFRESH_S,
    LAST_MINUTES_S,
    FixedKey,
    Key,
    KeyUnavailableError,
    RenewedKey,
    make_key,
)
from smppgw.carriers.alibaba.signature import Credentials
from smppgw.carriers.http import Answer, read_refusal
from smppgw.core.values import Secret
from smppgw.core.verdict import Accepted, Deferred, PauseCause, Verdict
from tests.carriers.alibaba.builders import Clock, attempt_of, foreign, globe, mainland, reply
from tests.carriers.contract import NOW, Wire, answering, silent

WAIT_S = 5.0
GONE = KeyUnavailableError("nobody has one")


def key(number: int = 1, *, expires_at: float | None = None, token: str | None = "token") -> Key:
    return make_key(f"STS.{number}", f"secret{number}", token, expires_at)


class Loader:
    """Answers as it is told, the last answer again and again; keeps whether it was told to begin afresh."""

    def __init__(self, *answers: Key | Exception) -> None:
        self.answers = list(answers)
        self.afresh: list[bool] = []

    def __call__(self, is_doubted: bool) -> Key:
        self.afresh.append(is_doubted)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Source:
    """A renewed key, its loader and its clock."""

    def __init__(self, *answers: Key | Exception) -> None:
        self.clock = Clock()
        self.loader = Loader(*answers)
        self.key = RenewedKey("alpha", self.loader, self.clock)

    async def look(self, times: int = 1) -> Credentials | None:
        for _ in range(times):
            await self.key._renew()
        return self.key.current()


# --- renewing ---------------------------------------------------------------------------------------------------------


def test_a_fixed_key_is_always_there_and_has_no_other() -> None:
    fixed = FixedKey(key().credentials)

    assert fixed.current() == key().credentials
    assert not fixed.refused(key().credentials)
    assert fixed.problem is None


def test_before_the_first_look_there_is_none_and_that_is_said() -> None:
    source = Source(key())

    assert source.key.current() is None
    assert source.key.problem


async def test_a_look_brings_the_key_of_the_moment() -> None:
    source = Source(key(1), key(2))

    assert [await source.look(), await source.look()] == [key(1).credentials, key(2).credentials]
    assert source.key.problem is None


async def test_what_cannot_be_renewed_stays_until_it_expires() -> None:
    source = Source(key(expires_at=NOW + 100), GONE)
    await source.look(2)

    kept = source.key.current()
    source.clock.now += 100

    assert (kept, source.key.current()) == (key().credentials, None)
    assert source.key.problem == "nobody has one"


async def test_a_temporary_key_of_unknown_end_is_given_up_after_the_time_in_which_it_should_have_been_renewed() -> None:
    source = Source(key(), GONE)
    await source.look(2)
    source.clock.now += LAST_MINUTES_S - 1
    kept = await source.look()

    source.clock.now += 1

    assert (kept, source.key.current()) == (key().credentials, None)


async def test_a_permanent_key_is_never_given_up() -> None:
    source = Source(key(token=None), GONE)
    await source.look(2)
    source.clock.now += 10 * LAST_MINUTES_S

    assert await source.look() == key(token=None).credentials


async def test_a_key_that_is_found_again_is_as_good_as_new() -> None:
    source = Source(key(), GONE, key(2))
    await source.look(3)
    source.clock.now += 10 * LAST_MINUTES_S

    assert source.key.current() == key(2).credentials
    assert source.key.problem is None


async def test_trouble_is_told_once_and_its_end_once() -> None:
    source = Source(key(), GONE, GONE, GONE, key(), key())

    with capture_logs() as logs:
        await source.look(6)

    assert [line["event"] for line in logs] == [
        "credentials renewed",
        "credentials not renewed",
        "credentials renewed",
    ]


async def test_nothing_secret_is_told_whatever_goes_wrong(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    source = Source(key(), RuntimeError("secret1 token STS.1"))

    with capture_logs() as logs:
        await source.look(2)

    told = f"{logs} {caplog.text} {source.key.problem} {source.key.current()}"
    assert source.key.problem == "looking for the access key failed: RuntimeError"
    assert not [word for word in ("secret1", "'token'", "token STS") if word in told]


@pytest.mark.parametrize(
    "parts",
    [("", "s", None), (None, "s", None), ("id", "", None), ("id", None, None), ("a,b", "s", None), ("a b", "s", None),
     ("id\r\nx: y", "s", None), ("id", "s", "to\nken"), ("idé", "s", None)],
)  # fmt: skip
def test_what_is_no_key_is_refused_without_being_shown(parts: tuple[Any, Any, Any]) -> None:
    with pytest.raises(KeyUnavailableError) as caught:
        make_key(*parts, None)

    assert "x: y" not in str(caught.value)


# --- refused by the platform ------------------------------------------------------------------------------------------


async def test_a_refused_key_is_looked_for_afresh_once() -> None:
    source = Source(key(1))
    await source.look()

    answers = [source.key.refused(key(1).credentials)]
    await source.look()
    answers.append(source.key.refused(key(1).credentials))
    await source.look()

    assert answers == [True, False]
    assert source.loader.afresh == [False, True, False]


async def test_a_key_that_was_replaced_meanwhile_is_not_doubted_for_an_old_refusal() -> None:
    source = Source(key(1), key(2))
    await source.look(2)

    another_is_there = source.key.refused(key(1).credentials)
    await source.look()

    assert another_is_there
    assert source.loader.afresh == [False, False, False]


async def test_each_key_may_be_refused_once() -> None:
    source = Source(key(1), key(2), key(3))
    await source.look()

    answers = []
    for number in (1, 2):
        answers.append(source.key.refused(key(number).credentials))
        await source.look()

    assert answers == [True, True]
    assert source.loader.afresh == [False, True, True]


async def test_while_the_only_key_stays_refused_it_is_looked_for_afresh_now_and_then() -> None:
    source = Source(key(1))
    await source.look()
    source.key.refused(key(1).credentials)
    await source.look()

    for seconds in (AFRESH_S - 1, 1, 1):
        source.clock.now += seconds
        await source.look()

    assert source.loader.afresh == [False, True, False, True, False]


# --- the duty ---------------------------------------------------------------------------------------------------------


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110 - the loader runs in a thread and knows no events
            await asyncio.sleep(0)


async def test_starting_brings_the_first_key_and_a_refusal_the_next_at_once() -> None:
    source = Source(key(1), key(2))
    await source.key.start()
    first = source.key.current()

    source.key.refused(key(1).credentials)
    await until(lambda: source.key.current() == key(2).credentials)
    await source.key.stop()

    assert first == key(1).credentials
    assert source.loader.afresh == [False, True]


async def test_the_duty_goes_on_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN_S", 0.001)
    monkeypatch.setattr(module, "CHECK_S", 0.001)
    source = Source(GONE, RuntimeError(), key(1), GONE, key(2))

    await source.key.start()
    await until(lambda: source.key.current() == key(2).credentials)
    await source.key.stop()


async def test_a_start_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "START_S", 0.0)
    source = Source(key(1))

    await source.key.start()
    await source.key.stop()

    assert source.key.problem


async def test_what_was_never_started_can_be_stopped() -> None:
    await Source(key()).key.stop()


# --- calls ------------------------------------------------------------------------------------------------------------


def written(file: Path, number: int, **more: str) -> Path:
    document = {"AccessKeyId": f"STS.{number}", "AccessKeySecret": f"secret{number}", "SecurityToken": f"token{number}"}
    file.write_text(json.dumps(document | more))
    return file


OWN_KEY: dict[str, Any] = {"access_key_id": None, "access_key_secret": None}
ACCEPTED: dict[str, Any] = {"ResponseCode": "OK", "MessageId": "1008030300421042"}


def signers(requests: Sequence[httpx.Request]) -> list[tuple[str, str | None]]:
    """Return key id and token of each request."""
    return [
        (
            request.headers["authorization"].partition("Credential=")[2].partition(",")[0],
            request.headers.get("x-acs-security-token"),
        )
        for request in requests
    ]


def paused(reason: str, pause_s: float) -> Deferred:
    return Deferred(reason, not_before=NOW + pause_s, whole_carrier=True, pause=PauseCause.LOGIN)


async def test_a_call_is_signed_with_the_key_of_the_moment_and_its_token(tmp_path: Path) -> None:
    file, wire = written(tmp_path / "key.json", 1), Wire(reply(**ACCEPTED))
    carrier = globe(wire, **OWN_KEY, access_key_file=file)
    await carrier.ready()
    attempt = attempt_of(carrier, foreign())

    await carrier.send(attempt)
    written(file, 2)
    await carrier._api._credentials._renew()  # type: ignore[attr-defined] # the duty's next turn
    await carrier.send(attempt)
    await carrier.aclose()

    assert signers(wire.requests) == [("STS.1", "token1"), ("STS.2", "token2")]
    nonces = {request.headers["x-acs-signature-nonce"] for request in wire.requests}
    assert nonces == {attempt.nonce}
    signed = wire.requests[0].headers["authorization"]
    assert "x-acs-security-token" in signed.partition("SignedHeaders=")[2]


@pytest.mark.parametrize("made", [globe, mainland])
async def test_without_a_key_no_call_is_made(tmp_path: Path, made: Any) -> None:
    carrier = made(silent, **OWN_KEY, access_key_file=tmp_path / "missing")
    await carrier.ready()
    one = foreign()

    verdicts = await globe_like(carrier, one)
    await carrier.aclose()

    assert "missing" in (carrier.problem or "")
    [verdict] = verdicts
    assert isinstance(verdict, Deferred)
    assert verdict.whole_carrier
    assert verdict.reason.startswith("no access key: cannot read")
    assert verdict.not_before == NOW + 5


async def globe_like(carrier: Any, one: Any) -> list[Verdict]:
    """Send an attempt through the Api, whichever service it is for."""
    attempt = attempt_of(globe(silent), one)
    verdict = await carrier._api.send(attempt, action="SendMessageToGlobe", accepted=lambda _reply: Accepted())
    return [verdict]


async def test_an_expired_key_is_not_used(tmp_path: Path) -> None:
    file = written(tmp_path / "key.json", 1, Expiration="2023-11-14T22:13:21Z")  # a second after NOW
    clock, wire = Clock(), Wire(reply(**ACCEPTED))
    carrier = globe(wire, clock=clock, **OWN_KEY, access_key_file=file)
    await carrier.ready()
    one = foreign()
    attempt = attempt_of(carrier, one)

    before = await carrier.send(attempt)
    clock.now += 1
    after = await carrier.send(attempt)
    await carrier.aclose()

    assert isinstance(before[one.id], Accepted)
    assert after[one.id] == Deferred(
        "no access key: it has expired", not_before=NOW + 6, whole_carrier=True, pause=PauseCause.LOGIN
    )
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "InvalidAccessKeyId.NotFound"), (400, "InvalidSecurityToken.Expired"), (400, "InvalidAccessKeyId.Inactive")],
)
async def test_a_refused_key_costs_a_short_pause_once_and_a_longer_one_when_there_is_no_other(
    tmp_path: Path, status: int, code: str
) -> None:
    carrier = globe(reply(status, Code=code), **OWN_KEY, access_key_file=written(tmp_path / "key.json", 1))
    await carrier.ready()
    one = foreign()
    attempt = attempt_of(carrier, one)

    verdicts = [(await carrier.send(attempt))[one.id] for _ in range(2)]
    await carrier.aclose()

    assert verdicts == [paused(f"http {status}: {code}", pause_s) for pause_s in (5.0, 60.0)]


async def test_a_fixed_key_that_is_refused_pauses_the_carrier() -> None:
    one = foreign()
    carrier = globe(reply(404, Code="InvalidAccessKeyId.NotFound"))

    verdicts = await carrier.send(attempt_of(carrier, one))

    assert verdicts[one.id] == paused("http 404: InvalidAccessKeyId.NotFound", 60.0)


async def test_an_answer_without_a_code_says_nothing_about_the_key(tmp_path: Path) -> None:
    carrier = globe(answering(403), **OWN_KEY, access_key_file=written(tmp_path / "key.json", 1))
    await carrier.ready()
    one = foreign()

    verdicts = await carrier.send(attempt_of(carrier, one))
    await carrier.aclose()

    assert verdicts[one.id] == read_refusal(Answer(status=403, headers={}, body=b""), NOW)


def test_a_secret_never_shows_itself() -> None:
    shown = f"{key(1)} {Credentials(access_key_id='i', access_key_secret=Secret('hunter2'))}"

    assert "secret1" not in shown
    assert "hunter2" not in shown
