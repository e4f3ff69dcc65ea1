"""`smppgw bench`: the front of `smppgw.load`."""

import dataclasses
import json
import sys
from typing import Any, Final, NoReturn

import click
import uvloop

from smppgw.cli.exits import Exit
from smppgw.cli.options import peer_options
from smppgw.load.plan import Plan
from smppgw.load.refusal import BindRefusedError
from smppgw.load.result import Result
from smppgw.load.run import run
from smppgw.ops.masks import escape
from smppgw.smpp.errors import LocalProtocolError

_COUNT: Final = click.IntRange(min=1)


@click.command()
@peer_options
@click.option("--binds", type=_COUNT, default=1, show_default=True, help="Transceiver sessions.")
@click.option("--window", type=_COUNT, default=50, show_default=True, help="Submits in flight per bind.")
@click.option("--messages", type=_COUNT, default=1000, show_default=True, help="Submits of all binds together.")
@click.option("--receipts", is_flag=True, help="Ask for receipts and wait for them.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Submits per second; absent: all it takes.")
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    help="Seconds without progress that end the run.",
)
@click.option("--prefix", "destination_prefix", default="4915", show_default=True, help="Start of all destinations.")
@click.option("--from", "source", default="smppgw", show_default=True, help="Sender.")
@click.option("--text", help="What all messages say; absent: one short sentence.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def bench(*, as_json: bool, **options: Any) -> None:
    """Examples:

    \b
      smppgw bench --system-id demo --password secret --messages 10000 --receipts
      smppgw bench --system-id demo --password secret --binds 50 --window 50 --messages 100000 --receipts --json

    Loads a gateway and measures. Sends real messages to whatever carriers it has: use simulators. Ends with 0 only if
    every message was accepted and every receipt came exactly once.
    """  # noqa: D301, D415 # \b is click's mark for text that is not to be refilled
    plan = Plan(**{name: value for name, value in options.items() if value is not None})
    try:
        result = uvloop.run(run(plan))
    except BindRefusedError as error:
        _fail(str(error), Exit.FAILED)
    except (ValueError, LocalProtocolError) as error:
        _fail(str(error), Exit.USAGE)
    except OSError as error:
        _fail(f"{plan.host}:{plan.port}: {str(error) or type(error).__name__}", Exit.UNREACHABLE)
    click.echo(json.dumps(dataclasses.asdict(result)) if as_json else _table(result))
    sys.exit(Exit.OK if result.ok else Exit.FAILED)


def _fail(reason: str, code: Exit) -> NoReturn:
    click.echo(escape(reason), err=True)
    sys.exit(code)


def _table(result: Result) -> str:
    rows = {
        "submitted": f"{result.sent} of {result.messages}",
        "accepted": f"{result.accepted}, {_rate(result.accepted_per_s)}",
        "response": f"p50 {_ms(result.response_p50_s)}, p99 {_ms(result.response_p99_s)}",
        "receipts": f"{result.receipts}, {_rate(result.receipts_per_s)}",
        "submit to receipt": f"p50 {_ms(result.receipt_p50_s)}, p99 {_ms(result.receipt_p99_s)}",
        "whole life": _rate(result.whole_life_per_s),
        "errors": _counts(result.errors),
        "stat": _counts(result.stats),
        "unanswered": result.unanswered,
        "receipts missing": result.missing_receipts,
        "receipts twice": result.duplicate_receipts,
        "unknown ids": result.unknown_ids,
        "repeated ids": result.repeated_ids,
        "unreadable PDUs": result.unreadable,
        "client CPU": "-" if result.client_cpu_us is None else f"{result.client_cpu_us:.0f} us per message",
    }
    lines = [f"{name:<18} {value}" for name, value in rows.items()]
    return "\n".join([*lines, "nothing happened for too long; the run was cut short"] if result.timed_out else lines)


def _rate(per_s: float | None) -> str:
    return "-" if per_s is None else f"{per_s:.0f}/s"


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.1f} ms"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
