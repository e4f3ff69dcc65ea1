"""What an account may not send, as its peers see it."""

from typing import Any

from smppgw.core.routing import patterns
from smppgw.core.screening import Screens
from smppgw.smpp.consts import CommandStatus
from tests.workers.fakes import Depot, FakeClock, policy, submit, value_of
from tests.workers.front import Front

OK = CommandStatus.ESME_ROK


def front_with(depot: Depot, time: FakeClock, **screens: Any) -> Front:
    return Front(depot, time, policies={"acme": policy(screens=Screens(**screens))})


async def test_a_sender_that_is_not_the_accounts_is_refused(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, senders=patterns.compiled(["ACME", "4917*"]))
    peer = await front.bound_peer()

    peer.send(*(submit(n, source_addr=sender) for n, sender in enumerate(["ACME", "ACME1"], 1)))
    answers = {pdu.sequence_number: pdu.command_status for pdu in await peer.got(2)}

    assert answers == {1: OK, 2: CommandStatus.ESME_RINVSRCADR}
    assert value_of(front.metrics, "filtered_total", account="acme", kind="sender") == 1
