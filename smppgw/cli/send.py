"""`smppgw send`: one message through smpplib, an SMPP client that is not ours."""

import contextlib
import logging
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import click
import smpplib.client
import smpplib.exceptions

from smppgw.cli.exits import Exit
from smppgw.cli.options import peer_options
from smppgw.ops.masks import escape
from smppgw.smpp import receipt, text, udh
from smppgw.smpp.consts import (
    ESM_CLASS_DELIVERY_RECEIPT,
    ESM_CLASS_TYPE_MASK,
    ESM_CLASS_UDHI,
    REGISTERED_DELIVERY_RECEIPT,
    CommandStatus,
    DataCoding,
    Npi,
    Ton,
)
from smppgw.smpp.text import Alphabet

_MAX_PARTS: Final = 255
_LOGGER: Final = "smppgw.send"
_HEXADECIMAL: Final = re.compile(r"[0-9A-Fa-f]{1,16}")
_DECIMAL: Final = re.compile(r"[0-9]{1,20}")


@click.command()
@peer_options
@click.option("--from", "source", required=True, help="Sender: a number, or up to 11 letters and digits.")
@click.option("--to", "destination", required=True, help="Recipient, as the account may write it.")
@click.option("--text", "message", required=True, help="Cut into parts where it is long.")
@click.option("--wait", type=click.FloatRange(min=0), metavar="SECONDS", help="Ask for receipts, wait this long.")
@click.option("--timeout", type=click.FloatRange(min=0.1), default=10.0, show_default=True, metavar="SECONDS")
def send(
    *, host: str, port: int, system_id: str, password: str, source: str, destination: str, message: str,
    wait: float | None, timeout: float,
) -> None:  # fmt: skip
    """Examples:

    \b
      smppgw send --system-id demo --password secret --from Shop --to 4915123456789 --text "Hello"
      smppgw send --port 2775 --system-id demo --password secret --from Shop --to 4915123456789 --text 你好 --wait 30

    Prints one message id per part and, with --wait, "receipt ID STAT err:CODE" for each. Ends with 1 if a part is
    refused or a receipt does not come in time, with 5 if nobody answers.
    """  # noqa: D301, D415 # \b is click's mark for text that is not to be refilled
    submits = _submits(source, destination, message, with_receipt=wait is not None)
    logging.getLogger(_LOGGER).disabled = True  # it repeats as warnings what the exceptions say
    client = smpplib.client.Client(host, port, timeout=timeout, logger_name=_LOGGER, allow_unknown_opt_params=True)
    exchange = _Exchange(client)
    try:
        with client:
            client.connect()
            client.bind_transceiver(system_id=system_id, password=password)
            exchange.submit(submits, timeout)
            if wait is not None:
                exchange.await_receipts(wait)
    except smpplib.exceptions.PDUError as error:
        _fail(f"refused: {error.args[0]}", Exit.FAILED)
    except (smpplib.exceptions.ConnectionError, OSError) as error:
        _fail(f"{host}:{port}: {str(error) or 'the connection broke, or no answer came in time'}", Exit.UNREACHABLE)
    sys.exit(Exit.OK if exchange.tell(wants_receipts=wait is not None) else Exit.FAILED)


def _fail(reason: str, code: Exit) -> None:
    click.echo(escape(reason), err=True)
    sys.exit(code)


def _submits(source: str, destination: str, message: str, *, with_receipt: bool) -> list[dict[str, Any]]:
    """Make the fields of one submit_sm per part."""
    count = text.parts(message)
    if count.parts > _MAX_PARTS:
        raise click.BadParameter(f"takes {count.parts} parts; {_MAX_PARTS} are the limit", param_hint="--text")
    common = {
        **_source(source),
        **_destination(destination),
        "data_coding": DataCoding.UCS2.value if count.alphabet is Alphabet.UCS2 else DataCoding.DEFAULT.value,
        "registered_delivery": REGISTERED_DELIVERY_RECEIPT if with_receipt else 0,
    }
    pieces = [text.encode(piece, count.alphabet) for piece in text.split(message)]
    if len(pieces) == 1:
        return [common | {"short_message": pieces[0], "esm_class": 0}]
    reference = secrets.randbelow(256)
    return [
        common
        | {
            "short_message": udh.encode(udh.of_part(reference, len(pieces), number)) + piece,
            "esm_class": ESM_CLASS_UDHI,
        }
        for number, piece in enumerate(pieces, start=1)
    ]


