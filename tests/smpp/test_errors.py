import pytest

from smppgw.smpp.consts import CommandId, CommandStatus
from smppgw.smpp.errors import LocalProtocolError, RemoteProtocolError, SmppError, UnframableError


def test_a_remote_error_says_what_and_where() -> None:
    error = RemoteProtocolError(CommandStatus.ESME_RINVSRCADR, CommandId.SUBMIT_SM, 7, field="source_addr")

    assert str(error) == "submit_sm 7: ESME_RINVSRCADR in source_addr"


def test_a_remote_error_names_an_unknown_command_by_its_number() -> None:
    error = RemoteProtocolError(CommandStatus.ESME_RINVCMDID, 0xFF, 7)

    assert str(error) == "command 0x000000FF 7: ESME_RINVCMDID"


@pytest.mark.parametrize(
    ("command_id", "is_response"),
    [(CommandId.SUBMIT_SM, False), (CommandId.SUBMIT_SM_RESP, True), (CommandId.GENERIC_NACK, True), (None, False)],
)
def test_a_remote_error_knows_whether_it_may_be_answered(command_id: int | None, is_response: bool) -> None:
    error = RemoteProtocolError(CommandStatus.ESME_RINVCMDLEN, command_id, 1)

    assert error.is_response is is_response


def test_an_unframable_error_keeps_the_good_frames_before_it() -> None:
    error = UnframableError(CommandStatus.ESME_RINVCMDLEN, 3, frames=[b"one", b"two"])

    assert error.frames == (b"one", b"two")
    assert str(error) == "stream: ESME_RINVCMDLEN in command_length, 2 good frames before it"


def test_all_errors_share_one_base() -> None:
    assert all(issubclass(error, SmppError) for error in (LocalProtocolError, RemoteProtocolError, UnframableError))
