"""The asyncio shell around the sans-I/O session: one `Connection` per peer, and a listener that makes them.

It moves bytes, keeps one timer per connection and stops reading where the session or a slow reader demands it. What a
PDU means is for the session and the handler.

Order: `answer` and `request` of one connection share one FIFO buffer, so the order of the calls is the order on the
wire. A receipt that is requested after its submit_sm was answered on the same connection cannot overtake the response.
What is answered in one turn of the loop leaves in one write in the next; on another connection a receipt is behind the
response when it is requested after that.

Isolation: an exception out of the handler or the session costs the one connection it concerns (`Handler.failed`). Only
what the peer made the session read stays in memory: one read, one unfinished PDU, and the write buffer, at whose
high-water mark the connection is not read any further.
"""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Iterable, Sequence
from ssl import SSLContext
from typing import Final, Protocol, cast

from smppgw.smpp.accept import Acceptor, Peername, bind_sockets, read_proxied, tune
from smppgw.smpp.admission import Admission
from smppgw.smpp.certificates import names_of
from smppgw.smpp.errors import LocalProtocolError
from smppgw.smpp.events import EndReason, Event
from smppgw.smpp.networks import Network, is_in
from smppgw.smpp.pdu import AlertNotification, Pdu
from smppgw.smpp.proxy import ProxyError
from smppgw.smpp.session import Session
from smppgw.smpp.settings import SessionSettings
from smppgw.smpp.states import State
from smppgw.smpp.tally import Tally

WRITE_HIGH_OCTETS: Final = 256 * 1024
"""Octets waiting for a slow reader at which its connection is neither read nor given requests."""
LINGER_S: Final = 5.0
"""How long a connection that ended may take to accept the last octets."""
TLS_HANDSHAKE_S: Final = 5.0
PROXY_HEADER_S: Final = 5.0
"""How long a proxy may take to say for whom it connects."""
TIMER_STEP_S: Final = 0.01
"""The shortest timer."""
STALL_S: Final = 1.0
"""A timer this late says that this process stood still, not that the peer was silent."""
CATCH_UP_S: Final = 0.1
"""After a stall: time to read what arrived meanwhile, before silence is judged."""


class Handler(Protocol):
    """The application. The loop calls it and it returns at once; work that takes time is its own to start."""

    def connected(self, connection: "Connection") -> None:
        """A peer is there; nothing is known of it but its address."""

    def events(self, connection: "Connection", events: Sequence[Event]) -> None:
        """What happened, in order. `Ended` comes exactly once, as the last event, with every request settled before."""

    def writable(self, connection: "Connection") -> None:
        """`can_request` became true: after the bind, or when the window or the socket has room again."""

    def closed(self, connection: "Connection") -> None:
        """The socket is gone; the last call for this connection."""

    def failed(self, connection: "Connection", error: Exception) -> None:
        """The handler or the session raised, which is a bug here; the connection is being aborted."""


