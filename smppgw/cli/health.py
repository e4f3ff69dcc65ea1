"""`smppgw health`: for a container's HEALTHCHECK, where there is no curl."""

import http.client
import os
import sys
from pathlib import Path
from typing import Final

import click

from smppgw.cli.exits import Exit
from smppgw.cli.options import config_option
from smppgw.cli.telling import tell_faults
from smppgw.config.faults import ConfigFaults
from smppgw.config.listen import Listen
from smppgw.config.loader import http_listen
from smppgw.ops.masks import escape

_MAX_OCTETS: Final = 4096


@click.command()
@config_option
@click.option("--timeout", type=click.FloatRange(min=0.1), default=3.0, show_default=True, metavar="SECONDS")
def health(config: Path, timeout: float) -> None:
    """Examples:

    \b
      smppgw health
      smppgw health -c smppgw.toml && echo alive

    Asks /healthz at the address of [http] in the configuration. Ends with 0 if the daemon is well, 1 if it is not,
    5 if nobody answers.
    """  # noqa: D301, D415 # \b is click's mark for text that is not to be refilled
    try:
        listen = http_listen(config, os.environ)
    except ConfigFaults as faults:
        tell_faults(faults, err=True)
        sys.exit(Exit.CONFIG)
    try:
        status, text = _ask(listen, timeout)
    except (OSError, http.client.HTTPException) as error:
        click.echo(f"no answer from {listen}: {str(error) or type(error).__name__}", err=True)
        sys.exit(Exit.UNREACHABLE)
    click.echo(escape(text))
    sys.exit(Exit.OK if status == http.HTTPStatus.OK else Exit.FAILED)


def _ask(listen: Listen, timeout_s: float) -> tuple[int, str]:
    # Linux takes a connection to 0.0.0.0 or :: for one to this machine.
    connection = http.client.HTTPConnection(listen.host, listen.port, timeout=timeout_s)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        return answer.status, answer.read(_MAX_OCTETS).decode("utf-8", "replace")
    finally:
        connection.close()
