"""What every store must keep of budgets: at any time, what is used of a pot is the sum over its messages."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import pytest

from smppgw.core.budgets import Charge, Period, Pot, Scope
from smppgw.core.codes import ErrorCode
from smppgw.core.disposition import Doubted, Finished, Parked, Requeued
from smppgw.core.doubt import PARKED_S
from smppgw.core.model import BatchId, Cost, Decision, DropKind, MessageId, Outcome
from smppgw.core.operations import IdKey, Named, Replacement
from smppgw.core.verdict import PushedReport
from smppgw.store.base import BudgetSpentError, Routed
from tests.store.ledger_contract import never_left, told
from tests.store.room import RECEIVER, START, Room, final, taken

DAY: Final = Pot(Scope.ACCOUNT, "acme", Period.DAY, 1_699_920_000_000)
MONTH: Final = DAY._replace(period=Period.MONTH, start_ms=1_698_796_800_000)
ALPHA: Final = DAY._replace(scope=Scope.CARRIER, name="alpha")
BETA: Final = DAY._replace(scope=Scope.CARRIER, name="beta")
LIMIT: Final = 1000
CHARGES: Final = (Charge(DAY, 80, LIMIT), Charge(ALPHA, 50, LIMIT), Charge(BETA, 80, LIMIT))
"""By alpha it costs 50, by beta 80."""
RESERVED: Final = {DAY: 80, ALPHA: 50, BETA: 80}
BY_ALPHA: Final = {DAY: 50, ALPHA: 50}
STAYS: Final = {DAY: 80, ALPHA: 50}
"""What nobody knows to have been sent by alpha, or not."""


def cost(micros: int) -> Cost:
    return Cost(micros * 9, "USD", micros)


async def used(room: Room) -> Mapping[Pot, int]:
    """Return what is used of each pot, as the store says it; proved against the messages one by one."""
    found = {pot: micros for pot, micros in (await room.store.spent([DAY, MONTH, ALPHA, BETA])).items() if micros}
    assert found == await room.backend.taken_out()
    return found


async def submit(room: Room, **changes: Any) -> MessageId:
    return await room.submit(**{"charges": CHARGES} | changes)


async def called(room: Room) -> tuple[Any, BatchId, MessageId]:
    number = await submit(room)
    lease, batch, _ = await room.call()
    return lease, batch, number


# Ways to end, each with what stays used.


async def taken_by_alpha(room: Room) -> None:
    lease, batch, number = await called(room)
    await room.settle(batch, lease, {number: taken(cost=cost(50))})


async def taken_and_reported(room: Room) -> None:
    await taken_by_alpha(room)
    await room.report(MessageId(1), Outcome.UNDELIVERABLE)


async def taken_at_an_unknown_price(room: Room) -> None:
    lease, batch, number = await called(room)
    await room.settle(batch, lease, {number: taken(cost=None)})


async def taken_for_more_than_expected(room: Room) -> None:
    lease, batch, number = await called(room)
    await room.settle(batch, lease, {number: taken(cost=cost(2000))})


async def taken_by_beta_after_failover(room: Room) -> None:
    lease, batch, number = await called(room)
    await room.settle(batch, lease, {number: Requeued("beta", None, 1)})
    assert await used(room) == RESERVED
    lease, batch, _ = await room.call("beta")
    await room.settle(batch, lease, {number: taken(cost=cost(75))})


async def refused_by_its_carrier(room: Room) -> None:
    lease, batch, number = await called(room)
    await room.settle(batch, lease, {number: Finished(Outcome.REJECTED, ErrorCode.BLOCKED)})


async def refused_before_a_call(room: Room) -> None:
    number = await submit(room)
    lease, _ = await room.lease()
    await room.store.put_back({number: Finished(Outcome.REJECTED, ErrorCode.BLOCKED)}, lease=lease, now=room.now)


async def expired(room: Room) -> None:
    await submit(room, expires_at=START + 5)
    room.clock.now += 5
    await room.sweep()


async def cancelled(room: Room) -> None:
    number = await submit(room)
    named = Named(account="acme", keys=(IdKey(f"id{number}", number, 1 << 40),), source_addr="ACME")
    assert await room.store.cancel(named, room.now)


async def unknown_after_a_doubt(room: Room) -> None:
    lease, batch, number = await called(room)
    await room.settle(batch, lease, {number: Doubted()}, due_in_s=0)
    lease, _ = await room.doubts()
    await room.settle(batch, lease, {number: Finished(Outcome.UNKNOWN, ErrorCode.OUTCOME_UNKNOWN)})


async def parked_too_long(room: Room) -> None:
    lease, batch, number = await called(room)
    await room.settle(batch, lease, {number: Parked()})
    assert await used(room) == RESERVED
    room.clock.now += PARKED_S
    await room.sweep()


async def expired_while_it_waits_for_its_second_copy(room: Room) -> None:
    lease, batch, number = await called(room)
    again = Requeued("alpha", None, 1, possible_duplicate=True)
    await room.settle(batch, lease, {number: again})
    room.clock.now += 3600
    await room.sweep()


async def reported_before_the_answer_and_booked_with_it(room: Room) -> None:
    lease, batch, number = await called(room)
    await room.store.report([final(number)], now=room.now)
    assert await used(room) == STAYS  # the carrier has it; what it costs is not booked yet
    await room.settle(batch, lease, {number: taken(cost=cost(50))})


async def pushed_before_the_answer(room: Room) -> None:
    _, batch, number = await called(room)
    await room.store.keep_push("alpha", "", b"x", room.now)
    lease, (push,) = await room.store.lease_pushes(9, until=room.now + 9, now=room.now)
    report = PushedReport(batch=batch, recipient=RECEIVER, outcome=Outcome.DELIVERED, final=True)
    await room.store.settle_push(push, [report], {number: cost(50)}, [], again_at=None, lease=lease, now=room.now)


async def billed_as_three_parts(room: Room) -> None:
    await taken_by_alpha(room)
    await told(room, final(MessageId(1), parts=3))


async def billed_as_nothing(room: Room) -> None:
    await taken_by_alpha(room)
    await told(room, final(MessageId(1), Outcome.UNDELIVERABLE, parts=0))


async def sent_nowhere_by_alpha(room: Room) -> None:
    await taken_by_alpha(room)
    await told(room, never_left(MessageId(1)))


async def sent_nowhere_by_alpha_and_taken_by_beta(room: Room) -> None:
    await sent_nowhere_by_alpha(room)
    lease, batch, (number,) = await room.call("beta")
    await room.settle(batch, lease, {number: taken(cost=cost(75))})


async def sent_nowhere_by_anybody(room: Room) -> None:
    await sent_nowhere_by_alpha_and_taken_by_beta(room)
    await told(room, never_left(MessageId(1)))


async def sent_nowhere_with_no_room_for_the_next(room: Room) -> None:
    await taken_by_alpha(room)
    await submit(room, charges=(Charge(BETA, LIMIT - 79, LIMIT),))

    reported = await told(room, never_left(MessageId(1)))

    assert (len(reported.finished), reported.passed_on) == (1, ())


async def sent_nowhere_with_no_room_but_for_the_last(room: Room) -> None:
    await submit(room, carriers=("alpha", "beta", "gamma"))
    lease, batch, (number,) = await room.call()
    await room.settle(batch, lease, {number: taken(cost=cost(50))})
    await submit(room, charges=(Charge(BETA, LIMIT - 79, LIMIT),))

    (passed,) = (await told(room, never_left(number))).passed_on
    assert passed.carrier == "gamma"

    _, (message,) = await room.lease("gamma")
    assert message.decision is not None
    assert message.decision.carriers == ("alpha", "gamma")
    assert [(each.carrier, each.kind) for each in message.decision.dropped] == [("beta", DropKind.OVER_BUDGET)]


async def proved_to_be_nowhere_while_in_doubt(room: Room) -> None:
    lease, batch, number = await called(room)
    await room.settle(batch, lease, {number: Doubted()})
    await told(room, never_left(number))


ENDS: Final[Mapping[Callable[[Room], Awaitable[None]], Mapping[Pot, int]]] = {
    taken_by_alpha: BY_ALPHA,
    taken_and_reported: BY_ALPHA,
    taken_at_an_unknown_price: STAYS,
    taken_for_more_than_expected: {DAY: 2000, ALPHA: 2000},
    taken_by_beta_after_failover: {DAY: 75, BETA: 75},
    refused_by_its_carrier: {},
    refused_before_a_call: {},
    expired: {},
    cancelled: {},
    unknown_after_a_doubt: STAYS,
    parked_too_long: STAYS,
    expired_while_it_waits_for_its_second_copy: STAYS,
    reported_before_the_answer_and_booked_with_it: BY_ALPHA,
    pushed_before_the_answer: BY_ALPHA,
    billed_as_three_parts: {DAY: 150, ALPHA: 150},
    billed_as_nothing: {},
    sent_nowhere_by_alpha: RESERVED,
    sent_nowhere_by_alpha_and_taken_by_beta: {DAY: 75, BETA: 75},
    sent_nowhere_by_anybody: {},
    sent_nowhere_with_no_room_for_the_next: {BETA: LIMIT - 79},
    sent_nowhere_with_no_room_but_for_the_last: {DAY: 80, ALPHA: 50, BETA: LIMIT - 79},
    proved_to_be_nowhere_while_in_doubt: {},
}


class TestBudgets:
    async def test_what_is_accepted_is_reserved_and_survives_a_crash(self, room: Room) -> None:
        await submit(room)
        await room.submit()
        await room.crash()

        assert await used(room) == RESERVED

    async def test_what_does_not_fit_is_not_accepted_and_nothing_is_written(self, room: Room) -> None:
        await room.accept(*(room.submission(charges=CHARGES) for _ in range(12)))
        before = await used(room)

        with pytest.raises(BudgetSpentError):
            await room.accept(room.submission(), room.submission(charges=(Charge(ALPHA, 1, LIMIT), *CHARGES)))

        assert await used(room) == before == {DAY: 960, ALPHA: 600, BETA: 960}
        assert len(await room.backend.stages()) == 12

    async def test_the_limit_itself_can_be_used(self, room: Room) -> None:
        await submit(room, charges=(Charge(DAY, LIMIT, LIMIT),))
        await submit(room, charges=(Charge(DAY, 0, LIMIT),))
        with pytest.raises(BudgetSpentError):
            await submit(room, charges=(Charge(DAY, 1, LIMIT),))

        assert await used(room) == {DAY: LIMIT}

    async def test_what_is_more_than_a_whole_budget_is_not_accepted(self, room: Room) -> None:
        with pytest.raises(BudgetSpentError):
            await submit(room, charges=(Charge(DAY, LIMIT + 1, LIMIT),))

    async def test_a_limit_that_was_lowered_takes_nothing_more(self, room: Room) -> None:
        await submit(room)
        with pytest.raises(BudgetSpentError):
            await submit(room, charges=(Charge(DAY, 1, 80),))

        assert (await used(room))[DAY] == 80

    @pytest.mark.parametrize("end", ENDS, ids=lambda end: str(end.__name__))
    async def test_what_stays_used_when_a_message_was(self, room: Room, end: Callable[[Room], Awaitable[None]]) -> None:
        await end(room)
        assert await used(room) == ENDS[end]

        await room.crash()
        assert await used(room) == ENDS[end]

    async def test_a_message_that_two_attempts_were_booked_for_costs_both(self, room: Room) -> None:
        lease, batch, number = await called(room)
        await room.settle(batch, lease, {number: Requeued("beta", None, 1, possible_duplicate=True)})
        lease, second, _ = await room.call("beta")
        await room.settle(second, lease, {number: taken(cost=cost(80))})

        await room.settle(second, lease, {number: taken(cost=cost(80))})  # the same again changes nothing

        assert await used(room) == {DAY: 80, BETA: 80}

    async def test_a_new_text_reserves_in_place_of_the_old_one(self, room: Room) -> None:
        number = await submit(room)
        replacement = Replacement(
            message=number,
            account="acme",
            text="new",
            parts=2,
            decision=Decision("new", ("beta",)),
            schedule_at=None,
            expires_at=START + 3600,
            registered_delivery=1,
            charges=(Charge(DAY, 160, LIMIT), Charge(BETA, 160, LIMIT)),
        )

        assert await room.store.replace(replacement, room.now)
        assert await used(room) == {DAY: 160, BETA: 160}

        with pytest.raises(BudgetSpentError):
            await room.store.replace(replace(replacement, charges=(Charge(DAY, LIMIT + 1, LIMIT),)), room.now)
        assert await used(room) == {DAY: 160, BETA: 160}

        assert await room.store.replace(replace(replacement, charges=()), room.now)
        assert await used(room) == {}

    async def test_a_completed_text_reserves_when_it_is_routed(self, room: Room) -> None:
        await room.submit_part(1, 2, "a")
        _, (message,) = await room.submit_part(2, 2, "b")
        assert await used(room) == {}

        await room.store.route({message.id: Routed(Decision("r", ("alpha",)), 2, CHARGES)}, room.now)
        await room.store.route({message.id: Routed(Decision("r", ("alpha",)), 2, CHARGES)}, room.now)

        assert await used(room) == RESERVED

    async def test_a_completed_text_that_does_not_fit_waits_for_another_decision(self, room: Room) -> None:
        await room.submit_part(1, 2, "a")
        _, (message,) = await room.submit_part(2, 2, "b")
        too_much = (Charge(DAY, LIMIT + 1, LIMIT),)

        with pytest.raises(BudgetSpentError):
            await room.store.route({message.id: Routed(Decision("r", ("alpha",)), 2, too_much)}, room.now)

        assert [left.id for left in await room.store.unrouted(10)] == [message.id]

    async def test_a_completed_text_without_money_ends_with_its_own_code(self, room: Room) -> None:
        first, _ = await room.submit_part(1, 2, "a")
        second, (message,) = await room.submit_part(2, 2, "b")
        unpaid = Routed(Decision("r", ()), 2, error=ErrorCode.BUDGET_SPENT)

        (finish,) = await room.store.route({message.id: unpaid}, room.now)

        assert (finish.outcome, finish.error) == (Outcome.REJECTED, ErrorCode.BUDGET_SPENT)
        assert await room.receipts() == dict.fromkeys((first, second), (Outcome.REJECTED, 50))

    async def test_what_is_used_is_told_from_a_pot_on(self, room: Room) -> None:
        tomorrow = DAY._replace(start_ms=DAY.start_ms + 86_400_000)
        yesterday = DAY._replace(start_ms=DAY.start_ms - 86_400_000)
        await submit(room, charges=tuple(Charge(pot, 5, LIMIT) for pot in (yesterday, DAY, tomorrow, ALPHA)))

        assert await room.store.spent([DAY]) == {DAY: 5, tomorrow: 5}

    async def test_what_is_removed_stays_spent(self, room: Room) -> None:
        await taken_and_reported(room)
        await room.receipts()

        assert await room.store.purge(before=room.now + 1, limit=10) == 1

        assert (await room.store.spent([DAY]))[DAY] == 50

    async def test_sums_are_forgotten_when_no_period_can_be_that_old(self, room: Room) -> None:
        await submit(room)

        await room.store.purge(before=START + 33 * 86_400, limit=10)

        assert await room.store.spent([DAY]) == {}
