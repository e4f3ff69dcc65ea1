"""A trace in words: what people read, whole where the whole matters."""

from dataclasses import replace
from typing import Any

import pytest

from smppgw.cli.story import WIDTH, inbound_story, story
from smppgw.core.codes import ErrorCode
from smppgw.core.model import (
    Address,
    BatchId,
    Belief,
    CarrierRef,
    Cost,
    Decision,
    Dropped,
    Operation,
    Outcome,
    OutgoingKind,
    SegmentId,
    Stage,
    TrafficClass,
)
from smppgw.core.tracing import (
    CallState,
    InboundTrace,
    LedgerEntry,
    Owed,
    OwedState,
    Trace,
    TracedAssembly,
    TracedCall,
    TracedPart,
)

START = 1_700_000_000.0
BATCH = BatchId("7f3a")


def owed(**changes: Any) -> Owed:
    made = Owed(
        kind=OutgoingKind.RECEIPT,
        outcome=Outcome.DELIVERED,
        error=ErrorCode.NONE,
        created_at=START + 3,
        state=OwedState.ACKNOWLEDGED,
        tries=1,
        status=None,
        due_at=START + 3,
        settled_at=START + 3.25,
    )
    return replace(made, **changes)


def part(number: int | None = None, **changes: Any) -> TracedPart:
    made = TracedPart(
        segment=SegmentId(number or 7),
        message_id=f"409617283{number or 7}",
        operation=Operation.SUBMIT_SM,
        accepted_at=START,
        source=Address(5, 0, "Shop"),
        destination=Address(1, 1, "4915112345678"),
        data_coding=0,
        registered_delivery=1,
        number=number,
        repeated=False,
        replaced=0,
        owed=(),
    )
    return replace(made, **changes)


def call(**changes: Any) -> TracedCall:
    made = TracedCall(
        batch=BATCH,
        carrier="alpha",
        host="https://alpha.example",
        method="POST",
        messages=1,
        prepared_at=START + 0.5,
        settled_at=START + 0.75,
        state=CallState.DONE,
        is_current=True,
        due_at=None,
        polls=0,
        copy_arrived=False,
        repeats=0,
        lookups=0,
        clean_lookups=0,
    )
    return replace(made, **changes)


BOOKED = LedgerEntry(
    batch=BATCH,
    carrier="alpha",
    is_booking=True,
    is_final=False,
    parts=1,
    cost=Cost(75_000, "EUR", 75_000),
    at=START + 0.75,
)


def trace(**changes: Any) -> Trace:
    made = Trace(
        number=7,
        account="legacy",
        sender="Shop",
        recipient="4915112345678",
        country="DE",
        text="Hello",
        billed_parts=1,
        traffic_class=TrafficClass.TRANSACTIONAL,
        flash=False,
        accepted_at=START,
        schedule_at=None,
        expires_at=START + 3600,
        parts=(part(),),
        assembly=None,
        decision=Decision("default", ("alpha", "beta")),
        stage=Stage.QUEUED,
        carrier="alpha",
        due_at=None,
        is_leased=False,
        tries=0,
        may_be_twice=False,
        calls=(),
        lost_call=False,
        calls_searched_to=None,
        ref=None,
        ledger=(),
        outcome=None,
        error=ErrorCode.NONE,
        detail="",
        done_at=None,
    )
    return replace(made, **changes)


def ended(outcome: Outcome = Outcome.DELIVERED, **changes: Any) -> Trace:
    facts: dict[str, Any] = {
        "stage": Stage.FINAL,
        "calls": (call(),),
        "ledger": (BOOKED,),
        "ref": CarrierRef("J.1"),
        "outcome": outcome,
        "done_at": START + 2.5,
    }
    return trace(**(facts | changes))


def told(one: Trace, *, now: float = START + 10, with_text: bool = False) -> str:
    return "\n".join(story(one, now, with_text=with_text))


