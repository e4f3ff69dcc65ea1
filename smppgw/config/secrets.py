"""Where secrets come from: a file, a credential of the service manager, the environment; inline with a warning.

Nothing here puts a secret into a fault or a warning.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import argon2
from pydantic import BaseModel

from smppgw.config.accounts import PASSWORD_KEYS
from smppgw.config.faults import Findings
from smppgw.config.kinds import fields_of
from smppgw.core.values import Secret
from smppgw.ops.passwords import hash_password

_RUN_SECRETS: Final = Path("/run/secrets")
UNREAD: Final = Secret("$")
"""Stands for a secret whose own fault is already known, so that the other faults of its table are found too."""

_MAX_OCTETS: Final = 64 * 1024
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,254}")
_HASH_MARK: Final = "$argon2"
_ALIBABA: Final = {
    "access_key_id": "ALIBABA_CLOUD_ACCESS_KEY_ID",
    "access_key_secret": "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    "security_token": "ALIBABA_CLOUD_SECURITY_TOKEN",
}
"""The provider's own variables, as all of its tools read them."""
_ALIBABA_KEYS: Final = {*_ALIBABA, "access_key_file"}
_ALIBABA_CHAIN: Final = "alibabacloud_credentials"
"""The package that finds a key where neither the file nor the environment has one."""


@dataclass(frozen=True, slots=True)
class Vault:
    """The places that secrets are read from."""

    folder: Path
    """Where relative file names start."""
    environ: Mapping[str, str]

    def from_file(self, name: object, path: str, findings: Findings) -> Secret | None:
        """Read a secret from a file named in the configuration at ``path``."""
        if not isinstance(name, str) or not name:
            findings.fault(path, "should be the name of a file")
            return None
        return _read(self.folder / name, path, findings)

    def from_credential(self, name: object, path: str, findings: Findings) -> Secret | None:
        """Read a secret that systemd (LoadCredential=) or the container engine has put in place."""
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            findings.fault(path, "should be the plain name of a credential", 'such as "retarus.password"')
            return None
        folders = [Path(place) for place in (self.environ.get("CREDENTIALS_DIRECTORY"),) if place] + [_RUN_SECRETS]
        for folder in folders:
            if (folder / name).exists():
                return _read(folder / name, path, findings)
        findings.fault(
            path,
            f"there is no credential {name!r} in {' or '.join(str(folder) for folder in folders)}",
            "add LoadCredential= to the unit, or a secret to the container",
        )
        return None


def _read(file: Path, path: str, findings: Findings) -> Secret | None:
    try:
        with file.open("rb") as opened:
            text = opened.read(_MAX_OCTETS + 1).decode()
    except OSError as error:
        findings.fault(path, f"cannot read {file}: {error.strerror or error}")
        return None
    except UnicodeDecodeError:
        findings.fault(path, f"{file} is not UTF-8 text")
        return None
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret or len(text) > _MAX_OCTETS:
        findings.fault(path, f"{file} is empty" if not secret else f"{file} is too long for a secret")
        return None
    return Secret(secret)


def account_hash(raw: dict[str, Any], path: str, vault: Vault, findings: Findings) -> Secret | None:
    """Take the password's keys out of an account's table and return the argon2 hash they stand for."""
    given = {key: raw.pop(key) for key in PASSWORD_KEYS if key in raw}
    if len(given) != 1:
        reason = "has no password" if not given else f"has {' and '.join(given)}: only one of them can count"
        findings.fault(path, reason, f"give one of {', '.join(PASSWORD_KEYS[:3])}; `smppgw hash-password` makes a hash")
        return None
    [(key, value)] = given.items()
    secret = _given(key, value, f"{path}.{key}", vault, findings)
    return secret and _hashed(secret, key, f"{path}.{key}", findings)


def _given(key: str, value: object, path: str, vault: Vault, findings: Findings) -> Secret | None:
    if key.endswith("_file"):
        return vault.from_file(value, path, findings)
    if key.endswith("credential"):
        return vault.from_credential(value, path, findings)
    if not isinstance(value, str) or not value:
        findings.fault(path, "should be a text that is not empty")
        return None
    if key != "password_hash":
        findings.warn(path, "is a secret in the configuration itself; use a file, a credential or a hash")
    return Secret(value)


def _hashed(secret: Secret, key: str, path: str, findings: Findings) -> Secret | None:
    text = secret.reveal()
    if key != "password_hash" and not text.startswith(_HASH_MARK):
        return Secret(hash_password(text))
    try:
        argon2.extract_parameters(text)
    except argon2.exceptions.InvalidHashError:
        findings.fault(path, "is no argon2 hash", "make one with `smppgw hash-password`")
        return None
    return secret


def companions(model: type[BaseModel]) -> tuple[str, ...]:
    """Keys that a carrier's section may have beside the fields of its model, to fill its secrets."""
    secrets = fields_of(model, Secret)
    return tuple(f"{name}_file" for name in secrets) + (("credential",) if secrets else ())


def fill_carrier(
    raw: dict[str, Any], model: type[BaseModel], path: str, vault: Vault, findings: Findings
) -> dict[str, Any]:
    """Return a carrier's table with every secret in its field; ``credential`` belongs to the first one of the model."""
    filled = dict(raw)
    names = fields_of(model, Secret)
    for name in names:
        keys = [name, f"{name}_file"] + (["credential"] if name == names[0] else [])
        given = {key: filled.pop(key) for key in keys if key in filled}
        if len(given) > 1:
            findings.fault(path, f"has {' and '.join(given)}: only one of them can count")
        for key, value in list(given.items())[:1]:
            filled[name] = _given(key, value, f"{path}.{key}", vault, findings) or UNREAD
    if {"access_key_id", "access_key_secret"} <= model.model_fields.keys() and not filled.keys() & _ALIBABA_KEYS:
        _fill_from_environment(filled, model, path, vault.environ, findings)
    return filled


def _fill_from_environment(
    filled: dict[str, Any], model: type[BaseModel], path: str, environ: Mapping[str, str], findings: Findings
) -> None:
    """Take the whole key from the environment: a half of it from each place would be two halves of different keys."""
    for name, variable in _ALIBABA.items():
        if name in model.model_fields and environ.get(variable):
            filled[name] = environ[variable]
    if not filled.keys() & _ALIBABA.keys() and find_spec(_ALIBABA_CHAIN):
        return
    for name in ("access_key_id", "access_key_secret"):
        if name not in filled:
            findings.fault(f"{path}.{name}", "is required", f"write it here, {_elsewhere(name)}")
            filled[name] = UNREAD.reveal()


def _elsewhere(name: str) -> str:
    return f"set {_ALIBABA[name]}, or install smppgw[alibaba-credentials] for its credential chain"
