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