def _source(address: str) -> dict[str, Any]:
    digits = address.removeprefix("+")
    if not (digits.isascii() and digits.isdecimal()):
        return {"source_addr_ton": Ton.ALPHANUMERIC.value, "source_addr_npi": Npi.UNKNOWN.value, "source_addr": address}
    ton = Ton.INTERNATIONAL if address.startswith("+") else Ton.UNKNOWN
    return {"source_addr_ton": ton.value, "source_addr_npi": Npi.ISDN.value, "source_addr": digits}


def _destination(address: str) -> dict[str, Any]:
    # A leading zero belongs to a national number, which the account's country completes.
    ton = Ton.UNKNOWN if address.startswith("0") else Ton.INTERNATIONAL
    return {
        "dest_addr_ton": ton.value,
        "dest_addr_npi": Npi.ISDN.value,
        "destination_addr": address.removeprefix("+"),
    }


@dataclass(slots=True)
class _Exchange:
    """What was sent and what came back."""

    client: Any
    parts: int = 0
    ids: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    receipts: dict[str, str] = field(default_factory=dict)
    """By every id that a receipt names: that of its text and that of its TLV may differ."""

    def submit(self, submits: list[dict[str, Any]], timeout_s: float) -> None:
        """Send one part after the other and read the responses; receipts may come between them."""
        self.client.set_message_sent_handler(self._sent)
        self.client.set_message_received_handler(self._received)
        self.client.set_error_pdu_handler(self._refused)
        for fields in submits:
            self.client.send_message(**fields)
            self.parts += 1
        self._read_until(lambda: len(self.ids) + len(self.refusals) == self.parts, timeout_s)

    def await_receipts(self, wait_s: float) -> None:
        """Read until every part has its receipt, or the time is over."""
        self._read_until(self._has_all_receipts, wait_s)

    def _has_all_receipts(self) -> bool:
        return all(self._receipt_of(message_id) for message_id in self.ids)

    def _receipt_of(self, message_id: str) -> str | None:
        return next((self.receipts[name] for name in _readings(message_id) if name in self.receipts), None)

    def tell(self, *, wants_receipts: bool) -> bool:
        """Print everything; whether all is well."""
        for message_id in self.ids:
            click.echo(escape(message_id))
        for refusal in self.refusals:
            click.echo(f"refused: {refusal}", err=True)
        complete = len(self.ids) == self.parts
        if not complete and not self.refusals:
            click.echo("no answer in time", err=True)
        if not wants_receipts:
            return complete
        for message_id in self.ids:
            if said := self._receipt_of(message_id):
                click.echo(f"receipt {escape(message_id)} {said}")
            else:
                click.echo(f"no receipt in time for {escape(message_id)}", err=True)
        return complete and self._has_all_receipts()

    def _read_until(self, done: Callable[[], bool], limit_s: float) -> None:
        deadline = time.monotonic() + limit_s
        while not done() and (remaining_s := deadline - time.monotonic()) > 0:
            # smpplib has no other way to say how long one read may take.
            self.client._socket.settimeout(remaining_s)
            with contextlib.suppress(TimeoutError):
                self.client.read_once(auto_send_enquire_link=False)

    def _sent(self, pdu: Any) -> None:
        if not pdu.is_error():  # smpplib calls this one for refusals too
            self.ids.append(_decoded(pdu.message_id))

    def _refused(self, pdu: Any) -> None:
        status = int(pdu.status)
        known = status in CommandStatus._value2member_map_
        self.refusals.append(CommandStatus(status).name if known else f"0x{status:08X}")

    def _received(self, pdu: Any) -> None:
        if pdu.esm_class & ESM_CLASS_TYPE_MASK != ESM_CLASS_DELIVERY_RECEIPT:
            return
        said = receipt.parse(pdu.short_message or b"")
        if said is not None:
            in_tlv = _decoded(pdu.receipted_message_id).rstrip("\0")
            told = f"{receipt.STATS[said.state].value} err:{said.err:03}"
            self.receipts |= {name: told for name in (said.message_id, in_tlv) if name}


def _readings(message_id: str) -> Iterator[str]:
    """Yield the ids under which a receipt may come: as answered, or the same number to the other base.

    Message centres answer in one and write receipts in the other (Vonage, SMPP 3.3; Kannel knows both ways as
    msg-id-type), with or without zeros before it.
    """
    yield message_id
    if _HEXADECIMAL.fullmatch(message_id):
        number = int(message_id, 16)
        yield from (f"{number}", f"{number:010}")
    if _DECIMAL.fullmatch(message_id):
        number = int(message_id)
        yield from (f"{number:x}", f"{number:X}", f"{number:08x}", f"{number:08X}")


def _decoded(value: bytes | str | None) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value or ""
