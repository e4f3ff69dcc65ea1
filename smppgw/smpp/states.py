"""Which command is welcome in which state of a session, and what the others are told: the table is the specification.

SMPP v3.4 Table 2-1 as data, seen from the server. No session, no bytes, no time in here.
"""

from collections.abc import Mapping
from enum import Enum
from functools import cache
from types import MappingProxyType
from typing import Final, TypeAlias

from smppgw.smpp.consts import RESPONSE_BIT, BindType, CommandId, CommandStatus


class State(Enum):
    """Where a session stands (SMPP v3.4, 2.2; v5.0, 2.3), with the two steps that take time: a bind and an end."""

    OPEN = "open"
    OUTBOUND = "outbound"  # we made the connection and have sent outbind: the peer is to bind, so that it can receive
    BINDING = "binding"  # a bind waits for the application's answer
    BOUND_TX = "bound_tx"
    BOUND_RX = "bound_rx"
    BOUND_TRX = "bound_trx"
    UNBINDING = "unbinding"  # we want to end: what is owed is answered, unbind goes out, its answer is awaited
    LEAVING = "leaving"  # the peer wants to end, or can no longer be understood: what is owed is answered
    CLOSED = "closed"


class Action(Enum):
    """What the session does with a welcome PDU."""

    BIND = "bind"
    DELIVER = "deliver"  # to the application
    ECHO = "echo"  # enquire_link
    UNBIND = "unbind"
    MATCH = "match"  # a response: find its request


Reaction: TypeAlias = Action | CommandStatus
"""What happens to a PDU: an action, or the status of its refusal."""

BOUND: Final = frozenset({State.BOUND_TX, State.BOUND_RX, State.BOUND_TRX})
TRANSMITTING: Final = frozenset({State.BOUND_TX, State.BOUND_TRX})
RECEIVING: Final = frozenset({State.BOUND_RX, State.BOUND_TRX})

BIND_TYPES: Final[Mapping[int, BindType]] = MappingProxyType(
    {
        CommandId.BIND_TRANSMITTER: BindType.TRANSMITTER,
        CommandId.BIND_RECEIVER: BindType.RECEIVER,
        CommandId.BIND_TRANSCEIVER: BindType.TRANSCEIVER,
    }
)
"""The bind commands."""

BOUND_STATES: Final[Mapping[BindType, State]] = MappingProxyType(
    {
        BindType.TRANSMITTER: State.BOUND_TX,
        BindType.RECEIVER: State.BOUND_RX,
        BindType.TRANSCEIVER: State.BOUND_TRX,
    }
)

LEGAL: Final[Mapping[CommandId, frozenset[State]]] = MappingProxyType(
    {
        CommandId.BIND_TRANSMITTER: frozenset({State.OPEN}),
        CommandId.BIND_RECEIVER: frozenset({State.OPEN, State.OUTBOUND}),
        CommandId.BIND_TRANSCEIVER: frozenset({State.OPEN, State.OUTBOUND}),
        CommandId.UNBIND: BOUND | {State.UNBINDING},
        CommandId.ENQUIRE_LINK: frozenset(State) - {State.CLOSED},  # any state (SMPP v5.0, 4.1.2); v3.4 says bound ones
        CommandId.SUBMIT_SM: TRANSMITTING,
        CommandId.SUBMIT_MULTI: TRANSMITTING,
        CommandId.QUERY_SM: TRANSMITTING,
        CommandId.CANCEL_SM: TRANSMITTING,
        CommandId.REPLACE_SM: TRANSMITTING,
        CommandId.DATA_SM: TRANSMITTING,
        CommandId.DELIVER_SM: BOUND,
    }
)
"""The requests of an ESME and the states in which it may send them (SMPP v3.4, Table 2-1)."""

UNSERVED: Final[Mapping[CommandId, CommandStatus]] = MappingProxyType(
    {
        CommandId.SUBMIT_SM: CommandStatus.ESME_RINVCMDID,
        CommandId.SUBMIT_MULTI: CommandStatus.ESME_RINVCMDID,
        CommandId.QUERY_SM: CommandStatus.ESME_RQUERYFAIL,
        CommandId.CANCEL_SM: CommandStatus.ESME_RCANCELFAIL,
        CommandId.REPLACE_SM: CommandStatus.ESME_RREPLACEFAIL,
        CommandId.DATA_SM: CommandStatus.ESME_RINVCMDID,
        CommandId.DELIVER_SM: CommandStatus.ESME_RINVCMDID,  # only a message centre may send it
        CommandId.OUTBIND: CommandStatus.ESME_RINVCMDID,  # so too
        CommandId.ALERT_NOTIFICATION: CommandStatus.ESME_RINVCMDID,  # so too
    }
)
"""What a request in the right state is told when the application does not serve it."""

WITHOUT_RESPONSE: Final = frozenset({CommandId.OUTBIND, CommandId.ALERT_NOTIFICATION})
"""Requests that have no response of their own: a refusal of theirs is a generic_nack."""

ACTIONS: Final[Mapping[CommandId, Action]] = MappingProxyType(
    {
        CommandId.BIND_TRANSMITTER: Action.BIND,
        CommandId.BIND_RECEIVER: Action.BIND,
        CommandId.BIND_TRANSCEIVER: Action.BIND,
        CommandId.UNBIND: Action.UNBIND,
        CommandId.ENQUIRE_LINK: Action.ECHO,
    }
)
"""The requests that the session itself deals with."""


@cache
def reactions(serves: frozenset[CommandId]) -> Mapping[State, Mapping[int, Reaction]]:
    """The whole table for an application that serves these requests; an id that is not in it is unknown."""
    return {state: {command: _reaction(command, state, serves) for command in CommandId} for state in State}


def response_id(command_id: int) -> CommandId | int:
    """The command_id in which a request is refused (SMPP v3.4, 2.8 and 4.3)."""
    if command_id in UNSERVED or command_id in ACTIONS:
        return CommandId.GENERIC_NACK if command_id in WITHOUT_RESPONSE else command_id | RESPONSE_BIT
    return CommandId.GENERIC_NACK


def _reaction(command: CommandId, state: State, serves: frozenset[CommandId]) -> Reaction:
    if command & RESPONSE_BIT:
        return Action.MATCH
    if command in WITHOUT_RESPONSE:
        return UNSERVED[command]
    if state in LEGAL[command]:
        return _welcome(command, serves)
    if command in BIND_TYPES and state is not State.OUTBOUND:
        return CommandStatus.ESME_RALYBND
    if state is State.UNBINDING:
        return _while_unbinding(command, serves)
    return CommandStatus.ESME_RINVBNDSTS


def _welcome(command: CommandId, serves: frozenset[CommandId]) -> Reaction:
    if command in ACTIONS:
        return ACTIONS[command]
    return Action.DELIVER if command in serves else UNSERVED[command]


def _while_unbinding(command: CommandId, serves: frozenset[CommandId]) -> CommandStatus:
    # A session that we are ending is still bound until unbind_resp, so RINVBNDSTS would be untrue; and common clients
    # (Kannel) take it for a final refusal, while RSYSERR makes them send the message again after the next bind.
    return CommandStatus.ESME_RSYSERR if command in serves else UNSERVED[command]
