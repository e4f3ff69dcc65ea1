"""ACS3-HMAC-SHA256: the known answers of the official SDK, and what must not pass."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import httpx2
import pytest

from smppgw.simulators.alibaba.answers import GatewayError
from smppgw.simulators.alibaba.keys import AccessKey, Keys
from smppgw.simulators.alibaba.signature import NONCE_MEMORY_S, SignedRequest, Verifier, string_to_sign

Simulator = Callable[..., httpx2.AsyncClient]
Sign = Callable[..., httpx2.Request]
Advance = Callable[[float], None]

VECTORS = json.loads((Path(__file__).parents[2] / "data" / "alibaba_signature_vectors.json").read_text())["vectors"]
SMS = {
    "PhoneNumbers": "13900000099",
    "SignName": "阿里云",
    "TemplateCode": "SMS_100000001",
    "TemplateParam": '{"code":"1234"}',
}

each_vector = pytest.mark.parametrize("vector", [pytest.param(each, id=each["name"]) for each in VECTORS])


def a_request(vector: Mapping[str, Any]) -> SignedRequest:
    return SignedRequest(
        method=vector["method"],
        path=vector["path"],
        query=vector["canonical_query"],
        headers={**vector["headers_signed"], "authorization": vector["authorization"]},
        body=vector["body"].encode(),
    )


def code_of(vector: Mapping[str, Any], request: SignedRequest) -> str:
    """OK if it passes."""
    token = vector["headers_signed"].get("x-acs-security-token")
    key = AccessKey(id=vector["access_key_id"], secret=vector["access_key_secret"], token=token)
    verifier = Verifier(Keys(key, lifetime=1.0, seed=0))
    try:
        verifier.verify(request, datetime.fromisoformat(vector["headers_signed"]["x-acs-date"]).timestamp())
    except GatewayError as error:
        return error.code
    return "OK"


@each_vector
def test_a_known_signature_passes(vector: Mapping[str, Any]) -> None:
    assert code_of(vector, a_request(vector)) == "OK"


@each_vector
def test_the_string_to_sign_is_the_known_one(vector: Mapping[str, Any]) -> None:
    assert string_to_sign(a_request(vector), sorted(vector["headers_signed"])) == vector["string_to_sign"]


@each_vector
def test_the_wire_may_write_blanks_as_plus_and_leave_colons_bare(vector: Mapping[str, Any]) -> None:
    pairs = [f"{quote_plus(name)}={quote_plus(value, safe=':,')}" for name, value in vector["query"].items()]
    request = replace(a_request(vector), query="&".join(pairs))

    assert code_of(vector, request) == "OK"


@each_vector
def test_a_changed_query_does_not_pass(vector: Mapping[str, Any]) -> None:
    request = replace(a_request(vector), query=vector["canonical_query"] + "&Extra=1")

    assert code_of(vector, request) == "SignatureDoesNotMatch"


@each_vector
def test_a_flipped_bit_of_the_body_does_not_pass(vector: Mapping[str, Any]) -> None:
    body = vector["body"].encode() or b"\x00"
    request = replace(a_request(vector), body=bytes([body[0] ^ 1]) + body[1:])

    assert code_of(vector, request) == "SignatureDoesNotMatch"


@each_vector
def test_a_flipped_digit_of_the_signature_does_not_pass(vector: Mapping[str, Any]) -> None:
    authorization = vector["authorization"]
    flipped = authorization[:-1] + ("0" if authorization[-1] != "0" else "1")
    request = replace(a_request(vector), headers={**vector["headers_signed"], "authorization": flipped})

    assert code_of(vector, request) == "SignatureDoesNotMatch"


@each_vector
def test_a_changed_header_does_not_pass(vector: Mapping[str, Any]) -> None:
    request = a_request(vector)
    changed = replace(request, headers={**request.headers, "x-acs-signature-nonce": "another"})

    assert code_of(vector, changed) == "SignatureDoesNotMatch"


@each_vector
def test_an_unsigned_acs_header_does_not_pass(vector: Mapping[str, Any]) -> None:
    request = a_request(vector)
    added = replace(request, headers={**request.headers, "x-acs-extra": "1"})

    assert code_of(vector, added) == "SignatureDoesNotMatch"


def test_an_unsigned_content_type_passes_where_there_is_no_form() -> None:
    vector = VECTORS[1]
    request = a_request(vector)
    added = replace(request, headers={**request.headers, "content-type": "application/octet-stream"})

    assert code_of(vector, added) == "OK"


async def code(client: httpx2.AsyncClient, request: httpx2.Request) -> tuple[int, str]:
    answer = await client.send(request)
    return answer.status_code, answer.json()["Code"]


async def test_a_signed_request_comes_through(alibaba: Simulator, sign: Sign) -> None:
    assert await code(alibaba(), sign("SendSms", SMS)) == (200, "OK")


async def test_a_signed_form_comes_through(alibaba: Simulator, sign: Sign) -> None:
    assert await code(alibaba(), sign("SendSms", form=SMS)) == (200, "OK")


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"secret": "wrong"}, 400, "SignatureDoesNotMatch"),
        ({"key_id": "LTAI-other"}, 404, "InvalidAccessKeyId.NotFound"),
        ({"host": "elsewhere"}, 400, "SignatureDoesNotMatch"),
        ({"x_acs_date": "2026-01-02 03:04:05"}, 400, "InvalidTimeStamp.Format"),
        ({"x_acs_date": "2026-01-02T03:19:05Z"}, 200, "OK"),
        ({"x_acs_date": "2026-01-02T03:19:06Z"}, 400, "InvalidTimeStamp.Expired"),
        ({"x_acs_date": "2026-01-02T02:49:05Z"}, 200, "OK"),
        ({"x_acs_date": "2026-01-02T02:49:04Z"}, 400, "InvalidTimeStamp.Expired"),
        ({"x_acs_date": ""}, 400, "MissingTimestamp"),
        ({"x_acs_signature_nonce": ""}, 400, "MissingSignatureNonce"),
        ({"x_acs_content_sha256": ""}, 400, "MissingContentSha256"),
        ({"x_acs_content_sha256": "0" * 64}, 400, "SignatureDoesNotMatch"),
        ({"version": "2018-05-01"}, 400, "InvalidVersion"),
    ],
)
async def test_each_fault_of_a_request_has_its_code(
    alibaba: Simulator, sign: Sign, changes: dict[str, str], status: int, error: str
) -> None:
    request = sign("SendSms", SMS, **changes)
    if changes.get("host"):
        request.headers["host"] = "sim"

    assert await code(alibaba(), request) == (status, error)


@pytest.mark.parametrize("authorization", [None, "", "Basic eDp5", "ACS3-HMAC-SHA256 Credential=x"])
async def test_what_is_no_signature_is_incomplete(alibaba: Simulator, sign: Sign, authorization: str | None) -> None:
    request = sign("SendSms", SMS)
    del request.headers["authorization"]
    if authorization is not None:
        request.headers["authorization"] = authorization

    assert await code(alibaba(), request) == (400, "IncompleteSignature")


async def test_an_error_of_the_gateway_has_five_fields_and_an_id(alibaba: Simulator, sign: Sign) -> None:
    answer = await alibaba().send(sign("SendSms", SMS, secret="wrong"))

    body = answer.json()
    assert set(body) == {"RequestId", "HostId", "Code", "Message", "Recommend"}
    assert body["HostId"] == "sim"
    assert body["RequestId"] == answer.headers["x-acs-request-id"]
    assert answer.headers["content-type"] == "application/json;charset=utf-8"


async def test_a_nonce_passes_once(alibaba: Simulator, sign: Sign) -> None:
    client = alibaba()
    request = sign("QuerySmsTemplateList")

    codes = [await code(client, request) for _ in range(2)]

    assert codes == [(200, "OK"), (400, "SignatureNonceUsed")]


async def test_a_forged_request_does_not_use_up_the_nonce(alibaba: Simulator, sign: Sign) -> None:
    client = alibaba()
    await client.send(sign("SendSms", SMS, secret="wrong", x_acs_signature_nonce="same"))

    assert await code(client, sign("SendSms", SMS, x_acs_signature_nonce="same")) == (200, "OK")


async def test_a_nonce_may_come_back_after_half_an_hour(alibaba: Simulator, sign: Sign, advance: Advance) -> None:
    client = alibaba()
    codes = []
    for seconds in (0.0, NONCE_MEMORY_S, 1.0):
        advance(seconds)
        codes.append((await code(client, sign("QuerySmsTemplateList", x_acs_signature_nonce="same")))[1])

    assert codes == ["OK", "SignatureNonceUsed", "OK"]
