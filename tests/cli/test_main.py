"""The frame of the command line."""

import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from smppgw import __version__
from smppgw.cli import main
from smppgw.cli.exits import Exit

COMMANDS = [
    "run",
    "check",
    "carriers",
    "demo",
    "simulate",
    "send",
    "bench",
    "decode",
    "receipt",
    "route",
    "trace",
    "rates",
    "costs",
    "optouts",
    "health",
    "hash-password",
]
MINE = ["run", "check", "carriers", "send", "bench", "decode", "receipt", "trace", "optouts", "health", "hash-password"]


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_help_begins_with_examples_and_lists_every_command() -> None:
    output = call("--help").output

    assert output.splitlines()[2].strip() == "Examples:"
    listed = output.partition("Commands:")[2].split("\n")
    assert [line.split()[0] for line in listed if line.strip()] == COMMANDS


@pytest.mark.parametrize("command", MINE)
def test_help_of_a_command_begins_with_examples(command: str) -> None:
    output = call(command, "--help").output

    assert output.splitlines()[2].strip() == "Examples:"


def test_the_version_is_that_of_the_package() -> None:
    assert call("--version").output.split()[-1] == __version__


@pytest.mark.parametrize("arguments", [["cook"], ["check", "--cook"], ["send"]])
def test_what_cannot_be_understood_is_a_usage_error(arguments: list[str]) -> None:
    assert call(*arguments).exit_code == Exit.USAGE


def test_the_frame_loads_no_command() -> None:
    code = "import sys, smppgw.cli; sys.exit(any(m in sys.modules for m in ('pydantic', 'smpplib', 'asyncio')))"

    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_the_package_runs_as_a_module() -> None:
    output = subprocess.run(
        [sys.executable, "-m", "smppgw", "--version"], capture_output=True, text=True, check=True, timeout=60
    ).stdout

    assert output.split() == ["smppgw,", "version", __version__]


@pytest.mark.parametrize(
    ("name", "code"), [("OK", 0), ("FAILED", 1), ("USAGE", 2), ("CONFIG", 3), ("NOT_FOUND", 4), ("UNREACHABLE", 5)]
)
def test_exit_codes_are_the_promised_ones(name: str, code: int) -> None:
    assert Exit[name] == code