def test_a_delivered_message_reads_from_its_arrival_to_its_receipt() -> None:
    message = ended(parts=(part(owed=(owed(),)),), detail="DONE/SUC_FIN")

    assert told(message).splitlines() == [
        "message     4096172837 of account legacy, from Shop to +4915112345678 (DE)",
        "text        5 characters, transactional, 1 SMS",
        "state       delivered after 2.5 s",
        "steps, UTC",
        "  2023-11-14 22:13:20.000  accepted       submit_sm 4096172837",
        "                                          from Shop (ton 5, npi 0) to 4915112345678 (ton 1, npi 1)",
        "                                          data_coding 0, with receipt, valid until 2023-11-14 23:13",
        "             22:13:20.000  routed         by route default (failover): alpha, then beta",
        "             22:13:20.500  called         alpha at https://alpha.example",
        "                                          as call 7f3a, message 7",
        "             22:13:20.750  taken          by alpha",
        "                                          its reference: J.1",
        "             22:13:22.500  delivered      the carrier: DONE/SUC_FIN",
        "             22:13:23.000  receipt        DELIVRD 000, acknowledged after 250 ms and 1 try",
        "costs       0.075 EUR for 1 part, booked when alpha took it",
        "next        nothing: all is done",
    ]


def test_the_text_is_shown_to_who_asks_for_it() -> None:
    assert "Hello" not in told(trace())
    assert "            Hello\n" in told(trace(), with_text=True)


def test_what_a_peer_wrote_cannot_move_the_cursor() -> None:
    shown = told(trace(text="a\x1b[2J\n", parts=(part(source=Address(5, 0, "\x1bA")),)), with_text=True)

    assert "\x1b" not in shown
    assert "a\\x1b[2J\\n" in shown


def test_a_failure_is_told_in_words() -> None:
    shown = told(ended(Outcome.UNDELIVERABLE, error=ErrorCode.NOT_ON_SERVICE, done_at=START + 0.6, detail="ABSENT"))

    assert "undeliverable after 600 ms: err 012, the phone is off, suspended, out of area" in shown
    assert "the carrier: ABSENT\n" in shown
    assert "the time is that of the carrier's clock" in shown


def test_the_decision_is_told_with_what_was_believed() -> None:
    decision = Decision(
        "cheap",
        ("beta", "alpha"),
        (Dropped("gamma", "no template"),),
        "least-cost",
        (Belief("beta", 70_000, 98, 4), Belief("alpha", None, None, None, True)),
        "SHOP",
        START + 60,
    )

    lines = told(trace(decision=decision)).splitlines()

    assert [line[27:].strip() for line in lines[7:13]] == [
        "routed         by route cheap (least-cost): beta, then alpha",
        "not gamma: no template",
        "beta then: 0.07 a part, 98 % delivered lately, in 4 s",
        "alpha then: price unknown, took nothing at that moment",
        "its sender becomes SHOP",
        "held until 2023-11-14 22:14:20",
    ]


def test_why_a_message_waits_for_its_budget_is_told() -> None:
    waits = Dropped("", "waits: the day budget of account legacy is used up")

    words = told(trace(decision=Decision("default", ("alpha",), (waits,), hold_until=START + 60)))

    assert "waits: the day budget of account legacy is used up" in words
    assert "not :" not in words


def test_parts_are_told_each_with_its_own_receipt() -> None:
    assembly = TracedAssembly(reference=167, total=2, started_at=START, deadline_at=START + 120, send_incomplete=False)
    parts = (part(1, owed=(owed(),)), part(2, owed=(owed(outcome=Outcome.EXPIRED, error=ErrorCode.VALIDITY_EXCEEDED),)))

    shown = told(ended(parts=parts, assembly=assembly))

    assert "message     4096172831, 4096172832 of account" in shown
    assert "part 1 of 2, submit_sm 4096172831\n" in shown
    assert "parts are known by reference 167\n" in shown
    assert "joined         2 parts to one text\n" in shown
    assert "EXPIRED 003 for part 2, acknowledged" in shown


def test_a_text_that_was_sent_without_a_part_says_so() -> None:
    assembly = TracedAssembly(reference=167, total=3, started_at=START, deadline_at=START + 120, send_incomplete=True)

    words = " ".join(told(ended(parts=(part(1), part(3)), assembly=assembly)).split())

    assert "22:15:20.000 joined 2 of 3 parts, because the time was over; (...) stands for the others" in words


