"""Who pumps numbers is stopped early, and who does not is left alone."""

import random
from typing import Any

import pytest

from smppgw.core import pumping
from smppgw.core.pumping import Block, Kind, Limit, Pumping, PumpingRules
from tests.core.pumping_traffic import (
    AT_HOME,
    DAY_S,
    EXPENSIVE,
    Sms,
    attacks,
    block,
    customers,
    every,
    extensions,
    ordinary,
    passwords_abroad,
    shuffled,
    tell,
)
from tests.core.routing.asking import NOW

EUR = 1_000_000
HOUR_S = 3600.0
BUDGET = 1_000 * EUR
"""Of a day."""
SHIPPED = {
    "watch_from": EUR // 10,
    "prefix_limits": (Limit(Kind.SPEND, EUR, HOUR_S), Limit(Kind.SPEND, 3 * EUR, DAY_S)),
}
"""What conf/smppgw.toml shows as an example."""


def guard(**changes: Any) -> Pumping:
    """Return one that watches for sequences only, whatever the numbers cost, unless told otherwise."""
    return Pumping("acme", PumpingRules(status=0x45, **changes))


def begun(watch: Pumping, *traffic: Sms) -> list[Block]:
    """Return the blocks that this traffic begins."""
    answers = [watch.judge(sms.recipient, sms.country, 1, sms.micros, sms.at) for sms in traffic]
    return [each for answer in answers if answer is not None for each in answer.begun]


class TestDays:
    def test_every_attack_ends_before_one_percent_of_the_days_budget(self) -> None:
        for name, traffic in attacks().items():
            told = tell(guard(**SHIPPED), traffic)

            assert sum(sms.micros for sms in traffic) > BUDGET / 100, name  # it would have cost more
            assert 0 < told.spent < BUDGET / 100, name

    def test_without_any_limit_of_money_the_numbers_give_them_away(self) -> None:
        for name in ("number by number", "within a hundred, shuffled", "slow drip", "prefix after prefix"):
            told = tell(guard(), attacks()[name])

            # 16 numbers in a row, or about 40 strewn over a hundred; the third prefix blocks the country
            assert told.taken <= 3 * 16, name

    def test_ordinary_traffic_loses_nothing(self) -> None:
        for name, traffic in (ordinary() | {"extensions": extensions(), "abroad": passwords_abroad()}).items():
            assert tell(guard(**SHIPPED), traffic).refused == 0, name

    def test_ordinary_traffic_loses_nothing_where_all_numbers_are_watched_for_sequences(self) -> None:
        for name, traffic in ordinary().items():
            assert tell(guard(), traffic).refused == 0, name

    def test_a_company_of_its_own_block_looks_like_an_attack_until_it_is_allowed(self) -> None:
        assert tell(guard(), extensions()).refused > 0
        assert tell(guard(allowed=("49301234",)), extensions()).refused == 0

    def test_many_prefixes_at_once_are_bounded_by_the_limit_of_their_country(self) -> None:
        rented = [block(37120004567 + place * 130_000, 50) for place in range(50)]
        traffic = list(every(1.0, [number for each in zip(*rented, strict=True) for number in each]))

        limit = Limit(Kind.SPEND, 8 * EUR, DAY_S)

        assert tell(guard(**SHIPPED), traffic).spent > BUDGET / 100
        assert tell(guard(**SHIPPED, country_limits=(limit,)), traffic).spent < BUDGET / 100


@pytest.mark.long
class TestManyDays:
    def test_customers_as_dense_as_eight_in_a_hundred_lose_nothing(self) -> None:
        for seed in range(30):
            base = customers(60_000, 75, seed)
            for recipients in (base, sorted(base)):
                assert tell(guard(), every(0.05, recipients, "DE", AT_HOME)).refused == 0, seed

    def test_attacks_of_any_pace_and_place_end_before_one_percent_of_the_days_budget(self) -> None:
        chance = random.Random(1)
        for _ in range(500):
            size, pace_s, first = chance.randrange(50, 5_000), chance.uniform(1, 1_500), chance.randrange(10**7)
            numbers = block(37120000000 + first, size)
            recipients = shuffled(numbers) if chance.random() < 0.5 else numbers
            told = tell(guard(**SHIPPED), every(pace_s, recipients))

            assert told.spent < BUDGET / 100, (size, pace_s, first)


