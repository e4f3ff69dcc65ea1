"""Accepting connections, also when the process has no file descriptor left."""

import asyncio
import errno
import socket

import pytest

from smppgw.smpp import accept
from smppgw.smpp.accept import Acceptor, Peername, bind_sockets, read_peername, tune


@pytest.mark.parametrize(
    ("address", "peername"),
    [
        (("192.0.2.7", 4000), ("192.0.2.7", 4000)),
        (("::ffff:192.0.2.7", 4000, 0, 0), ("192.0.2.7", 4000)),
        (("2001:db8::7", 4000, 0, 0), ("2001:db8::7", 4000)),
    ],
)
def test_a_mapped_address_reads_as_ipv4(address: tuple[str, int], peername: Peername) -> None:
    """Allow-lists know it under that name."""
    assert read_peername(address) == peername


def test_small_pdus_do_not_wait_for_each_other() -> None:
    """Nagle's algorithm is off, keep-alive is on."""
    with socket.socket() as sock:
        tune(sock)

        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


async def test_an_address_in_use_is_told() -> None:
    """And nothing stays open."""
    (first,) = await bind_sockets("127.0.0.1", 0, backlog=1)

    with first, pytest.raises(OSError, match="in use"):
        await bind_sockets("127.0.0.1", first.getsockname()[1], backlog=1)


class Exhausted(socket.socket):
    """A listening socket in a process without file descriptors; only a spare one that is given back helps."""

    spares = 0

    def accept(self) -> tuple[socket.socket, Peername]:
        if not self.spares:
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


@pytest.mark.parametrize(("pause_s", "served_at_once"), [(0.0, True), (60.0, False)])
async def test_without_descriptors_the_waiting_are_turned_away_and_accepting_pauses(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, pause_s: float, served_at_once: bool
) -> None:
    """One peer is shed, the next is served after the pause and not before; the log stays empty."""
    monkeypatch.setattr(accept, "RETRY_S", pause_s)
    taken: asyncio.Queue[socket.socket] = asyncio.Queue()
    door = Exhausted()
    door.bind(("127.0.0.1", 0))
    door.listen(5)
    door.setblocking(False)
    acceptor = Acceptor(door, lambda sock, peername: taken.put_nowait(sock))
    really_close_spare = Acceptor._close_spare

    def close_spare(one: Acceptor) -> None:
        door.spares = 1
        really_close_spare(one)

    monkeypatch.setattr(Acceptor, "_close_spare", close_spare)

    async with asyncio.timeout(5):
        first, shed_writer = await asyncio.open_connection(*door.getsockname())
        told = await first.read()
        _, writer = await asyncio.open_connection(*door.getsockname())
        for _ in range(20):
            await asyncio.sleep(0)
        served = [await taken.get()] if served_at_once else []

    assert (told, acceptor.shed, taken.empty()) == (b"", 1, True)
    assert caplog.records == []
    for end in (shed_writer, writer):
        end.close()
        await end.wait_closed()
    for sock in served:
        sock.close()
    monkeypatch.undo()
    acceptor.close()


async def test_closing_twice_does_no_harm() -> None:
    """A drain may be asked for twice."""
    (door,) = await bind_sockets("127.0.0.1", 0, backlog=1)
    acceptor = Acceptor(door, lambda sock, peername: sock.close())

    acceptor.close()
    acceptor.close()

    assert door.fileno() == -1
