"""The demo's client gets everything, notices what is too much, and ends when it is told to."""

import socket
import threading

import pytest

from smppgw.demo import esme
from smppgw.demo.errors import DemoError
from smppgw.demo.esme import Esme, Exchange, Part, parts_of
from smppgw.demo.script import CASES, further
from smppgw.smpp.consts import CommandStatus
from tests.cli.gateway import Gateway


class Watched:
    """Remembers the last counts."""

    def __init__(self) -> None:
        self.answers = 0
        self.receipts = 0

    def answered(self, count: int) -> None:
        self.answers = count

    def received(self, count: int) -> None:
        self.receipts = count


class Ticks:
    """A clock that moves on with every look, so that patience ends without waiting."""

    def __init__(self, step_s: float) -> None:
        self.now = 0.0
        self.step_s = step_s

    def __call__(self) -> float:
        self.now += self.step_s
        return self.now


def converse(port: int, parts: list[Part], *, step_s: float = 0.3, watched: Watched | None = None) -> Exchange:
    client = Esme("127.0.0.1", port, threading.Event(), Ticks(step_s))
    return client.converse("demo", "demo", parts, watched or Watched())


def test_every_part_is_answered_and_has_its_receipt(gateway: Gateway) -> None:
    parts, watched = parts_of(CASES), Watched()

    exchange = converse(gateway.port, parts, watched=watched)

    assert [answer.case for answer in exchange.answers] == [part.case for part in parts]
    assert {message_id: len(said) for message_id, said in exchange.receipts.items()} == {
        answer.message_id: 1 for answer in exchange.answers
    }
    assert (watched.answers, watched.receipts) == (len(parts), len(parts))


def test_more_than_a_window_is_sent_in_turns(gateway: Gateway) -> None:
    parts = parts_of(further(3 * esme.WINDOW + 1))

    exchange = converse(gateway.port, parts)

    assert len(exchange.answers) == len(exchange.receipts) == len(parts)


def test_a_refusal_is_kept_with_its_status(gateway: Gateway) -> None:
    gateway.submit_status = CommandStatus.ESME_RTHROTTLED

    exchange = converse(gateway.port, parts_of(further(1)))

    assert [(answer.message_id, answer.status) for answer in exchange.answers] == [("", "ESME_RTHROTTLED")]


def test_a_receipt_that_does_not_come_is_given_up(gateway: Gateway) -> None:
    gateway.sends_receipts = False

    exchange = converse(gateway.port, parts_of(further(2)), step_s=esme.SILENCE_S)

    assert (len(exchange.answers), exchange.receipts) == (2, {})


def test_an_answer_that_does_not_come_is_given_up(gateway: Gateway) -> None:
    gateway.silent = True

    exchange = converse(gateway.port, parts_of(further(2)), step_s=esme.SILENCE_S)

    assert (exchange.submitted, exchange.answers) == (2, [])


def test_a_client_that_is_told_to_stop_ends_without_its_receipts(gateway: Gateway) -> None:
    gateway.silent = True
    stop = threading.Event()
    stop.set()

    exchange = Esme("127.0.0.1", gateway.port, stop, Ticks(0)).converse("demo", "demo", parts_of(further(1)), Watched())

    assert exchange.receipts == {}


def test_a_refused_bind_ends_the_demo(gateway: Gateway) -> None:
    gateway.bind_status = CommandStatus.ESME_RBINDFAIL

    with pytest.raises(DemoError, match="refused"):
        converse(gateway.port, [])


def test_a_gateway_that_is_not_there_ends_the_demo() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(DemoError, match="broke"):
        converse(port, [])
