"""Statuses that tell an ESME of trouble on our side, each with a daemon that has it: the session always goes on."""

import asyncio
import socket
from pathlib import Path

import pytest

from smppgw.simulators.serving import running
from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.pdu import CancelSm, Pdu, QuerySm, ReplaceSm
from tests.e2e.configuration import SYSTEM_ID, configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import bind, submit
from tests.e2e.faulty_daemon import BUG, FAILS, FULL, NO_MEMORY
from tests.e2e.simulated import Simulated, retarus_simulator
from tests.e2e.waiting import LIMIT_S
from tests.e2e.wire import bind_pdu, wired

pytestmark = pytest.mark.e2e

NUMBER = "4915112345678"
FAULTY = str(Path(__file__).with_name("faulty_daemon.py"))

TROUBLE: list[tuple[Pdu, CommandStatus]] = [
    (submit(NUMBER, BUG), CommandStatus.ESME_RSYSERR),
    (submit(NUMBER, FAILS), CommandStatus.ESME_RSYSERR),
    (submit(NUMBER, FULL), CommandStatus.ESME_RMSGQFUL),
    (QuerySm(message_id="1234567890"), CommandStatus.ESME_RQUERYFAIL),
    (CancelSm(message_id="1234567890"), CommandStatus.ESME_RSYSERR),
    (ReplaceSm(message_id="1234567890"), CommandStatus.ESME_RSYSERR),
]


@pytest.fixture
async def faulty(new_daemon: NewDaemon, retarus: Simulated) -> Daemon:
    daemon = new_daemon(configuration(retarus=retarus.url))
    await daemon.start(FAULTY, "run")
    return daemon


async def test_a_bug_and_a_store_in_trouble_refuse_one_request_and_no_session(faulty: Daemon) -> None:
    esme = await bind(faulty.smpp_port)

    async with asyncio.timeout(LIMIT_S):
        answers = [await esme.request(pdu) for pdu, _ in TROUBLE]
    message_id = await esme.submit(submit(NUMBER))

    assert [type(answer) for answer in answers] == [pdu.response for pdu, _ in TROUBLE]
    assert [answer.command_status for answer in answers] == [status for _, status in TROUBLE]
    assert await esme.receipt_of(message_id) == "DELIVRD"


@pytest.mark.parametrize("system_id", [SYSTEM_ID, "nobody"])
async def test_a_password_that_cannot_be_checked_refuses_one_bind_and_no_session(
    faulty: Daemon, system_id: str
) -> None:
    """And nobody learns from it who exists."""
    async with wired(faulty.smpp_port) as wire:
        refused = await wire.ask(bind_pdu(system_id, NO_MEMORY))
        taken = await wire.ask(bind_pdu())

    assert refused.command_status == CommandStatus.ESME_RSYSERR
    assert taken.command_status == CommandStatus.ESME_ROK


async def test_while_no_carrier_can_be_reached_messages_are_taken_and_wait(new_daemon: NewDaemon) -> None:
    """They leave when it is there."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        daemon = new_daemon(configuration(retarus=f"http://127.0.0.1:{port}"))
        await daemon.start()
        esme = await bind(daemon.smpp_port)
        message_id = await esme.submit(submit(NUMBER))

    async with running(retarus_simulator(), port=port):
        assert await esme.receipt_of(message_id) == "DELIVRD"
