"""`smppgw simulate`: the carrier simulators as processes of their own. No logic: options in, server started."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from starlette.applications import Starlette

from smppgw.simulators.alibaba import AlibabaOptions, alibaba_app
from smppgw.simulators.alibaba.templates import Template, merged_templates, read_templates
from smppgw.simulators.retarus import RetarusOptions, retarus_app
from smppgw.simulators.serving import run

MAX_PORT = 65535

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _host_port(_context: click.Context, _option: click.Parameter, value: str) -> tuple[str, int]:
    host, colon, port = value.rpartition(":")
    if not (colon and host and port.isascii() and port.isdecimal() and int(port) <= MAX_PORT):
        raise click.BadParameter(f"{value!r} is not HOST:PORT")
    return host.strip("[]"), int(port)


def _read(_context: click.Context, _option: click.Parameter, value: Path | None) -> tuple[Template, ...]:
    try:
        return () if value is None else read_templates(value)
    except (OSError, msgspec.DecodeError) as error:
        raise click.BadParameter(f"{value}: {error}") from error


def _seconds(name: str, default: float, help_text: str) -> Callable[[_Command], _Command]:
    kind = click.FloatRange(min=0)
    return click.option(name, type=kind, default=default, show_default=True, metavar="SECONDS", help=help_text)


def _common(command: _Command) -> _Command:
    options = [
        click.option("--listen", callback=_host_port, required=True, metavar="HOST:PORT", help="Port 0: any free one."),
        _seconds("--accept-delay", 0.0, "Time before a send is taken and answered."),
        _seconds("--final-delay", 5.0, "Time from acceptance to the final status."),
        click.option("--seed", type=int, default=0, show_default=True, help="Of everything that is random."),
        click.option("--push-url", metavar="URL", help="Push there, e.g. http://127.0.0.1:9775/push/NAME/SECRET."),
        click.option(
            "--push-retry-scale",
            type=click.FloatRange(min=0),
            default=1.0,
            show_default=True,
            help="Factor of the pauses of 1, 5 and 10 minutes between the tries of a push.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def simulate() -> None:
    """Carriers on loopback, with scripted faults (POST /_sim/faults).

    The last four digits of a number choose what becomes of a message.
    """


@simulate.command()
@_common
@click.option("--username", default="smppgw", show_default=True)
@click.option("--password", default="smppgw", show_default=True)
@_seconds("--visible-after", 2.0, "How long a fresh job is answered like an unknown one.")
@click.option("--strict", is_flag=True, help="Refuse unknown properties and values out of range.")
@click.option("--refuse-suffix", default="", metavar="DIGITS", help="Refuse a whole job for a number that ends so.")
def retarus(listen: tuple[str, int], **options: Any) -> None:
    """Retarus SMS4A under /de2/rest/v1, /de1/rest/v1 and /eu/rest/v1."""
    _serve("retarus", retarus_app(RetarusOptions(**options)), listen)


@simulate.command()
@_common
@click.option("--access-key-id", default="smppgw", show_default=True)
@click.option("--access-key-secret", default="smppgw", show_default=True)
@_seconds("--key-lifetime", 3600.0, "How long a temporary key (GET /_sim/credentials) is good.")
@click.option(
    "--templates",
    type=click.Path(path_type=Path),
    callback=_read,
    help="More templates: a JSON array of objects with code, type, content and status (1: approved).",
)
@_seconds("--push-timeout", 0.7, "How long an answer to a push is waited for.")
@click.option("--intl-push-url", metavar="URL", help="Push international receipts there instead.")
@click.option("--frequency-limits/--no-frequency-limits", default=True, help="Caps per number, as in the mainland.")
def alibaba(listen: tuple[str, int], templates: tuple[Template, ...], **options: Any) -> None:
    """Alibaba Cloud SMS, mainland and international, under /."""
    _serve("alibaba", alibaba_app(AlibabaOptions(templates=merged_templates(templates), **options)), listen)


def _serve(name: str, app: Starlette, listen: tuple[str, int]) -> None:
    host, port = listen
    try:
        run(app, host, port, lambda url: click.echo(f"{name} simulator listens on {url}"))
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host}:{port}: {error}") from error
