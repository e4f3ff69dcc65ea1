"""`smppgw costs`: what was spent, by whom, where to and when."""

import csv
import io
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from smppgw import app
from smppgw.app.spending import Statement, statement
from smppgw.cli.exits import Exit
from smppgw.cli.options import config_option
from smppgw.cli.telling import decimals_of, tell_faults, tell_table
from smppgw.config.faults import ConfigFaults
from smppgw.core.spending import Dimension, Spending, total
from smppgw.core.values import amount
from smppgw.ops.clock import Clock
from smppgw.ops.masks import escape
from smppgw.store.base import StoreError

_UNKNOWN = "unknown"


def _dimensions(_context: click.Context, _parameter: click.Parameter, value: str) -> list[Dimension]:
    names = [name.strip() for name in value.split(",")]
    known = [dimension.value for dimension in Dimension]
    for name in names:
        if name not in known or names.count(name) > 1:
            raise click.BadParameter(f"{name!r}: write some of {', '.join(known)}, each once, with commas between")
    return [Dimension(name) for name in names]


def _day(_context: click.Context, _parameter: click.Parameter, value: datetime | None) -> date | None:
    return None if value is None else value.date()


_DAYS = click.DateTime(["%Y-%m-%d"])


@click.command()
@config_option
@click.option(
    "--by", default="carrier", show_default=True, callback=_dimensions, metavar="NAMES", help=", ".join(Dimension)
)
@click.option("--since", type=_DAYS, callback=_day, metavar="DAY", help="The first day, UTC.  [default: of the month]")
@click.option("--until", type=_DAYS, callback=_day, metavar="DAY", help="The last day, UTC.  [default: today]")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True)
def costs(config: Path, by: list[Dimension], since: date | None, until: date | None, form: str) -> None:
    """Examples:

    \b
      smppgw costs --by account,carrier
      smppgw costs --by day,country --since 2026-03-01 --until 2026-03-31 --format csv

    Adds up the ledger: each hand-over to a carrier with what it is known to cost now, on the day (UTC) on which it was
    booked, in the carrier's currency and in that of [rates]. What has no known price is told apart, never as 0. Reads
    the store beside the running daemon and holds nothing up.
    """  # noqa: D301, D415 # \b is click's mark for text that is not to be refilled
    if since is not None and until is not None and until < since:
        raise click.UsageError("--until lies before --since")
    found = _statement(config, by, since, until)
    match form:
        case "json":
            click.echo(json.dumps(_document(found), indent=2, ensure_ascii=False))
        case "csv":
            click.echo(_csv(found), nl=False)
        case _:
            _tell(found)


def _statement(config: Path, by: list[Dimension], since: date | None, until: date | None) -> Statement:
    try:
        return statement(app.load(config), by, since, until, Clock().wall())
    except ConfigFaults as faults:
        tell_faults(faults, err=True)
        sys.exit(Exit.CONFIG)
    except StoreError as fault:
        click.echo(f"the store cannot be read: {escape(str(fault))}", err=True)
        sys.exit(Exit.FAILED)


# --- for people -------------------------------------------------------------------------------------------------------


def _tell(found: Statement) -> None:
    click.echo(f"{found.since} to {found.until}, UTC")
    if not found.rows:
        click.echo("nothing was booked")
        return
    head = (*found.by, "messages", "parts", "cost", "", f"in {found.reporting}")
    numbers = range(len(found.by), len(head))
    tell_table(head, [*_lines(found.rows), _last_line(found)], right={*numbers} - {len(found.by) + 3})
    if without := total(found.rows).parts_without_price:
        whose = "1 part has no known price and is" if without == 1 else f"{without} parts have no known price and are"
        click.echo(f"{whose} in no sum of money")


def _lines(rows: Sequence[Spending]) -> Iterator[tuple[str, ...]]:
    native, reporting = decimals_of(row.micros for row in rows), decimals_of(row.reporting_micros for row in rows)
    for row in rows:
        counts = (*row.key, str(row.messages), str(row.parts))
        if row.currency is None:
            yield (*counts, _UNKNOWN, "", _UNKNOWN)
        else:
            yield (*counts, amount(row.micros, native), row.currency, amount(row.reporting_micros, reporting))


def _last_line(found: Statement) -> tuple[str, ...]:
    all_of_it, decimals = total(found.rows), decimals_of(row.reporting_micros for row in found.rows)
    names = ("total", *[""] * (len(found.by) - 1))
    return (*names, str(all_of_it.messages), str(all_of_it.parts), "", "", amount(all_of_it.reporting_micros, decimals))


# --- for programs -----------------------------------------------------------------------------------------------------


def _csv(found: Statement) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*found.by, "messages", "parts", "currency", "cost", "reporting_currency", "reporting_cost"])
    writer.writerows(_fields(row, found.reporting) for row in found.rows)
    return text.getvalue()


def _fields(row: Spending, reporting: str) -> Iterator[object]:
    yield from (*row.key, row.messages, row.parts)
    if row.currency is None:
        yield from ("", "", reporting, "")
    else:
        yield from (row.currency, amount(row.micros, 6), reporting, amount(row.reporting_micros, 6))


def _document(found: Statement) -> dict[str, Any]:
    all_of_it = total(found.rows)
    return {
        "since": str(found.since),
        "until": str(found.until),
        "by": list(found.by),
        "reporting_currency": found.reporting,
        "rows": [_row(row, found.by) for row in found.rows],
        "total": {
            "messages": all_of_it.messages,
            "parts": all_of_it.parts,
            "parts_without_price": all_of_it.parts_without_price,
            "reporting_micros": all_of_it.reporting_micros,
        },
    }


def _row(row: Spending, by: Sequence[Dimension]) -> dict[str, Any]:
    known = row.currency is not None
    return {
        **dict(zip(by, row.key, strict=True)),
        "messages": row.messages,
        "parts": row.parts,
        "currency": row.currency,
        "micros": row.micros if known else None,
        "reporting_micros": row.reporting_micros if known else None,
    }
