"""Telling people what is wrong with their configuration."""

import click

from smppgw.config.faults import ConfigFaults
from smppgw.ops.masks import escape


def tell_faults(faults: ConfigFaults, *, err: bool = False) -> None:
    """Print every fault on a line of its own, and how many they are."""
    for fault in faults.faults:
        click.echo(escape(str(fault)), err=err)
    count = len(faults.faults)
    click.echo(f"{count} fault" if count == 1 else f"{count} faults", err=True)
