from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smppgw.smpp import pdu as pdus
from smppgw.smpp.consts import RESPONSE_BIT, CommandId, CommandStatus, Tag
from smppgw.smpp.errors import LocalProtocolError, RemoteProtocolError
from smppgw.smpp.fields import (
    COctets,
    DestAddresses,
    DistributionList,
    Int,
    Kind,
    ShortMessage,
    SmeAddress,
    UnsuccessSme,
    UnsuccessSmes,
)
from smppgw.smpp.pdu import Pdu, decode, encode, respond

OCTETS = st.integers(0, 255)
LATIN_1 = st.characters(min_codepoint=1, max_codepoint=255)
ADDRESSES = st.text(LATIN_1, max_size=20)
SME_ADDRESSES = st.builds(SmeAddress, dest_addr_ton=OCTETS, dest_addr_npi=OCTETS, destination_addr=ADDRESSES)
LISTS = st.builds(DistributionList, dl_name=ADDRESSES)
UNSUCCESS = st.builds(
    UnsuccessSme,
    dest_addr_ton=OCTETS,
    dest_addr_npi=OCTETS,
    destination_addr=ADDRESSES,
    error_status_code=st.integers(0, 0xFFFFFFFF),
)
TLVS = st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=9)), max_size=3).map(tuple)


def values_of(kind: Kind) -> st.SearchStrategy[Any]:
    match kind:
        case COctets():
            return st.text(LATIN_1, max_size=kind.max_octets - 1)
        case Int():
            return st.integers(0, 256**kind.octets - 1)
        case ShortMessage():
            return st.binary(max_size=255)
        case DestAddresses():
            return st.lists(SME_ADDRESSES | LISTS, min_size=1, max_size=4).map(tuple)
        case UnsuccessSmes():
            return st.lists(UNSUCCESS, max_size=4).map(tuple)
    raise AssertionError(kind)


def pdus_of(command_id: int) -> st.SearchStrategy[Pdu]:
    body = {name: values_of(kind) for name, kind in pdus.LAYOUTS[command_id].fields}
    status = st.just(0) if command_id & RESPONSE_BIT else st.integers(0, 0xFFFFFFFF)
    return st.builds(
        pdus.CLASSES[command_id], sequence_number=st.integers(0, 0xFFFFFFFF), command_status=status, tlvs=TLVS, **body
    )


def frame_of(command_id: int, body: bytes, *, status: int = 0, sequence_number: int = 7) -> bytes:
    octets = [16 + len(body), command_id, status, sequence_number]
    return b"".join(number.to_bytes(4, "big") for number in octets) + body


def refused(frame: bytes) -> RemoteProtocolError:
    with pytest.raises(RemoteProtocolError) as caught:
        decode(frame)
    return caught.value


ALL = pytest.mark.parametrize("command_id", list(CommandId), ids=lambda one: one.name.lower())


@ALL
@settings(max_examples=20)
@given(data=st.data())
def test_what_was_written_is_read_back(command_id: CommandId, data: st.DataObject) -> None:
    pdu = data.draw(pdus_of(command_id))

    assert decode(encode(pdu)) == pdu


@settings(max_examples=300)
@given(st.sampled_from(CommandId).flatmap(pdus_of), st.data())
def test_mutated_frames_raise_nothing_but_a_remote_error(pdu: Pdu, data: st.DataObject) -> None:
    octets = bytearray(encode(pdu))
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(OCTETS)
    frame = bytes(octets[: data.draw(st.integers(0, len(octets)))])

    for mutated in (bytes(octets), frame, frame_of(pdu.command_id, frame[16:])):
        try:
            decode(mutated)
        except RemoteProtocolError:
            continue


@settings(max_examples=200)
@given(st.sampled_from(CommandId), st.binary(max_size=120))
def test_any_body_that_is_read_can_be_written_back_unchanged(command_id: CommandId, body: bytes) -> None:
    frame = frame_of(command_id, body)

    try:
        pdu = decode(frame)
    except RemoteProtocolError:
        return

    assert encode(pdu) == frame or (not body and command_id & RESPONSE_BIT)


