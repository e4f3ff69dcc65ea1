"""A file with a whole key: the shapes that STS and the metadata service write, and what is none."""

import json
from pathlib import Path

import pytest

from smppgw.carriers.alibaba.credentials import KeyUnavailableError
from smppgw.carriers.alibaba.key_file import read_key_file

KEY = {"AccessKeyId": "STS.1", "AccessKeySecret": "hunter2"}
TEMPORARY = {**KEY, "SecurityToken": "token", "Expiration": "2026-01-02T03:04:05Z"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "key.json"


@pytest.mark.parametrize(
    "document",
    [TEMPORARY, {"Code": "Success", **TEMPORARY}, {"Credentials": TEMPORARY, "AssumedRoleUser": {"Arn": "x"}}],
)
def test_a_temporary_key_is_read_in_each_shape(file: Path, document: object) -> None:
    file.write_text(json.dumps(document))

    key = read_key_file(file)

    assert key.credentials.access_key_id == "STS.1"
    assert key.credentials.access_key_secret.reveal() == "hunter2"
    assert key.credentials.security_token
    assert key.credentials.security_token.reveal() == "token"
    assert key.expires_at == 1767323045.0


def test_a_permanent_key_has_no_token_and_no_end(file: Path) -> None:
    file.write_text(json.dumps(KEY))

    key = read_key_file(file)

    assert (key.credentials.security_token, key.expires_at) == (None, None)


def test_a_time_without_zone_is_utc(file: Path) -> None:
    file.write_text(json.dumps({**TEMPORARY, "Expiration": "2026-01-02T03:04:05"}))

    assert read_key_file(file).expires_at == 1767323045.0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hunter2",
        b"[]",
        b'{"AccessKeyId":"STS.1"}',
        b'{"AccessKeyId":"","AccessKeySecret":"hunter2"}',
        b'{"AccessKeyId":"STS.1","AccessKeySecret":"hunter2","Expiration":"soon"}',
        b'{"AccessKeyId":"ST,S","AccessKeySecret":"hunter2"}',
        b'{"Credentials":{"AccessKeyId":7,"AccessKeySecret":"hunter2"}}',
        b'{"AccessKeyId":"STS.1","AccessKeySecret":"hunter2\xff"}',
        b"[" * 5000,
        b" " * 70_000,
    ],
)
def test_what_is_no_key_is_told_by_its_file_and_never_quoted(file: Path, content: bytes) -> None:
    file.write_bytes(content)

    with pytest.raises(KeyUnavailableError) as caught:
        read_key_file(file)

    assert str(file) in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_not_there_is_told(file: Path) -> None:
    with pytest.raises(KeyUnavailableError, match="No such file"):
        read_key_file(file)
