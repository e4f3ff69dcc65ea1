"""SIGTERM: what was read is answered, calls are finished, sessions are told, nothing is lost."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.pdu import EnquireLink, SubmitSmResp
from tests.e2e.campaign import Campaign
from tests.e2e.configuration import configuration
from tests.e2e.daemon import TRUE_DAEMON, Daemon, NewDaemon
from tests.e2e.esme import bind, submit
from tests.e2e.history import violations
from tests.e2e.simulated import Simulated, retarus_simulator, serving
from tests.e2e.waiting import LIMIT_S, until

pytestmark = pytest.mark.e2e

DRAIN_S = 25.0
"""The default of [gateway]."""


class Hanging:
    """A Retarus whose slow calls hang until they are released."""

    def __init__(self, retarus: Simulated, released: asyncio.Event) -> None:
        self.retarus = retarus
        self.released = released

    async def taken(self) -> bool:
        return await self.retarus.recipients() > 0


@pytest.fixture
async def hanging() -> AsyncIterator[Hanging]:
    released = asyncio.Event()

    async def hang(_seconds: float) -> None:
        await released.wait()

    async with serving(retarus_simulator(sleep=hang)) as retarus:
        await retarus.order(operation="send", fault="slow_after")
        yield Hanging(retarus, released)
        released.set()


@pytest.fixture
async def beside_hanging(new_daemon: NewDaemon, hanging: Hanging) -> Daemon:
    daemon = new_daemon(configuration(retarus=hanging.retarus.url))
    await daemon.start()
    return daemon


async def test_everything_that_was_read_is_answered_before_the_unbind(daemon: Daemon) -> None:
    esme = await bind(daemon.smpp_port)
    submits = [esme.request(submit(f"49151{place:08}")) for place in range(1000, 1080)]
    # The answer to what came behind the submits proves that they were read.
    await esme.request(EnquireLink())

    daemon.terminate()
    code = await daemon.wait()

    answers = await asyncio.gather(*submits)
    assert {answer.command_status for answer in answers} == {CommandStatus.ESME_ROK}
    assert esme.unbind_came
    assert code == 0


async def test_a_stop_loses_nothing_and_receipts_flow_after_the_restart(
    new_daemon: NewDaemon, retarus: Simulated
) -> None:
    total = 1000
    daemon = new_daemon(configuration(retarus=retarus.url))
    await daemon.start(*TRUE_DAEMON)

    async with Campaign(daemon, total=total, binds=2) as campaign:
        assert await campaign.until(lambda history: len(history.answered) >= total // 3, LIMIT_S)
        code = await daemon.stop()
        await daemon.start(*TRUE_DAEMON)
        assert await campaign.until(lambda history: len(history.answered) >= total, LIMIT_S)

        async def nothing_is_open() -> bool:
            return daemon.open_messages() == 0 and daemon.owed_receipts() == 0

        await until(nothing_is_open, "every message has ended")

    taken = [row["to"].removeprefix("+") for row in await retarus.rows()]
    assert violations(campaign.history, taken, repeats_per_kill=0) == []
    assert code == 0


async def test_a_call_in_flight_is_finished_and_is_no_doubt_afterwards(
    beside_hanging: Daemon, hanging: Hanging
) -> None:
    esme = await bind(beside_hanging.smpp_port)
    message_id = await esme.submit(submit("4915112345100"))
    await until(hanging.taken, "the carrier has taken it")

    beside_hanging.terminate()
    await esme.closed
    hanging.released.set()
    code = await beside_hanging.wait()
    await beside_hanging.start()
    again = await bind(beside_hanging.smpp_port)

    assert code == 0
    assert await again.receipt_of(message_id) == "DELIVRD"
    assert await hanging.retarus.calls("send") == 1


async def test_it_is_alive_and_not_ready_while_it_drains(beside_hanging: Daemon, hanging: Hanging) -> None:
    esme = await bind(beside_hanging.smpp_port)
    await esme.submit(submit("4915112345100"))
    await until(hanging.taken, "the carrier has taken it")

    beside_hanging.terminate()
    await esme.closed
    ready, alive = await beside_hanging.get("/readyz"), await beside_hanging.get("/healthz")

    assert (ready.status_code, ready.json()["reasons"]) == (503, ["draining"])
    assert alive.status_code == 200


async def test_nobody_can_connect_while_it_drains(beside_hanging: Daemon, hanging: Hanging) -> None:
    esme = await bind(beside_hanging.smpp_port)
    await esme.submit(submit("4915112345100"))
    await until(hanging.taken, "the carrier has taken it")

    beside_hanging.terminate()
    await esme.closed

    with pytest.raises(ConnectionError):
        await bind(beside_hanging.smpp_port)


async def test_a_second_sigterm_ends_it_at_once_and_what_hung_is_resolved_later(
    beside_hanging: Daemon, hanging: Hanging
) -> None:
    esme = await bind(beside_hanging.smpp_port)
    message_id = await esme.submit(submit("4915112345100"))
    await until(hanging.taken, "the carrier has taken it")

    beside_hanging.terminate()
    await esme.closed
    beside_hanging.terminate()
    async with asyncio.timeout(DRAIN_S / 2):
        await beside_hanging.wait()
    hanging.released.set()
    await beside_hanging.start()
    again = await bind(beside_hanging.smpp_port)

    assert await again.receipt_of(message_id) == "DELIVRD"
    assert await hanging.retarus.recipients() == 1


async def test_a_peer_that_ignores_the_unbind_does_not_hold_up_the_end(daemon: Daemon) -> None:
    esme = await bind(daemon.smpp_port)
    assert isinstance(await esme.request(submit("4915112345100")), SubmitSmResp)
    esme.transport.pause_reading()

    daemon.terminate()
    async with asyncio.timeout(DRAIN_S / 2):
        code = await daemon.wait()

    assert code == 0
