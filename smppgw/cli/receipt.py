"""`smppgw receipt`: what an account will get, before it gets it."""

import json
from dataclasses import replace
from typing import Any, Final
from zoneinfo import ZoneInfo

import click

from smppgw.config.kinds import UTC_NAME, parse_zone
from smppgw.core.model import Address, Outcome, Outgoing, OutgoingId, OutgoingKind
from smppgw.smpp.consts import MessageState
from smppgw.smpp.describe import Line, describe
from smppgw.smpp.dialects import DIALECTS, Dialect
from smppgw.smpp.pdu import DeliverSm, encode
from smppgw.smpp.receipt import STATS
from smppgw.workers.translate import write_receipt

_STATES: Final = {stat.lower(): state for state, stat in STATS.items()}
_IDS: Final = {"decimal": "4096172839", "hex": "8f1c29a7"}
_SUBMITTED_AT: Final = 1_767_269_580.0  # 2026-01-01 12:13:00 UTC
_TOOK_S: Final = 17.0
_TEXT: Final = "Your code is 123456, valid for ten minutes."
_TLVS: Final = frozenset({"receipted_message_id", "message_state", "network_error_code"})


@click.command()
@click.option("--profile", type=click.Choice(list(DIALECTS)), default="standard", show_default=True)
@click.option("--state", type=click.Choice(list(_STATES), case_sensitive=False), default="delivrd", show_default=True)
@click.option("--err", type=click.IntRange(0, 999), default=0, show_default=True, help="The gateway's error code.")
@click.option(
    "--message-id", type=click.Choice(list(_IDS)), help="As in the account.  [default: what the profile is made for]"
)
@click.option(
    "--zone",
    default=UTC_NAME,
    show_default=True,
    callback=lambda _context, _option, name: _zone(name),
    help="Time zone of the dates, by its IANA name.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def receipt(profile: str, state: str, err: int, message_id: str | None, zone: ZoneInfo, *, as_json: bool) -> None:
    """Examples:

    \b
      smppgw receipt --profile vonage
      smppgw receipt --profile standard --state undeliv --err 12
      smppgw receipt --profile kannel --zone Europe/Berlin
      smppgw receipt --profile kannel --state enroute
      smppgw receipt --profile cm --json | jq -r .hex | smppgw decode -

    Shows a sample receipt as an account with this receipt_profile gets it: its text, its TLVs, and the whole
    deliver_sm in hexadecimal digits. State "enroute" is that of an intermediate notification.
    """  # noqa: D301, D415 # \b is click's mark for text that is not to be refilled
    dialect = replace(DIALECTS[profile], zone=zone)
    answered = _IDS[message_id or ("hex" if dialect.hex_response else "decimal")]
    pdu = replace(write_receipt(_sample(answered, _STATES[state.lower()], err), dialect), sequence_number=1)
    told = _told(profile, dialect, answered, pdu)
    click.echo(json.dumps(told, indent=2) if as_json else _in_words(told))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(parse_zone(name))
    except ValueError as fault:
        raise click.BadParameter(str(fault)) from None


def _sample(message_id: str, state: MessageState, err: int) -> Outgoing:
    final = state is not MessageState.ENROUTE
    return Outgoing(
        id=OutgoingId(1),
        account="sample",
        kind=OutgoingKind.RECEIPT if final else OutgoingKind.INTERMEDIATE,
        message_id=message_id,
        source=Address(5, 0, "ACME"),
        destination=Address(1, 1, "491701234567"),
        outcome=Outcome(state),
        error=err,
        submitted_at=_SUBMITTED_AT,
        done_at=_SUBMITTED_AT + _TOOK_S,
        text=_TEXT,
        tries=0,
    )


def _told(profile: str, dialect: Dialect, answered: str, pdu: DeliverSm) -> dict[str, Any]:
    frame = encode(pdu)
    return {
        "profile": profile,
        "source": dialect.source,
        "message_id": answered,
        "text": pdu.short_message.decode("ascii"),
        "tlvs": {line.field: _value(line) for line in describe(frame) if line.field in _TLVS},
        "hex": frame.hex(),
    }


def _value(line: Line) -> dict[str, str]:
    return {"hex": line.raw.hex(), "meaning": line.meaning}


def _in_words(told: dict[str, Any]) -> str:
    tlvs = [f"{name:<22} {tlv['hex']:<32} {tlv['meaning']}" for name, tlv in told["tlvs"].items()]
    return "\n".join(
        [
            f"profile     {told['profile']}: {told['source']}",
            f"message_id  {told['message_id']} in submit_sm_resp",
            f"text        {told['text']}",
            *(f"TLV         {line}" for line in tlvs or ["none"]),
            f"deliver_sm  {told['hex']}",
        ]
    )