class TestSequences:
    def test_the_sixteenth_number_in_a_row_blocks_its_prefix(self) -> None:
        watch = guard()

        assert begun(watch, *every(1.0, block(37120004000, 16))) == []
        (found,) = begun(watch, Sms(NOW + 20, "37120004016"))

        assert (found.prefix, found.country, found.kind, found.until) == (
            "3712000",
            "LV",
            Kind.SEQUENCE,
            NOW + 20 + DAY_S,
        )

    @pytest.mark.parametrize("first", [37120000000, 37120009983])
    def test_the_ends_of_a_prefix_are_numbers_like_others(self, first: int) -> None:
        watch = guard()

        assert begun(watch, *every(1.0, block(first, 16))) == []
        assert len(begun(watch, Sms(NOW + 20, str(first + 16)))) == 1

    def test_numbers_further_apart_than_the_distance_are_no_sequence(self) -> None:
        assert begun(guard(), *every(1.0, [str(37120000000 + 4 * step) for step in range(1_000)])) == []
        assert begun(guard(sequence_distance=4), *every(1.0, [str(37120000000 + 4 * step) for step in range(20)]))

    def test_the_same_few_numbers_again_and_again_are_no_sequence(self) -> None:
        assert begun(guard(), *every(1.0, block(37120004000, 10) * 200)) == []

    def test_distant_numbers_between_them_hide_no_sequence_that_is_the_most_of_a_prefix(self) -> None:
        close, distant = block(37120004000, 90), [str(37120005000 + 100 * step) for step in range(30)]
        mixed = [number for step in range(30) for number in (*close[3 * step : 3 * step + 3], distant[step])]

        assert begun(guard(), *every(1.0, mixed))

    def test_what_was_seen_long_ago_is_forgotten(self) -> None:
        watch = guard(sequence_window_s=HOUR_S)

        assert begun(watch, *every(HOUR_S / 10, block(37120004000, 100))) == []

    def test_zero_looks_for_no_sequence(self) -> None:
        assert begun(guard(sequence_numbers=0), *every(1.0, block(37120004000, 500))) == []


