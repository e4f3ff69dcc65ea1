"""The event loops that connections run on."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TypeAlias

import pytest
import uvloop

Live: TypeAlias = Callable[[Callable[[], Coroutine[None, None, None]]], None]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def live(request: pytest.FixtureRequest) -> Live:
    """Runs a coroutine in a loop of its own; the daemon runs on uvloop."""

    def run(work: Callable[[], Coroutine[None, None, None]]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(work())

    return run
