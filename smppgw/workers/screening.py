"""The one place where messages are screened, between translation and routing.

Whole texts and parts pass when they are submitted, long texts again when their last part has come, and what a
replace_sm makes of a text like a new one. What is refused is counted by account and kind. Accounts that screen nothing
do not come here.
"""

from collections.abc import Mapping
from typing import Final

from smppgw.core.model import Message
from smppgw.core.screening import Kind, Screens
from smppgw.ops.metrics import Metrics
from smppgw.smpp.consts import CommandStatus
from smppgw.workers.translate import Refusal

_STATUSES: Final[Mapping[Kind, CommandStatus]] = {
    Kind.SENDER: CommandStatus.ESME_RINVSRCADR,
}


class Screening:
    """Keeps back what an account may not send."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def screen(self, screens: Screens, message: Message, now: float, *, whole: bool) -> Message | Refusal:
        """Return the message as it may be sent, or say why not.

        Args:
            screens: Of its account.
            message: Just submitted.
            now: Unix seconds.
            whole: False for a part of a text, which tells nothing of the text.
        """
        if screens.senders is not None and not screens.senders(message.sender):
            return self._keep_back(message, Kind.SENDER, "not one of the account's senders")
        return message

    def _keep_back(self, message: Message, kind: Kind, reason: str) -> Refusal:
        self._metrics.filtered(message.account, kind)
        return Refusal(_STATUSES[kind], reason, kind)
