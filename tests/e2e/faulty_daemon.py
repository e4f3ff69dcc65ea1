"""The daemon with bugs and a failing store, as a program: `faulty_daemon.py run -c FILE`.

The text of a message, or the password of a bind, chooses the fault.

The true code is replaced here, in a process of its own, so that production code needs no switch for tests.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NoReturn

import argon2
from argon2.low_level import error_to_str

from smppgw.cli import main
from smppgw.core.assembly import AssemblyRule
from smppgw.core.model import Decision, Message, Submission
from smppgw.core.operations import Addressed, Named
from smppgw.ops import passwords
from smppgw.store.base import Accepted, StoreError, StoreFullError
from smppgw.store.sqlite import SqliteStore
from smppgw.workers.routes import Routes, Unroutable

BUG, FAILS, FULL = "bug", "store fails", "store is full"
NO_MEMORY = "no memory"
"""A password."""
_ARGON2_MEMORY_ALLOCATION_ERROR = -22

_route = Routes.route
_accept = SqliteStore.accept


def _route_with_a_bug(self: Routes, message: Message, at: float) -> Decision | Unroutable:
    if message.text == BUG:
        raise ZeroDivisionError
    return _route(self, message, at)


async def _accept_sometimes(
    self: SqliteStore, submissions: Sequence[Submission], rules: Mapping[str, AssemblyRule], now: float
) -> Accepted:
    texts = {segment.text for submission in submissions for segment in submission.segments}
    if FAILS in texts:
        raise StoreError("as told")
    if FULL in texts:
        raise StoreFullError("as told")
    return await _accept(self, submissions, rules, now)


async def _find_nothing(self: SqliteStore, named: Named) -> NoReturn:
    raise StoreError("as told")


async def _cancel_nothing(self: SqliteStore, what: Named | Addressed, now: float) -> NoReturn:
    raise StoreError("as told")


class _Exhausted(argon2.PasswordHasher):
    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 # argon2 calls it so
        if password == NO_MEMORY.encode():
            raise argon2.exceptions.VerificationError(error_to_str(_ARGON2_MEMORY_ALLOCATION_ERROR))
        return super().verify(hash, password)


if __name__ == "__main__":
    Routes.route = _route_with_a_bug  # type: ignore[method-assign] # faults are the purpose
    SqliteStore.accept = _accept_sometimes  # type: ignore[method-assign] # as above
    SqliteStore.find = _find_nothing  # type: ignore[method-assign] # as above
    SqliteStore.cancel = _cancel_nothing  # type: ignore[method-assign] # as above
    passwords._HASHER = _Exhausted()  # type: ignore[misc] # as above
    main()