def test_a_text_that_failed_for_its_missing_parts_was_never_joined() -> None:
    shown = told(
        ended(
            Outcome.UNDELIVERABLE,
            parts=(part(1),),
            assembly=TracedAssembly(
                reference=167, total=3, started_at=START, deadline_at=START + 120, send_incomplete=False
            ),
            text="",
            billed_parts=3,
            decision=None,
            calls=(),
            ledger=(),
            error=ErrorCode.PARTS_MISSING,
        )
    )

    assert "text        never complete, transactional\n" in shown
    assert "joined" not in shown


def test_a_text_that_lacks_parts_says_which_and_what_then() -> None:
    assembly = TracedAssembly(reference=167, total=3, started_at=START, deadline_at=START + 120, send_incomplete=False)

    shown = told(trace(stage=Stage.ASSEMBLING, parts=(part(2),), assembly=assembly, decision=None))

    assert "joined" not in shown
    assert shown.endswith("next        waits for part 1, 3; without it the text fails in 110.0 s (2023-11-14 22:15:20)")


def test_a_wait_that_is_forgotten_is_said_to_be_missing() -> None:
    shown = told(ended(parts=(part(1), part(2))))

    assert "missing     the wait for its parts is no longer in the store" in shown


def test_a_call_that_took_nothing_names_the_log() -> None:
    calls = (call(batch=BatchId("5a5a"), is_current=False), call(carrier="beta"))

    shown = told(ended(calls=calls))

    assert "not taken      it certainly was not taken, and was queued again;" in shown
    assert "batch=5a5a" in shown


def test_a_call_before_a_second_send_is_not_said_to_have_taken_nothing() -> None:
    calls = (call(batch=BatchId("5a5a"), is_current=False), call(carrier="beta"))

    words = " ".join(told(ended(calls=calls, may_be_twice=True)).split())

    assert "queued again not taken, or in doubt and sent anew by on_doubt; the log says why, under batch=5a5a" in words


def test_a_refusal_is_told() -> None:
    shown = told(ended(Outcome.REJECTED, ledger=(), ref=None, error=ErrorCode.BLOCKED, detail="BLOCKED"))

    assert "refused        by alpha\n" in shown
    assert "rejected       the carrier: BLOCKED\n" in shown


def test_a_doubt_is_told_with_what_was_tried_and_how_it_ended() -> None:
    doubted = call(repeats=2, lookups=3, clean_lookups=1, copy_arrived=True)

    message = ended(Outcome.UNKNOWN, calls=(doubted,), ledger=(), ref=None, error=ErrorCode.OUTCOME_UNKNOWN)

    shown = told(message)

    assert "no clear answer; the identical request repeated 2 times\n" in shown
    words = " ".join(shown.split())
    assert "looked for at the carrier 3 times, 1 of them with a clear answer" in words
    assert "the carrier said that an earlier copy had arrived" in words
    assert "nobody could tell whether the carrier had taken it" in words


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "sent at once when alpha takes messages, after what was queued before it"),
        ({"due_at": START + 40}, "sent in 30.0 s (2023-11-14 22:14:00) when alpha takes messages"),
        ({"is_leased": True, "due_at": START + 40}, "a call to alpha is being made"),
        ({"stage": Stage.UNROUTED}, "it is routed at once"),
        ({"stage": Stage.SCHEDULED, "due_at": START + 100_000}, "queued for alpha in 1 d 3 h (2023-11-16 02:00:00)"),
        ({"stage": Stage.PARKED, "due_at": START}, "ends as unknown now (due since 2023-11-14 22:13:20), if nobody"),
        ({"stage": Stage.SENDING, "calls": (call(due_at=START + 10),)}, "without one it is in doubt now"),
        ({"stage": Stage.DOUBTFUL, "calls": (call(due_at=START + 12),)}, "the call is repeated or looked up in 2.0 s"),
        (
            {"stage": Stage.DOUBTFUL, "calls": (call(due_at=START + 12, copy_arrived=True),)},
            "the call is looked up in 2.0 s (2023-11-14 22:13:32); it is never sent anew",
        ),
        ({"stage": Stage.AWAITING_STATUS, "calls": (call(due_at=START + 12),)}, "asked for its status in 2.0 s"),
        ({"stage": Stage.QUEUED}, "expires in 59 min 50 s (2023-11-14 23:13:20) if it still waits then"),
    ],
)
def test_what_is_next_is_told_of_what_has_not_ended(changes: dict[str, Any], words: str) -> None:
    shown = " ".join(told(trace(**changes)).split())

    assert words in shown.partition(" next ")[2]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": OwedState.PENDING, "status": 0x14, "due_at": START + 70}, "last answer ESME_RMSGQFUL"),
        ({"state": OwedState.REFUSED, "status": 0x45}, "refused by its ESME after 1 try, last answer ESME_RSUBMITFAIL"),
        ({"state": OwedState.KEPT_TOO_LONG, "tries": 0}, "given up after 0 tries: nobody took it in"),
        ({"kind": OutgoingKind.INTERMEDIATE, "state": OwedState.SUPERSEDED}, "the message ended before"),
        ({"kind": OutgoingKind.ALERT}, "that the phone can be reached again, acknowledged"),
    ],
)
def test_the_fate_of_what_is_owed_is_told(changes: dict[str, Any], words: str) -> None:
    shown = " ".join(told(ended(parts=(part(owed=(owed(**changes),)),))).split())

    assert words in shown


