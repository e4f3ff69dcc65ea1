"""From the configuration to the values that workers go by."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final
from zoneinfo import ZoneInfo

from smppgw.app.screens import screens
from smppgw.app.tls import client_context
from smppgw.config.accounts import Account, ClassMatch
from smppgw.config.budgets import BudgetLimit
from smppgw.config.destinations import allowed_countries
from smppgw.config.kinds import UTC_NAME
from smppgw.config.listen import Listen
from smppgw.config.loader import Loaded
from smppgw.config.pumping import PumpingSettings
from smppgw.config.routes import Route
from smppgw.config.settings import Settings
from smppgw.core.bind_rates import BindRate
from smppgw.core.budgets import Budget, Scope
from smppgw.core.classes import ClassRule
from smppgw.core.ids import IdForm
from smppgw.core.lockout import LockoutRules
from smppgw.core.pumping import Kind, Limit, PumpingRules
from smppgw.core.routing import patterns
from smppgw.core.routing.rules import Candidate, Constraints, Rule
from smppgw.core.routing.table import Router
from smppgw.core.values import Secret
from smppgw.smpp import text
from smppgw.smpp.consts import BindType
from smppgw.smpp.receipt import DIALECTS, Dialect
from smppgw.smpp.settings import SessionSettings
from smppgw.smpp.text import Alphabet
from smppgw.workers.outbind import Callee
from smppgw.workers.policy import AccountPolicy
from smppgw.workers.pricing import Prices
from smppgw.workers.reception import SERVES

_BURST_OF_PLACES: Final = 10
"""How often all binds of an account may come at once, however small its bind_rate: a link that flaps is no storm."""


def account_policies(settings: Settings) -> dict[str, AccountPolicy]:
    """Return the policy of each account, by system_id."""
    return {account.system_id: _policy(account, settings) for account in settings.accounts}


def _policy(account: Account, settings: Settings) -> AccountPolicy:
    return AccountPolicy(
        system_id=account.system_id,
        password_hash=account.password_hash.reveal(),
        allowed_networks=account.allowed_ips,
        certificates=frozenset(account.certificate),
        max_binds=account.max_binds,
        max_binds_by_type=_bind_limits(account),
        bind_types=frozenset(account.bind_types),
        bind_rate=BindRate.of(account.bind_rate, at_least=_BURST_OF_PLACES * account.max_binds),
        max_tps=account.max_tps,
        counts_parts=account.tps_counts == "parts",
        window=account.window,
        country=account.country,
        alphabets=text.alphabets(Alphabet(account.default_alphabet), dict(account.data_codings)),
        dialect=_dialect(account),
        receipts_as_data_sm=account.receipt_pdu == "data_sm",
        id_form=IdForm(account.message_id),
        multi_ids_apart=account.multi_message_id == "each",
        validity_s=account.validity,
        traffic_class=account.traffic_class,
        classes=tuple(map(_class_rule, account.classes)),
        assembly_s=account.assembly,
        send_incomplete=account.missing_parts == "send",
        inbound=account.inbound,
        screens=screens(account, settings.content),
        countries=allowed_countries(account, settings.routes),
        pumping=None if account.pumping is None else _pumping_rules(account.pumping),
    )


def _dialect(account: Account) -> Dialect:
    profile, zone = DIALECTS[account.receipt_profile], account.receipt_zone
    return profile if zone == UTC_NAME else replace(profile, zone=ZoneInfo(zone))


def _pumping_rules(settings: PumpingSettings) -> PumpingRules:
    spends = [Limit(Kind.SPEND, amount, window_s) for amount, _, window_s in settings.prefix_spend]
    messages = [Limit(Kind.MESSAGES, amount, window_s) for amount, window_s in settings.prefix_messages]
    return PumpingRules(
        allowed=settings.allowed_prefixes,
        last_digits=settings.last_digits,
        watch_from=None if settings.watch_from is None else settings.watch_from[0],
        prefix_limits=(*spends, *messages),
        country_limits=tuple(Limit(Kind.SPEND, amount, window_s) for amount, _, window_s in settings.country_spend),
        sequence_numbers=settings.sequence_numbers,
        sequence_distance=settings.sequence_distance,
        sequence_window_s=settings.sequence_window,
        widen_after=settings.widen_after,
        block_s=settings.block_for,
        status=settings.status,
    )


def _bind_limits(account: Account) -> Mapping[BindType, int]:
    limits = account.max_binds_by_type
    return {} if limits is None else {BindType(name): limit for name, limit in limits if limit is not None}


def _class_rule(match: ClassMatch) -> ClassRule:
    return ClassRule(
        traffic_class=match.traffic_class,
        service_type=match.service_type,
        priority_flag=match.priority,
        tlv=match.tlv,
        text=patterns.compiled(match.text) if match.text else None,
    )


def callees(accounts: Iterable[Account]) -> dict[str, Callee]:
    """Return whom we call, by system_id.

    Raises:
        ConfigFaults: A file of authorities is not what its key says.
    """
    return {account.system_id: _callee(account, account.outbind) for account in accounts if account.outbind}


def _callee(account: Account, outbind: Listen) -> Callee:
    key = f"accounts[{account.system_id}].outbind_ca_file"
    return Callee(
        host=outbind.host,
        port=outbind.port,
        system_id=account.outbind_system_id or "",
        password=account.outbind_password or Secret(""),
        tls=client_context(account.outbind_ca_file, key) if account.outbind_tls else None,
    )


def router(routes: Iterable[Route]) -> Router:
    """Compile the routing table."""
    return Router([_rule(route) for route in routes])


def _rule(route: Route) -> Rule:
    return Rule(
        name=route.name,
        match=route.match.rule_match(),
        candidates=tuple(
            Candidate(carrier, route.weights.get(carrier, 1), route.commitments.get(carrier, 0))
            for carrier in route.carriers
        ),
        strategy=route.strategy,
        constraints=Constraints(
            max_price=None if route.max_price is None else route.max_price[0],
            without_price=route.without_price,
            min_delivery_pct=route.min_delivery,
            max_latency_s=route.max_latency,
        ),
        exploration=route.exploration,
        tier_delivery_pct=route.tier_delivery,
        sender=route.sender,
        hold=route.hold,
        refuse=route.refuse,
    )


def budgets(settings: Settings) -> list[Budget]:
    """Return the budgets of accounts and carriers."""
    zone = ZoneInfo(settings.rates.budget_zone)
    of_accounts = [
        _budget(Scope.ACCOUNT, account.system_id, limit, zone)
        for account in settings.accounts
        for limit in account.budgets
    ]
    of_carriers = [
        _budget(Scope.CARRIER, name, limit, zone)
        for name, limits in settings.carrier_budgets.items()
        for limit in limits
    ]
    return of_accounts + of_carriers


def _budget(scope: Scope, name: str, limit: BudgetLimit, zone: ZoneInfo) -> Budget:
    return Budget(
        scope=scope,
        name=name,
        period=limit.period,
        limit=limit.limit[0],
        warn_pct=limit.warn,
        at_limit=limit.at_limit,
        status=limit.status,
        unpriced=limit.unpriced,
        zone=zone,
    )


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


def bind_rate(settings: Settings) -> BindRate:
    """Return how often one address may ask to bind as who has not bound from there."""
    return BindRate.of(settings.smpp.bind_rate_per_ip)


def prices(loaded: Loaded) -> Prices:
    """Return the prices of the carriers, from the files that were read with the configuration."""
    tables = loaded.tables
    return Prices(tables.cards, tables.exchange, loaded.settings.rates.currency)
