"""What becomes of a message after a carrier call."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smppgw.core.codes import ErrorCode
from smppgw.core.disposition import (
    Disposition,
    Doubted,
    Finished,
    Requeued,
    Taken,
    dispose,
    dispose_repeat,
    dispose_unsent,
)
from smppgw.core.model import CarrierRef, Decision, Message, MessageId, Outcome, TrafficClass
from smppgw.core.retry import Backoff
from smppgw.core.verdict import Accepted, Deferred, Doubtful, Evidence, Rejected, Verdict

NOW = 1_700_000_000.0
BACKOFF = Backoff(first_s=10.0, factor=2.0, longest_s=300.0)
REF = CarrierRef("J.1")

MESSAGE = Message(
    id=MessageId(1),
    account="acme",
    recipient="491710000001",
    country="DE",
    sender="ACME",
    sender_is_number=False,
    text="hello",
    parts=2,
    flash=False,
    traffic_class=TrafficClass.TRANSACTIONAL,
    priority_flag=0,
    service_type="",
    vendor_tlvs=b"",
    accepted_at=NOW,
    expires_at=NOW + 3600,
    decision=Decision("default", ("alpha", "beta", "gamma")),
    carrier="alpha",
)
REJECTED = Rejected(ErrorCode.BLOCKED, "BLOCKED")


def after(verdict: Verdict, message: Message = MESSAGE, batch_size: int = 1) -> Disposition:
    # A jitter of a half leaves the backoff as it is.
    return dispose(message, verdict, batch_size=batch_size, backoff=BACKOFF, jitter=0.5, now=NOW)


def test_accepted_is_taken_with_its_reference() -> None:
    assert after(Accepted(REF)) == Taken(REF, 2)


def test_the_carrier_knows_better_how_many_parts_it_bills() -> None:
    assert after(Accepted(REF, parts=3)) == Taken(REF, 3)


@pytest.mark.parametrize("evidence", Evidence)
def test_doubtful_stays_doubtful_with_its_evidence(evidence: Evidence) -> None:
    assert after(Doubtful("timeout", evidence)) == Doubted(evidence)


def test_rejected_tries_the_next_carrier() -> None:
    assert after(REJECTED) == Requeued("beta", None, 0)


def test_rejected_by_the_last_carrier_ends() -> None:
    verdict = replace(REJECTED, outcome=Outcome.UNDELIVERABLE)

    assert after(verdict, replace(MESSAGE, carrier="gamma")) == Finished(
        Outcome.UNDELIVERABLE, ErrorCode.BLOCKED, "BLOCKED"
    )


def test_a_block_list_is_not_got_round_by_another_carrier() -> None:
    assert after(replace(REJECTED, may_fail_over=False)) == Finished(Outcome.REJECTED, ErrorCode.BLOCKED, "BLOCKED")


@pytest.mark.parametrize(("size", "cap"), [(2, 1), (3, 2), (7, 4), (500, 250)])
def test_a_batch_refused_as_a_whole_is_halved(size: int, cap: int) -> None:
    verdict = replace(REJECTED, whole_batch=True, may_fail_over=False)

    assert after(verdict, batch_size=size) == Requeued("alpha", None, 0, batch_cap=cap)


def test_halving_finds_the_message_at_fault() -> None:
    verdict, size, calls = replace(REJECTED, whole_batch=True, may_fail_over=False), 500, 0
    while isinstance(step := after(verdict, batch_size=size), Requeued):
        assert step.batch_cap is not None
        size, calls = step.batch_cap, calls + 1

    # 500, 250, 125, 63, 32, 16, 8, 4, 2, 1
    assert (calls, step) == (9, Finished(Outcome.REJECTED, ErrorCode.BLOCKED, "BLOCKED"))


def test_another_carrier_is_not_bound_by_the_cap_of_a_refused_batch() -> None:
    assert after(REJECTED, replace(MESSAGE, batch_cap=1)) == Requeued("beta", None, 0, batch_cap=None)


@pytest.mark.parametrize(
    ("carrier", "tries", "expected"),
    [
        ("alpha", 0, Requeued("beta", None, 1)),
        ("beta", 1, Requeued("gamma", None, 2)),
        ("gamma", 2, Requeued("alpha", NOW + 10, 3)),  # all had their turn: the first round's backoff
        ("alpha", 3, Requeued("beta", None, 4)),
        ("gamma", 5, Requeued("alpha", NOW + 20, 6)),
        ("gamma", 3 * 64 - 1, Requeued("alpha", NOW + 300, 3 * 64)),
    ],
)
def test_deferred_goes_round_the_carriers_then_waits(carrier: str, tries: int, expected: Requeued) -> None:
    assert after(Deferred("429"), replace(MESSAGE, carrier=carrier, tries=tries)) == expected


def test_a_single_carrier_is_waited_for() -> None:
    message = replace(MESSAGE, decision=Decision("default", ("alpha",)))

    assert after(Deferred("429"), message) == Requeued("alpha", NOW + 10, 1)


@pytest.mark.parametrize(("not_before", "due_at"), [(NOW + 99, NOW + 99), (NOW + 1, NOW + 10), (None, NOW + 10)])
def test_a_time_that_the_carrier_names_is_kept(not_before: float | None, due_at: float) -> None:
    message = replace(MESSAGE, decision=Decision("default", ("alpha",)))

    assert after(Deferred("429", not_before), message) == Requeued("alpha", due_at, 1)


HELD = Deferred("401", NOW + 60, whole_carrier=True)


def test_what_a_held_carrier_refuses_first_waits_with_the_others() -> None:
    message = replace(MESSAGE, decision=Decision("default", ("alpha",)))

    assert after(HELD, message) == Requeued("alpha", None, 1)


@pytest.mark.parametrize(("tries", "due_at"), [(1, NOW + 60 + 20), (2, NOW + 60 + 40), (9, NOW + 60 + 300)])
def test_what_it_refuses_again_comes_after_the_others(tries: int, due_at: float) -> None:
    message = replace(MESSAGE, tries=tries, decision=Decision("default", ("alpha",)))

    assert after(HELD, message) == Requeued("alpha", due_at, tries + 1)


def test_what_a_held_carrier_refuses_takes_its_next_candidate() -> None:
    assert after(HELD, replace(MESSAGE, decision=Decision("default", ("alpha", "beta")))) == Requeued("beta", None, 1)


def test_after_all_are_held_the_first_has_it_again() -> None:
    message = replace(MESSAGE, carrier="beta", tries=1, decision=Decision("default", ("alpha", "beta")))

    assert after(HELD, message) == Requeued("alpha", None, 2)


def test_deferred_keeps_the_cap() -> None:
    message = replace(MESSAGE, batch_cap=4, decision=Decision("default", ("alpha",)))

    assert after(Deferred("429"), message) == Requeued("alpha", NOW + 10, 1, batch_cap=4)


@pytest.mark.parametrize("decision", [None, Decision("gone", ("beta",))])
def test_a_route_that_is_gone_leaves_the_present_carrier(decision: Decision | None) -> None:
    message = replace(MESSAGE, decision=decision)

    assert after(Deferred("429"), message) == Requeued("alpha", NOW + 10, 1)
    assert after(REJECTED, message) == Finished(Outcome.REJECTED, ErrorCode.BLOCKED, "BLOCKED")


@pytest.mark.parametrize(
    "verdict",
    [REJECTED, replace(REJECTED, may_fail_over=False), Deferred("later"), Deferred("then", not_before=NOW + 60)],
)
@pytest.mark.parametrize("carrier", ["alpha", "gamma"])
def test_a_refusal_said_beforehand_is_a_refusal(verdict: Rejected | Deferred, carrier: str) -> None:
    message = replace(MESSAGE, carrier=carrier)

    unsent = dispose_unsent(message, verdict, backoff=BACKOFF, jitter=0.5, now=NOW)

    assert unsent == after(verdict, message)


def test_a_repeat_that_succeeds_resolves_the_doubt() -> None:
    assert dispose_repeat(2, Accepted(REF)) == Taken(REF, 2)


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (Doubtful("409", Evidence.ARRIVED), Doubted(Evidence.ARRIVED)),
        (Doubtful("timeout"), Doubted()),
        (Deferred("429"), Doubted()),
        (Deferred("401", whole_carrier=True), Doubted()),
        (REJECTED, Doubted()),
        (replace(REJECTED, whole_batch=True), Doubted()),
    ],
)
def test_a_refusal_of_a_repeat_says_nothing_about_the_first_copy(verdict: Verdict, expected: Disposition) -> None:
    assert dispose_repeat(2, verdict) == expected


verdicts = st.one_of(
    st.builds(Accepted, st.none() | st.just(REF), st.none() | st.integers(1, 20)),
    st.builds(Doubtful, st.just("x"), st.sampled_from(Evidence)),
    st.builds(Deferred, st.just("x"), st.none() | st.floats(NOW, NOW + 1e6), st.booleans()),
    st.builds(
        Rejected,
        st.just(ErrorCode.BLOCKED),
        st.just("x"),
        st.sampled_from([Outcome.REJECTED, Outcome.UNDELIVERABLE]),
        st.booleans(),
        st.booleans(),
    ),
)
messages = st.builds(
    replace,
    st.just(MESSAGE),
    carrier=st.sampled_from(["alpha", "beta", "gamma", "gone"]),
    tries=st.integers(0, 2000),
    batch_cap=st.none() | st.integers(1, 500),
)


@settings(max_examples=300, deadline=None)
@given(messages, verdicts, st.integers(1, 500), st.floats(0, 1))
def test_only_what_is_certainly_not_taken_is_queued_again(
    message: Message, verdict: Verdict, size: int, jitter: float
) -> None:
    disposition = dispose(message, verdict, batch_size=size, backoff=BACKOFF, jitter=jitter, now=NOW)

    assert isinstance(disposition, Taken) is isinstance(verdict, Accepted)
    assert isinstance(disposition, Doubted) is isinstance(verdict, Doubtful)
    if isinstance(disposition, Requeued):
        assert isinstance(verdict, Deferred | Rejected)
        assert not disposition.possible_duplicate
        assert disposition.due_at is None or disposition.due_at > NOW
        assert disposition.tries >= message.tries
    if isinstance(disposition, Finished):
        assert isinstance(verdict, Rejected)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 20), verdicts)
def test_a_repeat_never_queues_and_never_ends_a_message(parts: int, verdict: Verdict) -> None:
    assert isinstance(dispose_repeat(parts, verdict), Taken if isinstance(verdict, Accepted) else Doubted)
