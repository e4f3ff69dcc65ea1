"""What operators and Prometheus ask over HTTP: is it alive, is it ready, how is it. Pushes may join (`web.pushes`).

No handler touches a carrier or waits for one, and none of the work is done on the way of a message: the exposition,
which takes milliseconds, is computed in a thread.
"""

import asyncio
import platform
from collections.abc import Sequence
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from smppgw import __version__
from smppgw.ops.metrics import CONTENT_TYPE


class Probes(Protocol):
    """Who knows how the daemon is. Both answer at once, from memory."""

    def alive(self) -> list[str]:
        """Reasons why the process should be restarted; empty: it lives. Nothing outside the process counts."""

    def ready(self) -> list[str]:
        """Reasons why no new work should come here; empty: ready. A dead carrier is none."""


class Exposition(Protocol):
    """Who can write the metrics down."""

    def exposition(self) -> bytes:
        """Everything in Prometheus' text format; may be called in any thread."""


def build(probes: Probes, metrics: Exposition, more: Sequence[Route] = ()) -> Starlette:
    """Make the app: /metrics, /healthz (also /livez), /readyz, /version, and ``more``."""
    one_at_a_time = asyncio.Lock()

    async def show_metrics(_request: Request) -> Response:
        # Scrapers queue here instead of taking all threads at once.
        async with one_at_a_time:
            text = await asyncio.to_thread(metrics.exposition)
        return Response(text, headers={"content-type": CONTENT_TYPE})

    async def healthz(_request: Request) -> Response:
        return _told(probes.alive())

    async def readyz(_request: Request) -> Response:
        return _told(probes.ready())

    async def version(_request: Request) -> Response:
        return JSONResponse({"version": __version__, "python": platform.python_version()})

    return Starlette(
        routes=[
            Route("/metrics", show_metrics),
            Route("/healthz", healthz),
            Route("/livez", healthz),
            Route("/readyz", readyz),
            Route("/version", version),
            *more,
        ]
    )


def _told(reasons: list[str]) -> Response:
    if reasons:
        return JSONResponse({"status": "failing", "reasons": reasons}, status_code=503)
    return JSONResponse({"status": "ok"})
