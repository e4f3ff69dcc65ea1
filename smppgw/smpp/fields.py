"""The kinds of mandatory fields: how one is read from a frame and written.

Every read is bounded by the frame. Errors here are RemoteProtocolErrors without the facts of the header, which
`pdu.decode` adds. The tables of fields are in `pdu`, their order is put to work in `layout`.
"""

from dataclasses import dataclass
from typing import Any, Final, Protocol

from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.errors import LocalProtocolError, RemoteProtocolError

DEST_FLAG_SME: Final = 1
DEST_FLAG_DISTRIBUTION_LIST: Final = 2


class Kind(Protocol):
    """How one field is read and written."""

    def read(self, frame: bytes, offset: int) -> tuple[Any, int]:
        """The value at `offset`, and the offset after it; RemoteProtocolError where it is not there."""

    def write(self, value: Any) -> bytes:
        """The octets of a value; LocalProtocolError, ValueError or OverflowError where it does not fit."""


@dataclass(frozen=True, slots=True)
class COctets:
    """A C-octet string: Latin-1 text with a closing NUL (SMPP v3.4, 3.1). Latin-1, because it loses no octet."""

    max_octets: int
    """Longest field with its closing NUL, in octets."""
    status: CommandStatus = CommandStatus.ESME_RINVCMDLEN
    """What a longer one deserves."""

    def read(self, frame: bytes, offset: int) -> tuple[str, int]:
        """The text up to the NUL, searched for within the field and the frame only."""
        limit = offset + self.max_octets
        end = frame.find(0, offset, limit)
        if end < 0:
            raise RemoteProtocolError(self.status if limit <= len(frame) else CommandStatus.ESME_RINVCMDLEN)
        return frame[offset:end].decode("latin-1"), end + 1

    def write(self, value: str) -> bytes:
        """The text and a NUL."""
        if len(value) >= self.max_octets:
            raise LocalProtocolError(f"{len(value)} octets and a NUL are more than {self.max_octets}")
        if "\0" in value:
            raise LocalProtocolError("a NUL inside a C-octet string")
        return value.encode("latin-1") + b"\0"


@dataclass(frozen=True, slots=True)
class Int:
    """An unsigned integer, most significant octet first (SMPP v3.4, 3.1)."""

    octets: int

    def read(self, frame: bytes, offset: int) -> tuple[int, int]:
        """The number."""
        end = offset + self.octets
        if end > len(frame):
            raise RemoteProtocolError(CommandStatus.ESME_RINVCMDLEN)
        return int.from_bytes(frame[offset:end], "big"), end

    def write(self, value: int) -> bytes:
        """The number in its octets."""
        return value.to_bytes(self.octets, "big")


@dataclass(frozen=True, slots=True)
class ShortMessage:
    """sm_length and short_message. The specification ends at 254 octets; 255 fit and are read (SMPP v3.4, 5.2.21)."""

    def read(self, frame: bytes, offset: int) -> tuple[bytes, int]:
        """The octets that sm_length announces; ESME_RINVMSGLEN where the frame has fewer."""
        start = offset + 1
        if start > len(frame):
            raise RemoteProtocolError(CommandStatus.ESME_RINVCMDLEN)
        end = start + frame[offset]
        if end > len(frame):
            raise RemoteProtocolError(CommandStatus.ESME_RINVMSGLEN)
        return frame[start:end], end

    def write(self, value: bytes) -> bytes:
        """The length and the octets."""
        return bytes((len(value),)) + value


@dataclass(frozen=True, slots=True, kw_only=True)
class SmeAddress:
    """One destination of a submit_multi that is a number (SMPP v3.4, 4.5.1.1)."""

    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionList:
    """One destination of a submit_multi that is a list known to the server (SMPP v3.4, 4.5.1.2)."""

    dl_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsuccessSme:
    """A destination that submit_multi did not reach, and why (SMPP v3.4, 4.5.2.1)."""

    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""
    error_status_code: int = 0


OCTET: Final = Int(1)
_STATUS_CODE: Final = Int(4)
_DESTINATION: Final = COctets(21, CommandStatus.ESME_RINVDSTADR)
_DL_NAME: Final = COctets(21, CommandStatus.ESME_RINVDLNAME)


@dataclass(frozen=True, slots=True)
class DestAddresses:
    """number_of_dests and as many dest_address (SMPP v3.4, 4.5.1): one to the 255 it can count."""

    def read(self, frame: bytes, offset: int) -> tuple[tuple[SmeAddress | DistributionList, ...], int]:
        """The destinations; ESME_RINVNUMDESTS for none, ESME_RINVDESTFLAG for an unknown dest_flag."""
        count, offset = OCTET.read(frame, offset)
        if count == 0:
            raise RemoteProtocolError(CommandStatus.ESME_RINVNUMDESTS)
        found = []
        for _ in range(count):
            one, offset = self._read_one(frame, offset)
            found.append(one)
        return tuple(found), offset

    @staticmethod
    def _read_one(frame: bytes, offset: int) -> tuple[SmeAddress | DistributionList, int]:
        flag, offset = OCTET.read(frame, offset)
        if flag == DEST_FLAG_DISTRIBUTION_LIST:
            dl_name, offset = _DL_NAME.read(frame, offset)
            return DistributionList(dl_name=dl_name), offset
        if flag != DEST_FLAG_SME:
            raise RemoteProtocolError(CommandStatus.ESME_RINVDESTFLAG)
        ton, npi, address, offset = _read_address(frame, offset)
        return SmeAddress(dest_addr_ton=ton, dest_addr_npi=npi, destination_addr=address), offset

    def write(self, value: tuple[SmeAddress | DistributionList, ...]) -> bytes:
        """The count and the destinations."""
        if not value:
            raise LocalProtocolError("a submit_multi needs a destination")
        return OCTET.write(len(value)) + b"".join(map(self._write_one, value))

    @staticmethod
    def _write_one(one: SmeAddress | DistributionList) -> bytes:
        if isinstance(one, DistributionList):
            return OCTET.write(DEST_FLAG_DISTRIBUTION_LIST) + _DL_NAME.write(one.dl_name)
        return OCTET.write(DEST_FLAG_SME) + _write_address(one)


@dataclass(frozen=True, slots=True)
class UnsuccessSmes:
    """no_unsuccess and as many unsuccess_sme (SMPP v3.4, 4.5.2)."""

    def read(self, frame: bytes, offset: int) -> tuple[tuple[UnsuccessSme, ...], int]:
        """The destinations that failed."""
        count, offset = OCTET.read(frame, offset)
        found = []
        for _ in range(count):
            ton, npi, address, offset = _read_address(frame, offset)
            code, offset = _STATUS_CODE.read(frame, offset)
            found.append(
                UnsuccessSme(dest_addr_ton=ton, dest_addr_npi=npi, destination_addr=address, error_status_code=code)
            )
        return tuple(found), offset

    def write(self, value: tuple[UnsuccessSme, ...]) -> bytes:
        """The count and the destinations."""
        return OCTET.write(len(value)) + b"".join(
            _write_address(one) + _STATUS_CODE.write(one.error_status_code) for one in value
        )


def _read_address(frame: bytes, offset: int) -> tuple[int, int, str, int]:
    ton, offset = OCTET.read(frame, offset)
    npi, offset = OCTET.read(frame, offset)
    address, offset = _DESTINATION.read(frame, offset)
    return ton, npi, address, offset


def _write_address(one: SmeAddress | UnsuccessSme) -> bytes:
    return bytes((one.dest_addr_ton, one.dest_addr_npi)) + _DESTINATION.write(one.destination_addr)
