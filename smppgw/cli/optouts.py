"""`smppgw optouts`: who wants nothing more from an account."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from smppgw import app
from smppgw.app.optouts import listed
from smppgw.cli.exits import Exit
from smppgw.cli.options import config_option
from smppgw.cli.story import day_and_time
from smppgw.cli.telling import tell_faults
from smppgw.config.faults import ConfigFaults
from smppgw.core.optout import Optout
from smppgw.ops.masks import escape
from smppgw.store.base import StoreError


@click.group()
def optouts() -> None:
    """Examples:

    \b
      smppgw optouts list -c smppgw.toml

    Recipients who have sent a word that opts out (`optout` of an account).
    """  # noqa: D301, D415 # \b is click's mark for text that is not to be refilled


@optouts.command("list", short_help="Who has opted out of which account, since when.")
@config_option
@click.option("--account", metavar="SYSTEM_ID", help="Of one account only.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def list_them(config: Path, account: str | None, *, as_json: bool) -> None:
    """Examples:

    \b
      smppgw optouts list --account legacy
      smppgw optouts list --json | jq -r '.optouts[].recipient'

    Who has opted out of which account, since when (UTC), and by which carrier the text came. The daemon may run;
    nothing is changed.
    """  # noqa: D301, D415
    found = _found(config, account)
    if as_json:
        click.echo(json.dumps({"optouts": [asdict(one) for one in found]}, indent=2))
        return
    click.echo(f"{'account':<16}{'recipient':<18}{'since, UTC':<21}source")
    for one in found:
        click.echo(escape(f"{one.account:<15} +{one.recipient:<16} {day_and_time(one.since):<20} {one.source}"))


def _found(config: Path, account: str | None) -> Sequence[Optout]:
    try:
        return listed(app.load(config), account)
    except ConfigFaults as faults:
        tell_faults(faults, err=True)
        sys.exit(Exit.CONFIG)
    except StoreError as fault:
        click.echo(f"the store cannot be read: {escape(str(fault))}", err=True)
        sys.exit(Exit.FAILED)
