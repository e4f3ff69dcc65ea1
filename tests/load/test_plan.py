from itertools import islice

import pytest

from smppgw.load.plan import Destinations, Plan, Submits
from smppgw.smpp.errors import LocalProtocolError
from smppgw.smpp.pdu import SubmitSm, decode


def plan_of(**changed: object) -> Plan:
    return Plan(**{"host": "127.0.0.1", "port": 2775, "system_id": "load", "password": "secret"} | changed)  # type: ignore[arg-type] # the table below has the types


def submit_of(plan: Plan, sequence_number: int = 1, index: int = 0) -> SubmitSm:
    pdu = decode(Submits(plan).frame(sequence_number, index))
    assert isinstance(pdu, SubmitSm)
    return pdu


def test_destinations_leave_out_the_scripted_ones() -> None:
    destinations = Destinations("+4915")

    numbers = [destinations[index] for index in range(3)]

    assert numbers == ["4915000000000", "4915000000018", "4915000000019"]


def test_a_new_block_leaves_them_out_again() -> None:
    destinations = Destinations("4915")

    numbers = [destinations[index] for index in (9982, 9983, 9984)]  # 10000 - 17 = 9983 in a block

    assert numbers == ["4915000009999", "4915000010000", "4915000010018"]


def test_destinations_do_not_repeat_within_their_digits() -> None:
    destinations = Destinations("4915")

    numbers = [destinations[index] for index in range(30_000)]

    assert len(set(numbers)) == 30_000
    assert not [number for number in numbers if 1 <= int(number[-4:]) <= 17]


def test_destinations_start_again_when_the_digits_are_used_up() -> None:
    destinations = Destinations("49151234567")  # leaves four digits: 9983 numbers

    assert destinations[9983] == destinations[0]


@pytest.mark.parametrize("prefix", ["", "+", "49a", "491512345678", "٤٩"])
def test_a_prefix_that_is_no_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        Destinations(prefix)


def test_a_frame_is_a_submit_sm_to_its_destination() -> None:
    plan = plan_of(source="Me", text="Hi", receipts=True)

    assert submit_of(plan, 77, 1) == SubmitSm(
        sequence_number=77,
        source_addr_ton=5,
        source_addr="Me",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr="4915000000018",
        registered_delivery=1,
        short_message=b"Hi",
    )


def test_a_source_that_looks_like_the_destination_stays_as_it_is() -> None:
    submit = submit_of(plan_of(source="4915000000000"), index=1)

    assert (submit.source_addr, submit.destination_addr) == ("4915000000000", "4915000000018")


def test_without_receipts_none_is_asked_for() -> None:
    assert submit_of(plan_of(receipts=False)).registered_delivery == 0


def test_a_text_beyond_the_gsm_alphabet_goes_as_ucs2() -> None:
    submit = submit_of(plan_of(text="验证"))

    assert (submit.data_coding, submit.short_message) == (8, "验证".encode("utf-16-be"))


def test_a_long_text_goes_as_message_payload() -> None:
    submit = submit_of(plan_of(text="x" * 161))

    assert (submit.short_message, submit.tlvs) == (b"", ((0x0424, b"x" * 161),))


def test_a_source_that_does_not_fit_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="source_addr"):
        Submits(plan_of(source="x" * 21))


def test_frames_differ_in_nothing_but_number_and_sequence() -> None:
    submits = Submits(plan_of())

    frames = [submits.frame(number, number) for number in islice(range(1, 4), 3)]

    assert len({len(frame) for frame in frames}) == 1
    assert len({frame[:12] for frame in frames}) == 1
