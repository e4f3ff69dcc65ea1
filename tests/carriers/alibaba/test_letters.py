"""What a call says of each message: written as the platform's SDK writes it, and read back."""

import json
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smppgw.carriers.alibaba.letters import FORM, Letter, action_of, parts_of, read, write
from smppgw.core.model import Attempt, BatchId, MessageId
from tests.carriers.alibaba.builders import Clock, mainland
from tests.carriers.contract import Wire, answering

VECTORS = json.loads(
    (Path(__file__).parents[2] / "data" / "alibaba_signature_vectors.json").read_text(encoding="utf-8")
)
MIXED: dict[str, Any] = next(each for each in VECTORS["vectors"] if each["name"] == "SendBatchSms-mixed")


def letter(number: str = "13900000000", sign: str = "阿里云", code: str = "SMS_1", **params: str) -> Letter:
    return Letter(number=number, sign_name=sign, template_code=code, params=tuple(params.items()))


def attempt_of(out_id: str, letters: list[Letter], **changes: Any) -> Attempt:
    request = write(BatchId(out_id), letters)
    values: dict[str, Any] = {
        "batch": BatchId(out_id),
        "host": "https://dysmsapi.aliyuncs.com",
        "method": "POST",
        "target": request.target,
        "content_type": request.content_type,
        "body": request.body,
        "nonce": MIXED["headers_signed"]["x-acs-signature-nonce"],
        "date": MIXED["headers_signed"]["x-acs-date"],
        "prepared_at": 0.0,
        "messages": tuple(MessageId(number) for number in range(len(letters))),
    }
    return Attempt(**values | changes)


OF_THE_VECTOR = [
    letter("13900000000", "阿里云", "SMS_152550000", name="A B"),
    letter("13500000000", "阿里巴巴", "SMS_152550000", name="王*~"),
]


def test_a_batch_is_written_octet_for_octet_as_the_sdk_does() -> None:
    request = write(BatchId("batch-1"), OF_THE_VECTOR)

    assert request.target == f"/?{MIXED['canonical_query']}"
    assert request.content_type == FORM
    assert request.body.decode() == MIXED["body"]


async def test_a_batch_is_signed_as_the_sdk_does() -> None:
    wire = Wire(answering(503))
    keys = {"access_key_id": MIXED["access_key_id"], "access_key_secret": MIXED["access_key_secret"]}
    carrier = mainland(wire, clock=Clock(), **keys)

    await carrier.send(attempt_of("batch-1", OF_THE_VECTOR))

    (request,) = wire.requests
    assert request.headers["authorization"] == MIXED["authorization"]
    assert request.content.decode() == MIXED["body"]
    assert request.headers["x-acs-action"] == "SendBatchSms"


def test_no_letter_makes_a_request_that_names_no_template() -> None:
    request = write(BatchId("b"), [])

    assert request.target == "/?OutId=b"
    assert action_of(attempt_of("b", [])) is None


@pytest.mark.parametrize(("count", "action"), [(1, "SendSms"), (2, "SendBatchSms")])
def test_the_number_of_letters_decides_the_operation(count: int, action: str) -> None:
    assert action_of(attempt_of("b", [letter(str(n)) for n in range(count)])) == action


VALUE = st.text(min_size=1, max_size=12).filter(lambda text: text.isprintable())


@given(
    st.lists(st.tuples(VALUE, st.fixed_dictionaries({"a": VALUE, "b": VALUE})), min_size=1, max_size=4),
    st.booleans(),
)
@settings(deadline=None)
def test_what_was_written_is_read_back(said: list[tuple[str, dict[str, str]]], has_values: bool) -> None:
    letters = [
        letter(f"139{number:08}", sign, "SMS_1", **(values if has_values else {}))
        for number, (sign, values) in enumerate(said)
    ]

    assert read(attempt_of("b", letters)) == letters


def test_what_went_over_the_wire_is_what_was_stored() -> None:
    attempt = attempt_of("b", [letter(name="50% & +*~/?#")])

    assert read(attempt) == [letter(name="50% & +*~/?#")]
    assert httpx.URL(attempt.host + attempt.target).params["TemplateParam"] == '{"name":"50% & +*~/?#"}'


@pytest.mark.parametrize(("length", "parts"), [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (160, 3), (500, 8)])
def test_a_content_of_more_than_seventy_characters_is_billed_in_67s(length: int, parts: int) -> None:
    assert parts_of("好" * length) == parts
