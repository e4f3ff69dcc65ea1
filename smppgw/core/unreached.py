"""The delivery pending flag: who could not be reached, and that an ESME wants to hear when he is back. Pure.

An ESME sets it with set_dpf in a data_sm (SMPP v3.4, 5.3.2.29). In a network the HLR keeps the flag and tells when the
phone answers again; HTTP carriers tell nothing of the kind. What they do tell is the end of each message. So the flag
is kept here, per account and recipient, where a message ended because the phone could not be reached; and a later
message of the same account that is reported as delivered to him says that he is back.
"""

from typing import Final

from smppgw.core.codes import ErrorCode

UNREACHED: Final = frozenset({ErrorCode.VALIDITY_EXCEEDED, ErrorCode.NOT_ON_SERVICE, ErrorCode.HANDSET_FAULT})
"""The ends that say that the phone could not be reached, or could not take the message, for the time being. Not those
that say nothing of the phone, nor those that the gateway itself made: it did not try."""

REMEMBERED_S: Final = 7 * 86400.0
"""How long a flag stands: as long as a receipt waits for its account, by default."""
