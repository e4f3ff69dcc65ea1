"""A disk that fills up: submits are refused while it is full, what was accepted lives on, and room ends it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.pdu import SubmitSmResp
from tests.e2e.configuration import configuration
from tests.e2e.daemon import TRUE_DAEMON, NewDaemon
from tests.e2e.esme import Esme, bind, submit
from tests.e2e.simulated import Simulated

pytestmark = pytest.mark.e2e

ON_A_SMALL_DISK = str(Path(__file__).with_name("on_a_small_disk.py"))
SIZE = "4m"
BLOCK_OCTETS = 4096
REFUSALS = {CommandStatus.ESME_RMSGQFUL, CommandStatus.ESME_RSYSERR}
"""Both are temporary for every known ESME."""
MOST_SUBMITS = 20_000
"""Far more than the disk holds."""


def may_mount(folder: Path) -> bool:
    """Whether this user may have a disk of its own."""
    if shutil.which("unshare") is None or os.geteuid() != 0:
        return False
    probe = [sys.executable, ON_A_SMALL_DISK, str(folder), SIZE, "/bin/true"]
    return subprocess.run(probe, check=False, capture_output=True).returncode == 0


async def test_a_full_disk_refuses_submits_and_room_ends_it(
    new_daemon: NewDaemon, retarus: Simulated, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if not may_mount(disk):
        pytest.skip("only root can have a small disk of its own")
    daemon = new_daemon(configuration(retarus=retarus.url, store="sqlite:disk/gateway.db"))
    await daemon.start(ON_A_SMALL_DISK, str(disk), SIZE, sys.executable, *TRUE_DAEMON)
    seen_from_here = Path(f"/proc/{daemon.process.pid}/root{disk}")
    ballast = seen_from_here / "ballast"
    fill(ballast)
    esme = await bind(daemon.smpp_port)

    accepted, status = await submit_until_refused(esme)
    make_room(ballast)
    message_id = await esme.submit(submit("4915112345100"))

    assert status in REFUSALS
    assert await esme.receipt_of(message_id) == "DELIVRD"
    copy_store(seen_from_here, tmp_path)
    assert daemon.stored_ids() == {*accepted, message_id}
    assert (await daemon.get("/readyz")).status_code == 200


async def submit_until_refused(esme: Esme) -> tuple[list[str], int]:
    """Return the message_ids before the first refusal, and its status."""
    accepted: list[str] = []
    for place in range(1000, 1000 + MOST_SUBMITS):
        answer = await esme.request(submit(f"49151{place:06}99"))
        if not isinstance(answer, SubmitSmResp) or answer.command_status != CommandStatus.ESME_ROK:
            return accepted, answer.command_status
        accepted.append(answer.message_id)
    return accepted, CommandStatus.ESME_ROK


def fill(ballast: Path) -> None:
    """Take all room but a little."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(BLOCK_OCTETS))
        except OSError:
            file.truncate(max(file.tell() - 64 * BLOCK_OCTETS, 0))


def make_room(ballast: Path) -> None:
    """Give it all back."""
    ballast.unlink()


def copy_store(disk: Path, folder: Path) -> None:
    """Bring the store where SQLite can open it: it does not look through `/proc/PID/root`."""
    for name in ("gateway.db", "gateway.db-wal"):
        shutil.copy(disk / name, folder)
