"""Bytes of a stream into whole frames, bounded.

Knows command_length and nothing else of SMPP. It never holds more than one unfinished frame beyond the last read, and a
frame that arrives octet by octet costs no more than its length.
"""

from struct import Struct
from typing import Final

from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.errors import UnframableError

MIN_OCTETS: Final = 16
"""A PDU is at least its header."""

DEFAULT_MAX_OCTETS: Final = 68 * 1024
"""A message_payload of 64 KiB with all that may stand beside it."""

_LENGTH: Final = Struct(">I")
_SEQUENCE_NUMBER: Final = Struct(">12xI")


class Framer:
    """Cuts one direction of one connection."""

    def __init__(self, max_octets: int = DEFAULT_MAX_OCTETS) -> None:
        """Take frames of 16 to `max_octets` octets."""
        self.max_octets = max_octets
        self._buffer = bytearray()
        self._wanted = _LENGTH.size
        self._lost = False

    @property
    def pending(self) -> bool:
        """Whether the beginning of a frame is waiting for its end."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was read; return the frames that are whole now.

        Raises:
            UnframableError: As soon as the four octets of an impossible command_length are there. It brings the good
                frames before it. All later data is dropped: nothing after such a fault can be trusted.
        """
        if self._lost:
            return []
        self._buffer += data
        return self._cut() if len(self._buffer) >= self._wanted else []

    def _cut(self) -> list[bytes]:
        """Split off all whole frames, and note how many octets the next one needs."""
        data = bytes(self._buffer)
        have = len(data)
        frames: list[bytes] = []
        start = 0
        self._wanted = _LENGTH.size
        while have - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(data, start)
            if not MIN_OCTETS <= length <= self.max_octets:
                raise self._fault(frames, data, start)
            if have - start < length:
                self._wanted = length
                break
            frames.append(data[start : start + length])
            start += length
        del self._buffer[:start]
        return frames

    def _fault(self, frames: list[bytes], data: bytes, start: int) -> UnframableError:
        """The fault, with the sequence_number where its octets have come; else NULL (SMPP v3.4, 4.3)."""
        self._lost = True
        self._buffer.clear()
        readable = len(data) - start >= MIN_OCTETS
        sequence_number = _SEQUENCE_NUMBER.unpack_from(data, start)[0] if readable else 0
        return UnframableError(CommandStatus.ESME_RINVCMDLEN, sequence_number, frames=frames)
