"""ACS3-HMAC-SHA256 against nine known answers, and the wire against what was signed."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.carriers.alibaba.signature import Call, Credentials, authorization, canonical_query, date_of, signed_headers
from smppgw.carriers.http import Answer, call, client, request
from smppgw.core.values import Secret

VECTORS = json.loads((Path(__file__).parents[2] / "data" / "alibaba_signature_vectors.json").read_bytes())["vectors"]
NAMES = [vector["name"] for vector in VECTORS]
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30)


def credentials(vector: dict[str, Any]) -> Credentials:
    token = vector["headers_signed"].get("x-acs-security-token")
    return Credentials(
        access_key_id=vector["access_key_id"],
        access_key_secret=Secret(vector["access_key_secret"]),
        security_token=Secret(token) if token else None,
    )


def rpc(vector: dict[str, Any]) -> Call:
    headers = vector["headers_signed"]
    return Call(
        action=headers["x-acs-action"],
        version=headers["x-acs-version"],
        method=vector["method"],
        authority=headers["host"],
        query=canonical_query(vector["query"]),
        nonce=headers["x-acs-signature-nonce"],
        date=headers["x-acs-date"],
        body=vector["body"].encode(),
        content_type=headers.get("content-type"),
    )


@pytest.mark.parametrize("vector", VECTORS, ids=NAMES)
def test_the_canonical_query_is_the_published_one(vector: dict[str, Any]) -> None:
    assert canonical_query(vector["query"]) == vector["canonical_query"]


@pytest.mark.parametrize("vector", VECTORS, ids=NAMES)
def test_the_authorization_is_the_published_one(vector: dict[str, Any]) -> None:
    query, headers = canonical_query(vector["query"]), vector["headers_signed"]

    assert authorization(vector["method"], query, headers, credentials(vector)) == vector["authorization"]


@pytest.mark.parametrize("vector", VECTORS, ids=NAMES)
def test_the_headers_are_the_signed_ones_and_their_signature(vector: dict[str, Any]) -> None:
    # An official client adds this one for temporary keys; it is not asked for.
    expected = {name: value for name, value in vector["headers_signed"].items() if name != "x-acs-accesskey-id"}

    headers = signed_headers(rpc(vector), credentials(vector))

    signature = headers.pop("authorization")
    assert headers == expected
    assert len(expected) < len(vector["headers_signed"]) or signature == vector["authorization"]


@given(st.dictionaries(TEXT.filter(bool), TEXT, max_size=5))
def test_the_platform_reads_the_parameters_that_were_meant(parameters: dict[str, str]) -> None:
    query = canonical_query(parameters)

    assert dict(parse_qsl(query, keep_blank_values=True)) == parameters
    assert query.isascii()


def test_a_date_is_utc_to_the_second() -> None:
    assert date_of(1_767_323_045.9) == "2026-01-02T03:04:05Z"


def test_a_secret_is_not_in_any_header() -> None:
    headers = signed_headers(rpc(VECTORS[1]), credentials(VECTORS[1]))

    assert not [value for value in headers.values() if VECTORS[1]["access_key_secret"] in value]


async def test_the_wire_carries_the_very_octets_that_were_signed() -> None:
    query = canonical_query(
        {"TemplateParam": '{"name":"张三 Li","code":"1,2"}', "OutId": "a~b.c-d_e", "BizId": "9^0", "x": ""}
    )
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server, client() as http:
        authority = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        made = Call(
            action="SendSms",
            version="2017-05-25",
            method="POST",
            authority=authority,
            query=query,
            nonce="0" * 32,
            date=date_of(0),
        )
        headers = signed_headers(made, credentials(VECTORS[1]))
        result = await call(
            http, request(f"http://{authority}", f"/?{query}", method="POST", headers=headers), deadline_s=5
        )

    assert isinstance(result, Answer)
    first, *lines = heads[0].decode("ascii").split("\r\n")
    assert first == f"POST /?{query} HTTP/1.1"
    on_wire = dict(line.lower().split(": ", 1) for line in lines if line)
    assert {name: on_wire[name] for name in headers} == {name: value.lower() for name, value in headers.items()}
