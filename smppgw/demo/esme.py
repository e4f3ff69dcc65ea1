"""The client of the demo: smpplib, which is not ours, so that the conversation proves something.

smpplib cuts and encodes the texts too. Blocking: runs in a thread of its own, and looks at ``stop`` all the time.
"""

import logging
import select
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import smpplib.client
import smpplib.exceptions
import smpplib.gsm

from smppgw.demo.errors import DemoError
from smppgw.demo.script import Case
from smppgw.ops.clock import Clock
from smppgw.smpp import receipt
from smppgw.smpp.consts import REGISTERED_DELIVERY_RECEIPT, CommandStatus, Npi, Ton
from smppgw.smpp.receipt import Receipt

WINDOW: Final = 50
"""submit_sm in flight."""
SILENCE_S: Final = 30.0
"""How long nothing may happen before the rest is given up."""
QUIET_S: Final = 1.0
"""How long the client goes on listening for what would be one receipt too many."""

_TICK_S: Final = 0.2
_TIMEOUT_S: Final = 10.0
_LOGGER: Final = "smppgw.demo.esme"


class Watcher(Protocol):
    """Somebody who wants to see how it goes; called from the client's thread."""

    def answered(self, count: int) -> None:
        """So many submits are answered by now."""

    def received(self, count: int) -> None:
        """So many receipts are there by now."""


@dataclass(frozen=True, slots=True)
class Part:
    """One submit_sm."""

    case: Case
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gateway answered to one submit_sm."""

    case: Case
    message_id: str
    """Empty where it was refused."""
    status: str
    """Name of the command_status."""


@dataclass(slots=True)
class Exchange:
    """Everything that was said."""

    submitted: int = 0
    answers: list[Answer] = field(default_factory=list)
    receipts: dict[str, list[Receipt]] = field(default_factory=dict)
    """By message_id; a second one for the same id is a fault that somebody else will find."""
    unreadable: int = 0
    """deliver_sm that are no receipts."""


def parts_of(cases: Iterable[Case]) -> list[Part]:
    """Cut the texts into submit_sm, as smpplib does it."""
    return [part for case in cases for part in _parts(case)]


def _parts(case: Case) -> list[Part]:
    pieces, data_coding, esm_class = smpplib.gsm.make_parts(case.text)
    common = {
        "source_addr_ton": Ton.ALPHANUMERIC.value,
        "source_addr_npi": Npi.UNKNOWN.value,
        "source_addr": case.sender,
        "dest_addr_ton": Ton.INTERNATIONAL.value,
        "dest_addr_npi": Npi.ISDN.value,
        "destination_addr": case.recipient,
        "data_coding": data_coding,
        "esm_class": esm_class,
        "registered_delivery": REGISTERED_DELIVERY_RECEIPT,
    }
    return [Part(case, common | {"short_message": piece}) for piece in pieces]


class Esme:
    """One bind as transceiver and its conversation."""

    def __init__(self, host: str, port: int, stop: threading.Event, monotonic: Callable[[], float]) -> None:
        logging.getLogger(_LOGGER).disabled = True  # it repeats as warnings what the exceptions say
        self._client = smpplib.client.Client(
            host, port, timeout=_TIMEOUT_S, logger_name=_LOGGER, allow_unknown_opt_params=True
        )
        self._client.set_message_sent_handler(self._on_response)
        self._client.set_error_pdu_handler(lambda _pdu: None)  # the handler above gets refusals too
        self._client.set_message_received_handler(self._on_deliver)
        self._stop = stop
        self._monotonic = monotonic
        self._exchange = Exchange()
        self._pending: deque[Part] = deque()
        self._unanswered: dict[int, Part] = {}
        self._owed: set[str] = set()
        self._received = 0

    def converse(self, system_id: str, password: str, parts: Iterable[Part], watcher: Watcher) -> Exchange:
        """Bind, submit everything, read until every receipt is there, unbind.

        Gives up after ``SILENCE_S`` without a PDU; what is missing then is missing in the result.

        Raises:
            DemoError: The bind was refused, or the connection broke.
        """
        self._pending.extend(parts)
        try:
            with self._client:
                self._client.connect()
                self._client.bind_transceiver(system_id=system_id, password=password)
                self._talk(watcher)
        except smpplib.exceptions.PDUError as error:
            raise DemoError(f"the gateway refused: {error.args[0]}") from error
        except (smpplib.exceptions.ConnectionError, OSError) as error:
            raise DemoError("the connection to the gateway broke") from error
        return self._exchange

    def _talk(self, watcher: Watcher) -> None:
        last_at = self._monotonic()
        while not self._stop.is_set():
            self._submit_more()
            if self._read():
                last_at = self._monotonic()
                watcher.answered(len(self._exchange.answers))
                watcher.received(self._received)
            silence_s = self._monotonic() - last_at
            if silence_s > (QUIET_S if self._is_complete() else SILENCE_S):
                return

    def _submit_more(self) -> None:
        while self._pending and len(self._unanswered) < WINDOW:
            part = self._pending.popleft()
            self._unanswered[self._client.send_message(**part.fields).sequence] = part
            self._exchange.submitted += 1

    def _is_complete(self) -> bool:
        return not (self._pending or self._unanswered or self._owed)

    def _read(self) -> bool:
        """Read one PDU, if one comes soon."""
        # Waiting for the first octet outside smpplib: a timeout inside would lose the beginning of a PDU.
        readable, _, _ = select.select([self._client._socket], [], [], _TICK_S)
        if readable:
            self._client.read_once(auto_send_enquire_link=False)
        return bool(readable)

    def _on_response(self, pdu: Any) -> None:
        part = self._unanswered.pop(pdu.sequence, None)
        if part is None:
            return
        message_id = "" if pdu.is_error() else _decoded(pdu.message_id)
        self._exchange.answers.append(Answer(part.case, message_id, _status(int(pdu.status))))
        if message_id and message_id not in self._exchange.receipts:
            self._owed.add(message_id)

    def _on_deliver(self, pdu: Any) -> None:
        said = receipt.parse(pdu.short_message or b"")
        if said is None:
            self._exchange.unreadable += 1
            return
        self._received += 1
        self._exchange.receipts.setdefault(said.message_id, []).append(said)
        self._owed.discard(said.message_id)


def _decoded(value: bytes | str | None) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value or ""


def _status(status: int) -> str:
    known = status in CommandStatus._value2member_map_
    return CommandStatus(status).name if known else f"0x{status:08X}"


def converse(
    host: str, port: int, login: tuple[str, str], parts: Iterable[Part], watcher: Watcher, stop: threading.Event
) -> Exchange:
    """Hold one whole conversation; see ``Esme.converse``. Ends soon after ``stop`` is set."""
    return Esme(host, port, stop, Clock().monotonic).converse(*login, parts, watcher)
