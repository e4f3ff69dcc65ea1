from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smppgw.smpp import pdu as pdus
from smppgw.smpp.consts import CommandId
from smppgw.smpp.describe import Line, describe
from smppgw.smpp.fields import SmeAddress
from smppgw.smpp.pdu import Pdu, encode

SUBMIT = pdus.SubmitSm(sequence_number=1, source_addr_ton=5, source_addr="Me", short_message=b"Hi")


def words_of(frame: bytes) -> dict[str, str]:
    return {line.field: line.meaning for line in describe(frame)}


def warnings_of(frame: bytes) -> dict[str, str]:
    return {line.field: line.warning for line in describe(frame) if line.warning}


def test_every_field_is_told_in_wire_order_with_its_octets() -> None:
    frame = encode(pdus.SubmitSmResp(sequence_number=5, message_id="17"))

    assert describe(frame) == [
        Line(field="command_length", raw=b"\0\0\0\x13", meaning="19 octets"),
        Line(field="command_id", raw=b"\x80\0\0\4", meaning="submit_sm_resp"),
        Line(field="command_status", raw=b"\0\0\0\0", meaning="ESME_ROK"),
        Line(field="sequence_number", raw=b"\0\0\0\5", meaning="5"),
        Line(field="message_id", raw=b"17\0", meaning="'17'"),
    ]


@pytest.mark.parametrize("command_id", list(CommandId), ids=lambda one: one.name.lower())
def test_the_raw_octets_of_the_lines_make_up_the_frame(command_id: CommandId) -> None:
    pdu = pdus.CLASSES[command_id](sequence_number=1, tlvs=((0x1501, b"x"),))
    if isinstance(pdu, pdus.SubmitMulti):
        pdu = replace(pdu, dest_address=(SmeAddress(destination_addr="49"),))
    frame = encode(pdu)

    lines = describe(frame)

    shown = b"".join(line.raw for line in lines)
    hidden = [line for line in lines if line.field == "password"]
    assert len(shown) == len(frame) - len(hidden)
    assert hidden or shown == frame


def test_a_good_pdu_has_no_warnings() -> None:
    assert warnings_of(encode(SUBMIT)) == {}


@settings(max_examples=300)
@given(st.binary(max_size=100) | st.builds(lambda octets: encode(SUBMIT)[:8] + octets, st.binary(max_size=80)))
def test_any_octets_are_described_without_raising(frame: bytes) -> None:
    assert describe(frame)


