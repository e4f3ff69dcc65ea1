"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

DEFAULT_CONFIG: Final = Path("/etc/smppgw/smppgw.toml")

_Command = TypeVar("_Command", bound=Callable[..., Any])


def config_option(command: _Command) -> _Command:
    """Add ``-c FILE``: the configuration."""
    return click.option(
        "-c",
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        default=DEFAULT_CONFIG,
        show_default=True,
        metavar="FILE",
        help="The configuration.",
    )(command)


def peer_options(command: _Command) -> _Command:
    """Add where to bind, and as whom."""
    for option in reversed(
        (
            click.option("--host", default="127.0.0.1", show_default=True, help="Where the gateway listens."),
            click.option("--port", type=click.IntRange(1, 65535), default=2775, show_default=True),
            click.option("--system-id", required=True, help="The account."),
            click.option("--password", required=True, envvar="SMPPGW_PASSWORD", help="Or $SMPPGW_PASSWORD."),
        )
    ):
        command = option(command)
    return command
