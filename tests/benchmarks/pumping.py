"""What watching for pumping costs a submit: ``python -m tests.benchmarks.pumping``.

CPU of translation, route and judgement, without the store, for an account that watches nothing and for accounts that
do. Figures, no assertions: a busy machine must not fail a build.
"""

import asyncio
import random
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from smppgw.core.pumping import Kind, Limit, PumpingRules
from smppgw.smpp.pdu import SubmitSm
from tests.workers.fakes import Depot, FakeClock, policy, submit
from tests.workers.front import Front

MESSAGES: Final = 20_000
RULES: Final = PumpingRules(
    prefix_limits=(Limit(Kind.SPEND, 10**9, 3600.0), Limit(Kind.SPEND, 10**9, 86_400.0)),
    country_limits=(Limit(Kind.SPEND, 10**12, 86_400.0),),
    status=0x45,
)
CASES: Final[dict[str, dict[str, Any]]] = {
    "nothing configured": {},
    "countries": {"countries": frozenset({"DE"})},
    "cheap numbers, not watched": {
        "pumping": PumpingRules(watch_from=10**6, prefix_limits=RULES.prefix_limits, status=0x45)
    },
    "watched, three limits and sequences": {"pumping": RULES},
}


def submits() -> list[SubmitSm]:
    chance = random.Random(1)
    return [
        submit(number, destination_addr=f"49151{chance.randrange(20_000_000, 21_500_000)}")
        for number in range(1, MESSAGES + 1)
    ]


async def main() -> None:
    pdus = submits()
    with tempfile.TemporaryDirectory() as folder:
        time_ = FakeClock()
        depot = await Depot.open(Path(folder), time_)
        for name, changes in CASES.items():
            best = min(_cost(depot, time_, pdus, changes) for _ in range(3))
            print(f"{name:40s} {best * 1e6 / MESSAGES:6.2f} us a submit")
        await depot.real.aclose()


def _cost(depot: Depot, time_: FakeClock, pdus: list[SubmitSm], changes: dict[str, Any]) -> float:
    account = policy(max_tps=1e9, country="DE", **changes)
    front = Front(depot, time_, policies={"acme": account}, prices={"alpha": 70_000})
    begun = time.process_time()
    for pdu in pdus:
        front.intake._understand(account, pdu, 0x34)
    return time.process_time() - begun


if __name__ == "__main__":
    asyncio.run(main())