# Written out by hand from the field tables of SMPP v3.4, chapter 4.
SUBMIT_SM = bytes.fromhex(
    "00000042 00000004 00000000 00000005"  # 16 + 4 + 10 + 15 + 3 + 2 + 4 + 6 + 6 = 66
    "434D5400"  # service_type "CMT"
    "05 00 4578616D706C6500"  # source "Example", alphanumeric
    "01 01 34393135313132333435363700"  # destination "491511234567", international, ISDN
    "00 00 00"  # esm_class, protocol_id, priority_flag
    "00 00"  # schedule_delivery_time, validity_period
    "01 00 00 00"  # registered_delivery, replace_if_present_flag, data_coding, sm_default_msg_id
    "05 48656C6C6F"  # "Hello"
    "0204 0002 0123"  # user_message_reference
)
DELIVER_SM = bytes.fromhex(
    "00000040 00000005 00000000 00000001"  # 16 + 1 + 5 + 7 + 3 + 2 + 4 + 7 + 8 + 5 + 6 = 64
    "00"
    "01 01 343900"
    "05 00 416263E900"  # "Abcé" in Latin-1
    "04 00 00"
    "00 00"
    "00 00 00 00"
    "06 69643A666666"
    "001E 0004 66666600"  # receipted_message_id "fff"
    "0427 0001 02"  # message_state DELIVERED
    "1501 0002 AABB"  # a vendor's own
)
BIND_TRANSCEIVER = bytes.fromhex(
    "0000002B 00000009 00000000 00000001"  # 16 + 10 + 9 + 4 + 4 = 43
    "534D505033544553 5400"  # system_id "SMPP3TEST"
    "7365637265743038 00"  # password "secret08"
    "53313200"  # system_type "S12"
    "34 01 01 00"
)
OUTBIND = bytes.fromhex(
    "0000001C 0000000B 00000000 00000001"  # 16 + 7 + 5 = 28
    "534D50504757 00"  # system_id "SMPPGW"
    "68757368 00"  # password "hush"
)
ALERT_NOTIFICATION = bytes.fromhex(
    "00000020 00000102 00000000 00000007"  # 16 + 5 + 6 + 5 = 32
    "01 01 343900"  # source, the subscriber
    "05 00 41626300"  # the ESME "Abc"
    "0422 0001 01"  # ms_availability_status, denied
)


def test_a_submit_sm_by_hand_is_read() -> None:
    assert decode(SUBMIT_SM) == pdus.SubmitSm(
        sequence_number=5,
        service_type="CMT",
        source_addr_ton=5,
        source_addr="Example",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr="491511234567",
        registered_delivery=1,
        short_message=b"Hello",
        tlvs=((0x0204, b"\x01\x23"),),
    )


def test_a_deliver_sm_by_hand_is_read() -> None:
    assert decode(DELIVER_SM) == pdus.DeliverSm(
        sequence_number=1,
        source_addr_ton=1,
        source_addr_npi=1,
        source_addr="49",
        dest_addr_ton=5,
        destination_addr="Abcé",
        esm_class=4,
        short_message=b"id:fff",
        tlvs=((0x001E, b"fff\0"), (0x0427, b"\2"), (0x1501, b"\xaa\xbb")),
    )


def test_a_bind_transceiver_by_hand_is_read() -> None:
    assert decode(BIND_TRANSCEIVER) == pdus.BindTransceiver(
        sequence_number=1,
        system_id="SMPP3TEST",
        password="secret08",
        system_type="S12",
        interface_version=0x34,
        addr_ton=1,
        addr_npi=1,
    )


def test_an_outbind_by_hand_is_read() -> None:
    """SMPP v3.4, 4.1.7.1."""
    assert decode(OUTBIND) == pdus.Outbind(sequence_number=1, system_id="SMPPGW", password="hush")


