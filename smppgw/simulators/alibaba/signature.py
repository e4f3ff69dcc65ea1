"""Verification of ACS3-HMAC-SHA256, written from the published description of signature version 3.

The query is decoded and encoded again: what clients put on the wire (`+` for a space, bare `:` and `,`) is not what
they sign. The body is only ever hashed as it came. Pure but for the cache of nonces, which is fed with `now`.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

from smppgw.simulators.alibaba.answers import GatewayError, missing
from smppgw.simulators.alibaba.keys import Keys

ALGORITHM = "ACS3-HMAC-SHA256"
DATE_WINDOW_S = 900.0
NONCE_MEMORY_S = 31 * 60.0
"""Support staff: a nonce must not come back within 31 minutes (developer.aliyun.com/ask/561619)."""

_AUTHORIZATION = re.compile(
    ALGORITHM
    + r" Credential=(?P<key>[^,\s]+), ?SignedHeaders=(?P<names>[^,\s]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_REQUIRED = {
    "x-acs-date": "Timestamp",
    "x-acs-signature-nonce": "SignatureNonce",
    "x-acs-content-sha256": "ContentSha256",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """A request as it came over the wire."""

    method: str
    path: str
    query: str
    """Undecoded, without the question mark."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


class Verifier:
    """Checks requests of one account; remembers the nonces it let through, whichever key signed them."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._nonces: dict[str, float] = {}

    def verify(self, request: SignedRequest, now: float) -> None:
        """Let a request through, once.

        Raises:
            GatewayError: with the common error code that the gateway answers.
        """
        claim = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
        if claim is None:
            raise GatewayError(
                400, "IncompleteSignature", "The request signature does not conform to Aliyun standards."
            )
        key = self._keys.find(claim["key"], request.headers, now)
        _check_required(request.headers)
        _check_date(request.headers["x-acs-date"], now)
        _check_signature(request, claim["names"].split(";"), claim["signature"], key.secret)
        self._check_nonce(request.headers["x-acs-signature-nonce"], now)

    def forget(self) -> None:
        """Forget the nonces."""
        self._nonces.clear()

    def _check_nonce(self, nonce: str, now: float) -> None:
        while self._nonces and now - next(iter(self._nonces.values())) > NONCE_MEMORY_S:
            del self._nonces[next(iter(self._nonces))]
        if nonce in self._nonces:
            raise GatewayError(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
        self._nonces[nonce] = now


def _check_signature(request: SignedRequest, names: list[str], signature: str, secret: str) -> None:
    to_sign = string_to_sign(request, names)
    expected = hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    body_hash = hashlib.sha256(request.body).hexdigest()
    if (
        not _required_names(request.headers) <= set(names)
        or request.headers["x-acs-content-sha256"] != body_hash
        or not hmac.compare_digest(expected, signature)
    ):
        raise GatewayError(
            400,
            "SignatureDoesNotMatch",
            f"Specified signature does not match our calculation. server StringToSign is [{to_sign}]",
        )


def string_to_sign(request: SignedRequest, names: list[str]) -> str:
    """What the client should have signed."""
    headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in sorted(names))
    canonical = "\n".join(
        [
            request.method,
            request.path,
            _canonical_query(request.query),
            headers,
            ";".join(sorted(names)),
            hashlib.sha256(request.body).hexdigest(),
        ]
    )
    return f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"


def _canonical_query(query: str) -> str:
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)


def _required_names(headers: Mapping[str, str]) -> set[str]:
    """`host` and every `x-acs-*` header; `content-type` as well where the body is a form.

    Some HTTP layers add an unsigned `content-type: application/octet-stream` to an empty body.
    """
    names = {name for name in headers if name.startswith("x-acs-")} | {"host"}
    return names | {"content-type"} if "form" in headers.get("content-type", "") else names


def _check_required(headers: Mapping[str, str]) -> None:
    for name, parameter in _REQUIRED.items():
        if not headers.get(name):
            raise missing(parameter)


def _check_date(text: str, now: float) -> None:
    try:
        at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        message = "Specified time stamp or date value is not well formatted."
        raise GatewayError(400, "InvalidTimeStamp.Format", message) from error
    if abs(now - at) > DATE_WINDOW_S:
        raise GatewayError(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
