"""One decision: candidates in order, with what was dropped and why."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smppgw.core.model import Belief, Decision, DropKind, Dropped
from smppgw.core.routing.engine import Undecided, decide
from smppgw.core.routing.hours import parse_hours
from smppgw.core.routing.market import Standing
from smppgw.core.routing.rules import Candidate, Constraints, Rule, Strategy, WithoutPrice, candidates
from tests.core.routing.asking import NOW, FakeMarket, routed


def decided(rule: Rule, market: FakeMarket, chance: float = 0.9, **message: Any) -> Decision | Undecided:
    return decide(rule, routed(**message), market, at=NOW, chance=chance)


def order(rule: Rule, market: FakeMarket, chance: float = 0.9) -> tuple[str, ...]:
    decision = decided(rule, market, chance)
    assert isinstance(decision, Decision)
    return decision.carriers


def abc(strategy: Strategy = Strategy.FAILOVER, **changes: Any) -> Rule:
    return Rule(name="default", candidates=candidates("a", "b", "c"), strategy=strategy, **changes)


@pytest.mark.parametrize(
    ("refusals", "decision"),
    [
        ({}, Decision("default", ("a", "b", "c"))),
        ({"a": "no template"}, Decision("default", ("b", "c"), (Dropped("a", "no template"),))),
        ({"b": "long", "c": "sender"}, Decision("default", ("a",), (Dropped("b", "long"), Dropped("c", "sender")))),
        (
            {"a": "x", "b": "y", "c": "z"},
            Undecided("a: x; b: y; c: z", (Dropped("a", "x"), Dropped("b", "y"), Dropped("c", "z"))),
        ),
    ],
)
def test_a_decision_names_candidates_in_order_and_why_others_were_dropped(
    refusals: dict[str, str], decision: Decision | Undecided
) -> None:
    assert decided(abc(), FakeMarket(refusals=refusals)) == decision


def test_equal_messages_have_equal_decisions_which_are_written_once() -> None:
    market = FakeMarket(refusals={"b": "sender"}, prices={"a": 3})

    assert len({decided(abc(), market), decided(abc(), market, recipient="491719999999")}) == 1


def test_who_is_down_waits_behind_who_is_up() -> None:
    decision = decided(abc(), FakeMarket(closed=frozenset({"a", "b"})))

    assert decision == Decision(
        "default", ("c", "a", "b"), beliefs=(Belief("a", is_down=True), Belief("b", is_down=True))
    )


# --- strategies -------------------------------------------------------------------------------------------------------


def test_least_cost_takes_the_cheapest_first_and_says_the_prices() -> None:
    market = FakeMarket(prices={"a": 80_000, "b": 70_000, "c": 90_000})

    assert decided(abc(Strategy.LEAST_COST), market) == Decision(
        "default",
        ("b", "a", "c"),
        strategy="least-cost",
        beliefs=(Belief("b", 70_000), Belief("a", 80_000), Belief("c", 90_000)),
    )


def test_of_equal_prices_the_rule_decides() -> None:
    assert order(abc(Strategy.LEAST_COST), FakeMarket(prices={"a": 7, "b": 5, "c": 5})) == ("b", "c", "a")


@pytest.mark.parametrize(("rule", "carriers"), [(WithoutPrice.LAST, ("c", "a", "b")), (WithoutPrice.DROP, ("c",))])
def test_a_candidate_without_a_price_follows_the_written_rule(rule: WithoutPrice, carriers: tuple[str, ...]) -> None:
    cheapest = abc(Strategy.LEAST_COST, constraints=Constraints(without_price=rule))

    assert order(cheapest, FakeMarket(prices={"c": 9})) == carriers


def known(**rates: int) -> FakeMarket:
    return FakeMarket(records={carrier: Standing(pct, 5.0, 50) for carrier, pct in rates.items()})


@pytest.mark.parametrize(
    ("market", "carriers"),
    [
        (known(a=80, b=99, c=90), ("b", "c", "a")),
        (known(a=95, b=99, c=90), ("a", "b", "c")),  # 95 and 99 are alike
        (known(b=99, c=50), ("b", "a", "c")),  # nobody knows a
        (known(), ("a", "b", "c")),
        (FakeMarket(records={"a": Standing(98, 60.0, 50), "b": Standing(97, 4.0, 50)}), ("b", "a", "c")),
        (FakeMarket(records={"a": Standing(98, 5.0, 50), "b": Standing(97, 4.0, 50)}), ("a", "b", "c")),
    ],
)
def test_quality_takes_the_best_record_first(market: FakeMarket, carriers: tuple[str, ...]) -> None:
    assert order(abc(Strategy.QUALITY), market) == carriers


@pytest.mark.parametrize(
    ("chance", "first"), [(0.0, "b"), (0.03, "b"), (0.04, "c"), (0.07, "c"), (0.08, "a"), (0.119, "a"), (0.12, "b")]
)
def test_quality_lets_chance_try_others_in_a_small_share(chance: float, first: str) -> None:
    exploring = abc(Strategy.QUALITY, exploration=0.12)

    assert order(exploring, known(a=50, b=99, c=80), chance)[0] == first  # a third of 0.12 each, best first


@pytest.mark.parametrize(
    ("market", "carriers"),
    [
        (known(), ("a", "b", "c")),
        (known(a=89), ("b", "c", "a")),
        (known(a=90), ("a", "b", "c")),
        (known(a=10, b=20), ("c", "a", "b")),
    ],
)
def test_tiers_go_in_their_order_unless_one_delivers_too_little(market: FakeMarket, carriers: tuple[str, ...]) -> None:
    assert order(abc(Strategy.TIERED, tier_delivery_pct=90), market) == carriers


@pytest.mark.parametrize(
    ("parts", "carriers"),
    [({}, ("a", "b", "c")), ({"a": 999}, ("a", "b", "c")), ({"a": 1000}, ("b", "a", "c")), ({"b": 5}, ("a", "b", "c"))],
)
def test_a_volume_commitment_is_filled_first(parts: dict[str, int], carriers: tuple[str, ...]) -> None:
    rule = Rule(
        name="default",
        candidates=(Candidate("a", commitment=1000), Candidate("b", commitment=10**6), Candidate("c")),
        strategy=Strategy.VOLUME,
    )

    assert order(rule, FakeMarket(parts=parts)) == carriers


def test_sticky_takes_who_delivered_to_the_recipient_last() -> None:
    market = FakeMarket(last={("legacy", "491711234567"): "c"})

    assert order(abc(Strategy.STICKY), market) == ("c", "a", "b")


def test_weighted_gives_one_recipient_always_the_same() -> None:
    rule = abc(Strategy.WEIGHTED)

    assert len({order(rule, FakeMarket(), chance / 10) for chance in range(10)}) == 1


# --- constraints ------------------------------------------------------------------------------------------------------


def test_what_does_not_meet_the_constraints_is_dropped_with_a_reason() -> None:
    rule = Rule(
        name="default",
        candidates=candidates("a", "b", "c", "d"),
        constraints=Constraints(max_price=50_000, min_delivery_pct=90, max_latency_s=60),
    )
    market = FakeMarket(
        prices={"a": 50_001, "b": 1, "c": 1, "d": 50_000},
        records={"b": Standing(89, 1.0, 50), "c": Standing(90, 61.0, 50), "d": Standing(90, 60.0, 50)},
    )

    decision = decided(rule, market)

    assert isinstance(decision, Decision)
    assert decision.carriers == ("d",)
    assert decision.dropped == (
        ("a", "0.050001 a part is over max_price", DropKind.TOO_DEAR),
        ("b", "89 % delivered is under min_delivery", DropKind.DELIVERS_TOO_LITTLE),
        ("c", "61 s is over max_latency", DropKind.TOO_SLOW),
    )


def test_where_nobody_meets_the_constraints_there_is_no_way() -> None:
    rule = abc(constraints=Constraints(max_price=1))

    words = "2.00 a part is over max_price"
    assert decided(rule, FakeMarket(prices=dict.fromkeys("abc", 2_000_000))) == Undecided(
        f"a: {words}; b: {words}; c: {words}", tuple(Dropped(carrier, words, DropKind.TOO_DEAR) for carrier in "abc")
    )


# --- holding ----------------------------------------------------------------------------------------------------------


def test_a_rule_may_hold_a_message_until_its_hours() -> None:
    decision = decided(abc(hold=parse_hours("08:00-20:00")), FakeMarket())

    assert isinstance(decision, Decision)
    assert decision.hold_until == 1_700_035_200.0  # 08:00 on the next day


def test_what_would_expire_while_it_is_held_has_no_way() -> None:
    rule = abc(hold=parse_hours("08:00-20:00"))

    assert decided(rule, FakeMarket(), expires_at=NOW + 3600) == Undecided(
        "its validity ends before the rule lets it go"
    )


# --- against an oracle ------------------------------------------------------------------------------------------------

_PRICES = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 20))
_STANDINGS = st.dictionaries(
    st.sampled_from("abcdef"), st.builds(Standing, st.integers(0, 100), st.floats(0, 100), st.integers(10, 60))
)


@settings(max_examples=300, deadline=None)
@given(
    prices=_PRICES,
    standings=_STANDINGS,
    max_price=st.none() | st.integers(0, 20),
    min_delivery=st.none() | st.integers(0, 100),
    refusals=st.dictionaries(st.sampled_from("abcdef"), st.just("no"), max_size=3),
    without_price=st.sampled_from(WithoutPrice),
)
def test_least_cost_is_always_the_cheapest_that_meets_the_constraints(
    prices: dict[str, int],
    standings: dict[str, Standing],
    max_price: int | None,
    min_delivery: int | None,
    refusals: dict[str, str],
    without_price: WithoutPrice,
) -> None:
    rule = Rule(
        name="cheap",
        candidates=candidates(*"abcdef"),
        strategy=Strategy.LEAST_COST,
        constraints=Constraints(max_price=max_price, min_delivery_pct=min_delivery, without_price=without_price),
    )

    decision = decided(rule, FakeMarket(prices=prices, records=standings, refusals=refusals))

    fitting = [
        carrier
        for carrier in "abcdef"
        if carrier not in refusals
        and (max_price is None or prices.get(carrier, 0) <= max_price)
        and (min_delivery is None or carrier not in standings or standings[carrier].delivery_pct >= min_delivery)
        and (without_price is WithoutPrice.LAST or carrier in prices)
    ]
    if not fitting:
        assert isinstance(decision, Undecided)
        return
    assert isinstance(decision, Decision)
    assert sorted(decision.carriers) == fitting
    cheapest = min((prices[carrier] for carrier in fitting if carrier in prices), default=None)
    assert prices.get(decision.carriers[0]) == cheapest
