"""Where secrets come from: a file, a credential of the service manager, the environment; inline with a warning.

Nothing here puts a secret into a fault or a warning.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import argon2
from pydantic import BaseModel

from smppgw.config.accounts import OUTBIND_PASSWORD_KEYS, PASSWORD_KEYS
from smppgw.config.faults import Findings
from smppgw.config.kinds import fields_of
from smppgw.core.values import ROTATES, Secret
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
_CREDENTIAL_KEYS: Final = {"push_secret": "push_credential", "token": "token_credential", "key": "key_credential"}
"""By secret, the key that names its credential; of those that are not here, the first one of a model has the plain
``credential``."""


class FileSecret(Secret):
    """A secret whose file may be changed while it is in use: the next one who needs it gets the new one.

    What cannot be read, or is empty, changes nothing. Two of the same file are equal, whatever stood there when.
    """

    __slots__ = ("_file", "_stamp")

    def __init__(self, file: Path, text: str, stamp: object) -> None:
        super().__init__(text)
        self._file = file
        self._stamp = stamp

    def reveal(self) -> str:
        """Return what stands in the file now; asks for its date each time, reads it when that has changed."""
        try:
            stamp = _stamp(self._file)
            if stamp != self._stamp and (text := _text_of(self._file)):
                self._text, self._stamp = text, stamp
        except (OSError, UnicodeDecodeError):
            pass  # it is being written, perhaps
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FileSecret) and other._file == self._file

    def __hash__(self) -> int:
        return hash(self._file)


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
        stamp = _stamp(file)  # before the text: a change in between is then seen later
        text = _text_of(file)
    except OSError as error:
        findings.fault(path, f"cannot read {file}: {error.strerror or error}")
        return None
    except UnicodeDecodeError:
        findings.fault(path, f"{file} is not UTF-8 text")
        return None
    if not text:
        findings.fault(path, f"{file} is empty" if text == "" else f"{file} is too long for a secret")
        return None
    return FileSecret(file, text, stamp)


def _text_of(file: Path) -> str | None:
    """Read a file without the end of its line; None: it is too long for a secret."""
    with file.open("rb") as opened:
        text = opened.read(_MAX_OCTETS + 1).decode()
    return None if len(text) > _MAX_OCTETS else text.removesuffix("\n").removesuffix("\r")


def _stamp(file: Path) -> object:
    """Return what changes when a file is written or replaced."""
    stat = file.stat()
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


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


def fill_outbind(raw: dict[str, Any], path: str, vault: Vault, findings: Findings) -> None:
    """Put the password that an account is called with into its field; it is sent, so a hash would not do."""
    name = OUTBIND_PASSWORD_KEYS[-1]
    _fill(raw, name, OUTBIND_PASSWORD_KEYS, path, vault, findings)
    secret = raw.get(name)
    if isinstance(secret, Secret) and secret.reveal().startswith(_HASH_MARK):
        findings.fault(f"{path}.{name}", "is a hash", "give the password itself: the ESME is told it")
        raw[name] = UNREAD


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
    return Secret(text)  # what is in force changes by a reload only


def companions(model: type[BaseModel]) -> tuple[str, ...]:
    """Keys that a carrier's section may have beside the fields of its model, to fill its secrets."""
    return tuple(key for name, keys in _keys(model).items() for key in keys if key != name)


def _keys(model: type[BaseModel]) -> dict[str, list[str]]:
    """Return the keys that may fill each secret of a model."""
    names = fields_of(model, Secret)
    credentials = dict(_CREDENTIAL_KEYS)
    if first := next((name for name in names if name not in _CREDENTIAL_KEYS), None):
        credentials[first] = "credential"
    return {name: [name, f"{name}_file", *([credentials[name]] if name in credentials else [])] for name in names}


def fill_carrier(
    raw: dict[str, Any], model: type[BaseModel], path: str, vault: Vault, findings: Findings
) -> dict[str, Any]:
    """Return a carrier's table with every secret in its field."""
    filled = dict(raw)
    for name, keys in _keys(model).items():
        _fill(filled, name, keys, path, vault, findings, rotates=ROTATES in model.model_fields[name].metadata)
    if {"access_key_id", "access_key_secret"} <= model.model_fields.keys() and not filled.keys() & _ALIBABA_KEYS:
        _fill_from_environment(filled, model, path, vault.environ, findings)
    return filled


def _fill(
    filled: dict[str, Any],
    name: str,
    keys: Sequence[str],
    path: str,
    vault: Vault,
    findings: Findings,
    *,
    rotates: bool = False,
) -> None:
    """Put the secret that one of the keys gives into the field of this name; it follows its file where it rotates."""
    given = {key: filled.pop(key) for key in keys if key in filled}
    if len(given) > 1:
        findings.fault(path, f"has {' and '.join(given)}: only one of them can count")
    for key, value in list(given.items())[:1]:
        secret = _given(key, value, f"{path}.{key}", vault, findings) or UNREAD
        filled[name] = secret if rotates else Secret(secret.reveal())


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
