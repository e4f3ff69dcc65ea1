"""The judge of the kill tests, judged: each broken promise is seen, and only those."""

from collections.abc import Callable

import pytest

from tests.e2e.history import Delivered, History, violations

WINDOW = 2


def delivered(place: int, stat: str = "DELIVRD", life: int = 1) -> Delivered:
    return Delivered(message_id=f"id{place}", destination=f"to{place}", stat=stat, life=life)


def kept() -> tuple[History, list[str]]:
    """Five submits that went well, and one whose answer was lost."""
    history = History(
        answered={f"id{place}": f"to{place}" for place in range(5)},
        unanswered={"to5"},
        refused={"to6"},
        delivered=[delivered(place) for place in range(5)],
    )
    return history, [f"to{place}" for place in range(5)]


def lose(_history: History, taken: list[str]) -> None:
    taken.remove("to0")


def send_twice(_history: History, taken: list[str]) -> None:
    taken.append("to0")


def send_an_unanswered_one_twice(_history: History, taken: list[str]) -> None:
    taken += ["to5", "to5"]


def send_a_refused_one(_history: History, taken: list[str]) -> None:
    taken.append("to6")


def forget_a_receipt(history: History, _taken: list[str]) -> None:
    history.delivered.pop()


def repeat_without_a_kill(history: History, _taken: list[str]) -> None:
    history.delivered.append(delivered(0))


def repeat_with_another_state(history: History, _taken: list[str]) -> None:
    history.delivered.append(delivered(0, "UNDELIV", life=2))


def repeat_more_than_the_window(history: History, _taken: list[str]) -> None:
    history.delivered += [delivered(place, life=2) for place in range(WINDOW + 1)]


def invent_a_receipt(history: History, _taken: list[str]) -> None:
    history.delivered.append(delivered(7))


def confuse_receipts(history: History, _taken: list[str]) -> None:
    history.delivered[0] = Delivered(message_id="id0", destination="to1", stat="DELIVRD", life=1)


def give_an_id_twice(history: History, _taken: list[str]) -> None:
    history.answer("id0", "to0")


Change = Callable[[History, list[str]], None]


@pytest.mark.parametrize(
    "change",
    [
        lose, send_twice, send_an_unanswered_one_twice, send_a_refused_one, forget_a_receipt, repeat_without_a_kill,
        repeat_with_another_state, repeat_more_than_the_window, invent_a_receipt, confuse_receipts, give_an_id_twice,
    ],
)  # fmt: skip
def test_a_broken_promise_is_seen_once(change: Change) -> None:
    history, taken = kept()

    change(history, taken)

    assert len(violations(history, taken, repeats_per_kill=WINDOW)) == 1


def take_an_unanswered_one(history: History, taken: list[str]) -> None:
    taken.append("to5")
    history.delivered.append(delivered(5))


def repeat_the_window_after_a_kill(history: History, _taken: list[str]) -> None:
    history.delivered += [delivered(place, life=2) for place in range(WINDOW)]


def change_nothing(_history: History, _taken: list[str]) -> None:
    pass


@pytest.mark.parametrize("change", [change_nothing, take_an_unanswered_one, repeat_the_window_after_a_kill])
def test_what_is_allowed_is_no_violation(change: Change) -> None:
    history, taken = kept()

    change(history, taken)

    assert violations(history, taken, repeats_per_kill=WINDOW) == []