@pytest.mark.parametrize(
    ("pdu", "field", "meaning"),
    [
        (SUBMIT, "source_addr_ton", "ALPHANUMERIC"),
        (SUBMIT, "short_message", "2 octets gsm7: 'Hi'"),
        (
            pdus.SubmitSm(data_coding=8, short_message="验证".encode("utf-16-be")),
            "short_message",
            "4 octets ucs2: '验证'",
        ),
        (pdus.SubmitSm(data_coding=4, short_message=b"\1\2\3"), "short_message", "3 octets, no text"),
        (
            pdus.SubmitSm(esm_class=0x40, short_message=b"\5\0\3\7\2\1Hi"),
            "short_message",
            "user data header (part 1 of 2, reference 7); 2 octets gsm7: 'Hi'",
        ),
        (
            pdus.SubmitSm(esm_class=0x40, short_message=b"\6\5\4\x0b\x84\x23\xf0Hi"),
            "short_message",
            "user data header (to port 2948 from port 9200); 2 octets gsm7: 'Hi'",
        ),
        (
            pdus.SubmitSm(esm_class=0x40, short_message=b"\6\x24\1\1\x25\1\1\x1ds \x1bs"),
            "short_message",
            "user data header (single shift to Turkish, locking shift to Turkish); 5 octets gsm7: 'şs ş'",
        ),
        (
            pdus.SubmitSm(esm_class=0x40, short_message=b"\x08\0\3\7\2\1\x24\1\2Hi"),
            "short_message",
            "user data header (part 1 of 2, reference 7, single shift to Spanish); 2 octets gsm7: 'Hi'",
        ),
        (
            pdus.SubmitSm(esm_class=0x40, short_message=b"\3\x24\1\4Hi"),
            "short_message",
            "user data header (single shift to language 0x04); 2 octets gsm7: 'Hi'",
        ),
        (
            pdus.SubmitSm(esm_class=0x40, short_message=b"\3\x70\1\4Hi"),
            "short_message",
            "user data header (element 0x70); 2 octets gsm7: 'Hi'",
        ),
        (pdus.SubmitSm(esm_class=0xC3), "esm_class", "message, store and forward mode, user data header, reply path"),
        (pdus.DeliverSm(esm_class=4), "esm_class", "delivery receipt"),
        (pdus.SubmitSm(registered_delivery=0x11), "registered_delivery", "receipt, intermediate notification"),
        (pdus.SubmitSm(data_coding=0xF0), "data_coding", "GSM 03.38 group: gsm7, class 0"),
        (pdus.SubmitSm(data_coding=8), "data_coding", "UCS2"),
        (pdus.BindReceiver(interface_version=0x34), "interface_version", "SMPP 3.4"),
        (pdus.BindReceiver(interface_version=0), "interface_version", "SMPP 3.3 or earlier: no TLVs for this peer"),
        (pdus.QuerySmResp(message_state=2), "message_state", "DELIVERED"),
        (pdus.DeliverSm(tlvs=((0x0427, b"\5"),)), "message_state", "UNDELIVERABLE"),
        (pdus.AlertNotification(tlvs=((0x0422, b"\0"),)), "ms_availability_status", "available"),
        (pdus.DataSm(tlvs=((0x0421, b"\1"),)), "set_dpf", "set"),
        (pdus.DataSmResp(tlvs=((0x0420, b"\0"),)), "dpf_result", "not set"),
        (pdus.DeliverSm(tlvs=((0x0423, b"\3\0\x15"),)), "network_error_code", "GSM, code 21"),
        (pdus.DeliverSm(tlvs=((0x001E, b"abc\0"),)), "receipted_message_id", "'abc'"),
        (pdus.SubmitSm(tlvs=((0x020C, b"\1\0"),)), "sar_msg_ref_num", "256"),
        (pdus.SubmitSm(tlvs=((0x0424, b"Hello"),)), "message_payload", "5 octets gsm7: 'Hello'"),
        (pdus.SubmitSmResp(command_status=0x58), "command_status", "ESME_RTHROTTLED"),
        (pdus.SubmitSmResp(command_status=0x406), "command_status", "a status of the vendor's own"),
    ],
)
def test_a_value_is_told_in_words(pdu: Pdu, field: str, meaning: str) -> None:
    assert words_of(encode(pdu))[field] == meaning


@pytest.mark.parametrize(
    ("pdu", "field", "warning"),
    [
        (pdus.SubmitSm(source_addr_ton=9), "source_addr_ton", "a reserved value"),
        (pdus.SubmitSm(dest_addr_npi=2), "dest_addr_npi", "a reserved value"),
        (pdus.SubmitSm(priority_flag=4), "priority_flag", "a reserved value"),
        (pdus.SubmitSm(esm_class=0x0C), "esm_class", "a reserved value"),
        (pdus.SubmitSm(registered_delivery=0x80), "registered_delivery", "a reserved value"),
        (pdus.SubmitSm(data_coding=0x7F), "data_coding", "no alphabet that is known here"),
        (pdus.SubmitSm(short_message=b"\xff"), "short_message", "1 octets or units have no meaning in gsm7"),
        (pdus.SubmitSm(short_message=bytes(255)), "sm_length", "the specification ends at 254"),
        (pdus.SubmitSm(command_status=1), "command_status", "not 0 in a request"),
        (pdus.SubmitSm(tlvs=((0x1501, b""),)), "0x1501", "an unknown TLV: ignored"),
        (pdus.SubmitSm(tlvs=((0x020C, b"\1"),)), "sar_msg_ref_num", "1 octets instead of 2: ESME_RINVPARLEN"),
        (pdus.DeliverSm(tlvs=((0x001E, b"abc"),)), "receipted_message_id", "no closing NUL"),
        (
            pdus.SubmitSm(short_message=b"a", tlvs=((0x0424, b"b"),)),
            "message_payload",
            "beside a short_message: ESME_RINVMSGLEN",
        ),
        (
            pdus.SubmitSm(esm_class=0x40, short_message=b"\5\0\3\7\2\1", tlvs=((0x020C, b"\0\1"),)),
            "sar_msg_ref_num",
            "beside a user data header: ESME_RINVESMCLASS",
        ),
        (pdus.BindReceiver(interface_version=0x77), "interface_version", "a reserved value"),
        (pdus.BindReceiver(password="x" * 9), "password", "the specification ends at 8 octets"),
    ],
)  # fmt: skip
def test_an_odd_value_is_a_warning(pdu: Pdu, field: str, warning: str) -> None:
    frame = encode(replace(pdu, sequence_number=1))

    assert warnings_of(frame) == {field: warning}


