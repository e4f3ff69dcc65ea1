"""submit_sm to draft, receipt to deliver_sm."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smppgw.core.classes import ClassRule
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Address, Outcome, Outgoing, OutgoingId, OutgoingKind, Part, TrafficClass
from smppgw.smpp import receipt, tlv, udh
from smppgw.smpp.consts import CommandStatus, MessageState, Tag
from smppgw.smpp.pdu import AlertNotification, SubmitSm, decode, encode
from smppgw.smpp.receipt import DIALECTS, Dialect
from smppgw.smpp.text import Alphabet, alphabets
from smppgw.workers.policy import AccountPolicy
from smppgw.workers.translate import (
    MAX_PARTS,
    Draft,
    Refusal,
    read_submit,
    write_alert,
    write_data_receipt,
    write_receipt,
)
from tests.workers.fakes import RECIPIENT, START, policy, submit

# START is 2023-11-14 22:13:20 UTC.
IN_AN_HOUR = "231114231320000+"
IN_TWO_HOURS = "231115001320000+"
AN_HOUR_AGO = "231114211320000+"


def read(pdu: SubmitSm, account: AccountPolicy | None = None, version: int = 0x34) -> Draft:
    draft = read_submit(pdu, account or policy(), version, START)
    assert isinstance(draft, Draft), draft
    return draft


def status_of(pdu: SubmitSm, version: int = 0x34) -> int:
    refusal = read_submit(pdu, policy(), version, START)
    assert isinstance(refusal, Refusal), refusal
    assert refusal.reason
    return refusal.status


def concatenated(number: int, total: int, text: bytes = b"part", reference: int = 7) -> bytes:
    return udh.encode(udh.of_part(reference, total, number)) + text


def sar(number: int, total: int, reference: int = 7) -> tuple[tuple[int, bytes], ...]:
    return (
        tlv.of_int(Tag.SAR_MSG_REF_NUM, reference),
        tlv.of_int(Tag.SAR_TOTAL_SEGMENTS, total),
        tlv.of_int(Tag.SAR_SEGMENT_SEQNUM, number),
    )


# --- what is understood -----------------------------------------------------------------------------------------------


def test_a_plain_submit_is_understood_whole() -> None:
    draft = read(submit())

    assert draft == Draft(
        source=Address(5, 0, "ACME"),
        sender="ACME",
        sender_is_number=False,
        destination=Address(1, 1, RECIPIENT),
        recipient=RECIPIENT,
        country="DE",
        text="hello",
        parts=1,
        replaced=0,
        part=None,
        flash=False,
        schedule_at=None,
        expires_at=START + 3600,
        user_message_reference=None,
        vendor_tlvs=b"",
        traffic_class=TrafficClass.TRANSACTIONAL,
    )


@pytest.mark.parametrize("ton", [0, 1, 2, 3, 4, 6, 7, 9, 255])
@pytest.mark.parametrize("npi", [0, 1, 7, 255])
def test_reserved_ton_and_npi_are_tolerated_and_kept(ton: int, npi: int) -> None:
    number = "01710000099" if ton == 2 else RECIPIENT

    draft = read(submit(destination_addr=number, dest_addr_ton=ton, dest_addr_npi=npi))

    assert (draft.recipient, draft.destination) == (RECIPIENT, Address(ton, npi, number))


def test_a_message_payload_stands_for_the_short_message() -> None:
    draft = read(submit(short_message=b"", tlvs=((Tag.MESSAGE_PAYLOAD, b"x" * 400),)))

    assert (draft.text, draft.parts) == ("x" * 400, 3)


def test_an_empty_text_is_a_text() -> None:
    assert read(submit(short_message=b"")).text == ""


@pytest.mark.parametrize(
    ("data_coding", "flash"), [(0x00, False), (0x10, True), (0x11, False), (0xF0, True), (0xF1, False)]
)
def test_message_class_zero_is_a_flash_message(data_coding: int, flash: bool) -> None:
    assert read(submit(data_coding=data_coding)).flash is flash


@pytest.mark.parametrize(
    ("alphabet", "octets", "text"),
    [
        (Alphabet.GSM7, b"\x00\x1b\x65", "@€"),
        (Alphabet.LATIN1, b"\xe4\xf6", "äö"),
        (Alphabet.ASCII, b"\x40", "@"),
        (Alphabet.UTF8, "grün".encode(), "grün"),
    ],
)
def test_data_coding_0_means_what_the_account_says(alphabet: Alphabet, octets: bytes, text: str) -> None:
    assert read(submit(short_message=octets), policy(alphabets=alphabets(alphabet))).text == text


@pytest.mark.parametrize(
    ("data_coding", "reading", "octets", "text", "flash"),
    [
        (0x01, Alphabet.GSM7, b"\x00\x1b\x65", "@€", False),
        (0x01, Alphabet.LATIN1, b"\xe4", "ä", False),
        (0x09, Alphabet.SHIFT_JIS, b"\x82\xa0", "あ", False),
        (0x04, Alphabet.UTF8, "grün".encode(), "grün", False),
        (0xF4, Alphabet.LATIN1, b"\xe4", "ä", True),
        (0xF1, Alphabet.UCS2, "你".encode("utf-16-be"), "你", False),
    ],
)
def test_a_data_coding_means_what_the_account_says_and_keeps_its_class(
    data_coding: int, reading: Alphabet, octets: bytes, text: str, flash: bool
) -> None:
    account = policy(alphabets=alphabets(Alphabet.GSM7, {data_coding: reading}))

    draft = read(submit(data_coding=data_coding, short_message=octets), account)

    assert (draft.text, draft.flash) == (text, flash)


def test_an_octet_without_meaning_is_replaced_and_counted() -> None:
    draft = read(submit(short_message=b"a\xff"), policy(alphabets=alphabets(Alphabet.UTF8)))

    assert (len(draft.text), draft.replaced) == (2, 1)


def test_vendor_tlvs_are_kept_as_they_stood_and_others_are_not() -> None:
    vendor = ((0x1501, b"abc"), (0x3FFF, b""))

    draft = read(submit(tlvs=((0x1380, b"x"), *vendor, (Tag.USER_MESSAGE_REFERENCE, b"\x12\x34"), (0x4000, b"y"))))

    assert tlv.decode(draft.vendor_tlvs) == vendor
    assert draft.user_message_reference == 0x1234


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"esm_class": 0x40, "short_message": concatenated(2, 3)}, Part(7, 3, 2)),
        ({"esm_class": 0x40, "short_message": udh.encode(udh.of_part(0x1234, 3, 1, wide=True))}, Part(0x1234, 3, 1)),
        ({"tlvs": sar(3, 3)}, Part(7, 3, 3)),
        ({"tlvs": sar(1, 3)[:2]}, None),
        ({"esm_class": 0x40, "short_message": b"\x00whole"}, None),
    ],
)
def test_the_place_of_a_part_comes_from_udh_or_sar(changes: dict[str, Any], part: Part | None) -> None:
    assert read(submit(**changes)).part == part


def test_the_header_is_no_text() -> None:
    assert read(submit(esm_class=0x40, short_message=concatenated(1, 2, b"text"))).text == "text"


@pytest.mark.parametrize(
    "changes",
    [{"esm_class": 0x40, "short_message": concatenated(1, 1, b"all")}, {"tlvs": sar(1, 1), "short_message": b"all"}],
)
def test_the_only_part_of_a_text_is_the_text(changes: dict[str, Any]) -> None:
    draft = read(submit(**changes))

    assert (draft.part, draft.text) == (None, "all")


def test_a_part_may_come_in_a_message_payload() -> None:
    draft = read(submit(esm_class=0x40, short_message=b"", tlvs=((Tag.MESSAGE_PAYLOAD, concatenated(1, 2, b"long")),)))

    assert (draft.text, draft.part) == ("long", Part(7, 2, 1))


@pytest.mark.parametrize(
    ("schedule", "validity", "times"),
    [
        ("", "", (None, START + 3600)),
        (IN_AN_HOUR, "", (START + 3600, START + 7200)),
        ("000000010000000R", "", (START + 3600, START + 7200)),
        ("", IN_TWO_HOURS, (None, START + 7200)),
        ("", "000000000500000R", (None, START + 300)),
        (IN_AN_HOUR, IN_TWO_HOURS, (START + 3600, START + 7200)),
    ],
)
def test_validity_counts_from_the_scheduled_time(
    schedule: str, validity: str, times: tuple[float | None, float]
) -> None:
    draft = read(submit(schedule_delivery_time=schedule, validity_period=validity))

    assert (draft.schedule_at, draft.expires_at) == times


# --- what is refused --------------------------------------------------------------------------------------------------

LONGEST = b"x" * 153 * MAX_PARTS


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        pytest.param({"data_coding": 4}, 0x45, id="binary"),
        pytest.param({"data_coding": 2}, 0x45, id="octets"),
        pytest.param({"data_coding": 0xF5}, 0x45, id="binary with a class"),
        pytest.param({"data_coding": 13}, 0x45, id="no text alphabet"),
        pytest.param({"data_coding": 0xC8}, 0x45, id="message waiting"),
        pytest.param({"esm_class": 0x40, "short_message": b""}, 0x43, id="udhi without header"),
        pytest.param({"esm_class": 0x40, "short_message": b"\x05\x00\x03\x07\x02"}, 0x43, id="header past the end"),
        pytest.param({"esm_class": 0x40, "short_message": b"\x05\x00\x03\x07\x02\x03"}, 0x43, id="part 3 of 2"),
        pytest.param({"esm_class": 0x40, "short_message": b"\x03\x00\x01\x07abc"}, 0x43, id="element too short"),
        pytest.param({"esm_class": 0x40, "short_message": concatenated(1, 2), "tlvs": sar(1, 2)}, 0x43, id="both"),
        pytest.param({"esm_class": 0x40, "short_message": b"\x06\x05\x04\x0b\x84\x23\xf0wap"}, 0x45, id="ports"),
        pytest.param({"esm_class": 0x04}, 0x43, id="a receipt from an esme"),
        pytest.param({"tlvs": sar(0, 2)}, 0xC4, id="sar part 0"),
        pytest.param({"tlvs": sar(3, 2)}, 0xC4, id="sar part 3 of 2"),
        pytest.param({"tlvs": ((Tag.SAR_MSG_REF_NUM, b"\x01"), *sar(1, 2)[1:])}, 0xC2, id="sar of the wrong length"),
        pytest.param({"tlvs": ((Tag.USER_MESSAGE_REFERENCE, b""),)}, 0xC2, id="reference of the wrong length"),
        pytest.param({"tlvs": ((Tag.MESSAGE_PAYLOAD, b"x"),)}, 0x01, id="both payloads"),
        pytest.param({"short_message": b"", "tlvs": ((Tag.MESSAGE_PAYLOAD, LONGEST + b"x"),)}, 0x01, id="21 parts"),
        pytest.param({"esm_class": 0x40, "short_message": concatenated(1, 21)}, 0x01, id="part 1 of 21 by udh"),
        pytest.param({"tlvs": sar(21, 255)}, 0x01, id="part 21 of 255 by sar"),
        pytest.param({"schedule_delivery_time": AN_HOUR_AGO}, 0x61, id="schedule past"),
        pytest.param({"schedule_delivery_time": "soon"}, 0x61, id="schedule malformed"),
        pytest.param({"validity_period": AN_HOUR_AGO}, 0x62, id="validity past"),
        pytest.param({"validity_period": "241301"}, 0x62, id="validity malformed"),
        pytest.param({"validity_period": "231332000000000+"}, 0x62, id="no such day"),
        pytest.param(
            {"schedule_delivery_time": IN_TWO_HOURS, "validity_period": IN_AN_HOUR}, 0x62, id="ends before it begins"
        ),
        pytest.param({"priority_flag": 4}, 0x06, id="priority"),
        pytest.param({"short_message": b"", "sm_default_msg_id": 1}, 0x63, id="predefined message"),
        pytest.param({"destination_addr": ""}, 0x0B, id="no destination"),
        pytest.param({"destination_addr": "49x"}, 0x0B, id="destination with letters"),
        pytest.param({"dest_addr_ton": 5, "destination_addr": "ACME"}, 0x0B, id="alphanumeric destination"),
        pytest.param({"destination_addr": "999123456"}, 0x0B, id="no such calling code"),
        pytest.param({"destination_addr": "4917"}, 0x0B, id="destination too short"),
        pytest.param({"source_addr": "TWELVELETTER"}, 0x0A, id="alphanumeric source too long"),
        pytest.param({"source_addr_ton": 1, "source_addr": "49*1"}, 0x0A, id="source no number"),
        pytest.param({"source_addr_ton": 1, "source_addr": "4" * 16}, 0x0A, id="numeric source too long"),
    ],
)  # fmt: skip
def test_what_cannot_be_translated_is_refused_with_the_status_of_its_field(
    changes: dict[str, Any], status: int
) -> None:
    assert status_of(submit(**changes)) == status


def test_the_longest_text_is_taken() -> None:
    draft = read(submit(short_message=b"", tlvs=((Tag.MESSAGE_PAYLOAD, LONGEST),)))

    assert draft.parts == MAX_PARTS


def test_the_last_of_twenty_parts_is_taken() -> None:
    assert read(submit(tlvs=sar(20, 20))).part == Part(7, 20, 20)


@pytest.mark.parametrize(
    ("version", "status"),
    [
        (0x33, CommandStatus.ESME_RSUBMITFAIL),
        (0x34, CommandStatus.ESME_RSUBMITFAIL),
        (0x50, CommandStatus.ESME_RINVDCS),
    ],
)
def test_an_unknown_data_coding_has_a_status_of_its_own_in_5_0_only(version: int, status: CommandStatus) -> None:
    assert status_of(submit(data_coding=0x0E), version) == status


def test_a_predefined_message_beside_a_text_does_not_matter() -> None:
    assert read(submit(sm_default_msg_id=1)).text == "hello"


# --- anything at all --------------------------------------------------------------------------------------------------

OCTET = st.integers(0, 255)
ADDRESSES = st.one_of(
    st.text("0123456789+", max_size=20), st.text(st.characters(max_codepoint=255, exclude_characters="\0"), max_size=20)
)
TIMES = st.one_of(st.just(""), st.from_regex(r"[0-9]{15}[-+R]", fullmatch=True), st.text("0123R+", max_size=16))
TLVS = st.lists(
    st.tuples(
        st.sampled_from([
            Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM, Tag.MESSAGE_PAYLOAD,
            Tag.USER_MESSAGE_REFERENCE, 0x1501, 0xFFFF,
        ]),
        st.binary(max_size=40),
    ),
    max_size=5,
).map(tuple)  # fmt: skip
SUBMITS = st.builds(
    SubmitSm,
    source_addr_ton=OCTET,
    source_addr_npi=OCTET,
    source_addr=ADDRESSES,
    dest_addr_ton=OCTET,
    dest_addr_npi=OCTET,
    destination_addr=ADDRESSES,
    esm_class=st.sampled_from([0, 0x40, 0x43, 0x80, 0xC0]) | OCTET,
    priority_flag=st.integers(0, 5),
    schedule_delivery_time=TIMES,
    validity_period=TIMES,
    data_coding=st.sampled_from([0, 1, 3, 5, 6, 7, 8, 0x10]) | OCTET,
    sm_default_msg_id=st.integers(0, 1),
    short_message=st.one_of(st.binary(max_size=254), st.binary(max_size=60).map(lambda rest: b"\x05\x00\x03" + rest)),
    tlvs=TLVS,
)


@given(pdu=SUBMITS, version=st.sampled_from([0, 0x33, 0x34, 0x50]), country=st.sampled_from([None, "DE", "US", "XX"]))
@settings(max_examples=300, deadline=None)
def test_nothing_that_a_peer_submits_raises(pdu: SubmitSm, version: int, country: str | None) -> None:
    outcome = read_submit(pdu, policy(country=country), version, START)

    assert isinstance(outcome, Draft | Refusal)


# --- receipts ---------------------------------------------------------------------------------------------------------


def outgoing(**changes: Any) -> Outgoing:
    fields: dict[str, Any] = {
        "id": OutgoingId(1),
        "account": "acme",
        "kind": OutgoingKind.RECEIPT,
        "message_id": "1234567890",
        "source": Address(5, 0, "ACME"),
        "destination": Address(1, 1, RECIPIENT),
        "outcome": Outcome.DELIVERED,
        "error": ErrorCode.NONE,
        "submitted_at": START,
        "done_at": START + 60,
        "text": "hello",
        "tries": 0,
    }
    return Outgoing(**(fields | changes))


def test_a_receipt_goes_back_the_way_the_message_came() -> None:
    pdu = write_receipt(outgoing(), Dialect())

    assert (pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr) == (1, 1, RECIPIENT)
    assert (pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr) == (5, 0, "ACME")


def test_a_receipt_gives_back_what_the_esme_called_the_message() -> None:
    pdu = write_receipt(outgoing(user_message_reference=4711), DIALECTS["standard"])

    assert tlv.integer(pdu.tlvs, Tag.USER_MESSAGE_REFERENCE) == 4711


@pytest.mark.parametrize(("reference", "profile"), [(None, "standard"), (4711, "legacy-3.3")])
def test_a_receipt_without_reference_or_tlvs_gives_none(reference: int | None, profile: str) -> None:
    pdu = write_receipt(outgoing(user_message_reference=reference), DIALECTS[profile])

    assert tlv.get(pdu.tlvs, Tag.USER_MESSAGE_REFERENCE) is None


def test_a_receipt_says_so_in_esm_class_and_its_text_has_the_default_coding() -> None:
    pdu = write_receipt(outgoing(), Dialect())

    assert (pdu.esm_class, pdu.data_coding, pdu.registered_delivery) == (0x04, 0, 0)


@pytest.mark.parametrize("profile", DIALECTS)
def test_an_intermediate_notification_says_so_in_every_profile(profile: str) -> None:
    notification = outgoing(kind=OutgoingKind.INTERMEDIATE, outcome=Outcome.ENROUTE)
    as_deliver_sm = write_receipt(notification, DIALECTS[profile])
    as_data_sm = write_data_receipt(notification, DIALECTS[profile])

    assert (as_deliver_sm.esm_class, as_data_sm.esm_class) == (0x20, 0x20)
    said = receipt.parse(as_deliver_sm.short_message)
    assert said is not None
    assert (said.state, said.err, said.dlvrd or 0) == (MessageState.ENROUTE, 0, 0)
    if Tag.MESSAGE_STATE in DIALECTS[profile].tlvs:
        assert tlv.integer(as_deliver_sm.tlvs, Tag.MESSAGE_STATE) == MessageState.ENROUTE


def test_an_alert_says_who_is_back_and_who_wanted_to_know() -> None:
    pdu = decode(encode(write_alert(outgoing(kind=OutgoingKind.ALERT, source=Address(5, 7, "ACME")))))

    assert isinstance(pdu, AlertNotification)
    assert (pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr) == (1, 1, RECIPIENT)
    assert (pdu.esme_addr_ton, pdu.esme_addr_npi, pdu.esme_addr) == (5, 7, "ACME")
    assert tlv.integer(pdu.tlvs, Tag.MS_AVAILABILITY_STATUS) == 0


def test_the_text_and_the_tlvs_of_a_receipt_say_the_same() -> None:
    pdu = write_receipt(outgoing(outcome=Outcome.UNDELIVERABLE, error=ErrorCode.NOT_ON_SERVICE), Dialect())

    said = receipt.parse(pdu.short_message)
    assert said is not None
    assert (said.message_id, said.state, said.err) == ("1234567890", MessageState.UNDELIVERABLE, 12)
    assert tlv.text(pdu.tlvs, Tag.RECEIPTED_MESSAGE_ID) == "1234567890"
    assert tlv.integer(pdu.tlvs, Tag.MESSAGE_STATE) == MessageState.UNDELIVERABLE
    assert tlv.get(pdu.tlvs, Tag.NETWORK_ERROR_CODE) == b"\x03\x00\x0c"


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_can_be_written_and_read(outcome: Outcome) -> None:
    pdu = decode(encode(write_receipt(outgoing(outcome=outcome), Dialect())))

    assert tlv.integer(pdu.tlvs, Tag.MESSAGE_STATE) == outcome


@given(text=st.text(max_size=40), addr=st.text(st.characters(max_codepoint=255, exclude_characters="\0"), max_size=20))
@settings(max_examples=100, deadline=None)
def test_no_text_and_no_address_of_a_peer_spoils_its_receipt(text: str, addr: str) -> None:
    pdu = write_receipt(outgoing(text=text, source=Address(0, 0, addr)), Dialect())

    assert decode(encode(pdu)) == pdu


def test_the_class_is_told_by_the_accounts_rules() -> None:
    rules = (ClassRule(traffic_class=TrafficClass.OTP, service_type="OTP"),)

    assert read(submit(service_type="OTP"), policy(classes=rules)).traffic_class is TrafficClass.OTP
