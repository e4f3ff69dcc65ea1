"""The closed lists behind every metric label that is not a configured name. No peer can add to them.

What is on none of them is counted as ``other``: a series that is wrong by name is better than one more per stranger.
"""

from typing import Final

OTHER: Final = "other"
UNKNOWN_ACCOUNT: Final = "_unknown"
"""Whatever system_id a stranger tried."""
NO_CARRIER: Final = "none"
"""For a message that ended without a carrier."""
NO_RULE: Final = "none"
"""For a message that no route matched."""

BIND_TYPES: Final = ("transmitter", "receiver", "transceiver")
BIND_RESULTS: Final = (
    "ok", "credentials", "address", "certificate", "uncalled", "locked", "rate", "bind_type", "limit", "draining",
    "unchecked", OTHER,
)  # fmt: skip
"""``credentials``: unknown id or wrong password, which nobody may tell apart. ``uncalled``: on a connection that was
made to call another account. ``locked`` and ``rate``: not even looked at, after too many failures, or because too many
came in a short time. ``unchecked``: the gateway had no means to check the password."""
OUTBIND_RESULTS: Final = ("bound", "no_bind", "unreachable", "tls", OTHER)
"""``no_bind``: the ESME took the call and did not bind. ``tls``: it is somebody else, or speaks no TLS."""
DISCONNECT_REASONS: Final = (
    "unbound", "drained", "eof", "lost", "aborted", "framing", "protocol_errors", "session_init", "pdu_read",
    "link_dead", "inactivity", OTHER,
)  # fmt: skip
DIRECTIONS: Final = ("in", "out")
_REQUESTS: Final = (
    "bind_receiver", "bind_transmitter", "bind_transceiver", "unbind", "submit_sm", "submit_multi", "data_sm",
    "deliver_sm", "query_sm", "cancel_sm", "replace_sm", "enquire_link",
)  # fmt: skip
COMMANDS: Final = (
    *_REQUESTS, *(f"{command}_resp" for command in _REQUESTS), "outbind", "alert_notification", "generic_nack", OTHER,
)  # fmt: skip
PDU_FAULTS: Final = ("framing", "unknown_command", "body", "state", "unserved", "stray_response", OTHER)
SUBMIT_STATUSES: Final = (
    "ESME_ROK", "ESME_RINVMSGLEN", "ESME_RINVCMDLEN", "ESME_RINVBNDSTS", "ESME_RINVPRTFLG", "ESME_RINVREGDLVFLG",
    "ESME_RSYSERR", "ESME_RINVSRCADR", "ESME_RINVDSTADR", "ESME_RMSGQFUL", "ESME_RINVSERTYP", "ESME_RINVESMCLASS",
    "ESME_RSUBMITFAIL", "ESME_RINVSRCTON", "ESME_RINVSRCNPI", "ESME_RINVDSTTON", "ESME_RINVDSTNPI",
    "ESME_RINVREPFLAG", "ESME_RTHROTTLED", "ESME_RINVSCHED", "ESME_RINVEXPIRY", "ESME_RINVDFTMSGID", "ESME_RX_T_APPN",
    "ESME_RX_P_APPN", "ESME_RINVOPTPARSTREAM", "ESME_ROPTPARNOTALLWD", "ESME_RINVPARLEN", "ESME_RMISSINGOPTPARAM",
    "ESME_RINVOPTPARAMVAL", "ESME_RUNKNOWNERR", "ESME_RPROHIBITED", "ESME_RINVDCS", OTHER,
)  # fmt: skip
THROTTLE_LIMITS: Final = ("tps", "window", "queue", "store", OTHER)
FILTER_KINDS: Final = (
    "number", "sender", "opted_out", "duplicate", "content", "country", "pumping", OTHER,
)  # fmt: skip
BLOCK_KINDS: Final = ("sequence", "spend", "messages", "widened", OTHER)
"""``widened``: a country, for the blocked prefixes in it."""
STATES: Final = ("delivered", "expired", "deleted", "undeliverable", "accepted", "unknown", "rejected", OTHER)
STAGES: Final = ("assembling", "scheduled", "queued", "sending", "doubtful", "parked", "awaiting_status")
OPERATIONS: Final = ("send", "status", "lookup", "templates", "statistics", "version", OTHER)
OUTCOMES: Final = ("ok", "rejected", "deferred", "doubtful")
DOUBT_ENDINGS: Final = ("unknown", "parked", "resent")
PUSH_RESULTS: Final = ("stored", "refused", "too_large", "timeout", "failed", "unreadable", OTHER)
"""``refused``: unknown address, wrong secret or wrong source, which nobody outside may tell apart. ``failed``: the
store could not keep it. ``unreadable``: stored, but not all of it could be understood."""
DEARER: Final = "up"
CHEAPER: Final = "down"
CORRECTIONS: Final = (DEARER, CHEAPER)
CIRCUIT_STATES: Final = ("closed", "half_open", "open")
PAUSE_CAUSES: Final = ("login", "money", "quota", "throttle")
ROUTE_RESULTS: Final = ("routed", "held", "refused", "no_candidate", "no_route", OTHER)
DROP_KINDS: Final = ("cannot_take", "too_dear", "no_price", "delivers_too_little", "too_slow", "over_budget", OTHER)
TRAFFIC_CLASSES: Final = ("otp", "transactional", "marketing", OTHER)
STATS: Final = ("ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD")
