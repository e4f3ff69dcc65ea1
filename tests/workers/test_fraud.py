"""What an account may not write to, as its peers see it."""

from collections.abc import Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from smppgw.core.codes import ErrorCode
from smppgw.core.pumping import Kind, Limit, PumpingRules
from smppgw.smpp import udh
from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.fields import SmeAddress
from smppgw.smpp.pdu import SubmitMulti, SubmitMultiResp, SubmitSm
from smppgw.store.base import StoreError
from tests.workers.fakes import Depot, FakeClock, Peer, policy, submit, value_of
from tests.workers.front import Front

OK = CommandStatus.ESME_ROK
EUR = 1_000_000
BLOCKED = 0x45
RULES = PumpingRules(prefix_limits=(Limit(Kind.SPEND, EUR, 3600.0),), status=BLOCKED)
"""Four messages of 0.25 EUR an hour to one prefix."""


def front_with(depot: Depot, time: FakeClock, **changes: Any) -> Front:
    return Front(
        depot, time, policies={"acme": policy(**({"pumping": RULES} | changes))}, prices={"alpha": 250_000, "beta": 1}
    )


def to(recipients: Sequence[str], first: int = 1, **changes: Any) -> list[SubmitSm]:
    return [submit(n, destination_addr=number, **changes) for n, number in enumerate(recipients, first)]


def apart(count: int) -> list[str]:
    """Return numbers of one prefix that lie far apart."""
    return [f"4917100{place:02d}999" for place in range(count)]


async def statuses(peer: Peer, pdus: Sequence[SubmitSm]) -> list[int]:
    peer.send(*pdus)
    got = {pdu.sequence_number: pdu.command_status for pdu in await peer.got(len(pdus))}
    return [got[pdu.sequence_number] for pdu in pdus]


def part(sequence_number: int, number: int, recipient: str, length: int = 1) -> SubmitSm:
    octets = udh.encode(udh.of_part(7, 2, number)) + b"x" * length
    return submit(sequence_number, esm_class=0x40, short_message=octets, destination_addr=recipient)


class TestCountries:
    async def test_a_country_that_the_account_does_not_name_is_refused(self, depot: Depot, time: FakeClock) -> None:
        front = front_with(depot, time, pumping=None, countries=frozenset({"AT"}))

        got = await statuses(await front.bound_peer(), [*to(["491711234567"]), part(2, 1, "491711234567")])

        assert got == [CommandStatus.ESME_RINVDSTADR] * 2
        assert value_of(front.metrics, "filtered_total", account="acme", kind="country") == 2

    async def test_a_country_that_it_names_is_not(self, depot: Depot, time: FakeClock) -> None:
        front = front_with(depot, time, pumping=None, countries=frozenset({"DE"}))

        assert await statuses(await front.bound_peer(), to(["491711234567"])) == [OK]


class TestBlocks:
    async def test_what_goes_over_a_limit_is_refused_and_nothing_else_is(self, depot: Depot, time: FakeClock) -> None:
        front = front_with(depot, time)
        peer = await front.bound_peer()

        assert await statuses(peer, to(apart(7))) == [OK] * 4 + [BLOCKED] * 3
        assert await statuses(peer, to(["491720099999"], 8)) == [OK]
        assert await depot.stages() == {"queued": 5}
        assert value_of(front.metrics, "filtered_total", account="acme", kind="pumping") == 3
        assert value_of(front.metrics, "fraud_blocks_total", account="acme", kind="spend") == 1

    async def test_each_block_is_told_once_without_a_number(self, depot: Depot, time: FakeClock) -> None:
        front = front_with(depot, time)
        peer = await front.bound_peer()

        with capture_logs() as logs:
            await statuses(peer, to(apart(9)))

        (told,) = [line for line in logs if line["event"] == "numbers blocked, pumping is suspected"]
        assert (told["account"], told["area"], told["kind"], told["seconds"]) == ("acme", "49171000*", "spend", 86_400)
        assert not any(number in str(logs) for number in apart(9))

    async def test_the_destinations_of_a_submit_multi_are_judged_one_by_one(
        self, depot: Depot, time: FakeClock
    ) -> None:
        front = front_with(depot, time)
        peer = await front.bound_peer()
        destinations = tuple(SmeAddress(dest_addr_ton=1, destination_addr=number) for number in apart(6))

        peer.send(SubmitMulti(sequence_number=1, source_addr="ACME", dest_address=destinations, short_message=b"hi"))
        (answer,) = await peer.got()

        assert isinstance(answer, SubmitMultiResp)
        assert [each.error_status_code for each in answer.unsuccess_sme] == [BLOCKED] * 2

    async def test_other_accounts_and_those_without_rules_are_left_alone(self, depot: Depot, time: FakeClock) -> None:
        front = front_with(depot, time, pumping=None)

        assert await statuses(await front.bound_peer(), to(apart(30))) == [OK] * 30

    async def test_what_the_store_did_not_take_costs_nothing(self, depot: Depot, time: FakeClock) -> None:
        front = front_with(depot, time)
        peer = await front.bound_peer()

        for first in range(1, 41, 4):
            depot.scripted.fail("accept", StoreError("busy"))
            assert await statuses(peer, to(apart(4), first)) == [CommandStatus.ESME_RSYSERR] * 4

        assert await statuses(peer, to(apart(5), 50)) == [OK] * 4 + [BLOCKED]


