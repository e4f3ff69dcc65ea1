"""`smppgw check`: what is wrong with a configuration. It opens no socket and no database."""

import sys
from pathlib import Path

import click

from smppgw import app
from smppgw.cli.exits import Exit
from smppgw.cli.options import config_option
from smppgw.cli.telling import tell_faults
from smppgw.config.faults import ConfigFaults
from smppgw.ops.masks import escape


@click.command()
@config_option
def check(config: Path) -> None:
    """Examples:

    \b
      smppgw check -c /etc/smppgw/smppgw.toml && systemctl reload smppgw

    Reads a configuration with its secrets, prints every fault and every warning, and ends with 3 where there is a
    fault.
    """  # noqa: D301, D415 # \b is click's mark for text that is not to be refilled
    try:
        settings = app.load(config)
    except ConfigFaults as faults:
        tell_faults(faults)
        sys.exit(Exit.CONFIG)
    for warning in settings.warnings:
        click.echo(f"warning: {escape(warning)}")
    click.echo(
        f"{config}: ok: {len(settings.accounts)} accounts, {len(settings.carriers)} carriers, "
        f"{len(settings.routes)} routes, {len(settings.warnings)} warnings"
    )
