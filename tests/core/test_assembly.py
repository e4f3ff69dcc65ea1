"""Where a part of a long text belongs."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smppgw.core.assembly import GAP, AssemblyState, Known, Placement, is_complete, join, place
from smppgw.smpp import text as sms


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
        (1, "a", known(AssemblyState.PARTIAL, n1="a"), Placement.REPEATS),
        (1, "x", known(AssemblyState.PARTIAL, n1="a"), Placement.STARTS),
        (2, "b", known(AssemblyState.PARTIAL, n1="a"), Placement.COMES_LATE),
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

    assert join(texts, 3) == "abc"


@pytest.mark.parametrize(("numbers", "complete"), [((), False), ((1, 3), False), ((2, 1, 3), True)])
def test_a_text_is_complete_when_every_part_is_there(numbers: tuple[int, ...], complete: bool) -> None:
    assert is_complete(dict.fromkeys(numbers, "x"), 3) is complete


def test_ten_parts_are_not_joined_by_the_alphabet() -> None:
    texts = {number: str(number) for number in range(10, 0, -1)}

    assert join(texts, 10) == "12345678910"


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((1,), "1(...)"),
        ((5,), "(...)5"),
        ((3,), "(...)3(...)"),
        ((1, 3, 5), "1(...)3(...)5"),
        ((1, 5), "1(...)5"),
        ((1, 2, 3, 4), "1234(...)"),
        ((2, 4), "(...)2(...)4(...)"),
    ],
)
def test_a_gap_is_marked_once_however_many_parts_are_missing(numbers: tuple[int, ...], text: str) -> None:
    assert join({number: str(number) for number in numbers}, 5) == text


def test_a_part_that_is_empty_or_looks_like_a_gap_is_none() -> None:
    assert join({1: "", 2: "b", 3: GAP}, 4) == f"b{GAP}{GAP}"


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 20).flatmap(lambda total: st.tuples(st.just(total), st.sets(st.integers(1, total)))))
def test_what_came_is_all_there_and_in_order(case: tuple[int, set[int]]) -> None:
    total, numbers = case

    joined = join({number: f"<{number}>" for number in numbers}, total)

    assert joined.replace(GAP, "") == "".join(f"<{number}>" for number in sorted(numbers))
    assert (GAP in joined) is (len(numbers) < total)
    assert GAP * 2 not in joined


def test_the_mark_of_a_gap_needs_no_other_alphabet_and_no_second_septet() -> None:
    assert sms.parts(GAP * 32).parts == 1  # 32 * 5 = 160 septets, the most of one SMS
