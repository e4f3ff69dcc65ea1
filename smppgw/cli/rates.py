"""`smppgw rates`: rate cards before they are put in place."""

import csv
import io
import json
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from smppgw.cli.exits import Exit
from smppgw.cli.telling import decimals_of, tell_table
from smppgw.core.rate_checks import remarks, unconvertible
from smppgw.core.rate_diff import Change, RateChange, differences
from smppgw.core.rate_files import RateFault, RateFaults, day_number, day_text
from smppgw.core.rate_import import Layout, import_rows
from smppgw.core.rate_rows import ALWAYS_TO, COLUMNS, RateRow, read_rows, write_rows
from smppgw.core.rates import Exchange, Price, is_exchange
from smppgw.core.values import amount
from smppgw.ops.clock import Clock
from smppgw.ops.masks import escape

_FILE: Final = click.Path(path_type=Path, dir_okay=False, exists=True, readable=True)
_KEY: Final = ("prefix", "country", "mccmnc", "class", "from_volume")

_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document.")


@click.group()
def rates() -> None:
    """Examples:

    \b
      smppgw rates check rates/*.csv
      smppgw rates diff rates/retarus.csv new.csv
      smppgw rates import list.csv --columns prefix=Dialcode,price=Rate --currency EUR > new.csv

    Rate cards before they are put in place; the daemon reads them at SIGHUP.
    """  # noqa: D301, D415 # \b is click's mark for text that is not to be refilled


# --- check ------------------------------------------------------------------------------------------------------------


@rates.command("check", short_help="Every fault of rate cards, by line.")
@click.argument("files", type=_FILE, nargs=-1, required=True, metavar="FILE...")
@click.option("--exchange", type=_FILE, metavar="FILE", help="Exchange rates: all currencies must be among them.")
@click.option("--currency", default="EUR", show_default=True, help="The reporting currency, with --exchange.")
@_json_option
def check(files: Sequence[Path], exchange: Path | None, currency: str, *, as_json: bool) -> None:
    """Examples:

    \b
      smppgw rates check rates/retarus.csv
      smppgw rates check rates/*.csv --exchange exchange.csv

    Says what is wrong with rate cards and tables of exchange rates, and what cards lack, each with its line; nothing
    but the files is read. Ends with 3 where one would not be loaded.
    """  # noqa: D301, D415
    known = None if exchange is None else {currency, *_exchange(exchange).currencies}
    found = [_checked(file, known) for file in files]
    if as_json:
        click.echo(json.dumps({"files": found}, indent=2, ensure_ascii=False))
    else:
        for each in found:
            _tell_checked(each)
    sys.exit(Exit.CONFIG if any(each["faults"] for each in found) else Exit.OK)


def _checked(file: Path, currencies: set[str] | None) -> dict[str, Any]:
    lines = _text(file).splitlines()
    kind = "exchange rates" if is_exchange(lines) else "prices"
    rows: list[RateRow] = []
    told: Collection[str] = ()
    faults: Iterable[RateFault] = ()
    try:
        if kind == "prices":
            rows = read_rows(lines, file.name)
            told = {row.currency for row in rows}
            faults = () if currencies is None else unconvertible(rows, currencies)
        else:
            told = Exchange.parse(lines, file.name).currencies
    except RateFaults as found:
        faults = found.faults
    return {
        "file": str(file),
        "kind": kind,
        "currencies": sorted(told),
        "faults": [{"line": fault.line, "reason": fault.reason} for fault in faults],
        "warnings": [{"line": remark.line, "reason": remark.reason} for remark in remarks(rows)],
    }


def _tell_checked(found: Mapping[str, Any]) -> None:
    name, faults, warnings = found["file"], found["faults"], found["warnings"]
    for fault in faults:
        click.echo(escape(f"{name}, line {fault['line']}: {fault['reason']}"))
    for warning in warnings:
        click.echo(escape(f"warning: {name}, line {warning['line']}: {warning['reason']}"))
    if not faults:
        currencies = ", ".join(found["currencies"]) or "no currency"
        click.echo(escape(f"{name}: ok: {found['kind']} in {currencies}, {len(warnings)} warnings"))


# --- diff -------------------------------------------------------------------------------------------------------------


@rates.command("diff", short_help="What a new rate card changes.")
@click.argument("old", type=_FILE)
@click.argument("new", type=_FILE)
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY", help="Changes before do not count.  [default: today]"
)
@_json_option
def diff(old: Path, new: Path, since: datetime | None, *, as_json: bool) -> None:
    """Examples:

    \b
      smppgw rates diff rates/retarus.csv new.csv
      smppgw rates diff rates/retarus.csv new.csv --json | jq '.changes[] | select(.change == "dearer")'

    Compares two rate cards price by price: what is added, removed, dearer, cheaper, or in another currency, and on
    which days. A price that is removed may still be that of a shorter prefix.
    """  # noqa: D301, D415
    now = datetime.fromtimestamp(Clock().wall(), UTC) if since is None else since
    changes = differences(_rows(old), _rows(new), day_number(now.date()))
    if as_json:
        click.echo(json.dumps({"changes": list(map(_document, changes))}, indent=2))
    elif changes:
        _tell_changes(changes)
    else:
        click.echo("nothing changes")


