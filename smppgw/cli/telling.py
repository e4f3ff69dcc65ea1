"""Telling people: faults of their configuration, tables, money."""

from collections.abc import Collection, Iterable, Sequence

import click

from smppgw.config.faults import ConfigFaults
from smppgw.ops.masks import escape


def tell_faults(faults: ConfigFaults, *, err: bool = False) -> None:
    """Print every fault on a line of its own, and how many they are."""
    for fault in faults.faults:
        click.echo(escape(str(fault)), err=err)
    count = len(faults.faults)
    click.echo(f"{count} fault" if count == 1 else f"{count} faults", err=True)


def tell_table(head: Sequence[str], rows: Iterable[Sequence[str]], right: Collection[int] = ()) -> None:
    """Print rows under their head, each column as wide as it must be.

    Args:
        head: The names of the columns.
        rows: As many cells each.
        right: Columns, counted from 0, that end in one line, as numbers do.
    """
    lines = [tuple(head), *(tuple(map(escape, row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = zip(line, widths, strict=True)
        told = [cell.rjust(width) if at in right else cell.ljust(width) for at, (cell, width) in enumerate(cells)]
        click.echo("  ".join(told).rstrip())


def decimals_of(amounts: Iterable[int]) -> int:
    """Return how many decimals show all of these millionths exactly; two at least, as money is written."""
    return max([2, *(len(f"{abs(micros) % 1_000_000:06d}".rstrip("0")) for micros in amounts)])
