"""What can go wrong with SMPP bytes, and who is to blame.

LocalProtocolError: a bug here; it stops the test. RemoteProtocolError: the peer's bytes, inside one frame; answer it
and go on. UnframableError: the peer's bytes, and where the next frame begins is lost; answer it and close.
"""

from collections.abc import Sequence

from smppgw.smpp.consts import RESPONSE_BIT, CommandId, CommandStatus


class SmppError(Exception):
    """Base of all errors of this library."""


class LocalProtocolError(SmppError):
    """Our own side asked for something that SMPP does not allow, such as a field that does not fit."""


class RemoteProtocolError(SmppError):
    """One PDU of the peer is bad; its frame is delimited, so the session can answer and go on."""

    def __init__(
        self, status: CommandStatus, command_id: int | None = None, sequence_number: int = 0, *, field: str = ""
    ) -> None:
        """Keep the facts.

        Args:
            status: What the answer shall say.
            command_id: The raw id of the bad PDU; None where only a part of one was read (a single TLV).
            sequence_number: Of the bad PDU, to be echoed.
            field: The field at fault, by its name in the specification; empty for the PDU as a whole.
        """
        super().__init__(status, command_id, sequence_number, field)
        self.status = status
        self.command_id = command_id
        self.sequence_number = sequence_number
        self.field = field

    @property
    def is_response(self) -> bool:
        """Whether the bad PDU was a response: none is ever answered, or peers would nack each other for ever."""
        return self.command_id is not None and bool(self.command_id & RESPONSE_BIT)

    def __str__(self) -> str:
        where = f" in {self.field}" if self.field else ""
        return f"{_command_name(self.command_id)} {self.sequence_number}: {self.status.name}{where}"


class UnframableError(SmppError):
    """A command_length that cannot be: nothing after it can be trusted. Send a generic_nack, then close."""

    def __init__(self, status: CommandStatus, sequence_number: int = 0, *, frames: Sequence[bytes] = ()) -> None:
        """Keep the facts.

        Args:
            status: What the generic_nack shall say.
            sequence_number: Of the bad PDU, 0 (NULL) where it cannot be known.
            frames: The whole frames that came before the fault in the same read; they are good.
        """
        super().__init__(status, sequence_number)
        self.status = status
        self.sequence_number = sequence_number
        self.frames = tuple(frames)

    def __str__(self) -> str:
        return f"stream: {self.status.name} in command_length, {len(self.frames)} good frames before it"


def _command_name(command_id: int | None) -> str:
    if command_id is None:
        return "tlv"
    try:
        return CommandId(command_id).name.lower()
    except ValueError:
        return f"command 0x{command_id:08X}"
