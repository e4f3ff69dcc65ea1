"""Counting those who have not bound yet."""

from smppgw.smpp.admission import Admission


def test_one_address_cannot_take_all_places() -> None:
    """Two per address, three in all."""
    admission = Admission(max_total=3, max_per_host=2)

    admitted = [admission.enter(host) for host in ("a", "a", "a", "b", "c")]

    assert admitted == [True, True, False, True, False]


def test_whoever_leaves_makes_room() -> None:
    """For the same address again."""
    admission = Admission(max_total=1, max_per_host=1)
    admission.enter("a")

    admission.leave("a")

    assert admission.enter("a")


def test_those_whose_address_is_not_known_yet_count_in_all_only() -> None:
    """They all come through one proxy."""
    admission = Admission(max_total=3, max_per_host=1)

    admitted = [admission.enter_unnamed() for _ in range(4)]

    assert admitted == [True, True, True, False]
    assert not admission.enter("a")


def test_whoever_gets_an_address_makes_room() -> None:
    """And takes it under its own."""
    admission = Admission(max_total=1, max_per_host=1)
    admission.enter_unnamed()

    admission.leave_unnamed()

    assert admission.enter("a")


def test_a_refused_address_leaves_no_trace() -> None:
    """However many of them try."""
    admission = Admission(max_total=0, max_per_host=1)

    for number in range(100):
        admission.enter(f"192.0.2.{number}")

    assert not admission._by_host
