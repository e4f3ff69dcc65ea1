"""From the configuration to what an account is screened for."""

from collections.abc import Iterable

from smppgw.config.accounts import Account
from smppgw.config.content import ContentSection
from smppgw.core import content
from smppgw.core.content import ContentRule
from smppgw.core.optout import Words
from smppgw.core.routing import patterns
from smppgw.core.screening import Respelling, Screens

_RESPELLINGS = {False: None, True: Respelling.PUNCTUATION, "lossy": Respelling.LOSSY}
_NOTHING = Screens()


def screens(account: Account, sections: Iterable[ContentSection]) -> Screens | None:
    """Return what an account is screened for; None: nothing."""
    rules = [section for section in sections if not section.accounts or account.system_id in section.accounts]
    made = Screens(
        assigned_numbers=account.numbers == "valid",
        senders=patterns.compiled(account.senders) if account.senders else None,
        sender_for=account.sender_for or {},
        words=Words(account.stop_words, account.start_words) if account.optout else None,
        content=tuple(map(_rule, rules)),
        respelling=_RESPELLINGS[account.smart_encoding],
        duplicates_s=account.duplicates,
    )
    return None if made == _NOTHING else made


def _rule(section: ContentSection) -> ContentRule:
    return ContentRule(
        name=section.name,
        traffic_classes=frozenset(section.traffic_class),
        text=content.compiled(section.text) if section.text else None,
        hosts=None if section.links is None else frozenset(section.links),
        status=section.status,
    )
