from collections.abc import Callable

import pytest

from smppgw.load.ledger import Ledger


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(messages=2, receipts=True)


def test_a_response_and_a_receipt_give_both_latencies(ledger: Ledger) -> None:
    ledger.accept("a", sent_at=1.0, now=1.5)
    ledger.receipt("a", "DELIVRD", now=3.0)

    assert (list(ledger.response_s), list(ledger.receipt_s)) == ([0.5], [2.0])
    assert (ledger.receipts, ledger.missing) == (1, 0)


def test_a_receipt_before_its_response_is_matched_when_the_response_comes(ledger: Ledger) -> None:
    ledger.receipt("a", "DELIVRD", now=3.0)
    unknown = ledger.unknown_ids
    ledger.accept("a", sent_at=1.0, now=3.5)

    assert (unknown, ledger.unknown_ids) == (1, 0)
    assert list(ledger.receipt_s) == [2.0]


def test_a_receipt_for_an_id_nobody_gave_stays_unknown(ledger: Ledger) -> None:
    ledger.accept("a", sent_at=1.0, now=1.5)
    ledger.receipt("b", "DELIVRD", now=3.0)

    assert (ledger.unknown_ids, ledger.missing, ledger.duplicates) == (1, 1, 0)


def test_a_second_receipt_is_a_duplicate(ledger: Ledger) -> None:
    ledger.accept("a", sent_at=1.0, now=1.5)
    ledger.receipt("a", "DELIVRD", now=3.0)
    ledger.receipt("a", "DELIVRD", now=4.0)

    assert (ledger.duplicates, ledger.receipts) == (1, 1)
    assert ledger.stats == {"DELIVRD": 2}


def test_a_second_receipt_before_the_response_is_a_duplicate_too(ledger: Ledger) -> None:
    ledger.receipt("a", "DELIVRD", now=3.0)
    ledger.receipt("a", "DELIVRD", now=4.0)

    assert (ledger.duplicates, ledger.unknown_ids) == (1, 1)


@pytest.mark.parametrize("receipt_between", [False, True])
def test_an_id_given_twice_is_counted(ledger: Ledger, receipt_between: bool) -> None:
    ledger.accept("a", sent_at=1.0, now=1.5)
    if receipt_between:
        ledger.receipt("a", "DELIVRD", now=3.0)
    ledger.accept("a", sent_at=1.0, now=3.5)

    assert ledger.repeated_ids == 1


def test_a_refusal_is_an_answer(ledger: Ledger) -> None:
    ledger.refuse(0x58, sent_at=1.0, now=1.25)

    assert (ledger.answered, ledger.accepted, list(ledger.response_s)) == (1, 0, [0.25])
    assert ledger.refusals == {0x58: 1}


def test_it_is_complete_when_all_are_answered_and_all_accepted_have_receipts(ledger: Ledger) -> None:
    ledger.accept("a", sent_at=1.0, now=1.5)
    ledger.refuse(0x58, sent_at=1.0, now=1.5)
    before = ledger.complete
    ledger.receipt("a", "DELIVRD", now=3.0)

    assert (before, ledger.complete) == (False, True)


def test_it_is_complete_without_receipts_where_none_are_asked_for() -> None:
    ledger = Ledger(messages=1, receipts=False)

    ledger.accept("a", sent_at=1.0, now=1.5)

    assert ledger.complete


def test_what_a_lost_connection_took_along_is_not_waited_for(ledger: Ledger) -> None:
    ledger.lose(2)

    assert ledger.complete


STEPS: dict[str, Callable[[Ledger], None]] = {
    "submit": lambda ledger: ledger.submitted(2, 5.0),
    "response": lambda ledger: ledger.accept("a", 1.0, 5.0),
    "refusal": lambda ledger: ledger.refuse(8, 1.0, 5.0),
    "receipt": lambda ledger: ledger.receipt("a", "DELIVRD", 5.0),
}


@pytest.mark.parametrize("step", STEPS)
def test_progress_is_every_submit_answer_and_receipt(ledger: Ledger, step: str) -> None:
    STEPS[step](ledger)

    assert ledger.progress_at == 5.0
