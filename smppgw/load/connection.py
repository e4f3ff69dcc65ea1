"""One transceiver bind of a load run: fills its window, answers what comes, writes once per read.

It parses only what it counts. A receipt is answered at once, whatever it says.
"""

import asyncio
import re
from collections.abc import Callable
from struct import Struct
from typing import Final, cast

from smppgw.load.ledger import Ledger
from smppgw.load.plan import Submits
from smppgw.load.refusal import BindRefusedError
from smppgw.load.supply import Supply
from smppgw.smpp import tlv
from smppgw.smpp.consts import (
    ESM_CLASS_DELIVERY_RECEIPT,
    ESM_CLASS_TYPE_MASK,
    VERSION_3_4,
    CommandId,
    Tag,
)
from smppgw.smpp.errors import RemoteProtocolError, UnframableError
from smppgw.smpp.framer import Framer
from smppgw.smpp.pdu import (
    BindTransceiver,
    DeliverSm,
    DeliverSmResp,
    EnquireLinkResp,
    Unbind,
    UnbindResp,
    decode,
    encode,
)

_HEADER: Final = Struct(">4xIII")
_BIND_SEQUENCE_NUMBER: Final = 1
_RECEIPT: Final = re.compile(rb"id:(\S+).*?stat:(\S+)", re.DOTALL | re.IGNORECASE)
_RECEIVED: Final = encode(DeliverSmResp())


class Connection(asyncio.Protocol):
    """A protocol for `loop.create_connection`: `bind`, then `start`, and `unbind` at the end."""

    def __init__(
        self,
        *,
        submits: Submits,
        supply: Supply,
        ledger: Ledger,
        window: int,
        clock: Callable[[], float],
        changed: Callable[[], None],
    ) -> None:
        """Take what the binds of a run share; `changed` is called when the ledger may have become complete."""
        loop = asyncio.get_running_loop()
        self.bound: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self._submits = submits
        self._supply = supply
        self._ledger = ledger
        self._window = window
        self._clock = clock
        self._changed = changed
        self._framer = Framer()
        self._out: list[bytes] = []
        self._in_flight: dict[int, float] = {}
        self._sequence_number = _BIND_SEQUENCE_NUMBER
        self._started = False
        self._transport: asyncio.Transport | None = None
        self._handlers: dict[int, Callable[[bytes, int, int, float], None]] = {
            CommandId.SUBMIT_SM_RESP: self._submit_answered,
            CommandId.GENERIC_NACK: self._submit_answered,
            CommandId.DELIVER_SM: self._delivered,
            CommandId.BIND_TRANSCEIVER_RESP: self._bind_answered,
            CommandId.ENQUIRE_LINK: self._enquired,
            CommandId.UNBIND: self._unbound,
            CommandId.UNBIND_RESP: self._unbind_answered,
        }

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._transport = cast("asyncio.Transport", transport)

    async def bind(self, system_id: str, password: str) -> None:
        """Bind and wait for the answer; BindRefusedError where it is no."""
        request = BindTransceiver(
            sequence_number=_BIND_SEQUENCE_NUMBER,
            system_id=system_id,
            password=password,
            interface_version=VERSION_3_4,
        )
        self._write(encode(request))
        await self.bound

    def start(self) -> None:
        """Begin to submit; later calls go on where the rate had stopped it. Does nothing on a closing connection."""
        self._started = self._transport is not None and not self._transport.is_closing()
        self._fill(self._clock())
        self._flush()

    async def unbind(self) -> None:
        """Take leave and wait until the connection is closed; the caller bounds the wait."""
        self._started = False
        self._sequence_number += 1
        self._write(encode(Unbind(sequence_number=self._sequence_number)))
        await self.closed

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        now = self._clock()
        try:
            frames = self._framer.feed(data)
        except UnframableError:
            self._ledger.unreadable += 1
            self.abort()
            return
        for frame in frames:
            command_id, status, sequence_number = _HEADER.unpack_from(frame)
            handler = self._handlers.get(command_id)
            if handler is not None:
                handler(frame, status, sequence_number, now)
        self._fill(now)
        self._flush()
        if self._ledger.complete:
            self._changed()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        self._started = False
        self._ledger.lose(len(self._in_flight))
        self._in_flight.clear()
        if not self.bound.done():
            self.bound.set_exception(BindRefusedError(None))
        self.closed.set_result(None)
        self._changed()

    def _fill(self, now: float) -> None:
        room = self._window - len(self._in_flight)
        if not self._started or room <= 0:
            return
        places = self._supply.take(room, now)
        if not places:
            return
        for place in places:
            self._sequence_number += 1
            self._in_flight[self._sequence_number] = now
            self._out.append(self._submits.frame(self._sequence_number, place))
        self._ledger.submitted(len(places), now)

    def _flush(self) -> None:
        if self._out:
            self._write(b"".join(self._out))
            self._out.clear()

    def _write(self, octets: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(octets)

    def _submit_answered(self, frame: bytes, status: int, sequence_number: int, now: float) -> None:
        sent_at = self._in_flight.pop(sequence_number, None)
        if sent_at is None:
            self._ledger.unreadable += 1
        elif status:
            self._ledger.refuse(status, sent_at, now)
        else:
            self._ledger.accept(frame[16:].partition(b"\0")[0].decode("latin-1"), sent_at, now)

    def _delivered(self, frame: bytes, _status: int, _sequence_number: int, now: float) -> None:
        self._out.append(_RECEIVED[:12] + frame[12:16] + _RECEIVED[16:])
        receipt = _receipt(frame)
        if receipt is None:
            self._ledger.unreadable += 1
        else:
            self._ledger.receipt(*receipt, now)

    def _bind_answered(self, _frame: bytes, status: int, _sequence_number: int, _now: float) -> None:
        if self.bound.done():
            return
        if status:
            self.bound.set_exception(BindRefusedError(status))
        else:
            self.bound.set_result(None)

    def _enquired(self, _frame: bytes, _status: int, sequence_number: int, _now: float) -> None:
        self._out.append(encode(EnquireLinkResp(sequence_number=sequence_number)))

    def _unbound(self, _frame: bytes, _status: int, sequence_number: int, _now: float) -> None:
        self._out.append(encode(UnbindResp(sequence_number=sequence_number)))
        self._started = False
        self._flush()
        self._close()

    def _unbind_answered(self, _frame: bytes, _status: int, _sequence_number: int, _now: float) -> None:
        self._close()

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def _receipt(frame: bytes) -> tuple[str, str] | None:
    """The message_id and stat of a final delivery receipt; None for anything else."""
    try:
        pdu = decode(frame)
    except RemoteProtocolError:
        return None
    if not isinstance(pdu, DeliverSm) or pdu.esm_class & ESM_CLASS_TYPE_MASK != ESM_CLASS_DELIVERY_RECEIPT:
        return None
    found = _RECEIPT.search(pdu.short_message)
    message_id = tlv.text(pdu.tlvs, Tag.RECEIPTED_MESSAGE_ID) or (found and found[1].decode("latin-1"))
    if not message_id:
        return None
    return message_id, found[2].decode("latin-1") if found else "?"
