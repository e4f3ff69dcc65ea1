"""ACS3-HMAC-SHA256, Alibaba Cloud's signature version 3: what is signed is what goes on the wire, octet for octet.

Pure: nonce and date come from the caller, because a repeat keeps both (reliability.md 1.2). Nothing made here may be
stored but the canonical query: the headers hold the signature and, for temporary keys, the token.

Source: help.aliyun.com "V3 request structure and signature"; checked against ``alibaba_signature_vectors.json``.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from smppgw.core.values import Secret

ALGORITHM: Final = "ACS3-HMAC-SHA256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """One access key, with its token where it is temporary (STS)."""

    access_key_id: str
    access_key_secret: Secret
    security_token: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One RPC call, complete but for credentials."""

    action: str
    version: str
    method: str
    authority: str
    """Host and, unless it is the scheme's own, port: the value of the header ``host``."""
    query: str
    """Canonical, without the question mark."""
    nonce: str
    date: str
    body: bytes = b""
    content_type: str | None = None


def canonical_query(parameters: Mapping[str, str]) -> str:
    """Write parameters the one way that is signed: sorted by name, RFC 3986, upper-case hexadecimal."""
    return "&".join(f"{percent(name)}={percent(parameters[name])}" for name in sorted(parameters))


def date_of(now: float) -> str:
    """Write Unix seconds as ``x-acs-date``: UTC, ``yyyy-MM-ddTHH:mm:ssZ``."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def signed_headers(call: Call, credentials: Credentials) -> dict[str, str]:
    """Return all headers of a call: those that are signed, and ``authorization``."""
    headers = _headers(call, credentials)
    return {**headers, "authorization": authorization(call.method, call.query, headers, credentials)}


def authorization(method: str, query: str, headers: Mapping[str, str], credentials: Credentials) -> str:
    """Sign a request.

    Args:
        method: In capitals; the path of an RPC call is always ``/``.
        query: As ``canonical_query`` writes it.
        headers: Every header to sign, names in lower case, with ``host`` and ``x-acs-content-sha256``.
        credentials: Whose signature it is.
    """
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    canonical = "\n".join([method, "/", query, lines, names, headers["x-acs-content-sha256"]])
    to_sign = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    secret = credentials.access_key_secret.reveal().encode()
    signature = hmac.new(secret, to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{ALGORITHM} Credential={credentials.access_key_id},SignedHeaders={names},Signature={signature}"


def _headers(call: Call, credentials: Credentials) -> dict[str, str]:
    headers = {
        "host": call.authority,
        "x-acs-action": call.action,
        "x-acs-version": call.version,
        "x-acs-date": call.date,
        "x-acs-signature-nonce": call.nonce,
        "x-acs-content-sha256": hashlib.sha256(call.body).hexdigest(),
    }
    if call.content_type:
        headers["content-type"] = call.content_type
    if credentials.security_token:
        headers["x-acs-security-token"] = credentials.security_token.reveal()
    return headers


def percent(text: str) -> str:
    """Write a text as it stands in a query (RFC 3986)."""
    return quote(text, safe="~")
