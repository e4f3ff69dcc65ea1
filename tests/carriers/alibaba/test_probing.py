"""Trying an account without sending: what proves the login and what does not."""

from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from smppgw.carriers.probing import Probe
from tests.carriers.alibaba.builders import KEY_ID, KEY_SECRET, globe, mainland, reply
from tests.carriers.contract import Handler, Wire, answering, breaking, silent


async def probed(handler: Handler, *, abroad: bool = False) -> Probe:
    carrier = globe(handler) if abroad else mainland(handler)
    try:
        (probe,) = await carrier.probe()
    finally:
        await carrier.aclose()
    assert KEY_ID not in str(probe)
    assert KEY_SECRET not in str(probe)
    return probe


async def test_the_mainland_is_asked_for_one_template() -> None:
    wire = Wire(reply(200, Code="OK", SmsTemplateList=[], TotalCount=0))

    probe = await probed(wire)

    (request,) = wire.requests
    assert request.headers["x-acs-action"] == "QuerySmsTemplateList"
    assert request.url.params["PageSize"] == "1"
    assert (probe.place, probe.ok, probe.authenticated, probe.words) == ("dysmsapi.aliyuncs.com", True, True, "OK")


async def test_abroad_a_message_that_does_not_exist_proves_the_login() -> None:
    wire = Wire(reply(200, ResponseCode="DATA_NOT_EXIST"))

    probe = await probed(wire, abroad=True)

    (request,) = wire.requests
    assert request.headers["x-acs-action"] == "QueryMessage"
    assert (probe.ok, probe.authenticated, probe.words) == (True, True, "DATA_NOT_EXIST")


@pytest.mark.parametrize("abroad", [False, True])
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (404, "InvalidAccessKeyId.NotFound"),
        (400, "SignatureDoesNotMatch"),
        (400, "InvalidTimeStamp.Expired"),
        (403, "Forbidden.RAM"),
        (200, "isp.RAM_PERMISSION_DENY"),
    ],
)
async def test_a_refused_key_is_told_by_its_code(abroad: bool, status: int, code: str) -> None:
    probe = await probed(reply(status, Code=code), abroad=abroad)

    assert (probe.reachable, probe.authenticated, probe.ok, probe.words) == (True, False, False, code)


@pytest.mark.parametrize("code", ["isv.AMOUNT_NOT_ENOUGH", "isv.DAY_LIMIT_CONTROL"])
async def test_an_account_without_money_is_known_all_the_same(code: str) -> None:
    probe = await probed(reply(200, Code=code))

    assert (probe.authenticated, probe.words) == (True, code)


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (answering(200, b"<html>welcome</html>"), "answers, but not as the service does"),
        (answering(502), "http 502"),
        (reply(503, Code="ServiceUnavailable"), "ServiceUnavailable"),
        (breaking(httpx.ConnectError), "not reached: ConnectError"),
        (breaking(httpx.ReadTimeout), "no answer: ReadTimeout"),
    ],
)
async def test_what_is_no_answer_of_the_service_is_none(handler: Handler, words: str) -> None:
    probe = await probed(handler)

    assert (probe.reachable, probe.authenticated, probe.words) == (False, None, words)


async def test_a_refusal_without_a_code_is_one_of_the_login_by_its_status() -> None:
    probe = await probed(answering(403))

    assert (probe.reachable, probe.authenticated) == (True, False)


async def test_what_the_platform_says_is_not_repeated() -> None:
    probe = await probed(reply(400, Code=f"Signature {KEY_SECRET}", Message=f"{KEY_SECRET} {KEY_ID}"))

    assert probe.words == "http 400"


@pytest.mark.parametrize("abroad", [False, True])
async def test_a_key_that_is_fetched_is_fetched_first(tmp_path: Path, abroad: bool) -> None:
    file = tmp_path / "key.json"
    file.write_text('{"AccessKeyId": "STS.1", "AccessKeySecret": "s"}')
    wire = Wire(reply(404, Code="InvalidAccessKeyId.NotFound"))
    make: Any = globe if abroad else mainland
    carrier = make(wire, access_key_id=None, access_key_secret=None, access_key_file=file)

    (probe,) = await carrier.probe()
    await carrier.aclose()

    assert "Credential=STS.1," in wire.requests[0].headers["authorization"]
    assert (probe.reachable, probe.authenticated, probe.words) == (True, False, "InvalidAccessKeyId.NotFound")


async def test_without_a_key_nobody_is_asked_and_that_is_said(tmp_path: Path) -> None:
    carrier = globe(silent, access_key_id=None, access_key_secret=None, access_key_file=tmp_path / "missing")

    (probe,) = await carrier.probe()
    await carrier.aclose()

    assert not probe.ok
    assert "no access key" in probe.words
