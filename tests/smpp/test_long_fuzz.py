"""Mutated frames in great number: whatever comes, the codec raises nothing but its own error and a session nothing.

The same draws in every run; ten million on demand, a handful always, so that this code cannot rot.
"""

import random
from collections.abc import Iterator

import pytest

from smppgw.smpp.consts import CommandStatus, Tag
from smppgw.smpp.errors import RemoteProtocolError
from smppgw.smpp.events import Received
from smppgw.smpp.fields import DistributionList, SmeAddress, UnsuccessSme
from smppgw.smpp.pdu import (
    CLASSES,
    BindTransceiver,
    DataSm,
    DeliverSm,
    Pdu,
    QuerySmResp,
    ReplaceSm,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    decode,
    encode,
    respond,
)
from smppgw.smpp.session import Session
from smppgw.smpp.settings import SessionSettings
from smppgw.smpp.states import State

ROK = CommandStatus.ESME_ROK
TLVS = ((Tag.USER_MESSAGE_REFERENCE, b"\0\7"), (Tag.MESSAGE_PAYLOAD, b"Hello"), (0x1501, b""))
SEEDS: list[Pdu] = [
    *(kind(sequence_number=1) for kind in CLASSES.values() if kind is not SubmitMulti),
    *(
        kind(sequence_number=2, source_addr="Shop", destination_addr="491511234567", short_message=b"Hello", tlvs=TLVS)
        for kind in (SubmitSm, DeliverSm)
    ),
    DataSm(sequence_number=3, destination_addr="491511234567", tlvs=TLVS),
    ReplaceSm(sequence_number=4, message_id="4711", short_message=b"Hello", validity_period="000001000000000R"),
    QuerySmResp(sequence_number=5, message_id="4711", final_date="260101000000000+", message_state=2),
    SubmitMulti(
        sequence_number=6,
        dest_address=(SmeAddress(destination_addr="491511234567"), DistributionList(dl_name="friends")),
        short_message=b"Hello",
    ),
    SubmitMultiResp(sequence_number=7, message_id="1", unsuccess_sme=(UnsuccessSme(destination_addr="49"),) * 2),
]
FRAMES = [encode(pdu) for pdu in SEEDS]


def mutated(frames: int, seed: int) -> Iterator[bytes]:
    """Yield frames with octets changed, cut out or put in; of most of them the length is right."""
    draw = random.Random(seed)
    for _ in range(frames):
        frame = bytearray(draw.choice(FRAMES))
        for _ in range(draw.randrange(1, 5)):
            _mutate(frame, draw)
        if draw.randrange(16):
            frame[:4] = len(frame).to_bytes(4, "big")
        yield bytes(frame)


def _mutate(frame: bytearray, draw: random.Random) -> None:
    place = draw.randrange(4, len(frame)) if len(frame) > 4 else 0
    match draw.randrange(4):
        case 0:
            frame[place:] = b""
        case 1:
            frame[place:place] = draw.randbytes(draw.randrange(1, 9))
        case _:
            frame[place : place + 1] = draw.randbytes(1)


COUNTS = [
    pytest.param(20_000, 0, id="a few"),
    *(pytest.param(1_000_000, seed, marks=pytest.mark.long, id=f"million {seed}") for seed in range(1, 11)),
]


@pytest.mark.parametrize(("frames", "seed"), COUNTS)
def test_the_codec_raises_nothing_but_a_remote_error(frames: int, seed: int) -> None:
    read = refused = 0

    for frame in mutated(frames, seed):
        try:
            decode(frame)
            read += 1
        except RemoteProtocolError:
            refused += 1

    assert min(read, refused) > frames // 20  # else the mutations say little


def bound(now: float) -> Session:
    """A session that is bound since now, and takes many faults."""
    session = Session(SessionSettings(protocol_errors_per_min=1000), now)
    request = BindTransceiver(sequence_number=1, interface_version=0x34)
    session.receive_data(encode(request), now)
    session.answer(respond(request, ROK))
    return session


@pytest.mark.parametrize(("frames", "seed"), COUNTS)
def test_a_session_raises_nothing_and_begins_anew_for_the_next_peer(frames: int, seed: int) -> None:
    """Ten frames a second, so that one that never ends costs its session only."""
    session, sessions, received = bound(0.0), 1, 0

    for place, frame in enumerate(mutated(frames, seed)):
        now = place / 10
        session.tick(now)
        for event in session.receive_data(frame, now):
            if isinstance(event, Received):
                received += 1
                session.answer(respond(event.pdu, ROK))
        session.data_to_send()
        if session.state is State.CLOSED:
            session, sessions = bound(now), sessions + 1

    assert min(sessions, received) > frames // 200  # else most of it was lost in a frame that never ended
