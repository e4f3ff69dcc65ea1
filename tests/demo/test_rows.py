"""A way and its receipts make one row; many alike make one too."""

import pytest

from smppgw.demo.rows import Row, amount, fold, make_rows
from smppgw.demo.ways import Verdict, Way
from smppgw.smpp.consts import MessageState
from smppgw.smpp.receipt import Receipt


def way(*message_ids: str) -> Way:
    return Way(
        account="demo",
        recipient="4915112345678",
        text="Hello",
        parts=len(message_ids),
        route="default",
        carrier="retarus",
        verdict=Verdict.ACCEPTED,
        micros=75_000,
        message_ids=message_ids,
    )


def receipt(message_id: str, state: MessageState = MessageState.DELIVERED, err: int = 0) -> Receipt:
    return Receipt(message_id=message_id, state=state, submitted_at=0.0, done_at=0.0, err=err)


def row(text: str = "Hello", carrier: str = "retarus", micros: int | None = 75_000) -> Row:
    return Row(
        account="demo",
        recipient="+4915112345678",
        text=text,
        parts=1,
        route="default",
        carrier=carrier,
        verdict=Verdict.ACCEPTED,
        receipt="DELIVRD 000",
        micros=micros,
    )


def test_a_row_tells_the_way_and_the_receipt() -> None:
    assert make_rows([way("1")], {"1": [receipt("1")]}) == [row()]


@pytest.mark.parametrize(
    ("receipts", "label"),
    [
        ([receipt("1"), receipt("2"), receipt("3")], "3x DELIVRD 000"),
        ([receipt("1"), receipt("2")], "2x DELIVRD 000, missing"),
        ([receipt("1"), receipt("2"), receipt("3"), receipt("3")], "4x DELIVRD 000"),
        (
            [receipt("1"), receipt("2", MessageState.EXPIRED, 3), receipt("3")],
            "2x DELIVRD 000, EXPIRED 003",
        ),
        ([], "3x missing"),
    ],
)
def test_each_part_has_its_receipt(receipts: list[Receipt], label: str) -> None:
    by_id: dict[str, list[Receipt]] = {}
    for each in receipts:
        by_id.setdefault(each.message_id, []).append(each)

    [made] = make_rows([way("1", "2", "3")], by_id)

    assert made.receipt == label


@pytest.mark.parametrize(
    ("verdict", "micros", "price"),
    [
        (Verdict.ACCEPTED, 75_000, "0.0750"),
        (Verdict.ACCEPTED, 0, "0.0000"),
        (Verdict.ACCEPTED, None, "unknown"),
        (Verdict.REJECTED, None, "-"),
        (Verdict.DOUBTFUL, None, "-"),
        (Verdict.NONE, None, "-"),
    ],
)
def test_only_what_was_booked_has_a_price(verdict: Verdict, micros: int | None, price: str) -> None:
    made = Row(
        account="", recipient="", text="", parts=1, route="", carrier="", verdict=verdict, receipt="", micros=micros
    )

    assert made.price == price


@pytest.mark.parametrize(
    ("micros", "written"),
    [(5_738, "0.0057"), (1, "0.0000"), (224_550_000, "224.5500"), (10**15, "1000000000.0000")],
)
def test_amounts_have_four_decimals(micros: int, written: str) -> None:
    assert amount(micros) == written


def test_few_rows_stay_as_they_are() -> None:
    rows = [row("a"), row("b")]

    assert fold(rows, 2) == rows


def test_rows_beyond_become_one_for_each_way() -> None:
    rows = [row("a"), row("b"), row("c", carrier="alibaba", micros=None), row("d"), row("e", micros=5_000)]

    first, retarus, alibaba = fold(rows, 1)

    # 0.075 + 0.075 + 0.005
    assert (retarus.text, retarus.parts, retarus.price) == ("(3 more like this)", 3, "0.1550")
    assert (alibaba.text, alibaba.carrier, alibaba.price) == ("(1 more like this)", "alibaba", "unknown")
    assert first == rows[0]
