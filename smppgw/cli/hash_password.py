"""`smppgw hash-password`: what goes into the configuration instead of a password."""

import sys

import click

from smppgw.cli.exits import Exit
from smppgw.ops.passwords import hash_password as make_hash

SMPP_LONGEST = 8
"""A bind carries 8 octets and a NUL (SMPP v3.4, 4.1.1); some systems send more."""


@click.command("hash-password")
def hash_password() -> None:
    """Examples:

    \b
      smppgw hash-password
      printf %s "$PASSWORD" | smppgw hash-password

    Asks for a password, or reads one line from standard input where that is no terminal, and prints its argon2id hash
    for password_hash.
    """  # noqa: D301, D415 # \b is click's mark for text that is not to be refilled
    password = _asked() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if not password:
        click.echo("the password is empty", err=True)
        sys.exit(Exit.FAILED)
    if len(password) > SMPP_LONGEST:
        click.echo(f"warning: longer than {SMPP_LONGEST} characters, which is all that SMPP allows", err=True)
    click.echo(make_hash(password))


def _asked() -> str:
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
