"""submit_sm with national languages and packed septets, as phones' software and old systems send them."""

from typing import Any

import pytest

from smppgw.core.model import Part
from smppgw.smpp import gsm7, udh
from smppgw.smpp.consts import CommandStatus, Tag
from smppgw.smpp.text import Alphabet, alphabets
from smppgw.workers.translate import Draft, Refusal, read_submit
from tests.workers.fakes import START, policy, submit

UDHI = 0x40
TURKISH = ((udh.SINGLE_SHIFT, b"\x01"),)


def read(short_message: bytes, account: dict[str, Any] | None = None, **changes: Any) -> Draft | Refusal:
    return read_submit(submit(short_message=short_message, **changes), policy(**account or {}), 0x34, START)


@pytest.mark.parametrize(
    ("short_message", "text"),
    [
        (b"\x03\x24\x01\x01" + b"\x1b\x73u", "şu"),
        (b"\x03\x25\x01\x01" + b"\x1du", "şu"),
        (b"\x03\x24\x01\x02" + b"coraz\x1b\x6fn", "corazón"),
        (b"\x06\x24\x01\x03\x25\x01\x03" + b"S\x7bo \x1b\x7b", "São ã"),
    ],
)
def test_a_language_shift_is_understood(short_message: bytes, text: str) -> None:
    draft = read(short_message, esm_class=UDHI)

    assert isinstance(draft, Draft)
    assert (draft.text, draft.replaced, draft.part) == (text, 0, None)


def test_a_part_may_have_a_language_of_its_own() -> None:
    draft = read(udh.encode((*udh.of_part(7, 3, 2), *TURKISH)) + b"\x1b\x73u", esm_class=UDHI)

    assert isinstance(draft, Draft)
    assert (draft.text, draft.part) == ("şu", Part(7, 3, 2))


def test_a_language_shift_holds_for_the_gsm_alphabet_only() -> None:
    draft = read(udh.encode(TURKISH) + "şu".encode("utf-16-be"), esm_class=UDHI, data_coding=8)

    assert isinstance(draft, Draft)
    assert draft.text == "şu"


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("06050415b30000", "a message to port 5555 is for a program, not for a reader"),
        ("0404020500", "a message to port 5 is for a program, not for a reader"),
        ("0b050415b300000003070201", "a message to port 5555 is for a program, not for a reader"),
        ("03700100", "element 0x70 in the user data header"),
        ("03240104", "no single shift table of language 0x04"),
        ("03250102", "no locking shift table of language 0x02"),
        ("03250100", "no locking shift table of language 0x00"),
    ],
)
def test_a_header_that_no_carrier_can_deliver_is_refused_with_its_reason(header: str, reason: str) -> None:
    refusal = read(bytes.fromhex(header) + b"text", esm_class=UDHI)

    assert refusal == Refusal(CommandStatus.ESME_RSUBMITFAIL, reason)


def test_a_language_shift_of_the_wrong_length_is_a_malformed_header() -> None:
    refusal = read(b"\x04\x24\x02\x01\x01text", esm_class=UDHI)

    assert refusal == Refusal(CommandStatus.ESME_RINVESMCLASS, "element 0x24 of 2 octets, not 1")


PACKED = {"alphabets": alphabets(Alphabet.GSM7_PACKED)}


def test_packed_septets_are_understood_where_the_account_packs() -> None:
    draft = read(gsm7.pack(gsm7.encode("price: 5 €")), PACKED)

    assert isinstance(draft, Draft)
    assert (draft.text, draft.replaced) == ("price: 5 €", 0)


@pytest.mark.parametrize("data_coding", [0x10, 0xF0])
def test_a_data_coding_that_names_the_gsm_alphabet_is_not_packed(data_coding: int) -> None:
    draft = read(b"hello", PACKED, data_coding=data_coding)

    assert isinstance(draft, Draft)
    assert draft.text == "hello"


@pytest.mark.parametrize("wide", [False, True])
def test_packed_septets_of_a_part_start_behind_the_filling(wide: bool) -> None:
    header = udh.encode(udh.of_part(7, 2, 1, wide=wide))
    octets = header + gsm7.pack(b"part one", gsm7.fill_bits(len(header)))

    draft = read(b"", PACKED, esm_class=UDHI, tlvs=((Tag.MESSAGE_PAYLOAD, octets),))

    assert isinstance(draft, Draft)
    assert (draft.text, draft.part) == ("part one", Part(7, 2, 1))
