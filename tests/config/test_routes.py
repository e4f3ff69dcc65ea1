"""What a route may say, and what it is told when it says something else."""

import pytest
from pydantic import ValidationError

from smppgw.config.routes import Route
from smppgw.core.model import TrafficClass
from smppgw.core.routing.hours import parse_hours
from smppgw.core.routing.rules import Match, SenderKind, Strategy, WithoutPrice


def route(**values: object) -> Route:
    return Route.model_validate({"name": "r", "carriers": ["a", "b"]} | values)


def reason(**values: object) -> str:
    with pytest.raises(ValidationError) as caught:
        route(**values)
    return caught.value.errors()[0]["msg"]


def test_every_field_of_a_match_is_read() -> None:
    match = {
        "account": "legacy",
        "country": ["DE", "AT"],
        "prefix": "+4917",
        "sender": ["AC*"],
        "sender_kind": "numeric",
        "traffic_class": ["otp", "marketing"],
        "data_coding": [0, 8],
        "parts": "2-4",
        "hours": "mon-fri 08:00-20:00 Europe/Berlin",
        "percentage": 12.5,
    }

    assert route(match=match).match.rule_match() == Match(
        accounts=("legacy",),
        countries=("DE", "AT"),
        prefixes=("4917",),
        senders=("AC*",),
        sender_kind=SenderKind.NUMERIC,
        traffic_classes=(TrafficClass.OTP, TrafficClass.MARKETING),
        data_codings=(0, 8),
        parts=(2, 4),
        hours=(parse_hours("mon-fri 08:00-20:00 Europe/Berlin"),),
        percentage=12.5,
    )


@pytest.mark.parametrize(("written", "parts"), [(1, (1, 1)), ("3", (3, 3)), ("2-20", (2, 20))])
def test_parts_are_a_number_or_a_span(written: object, parts: tuple[int, int]) -> None:
    assert route(match={"parts": written}).match.parts == parts


def test_the_rest_of_a_route_is_read() -> None:
    read = route(
        strategy="least-cost",
        max_price="0.08 EUR",
        without_price="drop",
        min_delivery=85,
        max_latency="60s",
        sender="ACME",
        hold="08:00-20:00",
    )

    assert (read.strategy, read.max_price, read.without_price) == (
        Strategy.LEAST_COST, (80_000, "EUR"), WithoutPrice.DROP,
    )  # fmt: skip
    assert (read.min_delivery, read.max_latency, read.sender) == (85, 60.0, "ACME")
    assert read.hold == parse_hours("08:00-20:00")


@pytest.mark.parametrize(
    ("written", "status"), [("ESME_RSUBMITFAIL", 0x45), ("0x45", 0x45), (69, 0x45), ("0x400", 0x400), ("1279", 0x4FF)]
)
def test_a_refusal_names_a_status(written: object, status: int) -> None:
    assert route(carriers=[], refuse=written).refuse == status


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"carriers": []}, "names no carriers, and no status to refuse with"),
        ({"refuse": "0x45"}, "refuse takes no carriers: nothing is sent"),
        ({"carriers": [], "refuse": "ESME_ROK"}, "no status that refuses"),
        ({"carriers": [], "refuse": "0x999"}, "no status that refuses"),
        ({"carriers": [], "refuse": "never"}, "is no command_status"),
        ({"weights": {"a": 1}}, 'weights are for strategy = "weighted"'),
        ({"commitments": {"a": 1}}, 'commitments are for strategy = "volume"'),
        ({"strategy": "weighted", "weights": {"c": 1}}, "weights: c is not among its carriers"),
        ({"strategy": "weighted", "weights": {"a": 0, "b": 0}}, "weights: all are 0"),
        ({"max_price": "cheap"}, "is no amount of money"),
        ({"sender": "a very long name"}, "a sender is up to 15 digits"),
        ({"hold": "at night"}, "is no span"),
        ({"match": {"parts": "4-2"}}, "the first is at least 1"),
        ({"match": {"parts": "many"}}, "is no number of parts"),
        ({"match": {"data_coding": [256]}}, "is no data_coding"),
        ({"match": {"percentage": 0}}, "greater than 0"),
        ({"match": {"hours": ["25:00-26:00"]}}, "is no time of a day"),
    ],
)
def test_what_makes_no_sense_is_said_in_plain_words(values: dict[str, object], said: str) -> None:
    assert said in reason(**values)
