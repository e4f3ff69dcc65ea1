"""Shares of recipients: right in number, and the same for ever."""

from collections import Counter
from collections.abc import Sequence

import pytest

from smppgw.core.routing.rules import Candidate
from smppgw.core.routing.shares import by_weight, place


def order(candidates: Sequence[Candidate], recipient: str) -> list[str]:
    return [candidate.carrier for candidate in by_weight(candidates, recipient)]


SIX_THREE_ONE = (Candidate("a", weight=60), Candidate("b", weight=30), Candidate("c", weight=10))


def test_weights_of_60_30_10_give_these_shares_of_100_000_recipients() -> None:
    first = Counter(order(SIX_THREE_ONE, f"4917{number:08d}")[0] for number in range(100_000))

    # One percentage point is six standard deviations of the largest share.
    assert first["a"] == pytest.approx(60_000, abs=1_000)
    assert first["b"] == pytest.approx(30_000, abs=1_000)
    assert first["c"] == pytest.approx(10_000, abs=1_000)


@pytest.mark.parametrize(
    ("recipient", "carriers"),
    [("491711234570", ["a", "b", "c"]), ("491711234567", ["b", "a", "c"]), ("491711234516", ["c", "b", "a"])],
)
def test_a_recipient_has_the_same_carriers_on_every_machine(recipient: str, carriers: list[str]) -> None:
    assert order(SIX_THREE_ONE, recipient) == carriers


def test_three_carriers_of_one_weight_come_in_all_orders_alike() -> None:
    three = (Candidate("alibaba"), Candidate("alibaba-intl"), Candidate("retarus"))

    orders = Counter(tuple(order(three, f"4917{number:08d}")) for number in range(12_000))

    assert len(orders) == 6
    assert all(1_800 < count < 2_200 for count in orders.values())  # a sixth, five standard deviations of 41


def test_a_carrier_that_goes_moves_only_its_own_recipients() -> None:
    recipients = [f"4917{number:08d}" for number in range(2_000)]
    before = {recipient: order(SIX_THREE_ONE, recipient)[0] for recipient in recipients}

    after = {recipient: order(SIX_THREE_ONE[:2], recipient)[0] for recipient in recipients}

    assert all(after[recipient] == carrier for recipient, carrier in before.items() if carrier != "c")


def test_a_weight_of_nothing_comes_last() -> None:
    candidates = (Candidate("idle", weight=0), Candidate("busy", weight=1))

    assert all(order(candidates, str(number)) == ["busy", "idle"] for number in range(100))


def test_a_place_lies_above_0_and_is_independent_between_names() -> None:
    places = [(place("one", str(number)), place("two", str(number))) for number in range(10_000)]

    assert all(0 < one <= 1 for one, _ in places)
    both = sum(one <= 0.5 and two <= 0.5 for one, two in places)
    assert 2_300 < both < 2_700  # a quarter, four standard deviations of 43
