"""What one routing decision costs: ``python -m tests.benchmarks.routing``.

A hundred rules of all kinds, six carriers with cards of 20,000 lines each, random recipients and senders. Figures, no
assertions: a busy machine must not fail a build.
"""

import random
import resource
import time
from typing import Final

from smppgw.core.model import Message, TrafficClass
from smppgw.core.rates import Exchange, RateCard
from smppgw.core.routing.hours import parse_hours
from smppgw.core.routing.rules import Candidate, Constraints, Match, Rule, SenderKind, Strategy
from smppgw.core.routing.table import Router
from smppgw.workers.market import LiveMarket
from smppgw.workers.pricing import Prices
from smppgw.workers.routes import Routes
from tests.core.routing.asking import NOW, routed
from tests.workers.fakes import FakeCarrier, FakeClock

CARRIERS: Final = tuple("abcdef")
LINES: Final = 20_000
MESSAGES: Final = 20_000
COUNTRIES: Final = {"DE": "49", "FR": "33", "GB": "44", "IT": "39", "ES": "34", "PL": "48", "CN": "86", "IN": "91"}


def card(name: str, chance: random.Random) -> RateCard:
    """Make a card whose prefixes are those of real numbering plans: two to seven digits."""
    prefixes = {calling_code + str(chance.randrange(10 ** chance.randrange(6))) for calling_code in COUNTRIES.values()}
    while len(prefixes) < LINES - 1:
        prefixes.add(chance.choice(list(COUNTRIES.values())) + str(chance.randrange(10 ** chance.randrange(1, 6))))
    rows = [f"{prefix},,{chance.randrange(1, 99) / 1000:.3f},EUR" for prefix in sorted(prefixes)]
    return RateCard.parse(["prefix,class,price,currency", ",,0.09,EUR", *rows], name)


def rules(chance: random.Random) -> list[Rule]:
    """Make 100 rules: by account, country, prefix, sender, class, parts, hours and share, with every strategy."""
    made = []
    for number in range(99):
        country = chance.choice(list(COUNTRIES))
        match = Match(
            accounts=(f"account{number % 7}",) if number % 3 else (),
            countries=(country,) if number % 4 else (),
            prefixes=(COUNTRIES[country] + str(number % 10),) if number % 5 == 0 else (),
            senders=("AC*", "Shop") if number % 6 == 0 else (),
            sender_kind=SenderKind.ALPHANUMERIC if number % 11 == 0 else None,
            traffic_classes=(TrafficClass.OTP,) if number % 2 else (),
            parts=(2, 4) if number % 13 == 0 else None,
            hours=(parse_hours("mon-fri 08:00-20:00 Europe/Berlin"),) if number % 17 == 0 else (),
            percentage=50 if number % 19 == 0 else None,
        )
        made.append(rule(number, match))
    return [*made, rule(99, Match())]


def rule(number: int, match: Match) -> Rule:
    chosen = [CARRIERS[(number + step) % len(CARRIERS)] for step in range(len(CARRIERS))]
    return Rule(
        name=f"r{number}",
        match=match,
        candidates=tuple(Candidate(carrier, weight=10, commitment=1000) for carrier in chosen),
        strategy=list(Strategy)[number % len(Strategy)],
        constraints=Constraints(max_price=95_000 if number % 2 else None, min_delivery_pct=50),
    )


def messages(chance: random.Random) -> list[Message]:
    made = []
    for _ in range(MESSAGES):
        country, calling_code = chance.choice(list(COUNTRIES.items()))
        made.append(
            routed(
                account=f"account{chance.randrange(9)}",
                country=country,
                recipient=f"{calling_code}{chance.randrange(10**9):09d}",
                sender=chance.choice(["ACME", "Shop", "Bank", "491710000000"]),
                traffic_class=chance.choice(list(TrafficClass)),
                parts=chance.randrange(1, 5),
            )
        )
    return made


def main() -> None:
    """Measure, and say."""
    chance = random.Random(1)
    asked, table = messages(chance), rules(chance)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cards = {name: card(name, chance) for name in CARRIERS}
    market = LiveMarket(
        {name: FakeCarrier(name) for name in CARRIERS},
        Prices(cards, Exchange(), "EUR"),
        lambda: (),
        FakeClock().clock,
    )
    for carrier in CARRIERS:
        for country in COUNTRIES:
            for _ in range(50):
                market.quality.record(
                    carrier, country, TrafficClass.OTP, delivered=chance.random() < 0.9, latency_s=3, at=NOW
                )
    routes = Routes(Router(table), market, chance.random)
    kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    for turn in range(3):
        started = time.process_time()
        for message in asked:
            routes.route(message, NOW)
        spent = (time.process_time() - started) / len(asked) * 1e6
        print(f"round {turn + 1}: {spent:.1f} us of CPU a decision ({len(table)} rules, {len(CARRIERS)} carriers)")
    print(f"cards of {LINES} lines each: {kibibytes / 1024:.0f} MiB more at most")


if __name__ == "__main__":
    main()
