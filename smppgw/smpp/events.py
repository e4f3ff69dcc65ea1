"""What a session tells the application. Values only; the session makes them, nothing here decides."""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.pdu import Pdu


class EndReason(Enum):
    """Why a session ended; the value is the word of logs and metrics."""

    UNBOUND = "unbound"  # the peer asked for it
    DRAINED = "drained"  # we asked for it
    EOF = "eof"  # the peer closed its side without an unbind
    LOST = "lost"  # the connection broke
    ABORTED = "aborted"  # we broke the connection
    FRAMING = "framing"  # an impossible command_length
    PROTOCOL_ERRORS = "protocol_errors"
    SESSION_INIT = "session_init"  # no successful bind in time
    PDU_READ = "pdu_read"  # a PDU that never became whole
    LINK_DEAD = "link_dead"  # two enquire_links without a sign of life
    INACTIVITY = "inactivity"


class Fault(Enum):
    """What was wrong with a PDU that the application never saw; the value is the word of logs and metrics."""

    FRAMING = "framing"
    UNKNOWN_COMMAND = "unknown_command"
    BODY = "body"
    STATE = "state"  # legal, but not in this state of the session
    UNSERVED = "unserved"  # legal, but not offered here
    STRAY_RESPONSE = "stray_response"  # answers nothing that is open: late, repeated or invented


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A request in the right state: the application owes it exactly one `answer`."""

    pdu: Pdu


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The peer answered our request, with whatever command_status; a GenericNack counts as an answer."""

    request: Pdu
    response: Pdu


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """Our request got no answer in time, or the session ended first; the peer may or may not have taken it."""

    request: Pdu


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The session dealt with a bad PDU by itself; for the log and the counters only."""

    fault: Fault
    command_id: int
    sequence_number: int
    status: CommandStatus | None
    """What was answered; None where nothing was, because a response is never answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The last event of every session, exactly once."""

    reason: EndReason


Event: TypeAlias = Received | Answered | Unanswered | Refused | Ended
