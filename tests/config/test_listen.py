"""Addresses to listen on."""

import pytest
from pydantic import TypeAdapter, ValidationError

from smppgw.config.listen import Address, Listen

ADDRESS = TypeAdapter[Listen](Address)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("0.0.0.0:2775", "0.0.0.0", 2775),
        ("127.0.0.1:0", "127.0.0.1", 0),
        ("[::1]:2775", "::1", 2775),
        (" localhost:65535 ", "localhost", 65535),
        ("sms-1.example.com:2775", "sms-1.example.com", 2775),
    ],
)
def test_host_and_port_are_read_and_written_back(text: str, host: str, port: int) -> None:
    listen = ADDRESS.validate_python(text)

    assert listen == Listen(host, port)
    assert str(listen) == text.strip()


@pytest.mark.parametrize(
    "value",
    [
        "",
        "2775",
        ":2775",
        "host:",
        "host:65536",
        "host:-1",
        "host:２",
        "::1:2775",
        "[::1",
        "[::1]",
        "[host]:1",
        "*:1",
        2775,
    ],
)
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        ADDRESS.validate_python(value)
