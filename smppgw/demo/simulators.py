"""The simulated carriers of the demo, in the demo's own event loop, and what has arrived at them."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

import httpx2 as httpx

from smppgw.demo.settings import LOGIN
from smppgw.simulators.alibaba import AlibabaOptions, alibaba_app
from smppgw.simulators.retarus import RetarusOptions, retarus_app
from smppgw.simulators.serving import running

FINAL_DELAY_S: Final = 1.0
_VISIBLE_AFTER_S: Final = 0.5
_TIMEOUT_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One message that a simulated carrier took."""

    recipient: str
    """E.164 digits without plus."""
    text: str
    """What the phone shows."""
    parts: int


@dataclass(frozen=True, slots=True)
class Simulators:
    """Where the simulated carriers are: base URLs without a slash at the end."""

    retarus_url: str
    alibaba_url: str

    async def arrivals(self) -> list[Arrival]:
        """Ask both carriers for everything they took."""
        async with httpx.AsyncClient(trust_env=False, timeout=_TIMEOUT_S) as client:
            answers = [await client.get(f"{url}/_sim/messages") for url in (self.retarus_url, self.alibaba_url)]
        return [_arrival(row) for answer in answers for row in answer.raise_for_status().json()]


def _arrival(row: dict[str, Any]) -> Arrival:
    return Arrival(recipient=row["to"].removeprefix("+"), text=row["text"], parts=row["parts"])


@contextlib.asynccontextmanager
async def simulators() -> AsyncIterator[Simulators]:
    """Run both carriers on free ports of loopback, as long as the context lasts."""
    retarus = retarus_app(
        RetarusOptions(username=LOGIN, password=LOGIN, final_delay=FINAL_DELAY_S, visible_after=_VISIBLE_AFTER_S)
    )
    alibaba = alibaba_app(AlibabaOptions(access_key_id=LOGIN, access_key_secret=LOGIN, final_delay=FINAL_DELAY_S))
    async with running(retarus) as retarus_url, running(alibaba) as alibaba_url:
        yield Simulators(retarus_url, alibaba_url)
