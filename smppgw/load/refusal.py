"""How a server says no, in words."""

from smppgw.smpp.consts import CommandStatus


class BindRefusedError(ConnectionError):
    """The server did not accept a bind."""

    def __init__(self, status: int | None) -> None:
        """Keep the command_status; None where the connection ended instead."""
        super().__init__(status)
        self.status = status

    def __str__(self) -> str:
        return "bind: connection closed" if self.status is None else f"bind refused: {status_name(self.status)}"


def status_name(status: int) -> str:
    """The name of a command_status, or its number in hex."""
    try:
        return CommandStatus(status).name
    except ValueError:
        return f"0x{status:08X}"