def test_an_alert_notification_by_hand_is_read() -> None:
    """SMPP v3.4, 4.12.1, with its one optional parameter."""
    assert decode(ALERT_NOTIFICATION) == pdus.AlertNotification(
        sequence_number=7,
        source_addr_ton=1,
        source_addr_npi=1,
        source_addr="49",
        esme_addr_ton=5,
        esme_addr_npi=0,
        esme_addr="Abc",
        tlvs=((Tag.MS_AVAILABILITY_STATUS, b"\1"),),
    )


@pytest.mark.parametrize(
    "of",
    [lambda text: pdus.AlertNotification(source_addr=text), lambda text: pdus.AlertNotification(esme_addr=text)],
    ids=["source_addr", "esme_addr"],
)
def test_the_addresses_of_an_alert_notification_have_up_to_64_characters(
    of: Callable[[str], pdus.AlertNotification],
) -> None:
    longest = of("1" * 64)

    assert decode(encode(longest)) == longest
    with pytest.raises(LocalProtocolError):
        encode(of("1" * 65))


@pytest.mark.parametrize("frame", [SUBMIT_SM, DELIVER_SM, BIND_TRANSCEIVER, OUTBIND, ALERT_NOTIFICATION])
def test_a_pdu_by_hand_is_written_back_octet_for_octet(frame: bytes) -> None:
    assert encode(decode(frame)) == frame


def test_a_submit_multi_by_hand_is_read() -> None:
    body = bytes.fromhex("00 0000 00 02 01 0101 343900 02 6D796C69737400 000000 00 00 00000000 00")

    pdu = decode(frame_of(CommandId.SUBMIT_MULTI, body))

    assert isinstance(pdu, pdus.SubmitMulti)
    assert pdu.dest_address == (
        SmeAddress(dest_addr_ton=1, dest_addr_npi=1, destination_addr="49"),
        DistributionList(dl_name="mylist"),
    )


def test_a_submit_multi_resp_by_hand_is_read() -> None:
    body = bytes.fromhex("343200 01 0101 343900 0000000B")

    pdu = decode(frame_of(CommandId.SUBMIT_MULTI_RESP, body))

    assert isinstance(pdu, pdus.SubmitMultiResp)
    assert pdu.unsuccess_sme == (
        UnsuccessSme(dest_addr_ton=1, dest_addr_npi=1, destination_addr="49", error_status_code=0x0B),
    )


def test_the_header_can_be_read_alone() -> None:
    assert pdus.header(SUBMIT_SM) == (66, CommandId.SUBMIT_SM, 0, 5)


def sm_body(**changed: bytes) -> bytes:
    """The body of a submit_sm in raw pieces, some of them replaced."""
    pieces = {
        "service_type": b"\0",
        "source": b"\1\1",
        "source_addr": b"49\0",
        "destination": b"\1\1",
        "destination_addr": b"49\0",
        "flags": b"\0\0\0",
        "schedule_delivery_time": b"\0",
        "validity_period": b"\0",
        "codes": b"\0\0\0\0",
        "sm_length": b"\2",
        "short_message": b"Hi",
        "tlvs": b"",
    }
    assert pieces.keys() >= changed.keys()
    return b"".join((pieces | changed).values())


@pytest.mark.parametrize(
    ("field", "octets", "status"),
    [
        ("service_type", b"ABCDEF\0", CommandStatus.ESME_RINVSERTYP),
        ("source_addr", b"1" * 21 + b"\0", CommandStatus.ESME_RINVSRCADR),
        ("destination_addr", b"1" * 21 + b"\0", CommandStatus.ESME_RINVDSTADR),
        ("schedule_delivery_time", b"1" * 17 + b"\0", CommandStatus.ESME_RINVSCHED),
        ("validity_period", b"1" * 17 + b"\0", CommandStatus.ESME_RINVEXPIRY),
    ],
)
def test_a_field_that_is_too_long_is_refused_with_its_own_status(
    field: str, octets: bytes, status: CommandStatus
) -> None:
    error = refused(frame_of(CommandId.SUBMIT_SM, sm_body(**{field: octets})))

    assert (error.status, error.field) == (status, field)


