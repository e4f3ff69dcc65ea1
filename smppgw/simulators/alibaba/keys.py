"""The access keys of the simulated account: the fixed one, and temporary ones, issued and revoked by a test.

`GET /_sim/credentials` issues one, in the words of ECS's metadata service, so that `ALIBABA_CLOUD_CREDENTIALS_URI` may
name it; `DELETE` revokes all that were issued.
"""

import hmac
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from smppgw.simulators.alibaba.answers import GatewayError, missing


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """One key; the last two are for temporary ones."""

    id: str
    secret: str
    token: str | None = None
    expires_at: float | None = None
    """Unix seconds."""


class Keys:
    """All keys that are known."""

    def __init__(self, fixed: AccessKey, *, lifetime: float, seed: int) -> None:
        self._fixed = fixed
        self._lifetime = lifetime
        self._random = random.Random(seed)
        self._issued: dict[str, AccessKey] = {}

    def issue(self, now: float) -> AccessKey:
        """Make a temporary key."""
        key = AccessKey(
            id=f"STS.{self._random.randbytes(8).hex()}",
            secret=self._random.randbytes(16).hex(),
            token=self._random.randbytes(64).hex(),
            expires_at=now + self._lifetime,
        )
        self._issued[key.id] = key
        return key

    def revoke(self) -> None:
        """Know no temporary key any more."""
        self._issued.clear()

    def find(self, key_id: str, headers: Mapping[str, str], now: float) -> AccessKey:
        """Return the key that a request names, its token checked.

        Raises:
            GatewayError: There is no such key, it has expired, or its token is missing or wrong.
        """
        key = self._fixed if key_id == self._fixed.id else self._issued.get(key_id)
        if key is None:
            raise GatewayError(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        token = headers.get("x-acs-security-token")
        if key.token is not None and token is None:
            raise missing("SecurityToken")
        if not hmac.compare_digest((token or "").encode(), (key.token or "").encode()):
            code = "InvalidSecurityToken.MismatchWithAccessKey"
            raise GatewayError(400, code, "Specified SecurityToken mismatch with the AccessKey.")
        if key.expires_at is not None and now >= key.expires_at:
            raise GatewayError(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
        return key


def key_routes(keys: Keys, clock: Callable[[], float]) -> list[Route]:
    """The control paths of the keys."""

    async def issue(_request: Request) -> Response:
        return Response(msgspec.json.encode(_written(keys.issue(clock()))), media_type="application/json")

    async def revoke(_request: Request) -> Response:
        keys.revoke()
        return Response(b"{}", media_type="application/json")

    path = "/_sim/credentials"
    return [Route(path, issue, methods=["GET"]), Route(path, revoke, methods=["DELETE"])]


def _written(key: AccessKey) -> dict[str, object]:
    expiration = datetime.fromtimestamp(key.expires_at or 0.0, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "Code": "Success",
        "AccessKeyId": key.id,
        "AccessKeySecret": key.secret,
        "SecurityToken": key.token,
        "Expiration": expiration,
    }
