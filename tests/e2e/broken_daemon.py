"""The daemon with one promise broken, as a program: `broken_daemon.py HOW run -c FILE`.

It shows that the kill tests see a violation where there is one. The true code is replaced here, in a process of its
own, so that production code needs no switch for tests.
"""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from smppgw.cli import main
from smppgw.core.assembly import AssemblyRule
from smppgw.core.model import Attempt, BatchId, Submission
from smppgw.store.base import Accepted, Lease
from smppgw.store.sqlite import SqliteStore

HELD_S = 30.0
"""How long a commit is held back: longer than any test takes to kill the process."""


def answer_before_the_commit() -> None:
    """Let `accept` return at once and store later."""
    accept = SqliteStore.accept
    later: set[asyncio.Task[Any]] = set()

    async def store(*args: Any) -> None:
        await asyncio.sleep(HELD_S)
        await accept(*args)

    async def accept_later(
        self: SqliteStore, submissions: Sequence[Submission], rules: Mapping[str, AssemblyRule], now: float
    ) -> Accepted:
        later.add(asyncio.create_task(store(self, submissions, rules, now)))
        return Accepted()

    SqliteStore.accept = accept_later  # type: ignore[method-assign] # breaking it is the purpose


def send_without_a_stored_attempt() -> None:
    """Let `begin` only remember the attempt, and store it when its outcome is known."""
    begin, settle = SqliteStore.begin, SqliteStore.settle
    begun: dict[BatchId, tuple[Attempt, str, Lease, float]] = {}

    async def begin_later(self: SqliteStore, attempt: Attempt, carrier: str, lease: Lease, now: float) -> None:
        begun[attempt.batch] = attempt, carrier, lease, now

    async def settle_with_attempt(self: SqliteStore, batch: BatchId, *args: Any, **more: Any) -> Any:
        if batch in begun:
            await begin(self, *begun.pop(batch))
        return await settle(self, batch, *args, **more)

    SqliteStore.begin = begin_later  # type: ignore[method-assign] # breaking it is the purpose
    SqliteStore.settle = settle_with_attempt  # type: ignore[method-assign] # as above


if __name__ == "__main__":
    {each.__name__: each for each in (answer_before_the_commit, send_without_a_stored_attempt)}[sys.argv.pop(1)]()
    main()
