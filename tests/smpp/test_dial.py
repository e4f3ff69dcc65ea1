"""Connections that we make, on both event loops, to an ESME on the loopback that listens."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from smppgw.smpp import dial
from smppgw.smpp.aio import Connection
from smppgw.smpp.dial import Dialler, HandshakeError
from smppgw.smpp.errors import LocalProtocolError
from smppgw.smpp.events import Answered, Ended, EndReason, Received
from smppgw.smpp.pdu import BindReceiver, DeliverSm, DeliverSmResp, Outbind, Unbind, UnbindResp
from smppgw.smpp.settings import SessionSettings
from smppgw.smpp.tally import Tally
from tests.smpp.conftest import Live
from tests.smpp.peers import BOUND_S, Peer, Recorder, noise
from tests.smpp.test_aio_tls import CERTIFICATES, server

OUTBIND = Outbind(system_id="GATE", password="hush")


class Esme:
    """An ESME that listens: who calls is in `calls`."""

    def __init__(self) -> None:
        self.calls: asyncio.Queue[Peer] = asyncio.Queue()
        self._writers: list[asyncio.StreamWriter] = []
        self.port = 0

    @asynccontextmanager
    async def listening(self, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> AsyncIterator["Esme"]:
        door = await asyncio.start_server(self._take, host, 0, ssl=tls)
        self.port = door.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            door.close()
            for writer in self._writers:
                writer.transport.abort()
            await asyncio.sleep(0)

    async def call(self) -> Peer:
        async with asyncio.timeout(BOUND_S):
            return await self.calls.get()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self.calls.put_nowait(Peer(reader, writer))


class Caller:
    """A dialler, and what it was told of its calls."""

    def __init__(self, options: SessionSettings | None = None) -> None:
        self.handler = Recorder()
        self.tally = Tally()
        clock = asyncio.get_running_loop().time
        self.dialler = Dialler(self.handler, options or SessionSettings(), clock=clock, tally=self.tally)
        self.bound: list[Connection] = []
        self.closed: list[Connection] = []

    async def dial(
        self, esme: Esme, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, outbind: Outbind = OUTBIND
    ) -> None:
        async with asyncio.timeout(BOUND_S):
            await self.dialler.dial(
                host,
                esme.port,
                outbind,
                called="legacy",
                ssl=tls,
                on_bound=self.bound.append,
                on_closed=self.closed.append,
            )

    async def hang_up(self) -> None:
        for connection in list(self.dialler.connections):
            connection.abort()
        async with asyncio.timeout(BOUND_S):
            await self.dialler.wait_empty()


def trusting(authority: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=CERTIFICATES / authority)


def test_whom_we_call_gets_an_outbind_binds_and_receives(live: Live) -> None:
    """From then on it is a session like any other, down to our unbind."""

    async def work() -> None:
        caller = Caller()
        async with Esme().listening() as esme:
            await caller.dial(esme)
            peer = await esme.call()
            first = await peer.take()
            await peer.bind(BindReceiver)
            [connection] = caller.dialler.connections
            number = connection.request(DeliverSm(short_message=b"id:1"))
            receipt = await peer.take()
            peer.give(DeliverSmResp(sequence_number=number))
            await caller.handler.wait_until(lambda: any(isinstance(event, Answered) for event in caller.handler.seen))
            connection.close()
            unbind = await peer.take()
            assert isinstance(unbind, Unbind)
            peer.give(UnbindResp(sequence_number=unbind.sequence_number))
            assert await peer.take() is None
            async with asyncio.timeout(BOUND_S):
                await caller.dialler.wait_empty()

        assert first == Outbind(sequence_number=1, system_id="GATE", password="hush")
        assert receipt == DeliverSm(sequence_number=number, short_message=b"id:1")
        assert (caller.bound, caller.closed) == ([connection], [connection])
        assert (connection.called, connection.peername) == ("legacy", ("127.0.0.1", esme.port))
        assert [type(event) for event in caller.handler.seen] == [Received, Answered, Ended]
        assert sum(caller.tally.sent.values()) == 4  # outbind, bind_receiver_resp, deliver_sm, unbind

    live(work)


def test_whom_we_call_over_tls_shows_its_certificate_first(live: Live) -> None:
    async def work() -> None:
        caller = Caller()
        async with Esme().listening(tls=server()) as esme:
            await caller.dial(esme, "localhost", trusting("ca.pem"))
            peer = await esme.call()
            first = await peer.take()
            await peer.bind(BindReceiver)
            [connection] = caller.dialler.connections
            await caller.hang_up()

        assert isinstance(first, Outbind)
        assert "localhost" in connection.certificate_names

    live(work)


@pytest.mark.parametrize(
    ("host", "authority"),
    [
        pytest.param("127.0.0.1", "other-ca.pem", id="signed by somebody else"),
        pytest.param("127.0.0.2", "ca.pem", id="of another host"),
    ],
)
def test_to_a_stranger_no_outbind_leaves(
    live: Live, host: str, authority: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor is anybody told of a connection; nothing stays behind."""

    async def work() -> None:
        caller = Caller()
        async with Esme().listening(host, server()) as esme:
            with pytest.raises(HandshakeError, match="certificate"):
                await caller.dial(esme, host, trusting(authority))

            assert (caller.handler.calls, caller.closed, caller.dialler.connections) == ([], [], set())
            assert esme.calls.empty()

    live(work)

    assert noise(caplog) == []


