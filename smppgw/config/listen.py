"""Addresses to listen on and to call, as operators write them. Nothing is resolved or opened here."""

import ipaddress
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BeforeValidator

_MAX_PORT: Final = 65535
_MAX_LABEL: Final = 63
"""Octets of one part of a name (RFC 1035, 2.3.4)."""
_ANY: Final = ("0.0.0.0", "::")  # noqa: S104 # what they are good for is refused


@dataclass(frozen=True, slots=True)
class Listen:
    """One address to listen on, or to call."""

    host: str
    """Name or address; an IPv6 address without brackets."""
    port: int
    """0 lets the system choose."""

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it; a name other than localhost is taken for the world's."""
        return self.host == "localhost" or (not self.is_name and ipaddress.ip_address(self.host).is_loopback)

    @property
    def is_name(self) -> bool:
        """Whether it has to be resolved."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return True
        return False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_listen(value: object) -> object:
    """Turn "127.0.0.1:2775", "[::1]:2775" or "localhost:2775" into a `Listen`.

    Raises:
        ValueError: It is no host and port.
    """
    if isinstance(value, Listen):
        return value
    text = value.strip() if isinstance(value, str) else ""
    host, colon, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not (colon and bare and port.isascii() and port.isdecimal() and int(port) <= _MAX_PORT):
        raise ValueError(f'{value!r} is no address to listen on: write "127.0.0.1:2775" or "[::1]:2775"')
    if (":" in bare) != host.startswith("[") or not _is_host(bare):
        raise ValueError(f"{value!r} has no valid host: write IPv6 addresses in brackets, and 0.0.0.0 for all of IPv4")
    return Listen(bare, int(port))


def parse_call(value: object) -> object:
    """Turn "esme.example.com:2775" into where somebody is to be called.

    Raises:
        ValueError: Nobody could be there.
    """
    try:
        address = parse_listen(value)
    except ValueError:
        address = None
    if not isinstance(address, Listen) or not address.port or address.host in _ANY:
        raise ValueError(f'{value!r} is no address to call: write "192.0.2.7:2775" or "esme.example.com:2775"')
    return address


def _is_host(host: str) -> bool:
    if ":" in host:
        try:
            return bool(ipaddress.IPv6Address(host))
        except ValueError:
            return False
    return host.isascii() and all(
        label.replace("-", "").isalnum() and len(label) <= _MAX_LABEL for label in host.split(".")
    )


Address = Annotated[Listen, BeforeValidator(parse_listen)]
"""To listen on."""
CallAddress = Annotated[Listen, BeforeValidator(parse_call)]
"""To call."""
