"""Carriers' own lists become rate cards, or say why not."""

import io

import pytest

from smppgw.core.rate_files import RateFaults
from smppgw.core.rate_import import Layout, import_rows
from smppgw.core.rate_rows import read_rows, write_rows

PLAIN = Layout(columns={"prefix": "Dialcode", "price": "Rate"}, currency="EUR")
GERMAN = Layout(
    columns={"country": "Land", "prefix": "Vorwahl", "price": "Preis", "currency": "Währung", "class": "Art"},
    delimiter=";",
    decimal=",",
)


def imported(text: str, layout: Layout = PLAIN) -> list[str]:
    return list(write_rows(import_rows(io.StringIO(text, newline=""), "list.csv", layout)))[1:]


def faults(text: str, layout: Layout = PLAIN) -> list[str]:
    with pytest.raises(RateFaults) as caught:
        imported(text, layout)
    return str(caught.value).splitlines()


def test_columns_are_found_by_their_names() -> None:
    assert imported("Country,Rate,Dialcode\nGermany,0.075,49\nAustria,0.08,43\n") == [
        "49,,,,0.075,EUR,,,",
        "43,,,,0.08,EUR,,,",
    ]


def test_lists_of_other_lands_are_read() -> None:
    text = "\ufeffPreisliste\r\n\r\nVorwahl;Land;Art;Preis;Währung\r\n0049 (171);de;OTP;0,0750;eur\r\n;;;;\r\n"

    assert imported(text, GERMAN) == ["49171,DE,,otp,0.075,EUR,,,"]


@pytest.mark.parametrize(
    ("written", "prefix"),
    [("+49", "49"), ("0049", "49"), ("49 171", "49171"), ("1-202", "1202"), ("", ""), ("\u00a049", "49")],
)
def test_prefixes_are_read_as_people_write_them(written: str, prefix: str) -> None:
    assert imported(f"Dialcode,Rate\n{written},1\n") == [f"{prefix},,,,1.00,EUR,,,"]


@pytest.mark.parametrize(
    ("written", "decimal", "price"),
    [
        ("0,0750", ",", "0.075"),
        ("1", ",", "1.00"),
        (",5", ",", "0.50"),
        ("5,", ",", "5.00"),
        ("0,07500000", ",", "0.075"),
        ("0.0750000000", ".", "0.075"),
    ],
)
def test_prices_are_read_exactly(written: str, decimal: str, price: str) -> None:
    layout = Layout(columns={"price": "Rate"}, currency="EUR", delimiter=";", decimal=decimal)

    assert imported(f"Rate\n{written}\n", layout) == [f",,,,{price},EUR,,,"]


@pytest.mark.parametrize("written", ["0,075", "1.234,5", "0.0750001", "0.07 EUR", "-1", "1e3", "", "٣.٥"])
def test_a_price_that_is_not_clear_is_a_fault(written: str) -> None:
    (fault,) = faults(f'Dialcode,Rate\n49,"{written}"\n')

    assert fault.startswith("list.csv, line 2: price ")


def test_every_fault_is_told_by_its_line() -> None:
    text = 'Dialcode,Rate\n49,0.1\n43,free\n49,0.2\n"4\n4",0.1\n33\n44-46,0.1\n'

    assert faults(text) == [
        "list.csv, line 3: price 'free' is not an amount with at most six decimals",
        "list.csv, line 4: it says again what line 2 says",
        "list.csv, line 6: prefix '4\\n4' is not digits",
        "list.csv, line 7: 1 fields are too few",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 1: no line has the columns Dialcode, Rate"),
        ("Code,Rate\n49,1\n", "line 1: no line has the columns Dialcode, Rate"),
        ('Dialcode,Rate\n49,"1\n', "no CSV: unexpected end of data"),
    ],
)
def test_a_list_that_is_none_is_a_fault(text: str, reason: str) -> None:
    assert reason in faults(text)[0]


def test_a_card_that_was_written_reads_as_the_same_card() -> None:
    lines = [
        "prefix,country,mccmnc,class,price,currency,valid_from,valid_to,from_volume",
        "49,DE,26201,otp,0.075,EUR,2026-01-01,2026-12-31,1000",
        ",,,,12.00,USD,,,",
        "1,,,marketing,0.000001,USD,2026-01-01,,",
    ]

    assert list(write_rows(read_rows(lines, "card.csv"))) == lines
