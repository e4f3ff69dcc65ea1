"""`smppgw carriers`: what a configuration says about its carriers, and whether they can be reached."""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click

from smppgw import app
from smppgw.app.carriers import try_carrier
from smppgw.carriers.probing import Probe
from smppgw.cli.exits import Exit
from smppgw.cli.options import config_option
from smppgw.cli.telling import tell_faults, tell_table
from smppgw.config.faults import ConfigFaults
from smppgw.config.reading import suggest
from smppgw.config.settings import Settings
from smppgw.ops.clock import Clock
from smppgw.ops.masks import escape

_LOGIN: Final = {True: "ok", False: "refused", None: "not told"}

_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document.")


@click.group()
def carriers() -> None:
    """Examples:

    \b
      smppgw carriers list -c smppgw.toml
      smppgw carriers test retarus -c smppgw.toml

    The carriers of a configuration, without the daemon.
    """  # noqa: D301, D415 # \b is click's mark for text that is not to be refilled


@carriers.command("list", short_help="Each carrier with its type and its routes.")
@config_option
@_json_option
def list_them(config: Path, *, as_json: bool) -> None:
    """Examples:

    \b
      smppgw carriers list
      smppgw carriers list --json | jq -r '.carriers[].name'

    Each carrier with its type and the routes that may use it.
    """  # noqa: D301, D415
    settings = _load(config)
    found = [
        (name, _kind(model), [route.name for route in settings.routes if name in route.carriers])
        for name, model in settings.carriers.items()
    ]
    if as_json:
        rows = [{"name": name, "type": kind, "routes": routes} for name, kind, routes in found]
        click.echo(json.dumps({"carriers": rows}, indent=2))
        return
    tell_table(("carrier", "type", "routes"), [(name, kind, ", ".join(routes) or "-") for name, kind, routes in found])


@carriers.command("test", short_help="Whether a carrier can be reached and knows us; sends nothing.")
@click.argument("name")
@config_option
@_json_option
def test(name: str, config: Path, *, as_json: bool) -> None:
    """Examples:

    \b
      smppgw carriers test retarus
      smppgw carriers test retarus -c smppgw.toml --json

    Tries the credentials and the reachability of a carrier with calls that send nothing. Ends with 0 if nothing speaks
    against sending, 1 if something does, 4 if the configuration has no such carrier.
    """  # noqa: D301, D415
    settings = _load(config)
    model = settings.carriers.get(name)
    if model is None:
        click.echo(escape(f"there is no carrier {name!r}; {suggest(name, settings.carriers)}"), err=True)
        sys.exit(Exit.NOT_FOUND)
    probes = asyncio.run(try_carrier(name, model, Clock()))
    if probes is None:
        click.echo(f"{name}: a carrier of type {_kind(model)} cannot be tried without sending", err=True)
        sys.exit(Exit.FAILED)
    _tell(name, _kind(model), probes, as_json=as_json)
    sys.exit(Exit.OK if all(probe.ok for probe in probes) else Exit.FAILED)


def _load(config: Path) -> Settings:
    try:
        return app.load(config)
    except ConfigFaults as faults:
        tell_faults(faults, err=True)
        sys.exit(Exit.CONFIG)


def _kind(model: Any) -> str:
    return str(model.type)


def _tell(name: str, kind: str, probes: Sequence[Probe], *, as_json: bool) -> None:
    if as_json:
        places = [asdict(probe) | {"ok": probe.ok} for probe in probes]
        is_ok = all(probe.ok for probe in probes)
        click.echo(json.dumps({"carrier": name, "type": kind, "ok": is_ok, "places": places}, indent=2))
        return
    tell_table(
        ("place", "reached", "login", "seconds", "answer"),
        (
            (p.place, "yes" if p.reachable else "no", _LOGIN[p.authenticated], f"{p.seconds:.3f}", p.words)
            for p in probes
        ),
    )
