"""Batches: every message once, in order, within the limits."""

from collections.abc import Hashable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smppgw.core.coalesce import WIDEST, choose, next_width, plan
from smppgw.core.model import Message, MessageId, TrafficClass


def message(number: int, recipient: str = "", sender: str = "A", cap: int | None = None) -> Message:
    return Message(
        id=MessageId(number),
        account="legacy",
        recipient=recipient or f"49171{number:07d}",
        country="DE",
        sender=sender,
        sender_is_number=False,
        text="hello",
        parts=1,
        flash=False,
        traffic_class=TrafficClass.TRANSACTIONAL,
        priority_flag=0,
        service_type="",
        vendor_tlvs=b"",
        accepted_at=0.0,
        expires_at=3600.0,
        batch_cap=cap,
    )


def by_sender(message: Message) -> Hashable:
    return message.sender


def ids(batches: list[tuple[Message, ...]]) -> list[list[int]]:
    return [[message.id for message in batch] for batch in batches]


def test_nothing_makes_no_batch() -> None:
    assert plan([], by_sender, 10) == []


@pytest.mark.parametrize(
    ("count", "most", "sizes"),
    [(1, 1, [1]), (3, 1, [1, 1, 1]), (5, 2, [2, 2, 1]), (4, 2, [2, 2]), (3, 3000, [3])],
)
def test_batches_are_filled_before_another_begins(count: int, most: int, sizes: list[int]) -> None:
    batches = plan([message(number) for number in range(count)], by_sender, most)

    assert [len(batch) for batch in batches] == sizes


def test_messages_that_must_not_travel_together_are_parted() -> None:
    messages = [message(number, sender=sender) for number, sender in enumerate("ABABA")]

    batches = plan(messages, by_sender, 2)

    assert ids(batches) == [[0, 2], [1, 3], [4]]


def test_a_recipient_stands_once_in_a_batch_where_the_carrier_asks_it() -> None:
    messages = [message(number, recipient) for number, recipient in enumerate(["49171", "49172", "49171", "49173"])]

    batches = plan(messages, by_sender, 10, distinct_recipients=True)

    assert ids(batches) == [[0, 1], [2, 3]]


def test_a_recipient_may_stand_twice_in_a_batch_elsewhere() -> None:
    messages = [message(number, "49171") for number in range(2)]

    batches = plan(messages, by_sender, 10)

    assert ids(batches) == [[0, 1]]


def test_messages_of_a_spoilt_call_travel_among_themselves_up_to_their_cap() -> None:
    messages = [message(0), message(1, cap=2), message(2, cap=2), message(3, cap=2), message(4), message(5, cap=1)]

    batches = plan(messages, by_sender, 10)

    assert ids(batches) == [[0, 4], [1, 2], [3], [5]]


def test_a_cap_above_the_limit_does_not_lift_it() -> None:
    batches = plan([message(number, cap=100) for number in range(3)], by_sender, 2)

    assert ids(batches) == [[0, 1], [2]]


SOME = st.lists(
    st.tuples(st.sampled_from(["49171", "49172", "49173"]), st.sampled_from("AB"), st.sampled_from([None, 1, 2, 5])),
    max_size=40,
)


def built(drawn: list[tuple[str, str, int | None]]) -> list[Message]:
    return [message(number, recipient, sender, cap) for number, (recipient, sender, cap) in enumerate(drawn)]


@given(SOME, st.integers(1, 6), st.booleans())
def test_every_message_is_in_exactly_one_batch(
    drawn: list[tuple[str, str, int | None]], most: int, distinct: bool
) -> None:
    messages = built(drawn)

    batches = plan(messages, by_sender, most, distinct)

    assert sorted(message.id for batch in batches for message in batch) == [message.id for message in messages]


@given(SOME, st.integers(1, 6), st.booleans())
def test_every_batch_keeps_its_limits(drawn: list[tuple[str, str, int | None]], most: int, distinct: bool) -> None:
    for batch in plan(built(drawn), by_sender, most, distinct):
        assert 1 <= len(batch) <= min([most, *(m.batch_cap for m in batch if m.batch_cap)])
        assert len({m.sender for m in batch}) == 1
        assert not distinct or len({m.recipient for m in batch}) == len(batch)


