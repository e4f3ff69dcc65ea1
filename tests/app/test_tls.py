"""What files make of TLS, for those who connect and for those we call, and how they are refused."""

import ssl
from pathlib import Path
from typing import Any

import pytest

from smppgw.app.tls import client_context, server_context
from smppgw.config.faults import ConfigFaults
from smppgw.config.sections import SmppSettings

CERTIFICATES = Path(__file__).parents[1] / "data" / "tls"


def smpp(**changes: Any) -> SmppSettings:
    files = {key: CERTIFICATES / name for key, name in (("tls_cert", "server.pem"), ("tls_key", "server.key"))}
    return SmppSettings.model_validate({"tls_listen": "127.0.0.1:0", **files, **changes})


def handshake(server: ssl.SSLContext, client: ssl.SSLContext) -> str | None:
    """Shake hands in memory; the version agreed on.

    Raises:
        ssl.SSLError: They do not come together.
    """
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(to_client, to_server, server_hostname="localhost"),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                pass
    return ends[1].version()


def client(**changes: Any) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=CERTIFICATES / "ca.pem")
    for key, value in changes.items():
        setattr(context, key, value)
    return context


def test_without_a_tls_listener_there_is_no_context() -> None:
    assert server_context(SmppSettings()) is None


@pytest.mark.parametrize(
    ("tls_min", "speaks", "agreed"),
    [
        ("1.2", ssl.TLSVersion.TLSv1_2, "TLSv1.2"),
        ("1.2", ssl.TLSVersion.TLSv1_3, "TLSv1.3"),
        ("1.3", ssl.TLSVersion.TLSv1_3, "TLSv1.3"),
    ],
)
def test_a_client_that_is_new_enough_is_understood(tls_min: str, speaks: ssl.TLSVersion, agreed: str) -> None:
    context = server_context(smpp(tls_min=tls_min))

    assert context is not None
    assert handshake(context, client(maximum_version=speaks)) == agreed


def test_an_older_client_is_not_understood() -> None:
    context = server_context(smpp(tls_min="1.3"))

    assert context is not None
    with pytest.raises(ssl.SSLError):
        handshake(context, client(maximum_version=ssl.TLSVersion.TLSv1_2))


def test_nothing_below_tls_1_2_is_spoken() -> None:
    """A client that old cannot even be made with the libraries of today."""
    context = server_context(smpp())

    assert context is not None
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("keys", "mode"),
    [
        ({}, ssl.CERT_NONE),
        ({"tls_client_ca": CERTIFICATES / "ca.pem"}, ssl.CERT_REQUIRED),
        ({"tls_client_ca": CERTIFICATES / "ca.pem", "tls_client_cert": "optional"}, ssl.CERT_OPTIONAL),
    ],
)
def test_clients_are_asked_for_what_the_keys_say(keys: dict[str, Any], mode: ssl.VerifyMode) -> None:
    context = server_context(smpp(**keys))

    assert context is not None
    assert context.verify_mode is mode


def test_only_the_named_authorities_count_for_clients() -> None:
    """Not those of the system: any of them would do for a password's sake."""
    context = server_context(smpp(tls_client_ca=CERTIFICATES / "other-ca.pem"))

    assert context is not None
    assert len(context.get_ca_certs()) == 1


@pytest.mark.parametrize(
    ("keys", "path", "reason"),
    [
        ({"tls_key": "client.key"}, "smpp.tls_cert", "key values mismatch"),
        ({"tls_cert": "make.sh"}, "smpp.tls_cert", "no certificate with its key"),
        ({"tls_key": "server.pem"}, "smpp.tls_cert", "no certificate with its key"),
        ({"tls_cert": "none.pem"}, "smpp.tls_cert", "No such file"),
        ({"tls_client_ca": "server.key"}, "smpp.tls_client_ca", "no certificate or crl found"),
        ({"tls_client_ca": "make.sh"}, "smpp.tls_client_ca", "no certificate or crl found"),
    ],
)
def test_files_that_are_not_what_their_keys_say_are_faults(keys: dict[str, str], path: str, reason: str) -> None:
    with pytest.raises(ConfigFaults) as caught:
        server_context(smpp(**{key: CERTIFICATES / name for key, name in keys.items()}))

    (fault,) = caught.value.faults
    assert fault.path == path
    assert reason in fault.reason


def test_all_faults_are_told_at_once() -> None:
    wrong = {"tls_key": CERTIFICATES / "client.key", "tls_client_ca": CERTIFICATES / "make.sh"}

    with pytest.raises(ConfigFaults) as caught:
        server_context(smpp(**wrong))

    assert [fault.path for fault in caught.value.faults] == ["smpp.tls_cert", "smpp.tls_client_ca"]


def test_nobody_is_asked_for_a_passphrase() -> None:
    """The key of this file has one; a daemon would wait for it for ever."""
    with pytest.raises(ConfigFaults, match="behind a passphrase"):
        server_context(smpp(tls_key=CERTIFICATES / "locked.key"))


def test_whom_we_call_shows_a_certificate_of_the_named_authority() -> None:
    server, ours = server_context(smpp()), client_context(CERTIFICATES / "ca.pem", "key")
    strange = client_context(CERTIFICATES / "other-ca.pem", "key")

    assert server is not None
    assert handshake(server, ours) == "TLSv1.3"
    assert (ours.verify_mode, ours.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert len(ours.get_ca_certs()) == 1
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(server, strange)


def test_without_a_named_authority_those_of_the_system_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here they are those of a file, which OpenSSL lets a variable name."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "ca.pem"))
    server = server_context(smpp())

    assert server is not None
    assert handshake(server, client_context(None, "key")) == "TLSv1.3"


def test_a_file_without_authorities_is_a_fault_of_its_key() -> None:
    with pytest.raises(ConfigFaults) as caught:
        client_context(CERTIFICATES / "make.sh", "accounts[legacy].outbind_ca_file")

    assert [fault.path for fault in caught.value.faults] == ["accounts[legacy].outbind_ca_file"]
