"""The suffix table of the contract, as names."""

import pytest

from smppgw.simulators.outcomes import Outcome, outcome_of


@pytest.mark.parametrize(
    ("number", "outcome"),
    [
        ("+4917600000001", Outcome.ILLEGAL_NUMBER),
        ("13900000002", Outcome.BLOCKED),
        ("8521230003", Outcome.EXPIRED),
        ("+4917600000017", Outcome.GARBAGE_REASON),
        ("+4917600000018", Outcome.DELIVERED),
        ("+4917600010000", Outcome.DELIVERED),
        ("0001", Outcome.ILLEGAL_NUMBER),
        ("", Outcome.DELIVERED),
    ],
)
def test_last_four_digits_choose_the_outcome(number: str, outcome: Outcome) -> None:
    assert outcome_of(number) is outcome
