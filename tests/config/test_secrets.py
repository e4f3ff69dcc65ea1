"""A secret whose file is changed while it is in use."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from smppgw.carriers.retarus.config import RetarusConfig
from smppgw.config.secrets import FileSecret
from smppgw.config.settings import Settings
from smppgw.core.values import Secret

Load = Callable[..., Settings]

RETARUS = '[carriers.loop]\ntype = "retarus"\nusername = "me"\n'
GLOBE = '[carriers.loop]\ntype = "alibaba-globe"\naccess_key_id = "LTAI5t"\n'


def write(file: Path, content: bytes, *, at: int) -> None:
    """Write a file whose date is chosen, so that no two writes fall into one tick of the file system."""
    file.write_bytes(content)
    os.utime(file, ns=(at, at))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    write(file, b"first\n", at=1)
    return file


@pytest.fixture
def secret(load_text: Load, file: Path) -> Secret:
    settings = load_text(carriers=RETARUS + f'password_file = "{file.name}"')
    carrier = settings.carriers["loop"]
    assert isinstance(carrier, RetarusConfig)
    assert carrier.password is not None
    return carrier.password


def test_a_changed_file_is_a_changed_secret(secret: Secret, file: Path) -> None:
    before = secret.reveal()
    write(file, b"second\r\n", at=2)

    assert (before, secret.reveal()) == ("first", "second")


def test_a_replaced_file_is_seen_whatever_its_date(secret: Secret, file: Path) -> None:
    other = file.with_name("new")
    write(other, b"other\n", at=1)
    other.replace(file)

    assert secret.reveal() == "other"


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"x" * 70_000])
def test_what_is_no_secret_leaves_the_old_one_until_there_is_a_new_one(
    secret: Secret, file: Path, content: bytes
) -> None:
    write(file, content, at=2)
    meanwhile = secret.reveal()
    write(file, b"second", at=3)

    assert (meanwhile, secret.reveal()) == ("first", "second")


def test_a_file_that_is_gone_leaves_the_old_one(secret: Secret, file: Path) -> None:
    file.unlink()

    assert secret.reveal() == "first"


def test_a_file_that_stands_still_is_read_once(secret: Secret, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "open", lambda *args, **kwargs: pytest.fail("the file was read"))

    assert [secret.reveal() for _ in range(3)] == ["first"] * 3


def test_it_hides_itself_as_any_secret_does(secret: Secret) -> None:
    assert "first" not in f"{secret} {secret!r}"


def test_a_new_content_of_the_same_file_is_no_other_configuration(load_text: Load, file: Path) -> None:
    section = RETARUS + f'password_file = "{file.name}"'
    before = load_text(carriers=section)
    write(file, b"second", at=2)

    after = load_text(carriers=section)

    assert before.carriers == after.carriers
    assert hash(before.carriers["loop"].password) == hash(after.carriers["loop"].password)  # type: ignore[attr-defined] # of Retarus
    assert FileSecret(file, "x", None) != FileSecret(file.with_name("other"), "x", None)


def test_half_of_a_key_does_not_change_without_the_other(load_text: Load, file: Path) -> None:
    settings = load_text(carriers=GLOBE + f'access_key_secret_file = "{file.name}"')
    write(file, b"second", at=2)

    assert settings.carriers["loop"].access_key_secret.reveal() == "first"  # type: ignore[attr-defined] # of Alibaba


def test_a_credential_may_change_too(load_text: Load, file: Path) -> None:
    settings = load_text({"CREDENTIALS_DIRECTORY": str(file.parent)}, carriers=RETARUS + f'credential = "{file.name}"')
    write(file, b"second", at=2)

    assert settings.carriers["loop"].password.reveal() == "second"  # type: ignore[attr-defined] # of Retarus
