"""Backoff and poll schedules as values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.core.retry import Backoff, PollSchedule


@pytest.mark.parametrize(
    ("tries", "delay_s"),
    [(0, 1.0), (1, 1.0), (2, 2.0), (3, 4.0), (9, 256.0), (10, 300.0), (1000, 300.0), (10**9, 300.0)],
)
def test_waits_double_up_to_the_longest(tries: int, delay_s: float) -> None:
    assert Backoff().delay_s(tries) == pytest.approx(delay_s)


@pytest.mark.parametrize(("jitter", "delay_s"), [(0.0, 8.0), (0.25, 9.0), (0.5, 10.0), (1.0, 12.0)])
def test_jitter_moves_a_wait_by_up_to_a_fifth(jitter: float, delay_s: float) -> None:
    assert Backoff(first_s=10.0).delay_s(1, jitter) == pytest.approx(delay_s)


@given(st.floats(0.1, 60), st.floats(1, 10), st.floats(60, 3600), st.integers(0, 10_000), st.floats(0, 1))
def test_a_wait_never_shrinks_with_further_tries(
    first_s: float, factor: float, longest_s: float, tries: int, jitter: float
) -> None:
    backoff = Backoff(first_s=first_s, factor=factor, longest_s=longest_s)

    assert 0 < backoff.delay_s(tries, jitter) <= backoff.delay_s(tries + 1, jitter) <= 1.2001 * longest_s


@pytest.mark.parametrize(
    ("polls", "delay_s"),
    [(0, 5.0), (1, 8.0), (2, 12.8), (8, 214.74836), (9, 300.0), (500, 300.0)],  # 5 * 1.6 ** polls, at most 300
)
def test_polls_begin_after_five_seconds_and_grow_apart(polls: int, delay_s: float) -> None:
    assert PollSchedule().next_at(polls, 1000.0) == pytest.approx(1000.0 + delay_s)


def test_a_carrier_may_bring_its_own_schedule() -> None:
    schedule = PollSchedule(backoff=Backoff(first_s=60.0, factor=1.0), deadline_s=100.0)

    assert schedule.next_at(7, 0.0) == pytest.approx(60.0)
