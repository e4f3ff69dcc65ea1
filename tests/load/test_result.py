from dataclasses import replace

import pytest

from smppgw.load.ledger import Ledger
from smppgw.load.plan import Plan
from smppgw.load.result import Result, percentile, summarise

PLAN = Plan(host="127.0.0.1", port=2775, system_id="load", password="secret", messages=3, receipts=True)


def ledger_of_three() -> Ledger:
    """Two accepted and delivered, one throttled; first submit at 10 s, last receipt at 14 s."""
    ledger = Ledger(messages=3, receipts=True)
    ledger.submitted(3, 10.0)
    ledger.accept("a", 10.0, 10.5)
    ledger.accept("b", 10.0, 11.0)
    ledger.refuse(0x58, 10.0, 12.0)
    ledger.receipt("a", "DELIVRD", 13.0)
    ledger.receipt("b", "UNDELIV", 14.0)
    return ledger


def result_of(ledger: Ledger, plan: Plan = PLAN) -> Result:
    return summarise(plan, ledger, timed_out=False, ended_at=15.0, cpu_s=0.0003)


def test_the_figures_of_a_run() -> None:
    assert result_of(ledger_of_three()) == Result(
        messages=3,
        sent=3,
        accepted=2,
        errors={"ESME_RTHROTTLED": 1},
        unanswered=0,
        accepted_per_s=1.0,  # 2 from 10 to 12 s
        response_p50_s=1.0,
        response_p99_s=2.0,
        receipts=2,
        receipts_per_s=2.0,  # 2 from 13 to 14 s
        receipt_p50_s=3.0,
        receipt_p99_s=4.0,
        whole_life_per_s=0.5,  # 2 from 10 to 14 s
        missing_receipts=0,
        duplicate_receipts=0,
        unknown_ids=0,
        repeated_ids=0,
        unreadable=0,
        stats={"DELIVRD": 1, "UNDELIV": 1},
        timed_out=False,
        seconds=5.0,
        client_cpu_us=0.0003 * 1e6 / 3,
    )


def test_a_run_in_which_nothing_was_sent_has_no_figures() -> None:
    result = result_of(Ledger(messages=3, receipts=True))

    assert (result.accepted_per_s, result.response_p50_s, result.receipt_p99_s, result.client_cpu_us) == (None,) * 4
    assert not result.ok


def test_receipts_that_nobody_asked_for_are_not_missing() -> None:
    ledger = Ledger(messages=1, receipts=False)
    ledger.submitted(1, 1.0)
    ledger.accept("a", 1.0, 2.0)

    result = result_of(ledger, replace(PLAN, messages=1, receipts=False))

    assert result.missing_receipts == 0
    assert result.ok


def test_a_status_without_a_name_is_told_in_hex() -> None:
    ledger = Ledger(messages=1, receipts=False)
    ledger.refuse(0x406, 1.0, 2.0)

    assert result_of(ledger).errors == {"0x00000406": 1}


GOOD = replace(result_of(ledger_of_three()), accepted=3, errors={})


def test_a_run_is_ok_when_everything_came_once() -> None:
    assert GOOD.ok


@pytest.mark.parametrize(
    "fault",
    [
        {"accepted": 2},
        {"timed_out": True},
        {"missing_receipts": 1},
        {"duplicate_receipts": 1},
        {"unknown_ids": 1},
        {"repeated_ids": 1},
        {"unreadable": 1},
    ],
    ids=str,
)
def test_a_run_is_not_ok_with_any_fault(fault: dict[str, int]) -> None:
    assert not replace(GOOD, **fault).ok  # type: ignore[arg-type] # the table names real fields


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([], 50, None),
        ([7.0], 99, 7.0),
        ([1.0, 2.0], 50, 1.0),  # rank ceil(2 * 0.50) = 1
        ([1.0, 2.0, 3.0], 50, 2.0),  # rank ceil(3 * 0.50) = 2
        ([float(n) for n in range(1, 201)], 99, 198.0),  # rank ceil(200 * 0.99) = 198
    ],
)
def test_a_percentile_is_the_value_of_the_nearest_rank(values: list[float], percent: int, expected: float) -> None:
    assert percentile(values, percent) == expected
