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


@pytest.mark.parametrize(
    ("weights", "state"), [((2,), CircuitState.CLOSED), ((2, 1), CircuitState.OPEN), ((3,), CircuitState.OPEN)]
)
def test_a_failure_may_weigh_as_much_as_several(weights: tuple[int, ...], state: CircuitState) -> None:
    circuit = Circuit(failures=3, backoff=BACKOFF)

    for weight in weights:
        circuit.record(False, 0.0, weight=weight)

    assert circuit.state(0.0) is state


# Held until a time that the carrier named.


def held(until: float = 60.0) -> Circuit:
    circuit = Circuit(failures=3, backoff=BACKOFF, probe_s=30.0)
    circuit.hold(until)
    return circuit


@pytest.mark.parametrize(
    ("now", "state", "wait_s"),
    [(0.0, CircuitState.OPEN, 60.0), (59.9, CircuitState.OPEN, 0.1), (60.0, CircuitState.HALF_OPEN, 0.0)],
)
def test_a_held_circuit_is_open_until_the_time_named(now: float, state: CircuitState, wait_s: float) -> None:
    circuit = held()

    assert circuit.state(now) is state
    assert circuit.wait_s(now) == pytest.approx(wait_s)


def test_after_that_time_one_probe_may_go() -> None:
    circuit = held()

    assert [circuit.allow(59.0), circuit.allow(61.0), circuit.allow(61.0)] == [False, True, False]


@pytest.mark.parametrize("ok", [True, False])
def test_calls_that_began_before_change_nothing_about_a_held_circuit(ok: bool) -> None:
    circuit = held()

    for _ in range(9):
        circuit.record(ok, 10.0)

    assert (circuit.state(10.0), circuit.wait_s(10.0)) == (CircuitState.OPEN, 50.0)


def test_the_latest_time_named_holds() -> None:
    circuit = held(60.0)

    circuit.hold(30.0)
    circuit.hold(90.0)

    assert circuit.wait_s(0.0) == 90.0


def test_a_probe_that_names_a_time_again_holds_until_then() -> None:
    circuit = held()
    circuit.allow(60.0)

    circuit.hold(70.0)

    assert circuit.wait_s(60.0) == 10.0
    assert circuit.allow(70.0)


def test_a_probe_that_succeeds_closes_a_held_circuit() -> None:
    circuit = held()
    circuit.allow(60.0)

    circuit.record(True, 61.0)

    assert circuit.state(61.0) is CircuitState.CLOSED
    assert [circuit.allow(61.0) for _ in range(3)] == [True, True, True]


def test_a_probe_that_fails_waits_as_after_any_failure() -> None:
    circuit = held()
    circuit.allow(60.0)

    circuit.record(False, 61.0)

    assert circuit.wait_s(61.0) == pytest.approx(10.0)


@pytest.mark.parametrize("circuit", [opened(), held(), probing()])
def test_somebody_may_ask_for_a_probe_at_once(circuit: Circuit) -> None:
    circuit.probe_now(11.0)

    assert circuit.state(11.0) is CircuitState.HALF_OPEN
    assert [circuit.allow(11.0), circuit.allow(11.0)] == [True, False]


def test_a_closed_circuit_needs_no_probe() -> None:
    circuit = Circuit()

    circuit.probe_now(11.0)

    assert circuit.state(11.0) is CircuitState.CLOSED
