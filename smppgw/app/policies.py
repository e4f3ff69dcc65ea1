"""From the configuration to the values that workers go by."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from smppgw.config.accounts import Account
from smppgw.config.routes import Route
from smppgw.config.settings import Settings
from smppgw.core.ids import IdForm
from smppgw.core.lockout import LockoutRules
from smppgw.core.rates import Exchange, RateCard
from smppgw.core.routing import Match, Router, Rule
from smppgw.smpp.receipt import DIALECTS
from smppgw.smpp.settings import SessionSettings
from smppgw.smpp.text import Alphabet
from smppgw.workers.policy import AccountPolicy
from smppgw.workers.pricing import Prices
from smppgw.workers.reception import SERVES

_ENCODING: Final = "utf-8-sig"


def account_policies(accounts: Iterable[Account]) -> dict[str, AccountPolicy]:
    """Return the policy of each account, by system_id."""
    return {account.system_id: _policy(account) for account in accounts}


def _policy(account: Account) -> AccountPolicy:
    return AccountPolicy(
        system_id=account.system_id,
        password_hash=account.password_hash.reveal(),
        allowed_networks=account.allowed_ips,
        certificates=frozenset(account.certificate),
        max_binds=account.max_binds,
        bind_types=frozenset(account.bind_types),
        max_tps=account.max_tps,
        window=account.window,
        country=account.country,
        default_alphabet=Alphabet(account.default_alphabet),
        dialect=DIALECTS[account.receipt_profile],
        receipts_as_data_sm=account.receipt_pdu == "data_sm",
        id_form=IdForm(account.message_id),
        validity_s=account.validity,
        traffic_class=account.traffic_class,
        assembly_s=account.assembly,
        inbound=account.inbound,
    )


def router(routes: Iterable[Route]) -> Router:
    """Compile the routing table."""
    return Router([
        Rule(
            name=route.name,
            match=Match(
                accounts=route.match.account,
                countries=route.match.country,
                prefixes=route.match.prefix,
                senders=route.match.sender,
            ),
            carriers=route.carriers,
        )
        for route in routes
    ])  # fmt: skip


def session_settings(settings: Settings) -> SessionSettings:
    """Return what holds for every session."""
    smpp = settings.smpp
    return SessionSettings(
        system_id=smpp.system_id,
        serves=SERVES,
        session_init_s=smpp.session_init,
        pdu_read_s=smpp.pdu_read,
        enquire_link_s=smpp.enquire_link,
        inactivity_s=smpp.inactivity,
        response_s=smpp.response,
        window_out=smpp.receipt_window,
        max_octets=smpp.max_pdu,
        protocol_errors_per_min=smpp.protocol_errors_per_min,
    )


def lockout_rules(settings: Settings) -> LockoutRules:
    """Return what holds for those who fail to bind."""
    smpp = settings.smpp
    return LockoutRules(lock_after=smpp.lockout_after, lock_s=smpp.lockout, longest_delay_s=smpp.refusal_delay)


def prices(settings: Settings) -> Prices:
    """Read the rate cards and the exchange rates.

    Raises:
        RateFaults: A card is faulty; the text names file and lines.
    """
    cards = {name: RateCard.parse(_lines(path), str(path)) for name, path in rate_files(settings).items()}
    exchange = settings.rates.exchange
    return Prices(
        cards, Exchange.parse(_lines(exchange), str(exchange)) if exchange else Exchange(), settings.rates.currency
    )


def rate_files(settings: Settings) -> Mapping[str, Path]:
    """Return the rate card of each carrier that has one."""
    found = {name: getattr(config, "rates", None) for name, config in settings.carriers.items()}
    return {name: path for name, path in found.items() if path is not None}


def _lines(path: Path) -> list[str]:
    return path.read_text(_ENCODING).splitlines()
