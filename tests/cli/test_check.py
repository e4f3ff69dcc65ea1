"""`smppgw check`: every fault, a code for scripts, and no secrets."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from smppgw.cli import main
from smppgw.cli.exits import Exit

GOOD = """
[smpp]
listen = "127.0.0.1:2775"
[[accounts]]
system_id = "legacy"
password = "hunter2"
[carriers.loop]
type = "loopback"
[[routes]]
name = "default"
carriers = ["loop"]
"""
FIVE_FAULTS = """
[smpp]
lissten = "127.0.0.1:2775"
enquire_link = "soon"
[[accounts]]
system_id = "legacy"
password_hash = "hunter2"
[carriers.loop]
type = "loopbak"
[[routes]]
name = "default"
carriers = ["lop"]
"""


def check(tmp_path: Path, text: str) -> Result:
    file = tmp_path / "smppgw.toml"
    file.write_text(text, encoding="utf-8")
    return CliRunner().invoke(main, ["check", "-c", str(file)])


def test_a_right_configuration_passes_with_its_warnings(tmp_path: Path) -> None:
    result = check(tmp_path, GOOD)

    assert result.exit_code == Exit.OK
    assert "warning: accounts[legacy].password is a secret" in result.stdout
    assert "1 accounts, 1 carriers, 1 routes, 1 warnings" in result.stdout


def test_five_faults_are_all_named(tmp_path: Path) -> None:
    result = check(tmp_path, FIVE_FAULTS)

    assert result.exit_code == Exit.CONFIG
    assert [line.partition(": ")[0] for line in result.stdout.splitlines()] == [
        "smpp.enquire_link",
        "smpp.lissten",
        "accounts[legacy].password_hash",
        "carriers.loop.type",
        "routes[default].carriers",
    ]
    assert result.stderr == "5 faults\n"


def test_a_fault_has_its_suggestion(tmp_path: Path) -> None:
    result = check(tmp_path, FIVE_FAULTS)

    assert 'smpp.lissten: is no known key (did you mean "listen"?)' in result.stdout.splitlines()


@pytest.mark.parametrize("text", [GOOD, FIVE_FAULTS])
def test_no_secret_is_printed(tmp_path: Path, text: str) -> None:
    assert "hunter2" not in check(tmp_path, text).output


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["check", "-c", str(tmp_path / "none.toml")])

    assert result.exit_code == Exit.CONFIG
    assert "No such file" in result.stdout


def test_a_hostile_key_cannot_move_the_cursor(tmp_path: Path) -> None:
    result = check(tmp_path, GOOD + '["\\u001b[2J\\n"]\n')

    assert "\x1b" not in result.output
    assert len(result.stdout.splitlines()) == 1