@pytest.mark.parametrize(
    ("field", "octets"),
    [
        ("service_type", b"ABCDE\0"),
        ("source_addr", b"1" * 20 + b"\0"),
        ("destination_addr", b"1" * 20 + b"\0"),
        ("schedule_delivery_time", b"1" * 16 + b"\0"),
        ("validity_period", b"1" * 16 + b"\0"),
    ],
)
def test_a_field_of_the_greatest_length_is_read(field: str, octets: bytes) -> None:
    pdu = decode(frame_of(CommandId.SUBMIT_SM, sm_body(**{field: octets})))

    assert getattr(pdu, field).encode() + b"\0" == octets


@pytest.mark.parametrize(
    ("octets", "status"), [(20, CommandStatus.ESME_RINVCMDLEN), (21, CommandStatus.ESME_RINVSRCADR)]
)
def test_a_field_without_nul_at_the_end_is_too_long_or_cut_off(octets: int, status: CommandStatus) -> None:
    error = refused(frame_of(CommandId.SUBMIT_SM, b"\0" + b"\1\1" + b"1" * octets))

    assert (error.status, error.field) == (status, "source_addr")


@pytest.mark.parametrize("sm_length", [3, 254, 255])
def test_a_short_message_beyond_the_frame_is_refused(sm_length: int) -> None:
    error = refused(frame_of(CommandId.SUBMIT_SM, sm_body(sm_length=bytes((sm_length,)))))

    assert (error.status, error.field) == (CommandStatus.ESME_RINVMSGLEN, "short_message")


@pytest.mark.parametrize("length", [0, 254, 255])
def test_every_sm_length_that_fits_is_read(length: int) -> None:
    text = b"x" * length

    pdu = decode(frame_of(CommandId.SUBMIT_SM, sm_body(sm_length=bytes((length,)), short_message=text)))

    assert isinstance(pdu, pdus.SubmitSm)
    assert pdu.short_message == text


WITHOUT_TEXT = sm_body(sm_length=b"", short_message=b"")


@pytest.mark.parametrize("octets", range(len(WITHOUT_TEXT) + 1))
def test_a_submit_sm_cut_within_its_fields_is_refused_as_too_short(octets: int) -> None:
    error = refused(frame_of(CommandId.SUBMIT_SM, WITHOUT_TEXT[:octets]))

    assert error.status == CommandStatus.ESME_RINVCMDLEN
    assert (error.command_id, error.sequence_number) == (CommandId.SUBMIT_SM, 7)


@pytest.mark.parametrize("octets", [b"\0", b"\4\x27\0", b"\4\x27\0\2\1"])
def test_octets_behind_the_fields_that_are_no_tlv_are_refused_as_a_stream(octets: bytes) -> None:
    error = refused(frame_of(CommandId.SUBMIT_SM, sm_body(tlvs=octets)))

    assert error.status == CommandStatus.ESME_RINVOPTPARSTREAM


@pytest.mark.parametrize(
    ("system_id", "password", "status"),
    [
        (b"x" * 16, b"secret", CommandStatus.ESME_RINVSYSID),
        (b"x" * 15, b"y" * 17, CommandStatus.ESME_RINVPASWD),
    ],
)
def test_credentials_that_are_too_long_are_refused_by_length(
    system_id: bytes, password: bytes, status: CommandStatus
) -> None:
    body = system_id + b"\0" + password + b"\0" + b"\0" + b"\x34\0\0" + b"\0"

    assert refused(frame_of(CommandId.BIND_TRANSMITTER, body)).status == status


