"""`smppgw decode`: PDUs in words."""

import re
import sys
from collections.abc import Iterator
from typing import Final

import click

from smppgw.ops.masks import escape
from smppgw.smpp.describe import Line, describe

_FILLING: Final = re.compile(r"0x|[\s:,\-]", re.IGNORECASE)
_HEADER_OCTETS: Final = 16
_SHOWN_OCTETS: Final = 24


@click.command()
@click.argument("hex_digits", metavar="HEX...", nargs=-1, required=True)
def decode(hex_digits: tuple[str, ...]) -> None:
    """Examples:

    \b
      smppgw decode 00000010000000150000000000000001
      smppgw decode 00:00:00:10 00:00:00:15 00:00:00:00 00:00:00:01
      tshark -r trace.pcap -T fields -e tcp.payload | smppgw decode -

    Shows every field of one or several PDUs, one behind the other, with what is wrong or odd about it. - reads
    standard input.
    """  # noqa: D301, D415 # \b is click's mark for text that is not to be refilled
    text = sys.stdin.read() if hex_digits == ("-",) else "".join(hex_digits)
    try:
        octets = bytes.fromhex(_FILLING.sub("", text))
    except ValueError as error:
        raise click.BadParameter("these are no whole octets in hexadecimal digits", param_hint="HEX") from error
    for number, frame in enumerate(_frames(octets)):
        if number:
            click.echo()
        for line in describe(frame):
            click.echo(_shown(line))


def _frames(octets: bytes) -> Iterator[bytes]:
    """Cut by command_length; what cannot be cut is one last frame."""
    while octets:
        length = int.from_bytes(octets[:4], "big")
        if not _HEADER_OCTETS <= length <= len(octets):
            length = len(octets)
        yield octets[:length]
        octets = octets[length:]


def _shown(line: Line) -> str:
    raw = line.raw[:_SHOWN_OCTETS].hex() + ("..." if len(line.raw) > _SHOWN_OCTETS else "")
    words = escape(f"{line.field:<24} {raw:<18} {line.meaning}".rstrip())
    return f"{words}  ! {escape(line.warning)}" if line.warning else words
