"""Events of sessions go to the duty that answers them; a bug costs one connection."""

from typing import Any

import pytest

from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.pdu import DeliverSm, EnquireLink, EnquireLinkResp, Unbind, UnbindResp
from tests.workers.fakes import Depot, FakeClock, submit, value_of
from tests.workers.front import Front


@pytest.fixture
def front(depot: Depot, time: FakeClock) -> Front:
    return Front(depot, time)


def disconnects(front: Front, account: str, reason: str) -> float:
    return value_of(front.metrics, "smpp_disconnects_total", account=account, reason=reason)


async def test_what_was_read_before_an_unbind_is_answered_before_it(front: Front) -> None:
    peer = await front.bound_peer()

    peer.send(submit(1), submit(2), Unbind(sequence_number=3))
    got = await peer.got(3)

    assert [pdu.sequence_number for pdu in got] == [1, 2, 3]
    assert isinstance(got[-1], UnbindResp)


async def test_a_submit_before_the_bind_is_refused_and_reaches_nobody(front: Front, depot: Depot) -> None:
    peer = front.peer()

    peer.send(submit(1))

    assert (await peer.got())[0].command_status == CommandStatus.ESME_RINVBNDSTS
    assert "accept" not in depot.scripted.log


async def test_wait_idle_waits_for_the_commit(front: Front, depot: Depot) -> None:
    held = depot.scripted.hold("accept")
    peer = await front.bound_peer()
    peer.send(submit(1))
    await depot.scripted.until("accept")

    held.set()
    await front.reception.wait_idle()

    assert (await peer.got())[0].command_status == CommandStatus.ESME_ROK


async def test_a_bug_while_storing_costs_that_connection_only(front: Front, depot: Depot) -> None:
    depot.scripted.fail("accept", ZeroDivisionError())
    unlucky, other = await front.bound_peer(), await front.bound_peer()

    unlucky.send(submit(1))
    await front.reception.wait_idle()
    other.send(submit(1))

    assert unlucky.transport.aborted
    assert (await other.got())[0].command_status == CommandStatus.ESME_ROK
    await unlucky.until(lambda: front.binds.account_of(unlucky.connection) is None)
    assert disconnects(front, "acme", "aborted") == 1


async def test_a_bug_in_the_handler_costs_that_connection_only(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    unlucky, other = await front.bound_peer(), await front.bound_peer()

    def broken(*args: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(front.intake, "submit", broken)
        unlucky.send(submit(1))
    other.send(EnquireLink(sequence_number=9))

    assert unlucky.transport.aborted
    assert isinstance((await other.got())[0], EnquireLinkResp)


@pytest.mark.parametrize(("bound", "account"), [(True, "acme"), (False, "_unknown")])
async def test_the_end_of_a_session_is_counted_with_its_reason(front: Front, bound: bool, account: str) -> None:
    peer = await front.bound_peer() if bound else front.peer()

    peer.vanish()

    assert disconnects(front, account, "lost") == 1


async def test_a_call_that_ends_before_a_bind_is_counted_for_whom_was_called(front: Front) -> None:
    peer = front.peer(called="acme")

    peer.vanish()

    assert disconnects(front, "acme", "lost") == 1


async def test_a_bad_pdu_is_counted(front: Front) -> None:
    peer = await front.bound_peer()

    peer.send(DeliverSm(sequence_number=3))
    await peer.got()

    assert value_of(front.metrics, "smpp_pdu_errors_total", kind="unserved") == 1


async def test_finished_tasks_are_forgotten(front: Front) -> None:
    peer = await front.bound_peer()
    peer.send(*(submit(n) for n in range(1, 20)))
    await peer.got(19)

    await front.reception.wait_idle()

    assert not front.reception._tasks
