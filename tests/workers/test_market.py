"""What the gateway knows of its carriers, and what routing makes of real rate cards."""

import random
from dataclasses import dataclass
from itertools import product
from typing import Any, Final, cast

import pytest

from smppgw.core.codes import ErrorCode
from smppgw.core.model import Decision, MessageId, Outcome, TrafficClass
from smppgw.core.rates import Exchange, RateCard
from smppgw.core.routing.rules import Constraints, Rule, Strategy, WithoutPrice, candidates
from smppgw.core.routing.table import Router
from smppgw.core.verdict import Rejected
from smppgw.store.base import Correction, Finish, Store
from smppgw.workers.market import LiveMarket
from smppgw.workers.pricing import Prices
from smppgw.workers.routes import Routes, Unroutable
from tests.core.routing.asking import routed
from tests.workers.fakes import START, FakeCarrier, FakeClock


def finish(**changes: Any) -> Finish:
    fields: dict[str, Any] = {
        "message": MessageId(1),
        "account": "legacy",
        "carrier": "alpha",
        "outcome": Outcome.DELIVERED,
        "error": ErrorCode.NONE,
        "accepted_at": START - 100,
        "sent_at": START - 4,
        "done_at": START,
        "recipient": "491711234567",
        "country": "DE",
        "traffic_class": TrafficClass.TRANSACTIONAL,
    }
    return Finish(**(fields | changes))


def market(time: FakeClock | None = None, **cards: RateCard) -> LiveMarket:
    carriers = {name: FakeCarrier(name) for name in ("alpha", "beta")}
    return LiveMarket(carriers, Prices(cards, Exchange(), "EUR"), lambda: {"beta"}, (time or FakeClock()).clock)


def test_outcomes_make_a_record() -> None:
    known = market()

    known.finished([finish() for _ in range(20)])

    standings = known.standings(routed(), START)
    assert list(standings) == ["alpha"]
    standing = standings["alpha"]
    assert standing.delivery_pct == 100
    assert standing.latency_s == pytest.approx(4.0)


def test_what_no_carrier_had_is_no_record() -> None:
    known = market()

    known.finished([finish(carrier="", sent_at=None, outcome=Outcome.EXPIRED) for _ in range(20)])

    assert known.standings(routed(), START) == {}


def test_who_delivered_last_is_remembered_by_account() -> None:
    known = market()
    known.finished([finish(), finish(carrier="beta", outcome=Outcome.UNDELIVERABLE)])

    assert known.delivered_last("legacy", "491711234567") == "alpha"
    assert known.delivered_last("other", "491711234567") is None


def test_parts_are_counted_until_the_month_ends() -> None:
    time = FakeClock()
    known = market(time)
    known.accepted("alpha", 100)
    known.accepted("alpha", 3)
    assert known.taken_this_month("alpha") == 103

    time.advance(17 * 86400)  # from 14 November into December

    assert known.taken_this_month("alpha") == 0


def test_prices_refusals_and_circuits_are_those_of_the_carriers() -> None:
    card = RateCard.parse(["prefix,price,currency", "49,0.07,EUR"], "alpha.csv")
    known = market(alpha=card)

    assert known.part_prices(routed(parts=3), START) == {"alpha": 70_000}  # of one part
    assert known.checks["alpha"](routed()) is None
    assert known.down() == {"beta"}


TIERED = RateCard.parse(["price,currency,from_volume", "0.07,EUR,0", "0.06,EUR,1000", "0.05,EUR,2000"], "alpha.csv")


@pytest.mark.parametrize(
    ("taken", "price"), [(0, 70_000), (999, 70_000), (1000, 60_000), (1999, 60_000), (2000, 50_000), (10**9, 50_000)]
)
def test_a_price_follows_the_volume_of_the_month(taken: int, price: int) -> None:
    known = market(alpha=TIERED)
    assert known.part_prices(routed(), START) == {"alpha": 70_000}

    known.accepted("alpha", taken)
    known.accepted("beta", 10**6)

    assert known.part_prices(routed(), START) == {"alpha": price}


def test_a_new_month_begins_with_the_lowest_tier() -> None:
    time = FakeClock()
    known = market(time, alpha=TIERED)
    known.accepted("alpha", 2000)
    assert known.part_prices(routed(), time.now) == {"alpha": 50_000}

    time.advance(17 * 86400)  # from 14 November into December

    assert known.part_prices(routed(), time.now) == {"alpha": 70_000}


def test_cards_that_a_reload_brings_go_by_the_volume_too() -> None:
    known = market()
    known.accepted("alpha", 1000)

    known.prices = Prices({"alpha": TIERED}, Exchange(), "EUR")

    assert known.part_prices(routed(), START) == {"alpha": 60_000}


# --- least cost on real cards, against a reading of the cards that is as plain as can be ------------------------------


@dataclass(frozen=True)
class Line:
    prefix: str
    country: str
    traffic_class: str
    volume: int
    price: int

    def fits(self, recipient: str, country: str, traffic_class: str, taken: int) -> bool:
        return (
            self.volume <= taken
            and recipient.startswith(self.prefix)
            and self.country in ("", country)
            and self.traffic_class in ("", traffic_class)
        )

    @property
    def rank(self) -> tuple[int, bool, bool, int]:
        return (len(self.prefix), bool(self.country), bool(self.traffic_class), self.volume)


