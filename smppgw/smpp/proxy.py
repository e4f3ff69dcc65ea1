"""The PROXY protocol, versions 1 and 2: from whom a connection really comes, told by the proxy before everything else.

HAProxy's "The PROXY protocol, Versions 1 & 2" (2020/03/05). The reader never asks for an octet beyond the header,
because what follows belongs to TLS or SMPP, and it never holds more than `MAX_OCTETS`. Whether the one who says it may
be believed is for the caller to decide. No sockets in here.
"""

from ipaddress import IPv4Address, IPv6Address
from struct import Struct
from typing import Final

MAX_OCTETS: Final = 4096
"""The longest header of version 2 that is read; its addresses take 52 octets, TLVs are skipped."""

_SIGNATURE: Final = b"\r\n\r\n\x00\r\nQUIT\n"  # version 2
_V1_START: Final = b"PROXY "
_V1_LONGEST: Final = 107  # with its CRLF (2.1)
_V2_FIXED: Final = 16
_V2_LENGTH: Final = Struct(">H")
_LOCAL: Final = 0x20  # the proxy checks our health
_PROXY: Final = 0x21
_UNSPEC: Final = 0x00
_TCP4: Final = 0x11
_TCP6: Final = 0x21
_INET: Final = Struct(">4s4sHH")
_INET6: Final = Struct(">16s16sHH")


class ProxyError(Exception):
    """The octets are no PROXY header that names a TCP peer; nothing after them can be understood."""


class HeaderReader:
    """Collects one header. Feed it at most `wanted` octets at a time, until it wants no more."""

    __slots__ = ("_held", "source", "wanted")

    def __init__(self) -> None:
        self._held = bytearray()
        self.wanted = len(_SIGNATURE)
        """How many more octets are sure to belong to the header; 0: it is complete."""
        self.source: tuple[str, int] | None = None
        """Address and port of the peer; None: the proxy speaks for itself, or cannot tell."""

    def feed(self, data: bytes) -> None:
        """Take what was read.

        Raises:
            ProxyError: It is no header.
        """
        self._held += data
        self.wanted -= len(data)
        if self.wanted == 0:
            self._go_on(bytes(self._held))

    def _go_on(self, held: bytes) -> None:
        if held.startswith(_V1_START):
            self._go_on_v1(held)
        elif held.startswith(_SIGNATURE):
            self._go_on_v2(held)
        else:
            raise ProxyError("no PROXY header")

    def _go_on_v1(self, held: bytes) -> None:
        if held.endswith(b"\r\n"):
            self.source = read_v1(held)
            return
        self.wanted = 1 if held.endswith(b"\r") else 2
        if len(held) + self.wanted > _V1_LONGEST:
            raise ProxyError("line too long")

    def _go_on_v2(self, held: bytes) -> None:
        if len(held) < _V2_FIXED:
            self.wanted = _V2_FIXED - len(held)
            return
        (length,) = _V2_LENGTH.unpack_from(held, 14)
        whole = _V2_FIXED + length
        if whole > MAX_OCTETS:
            raise ProxyError("header too long")
        self.wanted = whole - len(held)
        if self.wanted == 0:
            self.source = read_v2(held)


def read_v1(line: bytes) -> tuple[str, int] | None:
    r"""Read a line of version 1, such as ``PROXY TCP4 192.0.2.7 198.51.100.1 40000 2775\r\n``.

    Raises:
        ProxyError: It is none.
    """
    try:
        words = line.removesuffix(b"\r\n").decode("ascii").split(" ")
    except UnicodeDecodeError:
        raise ProxyError("not ASCII") from None
    match words:
        case ["PROXY", "UNKNOWN", *_]:
            return None
        case ["PROXY", "TCP4" | "TCP6" as family, source, destination, source_port, destination_port]:
            _address(family, destination)
            _port(destination_port)
            return _address(family, source), _port(source_port)
        case _:
            raise ProxyError("no header of version 1")


def read_v2(header: bytes) -> tuple[str, int] | None:
    """Read a whole header of version 2.

    Raises:
        ProxyError: It is none, or it does not speak of TCP over IP.
    """
    command, family = header[12], header[13]
    if command == _LOCAL or (command, family) == (_PROXY, _UNSPEC):
        return None
    if (command, family) == (_PROXY, _TCP4):
        source, port = _unpack(_INET, header)
        return str(IPv4Address(source)), port
    if (command, family) == (_PROXY, _TCP6):
        source, port = _unpack(_INET6, header)
        return _plain(IPv6Address(source)), port
    raise ProxyError("no TCP over IP")


def _unpack(addresses: Struct, header: bytes) -> tuple[bytes, int]:
    if len(header) < _V2_FIXED + addresses.size:
        raise ProxyError("addresses cut off")
    source, _, source_port, _ = addresses.unpack_from(header, _V2_FIXED)
    return source, source_port


def _address(family: str, text: str) -> str:
    try:
        if family == "TCP4":
            return str(IPv4Address(text))
        if "%" in text:  # a zone means nothing on another machine
            raise ProxyError("address with a zone")
        return _plain(IPv6Address(text))
    except ValueError:
        raise ProxyError("no address") from None


def _plain(address: IPv6Address) -> str:
    return str(address.ipv4_mapped or address)


def _port(text: str) -> int:
    # int() would take "+1", " 1", "1_0" and digits of other scripts; a leading zero is not allowed (2.1).
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and str(int(text)) == text):
        raise ProxyError("no port")
    port = int(text)
    if port > 0xFFFF:
        raise ProxyError("no port")
    return port