def test_a_receipt_that_waits_is_what_is_next() -> None:
    pending = owed(state=OwedState.PENDING, tries=0, due_at=START + 70)

    shown = told(ended(parts=(part(owed=(pending,)),)))

    assert "next        the receipt goes out in 60.0 s (2023-11-14 22:14:30), if legacy is bound to take it" in shown


def test_costs_are_told_as_the_ledger_has_them() -> None:
    corrected = replace(BOOKED, is_booking=False, is_final=True, parts=2, cost=Cost(150_000, "EUR", 150_000))
    final = replace(BOOKED, is_final=True)

    assert "0.075 EUR for 1 part, booked when alpha took it\n" in told(ended())
    assert "booked when alpha took it and confirmed since\n" in told(ended(ledger=(final,)))
    assert (
        "costs       0.075 EUR for 1 part, booked when alpha took it\n"
        "            corrected to 0.15 EUR for 2 parts: the last word of alpha\n"
    ) in told(ended(ledger=(final, corrected)))
    nothing = replace(corrected, parts=0, cost=Cost(0, "EUR", 0))
    assert "corrected to nothing: by its last word alpha does not bill it\n" in told(ended(ledger=(final, nothing)))
    unknown = replace(final, cost=None)
    assert "costs       an unknown price for 1 part, booked when alpha took it\n" in told(ended(ledger=(unknown,)))


def test_what_a_carrier_took_and_sent_nowhere_goes_on() -> None:
    calls = (call(is_current=False), call(carrier="beta", batch=BatchId("5a5a")))

    shown = told(ended(calls=calls))

    assert "it said later that it sent nothing: queued again\n" in shown
    assert "not taken" not in shown


def test_what_is_no_longer_there_is_said() -> None:
    shown = told(ended(calls=(), lost_call=True, calls_searched_to=START, ledger=(replace(BOOKED, batch=None),)))

    assert "missing     the call that it was with is no longer in the store" in shown
    assert "calls before 2023-11-14 22:13:20 were not looked through" in shown


def test_no_line_is_wider_than_a_terminal() -> None:
    long_words = call(
        host="https://" + "gateway." * 4 + "example", repeats=3, lookups=12, clean_lookups=3, messages=200
    )
    message = ended(
        Outcome.UNDELIVERABLE,
        calls=(long_words,),
        error=ErrorCode.NOT_ON_SERVICE,
        detail="words " * 30,
        parts=tuple(part(number, owed=(owed(state=OwedState.PENDING, status=0x14),)) for number in range(1, 9)),
    )

    assert max(map(len, story(message, START, with_text=False))) <= WIDTH


def test_a_text_that_came_in_is_told_with_its_way_to_the_account() -> None:
    text = InboundTrace(
        account="legacy",
        carrier="alpha",
        key="in-1",
        source=Address(1, 1, "4915112345678"),
        destination=Address(0, 0, "1234"),
        text="STOP",
        at=START,
        owed=(owed(kind=OutgoingKind.INBOUND),),
    )

    lines = list(inbound_story(text, with_text=True))

    assert "STOP" not in "".join(inbound_story(text, with_text=False))
    assert lines[0].startswith("inbound     in-1 from 4915112345678 (ton 1, npi 1) to 1234 (ton 0, npi 0), by alpha")
    assert "            STOP" in lines
    assert lines[-1].endswith("delivery       to the account, acknowledged after 250 ms and 1 try")
