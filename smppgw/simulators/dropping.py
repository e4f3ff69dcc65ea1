"""Dropping a TCP connection instead of answering: the seam between an ASGI app and the server below it.

ASGI has no word for it, so the server (`serving`) puts a function into the scope, and `Dropped` calls it. Without that
server, as in a unit test on the bare app, the drop is raised to the caller as `ConnectionResetError`.
"""

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

DROP = "smppgw.drop"
"""Key in the ASGI scope's `extensions`: a function without arguments that drops the connection."""


class Dropped(Response):
    """Not an answer: the connection ends without an octet of HTTP."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Drop the connection and wait until the server has noticed.

        Raises:
            ConnectionResetError: the server below cannot drop connections.
        """
        drop = scope.get("extensions", {}).get(DROP)
        if drop is None:
            raise ConnectionResetError("the simulator dropped the connection")
        drop()
        while (await receive())["type"] != "http.disconnect":
            pass
