"""Connections through a proxy that says for whom it connects."""

import asyncio
import socket
import ssl
from ipaddress import ip_network

import pytest
import uvloop

from smppgw.smpp import aio
from smppgw.smpp.aio import Listener
from smppgw.smpp.networks import Network
from smppgw.smpp.pdu import BindTransceiver, encode
from tests.smpp.peers import BOUND_S, Peer, Recorder, client, door, noise
from tests.smpp.test_aio_tls import esme, server

TRUSTED = (ip_network("127.0.0.1/32"),)
V1 = b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 2775\r\n"
V2 = bytes.fromhex("0d0a0d0a000d0a515549540a 21 11 000c c0000207 c6336401 9c40 0ad7")
BIND = encode(BindTransceiver(sequence_number=1, interface_version=0x34))


async def gone(listener: Listener) -> None:
    """Wait until nobody is there any more, not even at the door."""
    async with asyncio.timeout(BOUND_S):
        if arriving := set(listener._arriving):
            await asyncio.wait(arriving)
        await listener.wait_empty()


@pytest.mark.parametrize("header", [V1, V2], ids=["v1", "v2"])
@pytest.mark.parametrize("cut", [0, 5, 13, 27])
async def test_the_address_in_the_header_is_the_peers(header: bytes, cut: int) -> None:
    """In one read with the bind behind it, or in pieces."""
    handler = Recorder()
    async with door(handler, proxies=TRUSTED) as listener, client(listener) as peer:
        peer.writer.write(header[:cut])
        await asyncio.sleep(0)
        peer.writer.write(header[cut:] + BIND)
        answer = await peer.take()

    assert answer is not None
    assert handler.connections[0].peername == ("192.0.2.7", 40000)


async def test_a_proxy_that_checks_our_health_is_itself_the_peer() -> None:
    handler = Recorder()
    async with door(handler, proxies=TRUSTED) as listener, client(listener) as peer:
        peer.writer.write(b"PROXY UNKNOWN\r\n" + BIND)
        await peer.take()

    assert handler.connections[0].peername[0] == "127.0.0.1"


async def test_the_header_comes_before_tls() -> None:
    """The handshake follows, on the same socket."""
    handler = Recorder()
    async with door(handler, proxies=TRUSTED, tls=server(ssl.CERT_REQUIRED)) as listener:
        reader, writer = await asyncio.open_connection(*listener.addresses[0])
        writer.write(V1)
        async with asyncio.timeout(BOUND_S):
            await writer.start_tls(esme("client"), server_hostname="localhost")
        await Peer(reader, writer).bind()
        writer.transport.abort()

    assert handler.connections[0].peername == ("192.0.2.7", 40000)
    assert "legacy.example.com" in handler.connections[0].certificate_names


def test_headers_are_read_on_uvloop_too() -> None:
    """It is what the daemon runs on."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(test_the_header_comes_before_tls())
        runner.run(test_the_address_in_the_header_is_the_peers(V1, 27))


@pytest.mark.parametrize(
    "octets",
    [
        BIND,
        b"PROXY TCP4 192.0.2.7\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 2775 " + b"x" * 200,
        V2[:13] + b"\x99",
    ],
)
async def test_without_a_good_header_the_connection_is_closed(octets: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is answered, nobody is told, no place stays taken."""
    handler = Recorder()
    async with door(handler, proxies=TRUSTED, max_unbound=1) as listener:
        for _ in range(3):
            async with client(listener) as peer:
                peer.writer.write(octets)
                peer.writer.write_eof()
                assert await ending(peer) == b""
            await gone(listener)

    assert handler.calls == []
    assert listener.refused == 0
    assert noise(caplog) == []


async def ending(peer: Peer) -> bytes:
    """What came before the end of the stream."""
    async with asyncio.timeout(BOUND_S):
        try:
            return await peer.reader.read()
        except ConnectionError:
            return b""  # octets that nobody read make it a reset


async def test_a_header_that_does_not_come_is_not_awaited_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aio, "PROXY_HEADER_S", 0.02)
    handler = Recorder()
    async with door(handler, proxies=TRUSTED) as listener, client(listener) as peer:
        peer.writer.write(V1[:20])

        assert await ending(peer) == b""
        await gone(listener)

    assert handler.calls == []


@pytest.mark.parametrize("networks", [(), (ip_network("192.0.2.0/24"),)])
async def test_whoever_is_no_trusted_proxy_is_closed_unread(networks: tuple[Network, ...]) -> None:
    """An empty list trusts nobody; an address in the header makes nobody a proxy."""
    handler = Recorder()
    async with door(handler, proxies=networks) as listener, client(listener) as peer:
        peer.writer.write(V1 + BIND)

        assert await ending(peer) == b""

    assert handler.calls == []
    assert listener.refused == 1


async def test_a_header_where_none_is_expected_is_no_header() -> None:
    """It is read as a PDU of an impossible length, and the address in it counts for nothing."""
    handler = Recorder()
    async with door(handler) as listener, client(listener) as peer:
        peer.writer.write(V1 + BIND)
        await peer.take()

        assert await peer.take() is None
    assert handler.connections[0].peername[0] == "127.0.0.1"


async def test_the_cap_per_address_is_for_the_peers_behind_the_proxy() -> None:
    """One place each: the second of the same peer is turned away, another peer is not."""
    handler = Recorder()
    other = V1.replace(b"192.0.2.7", b"192.0.2.8")
    async with (
        door(handler, proxies=TRUSTED, max_unbound_per_ip=1) as listener,
        client(listener) as first,
        client(listener) as second,
        client(listener) as third,
    ):
        first.writer.write(V1)
        await handler.wait_until(lambda: len(handler.connections) == 1)
        second.writer.write(V1)
        assert await ending(second) == b""
        third.writer.write(other)
        await handler.wait_until(lambda: len(handler.connections) == 2)

        assert {connection.peername[0] for connection in handler.connections} == {"192.0.2.7", "192.0.2.8"}


async def test_silent_connections_from_the_proxy_are_bounded() -> None:
    """In all, before they say for whom."""
    handler = Recorder()
    async with door(handler, proxies=TRUSTED, max_unbound=1) as listener, client(listener) as first:
        first.writer.write(V1[:5])
        await asyncio.sleep(0)
        async with client(listener) as second:
            assert await ending(second) == b""

        assert listener.refused == 1


async def test_a_door_that_closes_leaves_nobody_waiting_for_a_header() -> None:
    handler = Recorder()
    async with door(handler, proxies=TRUSTED) as listener, client(listener) as peer:
        async with asyncio.timeout(BOUND_S):
            while not listener._arriving:  # noqa: ASYNC110 # accepting is no event for anybody
                await asyncio.sleep(0)
        listener.close()

        assert await ending(peer) == b""
        await gone(listener)
    assert handler.calls == []


@pytest.mark.parametrize("proxies", [None, TRUSTED], ids=["direct", "proxied"])
async def test_a_door_that_closes_as_somebody_comes_leaves_nothing_behind(
    proxies: tuple[Network, ...] | None,
) -> None:
    """The task of the arrival is cancelled before its first step."""
    handler = Recorder()
    ours, theirs = socket.socketpair()
    async with door(handler, proxies=proxies, max_unbound=1) as listener:
        listener._take(ours, ("127.0.0.1", 40000))
        listener.close()
        await gone(listener)

        assert (ours.fileno(), listener._admission.enter("192.0.2.7")) == (-1, True)
    theirs.close()
