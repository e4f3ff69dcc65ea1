"""ESMEs that are not ours, smpplib and aiosmpplib, behind one face: send texts, wait for every receipt.

Both read what they are told with their own codecs. What they say of it comes out as `Exchange`.
"""

import asyncio
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiosmpplib
import smpplib.client
import smpplib.consts
import smpplib.gsm

from tests.e2e.configuration import PASSWORD, SYSTEM_ID
from tests.e2e.waiting import LIMIT_S

_STEP_S = 0.2
_RECEIPT = re.compile(rb"id:(\S+) .*stat:([A-Z]{7})")


@dataclass
class Exchange:
    """What a peer was answered, and what it was delivered."""

    ids: list[str] = field(default_factory=list)
    receipts: dict[str, str] = field(default_factory=dict)
    """The `stat` per message_id."""
    refusals: list[str] = field(default_factory=list)

    def is_over(self, parts: int) -> bool:
        """Whether every part is answered and has its receipt."""
        return bool(self.refusals) or (len(self.ids) == parts and all(each in self.receipts for each in self.ids))


class Peer(Protocol):
    """Sends texts, each to its destination, and waits for the receipts of all parts."""

    async def exchange(self, port: int, texts: Mapping[str, str], parts: int, *, apart: bool) -> Exchange:
        """Send over one transceiver, or (`apart`) over a transmitter beside a receiver."""


# --- smpplib ----------------------------------------------------------------------------------------------------------


class Smpplib:
    """smpplib blocks, so each bind reads in a thread."""

    def __init__(self, parts: Callable[[str], Sequence[dict[str, Any]]] | None = None) -> None:
        """Send texts as smpplib cuts them, or as `parts` says: the fields of every submit_sm."""
        self._parts = parts or _smpplib_parts

    async def exchange(self, port: int, texts: Mapping[str, str], parts: int, *, apart: bool) -> Exchange:
        return await asyncio.to_thread(self._exchange, port, texts, parts, apart)

    def _exchange(self, port: int, texts: Mapping[str, str], parts: int, apart: bool) -> Exchange:
        exchange, over = Exchange(), threading.Event()
        sender = self._client(port, "bind_transmitter" if apart else "bind_transceiver", exchange)
        clients = [sender, *([self._client(port, "bind_receiver", exchange)] if apart else [])]
        for destination, text in texts.items():
            for fields in self._parts(text):
                sender.send_message(
                    source_addr_ton=smpplib.consts.SMPP_TON_ALNUM,
                    source_addr="Shop",
                    dest_addr_ton=smpplib.consts.SMPP_TON_INTL,
                    dest_addr_npi=smpplib.consts.SMPP_NPI_ISDN,
                    destination_addr=destination,
                    registered_delivery=1,
                    **fields,
                )
        readers = [threading.Thread(target=_read, args=(client, over)) for client in clients]
        for reader in readers:
            reader.start()
        deadline = time.monotonic() + LIMIT_S
        while not exchange.is_over(parts) and time.monotonic() < deadline:
            over.wait(_STEP_S)
        over.set()
        for reader in readers:
            reader.join()
        for client in clients:
            client.unbind()
            client.disconnect()
        return exchange

    def _client(self, port: int, bind: str, exchange: Exchange) -> Any:
        client = smpplib.client.Client("127.0.0.1", port, allow_unknown_opt_params=True, logger_name="tests.smpplib")
        logging.getLogger("tests.smpplib").setLevel(logging.ERROR)
        client.set_message_sent_handler(lambda pdu: exchange.ids.append(pdu.message_id.decode()))
        client.set_message_received_handler(lambda pdu: exchange.receipts.update(_stat(pdu.short_message)))
        client.set_error_pdu_handler(lambda pdu: exchange.refusals.append(hex(pdu.status)))
        client.connect()
        getattr(client, bind)(system_id=SYSTEM_ID, password=PASSWORD)
        return client


def _smpplib_parts(text: str) -> Sequence[dict[str, Any]]:
    parts, coding, esm_class = smpplib.gsm.make_parts(text)
    return [{"data_coding": coding, "esm_class": esm_class, "short_message": part} for part in parts]


def _read(client: Any, over: threading.Event) -> None:
    client._socket.settimeout(_STEP_S)  # smpplib has no other way to say how long one read may take
    while not over.is_set():
        with suppress(TimeoutError):
            client.read_once(auto_send_enquire_link=False)