@given(SOME, st.integers(1, 6), st.booleans())
def test_order_is_kept(drawn: list[tuple[str, str, int | None]], most: int, distinct: bool) -> None:
    batches = plan(built(drawn), by_sender, most, distinct)

    firsts = [batch[0].id for batch in batches]
    groups: dict[Hashable, list[int]] = {}
    for batch in batches:
        groups.setdefault((batch[0].sender, batch[0].batch_cap), []).extend(m.id for m in batch)
    assert firsts == sorted(firsts)
    assert all(group == sorted(group) for group in groups.values())


@pytest.mark.parametrize(
    ("senders", "at_least", "going", "staying"),
    [
        # Worth it: the largest of them, and nothing else.
        ("AAA", 3, [[1, 2, 3]], []),
        ("ABABA", 3, [[1, 3, 5]], [2, 4]),
        ("BAAAB", 3, [[2, 3, 4]], [1, 5]),
        # Not worth it: one by one, in their order, as many as would not have been worth it.
        ("A", 2, [[1]], []),
        ("AB", 3, [[1], [2]], []),
        ("AA", 3, [[1], [2]], []),
        ("ABCABC", 3, [[1], [2]], [3, 4, 5, 6]),
    ],
)
def test_a_scarce_call_goes_to_the_largest_batch_that_is_worth_it_or_messages_go_one_by_one(
    senders: str, at_least: int, going: list[list[int]], staying: list[int]
) -> None:
    messages = [message(place, sender=sender) for place, sender in enumerate(senders, start=1)]

    chosen, left = choose(messages, plan(messages, by_sender, 100), at_least)

    assert ids(chosen) == going
    assert [one.id for one in left] == staying


def test_nothing_to_choose_from_is_nothing() -> None:
    assert choose([], [], 2) == ([], [])


@given(SOME, st.integers(1, 6), st.integers(2, 6))
def test_what_goes_and_what_stays_is_everything_once(
    drawn: list[tuple[str, str, int | None]], most: int, at_least: int
) -> None:
    messages = built(drawn)

    chosen, left = choose(messages, plan(messages, by_sender, most), at_least)

    assert sorted([m.id for batch in chosen for m in batch] + [m.id for m in left]) == [m.id for m in messages]
    assert all(len(batch) == 1 or len(batch) >= at_least for batch in chosen)
    assert len(chosen) < at_least


@pytest.mark.parametrize(
    ("width", "leased", "batches", "expected"),
    [
        # A short queue: what there is goes.
        (100, 0, 0, 100),
        (800, 799, 40, 100),
        # Full batches: no more is to be won.
        (100, 100, 1, 100),
        (800, 800, 8, 800),
        # Two keys in turns: batches of 50, then full ones.
        (100, 100, 2, 200),
        (200, 200, 2, 200),
        # Ten keys in turns: batches of 10, 20, 40, 80.
        (100, 100, 10, 200),
        (200, 200, 10, 400),
        (400, 400, 10, 800),
        (800, 800, 10, 800),
        (800, 800, 100, 800),
        # Three quarters full.
        (300, 300, 4, 300),
        # Nothing shares a call.
        (100, 100, 100, 100),
        (800, 800, 800, 100),
    ],
)
def test_more_are_leased_where_keys_take_turns(width: int, leased: int, batches: int, expected: int) -> None:
    assert next_width(width, leased, batches, 100) == expected


@given(st.integers(1, 1000), st.integers(1, 8), st.data())
@settings(deadline=None)
def test_a_width_stays_within_its_bounds(max_messages: int, times: int, data: st.DataObject) -> None:
    width = times * max_messages
    leased = data.draw(st.integers(0, width))
    batches = data.draw(st.integers(min(1, leased), max(leased, 0)))

    assert max_messages <= next_width(width, leased, batches, max_messages) <= WIDEST * max_messages


def test_a_carrier_of_single_messages_leases_one_at_a_time() -> None:
    assert next_width(1, 1, 1, 1) == 1