def _tell_changes(changes: Sequence[RateChange]) -> None:
    prices = [price for change in changes for price in (change.old, change.new) if price is not None]
    decimals = decimals_of(price.micros for price in prices)
    head = ("", *_KEY, "from", "to", "old", "new", "%")
    rows = [tuple(_cells(change, decimals)) for change in changes]
    # What says nothing in any row would only make the lines longer.
    shown = [at for at in range(len(head)) if any(row[at] for row in rows)]
    right = {place for place, at in enumerate(shown) if head[at] in ("from_volume", "old", "new", "%")}
    tell_table([head[at] for at in shown], [[row[at] for at in shown] for row in rows], right)
    counts = Counter(change.change for change in changes)
    click.echo(", ".join(f"{counts[change]} {change}" for change in Change if counts[change]))


def _cells(change: RateChange, decimals: int) -> Iterator[str]:
    key = change.key
    yield from (change.change, key.prefix, key.country, key.mccmnc, key.traffic_class, str(key.from_volume or ""))
    yield day_text(change.from_day)
    yield "" if change.to_day == ALWAYS_TO else day_text(change.to_day)
    for price in (change.old, change.new):
        yield "" if price is None else f"{amount(price.micros, decimals)} {price.currency}"
    yield _percent(change)


def _percent(change: RateChange) -> str:
    old, new = change.old, change.new
    if old is None or new is None or old.currency != new.currency or not old.micros:
        return ""
    return f"{(new.micros - old.micros) / old.micros * 100:+.1f}"


def _document(change: RateChange) -> dict[str, Any]:
    key = change.key
    names = (key.prefix, key.country, key.mccmnc, key.traffic_class, key.from_volume)
    return {
        "change": change.change,
        **dict(zip(_KEY, names, strict=True)),
        "valid_from": day_text(change.from_day),
        "valid_to": None if change.to_day == ALWAYS_TO else day_text(change.to_day),
        "old": _price(change.old),
        "new": _price(change.new),
    }


def _price(price: Price | None) -> dict[str, Any] | None:
    return None if price is None else {"micros": price.micros, "currency": price.currency}


# --- import -----------------------------------------------------------------------------------------------------------


def _columns(_context: click.Context, _parameter: click.Parameter, value: Sequence[str]) -> dict[str, str]:
    pairs = [pair.partition("=") for text in value for pair in next(csv.reader([text]))]
    columns = {ours.strip(): theirs.strip() for ours, _, theirs in pairs}
    for ours, theirs in columns.items():
        if ours not in COLUMNS or not theirs:
            raise click.BadParameter(f"{ours!r}: write ours=theirs with one of {', '.join(COLUMNS)}")
    if len(columns) < len(pairs):
        raise click.BadParameter("a column is named twice")
    if "price" not in columns:
        raise click.BadParameter("price=... is missing")
    return columns


def _one_character(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    character = "\t" if value == "\\t" else value
    if len(character) != 1:
        raise click.BadParameter("is one character")
    return character


@rates.command("import", short_help="A carrier's price list as a rate card.")
@click.argument("file", type=_FILE)
@click.option("--columns", multiple=True, required=True, callback=_columns, metavar="OURS=THEIRS,...")
@click.option("--currency", default="", help="Of all prices, such as EUR.")
@click.option(
    "--delimiter", default=",", show_default=True, callback=_one_character, help="Between fields; \\t is a tab."
)
@click.option("--decimal", default=".", show_default=True, callback=_one_character, help="Before the decimals.")
@click.option("--encoding", default="utf-8-sig", show_default=True)
def import_(file: Path, columns: dict[str, str], currency: str, delimiter: str, decimal: str, encoding: str) -> None:
    """Examples:

    \b
      smppgw rates import list.csv --columns prefix=Dialcode,price=Rate --currency EUR > card.csv
      smppgw rates import list.csv --columns country=ISO,price=Preis,currency=Cur --delimiter ';' --decimal , > card.csv

    Writes a carrier's price list (CSV) as a rate card to standard output. Prefixes may begin with + or 00. Every fault
    is told with its line; where there is one, nothing is written, and the exit code is 1.
    """  # noqa: D301, D415
    if bool(currency) == ("currency" in columns):
        raise click.UsageError("name the currency: either --currency, or currency=... among --columns")
    layout = Layout(columns=columns, currency=currency, delimiter=delimiter, decimal=decimal)
    try:
        rows = import_rows(io.StringIO(_text(file, encoding), newline=""), file.name, layout)
    except RateFaults as faults:
        _fail(faults, Exit.FAILED)
    for line in write_rows(rows):
        click.echo(line)
    click.echo(f"{file.name}: {len(rows)} prices", err=True)


# --- files ------------------------------------------------------------------------------------------------------------


def _text(file: Path, encoding: str = "utf-8-sig") -> str:
    try:
        return file.read_bytes().decode(encoding)
    except (OSError, UnicodeDecodeError, LookupError) as error:
        click.echo(escape(f"cannot read {file}: {error}"), err=True)
        sys.exit(Exit.FAILED)


def _rows(file: Path) -> list[RateRow]:
    try:
        return read_rows(_text(file).splitlines(), file.name)
    except RateFaults as faults:
        _fail(faults, Exit.CONFIG)


def _exchange(file: Path) -> Exchange:
    try:
        return Exchange.parse(_text(file).splitlines(), file.name)
    except RateFaults as faults:
        _fail(faults, Exit.CONFIG)


def _fail(faults: RateFaults, code: Exit) -> NoReturn:
    for line in str(faults).splitlines():
        click.echo(escape(line), err=True)
    sys.exit(code)
