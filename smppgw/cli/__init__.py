"""The command line. Commands are loaded when they are called: `smppgw health` runs every few seconds and must be quick.

Data goes to standard output, messages go to standard error, `--help` begins with examples. No logic lives here.
"""

import importlib
from typing import Final, NamedTuple

import click

from smppgw import __version__


class _Place(NamedTuple):
    module: str
    attribute: str
    summary: str


_COMMANDS: Final = {
    "run": _Place("run", "run", "The daemon, in the foreground."),
    "check": _Place("check", "check", "Every fault of a configuration at once."),
    "carriers": _Place("carriers", "carriers", "The carriers of a configuration, and whether they can be used."),
    "demo": _Place("demo", "demo", "Watch messages make the whole way, on this machine."),
    "simulate": _Place("simulate", "simulate", "A carrier on loopback, with scripted faults."),
    "send": _Place("send", "send", "Submit one message over SMPP."),
    "bench": _Place("bench", "bench", "Measure a gateway under load."),
    "decode": _Place("decode", "decode", "A PDU in words."),
    "receipt": _Place("receipt", "receipt", "A sample receipt in any profile."),
    "route": _Place("route", "route", "Where a message would go, and why."),
    "trace": _Place("trace", "trace", "Everything that happened to one message."),
    "rates": _Place("rates", "rates", "Rate cards before they are put in place."),
    "costs": _Place("costs", "costs", "What was spent, by whom, where to and when."),
    "optouts": _Place("optouts", "optouts", "Who wants nothing more from an account."),
    "health": _Place("health", "health", "Ask the daemon how it is."),
    "hash-password": _Place("hash_password", "hash_password", "Make an account's password_hash."),
}


class _Commands(click.Group):
    """Knows its commands by name, and imports one when it is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        place = _COMMANDS[cmd_name]
        command = getattr(importlib.import_module(f"smppgw.cli.{place.module}"), place.attribute)
        assert isinstance(command, click.Command)  # noqa: S101 # the table above is ours
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.summary) for name, place in _COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="smppgw")
def main() -> None:
    """Examples:

    \b
      smppgw demo                              see it work, without any account
      smppgw check -c /etc/smppgw/smppgw.toml  before a start or a reload
      smppgw run -c /etc/smppgw/smppgw.toml    the daemon

    An SMPP gateway to HTTP carriers. Exit codes: 0 ok, 1 failed, 2 usage, 3 configuration, 4 not found, 5 daemon
    unreachable.
    """  # noqa: D301, D415 # \b is click's mark for text that is not to be refilled
