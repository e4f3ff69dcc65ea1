"""Token buckets: never more than burst + rate * t, never less than what is due."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.core.pacing import TokenBucket, YieldingBucket


def taken(bucket: TokenBucket, now: float, tries: int) -> int:
    return sum(bucket.take(now) for _ in range(tries))


def test_a_burst_is_granted_at_once() -> None:
    bucket = TokenBucket(rate=100, burst=50, now=1000.0)

    assert taken(bucket, 1000.0, 60) == 50


def test_tokens_come_back_at_the_rate() -> None:
    bucket = TokenBucket(rate=10, burst=5, now=0.0)
    taken(bucket, 0.0, 5)

    assert taken(bucket, 0.3, 10) == 3  # 10/s * 0.3 s


def test_idle_time_saves_no_more_than_the_burst() -> None:
    bucket = TokenBucket(rate=10, burst=5, now=0.0)

    assert taken(bucket, 3600.0, 100) == 5


def test_a_refused_take_costs_nothing() -> None:
    bucket = TokenBucket(rate=1, burst=3, now=0.0)

    refused = bucket.take(0.0, 4)

    assert not refused
    assert bucket.take(0.0, 3)


def test_several_tokens_are_taken_together() -> None:
    bucket = TokenBucket(rate=1, burst=5, now=0.0)
    bucket.take(0.0, 3)

    assert not bucket.take(0.0, 3)
    assert bucket.take(0.0, 2)


@pytest.mark.parametrize(("spent", "wait_s"), [(0, 0.0), (4, 0.0), (5, 0.1)])
def test_the_wait_is_the_time_to_the_next_token(spent: int, wait_s: float) -> None:
    bucket = TokenBucket(rate=10, burst=5, now=0.0)
    taken(bucket, 0.0, spent)

    assert bucket.wait_s(0.0) == pytest.approx(wait_s)


@given(st.floats(0.01, 5000), st.floats(1, 500), st.floats(0, 2e9), st.integers(0, 600))
def test_after_the_wait_a_token_is_there(rate: float, burst: float, start: float, spent: int) -> None:
    bucket = TokenBucket(rate, burst, start)
    taken(bucket, start, spent)

    # A clock of 2e9 s resolves 2.4e-7 s; the sum may fall that much short.
    now = start + bucket.wait_s(start) + 5e-7

    assert bucket.take(now)


@given(
    st.floats(0.1, 5000),
    st.floats(1, 100),
    st.lists(st.tuples(st.floats(0, 2), st.integers(1, 40)), max_size=40),
)
def test_no_more_than_burst_and_rate_is_ever_granted(rate: float, burst: float, steps: list[tuple[float, int]]) -> None:
    bucket = TokenBucket(rate, burst, 0.0)
    now = 0.0
    granted = 0

    for pause_s, tries in steps:
        now += pause_s
        granted += taken(bucket, now, tries)

    assert granted <= burst + rate * now + 1e-6


@given(st.floats(1, 5000), st.integers(1, 300))
def test_a_steady_caller_below_the_rate_is_never_refused(rate: float, calls: int) -> None:
    bucket = TokenBucket(rate, 1, 0.0)

    assert all(bucket.take(call / rate) for call in range(calls))


def test_the_load_is_what_is_used_up_of_the_burst() -> None:
    bucket = TokenBucket(rate=1.0, burst=10.0)

    assert bucket.load(0.0) == 0.0
    bucket.take(0.0, 8)
    assert bucket.load(0.0) == pytest.approx(0.8)
    assert bucket.load(4.0) == pytest.approx(0.4)


def test_a_clock_that_steps_back_adds_nothing_and_blocks_nothing() -> None:
    bucket = TokenBucket(rate=1, burst=1, now=1000.0)
    bucket.take(1000.0)

    stepped_back = bucket.take(10.0)

    assert not stepped_back
    assert bucket.take(11.0)


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (1, 0), (1, 0.5)])
def test_a_bucket_that_could_never_grant_is_refused(rate: float, burst: float) -> None:
    with pytest.raises(ValueError, match="never grants"):
        TokenBucket(rate, burst)


def test_what_cannot_be_divided_is_granted_or_refused_whole() -> None:
    bucket = TokenBucket(rate=1, burst=5, now=0.0)
    bucket.take(0.0, 3)

    assert not bucket.take_together(0.0, 3)
    assert bucket.take_together(0.0, 2)


def test_a_full_bucket_lends_more_than_it_holds_and_wants_it_back() -> None:
    bucket = TokenBucket(rate=10, burst=5, now=0.0)

    granted = bucket.take_together(0.0, 25)

    assert granted
    assert bucket.wait_s(0.0) == pytest.approx(2.1)  # 20 lent and one more, 10/s
    assert not bucket.take(2.0)
    assert bucket.take(2.1)


def test_what_was_granted_already_may_be_lent_and_is_wanted_back() -> None:
    bucket = TokenBucket(rate=10, burst=5, now=0.0)
    bucket.take(0.0, 5)

    bucket.charge(0.0, 3)

    assert bucket.load(0.0) == pytest.approx(1.6)
    assert bucket.wait_s(0.0) == pytest.approx(0.4)  # 3 lent and one more, 10/s


def test_a_bucket_that_is_not_full_lends_nothing() -> None:
    bucket = TokenBucket(rate=10, burst=5, now=0.0)
    bucket.take(0.0)

    assert not bucket.take_together(0.0, 6)


# Giving way to a carrier that says "too many".


def test_a_bucket_that_gives_way_is_half_as_fast_and_has_nothing_saved_up() -> None:
    bucket = YieldingBucket(rate=10, burst=5, now=0.0)

    bucket.give_way(0.0)

    assert taken(bucket, 0.0, 5) == 1
    assert bucket.wait_s(0.0) == pytest.approx(1 / 5)


def test_calls_throttled_together_count_as_one() -> None:
    bucket = YieldingBucket(rate=16, burst=5, now=0.0)

    for now in (0.0, 0.1, 0.9, 1.0, 1.5):
        bucket.give_way(now)

    assert bucket.rate == 4


def test_a_bucket_never_gets_slower_than_a_sixteenth() -> None:
    bucket = YieldingBucket(rate=16, burst=5, now=0.0)

    for now in range(20):
        bucket.give_way(float(now))

    assert bucket.rate == 1


def test_a_bucket_finds_its_way_back_and_no_further() -> None:
    bucket = YieldingBucket(rate=10, burst=5, now=0.0)
    bucket.give_way(0.0)

    rates = []
    for now in range(30):
        bucket.recover(float(now))
        rates.append(bucket.rate)

    assert rates[:2] == pytest.approx([5.2, 5.4])
    assert rates[-1] == 10


@given(st.lists(st.tuples(st.floats(0, 5), st.booleans()), max_size=50))
def test_giving_way_never_grants_more_than_the_full_rate(steps: list[tuple[float, bool]]) -> None:
    bucket = YieldingBucket(rate=7, burst=3, now=0.0)
    now, granted = 0.0, 0

    for seconds, throttled in steps:
        now += seconds
        (bucket.give_way if throttled else bucket.recover)(now)
        granted += taken(bucket, now, 10)

    assert granted <= 3 + 7 * now + 1e-6
