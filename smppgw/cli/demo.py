"""`smppgw demo`: the front of `smppgw.demo`."""

import io
import sys

import click
from rich.console import Console

from smppgw.cli.exits import Exit
from smppgw.demo.run import Options, run
from smppgw.demo.screen import Screen, make_console
from smppgw.demo.script import MAX_FURTHER


@click.command()
@click.option("--keep", is_flag=True, help="Leave it running until Ctrl-C, and tell where to bind and what to open.")
@click.option(
    "--messages",
    type=click.IntRange(0, MAX_FURTHER),
    default=0,
    show_default=True,
    metavar="N",
    help="Further plain messages.",
)
def demo(*, keep: bool, messages: int) -> None:
    """Examples:

    \b
      smppgw demo
      smppgw demo --messages 1000
      smppgw demo --keep

    Runs the gateway between simulated carriers and a real SMPP client, all on this machine, and shows the way of each
    message. Ends with 0 only if every expected receipt came, once. Leaves nothing behind.
    """  # noqa: D301, D415 # \b is click's mark for text that is not to be refilled
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # the texts have letters that some terminals do not know
    screen = Screen(make_console(), Console(stderr=True, highlight=False))
    sys.exit(Exit.OK if run(Options(messages=messages, keep=keep), screen) else Exit.FAILED)
