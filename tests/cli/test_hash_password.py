"""`smppgw hash-password`."""

import argon2
from click.testing import CliRunner

from smppgw.cli import main
from smppgw.cli.exits import Exit


def test_the_hash_is_that_of_the_password() -> None:
    result = CliRunner().invoke(main, ["hash-password"], input="hunter2\n")

    assert result.exit_code == Exit.OK
    assert argon2.PasswordHasher().verify(result.stdout.strip(), "hunter2")
    assert "hunter2" not in result.output


def test_a_password_that_smpp_cannot_carry_is_a_warning() -> None:
    result = CliRunner().invoke(main, ["hash-password"], input="123456789\n")

    assert result.exit_code == Exit.OK
    assert "longer than 8" in result.stderr


def test_an_empty_password_is_refused() -> None:
    result = CliRunner().invoke(main, ["hash-password"], input="\n")

    assert (result.exit_code, result.stdout) == (Exit.FAILED, "")
