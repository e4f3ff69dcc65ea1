"""The forms of a long text that smpplib and aiosmpplib use only when told: sar_* parameters and message_payload."""

from typing import Any

import aiosmpplib
import pytest

from smppgw.smpp.consts import Tag
from tests.e2e.daemon import Daemon
from tests.e2e.peers import Aiosmpplib, Peer, Smpplib
from tests.e2e.simulated import Simulated

pytestmark = pytest.mark.e2e

TEXT = "Three parts of a text. " * 9
PARTS = [TEXT[:70], TEXT[70:140], TEXT[140:]]
DESTINATION = "4915112345120"


def sar(number: int) -> dict[str, int]:
    return {"sar_msg_ref_num": 42, "sar_total_segments": len(PARTS), "sar_segment_seqnum": number}


def smpplib_sar(text: str) -> list[dict[str, Any]]:
    return [{"short_message": part.encode(), **sar(number)} for number, part in enumerate(PARTS, 1)]


def smpplib_payload(text: str) -> list[dict[str, Any]]:
    return [{"message_payload": text.encode(), "short_message": b""}]


def aiosmpplib_sar(text: str) -> list[dict[str, Any]]:
    return [
        {
            "short_message": part,
            "optional_params": [
                aiosmpplib.OptionalParam(Tag[name.upper()].value, value) for name, value in sar(number).items()
            ],
        }
        for number, part in enumerate(PARTS, 1)
    ]


def aiosmpplib_payload(text: str) -> list[dict[str, Any]]:
    return [{"message_payload": text}]


@pytest.mark.parametrize("apart", [False, True], ids=["transceiver", "transmitter and receiver"])
@pytest.mark.parametrize(
    ("peer", "parts"),
    [
        pytest.param(Smpplib(smpplib_sar), 3, id="smpplib, sar"),
        pytest.param(Smpplib(smpplib_payload), 1, id="smpplib, payload"),
        pytest.param(Aiosmpplib(aiosmpplib_sar), 3, id="aiosmpplib, sar"),
        pytest.param(Aiosmpplib(aiosmpplib_payload), 1, id="aiosmpplib, payload"),
    ],
)
async def test_a_long_text_arrives_whole_and_every_part_gets_its_receipt(
    daemon: Daemon, retarus: Simulated, peer: Peer, parts: int, *, apart: bool
) -> None:
    exchange = await peer.exchange(daemon.smpp_port, {DESTINATION: TEXT}, parts, apart=apart)

    assert exchange.refusals == []
    assert len(set(exchange.ids)) == parts
    assert exchange.receipts == dict.fromkeys(exchange.ids, "DELIVRD")
    assert [row["text"] for row in await retarus.rows()] == [TEXT]
