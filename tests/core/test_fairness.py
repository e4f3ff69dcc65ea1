"""Fair order between accounts."""

from hypothesis import given, settings
from hypothesis import strategies as st

from smppgw.core.fairness import FairQueue


def test_the_places_of_one_account_grow() -> None:
    queue = FairQueue()

    assert [queue.number("a") for _ in range(4)] == [1, 2, 3, 4]


def test_accounts_take_turns() -> None:
    queue = FairQueue()

    places = [(queue.number(account), account) for account in "aaabbb"]

    assert [account for _, account in sorted(places)] == list("ababab")


def test_one_message_does_not_wait_for_a_campaign() -> None:
    queue = FairQueue()
    campaign = [queue.number("a") for _ in range(1000)]
    for place in campaign[:10]:
        queue.draw(place)

    place = queue.number("b")

    # Ten of the campaign were drawn; the eleventh and this one are next.
    assert place == 11


def test_a_silent_account_saves_nothing_up() -> None:
    queue = FairQueue()
    queue.number("a")
    for _ in range(100):
        queue.draw(queue.number("b"))

    assert queue.number("a") == 101


def test_drawing_an_older_place_does_not_turn_time_back() -> None:
    queue = FairQueue(drawn=50)

    queue.draw(7)

    assert queue.drawn == 50


def test_a_restored_account_goes_on_behind_what_it_has_queued() -> None:
    queue = FairQueue()
    queue.restore("a", 500)
    queue.restore("a", 400)

    assert (queue.number("a"), queue.number("b")) == (501, 1)


def test_what_was_drawn_before_keeps_its_place() -> None:
    queue = FairQueue(drawn=50)

    assert queue.resume(20) == 20


def test_what_was_drawn_before_a_restart_waits_for_nobody() -> None:
    queue = FairQueue()
    others = [queue.number("b") for _ in range(3)]

    assert queue.resume(1_000_000) < min(others)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "c", "draw"]), max_size=200))
def test_an_account_waits_for_at_most_one_turn_of_each_other(script: list[str]) -> None:
    queue, waiting = FairQueue(), list[tuple[int, str]]()
    for step in script:
        if step == "draw":
            if waiting:
                waiting.sort()
                queue.draw(waiting.pop(0)[0])
        elif not any(account == step for _, account in waiting):
            place = queue.number(step)
            before = [account for other, account in waiting if other < place]
            assert all(before.count(account) <= 1 for account in before)
            waiting.append((place, step))
        else:
            waiting.append((queue.number(step), step))
