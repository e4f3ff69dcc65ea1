"""The real daemon behind a proxy that cuts each first call after another octet; every octet takes its turn."""

import itertools
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.e2e.configuration import configuration
from tests.e2e.daemon import NewDaemon
from tests.e2e.esme import bind, submit
from tests.e2e.fault_proxy import Break, Fault, FaultProxy, Way
from tests.e2e.simulated import Simulated

pytestmark = pytest.mark.e2e

LONGEST = {Way.REQUEST: 900, Way.ANSWER: 400}
"""Octets of a call at most; a cut after what is not there does nothing."""
KNOWN_S = 600.0


def cuts(step: int) -> Iterator[Fault]:
    for way, octets in LONGEST.items():
        for after in range(0, octets, step):
            yield Fault(how=Break.FIN, way=way, after=after)


@pytest.mark.parametrize(
    "step", [pytest.param(150, id="some octets"), pytest.param(1, id="every octet", marks=pytest.mark.long)]
)
async def test_the_daemon_delivers_each_message_exactly_once(
    new_daemon: NewDaemon, retarus: Simulated, step: int
) -> None:
    script = cuts(step)
    # Between two cuts a call that goes well: a carrier that only breaks would be left alone for longer and longer.
    turns = itertools.cycle((True, False))
    proxy = FaultProxy(
        int(retarus.url.rpartition(":")[2]),
        lambda head: next(script, None) if head.startswith(b"POST ") and next(turns) else None,
    )
    numbers = [f"49151{place:06}99" for place in range(2 * len(list(cuts(step))))]
    async with proxy.serving() as port:
        text = configuration(retarus=f"http://127.0.0.1:{port}", carrier="max_batch = 1\nmax_in_flight = 1")
        daemon = new_daemon(text)
        await daemon.start()
        esme = await bind(daemon.smpp_port)
        ids = [await esme.submit(submit(number)) for number in numbers]
        stats = {await esme.receipt_of(message_id, KNOWN_S) for message_id in ids}
        await daemon.stop()

    assert stats == {"DELIVRD"}
    assert Counter(row["to"].removeprefix("+") for row in await retarus.rows()) == dict.fromkeys(numbers, 1)
    assert next(script, None) is None
