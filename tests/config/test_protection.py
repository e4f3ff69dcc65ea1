"""The keys that protect sessions: TLS, client certificates, proxies, lock-outs."""

from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path

import pytest

from smppgw.config.faults import ConfigFaults
from smppgw.config.listen import Listen
from smppgw.config.settings import Settings

Load = Callable[..., Settings]
PLAIN = 'listen = "127.0.0.1:2775"'
TLS = 'tls_listen = "0.0.0.0:3550"\ntls_cert = "a.pem"\ntls_key = "a.key"'


@pytest.fixture
def loaded(load_text: Load, tmp_path: Path) -> Load:
    """Loads lines of [smpp] in a folder that holds a.pem, a.key and ca.pem."""
    for name in ("a.pem", "a.key", "ca.pem"):
        (tmp_path / name).write_text("not looked into here\n")

    def call(*lines: str, **parts: str) -> Settings:
        return load_text(smpp="\n".join(["[smpp]", *lines]), **parts)

    return call


@pytest.fixture
def walled(password_hash: str) -> str:
    return f'[[accounts]]\nsystem_id = "legacy"\npassword_hash = "{password_hash}"\ncertificate = "legacy.example.com"'


def paths(load: Load, *lines: str, **parts: str) -> list[str]:
    with pytest.raises(ConfigFaults) as caught:
        load(*lines, **parts)
    return [fault.path for fault in caught.value.faults]


def test_files_of_tls_start_at_the_folder(loaded: Load, tmp_path: Path) -> None:
    smpp = loaded(PLAIN, TLS, 'tls_client_ca = "ca.pem"').smpp

    assert smpp.tls_listen == (Listen("0.0.0.0", 3550),)
    assert (smpp.tls_cert, smpp.tls_key, smpp.tls_client_ca) == tuple(
        tmp_path / name for name in ("a.pem", "a.key", "ca.pem")
    )


def test_tls_may_be_the_only_way_in(loaded: Load) -> None:
    smpp = loaded("listen = []", TLS).smpp

    assert smpp.addresses == (Listen("0.0.0.0", 3550),)


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        (('tls_listen = "0.0.0.0:3550"', 'tls_key = "a.key"'), "smpp.tls_cert"),
        (('tls_listen = "0.0.0.0:3550"', 'tls_cert = "a.pem"'), "smpp.tls_key"),
        ((TLS.replace("a.pem", "none.pem"),), "smpp.tls_cert"),
        ((TLS, 'tls_client_ca = "none.pem"'), "smpp.tls_client_ca"),
        ((TLS, 'tls_min = "1.1"'), "smpp.tls_min"),
        ((TLS, "tls_min = 1.2"), "smpp.tls_min"),
        ((TLS, 'tls_client_cert = "maybe"'), "smpp.tls_client_cert"),
        ((TLS.replace("0.0.0.0:3550", "127.0.0.1:2775"),), "smpp.listen"),
        (('proxy_listen = "127.0.0.1:2775"',), "smpp.proxy_protocol"),
        (('proxy_protocol = "10.0.0.0/8"',), "smpp.proxy_listen"),
        (('proxy_listen = "127.0.0.1:2776"', 'proxy_protocol = "10.0.0.0/8"'), "smpp.proxy_listen"),
        (('proxy_listen = "127.0.0.1:2775"', 'proxy_protocol = ["10.0.0.1/8"]'), "smpp.proxy_protocol[0]"),
        (("lockout_after = 0",), "smpp.lockout_after"),
        (('lockout = "0s"',), "smpp.lockout"),
        (('refusal_delay = "-1s"',), "smpp.refusal_delay"),
    ],
)
def test_a_key_that_protects_nobody_is_a_fault(loaded: Load, lines: tuple[str, ...], path: str) -> None:
    assert paths(loaded, PLAIN, *lines) == [path]


@pytest.mark.parametrize("lines", [(), (TLS,), ('tls_client_ca = "ca.pem"',)])
def test_a_certificate_that_nobody_asks_for_is_a_fault(loaded: Load, walled: str, lines: tuple[str, ...]) -> None:
    assert paths(loaded, PLAIN, *lines, accounts=walled) == ["accounts[legacy].certificate"]


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ('"legacy.example.com"', ("legacy.example.com",)),
        ('["old.example", "new.example"]', ("old.example", "new.example")),
    ],
)
def test_an_account_may_have_several_names_in_certificates(
    loaded: Load, walled: str, written: str, names: tuple[str, ...]
) -> None:
    accounts = walled.replace('"legacy.example.com"', written)

    settings = loaded(PLAIN, TLS, 'tls_client_ca = "ca.pem"', accounts=accounts)

    assert settings.accounts[0].certificate == names


@pytest.mark.parametrize("written", ['""', "[]", '[""]'])
def test_an_empty_name_is_a_fault(loaded: Load, walled: str, written: str) -> None:
    """It would ask for no certificate at all, or for one that nobody has."""
    accounts = walled.replace('"legacy.example.com"', written)

    (path,) = paths(loaded, PLAIN, TLS, 'tls_client_ca = "ca.pem"', accounts=accounts)

    assert path.startswith("accounts[legacy].certificate")


def test_certificates_without_a_tls_listener_are_a_warning(loaded: Load) -> None:
    """Somebody may believe that passwords are safe."""
    warnings = loaded(PLAIN, 'tls_cert = "a.pem"\ntls_key = "a.key"').warnings

    assert any(warning.startswith("smpp.tls_listen is not set") for warning in warnings)


def test_an_open_listener_with_tls_is_no_warning(loaded: Load) -> None:
    assert not any("is open" in warning for warning in loaded(PLAIN, TLS).warnings)


def test_an_account_with_a_certificate_is_protected_on_any_listener(loaded: Load, walled: str) -> None:
    """On a plain one it cannot bind."""
    settings = loaded('listen = "0.0.0.0:2775"', TLS, 'tls_client_ca = "ca.pem"', accounts=walled)

    assert not any("is open" in warning for warning in settings.warnings)


def test_proxies_are_named_together_with_their_listener(loaded: Load) -> None:
    smpp = loaded(PLAIN, 'proxy_listen = "127.0.0.1:2775"', 'proxy_protocol = "192.0.2.10"').smpp

    assert smpp.proxy_listen == (Listen("127.0.0.1", 2775),)
    assert smpp.proxy_protocol == (ip_network("192.0.2.10/32"),)
