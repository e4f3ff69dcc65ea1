"""The whole way with node-smpp, the SMPP library of JavaScript: its codec writes what is sent and reads what comes."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from smppgw.smpp.pdu import BindTransmitter
from tests.e2e.configuration import PASSWORD, SYSTEM_ID, configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import bind, submit
from tests.e2e.simulated import Simulated
from tests.e2e.waiting import LIMIT_S

pytestmark = pytest.mark.e2e

HERE = Path(__file__).parent / "node"
LIBRARY = Path(sys.prefix) / "node"
"""Installed once per environment, beside the Python packages."""
INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")

LONG = ("First part, {braces} included. ", "Second part with 5 €. ", "The end.")
FORMS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    # Without a data_coding node-smpp writes 1 (ASCII) for octets in the GSM alphabet, so it is told one.
    "GSM": ("Hello @ $ {world} 5 €", [{"text": "Hello @ $ {world} 5 €", "data_coding": 0}]),
    "UCS-2": ("Grüße 👋 你好", [{"text": "Grüße 👋 你好", "data_coding": 8}]),
    "UDH": (
        "".join(LONG),
        [
            {"text": text, "udh": f"0500032A03{place:02X}", "esm_class": 0x40, "data_coding": 0}
            for place, text in enumerate(LONG, 1)
        ],
    ),
    "UDH in UCS-2, 16 bits": (
        "你好，世界",
        [
            {"text": text, "udh": f"060804123402{place:02X}", "esm_class": 0x40, "data_coding": 8}
            for place, text in enumerate(("你好，", "世界"), 1)
        ],
    ),
    "sar": (
        "".join(LONG),
        [
            {
                "text": text,
                "sar": {"sar_msg_ref_num": 42, "sar_total_segments": 3, "sar_segment_seqnum": place},
                "data_coding": 0,
            }
            for place, text in enumerate(LONG, 1)
        ],
    ),
    "payload": ("Two hundred. " * 20, [{"text": "Two hundred. " * 20, "payload": True, "data_coding": 0}]),
}
"""What should arrive, and the submit_sm that say it."""


@pytest.fixture(scope="module")
def library() -> Path:
    """The folder of node-smpp; a test that cannot have it says why."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (Debian: nodejs, npm)")
    installed = LIBRARY / (HERE / "package-lock.json").read_text("utf-8").partition("sha512-")[2][:12].replace("/", "_")
    if not installed.is_dir():
        _install(installed)
    return installed / "node_modules"


def _install(folder: Path) -> None:
    """Install aside and rename, because other tests may do the same at this moment."""
    aside = folder.with_name(f"{folder.name}.{os.getpid()}")
    aside.mkdir(parents=True)
    try:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, aside)
        done = subprocess.run(INSTALL, cwd=aside, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            pytest.skip(f"npm could not install node-smpp: {done.stderr.strip()[:300]}")
        if not folder.exists():
            aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@asynccontextmanager
async def running(library: Path, script: str, **order: Any) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a script with its order; it does not outlive the test."""
    process = await asyncio.create_subprocess_exec(
        *("node", str(HERE / script), json.dumps(order)),
        env=os.environ | {"NODE_PATH": str(library)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(LIMIT_S * 2):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def outcome(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """Wait for its end; return what it says then."""
    output, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    found: dict[str, Any] = json.loads(output)
    return found


@pytest.mark.parametrize("apart", [False, True], ids=["transceiver", "transmitter and receiver"])
async def test_every_form_of_a_text_arrives_and_every_part_gets_its_receipt(
    daemon: Daemon, retarus: Simulated, library: Path, *, apart: bool
) -> None:
    destinations = {name: f"49151123451{place:02}" for place, name in enumerate(FORMS, 20)}
    submits = [
        {**fields, "destination_addr": destinations[name]} for name, (_, parts) in FORMS.items() for fields in parts
    ]

    async with running(
        library,
        "exchange.js",
        port=daemon.smpp_port,
        system_id=SYSTEM_ID,
        password=PASSWORD,
        apart=apart,
        submits=submits,
        wait_ms=LIMIT_S * 1000,
    ) as node:
        found = await outcome(node)

    assert found["refusals"] == []
    assert len(set(found["ids"])) == len(submits)
    assert found["receipts"] == dict.fromkeys(found["ids"], "DELIVRD")
    arrived = {row["to"].removeprefix("+"): row["text"] for row in await retarus.rows()}
    assert {name: arrived[destinations[name]] for name in FORMS} == {name: text for name, (text, _) in FORMS.items()}


@pytest.mark.parametrize("how", ["bind_receiver", "bind_transceiver"])
async def test_it_is_called_binds_and_gets_what_waits(
    new_daemon: NewDaemon, retarus: Simulated, library: Path, how: str
) -> None:
    async with running(
        library,
        "called.js",
        system_id=SYSTEM_ID,
        password=PASSWORD,
        how=how,
        receipts=3,
        wait_ms=LIMIT_S * 1000,
    ) as node:
        assert node.stdout is not None
        port = json.loads(await node.stdout.readline())["port"]
        account = f'outbind = "127.0.0.1:{port}"\noutbind_system_id = "GATE"\noutbind_password = "hush-hush"'
        daemon = new_daemon(configuration(retarus=retarus.url, account=account))
        await daemon.start()
        sender = await bind(daemon.smpp_port, BindTransmitter)
        ids = [await sender.submit(submit(f"4915112{place:06}")) for place in range(20_020, 20_023)]
        found = await outcome(node)

    assert found["refusals"] == []
    assert found["outbind"] == {"system_id": "GATE", "password": "hush-hush"}
    assert found["receipts"] == dict.fromkeys(ids, "DELIVRD")