class TestLimits:
    def test_what_goes_over_a_limit_is_refused_and_blocks_its_prefix(self) -> None:
        watch = guard(prefix_limits=(Limit(Kind.SPEND, EUR, HOUR_S),))
        far_apart = every(1.0, [str(37120000000 + 100 * step) for step in range(5)])

        (found,) = begun(watch, *far_apart)  # the fifth quarter

        assert (found.prefix, found.kind) == ("3712000", Kind.SPEND)
        assert tell(watch, [Sms(NOW + 9, "37120009999")]).refused == 1
        assert tell(watch, [Sms(NOW + 9, "37120010000")]).refused == 0

    def test_every_part_counts(self) -> None:
        watch = guard(prefix_limits=(Limit(Kind.SPEND, EUR, HOUR_S),))

        assert watch.judge("37120001000", "LV", 4, EXPENSIVE, NOW) is None
        assert watch.judge("37120002000", "LV", 1, EXPENSIVE, NOW) is not None

    def test_a_limit_gives_way_with_time(self) -> None:
        watch = guard(prefix_limits=(Limit(Kind.SPEND, EUR, HOUR_S),))

        # a quarter each quarter of an hour, for ever
        assert begun(watch, *every(HOUR_S / 4, [str(37120000000 + 100 * step) for step in range(96)])) == []

    def test_numbers_without_a_price_are_watched_and_cost_messages(self) -> None:
        watch = guard(watch_from=EUR // 10, prefix_limits=(Limit(Kind.MESSAGES, 2, HOUR_S),))
        kinds = [watch.judge(f"3712000{step}000", "LV", 1, None, NOW) for step in range(3)]

        assert [answer is None for answer in kinds] == [True, True, False]
        assert kinds[2] is not None
        assert kinds[2].begun[0].kind is Kind.MESSAGES

    def test_what_costs_too_little_to_be_pumped_is_not_watched(self) -> None:
        watch = guard(**SHIPPED)

        assert tell(watch, every(1.0, block(49301234000, 1_000), "DE", AT_HOME)).refused == 0

    def test_what_was_not_accepted_in_the_end_costs_nothing(self) -> None:
        limits = (Limit(Kind.SPEND, EUR, HOUR_S),)
        watch = guard(prefix_limits=limits, country_limits=limits)

        for _ in range(50):
            assert watch.judge("37120001000", "LV", 1, EXPENSIVE, NOW) is None
            watch.give_back("37120001000", "LV", 1, EXPENSIVE)

    def test_what_was_not_watched_gives_nothing_back(self) -> None:
        watch = guard(watch_from=EXPENSIVE, allowed=("37120009",), prefix_limits=(Limit(Kind.SPEND, EUR, HOUR_S),))
        tell(watch, [Sms(NOW, f"3712000{step}000") for step in range(4)])

        watch.give_back("37120005000", "LV", 1, AT_HOME)
        watch.give_back("37120009000", "LV", 1, EXPENSIVE)

        assert tell(watch, [Sms(NOW, "37120005000")]).refused == 1

    def test_a_clock_that_jumps_back_neither_fills_nor_empties_a_limit(self) -> None:
        watch = guard(prefix_limits=(Limit(Kind.SPEND, EUR, HOUR_S),))

        assert tell(watch, [Sms(NOW - step * 600, f"3712000{step}000") for step in range(5)]).taken == 4


class TestBlocks:
    def test_a_block_ends_after_its_time_and_the_watch_begins_anew(self) -> None:
        watch = guard(block_s=HOUR_S)
        traffic = list(every(1.0, block(37120004000, 20)))

        assert tell(watch, traffic).taken == 16
        assert tell(watch, [Sms(NOW + 16 + HOUR_S - 1, "37120004000")]).refused == 1
        assert tell(watch, [Sms(sms.at + 20 + HOUR_S, sms.recipient) for sms in traffic]).taken == 16

    def test_the_third_blocked_prefix_of_a_country_blocks_the_country(self) -> None:
        watch = guard()
        rented = [number for first in (37120001000, 37120021000, 37120041000) for number in block(first, 20)]

        found = begun(watch, *every(1.0, rented))

        assert [(each.prefix, each.kind) for each in found] == [
            ("3712000", Kind.SEQUENCE),
            ("3712002", Kind.SEQUENCE),
            ("3712004", Kind.SEQUENCE),
            ("", Kind.WIDENED),
        ]
        assert tell(watch, [Sms(NOW + 99, "37129999999")]).refused == 1
        assert tell(watch, [Sms(NOW + 99, "37259999999", "EE")]).refused == 0

    def test_a_blocked_country_keeps_its_cheap_numbers(self) -> None:
        watch = guard(watch_from=EUR // 10, widen_after=1)

        assert len(begun(watch, *every(1.0, block(447012345000, 20), "GB"))) == 2  # personal numbers
        assert tell(watch, [Sms(NOW + 99, "447911123456", "GB", AT_HOME)]).refused == 0

    def test_zero_never_blocks_a_country(self) -> None:
        watch = guard(widen_after=0)
        rented = [number for step in range(5) for number in block(37120001000 + step * 20_000, 20)]

        assert {each.prefix != "" for each in begun(watch, *every(1.0, rented))} == {True}

    def test_a_part_of_a_text_is_told_of_a_block_and_takes_nothing_up(self) -> None:
        watch = guard()

        assert [watch.expect(number, NOW) for number in block(37120004000, 99)] == [None] * 99
        begun(watch, *every(1.0, block(37120004000, 17)))

        assert watch.expect("37120009999", NOW + 20) is not None
        assert watch.expect("37120019999", NOW + 20) is None

    def test_allowed_numbers_are_not_watched_and_not_blocked(self) -> None:
        watch = guard(allowed=("371200040",), block_s=HOUR_S)
        begun(watch, *every(1.0, block(37120005000, 17)))

        assert tell(watch, every(1.0, block(37120004000, 99))).refused == 0
        assert watch.expect("37120004000", NOW + 20) is None
        assert tell(watch, [Sms(NOW + 20, "37120004100")]).refused == 1

    def test_blocks_are_taken_up_after_a_restart(self) -> None:
        before, after = guard(), guard()
        begun(before, *every(1.0, block(37120004000, 17)))

        for each in before.blocks(NOW + 20):
            after.remember(each)

        assert tell(after, [Sms(NOW + 20, "37120004100")]).refused == 1
        assert after.blocks(NOW + 20) == before.blocks(NOW + 20) != []
        assert after.blocks(NOW + 20 + DAY_S) == []

    def test_the_rules_are_told_apart_by_their_fingerprints(self) -> None:
        rules = PumpingRules(status=0x45)

        assert rules.fingerprint == PumpingRules(status=0x45).fingerprint
        assert rules.fingerprint != PumpingRules(status=0x45, allowed=("371",)).fingerprint


class TestMemory:
    def test_only_the_prefixes_used_last_are_remembered(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pumping, "REMEMBERED", 100)
        watch = guard(prefix_limits=(Limit(Kind.SPEND, EUR, HOUR_S),))

        tell(watch, every(0.1, [f"3712{prefix:03d}0000" for prefix in shuffled_range(500)]))

        assert len(watch._prefixes) == 100

    def test_the_oldest_of_too_many_blocks_is_lifted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pumping, "REMEMBERED", 10)
        watch = guard(prefix_limits=(Limit(Kind.MESSAGES, 1, HOUR_S),), widen_after=0)

        tell(watch, every(0.1, [f"3712{place // 2:03d}{place % 2}000" for place in range(40)]))

        assert len(watch._blocks) == 10
        assert tell(watch, [Sms(NOW + 9, "37120199000"), Sms(NOW + 9, "37120009000")]).refused == 1


def shuffled_range(size: int) -> list[int]:
    return [int(number) for number in shuffled([str(number) for number in range(size)])]
