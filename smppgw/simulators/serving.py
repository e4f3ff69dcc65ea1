"""uvicorn around a simulator: in the running loop for tests and the demo, or as a process of its own.

The one thing it adds to uvicorn is that an app may drop its TCP connection (`dropping`), which a faithful simulator of
a failing carrier must be able to do.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from smppgw.simulators.dropping import DROP

MAX_HEAD_OCTETS = 256 * 1024
"""An Alibaba call carries a thousand numbers in its query."""

_LINGER_0 = struct.pack("ii", 1, 0)
_BACKLOG = 512


class _DroppingProtocol(H11Protocol):
    """One connection, which the app may drop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.app = self._offering_drop(self.app)

    def _offering_drop(self, app: Any) -> Any:
        async def offering(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[DROP] = self._drop
            await app(scope, receive, send)

        return offering

    def _drop(self) -> None:
        # A zero linger makes the kernel send RST: the client cannot take the end for an orderly one.
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
        self.transport.abort()


class _Server(uvicorn.Server):
    """A server that says when it is ready, and leaves the process's signals alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().serve(sockets)
        finally:
            self.ready.set()  # whoever waits for the start learns of its failure from the task

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _config(app: ASGIApp, **logs: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        **logs,
        http=_DroppingProtocol,
        ws="none",
        lifespan="off",
        loop="auto",
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=MAX_HEAD_OCTETS,
    )


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named, asyncio switches Nagle's algorithm off: it would hold each answer's body back for 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextlib.asynccontextmanager
async def running(app: ASGIApp, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve an app inside the current loop; the value is its base URL, without a slash at the end.

    Leaving the context ends the server; calls still open get a second.

    Raises:
        OSError: the address cannot be bound.
    """
    listener = _bound(host, port)
    server = _Server(_config(app, log_config=None))  # logging belongs to the process around
    serving = asyncio.create_task(server.serve([listener]))
    try:
        await server.ready.wait()
        if serving.done():
            serving.result()
        yield _url(listener)
    finally:
        server.should_exit = True
        await serving


def run(app: ASGIApp, host: str, port: int, announce: Callable[[str], None] | None = None) -> None:
    """Serve an app as a process of its own until SIGINT (returns) or SIGTERM (ends the process); uvloop if installed.

    Args:
        app: the simulator.
        host: address to listen on.
        port: 0 lets the system choose.
        announce: called with the base URL once clients may connect.

    Raises:
        OSError: the address cannot be bound.
    """
    listener = _bound(host, port)
    if announce is not None:
        announce(_url(listener))
    with contextlib.closing(listener), contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(_config(app, log_level="warning")).run([listener])
