"""The circuit of a carrier, as a table of times and states."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.core.health import PROBING, Circuit, CircuitState
from smppgw.core.retry import Backoff

BACKOFF = Backoff(first_s=10.0, factor=2.0, longest_s=60.0)


def opened(at: float = 0.0) -> Circuit:
    """A circuit that opened at a time; its first probe is due 10 s later."""
    circuit = Circuit(failures=3, backoff=BACKOFF, probe_s=30.0)
    for _ in range(3):
        circuit.record(False, at)
    return circuit


def probing(at: float = 10.0) -> Circuit:
    circuit = opened()
    circuit.allow(at)
    return circuit


def test_the_states_are_named_as_the_metric_has_them() -> None:
    assert [str(state) for state in CircuitState] == ["closed", "half_open", "open"]


def test_a_new_circuit_lets_calls_through() -> None:
    circuit = Circuit()

    assert circuit.state(0.0) is CircuitState.CLOSED
    assert circuit.allow(0.0)


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ("FF", CircuitState.CLOSED),
        ("FFF", CircuitState.OPEN),
        ("FFOFF", CircuitState.CLOSED),  # not in a row
        ("FFOFFF", CircuitState.OPEN),
        ("FFFFFF", CircuitState.OPEN),
        ("FFFO", CircuitState.CLOSED),  # an old call came through after all
    ],
)
def test_failures_in_a_row_open_the_circuit(outcomes: str, state: CircuitState) -> None:
    circuit = Circuit(failures=3, backoff=BACKOFF)

    for outcome in outcomes:
        circuit.record(outcome == "O", 0.0)

    assert circuit.state(0.0) is state


@pytest.mark.parametrize(
    ("now", "state", "wait_s"),
    [
        (0.0, CircuitState.OPEN, 10.0),
        (9.5, CircuitState.OPEN, 0.5),
        (10.0, CircuitState.HALF_OPEN, 0.0),
        (99.0, CircuitState.HALF_OPEN, 0.0),
    ],
)
def test_an_open_circuit_becomes_half_open_when_its_wait_is_over(
    now: float, state: CircuitState, wait_s: float
) -> None:
    circuit = opened()

    assert (circuit.state(now), circuit.wait_s(now)) == (state, wait_s)


def test_an_open_circuit_lets_nothing_through() -> None:
    assert not opened().allow(9.9)


def test_a_half_open_circuit_lets_one_probe_through() -> None:
    circuit = opened()

    allowed = [circuit.allow(10.0) for _ in range(3)]

    assert allowed == [True, False, False]


def test_a_circuit_is_half_open_while_its_probe_is_out() -> None:
    assert probing().state(15.0) is CircuitState.HALF_OPEN


def test_a_probe_that_succeeds_closes_the_circuit() -> None:
    circuit = probing()

    circuit.record(True, 12.0)

    assert circuit.state(12.0) is CircuitState.CLOSED
    assert circuit.wait_s(12.0) == 0.0


def test_after_closing_failures_are_counted_from_zero() -> None:
    circuit = probing()
    circuit.record(True, 12.0)

    circuit.record(False, 13.0)
    circuit.record(False, 13.0)

    assert circuit.state(13.0) is CircuitState.CLOSED


def test_waits_grow_from_probe_to_probe_up_to_the_longest() -> None:
    circuit = opened()
    now = 0.0
    waits = []

    for _ in range(5):
        waits.append(circuit.wait_s(now))
        now += waits[-1]
        circuit.allow(now)
        circuit.record(False, now)

    assert waits == [10.0, 20.0, 40.0, 60.0, 60.0]


def test_waits_begin_anew_after_a_success() -> None:
    circuit = probing()
    circuit.record(False, 12.0)
    circuit.record(True, 13.0)

    for _ in range(3):
        circuit.record(False, 100.0)

    assert circuit.wait_s(100.0) == 10.0


def test_late_failures_do_not_prolong_the_wait() -> None:
    circuit = opened()

    circuit.record(False, 5.0)

    assert circuit.wait_s(5.0) == 5.0


def test_a_probe_without_an_outcome_is_followed_by_another() -> None:
    circuit = probing(10.0)

    assert not circuit.allow(39.9)
    assert circuit.allow(40.0)


def test_the_default_waits_end_at_a_minute() -> None:
    assert PROBING.delay_s(100) == 60.0


@given(st.lists(st.tuples(st.sampled_from(["ok", "failed", "ask"]), st.floats(0, 100)), max_size=60))
def test_a_circuit_never_stays_shut(steps: list[tuple[str, float]]) -> None:
    circuit = Circuit(failures=2, backoff=BACKOFF, probe_s=30.0)
    now = 0.0

    for step, pause_s in steps:
        now += pause_s
        if step == "ask":
            circuit.allow(now)
        else:
            circuit.record(step == "ok", now)

    assert circuit.wait_s(now) <= 60.0
    assert circuit.allow(now + circuit.wait_s(now) + 1e-9)
