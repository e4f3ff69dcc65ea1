"""`smppgw route replay`: where recorded traffic would go by other routes, and what it would cost."""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import click

from smppgw import app
from smppgw.app.reloading import Configuration
from smppgw.app.replaying import Flow, Replay, Sums, Way, by, total
from smppgw.app.replaying import replay as replayed
from smppgw.cli.exits import Exit
from smppgw.cli.options import config_option
from smppgw.cli.telling import tell_faults
from smppgw.config.faults import ConfigFaults
from smppgw.core.values import parse_duration
from smppgw.ops.clock import Clock
from smppgw.ops.masks import escape
from smppgw.store.base import StoreError
from smppgw.workers.routes import RouteResult

_WAYS: Final = 20
"""Changes that are shown to people; programs see all."""
_REFUSED: Final = frozenset({RouteResult.REFUSED, RouteResult.NO_CANDIDATE, RouteResult.NO_ROUTE})


class _Duration(click.ParamType[float]):
    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            found = parse_duration(value)
        except ValueError as fault:
            self.fail(str(fault), param, ctx)
        if not isinstance(found, float) or found <= 0:
            self.fail(f"{value!r} is no duration", param, ctx)
        return found


@click.command()
@config_option
@click.option("--since", type=_Duration(), default="1h", show_default=True, help="How far back: 30m, 1h, 7d.")
@click.option(
    "--rules",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="Another configuration, whose routes, carriers and rate cards are tried.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def replay(config: Path, since: float, rules: Path, *, as_json: bool) -> None:
    """Examples:

    \b
      smppgw route replay --since 24h --rules new.toml
      smppgw route replay -c /etc/smppgw/smppgw.toml --since 7d --rules new.toml --json

    Runs the messages of the last hours or days through the routes and rate cards of another configuration, and says
    where they would go now and what they would cost, beside where they went and what they did cost. Nothing is sent
    and nothing is changed; the daemon may run. Money counts the messages that a carrier has taken. What was refused
    when it was submitted is not stored, so it is not replayed; budgets, screening and templates that a carrier would
    have to fetch are not asked. Ends with 4 where there was no traffic.
    """  # noqa: D301, D415 # \b is click's mark for text that is not to be refilled
    found = _replayed(config, rules, since)
    click.echo(json.dumps(_document(found), indent=2) if as_json else "\n".join(map(escape, _words(found, rules))))
    if not found.flows:
        sys.exit(Exit.NOT_FOUND)


def _replayed(config: Path, rules: Path, since_s: float) -> Replay:
    clock = Clock()
    running, changed = _loaded(config), _loaded(rules)
    try:
        return replayed(running.settings, changed, clock.wall() - since_s, clock)
    except StoreError as fault:
        click.echo(f"the store cannot be read: {escape(str(fault))}", err=True)
        sys.exit(Exit.FAILED)


def _loaded(file: Path) -> Configuration:
    try:
        return app.read(file)
    except ConfigFaults as faults:
        click.echo(f"{escape(str(file))}:", err=True)
        tell_faults(faults, err=True)
        sys.exit(Exit.CONFIG)


# --- for people -------------------------------------------------------------------------------------------------------


def _words(found: Replay, rules: Path) -> Iterator[str]:
    sums = total(found.flows)
    at = f"{datetime.fromtimestamp(found.since, UTC):%Y-%m-%d %H:%M:%S} UTC"
    yield f"{_count(sums.messages)} accepted since {at}, by the routes and rates of {rules}; nothing was sent"
    if not found.flows:
        return
    yield ""
    yield f"{'':<26}{'then':>10}{found.currency:>14}{'now':>12}{found.currency:>14}"
    yield from _table("carrier", by(found.flows, 1))
    yield ""
    yield from _table("route", by(found.flows, 0))
    yield ""
    yield from _changes(found)
    yield from _refusals(found)
    yield from _bill(found, sums)


def _table(head: str, totals: Mapping[str, tuple[Sums, Sums]]) -> Iterator[str]:
    for place, (name, (then, now)) in enumerate(sorted(totals.items(), key=lambda one: -one[1][1].messages)):
        yield (
            f"{head if place == 0 else '':<9}{name or 'none':<17}{then.messages:>10,}{_money(then.then_micros):>14}"
            f"{now.messages:>12,}{_money(now.now_micros):>14}"
        )


def _changes(found: Replay) -> Iterator[str]:
    changed = [(flow, sums) for flow, sums in found.flows.items() if flow.then.carrier != flow.now.carrier]
    if not changed:
        yield "No message would go to another carrier."
        return
    changed.sort(key=lambda one: -one[1].messages)
    for place, (flow, sums) in enumerate(changed[:_WAYS]):
        cost = f"{_money(sums.then_micros)} -> {_money(sums.now_micros)}" if flow.now.carrier else ""
        yield (
            f"{'changes' if place == 0 else '':<9}{sums.messages:>9,}  {_way(flow.then)} -> {_way(flow.now)}"
            f"{', ' + cost if cost else ''}"
        )
    if rest := changed[_WAYS:]:
        yield f"{'':<9}{sum(sums.messages for _, sums in rest):>9,}  in {len(rest)} other ways"


def _refusals(found: Replay) -> Iterator[str]:
    refused: dict[tuple[str, RouteResult], int] = {}
    for flow, sums in found.flows.items():
        if flow.result in _REFUSED:
            key = (flow.now.route, flow.result)
            refused[key] = refused.get(key, 0) + sums.messages
    for place, (key, messages) in enumerate(sorted(refused.items(), key=lambda one: -one[1])):
        route, _ = key
        where = f"route {route}: " if route else ""
        yield f"{'refused' if place == 0 else '':<9}{messages:>9,}  {where}{found.reasons[key]}"


def _bill(found: Replay, sums: Sums) -> Iterator[str]:
    currency = found.currency
    told = f"in all   {_money(sums.then_micros)} {currency} then, {_money(sums.now_micros)} {currency} now"
    if sums.then_micros:
        told += f" ({(sums.now_micros - sums.then_micros) / sums.then_micros:+.1%})"
    yield told + f", for {_count(sums.taken)} that a carrier has taken"
    besides = []
    if sums.then_unknown or sums.now_unknown:
        besides.append(f"for {sums.then_unknown:,} then and {sums.now_unknown:,} now nobody knows the price")
    if refused := sum(one.taken for flow, one in found.flows.items() if flow.result in _REFUSED):
        besides.append(f"{refused:,} would be refused")
    if besides:
        yield f"{'':<9}{'; '.join(besides)}"


def _way(way: Way) -> str:
    return f"{way.route or 'none'}/{way.carrier or 'none'}"


def _count(messages: int) -> str:
    return "1 message" if messages == 1 else f"{messages:,} messages"


def _money(micros: int) -> str:
    return f"{Decimal(micros).scaleb(-6):,.4f}"


# --- for programs -----------------------------------------------------------------------------------------------------


def _document(found: Replay) -> dict[str, Any]:
    return {
        "since": found.since,
        "currency": found.currency,
        "total": asdict(total(found.flows)),
        "flows": [_flow(flow, sums) for flow, sums in found.flows.items()],
        "refused": [
            {"route": route, "result": result, "reason": reason} for (route, result), reason in found.reasons.items()
        ],
    }


def _flow(flow: Flow, sums: Sums) -> dict[str, Any]:
    return {"then": flow.then._asdict(), "now": flow.now._asdict(), "result": flow.result} | asdict(sums)
