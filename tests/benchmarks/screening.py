"""What screening costs a submit: ``python -m tests.benchmarks.screening``.

CPU of translation, screening and route, without the store, for an account that screens nothing, and for accounts that
screen one thing or all; and what a million opt-outs cost. Figures, no assertions: a busy machine must not fail a build.
"""

import asyncio
import random
import tempfile
import time
from array import array
from pathlib import Path
from typing import Any, Final

from smppgw.core.content import ContentRule, compiled
from smppgw.core.optout import START_WORDS, STOP_WORDS, Optouts, Words
from smppgw.core.routing import patterns
from smppgw.core.screening import Respelling, Screens
from smppgw.smpp.pdu import SubmitSm
from smppgw.workers.screening import Screening
from tests.workers.fakes import Depot, FakeClock, policy, submit
from tests.workers.front import Front

MESSAGES: Final = 20_000
OPTED_OUT: Final = 1_000_000
LINKS: Final = ContentRule(name="links", hosts=frozenset({"example.com"}))
PATTERNS: Final = ContentRule(name="patterns", text=compiled([f"*word{n}*other*" for n in range(20)]))
SCREENS: Final[dict[str, dict[str, Any]]] = {
    "senders": {"senders": patterns.compiled(["ACME", "4917*"])},
    "a sender by country": {"sender_for": {"US": "12025550100", "*": "SHOP"}},
    "assigned numbers, each a new one": {"assigned_numbers": True},
    "a million opt-outs": {"words": Words(STOP_WORDS, START_WORDS)},
    "repetitions": {"duplicates_s": 30.0},
    "20 patterns": {"content": (PATTERNS,)},
    "links": {"content": (LINKS,)},
    "spelling, texts of one SMS": {"respelling": Respelling.LOSSY},
}
EVERYTHING: Final = {key: value for each in SCREENS.values() for key, value in each.items()} | {
    "content": (PATTERNS, LINKS)
}


def submits() -> list[SubmitSm]:
    chance = random.Random(1)
    return [
        submit(
            number,
            destination_addr=f"49151{chance.randrange(20_000_000, 99_999_999)}",
            short_message=b"Your code is %06d, see https://example.com/help" % number,
        )
        for number in range(1, MESSAGES + 1)
    ]


def optouts() -> Optouts:
    numbers = random.Random(2).sample(range(4917000000000, 4917999999999), OPTED_OUT)
    return Optouts({"acme": array("q", sorted(numbers))})


async def main() -> None:
    pdus, opted_out = submits(), optouts()
    with tempfile.TemporaryDirectory() as folder:
        time_ = FakeClock()
        depot = await Depot.open(Path(folder), time_)
        cases = {"nothing": None} | {name: Screens(**asked) for name, asked in SCREENS.items()}
        for name, screens in {**cases, "everything": Screens(**EVERYTHING)}.items():
            best = min(_cost(depot, time_, pdus, opted_out, screens) for _ in range(3))
            print(f"{name:40s} {best * 1e6 / MESSAGES:6.2f} us a submit")
        await depot.real.aclose()


def _cost(depot: Depot, time_: FakeClock, pdus: list[SubmitSm], opted_out: Optouts, screens: Screens | None) -> float:
    account = policy(max_tps=1e9, country="DE", screens=screens)
    front = Front(depot, time_, policies={"acme": account})
    front.ways._screening = Screening(optouts=opted_out, secret=b"key", count=front.metrics.filtered)
    begun = time.process_time()
    for pdu in pdus:
        front.intake._understand(account, pdu, 0x34)
    return time.process_time() - begun


if __name__ == "__main__":
    asyncio.run(main())
