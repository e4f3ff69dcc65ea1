"""The one place where messages are screened, between translation and routing.

What is submitted passes, whole texts and parts; a text whose last part has come, and the new text of a replace_sm, pass
again for what can be told of whole texts only. What is kept back is counted by account and kind. Accounts that screen
nothing do not come here.

A repetition counts from the moment the first one has a way, so that of two at once only one goes out; where the first
one then cannot be stored, its repetition is none. A restart forgets what was sent.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from smppgw.core import numbers
from smppgw.core.content import offended
from smppgw.core.model import Message
from smppgw.core.optout import Optouts
from smppgw.core.repeats import Repeats, digest
from smppgw.core.screening import Kind, Respelling, Screens
from smppgw.core.transliteration import plain, plainest
from smppgw.smpp import text
from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.text import Alphabet
from smppgw.workers.policy import AccountPolicy
from smppgw.workers.translate import Draft, Refusal

_STATUSES: Final[Mapping[Kind, CommandStatus]] = {
    Kind.NUMBER: CommandStatus.ESME_RINVDSTADR,
    Kind.SENDER: CommandStatus.ESME_RINVSRCADR,
}
"""Of other kinds: ESME_RSUBMITFAIL."""


class _Fault(NamedTuple):
    kind: Kind
    reason: str
    status: int | None = None


class Screening:
    """Keeps back what accounts may not send, and dresses what they may."""

    def __init__(self, *, optouts: Optouts, secret: bytes, count: Callable[[str, Kind], None]) -> None:
        """Begin without having seen anything.

        Args:
            optouts: Who wants nothing more.
            secret: Of this process, at most 64 octets; without it nobody can make two texts that seem one.
            count: Told the account and the kind of each message that is kept back.

        ``reload`` tells it the policies.
        """
        self._optouts = optouts
        self._secret = secret
        self._count = count
        self._repeats: dict[str, Repeats] = {}
        self._heeding: frozenset[str] = frozenset()
        """The accounts whose recipients can opt out."""

    def reload(self, policies: Mapping[str, AccountPolicy]) -> None:
        """Go by other policies for what waits; what is submitted brings its own."""
        asked = {name: policy.screens for name, policy in policies.items()}
        self._heeding = frozenset(name for name, screens in asked.items() if screens and screens.words)

    def is_unwanted(self, message: Message) -> bool:
        """Whether the recipient of a message that waits has opted out."""
        return message.account in self._heeding and self._optouts.has(message.account, message.recipient)

    def submitted(self, screens: Screens, message: Message, now: float, *, whole: bool) -> Message | Refusal:
        """Return what was submitted as it may be sent, or say why not.

        Args:
            screens: Of its account.
            message: As submitted.
            now: Unix seconds.
            whole: False for a part of a text, which tells nothing of the text.
        """
        fault = self._fault_of_addresses(screens, message)
        if fault is None and whole:
            fault = _fault_of_text(screens, message)
            message = _respelled(screens, message)
            if fault is None and screens.duplicates_s is not None:
                fault = self._fault_of_repetition(message, now, screens.duplicates_s)
        return _signed(screens, message) if fault is None else self._keep_back(message, fault)

    def completed(self, screens: Screens, message: Message) -> Message | Refusal:
        """Return a text that is whole now, or anew, as it may be sent, or say why not; its sender is known already."""
        fault = self._fault_of_recipient(screens, message) or _fault_of_text(screens, message)
        return _signed(screens, _respelled(screens, message)) if fault is None else self._keep_back(message, fault)

    def _keep_back(self, message: Message, fault: _Fault) -> Refusal:
        self._count(message.account, fault.kind)
        status = fault.status or _STATUSES.get(fault.kind, CommandStatus.ESME_RSUBMITFAIL)
        return Refusal(status, fault.reason, fault.kind)

    def _fault_of_addresses(self, screens: Screens, message: Message) -> _Fault | None:
        if screens.senders is not None and not screens.senders(message.sender):
            return _Fault(Kind.SENDER, "the sender is none of the account's")
        if screens.assigned_numbers and not numbers.is_assigned(message.recipient):
            return _Fault(Kind.NUMBER, "nobody has such a number")
        return self._fault_of_recipient(screens, message)

    def _fault_of_recipient(self, screens: Screens, message: Message) -> _Fault | None:
        if screens.words is not None and self._optouts.has(message.account, message.recipient):
            return _Fault(Kind.OPTED_OUT, "the recipient has opted out")
        return None

    # --- repetitions --------------------------------------------------------------------------------------------------

    def _fault_of_repetition(self, message: Message, now: float, window_s: float) -> _Fault | None:
        repeats = self._repeats.get(message.account)
        if repeats is not None and repeats.has(self._digest(message), now, window_s):
            return _Fault(Kind.DUPLICATE, f"the same as less than {window_s:g} s ago")
        return None

    def remember(self, screens: Screens, account: str, draft: Draft, now: float) -> None:
        """Let the same text be a repetition from now on; a part is none."""
        if screens.duplicates_s is not None and draft.part is None:
            repeats = self._repeats.setdefault(account, Repeats())
            repeats.note(self._digest(draft), now, screens.duplicates_s)

    def forget(self, account: str, drafts: Iterable[Draft]) -> None:
        """Let the same texts be none: they could not be stored; parts never were remembered."""
        if (repeats := self._repeats.get(account)) is not None:
            for draft in drafts:
                if draft.part is None:
                    repeats.forget(self._digest(draft))

    def _digest(self, message: Message | Draft) -> bytes:
        """Return what stands for a text; its sender is the one that was submitted."""
        return digest(self._secret, message.sender, message.recipient, message.text)


def _fault_of_text(screens: Screens, message: Message) -> _Fault | None:
    if not screens.content:
        return None
    rule = offended(screens.content, message.text, message.traffic_class)
    return None if rule is None else _Fault(Kind.CONTENT, f"content rule {rule.name}", rule.status)


def _respelled(screens: Screens, message: Message) -> Message:
    """Return the text in the GSM alphabet where the account wants that, all of it fits, and it saves an SMS."""
    if screens.respelling is None or message.parts == 1:
        return message
    spelled = (plainest if screens.respelling is Respelling.LOSSY else plain)(message.text)
    count = text.parts(spelled)
    if count.alphabet is not Alphabet.GSM7 or count.parts >= message.parts:
        return message
    return replace(message, text=spelled, parts=count.parts)


def _signed(screens: Screens, message: Message) -> Message:
    sender = screens.sender_in(message.country) if screens.sender_for else None
    return message if sender is None else replace(message, sender=sender, sender_is_number=sender.isdecimal())
