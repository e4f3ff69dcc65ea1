"""What a carrier bills by its last word."""

from dataclasses import replace

import pytest

from smppgw.core.billing import BilledOn, billed
from smppgw.core.model import MessageId, Outcome
from smppgw.core.verdict import PushedReport, StatusReport

REPORT = StatusReport(message=MessageId(1), outcome=Outcome.DELIVERED, final=True)
SURE_FAILURES = {Outcome.UNDELIVERABLE, Outcome.REJECTED, Outcome.EXPIRED, Outcome.DELETED}


@pytest.mark.parametrize("parts", [None, 3])
def test_on_submit_every_end_is_billed(parts: int | None) -> None:
    for outcome in Outcome:
        report = replace(REPORT, outcome=outcome, parts=parts)
        assert billed(report, BilledOn.SUBMIT) is report


def test_on_delivery_only_a_failure_that_is_sure_is_free() -> None:
    ends = {outcome: billed(replace(REPORT, outcome=outcome), BilledOn.DELIVERY) for outcome in Outcome}

    assert {outcome for outcome, report in ends.items() if report.parts == 0} == SURE_FAILURES
    assert {report.parts for outcome, report in ends.items() if outcome not in SURE_FAILURES} == {None}


@pytest.mark.parametrize("billed_on", BilledOn)
def test_what_never_left_is_free_everywhere(billed_on: BilledOn) -> None:
    report = replace(REPORT, outcome=Outcome.UNDELIVERABLE, parts=2, nothing_left=True)

    assert billed(report, billed_on) == replace(report, parts=0)


def test_what_has_not_ended_says_nothing_of_the_bill() -> None:
    pushed = PushedReport(outcome=Outcome.UNDELIVERABLE, final=False)

    assert billed(pushed, BilledOn.DELIVERY) is pushed
