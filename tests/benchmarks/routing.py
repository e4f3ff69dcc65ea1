"""What one routing decision costs: ``python -m tests.benchmarks.routing``.

A hundred rules of all kinds, six carriers with cards of 20,000 lines each, random recipients and senders. Figures, no
assertions: a busy machine must not fail a build. To compare moments of a machine that others use too, each round says
beside its figures what decoding a submit_sm takes: 5 us where nobody disturbs. Of "new" numbers neither the routing
table nor the price list has ever seen the prefix, as after a reload.
"""

import gc
import random
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Final

from smppgw.core.model import Message, TrafficClass
from smppgw.core.rates import Exchange, RateCard
from smppgw.core.routing.hours import parse_hours
from smppgw.core.routing.rules import Candidate, Constraints, Match, Rule, SenderKind, Strategy
from smppgw.core.routing.table import Router
from smppgw.smpp.pdu import decode, encode
from smppgw.workers.market import LiveMarket
from smppgw.workers.pricing import Prices
from smppgw.workers.routes import Routes
from tests.core.routing.asking import NOW, routed
from tests.workers.fakes import FakeCarrier, FakeClock, submit

CARRIERS: Final = tuple("abcdef")
LINES: Final = 20_000
MESSAGES: Final = 20_000
ROUNDS: Final = 5
COUNTRIES: Final = {"DE": "49", "FR": "33", "GB": "44", "IT": "39", "ES": "34", "PL": "48", "CN": "86", "IN": "91"}


def lines_of_card(chance: random.Random) -> list[str]:
    """Make a card whose prefixes are those of real numbering plans: two to seven digits."""
    prefixes = {calling_code + str(chance.randrange(10 ** chance.randrange(6))) for calling_code in COUNTRIES.values()}
    while len(prefixes) < LINES - 1:
        prefixes.add(chance.choice(list(COUNTRIES.values())) + str(chance.randrange(10 ** chance.randrange(1, 6))))
    rows = [f"{prefix},,{chance.randrange(1, 99) / 1000:.3f},EUR" for prefix in sorted(prefixes)]
    return ["prefix,class,price,currency", ",,0.09,EUR", *rows]


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


def market(cards: Mapping[str, RateCard], chance: random.Random) -> LiveMarket:
    """Make a market in which every carrier is known in every country and class."""
    carriers = {name: FakeCarrier(name) for name in CARRIERS}
    made = LiveMarket(carriers, Prices(cards, Exchange(), "EUR"), tuple, FakeClock().clock)
    for carrier, country, traffic_class in product(CARRIERS, COUNTRIES, TrafficClass):
        for _ in range(50):
            delivered = chance.random() < 0.9
            made.quality.record(carrier, country, traffic_class, delivered=delivered, latency_s=3, at=NOW)
    return made


def spent_us(work: Callable[[Message], object], on: Sequence[Message]) -> float:
    """Return the mean CPU microseconds of some work."""
    started = time.process_time()
    for message in on:
        work(message)
    return (time.process_time() - started) / len(on) * 1e6


def mebibytes() -> float:
    """Return the most memory this process has ever used."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure, and say."""
    chance = random.Random(1)
    asked, table, octets = messages(chance), rules(chance), encode(submit())
    before = mebibytes()
    cards = {name: RateCard.parse(lines_of_card(chance), name) for name in CARRIERS}
    known = market(cards, chance)
    gc.freeze()
    for turn in range(ROUNDS):
        known.prices = Prices(cards, Exchange(), "EUR")
        routes = Routes(Router(table), known, chance.random)
        decoding = spent_us(lambda _: decode(octets), asked)
        new, again = (spent_us(lambda message: routes.route(message, NOW), asked) for _ in range(2))  # noqa: B023
        print(f"round {turn + 1}: {again:.1f} us a decision, {new:.1f} for new numbers; decoding {decoding:.2f} us")
    print(f"{len(table)} rules, {len(cards)} cards of {LINES} lines each: {mebibytes() - before:.0f} MiB more at most")


if __name__ == "__main__":
    main()