class Connection(asyncio.Protocol):
    """One peer, whoever made the connection: its socket, its session, its timer."""

    __slots__ = (
        "_aborted",
        "_at_eof",
        "_busy",
        "_clock",
        "_handler",
        "_loop",
        "_on_bound",
        "_on_closed",
        "_reading",
        "_saturated",
        "_soon",
        "_timer",
        "_timer_at",
        "_tls",
        "_transport",
        "_was_late",
        "_write_blocked",
        "called",
        "certificate_names",
        "peername",
        "session",
    )

    def __init__(
        self,
        handler: Handler,
        session: Session,
        *,
        clock: Callable[[], float],
        peername: Peername,
        on_bound: Callable[["Connection"], None],
        on_closed: Callable[["Connection"], None],
        tls: bool = False,
        called: str | None = None,
    ) -> None:
        """Connections are made by `listen`, and by `dial.Dialler`.

        Args:
            handler: The application.
            session: A new one.
            clock: Monotonic seconds.
            peername: Address and port of the peer; behind a trusted proxy, of the peer's side of it.
            on_bound: Called once, after the first successful bind.
            on_closed: Called once, when the socket is gone.
            tls: Whether the transport encrypts.
            called: See `called`.
        """
        self._handler = handler
        self._clock = clock
        self._on_bound: Callable[[Connection], None] | None = on_bound
        self._on_closed = on_closed
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._was_late = False
        self._soon: asyncio.Handle | None = None
        self._busy = False  # inside a callback that ends with _settle
        self._reading = True
        self._write_blocked = False
        self._saturated = True  # can_request was false when last looked at
        self._at_eof = False
        self._aborted = False
        self.certificate_names: frozenset[str] = frozenset()
        """The names in the peer's verified certificate; none where it showed none."""
        self.called = called
        """Where we made the connection: the system_id of whom we called. None: the peer came by itself."""
        self.peername = peername
        self.session = session

    # For the application

    @property
    def can_request(self) -> bool:
        """Whether `request` is allowed and the peer reads what it gets."""
        return self.session.can_request and not self._write_blocked and not self._aborted

    def answer(self, pdu: Pdu) -> None:
        """Answer one `Received`; see `Session.answer`."""
        self.session.answer(pdu)
        self._schedule()

    def answer_many(self, pdus: Iterable[Pdu]) -> None:
        """Answer several in this order; they leave in one write.

        Raises:
            LocalProtocolError: One of them is wrong; those before it leave.
        """
        self._schedule()
        for pdu in pdus:
            self.session.answer(pdu)

    def request(self, pdu: Pdu) -> int:
        """Send a deliver_sm or data_sm; see `Session.request`.

        Raises:
            LocalProtocolError: The session does not allow it now, or a field does not fit.
        """
        sequence_number = self.session.request(pdu, self._clock())
        self._saturated = not self.can_request
        self._schedule()
        return sequence_number

    def notify(self, pdu: AlertNotification) -> None:
        """Send an alert_notification, which has no response; see `Session.notify`.

        Raises:
            LocalProtocolError: `can_request` is false, or a field does not fit.
        """
        if not self.can_request:
            raise LocalProtocolError("no alert_notification now, the peer does not take any more")
        self.session.notify(pdu)
        self._schedule()

    def close(self) -> None:
        """Answer what is owed, unbind, close; takes `response_s` at most and ends with `Ended`."""
        self.session.unbind(self._clock())
        self._schedule()

    def abort(self) -> None:
        """Cut the connection now; `Ended` and `closed` follow in a later turn of the loop."""
        self._aborted = True
        if self._transport is not None:
            self._transport.abort()

    # For asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # noqa: D102
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=WRITE_HIGH_OCTETS)
        if self._tls:
            self.certificate_names = names_of(self._transport.get_extra_info("peercert"))
        self._run(lambda: self._handler.connected(self))
        if self._aborted and not self._transport.is_closing():  # it was aborted before there was a transport
            self._transport.abort()

    def data_received(self, data: bytes) -> None:  # noqa: D102
        self._run(lambda: self._tell(self.session.receive_data(data, self._clock())))

    def eof_received(self) -> bool:  # noqa: D102
        self._at_eof = True
        self._run(lambda: self._tell(self.session.receive_eof()))
        return not self._tls  # TLS knows no half-closed connection

    def pause_writing(self) -> None:  # noqa: D102
        self._write_blocked = True
        self._saturated = True
        self._choose_reading()

    def resume_writing(self) -> None:  # noqa: D102
        self._write_blocked = False
        self._schedule()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: D102
        self._transport = None
        self._cancel()
        reason = EndReason.ABORTED if self._aborted else EndReason.LOST
        self._guard(lambda: self._tell(self.session.abandon(reason)))
        self._guard(lambda: self._handler.closed(self))
        self._on_closed(self)

    # Inside

    def _schedule(self) -> None:
        if self._soon is None and not self._busy and self._transport is not None:
            self._soon = self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        self._soon = None
        self._run(lambda: self._tell(self.session.receive_data(b"", self._clock())))

    def _ring(self) -> None:
        self._timer = None
        now = self._clock()
        if now - self._timer_at > STALL_S and not self._was_late:
            self._was_late = True
            self._timer = self._loop.call_later(CATCH_UP_S, self._ring)
            return
        self._was_late = False
        self._run(lambda: self._tell(self.session.tick(now)))

    def _run(self, step: Callable[[], None]) -> None:
        self._busy = True
        try:
            self._guard(step)
            if not self._aborted:
                self._guard(self._settle)
        finally:
            self._busy = False

    def _guard(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001 # the barrier between this connection and all others
            self.abort()
            self._handler.failed(self, error)

    def _tell(self, events: Sequence[Event]) -> None:
        if events:
            self._handler.events(self, events)

    def _settle(self) -> None:
        """Bring the outside into line with the session; at the end of every callback."""
        transport = self._transport
        if transport is None:
            return
        self._announce()
        data = self.session.data_to_send()
        if data and not transport.is_closing():
            transport.write(data)
        if self.session.state is State.CLOSED and not self.session.has_work:
            self._finish(transport)
            return
        self._choose_reading()
        self._set_timer()
        if self.session.has_work:
            self._soon = self._soon or self._loop.call_soon(self._go_on)

    def _announce(self) -> None:
        if self._on_bound is not None and self.session.bind_type is not None:
            self._on_bound(self)
            self._on_bound = None
        if self._saturated and self.can_request:
            self._saturated = False
            self._handler.writable(self)

    def _choose_reading(self) -> None:
        transport = self._transport
        reading = not self._write_blocked and not self.session.wants_pause
        if transport is None or self._at_eof or reading == self._reading or transport.is_closing():
            return
        self._reading = reading
        if reading:
            transport.resume_reading()
        else:
            transport.pause_reading()

    def _set_timer(self) -> None:
        """Have a timer no later than the next deadline; one that is too early finds nothing to do and sets the next."""
        deadline = self.session.next_deadline()
        if deadline is None or (self._timer is not None and self._timer_at <= deadline):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = deadline
        self._timer = self._loop.call_later(max(deadline - self._clock(), TIMER_STEP_S), self._ring)

    def _finish(self, transport: asyncio.Transport) -> None:
        if transport.is_closing():
            return
        self._cancel()
        transport.close()
        self._timer = self._loop.call_later(LINGER_S, transport.abort)

    def _cancel(self) -> None:
        for handle in (self._timer, self._soon):
            if handle is not None:
                handle.cancel()
        self._timer = self._soon = None


class Listener:
    """The open door and everybody who came through it."""

    def __init__(
        self,
        handler: Handler,
        settings: SessionSettings,
        *,
        clock: Callable[[], float],
        ssl: SSLContext | None,
        proxies: Sequence[Network] | None,
        admission: Admission,
        tally: Tally,
    ) -> None:
        self._handler = handler
        self._settings = settings
        self._clock = clock
        self._ssl = ssl
        self._proxies = proxies
        self._admission = admission
        self._tally = tally
        self._acceptors: list[Acceptor] = []
        self._unbound: set[Connection] = set()
        self._arriving: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self.addresses: list[Peername] = []
        self.connections: set[Connection] = set()
        self.refused = 0
        """Connections turned away: too many others were not bound yet, or it is no trusted proxy that came."""

    @property
    def shed(self) -> int:
        """Connections turned away because the process had no file descriptor left."""
        return sum(acceptor.shed for acceptor in self._acceptors)

    def open(self, sockets: Iterable[socket.socket]) -> None:
        """Accept on these listening sockets."""
        for sock in sockets:
            self.addresses.append(sock.getsockname()[:2])
            self._acceptors.append(Acceptor(sock, self._take))

    def close(self) -> None:
        """Accept no more; connections that are there stay."""
        for acceptor in self._acceptors:
            acceptor.close()
        for task in self._arriving:
            task.cancel()

    def use_tls(self, context: SSLContext) -> None:
        """Shake hands with these certificates from now on; sessions that live are not touched."""
        if self._ssl is not None:
            self._ssl = context

    async def wait_empty(self) -> None:
        """Wait until no connection is left."""
        await self._empty.wait()

    def _take(self, sock: socket.socket, peername: Peername) -> None:
        if self._proxies is None:
            self._welcome(sock, peername)
        elif is_in(peername[0], self._proxies) and self._admission.enter_unnamed():
            self._start(self._unwrap(sock, peername), lambda: self._drop_unnamed(sock))
        else:
            self._refuse(sock)

    def _refuse(self, sock: socket.socket) -> None:
        self.refused += 1
        sock.close()

    def _start(self, work: Coroutine[None, None, None], on_cancelled: Callable[[], None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._arriving.add(task)
        task.add_done_callback(self._arriving.discard)
        # Not the coroutine's own business: one that is cancelled before its first step never runs at all.
        task.add_done_callback(lambda done: on_cancelled() if done.cancelled() else None)

    async def _unwrap(self, sock: socket.socket, proxy: Peername) -> None:
        """Learn from a proxy for whom it connects; it has a few seconds, and whatever else comes is closed."""
        try:
            async with asyncio.timeout(PROXY_HEADER_S):
                peername = await read_proxied(sock) or proxy
        except (ProxyError, OSError):  # also the timeout
            self._drop_unnamed(sock)
            return
        self._admission.leave_unnamed()
        self._welcome(sock, peername)

    def _drop_unnamed(self, sock: socket.socket) -> None:
        self._admission.leave_unnamed()
        sock.close()

    def _welcome(self, sock: socket.socket, peername: Peername) -> None:
        if not self._admission.enter(peername[0]):
            self._refuse(sock)
            return
        connection = self._make_connection(peername)
        self._unbound.add(connection)
        self.connections.add(connection)
        self._empty.clear()
        self._start(self._attach(connection, sock), lambda: self._drop(connection, sock))

    def _make_connection(self, peername: Peername) -> Connection:
        return Connection(
            self._handler,
            Session(self._settings, self._clock(), tally=self._tally),
            clock=self._clock,
            peername=peername,
            on_bound=self._leave_unbound,
            on_closed=self._forget,
            tls=self._ssl is not None,
        )

    async def _attach(self, connection: Connection, sock: socket.socket) -> None:
        try:
            tune(sock)
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection,
                sock,
                ssl=self._ssl,
                ssl_handshake_timeout=None if self._ssl is None else TLS_HANDSHAKE_S,
            )
        except OSError:  # gone already, or no TLS that we understand: the peer's loss, and no news for anybody
            self._drop(connection, sock)

    def _drop(self, connection: Connection, sock: socket.socket) -> None:
        sock.close()
        self._forget(connection)

    def _leave_unbound(self, connection: Connection) -> None:
        if connection in self._unbound:
            self._unbound.remove(connection)
            self._admission.leave(connection.peername[0])

    def _forget(self, connection: Connection) -> None:
        self._leave_unbound(connection)
        self.connections.discard(connection)
        if not self.connections:
            self._empty.set()


async def listen(
    handler: Handler,
    host: str | None,
    port: int,
    settings: SessionSettings,
    *,
    clock: Callable[[], float],
    ssl: SSLContext | None = None,
    proxies: Sequence[Network] | None = None,
    admission: Admission | None = None,
    backlog: int = 512,
    tally: Tally | None = None,
) -> Listener:
    """Open the door.

    Args:
        handler: The application.
        host: Name or address; None or "" means all interfaces.
        port: 0 takes a free one, see `Listener.addresses`.
        settings: For every session.
        clock: Monotonic seconds.
        ssl: Makes it a TLS listener.
        proxies: Who alone may connect, beginning with a PROXY header that tells the peer's address (it comes before
            TLS); None: anybody, without such a header.
        admission: Caps the connections without a bind; more are closed at once. Several listeners may share one.
        backlog: Connections the kernel holds while we are busy.
        tally: Where PDUs are counted; several listeners may share one.

    Raises:
        OSError: The address cannot be had.
    """
    listener = Listener(
        handler,
        settings,
        clock=clock,
        ssl=ssl,
        proxies=proxies,
        admission=admission or Admission(max_total=1024, max_per_host=256),
        tally=Tally() if tally is None else tally,
    )
    listener.open(await bind_sockets(host, port, backlog=backlog))
    return listener