def test_passwords_of_sixteen_octets_are_read_although_the_specification_ends_at_eight() -> None:
    body = b"x" * 15 + b"\0" + b"y" * 16 + b"\0" + b"\0" + b"\x34\0\0" + b"\0"

    pdu = decode(frame_of(CommandId.BIND_RECEIVER, body))

    assert isinstance(pdu, pdus.BindReceiver)
    assert (pdu.system_id, pdu.password) == ("x" * 15, "y" * 16)


@pytest.mark.parametrize(
    ("destinations", "status"),
    [
        ("00", CommandStatus.ESME_RINVNUMDESTS),
        ("01 03 0101 343900", CommandStatus.ESME_RINVDESTFLAG),
        ("01 02" + "41" * 21 + "00", CommandStatus.ESME_RINVDLNAME),
        ("01 01 0101" + "34" * 21 + "00", CommandStatus.ESME_RINVDSTADR),
        ("02 01 0101 343900", CommandStatus.ESME_RINVDESTFLAG),  # the second one is missing: 00 stands in its place
    ],
)
def test_bad_destinations_of_a_submit_multi_are_refused(destinations: str, status: CommandStatus) -> None:
    body = bytes.fromhex("00 0000 00" + destinations + "000000 00 00 00000000 00") + bytes(4)

    error = refused(frame_of(CommandId.SUBMIT_MULTI, body))

    assert (error.status, error.field) == (status, "dest_address")


@pytest.mark.parametrize("command_id", [c for c in CommandId if c & RESPONSE_BIT], ids=lambda one: one.name.lower())
@pytest.mark.parametrize("status", [0, CommandStatus.ESME_RTHROTTLED, 0x0407])
def test_a_response_may_lack_its_body(command_id: CommandId, status: int) -> None:
    pdu = decode(frame_of(command_id, b"", status=status))

    assert pdu == pdus.CLASSES[command_id](sequence_number=7, command_status=status)


@pytest.mark.parametrize(("body", "message_id"), [(b"\0", ""), (b"abc\0", "abc"), (b"abc", ""), (b"\0\0", "")])
def test_an_error_response_may_have_a_body_and_even_a_broken_one(body: bytes, message_id: str) -> None:
    frame = frame_of(CommandId.SUBMIT_SM_RESP, body, status=CommandStatus.ESME_RTHROTTLED)

    assert decode(frame) == pdus.SubmitSmResp(
        sequence_number=7, command_status=CommandStatus.ESME_RTHROTTLED, message_id=message_id
    )


def test_a_broken_request_is_refused_whatever_its_status_says() -> None:
    error = refused(frame_of(CommandId.SUBMIT_SM, b"", status=CommandStatus.ESME_RTHROTTLED))

    assert error.status == CommandStatus.ESME_RINVCMDLEN


def test_a_broken_response_without_error_is_refused_and_known_as_a_response() -> None:
    error = refused(frame_of(CommandId.SUBMIT_SM_RESP, b"abc"))

    assert error.status == CommandStatus.ESME_RINVCMDLEN
    assert error.is_response


@pytest.mark.parametrize("status", [0, CommandStatus.ESME_RINVDSTADR])
def test_only_a_response_without_error_is_written_with_its_body(status: int) -> None:
    frame = encode(pdus.SubmitSmResp(sequence_number=7, command_status=status, message_id="1" if not status else ""))

    assert frame == frame_of(CommandId.SUBMIT_SM_RESP, b"" if status else b"1\0", status=status)


@pytest.mark.parametrize("command_id", [0x00, 0x0A, 0xFF, 0x112, 0x800000FF])
def test_an_unknown_command_is_refused_as_such(command_id: int) -> None:
    error = refused(frame_of(command_id, b"whatever"))

    assert error.status == CommandStatus.ESME_RINVCMDID
    assert (error.command_id, error.sequence_number) == (command_id, 7)


