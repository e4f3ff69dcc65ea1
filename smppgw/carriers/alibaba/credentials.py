"""Who signs: the access key of an account, fixed, or renewed while the daemon runs.

``current`` is asked for with every call and costs nothing; what blocks (files, the credential chain and its network)
runs in a thread, in a duty from ``start`` to ``stop``. A key that cannot be renewed stays in use until it expires; then
there is none, and calls are not made. Nothing here puts a key, an id or an answer into a log or a reason.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from smppgw.carriers.alibaba.signature import Credentials
from smppgw.core.values import Secret

_log = structlog.get_logger()

_ID: Final = re.compile(r"[!-+\--~]+")
"""Without comma: the header ``authorization`` is a list."""
_TOKEN: Final = re.compile(r"[!-~]+")

CHECK_S: Final = 60.0
"""Between two looks at where the key comes from: there it is renewed in time, 15 minutes before it expires (chain)."""
AGAIN_S: Final = 10.0
"""Between two looks while there is no key."""
AFRESH_S: Final = 600.0
"""Between two looks that trust nothing remembered, while the platform refuses the only key there is."""
START_S: Final = 20.0
"""Longest wait for the first key; messages that come before it wait too."""
LAST_MINUTES_S: Final = 900.0
"""The chain does not tell when a temporary key expires, but begins to renew it so long before."""


class KeyUnavailableError(Exception):
    """There is no key where it should come from; says why, and nothing secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What a loader found."""

    credentials: Credentials
    expires_at: float | None = None
    """Unix seconds; None: never, or nobody says."""


def make_key(access_key_id: str | None, secret: str | None, token: str | None, expires_at: float | None) -> Key:
    """Put a key together.

    Raises:
        KeyUnavailableError: A part is missing, or could not be written into a header.
    """
    if not access_key_id or not secret:
        raise KeyUnavailableError("half of the access key is missing")
    if not _ID.fullmatch(access_key_id) or (token and not _TOKEN.fullmatch(token)):
        raise KeyUnavailableError("the access key has characters that no key has")
    credentials = Credentials(
        access_key_id=access_key_id, access_key_secret=Secret(secret), security_token=Secret(token) if token else None
    )
    return Key(credentials=credentials, expires_at=expires_at)


Load = Callable[[bool], Key]
"""Blocks, in a thread; True means that what it remembers is not good any more. Raises ``KeyUnavailableError``."""


class CredentialSource(Protocol):
    """Where the key of an account comes from."""

    @property
    def problem(self) -> str | None:
        """Why there is no key, or no fresh one; None: all is well."""

    def current(self) -> Credentials | None:
        """Return the key to sign with now; None: there is none, so nothing may be sent."""

    def refused(self, credentials: Credentials) -> bool:
        """Hear that the platform does not know a key; return whether another one is there, or is being fetched."""

    async def start(self) -> None:
        """Fetch the first key, and keep it fresh from then on. Never raises; takes ``START_S`` at most."""

    async def stop(self) -> None:
        """Fetch nothing more."""


class FixedKey:
    """A key from the configuration or the environment: it changes with a restart only."""

    problem: str | None = None

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def current(self) -> Credentials:
        """Return it."""
        return self._credentials

    def refused(self, credentials: Credentials) -> bool:
        """Have no other."""
        return False

    async def start(self) -> None:
        """Nothing to fetch."""

    async def stop(self) -> None:
        """Nothing to end."""


class RenewedKey:
    """A key that a loader finds, again and again."""

    def __init__(self, carrier: str, load: Load, clock: Callable[[], float]) -> None:
        """Have no key yet.

        Args:
            carrier: For the log.
            load: Finds the key.
            clock: Unix seconds.
        """
        self.problem: str | None = "the access key is still being fetched"
        self._carrier = carrier
        self._load = load
        self._clock = clock
        self._key: Key | None = None
        self._refused: Credentials | None = None
        self._afresh_at = 0.0
        self._failing_since: float | None = None
        self._wanted = asyncio.Event()
        self._looked = asyncio.Event()
        self._duty: asyncio.Task[None] | None = None

    def current(self) -> Credentials | None:
        """Return the last key found, unless it has expired."""
        key = self._key
        if key is None or (key.expires_at is not None and self._clock() >= key.expires_at):
            return None
        return key.credentials

    def refused(self, credentials: Credentials) -> bool:
        """Look for another key at once, but only once for each key that is refused."""
        if credentials == self._refused:
            return False
        if credentials == self.current():
            self._refused = credentials
            self._wanted.set()
        return True

    async def start(self) -> None:
        """Begin the duty, unless it has begun, and wait until it has looked for a key."""
        self._duty = self._duty or asyncio.create_task(self._keep_fresh(), name=f"credentials {self._carrier}")
        try:
            async with asyncio.timeout(START_S):
                await self._looked.wait()
        except TimeoutError:
            pass  # the problem says so, and the duty goes on

    async def stop(self) -> None:
        """End the duty."""
        if self._duty is not None:
            self._duty.cancel()
            await asyncio.wait([self._duty])

    async def _keep_fresh(self) -> None:
        while True:
            await self._renew()
            self._looked.set()
            try:
                async with asyncio.timeout(AGAIN_S if self.current() is None else CHECK_S):
                    await self._wanted.wait()
            except TimeoutError:
                pass

    async def _renew(self) -> None:
        """Look for the key once; on failure the one there is stays."""
        try:
            key = await asyncio.to_thread(self._load, self._begins_afresh())
        except KeyUnavailableError as error:
            self._fail(str(error))
        except Exception as error:  # noqa: BLE001 - a bug of a loader; its text may hold what it read
            self._fail(f"looking for the access key failed: {type(error).__name__}")
        else:
            self._take(key)

    def _begins_afresh(self) -> bool:
        """Say whether this look is because of a refusal."""
        now = self._clock()
        is_due = self._refused is not None and self._refused == self.current() and now - self._afresh_at >= AFRESH_S
        if not self._wanted.is_set() and not is_due:
            return False
        self._wanted.clear()
        self._afresh_at = now
        return True

    def _take(self, key: Key) -> None:
        if self._failing_since is not None or self._key is None or key.credentials != self._key.credentials:
            _log.info("credentials renewed", carrier=self._carrier, expires_at=key.expires_at)
        self._key, self.problem, self._failing_since = key, None, None

    def _fail(self, reason: str) -> None:
        now = self._clock()
        if self._failing_since is None:
            self._failing_since = now
            is_valid = self.current() is not None
            _log.warning("credentials not renewed", carrier=self._carrier, reason=reason, old_ones_valid=is_valid)
        key = self._key
        if key and key.expires_at is None and key.credentials.security_token:
            # It was good for this long when the chain began to fail.
            key = Key(credentials=key.credentials, expires_at=self._failing_since + LAST_MINUTES_S)
        self._key, self.problem = key, reason
