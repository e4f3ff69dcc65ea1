"""A carrier's call breaks after any of its octets: nothing is accepted twice, and no receipt says what is not so."""

import secrets
from collections.abc import Iterable
from dataclasses import replace

import pytest

from smppgw.core.model import Attempt, DoubtRule
from tests.e2e.fault_proxy import Break, Fault, Way
from tests.workers.fakes import Depot, FakeClock
from tests.workers.proving import GLOBE, MAINLAND, RETARUS, SUBJECTS, Fates, Proof, Subject, proving

EVERY, SOME, FEW = 1, 23, 97
"""Octets from one cut to the next."""
STALLED_S = 1.0

every_carrier = pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
how_often = pytest.mark.parametrize(
    "step", [pytest.param(SOME, id="some octets"), pytest.param(EVERY, id="every octet", marks=pytest.mark.long)]
)


def taken_anew(attempt: Attempt) -> Attempt:
    """Take away what lets a carrier recognise a repeat."""
    body = attempt.body.replace(b'"duplicateDetection":true', b'"duplicateDetection":false')
    return replace(attempt, body=body, nonce=attempt.nonce and secrets.token_hex(16))


def faults(how: Break, points: Iterable[tuple[Way, int]]) -> list[Fault]:
    return [Fault(how=how, way=way, after=after) for way, after in points]


async def broken(proof: Proof, how: Break, step: int) -> Fates:
    """Break a call after every so many of its octets, and make sure that each of them did break."""
    points = await proof.points()
    assert len(points) > 300  # the shortest, http; the others have more than 600
    planned = faults(how, points[::step])
    fates = await proof.run(planned)
    assert set(proof.proxy.broken) == set(planned)
    return fates


def assert_true(fates: Fates, subject: Subject) -> None:
    """Each message has one receipt, which says what happened; what the carrier can be asked about it says in full."""
    assert fates.told.keys() == set(fates.numbers)
    assert fates.untrue == []
    if subject.finds:
        assert fates.unheard == []


@every_carrier
@how_often
async def test_with_the_fence_a_call_cut_anywhere_is_accepted_exactly_once(
    subject: Subject, step: int, depot: Depot, time: FakeClock
) -> None:
    async with proving(subject, depot, time) as proof:
        fates = await broken(proof, Break.FIN, step)

    assert fates.taken == dict.fromkeys(fates.numbers, 1)
    assert_true(fates, subject)


@every_carrier
@how_often
async def test_without_the_fence_a_call_cut_anywhere_is_accepted_at_most_once(
    subject: Subject, step: int, depot: Depot, time: FakeClock
) -> None:
    async with proving(subject, depot, time, fence=False) as proof:
        fates = await broken(proof, Break.FIN, step)

    assert set(fates.taken.values()) == {1}
    assert_true(fates, subject)


@every_carrier
@pytest.mark.parametrize("how", [Break.RST, Break.HALF, Break.SPLIT, Break.STALL])
async def test_however_the_connection_breaks_each_message_is_accepted_exactly_once(
    subject: Subject, how: Break, depot: Depot, time: FakeClock
) -> None:
    keys = {"send_timeout": STALLED_S} if how is Break.STALL else {}
    async with proving(subject, depot, time, **keys) as proof:
        fates = await broken(proof, how, FEW)

    assert fates.taken == dict.fromkeys(fates.numbers, 1)
    assert_true(fates, subject)


@every_carrier
async def test_what_is_parked_is_accepted_at_most_once_and_owes_nothing(
    subject: Subject, depot: Depot, time: FakeClock
) -> None:
    async with proving(subject, depot, time, fence=False, on_doubt=DoubtRule.PARK) as proof:
        fates = await broken(proof, Break.FIN, FEW)
        parked = (await depot.stages())["parked"]

    assert set(fates.taken.values()) == {1}
    assert {outcome for told in fates.told.values() for outcome in told} == {"delivered"}
    assert len(fates.told) + parked == len(fates.numbers)


async def test_what_was_looked_for_in_vain_is_sent_anew_where_the_rule_says_so(depot: Depot, time: FakeClock) -> None:
    async with proving(RETARUS, depot, time, fence=False, on_doubt=DoubtRule.RESEND) as proof:
        fates = await broken(proof, Break.FIN, FEW)

    assert fates.taken == dict.fromkeys(fates.numbers, 1)


@pytest.mark.parametrize("subject", [RETARUS, MAINLAND, GLOBE], ids=lambda subject: subject.name)
async def test_a_repeat_that_the_carrier_cannot_recognise_would_be_noticed(
    subject: Subject, depot: Depot, time: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: a fresh nonce, or no duplicate detection. A carrier by configuration would not send it."""
    async with proving(subject, depot, time) as proof:
        send = proof.crew.carrier.send
        monkeypatch.setattr(proof.crew.carrier, "send", lambda attempt: send(taken_anew(attempt)))
        fates = await broken(proof, Break.FIN, FEW)

    assert max(fates.taken.values()) == 2
