"""`smppgw route explain`: what would become of a message, by the same steps that a real one takes.

Nothing is sent, stored or fetched. What carriers have done lately is read from the store where there is one.
"""

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

from smppgw.app import policies
from smppgw.app.carriers import make_carriers
from smppgw.app.reloading import Configuration
from smppgw.carriers.base import Admits, Carrier
from smppgw.carriers.http import Unobserved
from smppgw.core.model import Decision, Message, TrafficClass
from smppgw.core.optout import Optouts
from smppgw.core.routing.market import Standing
from smppgw.core.routing.rules import Rule
from smppgw.core.routing.table import Router
from smppgw.core.verdict import Deferred, Rejected
from smppgw.core.volumes import begin_of_month
from smppgw.ops.clock import Clock
from smppgw.smpp import text as texts
from smppgw.smpp.consts import VERSION_3_4, DataCoding, Npi, Tag, Ton
from smppgw.smpp.pdu import SubmitSm
from smppgw.store.base import Finish
from smppgw.store.sqlite.figures import billed_parts, recent
from smppgw.store.sqlite.opening import connect_reader
from smppgw.store.sqlite.optouts import stored
from smppgw.store.sqlite.rows import ms
from smppgw.workers import wanted
from smppgw.workers.market import LiveMarket
from smppgw.workers.routes import Routes, Unroutable
from smppgw.workers.screening import Screening
from smppgw.workers.translate import Refusal, read_submit

_Read = TypeVar("_Read")
_REMEMBERED: Final = 20_000
_NO_CHANCE: Final = 1.0 - 2**-53
"""Routing by quality sends nothing astray for the sake of learning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One carrier of the rule that matched."""

    carrier: str
    reason: str | None
    """Why it is not among the candidates; None: it is."""
    price: int | None
    """Of one part, in millionths of the reporting currency."""
    standing: Standing | None
    wait: Deferred | None = None
    """Why a call could not be made now; for the whole carrier: what only a running daemon knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What would become of a message, and why."""

    message: Message | None
    """None: it would be refused before it is routed."""
    refusal: Refusal | None
    trials: Sequence[tuple[Rule, str | None]]
    """The rules up to the one that matches, each with why it does not."""
    candidates: Sequence[Candidate]
    outcome: Decision | Unroutable | None
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """A message that nobody has sent."""

    account: str
    sender: str
    recipient: str
    """As an ESME writes it; with a plus it is international."""
    text: str
    traffic_class: TrafficClass | None
    """None: what the account's rules make of it."""


def explain(configuration: Configuration, asked: Hypothesis, clock: Clock) -> Explanation:
    """Explain what would become of a message.

    Raises:
        KeyError: There is no such account.
        StoreError: The store cannot be read.
    """
    settings, prices, now = configuration.settings, configuration.prices, clock.wall()
    policy = policies.account_policies(settings)[asked.account]
    pdu = _submit_of(asked, policy.alphabets[DataCoding.DEFAULT])
    draft = read_submit(pdu, policy, VERSION_3_4, now)
    if isinstance(draft, Refusal):
        return _refused(draft, prices.currency)
    message = wanted.message(policy, pdu, draft, now)
    if asked.traffic_class is not None:
        message = replace(message, traffic_class=asked.traffic_class)
    if policy.screens is not None:
        screened = _screening(settings.store.path).submitted(policy.screens, message, now, whole=True)
        if isinstance(screened, Refusal):
            return _refused(screened, prices.currency)
        message = screened
    carriers = make_carriers(settings.carriers, clock, Unobserved())
    market = LiveMarket(carriers, prices, tuple, clock)
    market.finished(_recent(settings.store.path))
    for carrier in carriers:
        market.accepted(carrier, _taken(settings.store.path, carrier, now))
    router = policies.router(settings.routes)
    outcome = Routes(router, market, lambda: _NO_CHANCE).route(message, now)
    candidates = _candidates(router, message, market, outcome, now)
    return Explanation(
        message=message,
        refusal=None,
        trials=list(router.trials(message, now)),
        candidates=[replace(each, wait=_wait(carriers[each.carrier], message, now)) for each in candidates],
        outcome=outcome,
        currency=prices.currency,
    )


def _submit_of(asked: Hypothesis, default: texts.Alphabet | None) -> SubmitSm:
    data_coding, octets = DataCoding.UCS2, texts.encode(asked.text, texts.Alphabet.UCS2)
    if default is not None:
        with contextlib.suppress(UnicodeEncodeError):
            data_coding, octets = DataCoding.DEFAULT, texts.encode(asked.text, default)
    return SubmitSm(
        source_addr_ton=Ton.ALPHANUMERIC if any(map(str.isalpha, asked.sender)) else Ton.UNKNOWN,
        source_addr=asked.sender,
        dest_addr_ton=Ton.UNKNOWN,
        dest_addr_npi=Npi.ISDN,
        destination_addr=asked.recipient,
        data_coding=data_coding,
        tlvs=((Tag.MESSAGE_PAYLOAD, octets),),
    )


def _refused(refusal: Refusal, currency: str) -> Explanation:
    return Explanation(message=None, refusal=refusal, trials=(), candidates=(), outcome=None, currency=currency)


def _candidates(
    router: Router, message: Message, market: LiveMarket, outcome: Decision | Unroutable, now: float
) -> list[Candidate]:
    rule = router.rule_for(message, now)
    if rule is None:
        return []
    prices, standings = market.part_prices(message, now), market.standings(message, now)
    dropped = {one.carrier: one.reason for one in outcome.dropped} if isinstance(outcome, Decision) else {}
    order = list(outcome.carriers) if isinstance(outcome, Decision) else []
    named = [candidate.carrier for candidate in rule.candidates]
    return [
        Candidate(
            carrier=carrier,
            reason=dropped.get(carrier) or (None if carrier in order else _objection(market.checks[carrier](message))),
            price=prices.get(carrier),
            standing=standings.get(carrier),
        )
        for carrier in [*order, *(name for name in named if name not in order)]
    ]


def _objection(rejected: Rejected | None) -> str | None:
    return None if rejected is None else rejected.reason


def _wait(carrier: Carrier, message: Message, now: float) -> Deferred | None:
    said = carrier.admit(message, now) if isinstance(carrier, Admits) else None
    return said if isinstance(said, Deferred) else None


def _screening(path: Path) -> Screening:
    """Screen as the daemon does, but that nothing is a repetition, and nothing is counted."""
    return Screening(optouts=Optouts(_read(path, stored, {})), secret=b"", count=lambda _account, _kind: None)


def _recent(path: Path) -> list[Finish]:
    """Read what ended lately."""
    return _read(path, lambda reader, turn: recent(reader, turn, _REMEMBERED), [])


def _taken(path: Path, carrier: str, now: float) -> int:
    """Read how many parts a carrier has taken this month: what the tier of its prices goes by."""
    month_ms = (ms(begin_of_month(now)), ms(now))
    return _read(path, lambda reader, turn: billed_parts(reader, turn, carrier, month_ms), 0)


def _read(path: Path, read: Callable[[sqlite3.Connection, threading.Lock], _Read], nothing: _Read) -> _Read:
    """Ask the store; where there is none yet, it has nothing."""
    if not path.is_file():
        return nothing
    reader = connect_reader(path)
    try:
        return read(reader, threading.Lock())
    finally:
        reader.close()
