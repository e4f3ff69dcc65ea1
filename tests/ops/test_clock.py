"""The machine's clocks."""

import time

from smppgw.ops.clock import Clock


def test_a_clock_asks_the_machine() -> None:
    before = time.time(), time.monotonic()

    clock = Clock()

    assert before[0] <= clock.wall() <= time.time()
    assert before[1] <= clock.monotonic() <= time.monotonic()


def test_a_test_hands_in_its_own_time() -> None:
    clock = Clock(wall=lambda: 5.0, monotonic=lambda: 7.0)

    assert (clock.wall(), clock.monotonic()) == (5.0, 7.0)
