"""Traffic of a day: of those who pump numbers, and of those who have something to say."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from smppgw.core.pumping import Pumping
from tests.core.routing.asking import NOW

EXPENSIVE = 250_000
"""0.25 EUR a part."""
AT_HOME = 70_000
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Sms:
    """One message of one part."""

    at: float
    recipient: str
    country: str = "LV"
    micros: int = EXPENSIVE


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a day."""

    taken: int
    refused: int
    spent: int
    """Millionths of a EUR."""


def tell(pumping: Pumping, traffic: Iterable[Sms]) -> Told:
    """Submit a day's traffic."""
    taken = refused = spent = 0
    for sms in traffic:
        if pumping.judge(sms.recipient, sms.country, 1, sms.micros, sms.at) is None:
            taken += 1
            spent += sms.micros
        else:
            refused += 1
    return Told(taken, refused, spent)


def every(pause_s: float, recipients: Iterable[str], country: str = "LV", micros: int = EXPENSIVE) -> Iterator[Sms]:
    """Write to them one by one, for a day at most."""
    for place, recipient in enumerate(recipients):
        if place * pause_s >= DAY_S:
            return
        yield Sms(NOW + place * pause_s, recipient, country, micros)


def block(first: int, size: int) -> list[str]:
    """Return adjacent numbers."""
    return [str(first + place) for place in range(size)]


def shuffled(numbers: Sequence[str], seed: int = 5) -> list[str]:
    return random.Random(seed).sample(numbers, len(numbers))


def attacks() -> dict[str, list[Sms]]:
    """Return what pumpers do, each for a day, to numbers that cost a quarter of a EUR."""
    rented = [block(37120004567 + place * 130_000, 400) for place in range(5)]
    strewn = [block(first, 400) for first in (37120004567, 25261500120, 22390120000, 99470123400, 23276001000)]
    countries = ("LV", "SO", "ML", "AZ", "SL")
    return {
        "number by number": list(every(1.0, block(37120004567, 5_000))),
        "within a hundred, shuffled": list(every(1.0, shuffled(block(37120004500, 100)))),
        "within a thousand, shuffled": list(every(2.0, shuffled(block(37120004000, 1_000)))),
        "all of a prefix, shuffled": list(every(5.0, shuffled(block(37120000000, 10_000)))),
        "slow drip": list(every(1_200.0, block(37120004567, 100))),
        "slow drip, shuffled": list(every(1_200.0, shuffled(block(37120004500, 100)))),
        "prefix after prefix": list(every(10.0, [number for each in rented for number in each])),
        "prefixes by turns": list(every(10.0, [number for each in zip(*rented, strict=True) for number in each])),
        "countries by turns": [
            Sms(NOW + place * 50.0 + turn * 10.0, number, country)
            for turn, (country, each) in enumerate(zip(countries, strewn, strict=True))
            for place, number in enumerate(each)
        ],
    }


def customers(count: int, prefixes: int, seed: int = 7) -> list[str]:
    """Return customers in dense ranges of mobile numbers, in no order."""
    chance = random.Random(seed)
    return [f"49151{place:08d}" for place in chance.sample(range(20_000_000, 20_000_000 + prefixes * 10_000), count)]


def ordinary() -> dict[str, list[Sms]]:
    """Return what honest systems do in a day, at home; one customer in 25 numbers is the most a big one has."""
    base = customers(60_000, 150)
    on_call = customers(50, 150, seed=11)
    return {
        "one-time passwords": list(every(4.0, random.Random(3).choices(base, k=20_000), "DE", AT_HOME)),
        "a campaign over a sorted list": list(every(0.05, sorted(base), "DE", AT_HOME)),
        "alarms to fifty, every minute": [
            Sms(NOW + minute * 60.0, number, "DE", AT_HOME) for minute in range(360) for number in on_call
        ],
    }


def extensions() -> list[Sms]:
    """Return three notices to each extension of a company, in the order of its list."""
    return list(every(1.0, block(49301234000, 300) * 3, "DE", AT_HOME))


def passwords_abroad() -> list[Sms]:
    """Return one-time passwords to an expensive country, at an ordinary pace."""
    chance = random.Random(13)
    return list(every(90.0, [f"3712{chance.randrange(10**7):07d}" for _ in range(960)]))
