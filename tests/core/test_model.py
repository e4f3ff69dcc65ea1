"""The legal steps of a message, and values that nobody can change."""

import dataclasses
import inspect
from types import ModuleType

import pytest

from smppgw.core import model, verdict
from smppgw.core.model import STEPS, WAITING, Outcome, Stage, TrafficClass


def reachable(start: Stage) -> set[Stage]:
    """Every stage that some sequence of legal steps leads to."""
    found: set[Stage] = set()
    ahead = [start]
    while ahead:
        for stage in STEPS[ahead.pop()] - found:
            found.add(stage)
            ahead.append(stage)
    return found


def test_every_stage_has_its_steps() -> None:
    assert set(STEPS) == set(Stage)


def test_every_stage_can_be_reached_from_the_first() -> None:
    assert reachable(Stage.ASSEMBLING) == set(Stage) - {Stage.ASSEMBLING}


@pytest.mark.parametrize("stage", sorted(set(Stage) - {Stage.FINAL}))
def test_every_message_can_end(stage: Stage) -> None:
    assert Stage.FINAL in STEPS[stage]


def test_what_is_final_stays() -> None:
    assert STEPS[Stage.FINAL] == frozenset()


def test_no_step_stays_where_it_is() -> None:
    assert not [stage for stage, steps in STEPS.items() if stage in steps]


def test_only_what_is_queued_is_sent() -> None:
    """Parked and doubtful messages go through the queue, where the next attempt is stored before its call."""
    assert {stage for stage, steps in STEPS.items() if Stage.SENDING in steps} == {Stage.QUEUED}


def test_only_a_call_makes_doubt() -> None:
    assert {stage for stage, steps in STEPS.items() if Stage.DOUBTFUL in steps} == {Stage.SENDING}


def test_only_doubt_is_parked() -> None:
    assert {stage for stage, steps in STEPS.items() if Stage.PARKED in steps} == {Stage.DOUBTFUL}


def test_nothing_that_was_routed_is_assembled_or_routed_again() -> None:
    assert not reachable(Stage.UNROUTED) & {Stage.ASSEMBLING, Stage.UNROUTED}


def test_what_may_have_left_does_not_wait() -> None:
    may_have_left = {Stage.SENDING, Stage.DOUBTFUL, Stage.PARKED, Stage.AWAITING_STATUS}

    assert set(Stage) - WAITING - {Stage.FINAL} == may_have_left


def test_outcomes_are_the_message_states_of_smpp() -> None:
    """SMPP v3.4, 5.2.28."""
    assert {outcome.name: outcome.value for outcome in Outcome} == {
        "ENROUTE": 1,
        "DELIVERED": 2,
        "EXPIRED": 3,
        "DELETED": 4,
        "UNDELIVERABLE": 5,
        "ACCEPTED": 6,
        "UNKNOWN": 7,
        "REJECTED": 8,
    }


def test_one_time_passwords_are_drawn_first() -> None:
    assert sorted(TrafficClass) == [TrafficClass.OTP, TrafficClass.TRANSACTIONAL, TrafficClass.MARKETING]


def values_of(module: ModuleType) -> list[type]:
    classes = (value for _, value in inspect.getmembers(module, inspect.isclass))
    return [value for value in classes if dataclasses.is_dataclass(value) and value.__module__ == module.__name__]


@pytest.mark.parametrize("value", values_of(model) + values_of(verdict), ids=lambda value: value.__name__)
def test_values_are_frozen_and_slotted(value: type) -> None:
    parameters = value.__dataclass_params__  # type: ignore[attr-defined]  # what @dataclass leaves on a class

    assert parameters.frozen
    assert "__slots__" in vars(value)
