"""Connections that we make, to an ESME that is to bind (outbind: SMPP v3.4, 2.2.1; v5.0, 2.3).

The first PDU of such a connection is our outbind. Whatever comes then is what comes to a listener too, under the same
timers, and goes to the same handler.

Whom we call is the caller's choice alone: nothing that a peer sends has a say in it. Names are resolved anew for each
call, and all their addresses are tried.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import ExitStack
from ssl import SSLCertVerificationError, SSLContext
from typing import Final, TypeAlias

from smppgw.smpp.accept import Peername, read_peername, tune
from smppgw.smpp.aio import TLS_HANDSHAKE_S, Connection, Handler
from smppgw.smpp.pdu import Outbind
from smppgw.smpp.session import Session
from smppgw.smpp.settings import SessionSettings
from smppgw.smpp.tally import Tally

RESOLVE_S: Final = 5.0
"""How long a name may take to be resolved."""
CONNECT_S: Final = 5.0
"""How long one address may take to answer."""

Told: TypeAlias = Callable[[Connection], None]


class HandshakeError(OSError):
    """Somebody is there, but TLS with whom we called did not come about; the text says why."""


class Dialler:
    """Makes connections, and knows those that live."""

    def __init__(
        self, handler: Handler, settings: SessionSettings, *, clock: Callable[[], float], tally: Tally | None = None
    ) -> None:
        """Nobody is called yet.

        Args:
            handler: The application.
            settings: For every session.
            clock: Monotonic seconds.
            tally: Where PDUs are counted; a listener may share it.
        """
        self._handler = handler
        self._settings = settings
        self._clock = clock
        self._tally = Tally() if tally is None else tally
        self._empty = asyncio.Event()
        self._empty.set()
        self.connections: set[Connection] = set()

    async def dial(
        self,
        host: str,
        port: int,
        outbind: Outbind,
        *,
        called: str,
        ssl: SSLContext | None,
        on_bound: Told,
        on_closed: Told,
    ) -> None:
        """Connect and send an outbind.

        Args:
            host: Name or address.
            port: Its TCP port.
            outbind: Who we say we are.
            called: The system_id of whom we call (`Connection.called`).
            ssl: Makes it TLS: the peer must show a certificate for `host`, and the outbind leaves only then.
            on_bound: Called once, after the first successful bind.
            on_closed: Called once, when the connection is gone.

        Raises:
            HandshakeError: No TLS with whom we called.
            OSError: Nobody is there. After an error there is no connection, and `on_closed` is not called.
            LocalProtocolError: A field of the outbind does not fit.
        """

        def forget(connection: Connection) -> None:
            self._forget(connection)
            on_closed(connection)

        sock, peername = await _connect(host, port)
        with ExitStack() as undo:
            undo.callback(sock.close)
            session = Session(self._settings, self._clock(), tally=self._tally)
            session.outbind(outbind)
            connection = Connection(
                self._handler,
                session,
                clock=self._clock,
                peername=peername,
                on_bound=on_bound,
                on_closed=forget,
                tls=ssl is not None,
                called=called,
            )
            self.connections.add(connection)
            self._empty.clear()
            undo.callback(self._forget, connection)
            await _attach(connection, sock, ssl, host)
            undo.pop_all()

    async def wait_empty(self) -> None:
        """Wait until no connection is left."""
        await self._empty.wait()

    def _forget(self, connection: Connection) -> None:
        self.connections.discard(connection)
        if not self.connections:
            self._empty.set()


async def _connect(host: str, port: int) -> tuple[socket.socket, Peername]:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(RESOLVE_S):
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    fault = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in found:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            async with asyncio.timeout(CONNECT_S):
                await loop.sock_connect(sock, address)
            return sock, read_peername(sock.getpeername())
        except BaseException as error:
            sock.close()
            if not isinstance(error, OSError):  # a TimeoutError is one
                raise
            fault = error
    raise fault


async def _attach(connection: Connection, sock: socket.socket, ssl: SSLContext | None, host: str) -> None:
    loop = asyncio.get_running_loop()
    tune(sock)
    if ssl is None:
        await loop.create_connection(lambda: connection, sock=sock)
        return
    try:
        await loop.create_connection(
            lambda: connection, sock=sock, ssl=ssl, server_hostname=host, ssl_handshake_timeout=TLS_HANDSHAKE_S
        )
    except SSLCertVerificationError as error:
        raise HandshakeError(error.verify_message) from error
    except OSError as error:
        raise HandshakeError(str(error) or type(error).__name__) from error