class TestTextsOfSeveralParts:
    async def test_the_whole_text_counts_and_ends_rejected_where_it_is_too_much(
        self, depot: Depot, time: FakeClock
    ) -> None:
        front = front_with(depot, time)
        peer = await front.bound_peer()
        assert await statuses(peer, to(apart(3))) == [OK] * 3

        # 0.75 EUR are spent: two parts of 0.25 EUR are one too many
        got = await statuses(peer, [part(10, 1, apart(9)[8], 130), part(11, 2, apart(9)[8], 130)])

        assert got == [OK, OK]
        assert [finish.error for finish in front.finished] == [ErrorCode.DESTINATION_BLOCKED]
        rejected = [("rejected", ErrorCode.DESTINATION_BLOCKED)] * 2
        assert [(outcome, error) for _, outcome, error in await depot.owed()] == rejected
        assert await statuses(peer, [part(12, 1, apart(9)[7])]) == [BLOCKED]

    async def test_a_text_that_could_not_be_routed_counts_once(self, depot: Depot, time: FakeClock) -> None:
        front = front_with(depot, time)
        peer = await front.bound_peer()
        depot.scripted.fail("route", StoreError("busy"))

        assert await statuses(peer, [part(1, 1, apart(1)[0], 130), part(2, 2, apart(1)[0], 130)]) == [OK, OK]
        await front.intake.route_left_over()

        assert front.finished == []
        assert await statuses(peer, to(apart(4)[1:], 3)) == [OK, OK, BLOCKED]


class TestRestarts:
    @pytest.mark.parametrize(("allowed", "status"), [((), BLOCKED), (("49172",), OK)])
    async def test_a_block_outlives_a_restart_unless_its_rules_have_changed(
        self, depot: Depot, time: FakeClock, allowed: tuple[str, ...], status: int
    ) -> None:
        before = front_with(depot, time)
        await statuses(await before.bound_peer(), to(apart(5)))
        await before.reception.wait_idle()
        rules = PumpingRules(prefix_limits=RULES.prefix_limits, status=BLOCKED, allowed=allowed)

        front = front_with(depot, time, pumping=rules)
        front.fraud.remember(await depot.real.blocks(time.now))

        assert await statuses(await front.bound_peer(), to(apart(1))) == [status]

    async def test_a_reload_lifts_the_blocks_of_changed_rules_only(self, depot: Depot, time: FakeClock) -> None:
        front = front_with(depot, time)
        peer = await front.bound_peer()
        await statuses(peer, to(apart(5)))

        with capture_logs() as logs:
            front.fraud.reload(front.policies)
        assert [(line["account"], line["areas"]) for line in logs] == [("acme", ["49171000*"])]
        assert await statuses(peer, to(apart(1), 6)) == [BLOCKED]

        changed = PumpingRules(prefix_limits=RULES.prefix_limits, status=BLOCKED, allowed=("4917",))
        front.fraud.reload({"acme": policy(pumping=changed)})
        assert await statuses(peer, to(apart(9), 7)) == [OK] * 9

    async def test_a_block_that_could_not_be_stored_holds_and_is_stored_later(
        self, depot: Depot, time: FakeClock
    ) -> None:
        front = front_with(depot, time)
        peer = await front.bound_peer()
        depot.scripted.fail("keep_blocks", StoreError("busy"))

        assert await statuses(peer, to(apart(5))) == [OK] * 4 + [BLOCKED]
        await front.reception.wait_idle()
        assert await depot.real.blocks(time.now) == []
        assert await statuses(peer, to(apart(1), 6)) == [BLOCKED]
        await front.reception.wait_idle()

        assert len(await depot.real.blocks(time.now)) == 1
