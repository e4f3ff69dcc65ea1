"""`smppgw trace`: everything that happened to one message."""

import json
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any

import click

from smppgw import app
from smppgw.app.tracing import Answer, ask
from smppgw.cli.exits import Exit
from smppgw.cli.options import config_option
from smppgw.cli.story import day_and_time, inbound_story, story
from smppgw.cli.telling import tell_faults
from smppgw.config.faults import ConfigFaults
from smppgw.core.codes import ErrorCode
from smppgw.core.tracing import Sighting, Sightings
from smppgw.ops.clock import Clock
from smppgw.ops.masks import escape
from smppgw.store.base import StoreError


@click.command()
@config_option
@click.option("--text", "with_text", is_flag=True, help="Show what was written, too.")
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="Messages listed at most.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, with a trace of each message found.")
@click.argument("asked", metavar="ID")
def trace(config: Path, asked: str, limit: int, *, with_text: bool, as_json: bool) -> None:
    """Examples:

    \b
      smppgw trace 4096172839          the id that the ESME was told, as its receipts write it too
      smppgw trace 8F1C29A7
      smppgw trace +4915112345678      the newest messages to this number, and texts from it
      smppgw trace 108473629^cn2       a carrier's reference, or our own one of a call

    Shows everything that happened to one message, from the rows that it has in the store: how it came, why it went
    where it went, every call with its answer, what it costs, how it ended, what its ESME was told, and what is next.
    Times are UTC. The daemon may run; nothing is changed. Texts are left out without --text. Ends with 4 where there is
    no such message.
    """  # noqa: D301, D415 # \b is click's mark for text that is not to be refilled
    found = _found(config, asked, limit, all_of_them=as_json)
    if as_json:
        click.echo(json.dumps(_document(found, with_text=with_text), indent=2, ensure_ascii=False))
    else:
        for line in _words(found, with_text=with_text):
            click.echo(line)
    if not found.sightings.messages and not found.sightings.inbound:
        click.echo(escape(_not_found(asked, found.sightings)), err=True)
        sys.exit(Exit.NOT_FOUND)


def _found(config: Path, asked: str, limit: int, *, all_of_them: bool) -> Answer:
    try:
        return ask(app.load(config), asked, limit=limit, all_of_them=all_of_them)
    except ConfigFaults as faults:
        tell_faults(faults, err=True)
        sys.exit(Exit.CONFIG)
    except StoreError as fault:
        click.echo(f"the store cannot be read: {escape(str(fault))}", err=True)
        sys.exit(Exit.FAILED)


# --- for people -------------------------------------------------------------------------------------------------------


def _words(found: Answer, *, with_text: bool) -> Iterator[str]:
    sightings = found.sightings
    if len(sightings.messages) > 1 or sightings.inbound:
        yield from _list(sightings)
    else:
        for each in found.traces:
            yield from story(each, Clock().wall(), with_text=with_text)
    for text in sightings.inbound:
        yield ""
        yield from inbound_story(text, with_text=with_text)


def _list(sightings: Sightings) -> Iterator[str]:
    if sightings.messages:
        yield f"{'message':<9}{'message_id':<12}{'accepted, UTC':<21}{'account':<12}{'to':<17}{'carrier':<14}state"
    for each in sightings.messages:
        at = day_and_time(each.accepted_at)
        yield escape(
            f"{each.number:<8} {each.message_id:<11} {at:<20} {each.account:<11} +{each.recipient:<15} "
            f"{each.carrier or '-':<13} {_state(each)}"
        )
    if sightings.more:
        yield "There are more: --limit shows them."
    if sightings.searched_to is not None:
        yield f"Messages before {day_and_time(sightings.searched_to)} were not looked at."
    if sightings.messages:
        yield "smppgw trace with a message or message_id of these tells more."


def _state(sighting: Sighting) -> str:
    return (sighting.stage if sighting.outcome is None else sighting.outcome).name.lower().replace("_", " ")


def _not_found(asked: str, sightings: Sightings) -> str:
    told = f"there is no message {asked}"
    if sightings.gone:
        told += (
            f". The id {sightings.gone[0]} was given out once, but nothing of it is in the store any more: "
            f"messages are removed [store] messages_retention after their end"
        )
    if sightings.searched_to is not None:
        told += (
            f" among the newest {sightings.searched:,}; those before {day_and_time(sightings.searched_to)} UTC were "
            f"not looked at"
        )
    return told


# --- for programs -----------------------------------------------------------------------------------------------------


def _document(found: Answer, *, with_text: bool) -> dict[str, Any]:
    told: dict[str, Any] = _plain(found, with_text=with_text)
    return told


def _plain(value: Any, *, with_text: bool) -> Any:
    """Turn a value into what JSON can say: enumerations by name, error codes as numbers, times in Unix seconds."""
    if is_dataclass(value):
        return {
            field.name: _plain(getattr(value, field.name), with_text=with_text)
            for field in fields(value)
            if with_text or field.name != "text"
        }
    if hasattr(value, "_asdict"):
        return _plain(value._asdict(), with_text=with_text)
    if isinstance(value, dict):
        return {name: _plain(one, with_text=with_text) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one, with_text=with_text) for one in value]
    if isinstance(value, ErrorCode):
        return int(value)
    if isinstance(value, IntEnum):
        return value.name.lower()
    return value.value if isinstance(value, StrEnum) else value
