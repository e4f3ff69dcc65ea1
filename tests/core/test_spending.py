"""Sums of the ledger are told apart by what was asked for, and by currency."""

from smppgw.core.spending import Spending, Total, add_up, total


def spending(key: str, currency: str | None, parts: int, micros: int = 0) -> Spending:
    return Spending(key=(key,), currency=currency, messages=1, parts=parts, micros=micros, reporting_micros=2 * micros)


def test_pieces_of_one_key_and_currency_become_one_sum() -> None:
    found = [spending("b", "EUR", 1, 10), spending("a", "EUR", 2, 20), spending("b", "EUR", 3, 30)]

    assert add_up(found) == [
        spending("a", "EUR", 2, 20),
        Spending(key=("b",), currency="EUR", messages=2, parts=4, micros=40, reporting_micros=80),
    ]


def test_currencies_and_unknown_prices_are_never_added_up() -> None:
    found = [spending("a", None, 1), spending("a", "USD", 1, 10), spending("a", "EUR", 1, 20)]

    assert [row.currency for row in add_up(found)] == ["EUR", "USD", None]


def test_the_total_says_how_much_of_it_has_no_price() -> None:
    rows = [spending("a", None, 7), spending("a", "USD", 1, 10), spending("b", "EUR", 2, 20)]

    assert total(rows) == Total(messages=3, parts=10, parts_without_price=7, reporting_micros=60)
