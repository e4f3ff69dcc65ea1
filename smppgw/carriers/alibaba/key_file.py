"""A file with a whole access key, as STS and the metadata service of ECS write it; it may be replaced at any time.

``{"AccessKeyId": ..., "AccessKeySecret": ..., "SecurityToken": ..., "Expiration": "2026-01-02T03:04:05Z"}``, the last
two for temporary keys, all of it perhaps inside ``"Credentials"``. One file: the parts of a key belong together.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from smppgw.carriers.alibaba.credentials import Key, KeyUnavailableError, make_key

_MAX_OCTETS: Final = 64 * 1024


class _Key(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    access_key_id: str
    access_key_secret: str
    security_token: str | None = None
    expiration: datetime | None = None


class _Answer(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    credentials: _Key | None = None


def read_key_file(file: Path) -> Key:
    """Read a key.

    Raises:
        KeyUnavailableError: The file cannot be read, or holds no key.
    """
    try:
        with file.open("rb") as opened:
            text = opened.read(_MAX_OCTETS)
        key = msgspec.json.decode(text, type=_Answer).credentials or msgspec.json.decode(text, type=_Key)
    except OSError as error:
        raise KeyUnavailableError(f"cannot read {file}: {error.strerror or type(error).__name__}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # What the decoder says may quote the file.
        raise KeyUnavailableError(f'{file} is no JSON object with "AccessKeyId" and "AccessKeySecret"') from None
    try:
        return make_key(key.access_key_id, key.access_key_secret, key.security_token, _unix(key.expiration))
    except KeyUnavailableError as error:
        raise KeyUnavailableError(f"{file}: {error}") from None


def _unix(at: datetime | None) -> float | None:
    return None if at is None else (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