def test_who_speaks_no_tls_gets_no_outbind(live: Live) -> None:
    async def work() -> None:
        caller = Caller()
        async with Esme().listening() as esme:
            dialling = asyncio.create_task(caller.dial(esme, tls=trusting("ca.pem")))
            peer = await esme.call()
            peer.writer.write(b"220 this is no TLS\r\n")
            with pytest.raises(HandshakeError):
                await dialling
            hello = await peer.reader.read(65536)

        assert b"hush" not in hello
        assert caller.dialler.connections == set()

    live(work)


def test_where_nobody_listens_there_is_no_connection(live: Live) -> None:
    async def work() -> None:
        caller, esme = Caller(), Esme()
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            esme.port = nobody.getsockname()[1]
            with pytest.raises(ConnectionRefusedError):
                await caller.dial(esme)

        assert (caller.handler.calls, caller.closed, caller.dialler.connections) == ([], [], set())

    live(work)


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[str, int]) -> None:
    """Let every name have these addresses."""

    async def getaddrinfo(*_: object, **__: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", address) for address in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)


async def test_all_addresses_of_a_name_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    caller = Caller()
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        async with Esme().listening() as esme:
            resolve_to(monkeypatch, nobody.getsockname(), ("127.0.0.1", esme.port))
            await caller.dial(esme, "esme.example")

            assert isinstance(await (await esme.call()).take(), Outbind)
            await caller.hang_up()


async def test_a_name_without_an_address_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch)

    with pytest.raises(OSError, match=r"esme\.example has no address"):
        await Caller().dial(Esme(), "esme.example")


async def test_an_address_that_does_not_answer_is_not_awaited_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one gets its turn."""
    monkeypatch.setattr(dial, "CONNECT_S", 0.02)
    loop, caller = asyncio.get_running_loop(), Caller()
    connect, silent = loop.sock_connect, ("192.0.2.1", 1)

    async def sock_connect(sock: socket.socket, address: Any) -> None:
        if address == silent:
            await asyncio.Event().wait()
        await connect(sock, address)

    monkeypatch.setattr(loop, "sock_connect", sock_connect)
    async with Esme().listening() as esme:
        resolve_to(monkeypatch, silent, ("127.0.0.1", esme.port))
        await caller.dial(esme)
        await caller.hang_up()

        resolve_to(monkeypatch, silent)
        with pytest.raises(TimeoutError):
            await caller.dial(esme)


async def test_a_call_that_is_given_up_leaves_nothing_behind() -> None:
    """While it shakes hands."""
    caller = Caller()
    async with Esme().listening() as esme:
        dialling = asyncio.create_task(caller.dial(esme, tls=trusting("ca.pem")))
        peer = await esme.call()

        dialling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dialling
        async with asyncio.timeout(BOUND_S):
            await peer.reader.read()

    assert (caller.handler.calls, caller.dialler.connections) == ([], set())


async def test_an_outbind_that_does_not_fit_leaves_no_connection_behind() -> None:
    caller = Caller()
    async with Esme().listening() as esme:
        with pytest.raises(LocalProtocolError):
            await caller.dial(esme, outbind=Outbind(system_id="x" * 16))

        assert await (await esme.call()).take() is None
    assert caller.dialler.connections == set()


async def test_who_is_called_and_does_not_bind_is_let_go() -> None:
    caller = Caller(SessionSettings(session_init_s=0.02))
    async with Esme().listening() as esme:
        await caller.dial(esme)
        peer = await esme.call()

        assert isinstance(await peer.take(), Outbind)
        assert await peer.take() is None
        await caller.handler.wait_until(lambda: "closed" in caller.handler.calls)

    assert caller.handler.seen == [Ended(reason=EndReason.SESSION_INIT)]
    assert (caller.bound, len(caller.closed), caller.dialler.connections) == ([], 1, set())
