"""A simulated carrier in the test's own loop, and what a test asks of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2 as httpx
from starlette.applications import Starlette

from smppgw.simulators.alibaba import AlibabaOptions, alibaba_app
from smppgw.simulators.calls import Sleep
from smppgw.simulators.retarus import RetarusOptions, retarus_app
from smppgw.simulators.serving import running
from tests.e2e.configuration import LOGIN
from tests.e2e.waiting import LIMIT_S


class Simulated:
    """The control paths of one simulator."""

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self.url = url
        self._http = http

    async def rows(self) -> list[dict[str, Any]]:
        """Return everything it accepted, one row per recipient."""
        found: list[dict[str, Any]] = (await self._http.get("/_sim/messages")).json()
        return found

    async def recipients(self) -> int:
        """Return how many recipients it accepted."""
        count: int = (await self._http.get("/_sim/stats")).json()["recipients"]
        return count

    async def calls(self, operation: str) -> int:
        """Return how many calls of an operation it saw."""
        count: int = (await self._http.get("/_sim/stats")).json()["calls"][operation]
        return count

    async def order(self, **fault: Any) -> None:
        """Let the next calls meet a fault."""
        await self._tell("/_sim/faults", fault)

    async def push_to(self, url: str, intl_url: str | None = None) -> None:
        """Let it push there from now on."""
        await self._tell("/_sim/pushes", {"url": url, "intl_url": intl_url})

    async def bring(self, sender: str, destination: str, text: str) -> None:
        """Let a text come in."""
        await self._tell("/_sim/inbound", {"from": sender, "to": destination, "text": text})

    async def pushes(self) -> list[dict[str, Any]]:
        """Return every try of every push so far."""
        found: list[dict[str, Any]] = (await self._http.get("/_sim/pushes")).json()
        return found

    async def pushed_rows(self) -> int:
        """Return how many rows its customer has heard."""
        rows: list[int] = [push["rows"] for push in await self.pushes() if push["outcome"] == "taken"]
        return sum(rows)

    async def _tell(self, path: str, order: dict[str, Any]) -> None:
        answer = await self._http.post(path, json=order)
        assert answer.status_code == 200, answer.text


@asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[Simulated]:
    """Serve a simulator."""
    async with running(app) as url, httpx.AsyncClient(base_url=url, trust_env=False, timeout=LIMIT_S) as http:
        yield Simulated(url, http)


def retarus_simulator(final_delay: float = 0.2, sleep: Sleep = asyncio.sleep, accept_delay: float = 0.0) -> Starlette:
    """A Retarus that shows a job at once; `sleep` decides how long a slow call takes."""
    options = RetarusOptions(
        username=LOGIN, password=LOGIN, final_delay=final_delay, visible_after=0.0, accept_delay=accept_delay
    )
    return retarus_app(options, sleep=sleep)


def alibaba_simulator(final_delay: float = 0.2, sleep: Sleep = asyncio.sleep, accept_delay: float = 0.0) -> Starlette:
    """Both services of Alibaba Cloud; `sleep` decides how long a slow call takes."""
    options = AlibabaOptions(
        access_key_id=LOGIN, access_key_secret=LOGIN, final_delay=final_delay, accept_delay=accept_delay
    )
    return alibaba_app(options, sleep=sleep)
