"""What an operator may choose about a session. Values only: the session and its timers read them, nothing here acts."""

from dataclasses import dataclass

from smppgw.smpp.consts import VERSION_3_4, CommandId


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSettings:
    """Timers, windows and limits of one SMPP session; a duration of `math.inf` switches its timer off."""

    system_id: str = "SMPPGW"
    """What we call ourselves in a bind_resp."""
    interface_version: int = VERSION_3_4
    """What we say in sc_interface_version to peers that understand TLVs (SMPP v3.4, 5.3.2.25)."""
    serves: frozenset[CommandId] = frozenset({CommandId.SUBMIT_SM})
    """The requests that the application answers, besides binds; known others are refused truthfully."""
    session_init_s: float = 10.0
    """From the connection to a successful bind (SMPP v3.4, 7.2), without the time in which binds are checked."""
    pdu_read_s: float = 10.0
    """From the first octet of a PDU to its last."""
    enquire_link_s: float = 30.0
    """Silence of the peer before we send an enquire_link, and between two; two without a sign of life end it."""
    inactivity_s: float = 300.0
    """Silence of the peer, of any PDU, before the session ends (SMPP v3.4, 7.2)."""
    response_s: float = 60.0
    """From our request to its response; also the longest wait for the last answers of a session that ends."""
    window_in: int = 100
    """Requests of the peer without our answer; at this number the session stops taking further ones."""
    window_out: int = 10
    """Our requests without the peer's answer (SMPP v3.4, 2.7 advises ten)."""
    max_octets: int = 68 * 1024
    """The longest PDU accepted, header included."""
    protocol_errors_per_min: int = 10
    """Malformed or unknown PDUs within a minute; the last of them ends the session."""