@pytest.mark.parametrize("frame", [b"", SUBMIT_SM[:15], SUBMIT_SM[:-1], SUBMIT_SM + b"\0"])
def test_a_frame_of_another_length_than_it_says_is_refused(frame: bytes) -> None:
    assert refused(frame).status == CommandStatus.ESME_RINVCMDLEN


@pytest.mark.parametrize("frame", [b"", SUBMIT_SM[:15]])
def test_a_header_that_is_not_whole_is_refused(frame: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        pdus.header(frame)

    assert caught.value.status == CommandStatus.ESME_RINVCMDLEN


def test_reserved_values_are_kept_as_numbers() -> None:
    pdu = decode(frame_of(CommandId.SUBMIT_SM, sm_body(source=b"\x09\xff", codes=b"\xe0\7\xf0\xff")))

    assert isinstance(pdu, pdus.SubmitSm)
    assert (pdu.source_addr_ton, pdu.source_addr_npi, pdu.data_coding) == (9, 255, 0xF0)


@pytest.mark.parametrize(
    ("pdu", "field"),
    [
        (pdus.SubmitSm(service_type="ABCDEF"), "service_type"),
        (pdus.SubmitSm(source_addr="1" * 21), "source_addr"),
        (pdus.SubmitSm(destination_addr="1\0"), "destination_addr"),
        (pdus.SubmitSm(destination_addr="验"), "destination_addr"),
        (pdus.SubmitSm(source_addr_ton=256), "source_addr_ton"),
        (pdus.SubmitSm(data_coding=-1), "data_coding"),
        (pdus.SubmitSm(short_message=bytes(256)), "short_message"),
        (pdus.SubmitMulti(), "dest_address"),
        (pdus.SubmitMulti(dest_address=(SmeAddress(),) * 256), "dest_address"),
        (pdus.SubmitMultiResp(unsuccess_sme=(UnsuccessSme(error_status_code=-1),)), "unsuccess_sme"),
        (pdus.EnquireLink(sequence_number=-1), "header"),
        (pdus.EnquireLink(tlvs=((0x10000, b""),)), "0x10000"),
    ],
)
def test_a_field_that_does_not_fit_is_our_bug_and_named(pdu: Pdu, field: str) -> None:
    with pytest.raises(LocalProtocolError, match=field):
        encode(pdu)


ANSWERED = {c for c in CommandId if c < RESPONSE_BIT} - {CommandId.OUTBIND, CommandId.ALERT_NOTIFICATION}


@pytest.mark.parametrize("command_id", sorted(ANSWERED), ids=lambda one: one.name.lower())
def test_a_request_is_answered_in_its_own_response(command_id: CommandId) -> None:
    request = pdus.CLASSES[command_id](sequence_number=9)

    response = respond(request, CommandStatus.ESME_RSYSERR)

    assert response.command_id == command_id | RESPONSE_BIT
    assert (response.sequence_number, response.command_status) == (9, CommandStatus.ESME_RSYSERR)


@pytest.mark.parametrize(
    "pdu", [pdus.Outbind(), pdus.AlertNotification(), pdus.SubmitSmResp(), pdus.GenericNack()], ids=repr
)
def test_what_is_never_answered_has_no_response(pdu: Pdu) -> None:
    with pytest.raises(LocalProtocolError):
        respond(pdu, CommandStatus.ESME_ROK)


def test_secrets_and_texts_stay_out_of_the_repr() -> None:
    bind = pdus.BindTransceiver(password="hush")
    submit = pdus.SubmitSm(short_message=b"hush", tlvs=((0x0424, b"hush"),))

    assert "hush" not in repr(bind) + repr(submit)


@ALL
def test_every_field_of_a_class_is_in_its_layout(command_id: CommandId) -> None:
    common = {"sequence_number", "command_status", "tlvs"}

    names = [field.name for field in fields(pdus.CLASSES[command_id]) if field.name not in common]

    assert names == [name for name, _ in pdus.LAYOUTS[command_id].fields]