def test_a_broken_user_data_header_is_a_warning() -> None:
    frame = encode(pdus.SubmitSm(sequence_number=1, esm_class=0x40, short_message=b"\x09\0\3"))

    assert warnings_of(frame)["short_message"].startswith("user data header: ")


def test_a_language_without_a_table_is_named() -> None:
    frame = pdus.encode(pdus.SubmitSm(sequence_number=1, esm_class=0x40, short_message=b"\3\x24\1\4Hi"))

    assert warnings_of(frame)["short_message"] == "no single shift table of language 0x04 here: ESME_RSUBMITFAIL"


@pytest.mark.parametrize("number", [0, 0x80000000])
def test_a_sequence_number_out_of_range_is_a_warning(number: int) -> None:
    assert "sequence_number" in warnings_of(encode(pdus.EnquireLink(sequence_number=number)))


def recut(frame: bytes, octets: int) -> bytes:
    """The first octets of a frame, with a command_length that agrees."""
    return octets.to_bytes(4, "big") + frame[4:octets]


TEXT_CUT = recut(encode(SUBMIT), len(encode(SUBMIT)) - 1)


@pytest.mark.parametrize(
    ("frame", "field", "warning"),
    [
        ("0000", "header", "2 octets; a header has 16"),
        (recut(encode(SUBMIT), 21).hex(), "source_addr", "no closing NUL within 2 octets: ESME_RINVCMDLEN"),
        (recut(encode(SUBMIT), 19).hex(), "source_addr", "missing: ESME_RINVCMDLEN"),
        (TEXT_CUT.hex(), "short_message", "sm_length says 2 octets, 1 are left: ESME_RINVMSGLEN"),
        (encode(SUBMIT).hex() + "00", "trailing octets", "behind the end of the PDU"),
        ("00000012 80000000 00000000 00000001 0427", "tlvs", "no whole TLV: ESME_RINVOPTPARSTREAM"),
        ("00000011 00000015 00000000 00000001", "command_length", "here are 16"),
        (
            "00000010 000000FF 00000000 00000001",
            "command_id",
            "no command of SMPP 3.4: answered with a generic_nack, ESME_RINVCMDID",
        ),
        (
            "00000002 00000015 00000000 00000001",
            "command_length",
            "shorter than a header: the stream cannot be framed any more",
        ),
    ],
)
def test_a_malformed_pdu_says_what_is_wrong_where(frame: str, field: str, warning: str) -> None:
    assert warnings_of(bytes.fromhex(frame))[field] == warning


@pytest.mark.parametrize("password", ["hush", "hush" * 4])
def test_a_password_is_not_shown(password: str) -> None:
    frame = encode(pdus.BindTransceiver(sequence_number=1, password=password))

    assert not [line for line in describe(frame) if b"hush" in line.raw or "hush" in line.meaning]


def test_not_even_a_malformed_password_is_shown() -> None:
    frame = encode(pdus.Outbind(sequence_number=1, password="hush"))

    assert not [line for line in describe(recut(frame, len(frame) - 1)) if b"hush" in line.raw]


def test_an_unknown_command_shows_its_body() -> None:
    frame = bytes.fromhex("00000012 000000FF 00000000 00000001 ABCD")

    assert describe(frame)[-1] == Line(field="body", raw=b"\xab\xcd", meaning="of an unknown command")