def random_card(chance: random.Random) -> list[Line]:
    lines = {}
    for _ in range(chance.randrange(1, 40)):
        prefix = chance.choice(["", "4", "49", "491", "4917", "33", "336", "1", "1202", "86"])
        country = chance.choice(["", "", "DE", "FR", "US"])
        traffic_class = chance.choice(["", "", "otp", "marketing"])
        volume = chance.choice([0, 0, 0, 10, 30])
        key = (prefix, country, traffic_class, volume)
        lines[key] = Line(*key, chance.randrange(1, 200_000))
    return list(lines.values())


def card_of(name: str, lines: list[Line]) -> RateCard:
    rows = [
        f"{each.prefix},{each.country},{each.traffic_class},{each.volume},{each.price / 1e6:.6f},EUR" for each in lines
    ]
    return RateCard.parse(["prefix,country,class,from_volume,price,currency", *rows], name)


OCTOBER: Final = START - 20 * 86_400
"""START is a day of November."""


class Accounts:
    """The ledger of a store: the parts of alpha, by the time they were booked."""

    def __init__(self, booked: dict[float, int]) -> None:
        self.booked = booked

    async def billed_parts(self, carrier: str, *, since: float, until: float) -> int:
        if carrier != "alpha":
            return 0
        return sum(parts for at, parts in self.booked.items() if since <= at < until)


async def test_a_restart_takes_the_parts_of_the_month_over_from_the_ledger() -> None:
    known = market()

    await known.count(cast("Store", Accounts({OCTOBER: 100, START - 86_400: 20, START: 3})))

    assert (known.taken_this_month("alpha"), known.taken_this_month("beta")) == (23, 0)
    known.accepted("alpha", 2)
    assert known.taken_this_month("alpha") == 25


def test_parts_that_are_billed_otherwise_count_as_they_are_billed() -> None:
    known = market()
    known.accepted("alpha", 10)

    known.corrected(correction(parts=-3, booked_at=START - 60))
    known.corrected(correction(parts=-2, booked_at=OCTOBER))

    assert known.taken_this_month("alpha") == 7


def correction(parts: int, booked_at: float) -> Correction:
    return Correction(
        message=MessageId(1), account="legacy", carrier="alpha", parts=parts, reporting_micros=None, booked_at=booked_at
    )


def price_in(lines: list[Line], recipient: str, country: str, traffic_class: str, taken: int) -> int | None:
    fitting = [line for line in lines if line.fits(recipient, country, traffic_class, taken)]
    return max(fitting, key=lambda line: line.rank).price if fitting else None


NO = Rejected(ErrorCode.CONTENT_REFUSED, "no")
NUMBERS = (("DE", "4917"), ("DE", "4930"), ("FR", "336"), ("US", "1202"), ("CN", "8613"), ("", "870"))


def test_least_cost_is_the_cheapest_that_meets_the_constraints_on_10_000_messages_and_cards() -> None:
    chance = random.Random(5)
    names = ("alpha", "beta", "gamma")
    carriers = {name: FakeCarrier(name) for name in names}
    for _ in range(500):
        cards = {name: random_card(chance) for name in names}
        prices = Prices({name: card_of(name, lines) for name, lines in cards.items()}, Exchange(), "EUR")
        most = chance.choice([None, chance.randrange(1, 200_000)])
        least, unpriced = chance.choice([None, 80]), chance.choice(list(WithoutPrice))
        rule = Rule(
            name="cheap",
            candidates=candidates(*names),
            strategy=Strategy.LEAST_COST,
            constraints=Constraints(max_price=most, min_delivery_pct=least, without_price=unpriced),
        )
        market = LiveMarket(carriers, prices, lambda: (), FakeClock().clock)
        poor = {name for name in names if chance.random() < 0.3}
        if least is not None:
            for key in product(names, {country for country, _ in NUMBERS}, TrafficClass):
                for _ in range(13):
                    market.quality.record(*key, delivered=key[0] not in poor, latency_s=1, at=START)
        routes = Routes(Router([rule]), market, chance.random)
        for _ in range(20):
            country, start = chance.choice(NUMBERS)
            traffic_class = chance.choice(list(TrafficClass))
            recipient = f"{start}{chance.randrange(10**7):07d}"
            refusing = {name for name in names if chance.random() < 0.2}
            for name in names:
                carriers[name].refused = {recipient: NO} if name in refusing else {}

            decision = routes.route(routed(country=country, recipient=recipient, traffic_class=traffic_class), START)

            asked = (recipient, country, traffic_class.name.lower())
            known = {name: price_in(cards[name], *asked, market.taken_this_month(name)) for name in names}
            market.accepted(chance.choice(names), chance.randrange(1, 10))
            fitting = {
                name: price
                for name, price in known.items()
                if name not in refusing
                and (least is None or name not in poor)
                and (most is None or (price or 0) <= most)
                and (price is not None or unpriced is WithoutPrice.LAST)
            }
            if not fitting:
                assert isinstance(decision, Unroutable)
                continue
            assert isinstance(decision, Decision)
            assert list(decision.carriers) == sorted(fitting, key=lambda name: (fitting[name] is None, fitting[name]))
            assert {belief.carrier: belief.price for belief in decision.beliefs} == {
                name: price for name, price in fitting.items() if price is not None or least is not None
            }
            assert {one.carrier for one in decision.dropped} == set(names) - set(fitting)
