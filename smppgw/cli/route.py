"""`smppgw route`: where a message would go, and why."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from smppgw import app
from smppgw.app.explaining import Candidate, Explanation, Hypothesis, explain
from smppgw.cli.exits import Exit
from smppgw.cli.options import config_option
from smppgw.cli.replay import replay
from smppgw.cli.story import wrapped
from smppgw.cli.telling import tell_faults
from smppgw.config.faults import ConfigFaults
from smppgw.core.model import Decision, Message, TrafficClass
from smppgw.core.values import amount
from smppgw.ops.clock import Clock
from smppgw.ops.masks import escape
from smppgw.store.base import StoreError
from smppgw.workers.routes import Unroutable
from smppgw.workers.translate import status_name

_INDENT: Final = 29
_ORDINALS: Final = {1: "1st", 2: "2nd", 3: "3rd"}
_CLASSES: Final = {member.name.lower(): member for member in TrafficClass}


@click.group()
def route() -> None:
    """Where a message would go, and why."""


route.add_command(replay)


@route.command("explain")
@config_option
@click.option("--account", required=True, help="The system_id.")
@click.option("--from", "sender", default="", help="The source address.")
@click.option("--to", "recipient", required=True, help="The destination, as an ESME writes it.")
@click.option("--text", default="Hello", show_default=True)
@click.option("--class", "traffic_class", type=click.Choice(list(_CLASSES)), help="[default: told by the account]")
@click.option("--at", type=click.DateTime(), metavar="TIME", help="UTC, such as 2026-03-31T22:15:00.  [default: now]")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def explain_command(
    config: Path,
    account: str,
    sender: str,
    recipient: str,
    text: str,
    traffic_class: str | None,
    at: datetime | None,
    *,
    as_json: bool,
) -> None:
    """Examples:

    \b
      smppgw route explain --account legacy --from ACME --to +4915112345678
      smppgw route explain --account legacy --to +8613800000000 --text "您的验证码为：739214，请勿泄露于他人！"

    Says what would become of a message, by the steps that a real one takes: each route with why it does not match, and
    for the one that does, what each carrier costs, how it has done lately, and why it is or is not among the
    candidates. Nothing is sent. Ends with 1 where the message would be refused.
    """  # noqa: D301, D415 # \b is click's mark for text that is not to be refilled
    asked = Hypothesis(
        account=account,
        sender=sender,
        recipient=recipient,
        text=text,
        traffic_class=None if traffic_class is None else _CLASSES[traffic_class],
    )
    found = _explained(config, asked, at)
    click.echo(json.dumps(_document(found), indent=2, ensure_ascii=False) if as_json else "\n".join(_words(found)))
    if not isinstance(found.outcome, Decision):
        sys.exit(Exit.FAILED)


def _explained(config: Path, asked: Hypothesis, at: datetime | None) -> Explanation:
    clock = Clock() if at is None else Clock(wall=at.replace(tzinfo=UTC).timestamp)
    try:
        return explain(app.read(config), asked, clock)
    except ConfigFaults as faults:
        tell_faults(faults, err=True)
        sys.exit(Exit.CONFIG)
    except KeyError:
        click.echo(f"there is no account {escape(asked.account)}", err=True)
        sys.exit(Exit.NOT_FOUND)
    except StoreError as fault:
        click.echo(f"the store cannot be read: {escape(str(fault))}", err=True)
        sys.exit(Exit.FAILED)


# --- for people -------------------------------------------------------------------------------------------------------


def _words(found: Explanation) -> Iterator[str]:
    if found.message is not None:
        yield f"message     {_said(found.message)}"
    for place, (rule, unmet) in enumerate(found.trials, start=1):
        yield f"{'routes' if place == 1 else '':<12}{rule.name:<16} {'no: ' + unmet if unmet else 'matches'}"
    if found.message is not None and not any(unmet is None for _, unmet in found.trials):
        yield f"{'' if found.trials else 'routes':<12}none matches"
    for place, candidate in enumerate(found.candidates, start=1):
        words = _about(candidate, place, found)
        label = escape(f"{'carriers' if place == 1 else '':<12}{candidate.carrier:<16} ")
        yield from wrapped(label, " " * _INDENT, words)
    yield from wrapped("outcome     ", " " * 12, _outcome(found))


def _said(message: Message) -> str:
    sender = message.sender or "the carrier's own sender"
    country = message.country or "of no country"
    parts = "1 part" if message.parts == 1 else f"{message.parts} parts"
    kind = message.traffic_class.name.lower()
    return escape(f"from {sender} to +{message.recipient} ({country}), {kind}, {parts}, {len(message.text)} characters")


def _about(candidate: Candidate, place: int, found: Explanation) -> str:
    if candidate.reason is not None:
        return f"dropped: {candidate.reason}"
    message = found.message
    parts = 1 if message is None else message.parts
    if candidate.price is None:
        told = [f"{_ORDINALS.get(place, f'{place}th')}: price unknown"]
    else:
        each = f" ({amount(candidate.price)} a part)" if parts > 1 else ""
        told = [f"{_ORDINALS.get(place, f'{place}th')}: {amount(candidate.price * parts)} {found.currency}{each}"]
    record = candidate.standing
    if record is None:
        told.append("delivery rate unknown")
    else:
        told.append(f"{record.delivery_pct} % delivered lately, in {record.latency_s:.0f} s")
    if candidate.wait is not None:
        told.append(f"{'not checked' if candidate.wait.whole_carrier else 'would wait'}: {candidate.wait.reason}")
    return ", ".join(told)


def _outcome(found: Explanation) -> str:
    if found.refusal is not None:
        return f"refused with {status_name(found.refusal.status)}: {found.refusal.reason}"
    match found.outcome:
        case Unroutable(has_rule=has_rule, reason=reason, status=status):
            answer = (
                status_name(status) if status is not None else ("ESME_RSUBMITFAIL" if has_rule else "ESME_RINVDSTADR")
            )
            return f"refused with {answer}: {reason}"
        case Decision() as decision:
            way = ", else by ".join(decision.carriers)
            return f"sent by {way} (strategy {decision.strategy}){_besides(decision)}{_as_far_as(found)}"
        case _:
            return "nothing"


def _besides(decision: Decision) -> str:
    told = ""
    if decision.sender is not None:
        told += f", with sender {decision.sender}"
    if decision.hold_until is not None:
        told += f", held until {datetime.fromtimestamp(decision.hold_until, UTC):%Y-%m-%d %H:%M} UTC"
    return told


def _as_far_as(found: Explanation) -> str:
    unknown = any(each.wait is not None and each.wait.whole_carrier for each in found.candidates)
    return ", as far as can be told here" if unknown else ""


# --- for programs -----------------------------------------------------------------------------------------------------


def _document(found: Explanation) -> dict[str, Any]:
    message, outcome = found.message, found.outcome
    return {
        "message": None
        if message is None
        else {
            "sender": message.sender,
            "recipient": message.recipient,
            "country": message.country,
            "class": message.traffic_class.name.lower(),
            "parts": message.parts,
        },
        "routes": [{"name": rule.name, "unmet": unmet} for rule, unmet in found.trials],
        "carriers": [
            {
                "name": candidate.carrier,
                "dropped": candidate.reason,
                "part_price_micros": candidate.price,
                "currency": found.currency,
                "record": None if candidate.standing is None else asdict(candidate.standing),
                "wait": None if candidate.wait is None else candidate.wait.reason,
            }
            for candidate in found.candidates
        ],
        "decision": {
            "strategy": outcome.strategy,
            "carriers": outcome.carriers,
            "sender": outcome.sender,
            "hold_until": outcome.hold_until,
        }
        if isinstance(outcome, Decision)
        else None,
        "outcome": _outcome(found),
    }
