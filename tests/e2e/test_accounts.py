"""What differs from account to account, seen by a peer of the real daemon: alphabets, zones and ids of receipts."""

import asyncio
import sys
import time
from pathlib import Path

import pytest

from smppgw.smpp import gsm7, receipt
from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.dialects import DIALECTS
from smppgw.smpp.pdu import DeliverSm
from tests.e2e.configuration import PASSWORD, configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import bind, submit
from tests.e2e.simulated import Simulated
from tests.e2e.waiting import LIMIT_S

pytestmark = pytest.mark.e2e

NUMBER = "4915112345678"
HALF_PAST_FIVE_S = 5.5 * 3600
"""How far Kolkata is ahead of UTC, all year."""


async def test_the_dates_of_receipts_are_in_the_zone_of_the_account(new_daemon: NewDaemon, retarus: Simulated) -> None:
    account = 'receipt_profile = "cm"\nreceipt_zone = "Asia/Kolkata"'
    daemon = new_daemon(configuration(retarus=retarus.url, account=account))
    await daemon.start()
    came: list[bytes] = []

    def take(pdu: DeliverSm) -> CommandStatus:
        came.append(pdu.short_message)
        return CommandStatus.ESME_ROK

    began = int(time.time())
    esme = await bind(daemon.smpp_port, on_deliver=take)
    await esme.receipt_of(await esme.submit(submit(NUMBER)))

    said = receipt.parse(came[0])  # as if it were UTC
    assert said is not None
    assert began <= said.submitted_at - HALF_PAST_FIVE_S <= said.done_at - HALF_PAST_FIVE_S <= time.time()


async def test_octets_are_read_as_the_account_means_them(new_daemon: NewDaemon, retarus: Simulated) -> None:
    """GSM octets under 1, as node-smpp sends them; UTF-8 where 0 says so; what is in no alphabet leaves a trace."""
    account = 'default_alphabet = "utf8"\ndata_codings = { 1 = "gsm7", 0xF4 = "latin1" }'
    daemon = new_daemon(configuration(retarus=retarus.url, account=account))
    await daemon.start()
    esme = await bind(daemon.smpp_port)
    octets = {
        (1, gsm7.encode("price {5} €")): "price {5} €",
        (0xF4, "größer".encode("latin-1")): "größer",
        (0, "ü".encode()): "ü",
        (0, b"a\xff"): "a?",
    }

    for place, (data_coding, text) in enumerate(octets, 20):
        pdu = submit(f"49151170000{place}", data_coding=data_coding, short_message=text)
        assert await esme.receipt_of(await esme.submit(pdu)) == "DELIVRD"

    rows = sorted(await retarus.rows(), key=lambda row: str(row["to"]))
    assert [row["text"] for row in rows] == list(octets.values())
    assert [event["octets"] for event in daemon.events("octets without meaning")] == [1]


def account(profile: str, form: str) -> str:
    return f"""
[[accounts]]
system_id = "{profile}"
password = "{PASSWORD}"
country = "DE"
receipt_profile = "{profile}"
message_id = "{form}"
"""


@pytest.mark.parametrize("form", ["decimal", "hex"])
async def test_send_knows_its_receipt_in_every_profile(new_daemon: NewDaemon, retarus: Simulated, form: str) -> None:
    accounts = "".join(account(profile, form) for profile in DIALECTS)
    daemon = new_daemon(configuration(retarus=retarus.url, account=accounts))
    await daemon.start()

    for profile in DIALECTS:
        output = await send(daemon, profile)

        message_id, _, told = output.partition("\n")
        assert told == f"receipt {message_id} DELIVRD err:000\n"


async def send(daemon: Daemon, system_id: str) -> str:
    """Run `smppgw send --wait` and return what it prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "smppgw", "send", "--port", str(daemon.smpp_port), "--system-id", system_id),
        *("--password", PASSWORD, "--from", "Shop", "--to", NUMBER, "--text", "Hello", "--wait", f"{LIMIT_S:g}"),
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(2 * LIMIT_S):
        output, _ = await process.communicate()
    assert process.returncode == 0, output
    return output.decode()
