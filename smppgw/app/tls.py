"""From files to TLS: what our listeners speak, and what we speak to ESMEs that we call. Read at start and reload."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final

from smppgw.config.faults import ConfigFaults, Fault
from smppgw.config.sections import SmppSettings

_VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_CLIENT: Final = {"required": ssl.CERT_REQUIRED, "optional": ssl.CERT_OPTIONAL}


def server_context(smpp: SmppSettings) -> ssl.SSLContext | None:
    """Return what a TLS listener needs; None where there is none.

    Raises:
        ConfigFaults: A file is not what its key says.
    """
    if not smpp.tls_listen or smpp.tls_cert is None or smpp.tls_key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[smpp.tls_min]
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    faults = [_load_own(context, smpp.tls_cert, smpp.tls_key)]
    if smpp.tls_client_ca is not None:
        faults.append(_load_authorities(context, smpp.tls_client_ca, "smpp.tls_client_ca"))
        context.verify_mode = _CLIENT[smpp.tls_client_cert]
    if found := [fault for fault in faults if fault]:
        raise ConfigFaults(tuple(found))
    return context


def client_context(ca_file: Path | None, path: str) -> ssl.SSLContext:
    """Return what a call over TLS needs: a certificate that names its host, and nothing below TLS 1.2.

    Args:
        ca_file: Who may have signed it; None: whom the system trusts.
        path: Of the key in the configuration, for the fault.

    Raises:
        ConfigFaults: The file is not what its key says.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    elif fault := _load_authorities(context, ca_file, path):
        raise ConfigFaults((fault,))
    return context


def _load_own(context: ssl.SSLContext, cert: Path, key: Path) -> Fault | None:
    # A passphrase is never asked for: nobody sits at the terminal of a daemon.
    reason = _refusal(lambda: context.load_cert_chain(cert, key, password=""))
    if reason is None:
        return None
    return Fault("smpp.tls_cert", f"{cert} and {key} are no certificate with its key in PEM: {reason}")


def _load_authorities(context: ssl.SSLContext, file: Path, path: str) -> Fault | None:
    reason = _refusal(lambda: context.load_verify_locations(file))
    return None if reason is None else Fault(path, f"{file} holds no certificates in PEM: {reason}")


def _refusal(load: Callable[[], None]) -> str | None:
    """Return what OpenSSL or the system has against it."""
    try:
        load()
    except ssl.SSLError as error:
        return (error.reason or "unreadable, or behind a passphrase").replace("_", " ").lower()
    except OSError as error:
        return error.strerror or str(error)
    return None
