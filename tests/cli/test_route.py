"""`smppgw route explain`: reads like an answer, and is one for scripts too."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from smppgw.cli import main
from smppgw.cli.exits import Exit
from smppgw.store.sqlite import opening

CONFIGURATION = """
[smpp]
listen = "127.0.0.1:2775"
[store]
url = "sqlite:none.db"
[[accounts]]
system_id = "legacy"
password = "hunter2"
country = "DE"
[carriers.cheap]
type = "loopback"
rates = "cheap.csv"
[carriers.dear]
type = "loopback"
rates = "dear.csv"
[[routes]]
name = "china"
match = { country = "CN" }
carriers = ["dear"]
[[routes]]
name = "closed"
match = { country = "KP" }
refuse = "0x410"
[[routes]]
name = "night"
match = { country = "FR" }
carriers = ["dear"]
hold = "08:00-20:00"
sender = "SHOP"
[[routes]]
name = "by-price"
match = { country = ["DE", "AT"] }
carriers = ["dear", "cheap"]
strategy = "least-cost"
max_price = "0.09 EUR"
"""


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    (tmp_path / "cheap.csv").write_text("prefix,price,currency\n49,0.07,EUR\n")
    (tmp_path / "dear.csv").write_text("prefix,price,currency\n49,0.075,EUR\n43,0.1,EUR\n")
    file = tmp_path / "smppgw.toml"
    file.write_text(CONFIGURATION)
    return file


def explain(configuration: Path, *arguments: str) -> Result:
    base = ["route", "explain", "-c", str(configuration), "--account", "legacy"]
    return CliRunner().invoke(main, [*base, *arguments])


def test_it_says_where_a_message_goes_and_why(configuration: Path) -> None:
    result = explain(configuration, "--from", "ACME", "--to", "0151 12345678".replace(" ", ""), "--text", "x" * 161)

    assert result.exit_code == Exit.OK
    assert result.stdout == (
        "message     from ACME to +4915112345678 (DE), transactional, 2 parts, 161 characters\n"
        "routes      china            no: country DE is not CN\n"
        "            closed           no: country DE is not KP\n"
        "            night            no: country DE is not FR\n"
        "            by-price         matches\n"
        "carriers    cheap            1st: 0.14 EUR (0.07 a part), delivery rate unknown\n"
        "            dear             2nd: 0.15 EUR (0.075 a part), delivery rate unknown\n"
        "outcome     sent by cheap, else by dear (strategy least-cost)\n"
    )


def test_prices_are_those_of_the_volume_that_was_reached(configuration: Path, tmp_path: Path) -> None:
    (tmp_path / "dear.csv").write_text("prefix,price,currency,from_volume\n49,0.075,EUR,\n49,0.01,EUR,1000\n")
    store = opening.connect(tmp_path / "none.db")
    store.execute(
        """INSERT INTO costs (attempt, message, kind, account, carrier, country, traffic_class, parts, at_ms)
           VALUES (1, 1, 0, 'legacy', 'dear', 'DE', 1, 1000, ?)""",
        (datetime(2026, 3, 2, tzinfo=UTC).timestamp() * 1000,),
    )
    store.close()

    march = explain(configuration, "--to", "+4915112345678", "--at", "2026-03-31T12:00:00")
    april = explain(configuration, "--to", "+4915112345678", "--at", "2026-04-01T12:00:00")

    assert "sent by dear, else by cheap" in march.stdout
    assert "sent by cheap, else by dear" in april.stdout


def test_it_says_why_a_carrier_is_dropped(configuration: Path) -> None:
    result = explain(configuration, "--to", "+436641234567")

    assert "carriers    cheap            1st: price unknown, delivery rate unknown\n" in result.stdout
    assert "            dear             dropped: 0.10 a part is over max_price\n" in result.stdout
    assert result.stdout.endswith("outcome     sent by cheap (strategy least-cost)\n")


@pytest.mark.parametrize(
    ("recipient", "outcome"),
    [
        ("+8501912345678", "refused with 0x00000410: route closed refuses it"),
        ("+447700900123", "refused with ESME_RINVDSTADR: no route"),
        ("+49", "refused with ESME_RINVDSTADR: no country has this calling code"),
    ],
)
def test_it_says_how_a_message_would_be_refused(configuration: Path, recipient: str, outcome: str) -> None:
    result = explain(configuration, "--to", recipient)

    assert result.exit_code == Exit.FAILED
    assert result.stdout.endswith(f"outcome     {outcome}\n")


def test_it_says_what_the_account_is_screened_for(configuration: Path) -> None:
    screened = (
        'password = "hunter2"\nsenders = "ACME"\nsender_for = { DE = "SHOP" }\nsmart_encoding = true\noptout = true'
    )
    configuration.write_text(CONFIGURATION.replace('password = "hunter2"', screened))

    refused = explain(configuration, "--from", "Bank", "--to", "+4915112345678")
    taken = explain(configuration, "--from", "ACME", "--to", "+4915112345678", "--text", "x" * 70 + "\u2019")

    assert refused.stdout.endswith("outcome     refused with ESME_RINVSRCADR: the sender is none of the account's\n")
    assert taken.stdout.startswith(
        "message     from SHOP to +4915112345678 (DE), transactional, 1 part, 71 characters\n"
    )


def test_it_says_what_else_the_route_does(configuration: Path) -> None:
    result = explain(configuration, "--to", "+33612345678", "--at", "2026-03-31T22:15:00")

    assert result.stdout.endswith(
        "outcome     sent by dear (strategy failover), with sender SHOP, held until 2026-04-01 08:00 UTC\n"
    )


def test_what_only_a_running_daemon_knows_is_not_made_up(configuration: Path) -> None:
    alibaba = (
        '[carriers.aliyun]\ntype = "alibaba"\nendpoint = "https://dysms.example"\naccess_key_id = "key"\n'
        'access_key_secret = "secret"\nsign_name = "阿里云"\n'
    )
    china = '[[routes]]\nname = "china"\nmatch = { country = "CN" }\ncarriers = ["aliyun"]\n'
    text = CONFIGURATION.replace(china.replace("aliyun", "dear"), alibaba + china)
    configuration.write_text(text)

    result = explain(configuration, "--to", "+8613812345678")

    assert result.exit_code == Exit.OK
    assert result.stdout.splitlines()[2:] == [
        "carriers    aliyun           1st: price unknown, delivery rate unknown, not checked: templates not",
        "                             loaded",
        "outcome     sent by aliyun (strategy failover), as far as can be told here",
    ]


def test_programs_get_a_document(configuration: Path) -> None:
    result = explain(configuration, "--to", "+4915112345678", "--class", "otp", "--json")

    told = json.loads(result.stdout)
    assert told["message"]["class"] == "otp"
    assert told["decision"]["carriers"] == ["cheap", "dear"]
    assert [carrier["part_price_micros"] for carrier in told["carriers"]] == [70_000, 75_000]


def test_an_account_that_is_not_there_is_not_found(configuration: Path) -> None:
    result = CliRunner().invoke(
        main, ["route", "explain", "-c", str(configuration), "--account", "nobody", "--to", "+4915112345678"]
    )

    assert result.exit_code == Exit.NOT_FOUND
    assert "there is no account nobody" in result.stderr


def test_a_faulty_configuration_is_said(tmp_path: Path) -> None:
    (tmp_path / "smppgw.toml").write_text("[smpp]\nlissten = 1\n")

    assert explain(tmp_path / "smppgw.toml", "--to", "+4915112345678").exit_code == Exit.CONFIG
