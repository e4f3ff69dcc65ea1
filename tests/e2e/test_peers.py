"""The whole way with SMPP clients that are not ours."""

import pytest

from tests.e2e.daemon import Daemon
from tests.e2e.peers import Aiosmpplib, Peer, Smpplib
from tests.e2e.simulated import Simulated

pytestmark = pytest.mark.e2e

TEXTS = {
    "4915112345101": "Hello @ $ {world}",
    "4915112345102": "Grüße 👋 你好",
    "4915112345103": "Three parts. " * 30,
}
PARTS = 1 + 1 + 3


@pytest.mark.parametrize("apart", [False, True], ids=["transceiver", "transmitter and receiver"])
@pytest.mark.parametrize("peer", [Smpplib(), Aiosmpplib()], ids=["smpplib", "aiosmpplib"])
async def test_texts_arrive_and_every_part_gets_its_receipt(
    daemon: Daemon, retarus: Simulated, peer: Peer, *, apart: bool
) -> None:
    exchange = await peer.exchange(daemon.smpp_port, TEXTS, PARTS, apart=apart)

    assert exchange.refusals == []
    assert exchange.receipts == dict.fromkeys(exchange.ids, "DELIVRD")
    assert len(exchange.ids) == PARTS
    assert {row["to"].removeprefix("+"): row["text"] for row in await retarus.rows()} == TEXTS
