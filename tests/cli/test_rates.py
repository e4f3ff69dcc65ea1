"""`smppgw rates`: cards are checked, compared and imported without the daemon."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from smppgw.cli import main
from smppgw.cli.exits import Exit

OLD = "prefix,country,price,currency,valid_to\n49,,0.075,EUR,\n43,,0.08,EUR,\n,FR,0.05,EUR,\n44,,0.04,GBP,2026-12-31\n"
NEW = "prefix,country,price,currency,valid_to\n49,,0.08,EUR,\n43,,0.078,EUR,\n,IT,0.06,EUR,\n44,,0.05,EUR,2026-12-31\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "old.csv").write_text(OLD)
    (tmp_path / "new.csv").write_text(NEW)
    (tmp_path / "bad.csv").write_text("prefix,price,currency\n49,cheap,EUR\n4x,1,EUR\n")
    (tmp_path / "gap.csv").write_text("prefix,price,currency,from_volume\n49,1,EUR,100\n1,1,USD,\n")
    (tmp_path / "exchange.csv").write_text("date,currency,rate\n2026-01-02,USD,1.1\n")
    return tmp_path


def rates(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["rates", *map(str, arguments)])


def test_cards_are_checked_by_line(folder: Path) -> None:
    bad, gap, old = folder / "bad.csv", folder / "gap.csv", folder / "old.csv"

    result = rates("check", old, bad, gap, folder / "exchange.csv")

    assert result.exit_code == Exit.CONFIG
    assert result.stdout.splitlines() == [
        f"{old}: ok: prices in EUR, GBP, 0 warnings",
        f"{bad}, line 2: price 'cheap' is not an amount with at most six decimals",
        f"{bad}, line 3: prefix '4x' is not digits",
        f"warning: {gap}, line 2: no row holds below from_volume 100",
        f"{gap}: ok: prices in EUR, USD, 1 warnings",
        f"{folder / 'exchange.csv'}: ok: exchange rates in USD, 0 warnings",
    ]


def test_currencies_are_checked_with_the_exchange_rates(folder: Path) -> None:
    exchange = ("--exchange", folder / "exchange.csv")

    assert rates("check", folder / "gap.csv", *exchange).exit_code == Exit.OK
    result = rates("check", folder / "old.csv", *exchange, "--json")

    assert result.exit_code == Exit.CONFIG
    (told,) = json.loads(result.stdout)["files"]
    assert told["faults"] == [{"line": 5, "reason": "there is no exchange rate for GBP"}]


def test_a_new_card_is_compared_with_the_old_one(folder: Path) -> None:
    result = rates("diff", folder / "old.csv", folder / "new.csv", "--since", "2026-03-31")

    assert result.exit_code == Exit.OK
    assert result.stdout == (
        "          prefix  country  from        to                old        new     %\n"
        "removed           FR       2026-03-31              0.050 EUR                 \n".rstrip()
        + "\n"
        "added             IT       2026-03-31                         0.060 EUR\n"
        "cheaper   43               2026-03-31              0.080 EUR  0.078 EUR  -2.5\n"
        "currency  44               2026-03-31  2026-12-31  0.040 GBP  0.050 EUR\n"
        "dearer    49               2026-03-31              0.075 EUR  0.080 EUR  +6.7\n"
        "1 added, 1 removed, 1 dearer, 1 cheaper, 1 currency\n"
    )


def test_programs_get_the_changes_as_a_document(folder: Path) -> None:
    told = json.loads(rates("diff", folder / "old.csv", folder / "new.csv", "--since", "2026-03-31", "--json").stdout)

    assert told["changes"][-1] == {
        "change": "dearer",
        "prefix": "49",
        "country": "",
        "mccmnc": "",
        "class": "",
        "from_volume": 0,
        "valid_from": "2026-03-31",
        "valid_to": None,
        "old": {"micros": 75_000, "currency": "EUR"},
        "new": {"micros": 80_000, "currency": "EUR"},
    }


def test_equal_cards_change_nothing(folder: Path) -> None:
    assert rates("diff", folder / "old.csv", folder / "old.csv").stdout == "nothing changes\n"


def test_a_faulty_card_cannot_be_compared(folder: Path) -> None:
    result = rates("diff", folder / "old.csv", folder / "bad.csv")

    assert result.exit_code == Exit.CONFIG
    assert "bad.csv, line 3: prefix '4x' is not digits" in result.stderr


def test_a_carriers_list_becomes_a_card(folder: Path) -> None:
    (folder / "list.csv").write_bytes(
        "Land;Dialcode;Rate\nDeutschland;+49;0,075\nÖsterreich;0043;0,08\n".encode("latin-1")
    )

    result = rates(
        "import", folder / "list.csv", "--columns", "prefix=Dialcode,price=Rate", "--currency", "EUR",
        "--delimiter", ";", "--decimal", ",", "--encoding", "latin-1",
    )  # fmt: skip

    assert result.exit_code == Exit.OK
    assert result.stdout.splitlines()[1:] == ["49,,,,0.075,EUR,,,", "43,,,,0.08,EUR,,,"]
    assert result.stderr == "list.csv: 2 prices\n"


def test_a_faulty_list_writes_nothing(folder: Path) -> None:
    (folder / "list.csv").write_text("Dialcode,Rate\n49,0.075\n43,\n")

    result = rates("import", folder / "list.csv", "--columns", "prefix=Dialcode,price=Rate", "--currency", "EUR")

    assert result.exit_code == Exit.FAILED
    assert result.stdout == ""
    assert result.stderr == "list.csv, line 3: price '' is not an amount with at most six decimals\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--columns", "prize=Rate"), "'prize': write ours=theirs"),
        (("--columns", "price"), "'price': write ours=theirs"),
        (("--columns", "prefix=Rate"), "price=... is missing"),
        (("--columns", "price=A", "--columns", "price=B"), "a column is named twice"),
        (("--columns", "price=Rate"), "name the currency"),
        (("--columns", "price=Rate,currency=Cur", "--currency", "EUR"), "name the currency"),
        (("--columns", "price=Rate", "--currency", "EUR", "--decimal", ",,"), "is one character"),
    ],
)
def test_an_import_that_is_not_clear_is_a_fault_of_usage(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    result = rates("import", folder / "old.csv", *arguments)

    assert result.exit_code == Exit.USAGE
    assert said in result.stderr


@pytest.mark.parametrize("encoding", ["utf-8-sig", "klingon"])
def test_a_file_that_cannot_be_read_is_said(folder: Path, encoding: str) -> None:
    (folder / "list.csv").write_bytes(b"Rate\n\xff\n")

    result = rates(
        "import", folder / "list.csv", "--columns", "price=Rate", "--currency", "EUR", "--encoding", encoding
    )

    assert result.exit_code == Exit.FAILED
    assert "cannot read " in result.stderr
