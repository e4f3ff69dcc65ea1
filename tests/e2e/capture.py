"""Writes octets of TCP sessions as a capture file, so that another dissector can read what was said.

Only what a dissector needs: raw IPv4 packets with ports and sequence numbers, no handshake, no checksums.
"""

import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

SMPP_PORT = 2775
_RAW_IPV4 = 228
_ESME, _GATEWAY = bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2))
_ACK_PUSH = 0x18


def write_pcap(file: Path, sessions: Sequence[Iterable[tuple[bool, bytes]]]) -> None:
    """Write sessions one after the other; of each the frames of both directions, True: from the ESME."""
    octets = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, _RAW_IPV4)]
    for place, session in enumerate(sessions):
        octets += _packets(40_000 + place, session)
    file.write_bytes(b"".join(octets))


def _packets(esme_port: int, session: Iterable[tuple[bool, bytes]]) -> Iterable[bytes]:
    written = {True: 1, False: 1}
    for from_esme, frame in session:
        ports = (esme_port, SMPP_PORT) if from_esme else (SMPP_PORT, esme_port)
        tcp = struct.pack(
            ">HHIIBBHHH", *ports, written[from_esme], written[not from_esme], 5 << 4, _ACK_PUSH, 0xFFFF, 0, 0
        )
        addresses = _ESME + _GATEWAY if from_esme else _GATEWAY + _ESME
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(frame), 0, 0, 64, 6, 0) + addresses
        written[from_esme] += len(frame)
        packet = ip + tcp + frame
        yield struct.pack("<IIII", 0, 0, len(packet), len(packet)) + packet
