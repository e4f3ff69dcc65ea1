"""``POST /push/CARRIER/SECRET``: carriers bring receipts and inbound texts.

A push is kept first and answered then: what comes of it is done later, so that a pusher that waits for 700 ms only
(Alibaba) is never kept waiting. Where it cannot be kept the answer is 503, and the carrier brings it again.

The secret is in the address. It is compared in constant time, and never logged; an unknown carrier, a wrong secret and
a wrong source are answered alike, after the same work, and before an octet of the body is read.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from typing import Final, Protocol

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from smppgw.carriers.base import PushAnswer
from smppgw.core.values import Secret
from smppgw.smpp.networks import Network, is_in
from smppgw.store.base import StoreError

_log = structlog.get_logger()

MAX_OCTETS: Final = 256 * 1024
"""Of a body; an array of a thousand reports."""
READ_S: Final = 5.0
"""For the whole body."""
MAX_CONTENT_TYPE: Final = 200


class Journal(Protocol):
    """Who keeps pushes."""

    async def keep_push(self, carrier: str, content_type: str, body: bytes, now: float) -> None:
        """See ``Store``."""


class Counts(Protocol):
    """Who counts them."""

    def push(self, carrier: str, result: str) -> None:
        """See ``Metrics``."""


class Door:
    """What one carrier must show, and what it hears."""

    __slots__ = ("_digest", "_networks", "answer")

    def __init__(self, secret: Secret, networks: tuple[Network, ...] | None, answer: PushAnswer) -> None:
        """Make a door.

        Args:
            secret: The last step of the address.
            networks: Where pushes come from; None: anywhere.
            answer: What the pusher wants to hear.
        """
        self._digest = _digest(secret.reveal())
        self._networks = networks
        self.answer = answer

    def objection(self, secret: str, host: str) -> str | None:
        """Say what is wrong with who knocks, for the log alone; both are always looked at."""
        is_right = hmac.compare_digest(_digest(secret), self._digest)
        is_from_here = self._networks is None or is_in(host, self._networks)
        if not is_right:
            return "secret"
        return None if is_from_here else "source"


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


class _RefusedError(Exception):
    """A body cannot be taken."""

    def __init__(self, status: int, result: str) -> None:
        super().__init__(result)
        self.status = status
        self.result = result


class PushEntrance:
    """The doors of all carriers."""

    def __init__(
        self,
        doors: Mapping[str, Door],
        *,
        journal: Journal,
        counts: Counts,
        clock: Callable[[], float],
        on_kept: Callable[[], None],
    ) -> None:
        """Open nothing yet.

        Args:
            doors: By carrier.
            journal: Keeps pushes.
            counts: Metrics.
            clock: Unix seconds.
            on_kept: Called when a push was kept.
        """
        self._doors = doors
        # What nobody can open takes as long to find out.
        self._nowhere = Door(Secret(secrets.token_hex(32)), None, PushAnswer("text/plain", b""))
        self._journal = journal
        self._counts = counts
        self._clock = clock
        self._on_kept = on_kept

    def routes(self) -> list[Route]:
        """Return what an app is to route here."""
        return [Route("/push/{carrier}/{secret}", self._push, methods=["POST"])]

    async def _push(self, request: Request) -> Response:
        name = request.path_params["carrier"]
        host = request.client.host if request.client else ""
        door = self._doors.get(name, self._nowhere)
        objection = door.objection(request.path_params["secret"], host)
        if objection is not None:
            known = name if name in self._doors else None
            self._counts.push(known or "", "refused")
            _log.warning("push refused", carrier=known, peer=host, reason=objection if known else "carrier")
            return PlainTextResponse("Not Found", 404)  # as any other path that is none
        return await self._take(name, door, request)

    async def _take(self, name: str, door: Door, request: Request) -> Response:
        try:
            body = await _body(request)
            content_type = request.headers.get("content-type", "")[:MAX_CONTENT_TYPE]
            await self._journal.keep_push(name, content_type, body, self._clock())
        except _RefusedError as refused:
            self._counts.push(name, refused.result)
            _log.warning("push not taken", carrier=name, reason=refused.result)
            return Response(status_code=refused.status)
        except StoreError as fault:
            self._counts.push(name, "failed")
            _log.error("push not kept, it will come again", carrier=name, reason=str(fault))
            return Response(status_code=503)
        self._counts.push(name, "stored")
        self._on_kept()
        return Response(door.answer.body, media_type=door.answer.content_type)


async def _body(request: Request) -> bytes:
    octets = bytearray()
    try:
        async with asyncio.timeout(READ_S):
            async for chunk in request.stream():
                octets += chunk
                if len(octets) > MAX_OCTETS:
                    raise _RefusedError(413, "too_large")
    except (TimeoutError, ClientDisconnect):
        raise _RefusedError(408, "timeout") from None
    return bytes(octets)