def _stat(text: bytes) -> dict[str, str]:
    found = _RECEIPT.search(text)
    assert found is not None, text
    return {found[1].decode(): found[2].decode()}


# --- aiosmpplib -------------------------------------------------------------------------------------------------------


class _Hook(aiosmpplib.AbstractHook):  # type: ignore[misc] # aiosmpplib publishes no types
    """Notes what came in the octets: for parts of a text, aiosmpplib only shows those."""

    def __init__(self, exchange: Exchange, news: asyncio.Event) -> None:
        self._exchange = exchange
        self._news = news

    async def sending(self, smpp_message: Any, pdu: bytes, client_id: str) -> None:
        pass

    async def received(self, smpp_message: Any, pdu: bytes, client_id: str) -> None:
        header = aiosmpplib.protocol.SmppMessage.parse_header(pdu)
        if header.smpp_command is aiosmpplib.SmppCommand.DELIVER_SM:
            self._exchange.receipts.update(_stat(pdu))
        elif header.command_status is not aiosmpplib.SmppCommandStatus.ESME_ROK:
            self._exchange.refusals.append(header.command_status.name)
        elif header.smpp_command is aiosmpplib.SmppCommand.SUBMIT_SM_RESP:
            self._exchange.ids.append(pdu[16:].rstrip(b"\0").decode())
        self._news.set()

    async def send_error(self, smpp_message: Any, error: Exception, client_id: str) -> None:
        self._exchange.refusals.append(repr(error))
        self._news.set()


class Aiosmpplib:
    """aiosmpplib runs in the loop of the test."""

    def __init__(self, parts: Callable[[str], Sequence[dict[str, Any]]] | None = None) -> None:
        """Send texts as aiosmpplib cuts them, or as `parts` says: the fields of every SubmitSm."""
        self._parts = parts or _aiosmpplib_parts

    async def exchange(self, port: int, texts: Mapping[str, str], parts: int, *, apart: bool) -> Exchange:
        exchange, news = Exchange(), asyncio.Event()
        modes = aiosmpplib.BindMode
        sender = self._esme(port, modes.TRANSMITTER if apart else modes.TRANSCEIVER, exchange, news)
        esmes = [sender, *([self._esme(port, modes.RECEIVER, exchange, news)] if apart else [])]
        running = [asyncio.create_task(esme.start()) for esme in esmes]
        for destination, text in texts.items():
            for place, fields in enumerate(self._parts(text)):
                await sender.broker.enqueue(_aiosmpplib_submit(destination, f"{destination}/{place}", fields))
        with suppress(TimeoutError):
            async with asyncio.timeout(LIMIT_S):
                while not exchange.is_over(parts):
                    news.clear()
                    await news.wait()
        writers = [esme._writer for esme in esmes]  # aiosmpplib itself leaves them open
        for esme in esmes:
            await esme.stop()
        await asyncio.gather(*running)
        for writer in writers:
            writer.close()
            await writer.wait_closed()
        return exchange

    def _esme(self, port: int, mode: Any, exchange: Exchange, news: asyncio.Event) -> Any:
        return aiosmpplib.ESME(
            smsc_host="127.0.0.1",
            smsc_port=port,
            system_id=SYSTEM_ID,
            password=PASSWORD,
            bind_mode=mode,
            hook=_Hook(exchange, news),
            log_level="ERROR",
        )


def _aiosmpplib_parts(text: str) -> Sequence[dict[str, Any]]:
    is_long = len(text) > 160
    return [
        {
            "short_message": text,
            "encoding": None if text.isascii() else "ucs2",
            "esm_class": 0x40 if is_long else 0,
            "auto_message_payload": not is_long,
        }
    ]


def _aiosmpplib_submit(destination: str, log_id: str, fields: dict[str, Any]) -> Any:
    return aiosmpplib.SubmitSm(
        source=aiosmpplib.PhoneNumber("Shop", aiosmpplib.TON.ALPHANUMERIC),
        destination=aiosmpplib.PhoneNumber(destination, aiosmpplib.TON.INTERNATIONAL, aiosmpplib.NPI.ISDN),
        log_id=log_id,
        **fields,
    )
