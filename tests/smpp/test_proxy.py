"""PROXY headers, good and bad, in whatever pieces they come."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smppgw.smpp.proxy import MAX_OCTETS, HeaderReader, ProxyError

SIGNATURE = bytes.fromhex("0d0a0d0a000d0a515549540a")
V4 = bytes.fromhex("c0000207 c6336401 9c40 0ad7")  # 192.0.2.7:40000 -> 198.51.100.1:2775
V6 = bytes.fromhex("20010db8000000000000000000000007 20010db8000000000000000000000001 9c40 0ad7")
MAPPED = bytes.fromhex("00000000000000000000ffffc0000207 00000000000000000000ffffc6336401 9c40 0ad7")
PEER = ("192.0.2.7", 40000)


def v2(command: int, family: int, rest: bytes) -> bytes:
    return SIGNATURE + bytes((command, family)) + struct.pack(">H", len(rest)) + rest


def read(stream: bytes) -> tuple[tuple[str, int] | None, bytes]:
    """The source, and what was left unread."""
    reader = HeaderReader()
    while reader.wanted:
        piece, stream = stream[: reader.wanted], stream[reader.wanted :]
        if not piece:
            raise EOFError
        reader.feed(piece)
    return reader.source, stream


GOOD = [
    (b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 2775\r\n", PEER),
    (b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", ("255.255.255.255", 65535)),
    (b"PROXY TCP6 2001:db8::7 2001:db8::1 40000 2775\r\n", ("2001:db8::7", 40000)),
    (b"PROXY TCP6 ::ffff:192.0.2.7 ::ffff:198.51.100.1 40000 2775\r\n", PEER),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", None),
    (b"PROXY UNKNOWN " + b"x" * 91 + b"\r\n", None),  # 107 octets, the longest line
    (v2(0x21, 0x11, V4), PEER),
    (v2(0x21, 0x11, V4 + bytes.fromhex("04 0003 000000")), PEER),  # with a TLV (PP2_TYPE_NOOP)
    (v2(0x21, 0x21, V6), ("2001:db8::7", 40000)),
    (v2(0x21, 0x21, MAPPED), PEER),
    (v2(0x21, 0x00, b""), None),
    (v2(0x20, 0x00, b""), None),
    (v2(0x20, 0x11, V4), None),  # LOCAL: the addresses do not count
    (v2(0x21, 0x11, V4.ljust(MAX_OCTETS - 16, b"\0")), PEER),
]


@pytest.mark.parametrize(("header", "source"), GOOD)
@pytest.mark.parametrize("rest", [b"", b"\r\nPROXY ", bytes.fromhex("16030100")], ids=["alone", "crlf", "tls"])
def test_a_header_is_read_and_not_one_octet_more(header: bytes, source: tuple[str, int] | None, rest: bytes) -> None:
    assert read(header + rest) == (source, rest)


@pytest.mark.parametrize(
    "stream",
    [
        b"\x00\x00\x00\x2a\x00\x00\x00\x09\x00\x00\x00\x00",  # a bind
        bytes.fromhex("160301020001000001fc0303"),  # a TLS ClientHello
        b"GET / HTTP/1.1\r\n",
        b"proxy TCP4 192.0.2.7 198.51.100.1 40000 2775\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 40000\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 2775 1\r\n",
        b"PROXY TCP4 192.0.2.7  198.51.100.1 40000 2775\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 2775 \r\n",
        b"PROXY TCP4 192.0.2.7\t198.51.100.1 40000 2775\r\n",
        b"PROXY TCP4 2001:db8::7 2001:db8::1 40000 2775\r\n",
        b"PROXY TCP6 192.0.2.7 198.51.100.1 40000 2775\r\n",
        b"PROXY TCP6 fe80::7%eth0 fe80::1 40000 2775\r\n",
        b"PROXY TCP4 192.0.2.256 198.51.100.1 40000 2775\r\n",
        b"PROXY TCP4 192.0.02.7 198.51.100.1 40000 2775\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100 40000 2775\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 65536 2775\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 -1\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 +4000 2775\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 04000 2775\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 4_000 2775\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 " + b"9" * 60 + b"\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 ٤٠٠ 2775\r\n".encode(),
        b"PROXY UDP4 192.0.2.7 198.51.100.1 40000 2775\r\n",
        b"PROXY UNKNOWNX\r\n",
        b"PROXY A\r\nB\r\n\r\n",
        b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n",  # 108 octets
        b"PROXY UNKNOWN " + b"x" * 4096,
        v2(0x21, 0x11, V4[:-1]),
        v2(0x21, 0x21, V4),
        v2(0x21, 0x12, V4),  # UDP
        v2(0x21, 0x31, b"\0" * 216),  # a Unix socket
        v2(0x21, 0x41, V4),
        v2(0x22, 0x11, V4),
        v2(0x11, 0x11, V4),  # version 1 in the form of version 2
        v2(0x21, 0x11, V4.ljust(MAX_OCTETS - 15, b"\0")),
        v2(0x21, 0x11, b"")[:14] + b"\xff\xff",
    ],
)
def test_anything_else_is_refused(stream: bytes) -> None:
    with pytest.raises(ProxyError):
        read(stream)


@pytest.mark.parametrize("header", [header for header, _ in GOOD])
def test_a_cut_header_says_nothing(header: bytes) -> None:
    with pytest.raises(EOFError):
        read(header[:-1])


@given(data=st.data(), good=st.sampled_from(GOOD))
@settings(max_examples=100, deadline=None)
def test_any_cut_of_a_header_gives_the_same_source(
    data: st.DataObject, good: tuple[bytes, tuple[str, int] | None]
) -> None:
    header, source = good
    reader = HeaderReader()

    while reader.wanted:
        size = data.draw(st.integers(1, reader.wanted))
        reader.feed(header[:size])
        header = header[size:]

    assert (reader.source, header) == (source, b"")


@given(start=st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", SIGNATURE, SIGNATURE + b"\x21\x11"]), rest=st.binary())
@settings(max_examples=300, deadline=None)
def test_no_octets_do_more_than_be_refused(start: bytes, rest: bytes) -> None:
    try:
        read(start + rest)
    except (ProxyError, EOFError):
        pass
