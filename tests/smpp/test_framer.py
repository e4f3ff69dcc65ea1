import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.errors import UnframableError
from smppgw.smpp.framer import Framer

ENQUIRE_LINK = bytes.fromhex("00000010 00000015 00000000 00000007")


def frame_of(octets: int) -> bytes:
    return octets.to_bytes(4, "big") + bytes(octets - 4)


@given(st.lists(st.integers(16, 300).map(frame_of), max_size=8), st.data())
def test_any_cut_of_a_stream_gives_the_same_frames(frames: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    framer = Framer()

    found = [
        frame
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        for frame in framer.feed(stream[start:end])
    ]

    assert found == frames
    assert not framer.pending


def test_a_stream_octet_by_octet_gives_its_frames() -> None:
    framer = Framer()

    found = [framer.feed(bytes((octet,))) for octet in ENQUIRE_LINK * 2]

    assert [frames for frames in found if frames] == [[ENQUIRE_LINK], [ENQUIRE_LINK]]
    assert found[15] == [ENQUIRE_LINK]


def test_a_short_frame_behind_a_long_one_does_not_wait_for_more() -> None:
    framer = Framer()
    framer.feed(frame_of(300)[:200])
    framer.feed(frame_of(300)[200:])

    assert framer.feed(ENQUIRE_LINK) == [ENQUIRE_LINK]


@pytest.mark.parametrize("octets", [1, 4, 15])
def test_the_beginning_of_a_frame_is_pending(octets: int) -> None:
    framer = Framer()

    framer.feed(ENQUIRE_LINK + ENQUIRE_LINK[:octets])

    assert framer.pending


def test_nothing_is_pending_after_a_whole_frame() -> None:
    framer = Framer()

    framer.feed(ENQUIRE_LINK[:5])
    framer.feed(ENQUIRE_LINK[5:])

    assert not framer.pending


@pytest.mark.parametrize("length", [*range(16), 101, 0x47455420, 0xFFFFFFFF])  # 0x47455420 is "GET "
def test_an_impossible_length_is_found_in_its_four_octets(length: int) -> None:
    framer = Framer(max_octets=100)

    with pytest.raises(UnframableError) as caught:
        framer.feed(length.to_bytes(4, "big"))

    assert caught.value.status == CommandStatus.ESME_RINVCMDLEN
    assert caught.value.sequence_number == 0


@pytest.mark.parametrize("length", [16, 100])
def test_the_bounds_themselves_are_possible(length: int) -> None:
    assert Framer(max_octets=100).feed(frame_of(length)) == [frame_of(length)]


def test_the_frames_before_a_fault_are_not_lost() -> None:
    framer = Framer()

    with pytest.raises(UnframableError) as caught:
        framer.feed(ENQUIRE_LINK * 2 + b"\0\0\0\x0f")

    assert caught.value.frames == (ENQUIRE_LINK, ENQUIRE_LINK)


def test_the_sequence_number_is_echoed_where_it_can_be_read() -> None:
    framer = Framer()

    with pytest.raises(UnframableError) as caught:
        framer.feed(bytes.fromhex("7FFFFFFF 00000004 00000000 0000002A"))

    assert caught.value.sequence_number == 0x2A


def test_nothing_after_a_fault_is_trusted() -> None:
    framer = Framer()
    with pytest.raises(UnframableError):
        framer.feed(b"\0\0\0\0")

    assert framer.feed(ENQUIRE_LINK) == []
    assert not framer.pending


def test_a_fault_behind_an_unfinished_frame_waits_for_its_end() -> None:
    framer = Framer()
    assert framer.feed(ENQUIRE_LINK[:10]) == []

    with pytest.raises(UnframableError) as caught:
        framer.feed(ENQUIRE_LINK[10:] + bytes(4))

    assert caught.value.frames == (ENQUIRE_LINK,)
