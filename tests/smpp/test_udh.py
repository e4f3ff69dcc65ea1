"""User data headers as phones and legacy systems send them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.smpp import udh
from smppgw.smpp.udh import Part, Ports, UdhError

ELEMENTS = st.lists(
    st.tuples(st.integers(0x26, 0xFF), st.binary(max_size=20)),  # from 0x26 on: nothing this module knows
    max_size=11,
).map(tuple)


@pytest.mark.parametrize(
    ("octets", "part"),
    [
        ("050003110b01", Part(reference=0x11, total=11, number=1)),
        ("06080412340302", Part(reference=0x1234, total=3, number=2)),
        ("0b05040b8423f0000311 0b01", Part(reference=0x11, total=11, number=1)),  # behind port addressing
        ("0a0003010201 0003020202", Part(reference=2, total=2, number=2)),  # repeated: the last counts
        ("0b0003010201 080400020202", Part(reference=2, total=2, number=2)),  # both kinds: the last counts
        ("0605040b8423f0", None),  # ports only
        ("00", None),
        ("0324010 1", None),  # a language shift
    ],
)
def test_concatenation_is_found_wherever_it_stands(octets: str, part: Part | None) -> None:
    header, _ = udh.parse(bytes.fromhex(octets.replace(" ", "")))

    assert header.concatenation == part


@pytest.mark.parametrize(
    ("octets", "ports"),
    [
        ("0605040b8423f0", Ports(destination=2948, source=9200)),  # WAP push
        ("040402f5 f0", Ports(destination=0xF5, source=0xF0)),
        ("050003110b01", None),
    ],
)
def test_ports_are_not_taken_for_concatenation(octets: str, ports: Ports | None) -> None:
    header, _ = udh.parse(bytes.fromhex(octets.replace(" ", "")))

    assert header.ports == ports


@pytest.mark.parametrize(
    ("octets", "single", "locking"),
    [
        ("03240101", 1, None),
        ("03250103", None, 3),
        ("06250101240102", 2, 1),
        ("080003110b01240101", 1, None),  # behind concatenation
        ("06240101240103", 3, None),  # repeated: the last counts
        ("032401fe", 0xFE, None),  # which languages there are is not known here
        ("050003110b01", None, None),
    ],
)
def test_language_shifts_are_found_wherever_they_stand(octets: str, single: int | None, locking: int | None) -> None:
    header, _ = udh.parse(bytes.fromhex(octets))

    assert (header.single_shift, header.locking_shift) == (single, locking)


def test_the_text_starts_behind_the_header() -> None:
    header, rest = udh.parse(bytes.fromhex("050003110b01") + b"Hello")

    assert (header.octets, rest) == (6, b"Hello")


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("", "no header"),
        ("05", "6 octets in a message of 1"),
        ("0500031101", "6 octets in a message of 5"),
        ("0100", "element 0x00 runs past"),  # identifier without a length
        ("050004110b01", "element 0x00 runs past"),
        ("06000311 0b01 24", "element 0x24 runs past"),
        ("040002110b", "2 octets, not 3"),
        ("0600 0411 0b01 00", "4 octets, not 3"),
        ("050803110b01", "3 octets, not 4"),
        ("0505030b8423", "3 octets, not 4"),
        ("0304010b", "1 octets, not 2"),
        ("022400", "0 octets, not 1"),
        ("0425020101", "2 octets, not 1"),
        ("050003110001", "part 1 of 0"),
        ("050003110300", "part 0 of 3"),
        ("050003110304", "part 4 of 3"),
    ],
)
def test_a_malformed_header_is_refused_with_its_reason(octets: str, reason: str) -> None:
    message = bytes.fromhex(octets.replace(" ", ""))

    with pytest.raises(UdhError, match=reason):
        udh.parse(message)


@given(st.binary(max_size=300))
def test_any_octets_parse_or_are_refused(octets: bytes) -> None:
    try:
        header, rest = udh.parse(octets)
    except UdhError:
        return

    assert udh.encode(header.elements) + rest == octets


@given(ELEMENTS, st.binary())
def test_unknown_elements_are_kept(elements: udh.Elements, rest: bytes) -> None:
    header, behind = udh.parse(udh.encode(elements) + rest)

    assert (header.elements, behind) == (elements, rest)


@pytest.mark.parametrize("elements", [((0x70, bytes(254)),), ((0x70, bytes(256)),), ((0x70, bytes(125)),) * 3])
def test_a_header_longer_than_its_length_octet_can_say_is_refused(elements: udh.Elements) -> None:
    with pytest.raises(UdhError, match="255"):
        udh.encode(elements)


@given(st.integers(0, 0xFFFF), st.integers(1, 255), st.data())
def test_a_wide_part_is_read_back(reference: int, total: int, data: st.DataObject) -> None:
    number = data.draw(st.integers(1, total))

    header, _ = udh.parse(udh.encode(udh.of_part(reference, total, number, wide=True)))

    assert header.concatenation == Part(reference=reference, total=total, number=number)


def test_a_narrow_part_takes_six_octets() -> None:
    octets = udh.encode(udh.of_part(0x11, 11, 1))

    assert octets.hex() == "050003110b01"


@pytest.mark.parametrize(("reference", "wide"), [(256, False), (65536, True), (-1, False)])
def test_a_reference_that_does_not_fit_is_refused(reference: int, *, wide: bool) -> None:
    with pytest.raises(UdhError, match=re.escape(f"reference {reference}")):
        udh.of_part(reference, 2, 1, wide=wide)


def test_sar_parameters_make_a_part() -> None:
    part = udh.of_sar(0x1234, 3, 2)

    assert part == Part(reference=0x1234, total=3, number=2)


@pytest.mark.parametrize(("reference", "total", "number"), [(None, 3, 2), (1, None, 2), (1, 3, None)])
def test_incomplete_sar_parameters_are_ignored(reference: int | None, total: int | None, number: int | None) -> None:
    part = udh.of_sar(reference, total, number)

    assert part is None


@pytest.mark.parametrize(("total", "number"), [(0, 0), (0, 1), (3, 0), (3, 4), (256, 1)])
def test_sar_parameters_out_of_range_are_refused(total: int, number: int) -> None:
    with pytest.raises(UdhError, match=f"part {number} of {total}"):
        udh.of_sar(1, total, number)
