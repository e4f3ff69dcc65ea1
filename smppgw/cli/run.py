"""`smppgw run`: the daemon."""

import sys
from pathlib import Path

import click

from smppgw import app
from smppgw.cli.exits import Exit
from smppgw.cli.options import config_option
from smppgw.cli.telling import tell_faults
from smppgw.config.faults import ConfigFaults


@click.command()
@config_option
def run(config: Path) -> None:
    """Examples:

    \b
      smppgw run -c /etc/smppgw/smppgw.toml
      SMPPGW__LOG__LEVEL=debug smppgw run -c smppgw.toml

    Runs the gateway in the foreground. SIGTERM or SIGINT drains it: no new work, what was taken is finished, binds are
    told. A second one ends it at once.
    """  # noqa: D301, D415 # \b is click's mark for text that is not to be refilled
    try:
        sys.exit(app.run(config))
    except ConfigFaults as faults:
        tell_faults(faults, err=True)
        sys.exit(Exit.CONFIG)
