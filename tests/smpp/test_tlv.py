from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.smpp import tlv
from smppgw.smpp.consts import CommandStatus, Tag
from smppgw.smpp.errors import LocalProtocolError, RemoteProtocolError

TLVS = st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=40)), max_size=6).map(tuple)


@given(TLVS)
def test_what_was_written_is_read_back_in_order(tlvs: tlv.Tlvs) -> None:
    assert tlv.decode(tlv.encode(tlvs)) == tlvs


def test_decoding_starts_at_the_offset() -> None:
    data = bytes.fromhex("FFFFFF 0427 0001 02")

    assert tlv.decode(data, 3) == ((Tag.MESSAGE_STATE, b"\2"),)


def test_unknown_and_repeated_tags_are_kept() -> None:
    data = bytes.fromhex("1501 0002 AABB 0381 0001 31 0381 0001 32")

    assert tlv.decode(data) == ((0x1501, b"\xaa\xbb"), (Tag.CALLBACK_NUM, b"1"), (Tag.CALLBACK_NUM, b"2"))


@pytest.mark.parametrize("data", ["04", "0427", "042700", "0427 0002 01", "0427 0001 02 00", "0424 FFFF 41"])
def test_a_corrupt_stream_is_refused_as_a_stream(data: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        tlv.decode(bytes.fromhex(data))

    assert caught.value.status == CommandStatus.ESME_RINVOPTPARSTREAM


def test_the_first_of_repeated_tags_counts() -> None:
    assert tlv.get(((5, b"a"), (5, b"b")), 5) == b"a"


@pytest.mark.parametrize("read", [tlv.get, tlv.integer, tlv.text])
def test_an_absent_tag_reads_as_none(read: Callable[[tlv.Tlvs, int], object]) -> None:
    assert read((), Tag.MESSAGE_STATE) is None


@pytest.mark.parametrize(
    ("tag", "value", "octets"),
    [
        (Tag.MESSAGE_STATE, 2, b"\x02"),
        (Tag.SAR_MSG_REF_NUM, 0x1234, b"\x12\x34"),
        (Tag.QOS_TIME_TO_LIVE, 86_400, b"\x00\x01\x51\x80"),
    ],
)
def test_an_integer_has_the_octets_of_the_specification(tag: Tag, value: int, octets: bytes) -> None:
    built = tlv.of_int(tag, value)

    assert built == (tag, octets)
    assert tlv.integer((built,), tag) == value


@pytest.mark.parametrize("octets", [b"", b"\1", b"\0\0\1"])
def test_an_integer_of_another_length_is_refused_as_length(octets: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        tlv.integer(((Tag.SAR_MSG_REF_NUM, octets),), Tag.SAR_MSG_REF_NUM)

    assert caught.value.status == CommandStatus.ESME_RINVPARLEN
    assert caught.value.field == "sar_msg_ref_num"


@pytest.mark.parametrize("octets", [b"abc\xe9\0", b"abc\xe9", b"abc\xe9\0\0x"])
def test_a_text_is_read_with_and_without_its_nul(octets: bytes) -> None:
    assert tlv.text(((Tag.RECEIPTED_MESSAGE_ID, octets),), Tag.RECEIPTED_MESSAGE_ID) == "abcé"


def test_a_text_is_written_with_its_nul() -> None:
    assert tlv.of_text(Tag.RECEIPTED_MESSAGE_ID, "12ab") == (Tag.RECEIPTED_MESSAGE_ID, b"12ab\0")


@pytest.mark.parametrize("value", ["a\0b", "验"])
def test_a_text_that_no_c_octet_string_can_hold_is_our_bug(value: str) -> None:
    with pytest.raises(LocalProtocolError, match="receipted_message_id"):
        tlv.of_text(Tag.RECEIPTED_MESSAGE_ID, value)


@pytest.mark.parametrize(("tag", "value"), [(Tag.MESSAGE_STATE, 256), (Tag.MESSAGE_STATE, -1), (Tag.CALLBACK_NUM, 1)])
def test_an_integer_that_does_not_fit_its_tag_is_our_bug(tag: Tag, value: int) -> None:
    with pytest.raises(LocalProtocolError):
        tlv.of_int(tag, value)


@pytest.mark.parametrize("one", [(0x10000, b""), (-1, b""), (1, bytes(0x10000))])
def test_a_tlv_that_does_not_fit_is_our_bug(one: tuple[int, bytes]) -> None:
    with pytest.raises(LocalProtocolError):
        tlv.encode((one,))


def test_names_are_those_of_the_specification_or_numbers() -> None:
    assert (tlv.name(0x0424), tlv.name(0x1501)) == ("message_payload", "0x1501")
