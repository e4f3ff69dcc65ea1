"""`smppgw costs`: the ledger for people, spreadsheets and programs; an unknown price is never 0."""

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from smppgw.cli import main
from smppgw.cli.exits import Exit
from smppgw.store.sqlite import opening
from tests.cli.configuration import CONFIGURATION

DAYS = ("--since", "2026-03-01", "--until", "2026-03-02")
BOOKED = (
    # message, account, carrier, country, class, parts, micros, currency, reporting, day
    (1, "legacy", "retarus", "DE", 1, 2, 150_000, "EUR", 150_000, 1),
    (2, "legacy", "retarus", "DE", 1, 1, 75_000, "EUR", 75_000, 2),
    (3, "shop", "alibaba", "CN", 0, 1, 45_000, "CNY", 5_738, 2),
    (4, "shop", "alibaba", "KP", 0, 3, None, None, None, 2),
    (5, "shop", "alibaba", "CN", 0, 1, 45_000, "CNY", 5_738, 3),
)


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    (tmp_path / "smppgw.toml").write_text(CONFIGURATION)
    return tmp_path / "smppgw.toml"


@pytest.fixture
def store(tmp_path: Path) -> sqlite3.Connection:
    connection = opening.connect(tmp_path / "store.db")
    connection.executemany(
        """INSERT INTO costs (attempt, message, account, carrier, country, traffic_class, parts, micros, currency,
               reporting_micros, at_ms, kind) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)""",
        ((*row, datetime(2026, 3, day, 12, tzinfo=UTC).timestamp() * 1000) for *row, day in BOOKED),
    )
    return connection


def costs(configuration: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["costs", "-c", str(configuration), *arguments])


def test_people_get_a_table_while_the_store_is_open(configuration: Path, store: sqlite3.Connection) -> None:
    result = costs(configuration, "--by", "carrier,country", *DAYS)

    assert result.exit_code == Exit.OK
    assert result.stdout == (
        "2026-03-01 to 2026-03-02, UTC\n"
        "carrier  country  messages  parts     cost         in EUR\n"
        "alibaba  CN              1      1    0.045  CNY  0.005738\n"
        "alibaba  KP              1      3  unknown        unknown\n"
        "retarus  DE              2      3    0.225  EUR  0.225000\n"
        "total                    4      7                0.230738\n"
        "3 parts have no known price and are in no sum of money\n"
    )
    store.close()


def test_spreadsheets_get_csv(configuration: Path, store: sqlite3.Connection) -> None:
    store.close()

    result = costs(configuration, "--by", "day,account", "--format", "csv", *DAYS)

    assert result.stdout.splitlines() == [
        "day,account,messages,parts,currency,cost,reporting_currency,reporting_cost",
        "2026-03-01,legacy,1,2,EUR,0.150000,EUR,0.150000",
        "2026-03-02,legacy,1,1,EUR,0.075000,EUR,0.075000",
        "2026-03-02,shop,1,1,CNY,0.045000,EUR,0.005738",
        "2026-03-02,shop,1,3,,,EUR,",
    ]


def test_programs_get_a_document(configuration: Path, store: sqlite3.Connection) -> None:
    store.close()

    told = json.loads(costs(configuration, "--by", "class", "--format", "json", *DAYS).stdout)

    assert [(row["class"], row["currency"], row["micros"]) for row in told["rows"]] == [
        ("otp", "CNY", 45_000),
        ("otp", None, None),
        ("transactional", "EUR", 225_000),
    ]
    assert told["total"] == {"messages": 4, "parts": 7, "parts_without_price": 3, "reporting_micros": 230_738}


def test_days_without_bookings_say_so(configuration: Path, store: sqlite3.Connection) -> None:
    store.close()

    result = costs(configuration)

    assert result.exit_code == Exit.OK
    assert result.stdout.endswith(", UTC\nnothing was booked\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--by", "colour"), "'colour': write some of account, carrier, country, class, day"),
        (("--by", "day,day"), "each once"),
        (("--since", "yesterday"), "yesterday"),
        (("--since", "2026-03-02", "--until", "2026-03-01"), "--until lies before --since"),
    ],
)
def test_what_nobody_can_answer_is_a_fault_of_usage(configuration: Path, arguments: tuple[str, ...], said: str) -> None:
    result = costs(configuration, *arguments)

    assert result.exit_code == Exit.USAGE
    assert said in result.stderr


def test_a_store_that_is_not_there_is_said(configuration: Path) -> None:
    result = costs(configuration)

    assert result.exit_code == Exit.FAILED
    assert "the store cannot be read: there is none at " in result.stderr


def test_a_file_that_is_no_store_is_said(configuration: Path) -> None:
    (configuration.parent / "store.db").write_bytes(b"no database at all, but long enough to be looked at" * 20)

    result = costs(configuration)

    assert result.exit_code == Exit.FAILED
    assert "the store cannot be read: " in result.stderr


def test_a_faulty_configuration_is_said(configuration: Path) -> None:
    configuration.write_text("[smpp]\nlissten = 1\n")

    assert costs(configuration).exit_code == Exit.CONFIG
