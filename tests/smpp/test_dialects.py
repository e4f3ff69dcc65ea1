"""The profiles, held against receipts as their sources show them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.smpp import receipt, tlv
from smppgw.smpp.consts import MessageState, Tag
from smppgw.smpp.dialects import DIALECTS, Dialect, IdInText, id_in_text
from smppgw.smpp.receipt import Receipt

DECIMAL = Dialect(ids=IdInText.DECIMAL)
DATES = "submit date:2601011213 done date:2601011213"

FAILED = Receipt(
    message_id="0a1b2c3d",  # the gateway's own ids have no leading zero; those of others may
    state=MessageState.UNDELIVERABLE,
    submitted_at=1_767_269_580.0,  # 2026-01-01 12:13:00
    done_at=1_767_269_597.0,
    err=12,
    text="Hello World, how are you?",
)


@pytest.mark.parametrize(
    ("profile", "text"),
    [
        ("standard", f"id:0a1b2c3d sub:001 dlvrd:000 {DATES} stat:UNDELIV err:012 text:Hello World, how are"),
        ("kannel", f"id:0a1b2c3d sub:001 dlvrd:000 {DATES} stat:UNDELIV err:012 text:Hello World, how are"),
        ("jasmin", f"id:0a1b2c3d {DATES} stat:UNDELIV err:012"),
        ("vonage", f"id:0169552957 sub:001 dlvrd:000 {DATES} stat:UNDELIV err:012 text:none"),  # 0x0a1b2c3d
        ("cm", "id:0a1b2c3d submit date:20260101121300 done date:20260101121317 stat:UNDELIV err:012"),
        ("legacy-3.3", f"id:0169552957 sub:001 dlvrd:000 {DATES} stat:UNDELIV err:012 Text:Hello World, how are"),
    ],
)
def test_every_profile_writes_as_its_family_does(profile: str, text: str) -> None:
    octets = receipt.render(FAILED, DIALECTS[profile])

    assert octets.decode("ascii") == text


@pytest.mark.parametrize(
    ("profile", "tags"),
    [
        ("standard", [Tag.RECEIPTED_MESSAGE_ID, Tag.MESSAGE_STATE, Tag.NETWORK_ERROR_CODE]),
        ("kannel", [Tag.RECEIPTED_MESSAGE_ID, Tag.MESSAGE_STATE]),
        ("jasmin", [Tag.RECEIPTED_MESSAGE_ID, Tag.MESSAGE_STATE]),
        ("vonage", [Tag.RECEIPTED_MESSAGE_ID, Tag.MESSAGE_STATE]),
        ("cm", [Tag.RECEIPTED_MESSAGE_ID, Tag.MESSAGE_STATE]),
        ("legacy-3.3", []),
    ],
)
def test_every_profile_has_the_tlvs_of_its_family(profile: str, tags: list[Tag]) -> None:
    found = receipt.tlvs(FAILED, DIALECTS[profile])

    assert [tag for tag, _ in found] == tags


# What ESMEs that were written against these families look for, from their documentation.
EXPECTATIONS = {
    "vonage": r"id:(\d{10}) sub:001 dlvrd:\d{3} submit date:\d{10} done date:\d{10} stat:[A-Z]{7} err:\d{3} text:none",
    "cm": r"id:(\S{1,32}) submit date:\d{14} done date:\d{14} stat:[A-Z]{7} err:\d{3}",
    "legacy-3.3": r"id:(\d{10}) sub:\d{3} dlvrd:\d{3} submit date:\d{10} done date:\d{10} stat:\w{7} err:\d{3} Text:.*",
    "jasmin": r"id:([\dA-Za-z-_]+) submit date:\d+ done date:\d+ stat:\w{7} err:\w{1,3}",
}


@pytest.mark.parametrize("profile", EXPECTATIONS)
@pytest.mark.parametrize("state", MessageState)
def test_an_esme_of_the_family_can_read_every_state(profile: str, state: MessageState) -> None:
    said = Receipt(message_id="8f1c29a7", state=state, submitted_at=0.0, done_at=1.0, err=3, text="\u2603 {x}")

    octets = receipt.render(said, DIALECTS[profile])

    assert re.fullmatch(EXPECTATIONS[profile], octets.decode("ascii"))


@pytest.mark.parametrize("profile", DIALECTS)
def test_every_profile_names_its_source(profile: str) -> None:
    assert DIALECTS[profile].source


@pytest.mark.parametrize("profile", DIALECTS)
def test_a_profile_that_converts_ids_expects_hexadecimal_ones(profile: str) -> None:
    dialect = DIALECTS[profile]

    assert dialect.hex_response or dialect.ids is IdInText.AS_ANSWERED


@pytest.mark.parametrize(
    ("message_id", "written"),
    [
        ("10000000", "0268435456"),  # the lowest id of the gateway in this form, 16**7
        ("ffffffff", "4294967295"),
        ("FFFFFFFF", "4294967295"),
        ("12345678", "0305419896"),  # digits only, yet hexadecimal: it has eight of them
        ("4096172839", "4096172839"),  # answered in decimal
        ("00ab", "00ab"),
        ("1234567g", "1234567g"),
        ("12_45678", "12_45678"),  # `int` would take it
        ("\u0661" * 8, "\u0661" * 8),
        ("", ""),
    ],
)
def test_an_id_of_eight_hexadecimal_digits_is_written_in_decimal(message_id: str, written: str) -> None:
    assert id_in_text(message_id, DECIMAL) == written


@given(st.integers(0, 0xFFFF_FFFF))
def test_an_esme_gets_back_the_id_of_the_response(number: int) -> None:
    answered = f"{number:08x}"

    written = id_in_text(answered, DECIMAL)

    assert f"{int(written):08x}" == answered


@given(st.text())
def test_any_id_can_be_written(message_id: str) -> None:
    written = id_in_text(message_id, DECIMAL)

    assert written == message_id or re.fullmatch("[0-9]{10}", written)


@given(st.text())
def test_an_id_that_is_not_to_be_converted_stays_as_it_was_answered(message_id: str) -> None:
    assert id_in_text(message_id, Dialect()) == message_id


@pytest.mark.parametrize("profile", ["vonage", "kannel"])
def test_the_tlv_holds_the_id_of_the_response(profile: str) -> None:
    found = receipt.tlvs(FAILED, DIALECTS[profile])

    assert tlv.text(found, Tag.RECEIPTED_MESSAGE_ID) == "0a1b2c3d"
