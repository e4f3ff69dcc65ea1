"""What carriers have done lately, and what a routing by it makes of one that fails and recovers."""

import random

import pytest

from smppgw.core.codes import ErrorCode
from smppgw.core.model import Decision, Outcome, TrafficClass
from smppgw.core.quality import ENOUGH, FADES_S, Quality, is_delivery
from smppgw.core.routing.engine import decide
from smppgw.core.routing.market import Standing
from smppgw.core.routing.rules import Rule, Strategy, candidates
from tests.core.routing.asking import NOW, FakeMarket, routed

OTP = TrafficClass.OTP


def recorded(quality: Quality, outcomes: str, *, latency_s: float = 2.0, at: float = NOW) -> Quality:
    """Record a run of outcomes: ``+`` delivered, ``-`` failed."""
    for outcome in outcomes:
        quality.record("a", "DE", OTP, delivered=outcome == "+", latency_s=latency_s, at=at)
    return quality


def test_nothing_is_known_before_there_is_enough() -> None:
    quality = recorded(Quality(), "+" * 12)
    assert quality.standing("a", "DE", OTP, NOW) is None

    recorded(quality, "+")  # 12 and a bit make 10 of weight, because each counts for a little less than the next
    standing = quality.standing("a", "DE", OTP, NOW)
    assert standing is not None
    assert standing.delivery_pct == 100
    assert ENOUGH <= standing.outcomes <= ENOUGH + 1


def test_late_outcomes_count_for_more() -> None:
    standing = recorded(Quality(), "+" * 20 + "-" * 20).standing("a", "DE", OTP, NOW)

    assert standing is not None
    assert standing.delivery_pct == 33  # 20 outcomes later the first half counts for half: 1 of 3


def test_records_are_kept_apart_by_country_and_class() -> None:
    quality = recorded(Quality(), "-" * 30)

    assert quality.standing("a", "FR", OTP, NOW) is None
    assert quality.standing("a", "DE", TrafficClass.MARKETING, NOW) is None
    assert [(carrier, country) for carrier, country, _, _ in quality.everything(NOW)] == [("a", "DE")]


def test_over_all_countries_each_counts_for_as_much_as_is_known_of_it() -> None:
    quality = recorded(Quality(), "+" * 200, latency_s=2.0)
    for _ in range(200):
        quality.record("a", "FR", OTP, delivered=False, latency_s=0.0, at=NOW)
    quality.record("a", "FR", TrafficClass.MARKETING, delivered=True, latency_s=1.0, at=NOW)

    assert quality.by_class(NOW) == {("a", OTP): Standing(50, 1.0, 58)}  # 29 of each, as a half-life of 20 leaves


def test_a_record_fades_with_time() -> None:
    quality = recorded(Quality(), "-" * 60)

    assert quality.standing("a", "DE", OTP, NOW + FADES_S) is not None
    assert quality.standing("a", "DE", OTP, NOW + 3 * FADES_S) is None


def test_only_what_was_delivered_tells_how_long_it_takes() -> None:
    quality = recorded(recorded(Quality(), "+" * 12, latency_s=4.0), "-" * 3, latency_s=3600.0)

    standing = quality.standing("a", "DE", OTP, NOW)
    assert standing is not None
    assert standing.latency_s == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("outcome", "error", "tells"),
    [
        (Outcome.DELIVERED, ErrorCode.NONE, True),
        (Outcome.UNDELIVERABLE, ErrorCode.UNDELIVERABLE, False),
        (Outcome.UNDELIVERABLE, ErrorCode.NO_ROUTE, False),
        (Outcome.EXPIRED, ErrorCode.VALIDITY_EXCEEDED, False),
        (Outcome.REJECTED, ErrorCode.NOT_ACCEPTED, False),
        (Outcome.UNDELIVERABLE, ErrorCode.INVALID_NUMBER, None),
        (Outcome.REJECTED, ErrorCode.BLOCKED, None),
        (Outcome.EXPIRED, ErrorCode.EXPIRED_IN_GATEWAY, None),
        (Outcome.UNKNOWN, ErrorCode.NO_STATUS_IN_TIME, None),
        (Outcome.ACCEPTED, ErrorCode.NONE, None),
        (Outcome.DELETED, ErrorCode.CANCELLED, None),
    ],
)
def test_only_what_is_the_carriers_own_doing_counts(outcome: Outcome, error: ErrorCode, tells: bool | None) -> None:
    assert is_delivery(outcome, error) is tells


class Traffic:
    """Messages that are routed by quality, and end at once."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.quality = Quality()
        self.rates = {"good": 0.97, "other": 0.97}
        self.rule = Rule(name="best", candidates=candidates("good", "other"), strategy=Strategy.QUALITY)
        self.now = NOW

    def run(self, messages: int) -> dict[str, int]:
        """Send so many, one a second; return how many each carrier had."""
        had = dict.fromkeys(self.rates, 0)
        for _ in range(messages):
            self.now += 1
            market = FakeMarket(records=self._records())
            decision = decide(self.rule, routed(), market, at=self.now, chance=self.random.random())
            assert isinstance(decision, Decision)
            carrier = decision.carriers[0]
            had[carrier] += 1
            delivered = self.random.random() < self.rates[carrier]
            self.quality.record(carrier, "DE", OTP, delivered=delivered, latency_s=3.0, at=self.now)
        return had

    def _records(self) -> dict[str, Standing]:
        known = {carrier: self.quality.standing(carrier, "DE", OTP, self.now) for carrier in self.rates}
        return {carrier: standing for carrier, standing in known.items() if standing is not None}


@pytest.mark.parametrize("seed", range(5))
def test_a_carrier_that_recovers_gets_its_traffic_back_from_one_that_is_as_good(seed: int) -> None:
    traffic = Traffic(seed)
    traffic.run(2_000)
    traffic.rates["good"] = 0.5
    traffic.run(200)
    assert traffic.run(200)["good"] < 20

    traffic.rates["good"] = 0.97
    traffic.run(3_000)  # 1 of 40 explores it; 65 outcomes bring 50 % within ALIKE_PCT of 97 %

    assert traffic.run(1_000)["good"] > 500


@pytest.mark.parametrize("seed", range(20))
def test_a_carrier_that_drops_to_half_loses_the_traffic_and_gets_it_back(seed: int) -> None:
    traffic = Traffic(seed)
    traffic.run(2_000)
    traffic.rates["good"] = 0.5
    traffic.run(200)

    had = traffic.run(2_000)
    assert had["good"] < 2_000 * traffic.rule.exploration

    traffic.rates |= {"good": 0.97, "other": 0.5}
    traffic.run(200)
    had = traffic.run(8_000)
    assert had["good"] > 4_000
