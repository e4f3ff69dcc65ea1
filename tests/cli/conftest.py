"""The stand-in gateway, listening."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from tests.cli.gateway import Gateway, Peer

LIMIT_S = 10


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    gateway = Gateway()
    opened, stop = threading.Event(), threading.Event()

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        async with await loop.create_server(lambda: Peer(gateway), "127.0.0.1", 0) as server:
            gateway.port = server.sockets[0].getsockname()[1]
            opened.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert opened.wait(LIMIT_S)
    yield gateway
    stop.set()
    thread.join(LIMIT_S)
