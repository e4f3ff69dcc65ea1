"""Listening sockets: addresses, socket options, and an accept loop that survives a process without file descriptors.

Why not `loop.create_server`: it repeats a failed accept as often as its backlog is long and reports each failure, and
it takes a connection into a TLS handshake before anybody could refuse it.
"""

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from typing import Final, TypeAlias

from smppgw.smpp.proxy import HeaderReader, ProxyError

Peername: TypeAlias = tuple[str, int]
"""Address and port; an IPv4 address that came over an IPv6 socket is written as IPv4."""

ACCEPTS_PER_TURN: Final = 64
"""Connections taken in one turn of the loop, so that a storm of them cannot hold up those that work."""
RETRY_S: Final = 1.0
"""Pause of the accept loop after the process ran out of file descriptors."""

_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_OPTIONS: Final = (
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_NODELAY", 1),
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 60),
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 15),
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", 4),
    (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", 90_000),  # ms that written octets may stay unacknowledged
)


def tune(sock: socket.socket) -> None:
    """Small PDUs leave at once, and a peer that vanished without a word is noticed; as far as the system knows how."""
    for level, name, value in _OPTIONS:
        if hasattr(socket, name):
            sock.setsockopt(level, getattr(socket, name), value)


def read_peername(address: tuple[str, int] | tuple[str, int, int, int]) -> Peername:
    """The peer's address as allow-lists and logs want it."""
    return address[0].removeprefix("::ffff:"), address[1]


async def read_proxied(sock: socket.socket) -> Peername | None:
    """Read a PROXY header and not one octet more; None: the proxy speaks for itself.

    Raises:
        ProxyError: Something else came.
        OSError: The connection broke.
    """
    loop = asyncio.get_running_loop()
    reader = HeaderReader()
    while reader.wanted:
        data = await loop.sock_recv(sock, reader.wanted)
        if not data:
            raise ProxyError("ended inside the header")
        reader.feed(data)
    return reader.source


async def bind_sockets(host: str | None, port: int, *, backlog: int) -> list[socket.socket]:
    """One listening socket per address of the host; None or "" means all interfaces.

    Raises:
        OSError: The name is unknown, or an address cannot be had.
    """
    found = await asyncio.get_running_loop().getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    sockets: list[socket.socket] = []
    try:
        for family, _, _, _, address in dict.fromkeys(found):
            sockets.append(_bind_socket(family, address, backlog))
    except OSError:
        for sock in sockets:
            sock.close()
        raise
    return sockets


def _bind_socket(family: int, address: object, backlog: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)  # type: ignore[arg-type] # getaddrinfo made it for this family
        sock.listen(backlog)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


class Acceptor:
    """Takes connections from one listening socket and hands them on.

    Without file descriptors it sheds: with the help of one that it keeps in hand it takes the waiting connections and
    closes them, so that they learn it, and pauses. Sessions that live are not touched, and nothing is logged per
    connection; `shed` counts.
    """

    __slots__ = ("_loop", "_retry", "_sock", "_spare", "_take", "shed")

    def __init__(self, sock: socket.socket, take: Callable[[socket.socket, Peername], None]) -> None:
        """Start to accept on a listening, non-blocking socket; each connection goes to `take`, which owns it then."""
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self._take = take
        self._spare: int | None = _open_spare()
        self._retry: asyncio.TimerHandle | None = None
        self.shed = 0
        self._start()

    def close(self) -> None:
        """Accept no more; twice does no harm."""
        if self._retry is not None:
            self._retry.cancel()
        if self._sock.fileno() >= 0:
            self._loop.remove_reader(self._sock)
            self._sock.close()
        self._close_spare()

    def _start(self) -> None:
        self._retry = None
        self._loop.add_reader(self._sock, self._accept)

    def _accept(self) -> None:
        for _ in range(ACCEPTS_PER_TURN):
            try:
                sock, address = self._sock.accept()
            except OSError as error:
                # Everything else is the fault of the one connection that was to be accepted (accept(2)).
                if error.errno in _EXHAUSTED:
                    self._shed()
                return
            sock.setblocking(False)
            self._take(sock, read_peername(address))

    def _shed(self) -> None:
        self._close_spare()
        try:
            for _ in range(ACCEPTS_PER_TURN):
                self._sock.accept()[0].close()
                self.shed += 1
        except OSError:
            pass  # nobody waits, or somebody else took the descriptor
        self._spare = _open_spare()
        self._loop.remove_reader(self._sock)
        self._retry = self._loop.call_later(RETRY_S, self._start)

    def _close_spare(self) -> None:
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None


def _open_spare() -> int | None:
    try:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
