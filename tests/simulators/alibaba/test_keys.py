"""Temporary keys: issued, checked with their token, expired, revoked."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

Simulator = Callable[..., httpx2.AsyncClient]
Sign = Callable[..., httpx2.Request]
Advance = Callable[[float], None]
Issued = dict[str, str]

LIST = {"PageIndex": "1", "PageSize": "10"}


@pytest.fixture
def call(sign: Sign) -> Callable[..., Any]:
    """The status and code of a call that a key signs."""

    async def call(client: httpx2.AsyncClient, issued: Issued, token: str | None) -> tuple[int, str]:
        replaced = {} if token is None else {"x_acs_security_token": token}
        request = sign(
            "QuerySmsTemplateList",
            LIST,
            key_id=issued["AccessKeyId"],
            secret=issued["AccessKeySecret"],
            **replaced,
        )
        answer = await client.send(request)
        return answer.status_code, answer.json()["Code"]

    return call


async def issue(client: httpx2.AsyncClient) -> Issued:
    issued: Issued = (await client.get("/_sim/credentials")).json()
    return issued


async def test_a_key_is_issued_in_the_words_of_the_metadata_service(alibaba: Simulator) -> None:
    client = alibaba(key_lifetime=900.0)

    first, second = await issue(client), await issue(client)

    assert set(first) == {"Code", "AccessKeyId", "AccessKeySecret", "SecurityToken", "Expiration"}
    assert (first["Code"], first["Expiration"]) == ("Success", "2026-01-02T03:19:05Z")
    assert first["AccessKeyId"] != second["AccessKeyId"]


async def test_an_issued_key_signs_with_its_token_until_it_expires(
    alibaba: Simulator, call: Callable[..., Any], advance: Advance
) -> None:
    client = alibaba(key_lifetime=900.0)
    issued = await issue(client)

    answers = [await call(client, issued, issued["SecurityToken"])]
    for seconds in (899.9, 0.1):
        advance(seconds)
        answers.append(await call(client, issued, issued["SecurityToken"]))

    assert answers == [(200, "OK"), (200, "OK"), (400, "InvalidSecurityToken.Expired")]


@pytest.mark.parametrize(
    ("token", "code"), [(None, "MissingSecurityToken"), ("x", "InvalidSecurityToken.MismatchWithAccessKey")]
)
async def test_a_key_without_its_token_does_not_pass(
    alibaba: Simulator, call: Callable[..., Any], token: str | None, code: str
) -> None:
    client = alibaba()

    assert await call(client, await issue(client), token) == (400, code)


async def test_a_token_beside_the_fixed_key_does_not_pass(alibaba: Simulator, sign: Sign) -> None:
    answer = await alibaba().send(sign("QuerySmsTemplateList", LIST, x_acs_security_token="t"))

    assert answer.json()["Code"] == "InvalidSecurityToken.MismatchWithAccessKey"


async def test_a_revoked_key_is_unknown(alibaba: Simulator, call: Callable[..., Any]) -> None:
    client = alibaba()
    issued = await issue(client)

    await client.delete("/_sim/credentials")

    assert await call(client, issued, issued["SecurityToken"]) == (404, "InvalidAccessKeyId.NotFound")
    renewed = await issue(client)
    assert await call(client, renewed, renewed["SecurityToken"]) == (200, "OK")
