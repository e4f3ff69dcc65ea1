"""The demo finds whatever is missing, doubled or different."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from smppgw.demo.checks import find_problems
from smppgw.demo.esme import Answer, Exchange, Part
from smppgw.demo.script import Case
from smppgw.demo.simulators import Arrival
from smppgw.demo.ways import Verdict, Way
from smppgw.smpp.consts import MessageState
from smppgw.smpp.receipt import Receipt, Stat

GOOD = Case(recipient="491", text="good", carrier="retarus")
BAD = Case(recipient="492", text="bad", carrier="alibaba", stat=Stat.UNDELIV)


def receipt(message_id: str, state: MessageState = MessageState.DELIVERED) -> Receipt:
    return Receipt(message_id=message_id, state=state, submitted_at=0.0, done_at=0.0)


def way(case: Case, message_id: str) -> Way:
    return Way(
        account="demo",
        recipient=case.recipient,
        text=case.text,
        parts=1,
        route="default",
        carrier=case.carrier,
        verdict=Verdict.ACCEPTED,
        micros=1,
        message_ids=(message_id,),
    )


def arrival(case: Case) -> Arrival:
    return Arrival(recipient=case.recipient, text=case.text, parts=1)


@dataclass
class Run:
    """A run in which all went well, to be spoilt: one message arrives, the other is refused by its carrier."""

    parts: Sequence[Part] = (Part(GOOD, {}), Part(BAD, {}))
    answers: list[Answer] = field(default_factory=lambda: [Answer(GOOD, "1", "ESME_ROK"), Answer(BAD, "2", "ESME_ROK")])
    receipts: dict[str, list[Receipt]] = field(
        default_factory=lambda: {"1": [receipt("1")], "2": [receipt("2", MessageState.UNDELIVERABLE)]}
    )
    unreadable: int = 0
    ways: list[Way] = field(
        default_factory=lambda: [way(GOOD, "1"), replace(way(BAD, "2"), verdict=Verdict.REJECTED, micros=None)]
    )
    arrivals: list[Arrival] = field(default_factory=lambda: [arrival(GOOD)])

    def problems(self) -> list[str]:
        exchange = Exchange(len(self.parts), self.answers, self.receipts, self.unreadable)
        return find_problems(self.parts, exchange, self.ways, self.arrivals)


def test_a_run_in_which_all_went_well_has_no_problems() -> None:
    assert Run().problems() == []


def lose_an_answer(run: Run) -> None:
    run.answers.pop()
    run.receipts.pop("2")


def refuse(run: Run) -> None:
    run.answers[1] = Answer(BAD, "", "ESME_RTHROTTLED")
    run.receipts.pop("2")


def repeat_an_id(run: Run) -> None:
    run.parts = [*run.parts, Part(GOOD, {})]
    run.answers.append(Answer(GOOD, "1", "ESME_ROK"))


def lose_a_receipt(run: Run) -> None:
    run.receipts.pop("1")


def double_a_receipt(run: Run) -> None:
    run.receipts["1"].append(receipt("1"))


def change_a_receipt(run: Run) -> None:
    run.receipts["2"] = [receipt("2")]


def invent_a_receipt(run: Run) -> None:
    run.receipts["9"] = [receipt("9")]


def send_something_unreadable(run: Run) -> None:
    run.unreadable = 1


def forget_in_the_store(run: Run) -> None:
    run.ways.pop()


def double_in_the_store(run: Run) -> None:
    run.ways.append(run.ways[1])


def store_a_stranger(run: Run) -> None:
    run.ways.append(replace(run.ways[1], recipient="999"))


def take_another_carrier(run: Run) -> None:
    run.ways[0] = replace(run.ways[0], carrier="alibaba")


def send_twice(run: Run) -> None:
    run.arrivals.append(arrival(GOOD))


def never_send(run: Run) -> None:
    run.arrivals.clear()


def send_what_was_refused(run: Run) -> None:
    run.arrivals.append(arrival(BAD))


def garble(run: Run) -> None:
    run.arrivals[0] = replace(run.arrivals[0], text="g?od")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lose_an_answer, ["1 submit_sm has no answer"]),
        (refuse, ["the message to +492 was refused: ESME_RTHROTTLED"]),
        (repeat_an_id, ["the message id 1 was given 2 times"]),
        (lose_a_receipt, ["no receipt for 1 to +491; DELIVRD was expected"]),
        (double_a_receipt, ["2 receipts for 1 to +491"]),
        (change_a_receipt, ["the receipt for 2 to +492 says DELIVRD instead of UNDELIV"]),
        (invent_a_receipt, ["a receipt for 9, which was never answered"]),
        (send_something_unreadable, ["1 deliver_sm is no receipt"]),
        (forget_in_the_store, ["the store has 0 messages to +492 instead of 1"]),
        (double_in_the_store, ["the store has 2 messages to +492 instead of 1"]),
        (store_a_stranger, ["the store has 1 message to +999 instead of 0"]),
        (take_another_carrier, ["the message to +491 went to alibaba instead of retarus"]),
        (send_twice, ["the carrier has 2 instead of 1 of +491: 'good'"]),
        (never_send, ["the carrier has 0 instead of 1 of +491: 'good'"]),
        (send_what_was_refused, ["the carrier has 1 instead of 0 of +492: 'bad'"]),
        (
            garble,
            ["the carrier has 1 instead of 0 of +491: 'g?od'", "the carrier has 0 instead of 1 of +491: 'good'"],
        ),
    ],
)
def test_whatever_went_wrong_is_named(spoil: Callable[[Run], None], said: list[str]) -> None:
    run = Run()

    spoil(run)

    assert run.problems() == said
