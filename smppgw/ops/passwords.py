"""Passwords of accounts: argon2id, off the event loop, and remembered once they were right.

A bind must not cost the other sessions anything, and a reconnect storm must not cost 20 ms per bind: hashing runs in a
small pool of threads, identical questions are asked once, and a right answer is remembered as an HMAC under a key that
lives as long as the process. Whether a system_id exists can be told neither from the answer nor from the time it takes.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import argon2
from argon2.low_level import error_to_str

WORKERS: Final = 2
"""Hashes at once, 19 MiB and one core each."""
REMEMBERED: Final = 4096
"""Right answers kept; the oldest are forgotten first."""

_WITHOUT_MEANS: Final = frozenset(map(error_to_str, (-22, -33)))
"""ARGON2_MEMORY_ALLOCATION_ERROR and ARGON2_THREAD_FAIL (argon2.h): they say nothing about the password."""

_HASHER: Final = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def hash_password(password: str) -> str:
    """Return the argon2id hash that the configuration takes; 20 ms and more of one core."""
    return _HASHER.hash(password.encode("utf-8", "surrogatepass"))


class UncheckedError(Exception):
    """A password could not be checked, for want of memory or of a thread: it may be right."""


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password.encode("utf-8", "surrogatepass"))
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError) as fault:
        if str(fault) in _WITHOUT_MEANS:
            raise UncheckedError(str(fault)) from fault
        return False
    except MemoryError as fault:
        raise UncheckedError("no memory") from fault


class Passwords:
    """Answers whether a password is right; one per process, used on the event loop."""

    def __init__(self) -> None:
        """Hashes once, for the ids that do not exist."""
        self._key = secrets.token_bytes(32)
        self._dummy = hash_password(secrets.token_urlsafe(16))
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="passwords")
        self._right: OrderedDict[bytes, None] = OrderedDict()
        self._asked: dict[bytes, asyncio.Future[bool]] = {}

    async def verify(self, system_id: str, password: str, password_hash: str | None) -> bool:
        """Tell whether the password is right.

        Args:
            system_id: As the peer gave it.
            password: As the peer gave it.
            password_hash: Of the account; None where there is none, which takes as long and is always False.

        Raises:
            UncheckedError: It could not be checked, whether or not there is such an account.
        """
        question = self._digest(system_id, password, password_hash or self._dummy)
        if question in self._right:
            self._right.move_to_end(question)
            return True
        asked = self._asked.get(question)
        if asked is None:
            asked = self._ask(password_hash or self._dummy, password)
            self._asked[question] = asked
            asked.add_done_callback(lambda done: self._learn(question, done, exists=password_hash is not None))
        # Shielded: others may wait for the same answer when this peer goes away.
        return await asyncio.shield(asked) and password_hash is not None

    def close(self) -> None:
        """End the threads; questions still open are not answered."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _ask(self, password_hash: str, password: str) -> "asyncio.Future[bool]":
        try:
            return asyncio.get_running_loop().run_in_executor(self._pool, _matches, password_hash, password)
        except RuntimeError as fault:  # the system gives no thread
            raise UncheckedError(str(fault)) from fault

    def _learn(self, question: bytes, answer: "asyncio.Future[bool]", *, exists: bool) -> None:
        del self._asked[question]
        if exists and not answer.cancelled() and answer.exception() is None and answer.result():
            self._right[question] = None
            if len(self._right) > REMEMBERED:
                self._right.popitem(last=False)

    def _digest(self, *parts: str) -> bytes:
        # The lengths keep ("ab", "c") and ("a", "bc") apart.
        framed = b"".join(
            len(octets).to_bytes(4, "big") + octets for octets in (p.encode("utf-8", "surrogatepass") for p in parts)
        )
        return hmac.digest(self._key, framed, hashlib.sha256)
