"""The keys of accounts that want to be called."""

from collections.abc import Callable
from pathlib import Path

import pytest

from smppgw.config.faults import ConfigFaults, Fault
from smppgw.config.listen import Listen
from smppgw.config.settings import Settings

Load = Callable[..., Settings]
Written = Callable[..., Settings]

LOOPBACK = 'outbind = "127.0.0.1:2776"'
REMOTE = 'outbind = "esme.example.com:2775"'


@pytest.fixture
def written(load_text: Load, tmp_path: Path, password_hash: str) -> Written:
    """Loads lines of an account in a folder that holds ca.pem and secret, which is also a credential."""
    (tmp_path / "ca.pem").write_text("not looked into here\n")
    (tmp_path / "secret").write_text("hunter2\n")

    def call(*lines: str, smpp: str = "", **parts: str) -> Settings:
        account = f'[[accounts]]\nsystem_id = "legacy"\npassword_hash = "{password_hash}"'
        return load_text(
            {"CREDENTIALS_DIRECTORY": str(tmp_path)},
            accounts="\n".join([account, *lines]),
            smpp=f'[smpp]\nlisten = "127.0.0.1:2775"\n{smpp}',
            **parts,
        )

    return call


def only_fault(written: Written, *lines: str, smpp: str = "") -> Fault:
    with pytest.raises(ConfigFaults) as caught:
        written(*lines, smpp=smpp)
    [fault] = caught.value.faults
    return fault


def test_nobody_is_called_unless_it_is_said_where(written: Written) -> None:
    settings = written()

    assert settings.accounts[0].outbind is None
    assert not any("outbind" in warning for warning in settings.warnings)


@pytest.mark.parametrize(
    "line", ['outbind_password = "hunter2"', 'outbind_password_file = "secret"', 'outbind_credential = "secret"']
)
def test_the_password_of_a_call_comes_from_wherever_it_is(written: Written, line: str) -> None:
    [account] = written(LOOPBACK, line).accounts

    assert account.outbind == Listen("127.0.0.1", 2776)
    assert account.outbind_password is not None
    assert account.outbind_password.reveal() == "hunter2"


def test_a_password_of_a_call_in_the_file_itself_is_a_warning_without_it(written: Written) -> None:
    settings = written(LOOPBACK, 'outbind_password = "hunter2"')

    assert [warning.partition(" ")[0] for warning in settings.warnings] == ["accounts[legacy].outbind_password"]
    assert "hunter2" not in f"{settings!r} {settings.warnings} {settings.accounts[0].model_dump()}"


def test_the_file_of_authorities_starts_at_the_folder(written: Written, tmp_path: Path) -> None:
    [account] = written(REMOTE, "outbind_tls = true", 'outbind_ca_file = "ca.pem"').accounts

    assert account.outbind_ca_file == tmp_path / "ca.pem"


@pytest.mark.parametrize(
    ("lines", "path", "reason"),
    [
        (('outbind = "esme"',), "outbind", "no address to call"),
        (('outbind = "0.0.0.0:2775"',), "outbind", "no address to call"),
        ((LOOPBACK, 'outbind_system_id = "longer than it may"'), "outbind_system_id", "1 to 15"),
        ((LOOPBACK, 'outbind_password = "of more than sixteen"'), "outbind_password", "16 characters"),
        ((LOOPBACK, 'outbind_password = "pässword"'), "outbind_password", "ASCII"),
        ((LOOPBACK, 'outbind_password = "$argon2id$v=19$x"'), "outbind_password", "is a hash"),
        ((LOOPBACK, 'outbind_password_file = "none"'), "outbind_password_file", "cannot read"),
        ((LOOPBACK, 'outbind_credential = "../secret"'), "outbind_credential", "plain name"),
        ((LOOPBACK, 'outbind_pasword = "x"'), "outbind_pasword", "no known key"),
        ((LOOPBACK, 'outbind_ca_file = "ca.pem"'), "outbind_ca_file", "for outbind_tls"),
        ((LOOPBACK, "outbind_tls = true", 'outbind_ca_file = "none.pem"'), "outbind_ca_file", "there is no file"),
        ((LOOPBACK, 'bind_types = "transmitter"'), "outbind", "neither receiver nor transceiver"),
        ((LOOPBACK, 'allowed_ips = ["10.0.0.0/8"]'), "outbind", "allowed_ips"),
    ],
)
def test_a_key_that_calls_in_vain_is_a_fault(written: Written, lines: tuple[str, ...], path: str, reason: str) -> None:
    fault = only_fault(written, *lines)

    assert fault.path == f"accounts[legacy].{path}"
    assert reason in fault.reason
    assert "of more than sixteen" not in str(fault)


def test_two_passwords_of_one_call_are_a_fault(written: Written) -> None:
    fault = only_fault(written, LOOPBACK, 'outbind_password = "a"', 'outbind_password_file = "secret"')

    assert "outbind_password_file and outbind_password" in fault.reason


def test_who_binds_with_a_certificate_is_called_over_tls(written: Written) -> None:
    """There he shows it, so that no TLS listener is needed for it."""
    certificate = 'certificate = "legacy.example.com"'
    with pytest.raises(ConfigFaults) as caught:
        written(REMOTE, certificate)

    assert "accounts[legacy].outbind_tls" in {fault.path for fault in caught.value.faults}
    assert written(REMOTE, certificate, "outbind_tls = true").accounts[0].outbind_tls


@pytest.mark.parametrize(
    ("lines", "warns"),
    [
        ((REMOTE,), True),
        (('outbind = "192.0.2.7:2775"',), True),
        ((LOOPBACK,), False),
        ((REMOTE, "outbind_tls = true"), False),
    ],
)
def test_a_call_in_clear_to_another_machine_is_a_warning(written: Written, lines: tuple[str, ...], warns: bool) -> None:
    assert any("called in clear" in warning for warning in written(*lines).warnings) is warns


def test_it_is_a_fault_where_protection_is_required(written: Written) -> None:
    fault = only_fault(written, REMOTE, 'allowed_ips = ["192.0.2.7"]', smpp="require_protection = true")

    assert (fault.path, fault.suggestion) == ("accounts[legacy].outbind", "set outbind_tls")


@pytest.mark.parametrize(
    "line", ['outbind_system_id = "GATE"', 'outbind_password_file = "secret"', "outbind_tls = true"]
)
def test_keys_of_a_call_that_is_never_made_are_a_warning(written: Written, line: str) -> None:
    [warning] = written(line).warnings

    assert warning.startswith("accounts[legacy].outbind is not set")
