"""The table of states against SMPP v3.4 Table 2-1, written down a second time and the other way round."""

import pytest

from smppgw.smpp.consts import RESPONSE_BIT, CommandId, CommandStatus
from smppgw.smpp.states import Action, State, reactions, response_id

SERVES = frozenset({CommandId.SUBMIT_SM})
EVERYTHING = frozenset(
    {
        CommandId.SUBMIT_SM,
        CommandId.SUBMIT_MULTI,
        CommandId.DATA_SM,
        CommandId.QUERY_SM,
        CommandId.CANCEL_SM,
        CommandId.REPLACE_SM,
    }
)
BINDS = (CommandId.BIND_TRANSMITTER, CommandId.BIND_RECEIVER, CommandId.BIND_TRANSCEIVER)
BOUND = (State.BOUND_TX, State.BOUND_RX, State.BOUND_TRX)
LIVE = tuple(state for state in State if state is not State.CLOSED)
RINVBNDSTS = CommandStatus.ESME_RINVBNDSTS
RALYBND = CommandStatus.ESME_RALYBND
RINVCMDID = CommandStatus.ESME_RINVCMDID


@pytest.mark.parametrize("command", BINDS)
@pytest.mark.parametrize("state", [state for state in LIVE if state is not State.OUTBOUND])
def test_a_bind_is_welcome_before_a_bind_only(command: CommandId, state: State) -> None:
    """A second bind is told that the session is bound already."""
    expected = Action.BIND if state is State.OPEN else RALYBND

    assert reactions(SERVES)[state][command] is expected


@pytest.mark.parametrize("command", BINDS)
def test_whom_we_called_is_to_receive(command: CommandId) -> None:
    """A transmitter would miss the purpose (SMPP v3.4, 2.2.1)."""
    expected = RINVBNDSTS if command is CommandId.BIND_TRANSMITTER else Action.BIND

    assert reactions(SERVES)[State.OUTBOUND][command] is expected


@pytest.mark.parametrize(
    ("state", "reaction"),
    [
        (State.OPEN, RINVBNDSTS),
        (State.OUTBOUND, RINVBNDSTS),
        (State.BINDING, RINVBNDSTS),
        (State.BOUND_TX, Action.DELIVER),
        (State.BOUND_RX, RINVBNDSTS),
        (State.BOUND_TRX, Action.DELIVER),
        (State.UNBINDING, CommandStatus.ESME_RSYSERR),
        (State.LEAVING, RINVBNDSTS),
    ],
)
@pytest.mark.parametrize("command", sorted(EVERYTHING))
def test_served_work_is_welcome_on_transmitting_binds_only(
    command: CommandId, state: State, reaction: Action | CommandStatus
) -> None:
    """While we unbind, work is refused as temporary."""
    assert reactions(EVERYTHING)[state][command] is reaction


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (CommandId.QUERY_SM, CommandStatus.ESME_RQUERYFAIL),
        (CommandId.CANCEL_SM, CommandStatus.ESME_RCANCELFAIL),
        (CommandId.REPLACE_SM, CommandStatus.ESME_RREPLACEFAIL),
        (CommandId.SUBMIT_MULTI, RINVCMDID),
        (CommandId.DATA_SM, RINVCMDID),
        (CommandId.DELIVER_SM, RINVCMDID),
    ],
)
@pytest.mark.parametrize("state", [State.BOUND_TX, State.BOUND_TRX])
def test_unserved_work_is_refused_truthfully(command: CommandId, status: CommandStatus, state: State) -> None:
    """Known commands that nobody serves keep the session alive."""
    assert reactions(SERVES)[state][command] is status


@pytest.mark.parametrize("state", LIVE)
def test_enquire_link_is_welcome_in_any_state(state: State) -> None:
    """SMPP v5.0, 4.1.2."""
    assert reactions(SERVES)[state][CommandId.ENQUIRE_LINK] is Action.ECHO


@pytest.mark.parametrize("state", LIVE)
def test_unbind_is_welcome_when_bound(state: State) -> None:
    """Also while our own unbind is on its way."""
    expected = Action.UNBIND if state in (*BOUND, State.UNBINDING) else RINVBNDSTS

    assert reactions(SERVES)[state][CommandId.UNBIND] is expected


@pytest.mark.parametrize("state", LIVE)
def test_responses_are_matched_and_never_refused(state: State) -> None:
    """A response is never answered."""
    row = reactions(SERVES)[state]

    assert {row[command] for command in CommandId if command & RESPONSE_BIT} == {Action.MATCH}


@pytest.mark.parametrize(
    ("command_id", "expected"),
    [
        (CommandId.SUBMIT_SM, CommandId.SUBMIT_SM_RESP),
        (CommandId.BIND_RECEIVER, CommandId.BIND_RECEIVER_RESP),
        (CommandId.QUERY_SM, CommandId.QUERY_SM_RESP),
        (CommandId.UNBIND, CommandId.UNBIND_RESP),
        (CommandId.OUTBIND, CommandId.GENERIC_NACK),
        (CommandId.ALERT_NOTIFICATION, CommandId.GENERIC_NACK),
        (0x000000FF, CommandId.GENERIC_NACK),
    ],
)
def test_a_refusal_goes_into_the_matching_response(command_id: int, expected: CommandId) -> None:
    """generic_nack only for what has no response."""
    assert response_id(command_id) == expected
