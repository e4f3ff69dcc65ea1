"""Addresses to listen on, and to call."""

import pytest
from pydantic import TypeAdapter, ValidationError

from smppgw.config.listen import Address, CallAddress, Listen

ADDRESS = TypeAdapter[Listen](Address)
CALL = TypeAdapter[Listen](CallAddress)


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
        f"{'x' * 64}.example:1",
        2775,
    ],
)
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        ADDRESS.validate_python(value)


@pytest.mark.parametrize(
    ("text", "is_name"),
    [("esme.example.com:2775", True), ("localhost:1", True), ("192.0.2.7:2775", False), ("[2001:db8::1]:3550", False)],
)
def test_who_is_called_has_a_name_or_an_address(text: str, is_name: bool) -> None:
    callee = CALL.validate_python(text)

    assert str(callee) == text
    assert callee.is_name is is_name


@pytest.mark.parametrize("value", ["", "esme.example.com", "esme.example.com:0", "0.0.0.0:2775", "[::]:2775", ["a:1"]])
def test_where_nobody_can_be_nobody_is_called(value: object) -> None:
    with pytest.raises(ValidationError, match="no address to call"):
        CALL.validate_python(value)
