"""The order in which a message is considered, and what is given back when it is not taken."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from smppgw.core.budgets import Charge, Period, Pot, Scope
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Decision, Message, Operation
from smppgw.core.screening import Screens
from smppgw.smpp.consts import VERSION_3_4, CommandStatus
from smppgw.workers.budgets import Budgets, Unaffordable
from smppgw.workers.fraud import Fraud
from smppgw.workers.routes import Routes, Unroutable
from smppgw.workers.screening import Screening
from smppgw.workers.translate import Draft, Refusal, read_submit
from smppgw.workers.wanted import Wanted, Way, message
from smppgw.workers.ways import Rewritten, Ways
from tests.workers.fakes import START, policy, submit

DECISION = Decision("all", ("alpha",))
CHARGE = Charge(Pot(Scope.ACCOUNT, "acme", Period.DAY, 0), 70_000, 1_000_000)
SCREENED = policy(screens=Screens())
PDU = submit()


class Examiners:
    """All that a message passes, each of which may refuse it; what they are asked is written down."""

    def __init__(self, refusing: str = "") -> None:
        self.refusing = refusing
        self.asked: list[str] = []

    def ways(self) -> Ways:
        return Ways(
            routes=cast("Routes", SimpleNamespace(route=self._route, expect=lambda part, now: self._say("expected"))),
            screening=cast(
                "Screening",
                SimpleNamespace(
                    submitted=lambda screens, asked, now, whole: self._say("screened") or asked,
                    completed=lambda screens, asked: self._say("screened") or asked,
                    remember=lambda *seen: self._say("remembered"),
                    forget=lambda account, drafts: self.asked.append(f"forgot {len(list(drafts))}"),
                ),
            ),
            fraud=cast(
                "Fraud",
                SimpleNamespace(
                    judge=lambda *asked: self._say("watched"),
                    expect=lambda part, now: self._say("watched"),
                    give_back=lambda *taken: self.asked.append("given back"),
                ),
            ),
            budgets=cast("Budgets", SimpleNamespace(reserve=self._reserve)),
            policies={"acme": SCREENED},
        )

    def _say(self, what: str) -> Refusal | None:
        self.asked.append(what)
        return Refusal(CommandStatus.ESME_RSUBMITFAIL, what) if what == self.refusing else None

    def _route(self, asked: Message, now: float) -> Decision | Unroutable:
        return Unroutable(False, "no route") if self._say("routed") else DECISION

    def _reserve(self, *asked: Any) -> tuple[Decision, tuple[Charge, ...]] | Unaffordable:
        return Unaffordable(CommandStatus.ESME_RSUBMITFAIL, "spent") if self._say("paid") else (DECISION, (CHARGE,))


def draft(**changes: Any) -> Draft:
    read = read_submit(submit(**changes), SCREENED, VERSION_3_4, START)
    assert isinstance(read, Draft)
    return read


def test_what_nobody_refuses_passes_all_in_order() -> None:
    examiners = Examiners()

    way = examiners.ways().find(SCREENED, PDU, draft(), START)

    assert way == Way(draft(), DECISION, (CHARGE,))
    assert examiners.asked == ["screened", "routed", "watched", "paid", "remembered"]


@pytest.mark.parametrize(
    ("refusing", "asked"),
    [
        ("screened", ["screened"]),
        ("routed", ["screened", "routed"]),
        ("watched", ["screened", "routed", "watched"]),
        ("paid", ["screened", "routed", "watched", "paid", "given back"]),
    ],
)
def test_who_refuses_is_the_last_to_be_asked(refusing: str, asked: list[str]) -> None:
    examiners = Examiners(refusing)

    way = examiners.ways().find(SCREENED, PDU, draft(), START)

    assert isinstance(way, Refusal)
    assert examiners.asked == asked


def test_an_account_that_screens_nothing_is_not_screened() -> None:
    examiners = Examiners()

    examiners.ways().find(policy(), PDU, draft(), START)

    assert examiners.asked == ["routed", "watched", "paid"]


def test_a_part_takes_up_nothing() -> None:
    examiners = Examiners()
    part = draft(esm_class=0x40, short_message=b"\x05\x00\x03\x07\x02\x01one ")

    way = examiners.ways().find(policy(), PDU, part, START)

    assert way == Way(part, None)
    assert examiners.asked == ["expected", "watched"]


@pytest.mark.parametrize(
    ("refusing", "error"),
    [
        ("", None),
        ("screened", ErrorCode.CONTENT_REFUSED),
        ("routed", ErrorCode.NO_CARRIER),
        ("watched", ErrorCode.DESTINATION_BLOCKED),
        ("paid", ErrorCode.BUDGET_SPENT),
    ],
)
def test_a_text_that_is_stored_already_ends_by_who_refuses_it(refusing: str, error: ErrorCode | None) -> None:
    whole = message(SCREENED, PDU, draft(), START)

    routed = Examiners(refusing).ways().decide(whole, START)

    assert routed.decision.carriers == (("alpha",) if error is None else ())
    assert error is None or routed.error is error


@pytest.mark.parametrize(("refusing", "asked"), [("", 3), ("screened", 1), ("routed", 2), ("paid", 3)])
def test_a_new_text_is_screened_routed_and_paid_for_and_nobody_is_watched(refusing: str, asked: int) -> None:
    examiners = Examiners(refusing)
    whole = message(SCREENED, PDU, draft(), START)

    found = examiners.ways().rewrite(whole, START)

    assert examiners.asked == ["screened", "routed", "paid"][:asked]
    assert isinstance(found, Refusal) if refusing else found == Rewritten(whole, DECISION, (CHARGE,))


def test_what_is_not_stored_is_given_back_and_may_be_submitted_again() -> None:
    examiners = Examiners()
    ways = examiners.ways()
    way = ways.find(SCREENED, PDU, draft(), START)
    assert isinstance(way, Way)
    examiners.asked.clear()

    ways.not_stored(SCREENED, [Wanted(Operation.SUBMIT_SM, PDU, (way,))], START)

    assert examiners.asked == ["given back", "forgot 1"]


def test_what_is_not_routed_is_given_back_unless_it_was_refused() -> None:
    examiners = Examiners()
    ways, whole = examiners.ways(), message(SCREENED, PDU, draft(), START)
    taken = ways.decide(whole, START)
    examiners.refusing = "watched"
    refused = ways.decide(whole, START)
    examiners.asked.clear()

    ways.not_routed([(whole, taken), (whole, refused)], START)

    assert examiners.asked == ["given back"]
