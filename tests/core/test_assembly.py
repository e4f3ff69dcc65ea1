"""Where a part of a long text belongs."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smppgw.core.assembly import AssemblyState, Known, Placement, is_complete, join, place


def known(state: AssemblyState, **texts: str) -> Known:
    return Known(state, {int(name.removeprefix("n")): text for name, text in texts.items()})


@pytest.mark.parametrize(
    ("number", "text", "held", "placement"),
    [
        (1, "a", None, Placement.STARTS),
        (2, "b", known(AssemblyState.OPEN, n1="a"), Placement.JOINS),
        (1, "a", known(AssemblyState.OPEN, n1="a"), Placement.REPEATS),
        (1, "x", known(AssemblyState.OPEN, n1="a"), Placement.STARTS),
        (2, "b", known(AssemblyState.COMPLETE, n1="a", n2="b"), Placement.REPEATS),
        (2, "y", known(AssemblyState.COMPLETE, n1="a", n2="b"), Placement.STARTS),
        (1, "a", known(AssemblyState.FAILED, n1="a"), Placement.REPEATS),
        (1, "x", known(AssemblyState.FAILED, n1="a"), Placement.STARTS),
        (2, "b", known(AssemblyState.FAILED, n1="a"), Placement.COMES_LATE),
        (1, "", known(AssemblyState.OPEN, n1=""), Placement.REPEATS),
    ],
)
def test_a_part_has_its_place(number: int, text: str, held: Known | None, placement: Placement) -> None:
    assert place(number, text, held) is placement


@settings(max_examples=200, deadline=None)
@given(
    st.builds(Known, st.sampled_from(AssemblyState), st.dictionaries(st.integers(1, 4), st.sampled_from("ab"))),
    st.integers(1, 4),
    st.sampled_from("ab"),
)
def test_no_text_is_ever_thrown_away_for_another(held: Known, number: int, text: str) -> None:
    placement = place(number, text, held)

    if number in held.texts and held.texts[number] != text:
        assert placement is Placement.STARTS
    if placement is Placement.REPEATS:
        assert held.texts[number] == text
    if placement is Placement.JOINS:
        assert number not in held.texts


@pytest.mark.parametrize("order", list(itertools.permutations((1, 2, 3))))
def test_parts_are_joined_by_number_not_by_arrival(order: tuple[int, ...]) -> None:
    texts = {number: "abc"[number - 1] for number in order}

    assert join(texts) == "abc"


@pytest.mark.parametrize(("numbers", "complete"), [((), False), ((1, 3), False), ((2, 1, 3), True)])
def test_a_text_is_complete_when_every_part_is_there(numbers: tuple[int, ...], complete: bool) -> None:
    assert is_complete(dict.fromkeys(numbers, "x"), 3) is complete


def test_ten_parts_are_not_joined_by_the_alphabet() -> None:
    assert join({10: "j", 2: "b", 1: "a"}) == "abj"
