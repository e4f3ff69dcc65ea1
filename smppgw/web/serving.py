"""uvicorn inside the daemon's loop: it owns neither the loop, nor the signals, nor the logs."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Final

import uvicorn
from starlette.types import ASGIApp

MAX_CONNECTIONS: Final = 256
"""More are answered 503: a storm of scrapers must not take the file descriptors of SMPP."""

_BACKLOG: Final = 128
_KEEP_ALIVE_S: Final = 75
_GRACE_S: Final = 1


class ListenError(OSError):
    """The address cannot be had; the text says which and why."""


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serve(app: ASGIApp, host: str, port: int, proxies: Iterable[object] = ()) -> AsyncIterator[tuple[str, int]]:
    """Serve an app as long as the context lasts; the value is the address in use.

    Args:
        app: What answers.
        host: Name or address; IPv6 without brackets.
        port: 0 lets the system choose.
        proxies: Addresses and networks of reverse proxies: the one they speak for, in X-Forwarded-For, is the client.

    Raises:
        ListenError: The address cannot be had.
    """
    listener = await _bound(host, port)
    server = _Server(_config(app, [str(proxy) for proxy in proxies]))
    serving = asyncio.create_task(server.serve([listener]), name="http")
    try:
        await server.ready.wait()
        bound_host, bound_port = listener.getsockname()[:2]
        yield bound_host, bound_port
    finally:
        server.should_exit = True
        with contextlib.closing(listener):
            await serving


def _config(app: ASGIApp, proxies: list[str]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        ws="none",
        lifespan="off",
        server_header=False,
        # Said here in any case: uvicorn would trust the machine itself, and a variable of the environment.
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_GRACE_S,
    )


async def _bound(host: str, port: int) -> socket.socket:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, _, _, _, address = found[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        # Not its own text: asyncio and socket add the address to it once more.
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise ListenError(f"cannot listen on {host}:{port}: {reason}") from error
